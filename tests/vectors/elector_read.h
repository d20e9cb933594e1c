/* What the elector's vector drivers share: numbers, votes and configurations out of JSON.
 */
#ifndef TESTS_VECTORS_ELECTOR_READ_H
#define TESTS_VECTORS_ELECTOR_READ_H

#include "wire/qconfig.h"
#include "wire/quorum.h"
#include "wire/vote.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A decimal string. False: it is none. */
bool elector_read_number(const char *text, int64_t *out);
bool elector_read_i64(const json_t *item, int64_t *out);
/* The member `name` of `row`, likewise. */
bool elector_read_member(const json_t *row, const char *name, int64_t *out);
bool elector_read_i64s(const json_t *list, int64_t *out, unsigned cap, unsigned *count);
bool elector_read_state(const json_t *item, int32_t *out); /* by name */
/* {"ver":…,"leader":…,"zxid":…,"round":…,"epoch":…,"state":…} */
bool elector_read_vote(const json_t *object, struct vote *out);
bool elector_read_text_config(const char *text, struct qconfig *out);
/* Hex to bytes: how many, -1 where it is no hex or does not fit. */
long elector_read_hex(const char *hex, unsigned char *out, size_t cap);

/* printf into `why`; false, so that one can return it. */
bool elector_say(char *why, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
