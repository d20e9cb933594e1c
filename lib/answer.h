/* Reads an answer of the door: one JSON object, of which only members of the object
 * itself are wanted. It takes no memory. What is no JSON has no member. */
#ifndef LIB_ANSWER_H
#define LIB_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `text` ends with a NUL. Of each: false, and `*out` stays: there is no such member, it
 * is of another type, or out of range. */
bool answer_has(const char *text, const char *key);
bool answer_i64(const char *text, const char *key, int64_t *out);
bool answer_bool(const char *text, const char *key, bool *out);
/* A string without escapes that is shorter than `cap`. */
bool answer_text(const char *text, const char *key, char *out, size_t cap);
/* A string of 1 to 16 hexadecimal digits. */
bool answer_hex(const char *text, const char *key, uint64_t *out);

#endif
