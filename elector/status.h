/* What our control socket answers to `status`: docs/DOORS.md. */
#ifndef ELECTOR_STATUS_H
#define ELECTOR_STATUS_H

#include "elector/shell.h"

#include <stddef.h>

/* One JSON object; returns its length, 0 if it does not fit. */
size_t elector_status(const struct elector *s, char *out, size_t cap);
/* One line for STATUS= */
void elector_status_line(const struct elector *s, char *out, size_t cap);
const char *elector_state(const struct elect_view *v); /* "looking" … or "silent" */

#endif
