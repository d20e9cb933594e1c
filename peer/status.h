/* What the peer tells others: docs/DOORS.md. */
#ifndef PEER_STATUS_H
#define PEER_STATUS_H

#include "peer/shell.h"

#include <stddef.h>

/* Why there can be no leader or no promise here; "" if nothing stands in the way. */
const char *peer_reason(const struct peer *p, char *out, size_t cap);
/* What we are, as a line of text. */
void peer_line(const struct peer *p, char *out, size_t cap);

/* As JSON: the length, 0 if it does not fit. */
size_t peer_event(const struct peer *p, char *out, size_t cap);
size_t peer_status(const struct peer *p, char *out, size_t cap);
size_t peer_claimed(int64_t claim, char *out, size_t cap);

#endif
