/* What the peer tells others, as JSON: docs/DOORS.md. */
#ifndef PEER_ANSWER_H
#define PEER_ANSWER_H

#include "peer/keeper.h"

#include <stddef.h>

/* All return the length, 0 if it does not fit. */
size_t answer_event(const struct keeper *k, char *out, size_t cap);
size_t answer_status(const struct keeper *k, char *out, size_t cap);
size_t answer_claim(int64_t claim, char *out, size_t cap);

#endif
