/* The drivers of the vectors: each judges one row of one kind of file (data/FORMAT.md of
 * the vectors says what a row holds). True: as the real ZooKeeper. False: `why` says in a
 * line what was expected and what came out, or what of the row is not understood. A row
 * of several cases counts as one. */
#ifndef TESTS_VECTORS_VECTORS_H
#define TESTS_VECTORS_VECTORS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the elector's: elector_vote.c, elector_transcript.c */
bool vector_order(const json_t *row, char *why, size_t cap);
bool vector_vote_equal(const json_t *row, char *why, size_t cap);
bool vector_quorum_maj(const json_t *row, char *why, size_t cap);
bool vector_quorum_hier(const json_t *row, char *why, size_t cap);
bool vector_tracker(const json_t *row, char *why, size_t cap);
bool vector_transcript(const json_t *row, char *why, size_t cap);

/* the formats': wire_*.c */
bool vector_config_text(const json_t *row, char *why, size_t cap);
bool vector_initial_message(const json_t *row, char *why, size_t cap);
bool vector_notification(const json_t *row, char *why, size_t cap);

/* vectors_util.c */

/* The member `name`, a 64-bit number written as a decimal string. False: it is none. */
bool vector_i64(const json_t *row, const char *name, int64_t *out);
/* The member `name` as a C string, NULL where it is absent, null or no string. */
const char *vector_text(const json_t *row, const char *name);
/* Hex digits as bytes; false where it is no such text or does not fit. */
bool vector_bytes(const char *hex, unsigned char *out, size_t cap, size_t *len);
/* printf into `why`; false, so that one can return it. */
bool vector_say(char *why, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
