/* The requests at conclaved's control socket (docs/DOORS.md). */
#ifndef SUPERVISOR_SHELL_DOOR_H
#define SUPERVISOR_SHELL_DOOR_H

#include "supervisor/shell.h"

/* 0 or -errno. */
int supervisor_door_open(struct supervisor *s);
void
supervisor_door_close(struct supervisor *s); /* also after supervisor_door_open failed */

/* The events of the gate. */
void supervisor_door_request(struct supervisor *s, struct door_conn *conn,
                             const char *request);
/* Reads the configuration again. 0: `text` names what was taken over ("" for nothing);
 * 1: `text` says what is wrong with the file, or which key needs a restart. */
int supervisor_reload(struct supervisor *s, char *text, size_t cap);

/* After every event: answers those who asked for the restart of a child that was started
 * since, or could not be started. */
void supervisor_door_settle(struct supervisor *s);

#endif
