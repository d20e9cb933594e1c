/* Writes JSON into a buffer, without heap: for the workers' answers and events. Programs
 * that read JSON (conclave) write it with jansson. A comma is put before a member or an
 * element wherever one is needed. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A string, quotes included. UTF-8 stays as it is; any other byte (a path may hold such)
 * becomes the character of that number. */
void json_put_string(struct buf_out *out, const char *text);
/* The beginning of the next element of an array: a comma where one is needed. */
void json_put_next(struct buf_out *out);
/* Members of an object; `key` needs no escapes. */
void json_put_key(struct buf_out *out, const char *key);
void json_put_text(struct buf_out *out, const char *key, const char *text);
void json_put_u64(struct buf_out *out, const char *key, uint64_t value);
void json_put_i64(struct buf_out *out, const char *key, int64_t value);
void json_put_bool(struct buf_out *out, const char *key, bool value);

struct json_count {
	const char *name;
	uint64_t value;
};
/* `{"name":value,…}` as the member `key`. */
void json_put_counts(struct buf_out *out, const char *key, const struct json_count *list,
                     size_t count);

/* `{"error":"…"}`: its length, 0 if it does not fit. */
size_t json_error(const char *what, void *out, size_t cap);

/* The length of the UTF-8 character at `s`, 0 where there is none: RFC 3629, section 4 */
size_t json_utf8_len(const unsigned char *s, size_t len);

#endif
