/* The answers at conclaved's control socket (docs/DOORS.md), and its status in a
 * sentence. Nothing here changes a child or a swap. */
#ifndef SUPERVISOR_STATUS_H
#define SUPERVISOR_STATUS_H

#include "supervisor/shell.h"

#include <stddef.h>

/* Sends an answer; `len` 0: it did not fit. An asker that cannot be answered is closed.
 */
void supervisor_answer(struct door_conn *conn, const void *text, size_t len);
void supervisor_answer_error(struct door_conn *conn, const char *text);
/* The answer to a swap or an undo. */
void supervisor_answer_swap(struct supervisor *s, struct door_conn *conn, bool ok,
                            const char *why);

/* Prints the status, one JSON object, to s->reply. Its length, 0 if it does not fit. */
size_t supervisor_status_print(struct supervisor *s);
/* The children that are not ready, and why. */
void supervisor_status_summary(const struct supervisor *s, char *out, size_t cap);
bool supervisor_all_ready(const struct supervisor *s);

#endif
