/* Java's properties syntax (java.util.Properties.load): comments, continued lines,
 * escapes; a repeated key keeps its place and takes the later value. Bytes above 127 are
 * passed on as they are. */
#ifndef WIRE_PROPERTIES_H
#define WIRE_PROPERTIES_H

#include <stddef.h>
#include <stdint.h>

#define PROPERTIES_TEXT_MAX 32768
#define PROPERTIES_MAX      320 /* different keys */

/* One entry, without escapes; not NUL-terminated, the bytes belong to the table. */
struct property {
	const char *key;
	const char *value;
	size_t key_len;
	size_t value_len;
	uint32_t hash; /* of the key, as Java's table spreads it */
};

struct properties {
	unsigned count;
	struct property list[PROPERTIES_MAX]; /* in the order of the text */
	/* In the order in which Java walks them, which decides the order of what is
	 * printed: indices of `list`. */
	uint16_t order[PROPERTIES_MAX];
	char bytes[PROPERTIES_TEXT_MAX];
};

enum properties_result {
	PROPERTIES_OK,
	PROPERTIES_ESCAPE,   /* a malformed \u, or a NUL */
	PROPERTIES_TOO_MANY, /* over one of the bounds */
};

/* `out` is scratch unless PROPERTIES_OK. */
enum properties_result properties_load(const char *text, size_t len,
                                       struct properties *out);

#endif
