/* The answer to `status` at connmgr's door (docs/DOORS.md). */
#ifndef CONNMGR_REPORT_H
#define CONNMGR_REPORT_H

#include <stddef.h>

struct switchboard;

/* Writes one JSON object; its length, 0 if it does not fit. */
size_t report_status(const struct switchboard *s, char *out, size_t cap);

#endif
