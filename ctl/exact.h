/* JSON whose integers keep every digit. cJSON makes each number a double; so an integer
 * of more than EXACT_DIGITS digits becomes a raw node here, which prints as it was read.
 */
#ifndef CTL_EXACT_H
#define CTL_EXACT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXACT_DIGITS 15 /* that a double surely holds */

/* Parses one JSON value and nothing behind it. NULL: not JSON, or no memory. The caller
 * frees with cJSON_Delete. */
cJSON *exact_parse(const char *text);

/* The integer in `node`. False, `out` untouched: NULL, no integer, or outside of int64.
 */
bool exact_i64(const cJSON *node, int64_t *out);

/* An integer node that prints to the last digit; NULL: no memory. */
cJSON *exact_create(int64_t value);

/* Adds to an object or replaces what is there. */
void exact_set(cJSON *object, const char *key, int64_t value);

/* Member `key` of `object` as text for a person: an integer in digits, a string as it is,
 * anything else (null, missing) as "-". `out` is at least 32 bytes; longer text is cut.
 */
const char *exact_text(const cJSON *object, const char *key, char *out, size_t cap);

/* The string member `key`, "" where there is none. Borrowed from `object`. */
const char *exact_string(const cJSON *object, const char *key);

#endif
