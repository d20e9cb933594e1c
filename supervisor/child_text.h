/* The words for a child's life: the same in the log, the status and the tests. Pure. */
#ifndef SUPERVISOR_CHILD_TEXT_H
#define SUPERVISOR_CHILD_TEXT_H

#include "supervisor/child.h"

#include <stddef.h>

#define CHILD_TEXT_MAX 192

/* The state as in docs/DOORS.md. `failing`: it has died CHILD_FAILING times in a row and
 * is not ready. */
const char *child_state_name(const struct child *c);

const char *child_cause_name(enum child_cause cause); /* "exit" …, as keys */

/* NUL-terminated, cut to the room; "" for CHILD_WHY_NONE. */
void child_note_text(const struct child_note *n, char *out, size_t cap);

#endif
