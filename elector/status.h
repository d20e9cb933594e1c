/* What our door answers to `status`: docs/DOORS.md. */
#ifndef ELECTOR_STATUS_H
#define ELECTOR_STATUS_H

#include "elector/shell.h"

#include <stddef.h>

/* One JSON object; its length, 0 if it does not fit. */
size_t status_print(const struct shell *s, char *out, size_t cap);
/* One line for STATUS= */
void status_line(const struct shell *s, char *out, size_t cap);
const char *status_state(const struct elect_view *v); /* "looking" … or "silent" */

#endif
