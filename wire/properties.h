/* Java's properties syntax (java.util.Properties.load), read in place: comments,
 * continued lines, escapes. */
#ifndef WIRE_PROPERTIES_H
#define WIRE_PROPERTIES_H

#include <stddef.h>

#define PROPERTIES_LINE_MAX 4096 /* of one key and value together */

struct properties {
	const char *text; /* borrowed */
	size_t len;
	size_t pos;
};

/* One entry, without escapes; the bytes belong to the struct. */
struct property {
	size_t key_len;
	size_t value_len;
	const char *key;
	const char *value;
	char bytes[PROPERTIES_LINE_MAX];
};

enum properties_result {
	PROPERTIES_OK,
	PROPERTIES_END,
	PROPERTIES_ESCAPE, /* a malformed \u */
	PROPERTIES_LONG,   /* a line over the bound */
};

void properties_init(struct properties *p, const char *text, size_t len);
enum properties_result properties_next(struct properties *p, struct property *out);

#endif
