/* The answer to `status` at connmgr's door (docs/DOORS.md). */
#ifndef CONNMGR_STATUS_H
#define CONNMGR_STATUS_H

#include <stddef.h>

struct connmgr;

/* Writes one JSON object; its length, 0 if it does not fit. */
size_t connmgr_status(const struct connmgr *s, char *out, size_t cap);

#endif
