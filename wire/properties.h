/* Java's properties syntax (java.util.Properties.load): comments, continued lines,
 * escapes. A key that comes again keeps its place and gets the later value. Bytes above
 * 127 are passed on as they are. */
#ifndef WIRE_PROPERTIES_H
#define WIRE_PROPERTIES_H

#include <stddef.h>
#include <stdint.h>

#define PROPERTIES_TEXT_MAX 32768
#define PROPERTIES_MAX      320 /* different keys */

/* One entry, without escapes and not NUL-terminated; its bytes are in the table. */
struct property {
	const char *key;
	const char *value;
	size_t key_len;
	size_t value_len;
	/* of the key, as Java's table spreads it */
	uint32_t hash;
};

struct properties {
	unsigned count;
	/* in the order of the text */
	struct property list[PROPERTIES_MAX];
	/* indices of `list` in the order in which Java walks its table; the printed text
	 * depends on it */
	uint16_t order[PROPERTIES_MAX];
	char bytes[PROPERTIES_TEXT_MAX];
};

enum properties_result {
	PROPERTIES_OK,
	/* a malformed \u, or a NUL */
	PROPERTIES_ESCAPE,
	/* more than one of the bounds above */
	PROPERTIES_TOO_MANY,
};

/* `out` is scratch unless PROPERTIES_OK. */
enum properties_result properties_load(const char *text, size_t len,
                                       struct properties *out);

#endif
