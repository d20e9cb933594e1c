/* Members of JSON objects, for the views and the verbs. JSON is read and written by
 * jansson, whose integers are 64-bit: no digit is lost. It refuses larger ones, which no
 * process of ours sends. Every function takes NULL for `object`. */
#ifndef VIEW_MEMBER_H
#define VIEW_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False, `out` untouched: the member is missing, or no integer. */
bool member_i64(const json_t *object, const char *key, int64_t *out);

/* The integer member `key`, 0 where there is none. */
int64_t member_number(const json_t *object, const char *key);

/* The string member `key`, "" where there is none. Borrowed from `object`. */
const char *member_string(const json_t *object, const char *key);

/* The member as text for a person: an integer in digits, a fraction with three digits, a
 * string as it is, anything else (null, missing, "") as "-". `out` is at least 32 bytes;
 * longer text is cut. */
const char *member_text(const json_t *object, const char *key, char *out, size_t cap);

/* The member for another object to hold, null where there is none; a new reference. */
json_t *member_copy(const json_t *object, const char *key);

/* Replaces the control characters in all strings of `node` (base/plain.h): what a process
 * has answered goes to a terminal. */
void member_make_plain(json_t *node);

/* A new string of any bytes. Text of a file or of the command line may not be UTF-8,
 * which jansson refuses; then each wrong byte becomes the character of that number, as in
 * base/json. */
json_t *member_of_bytes(const char *text);

#endif
