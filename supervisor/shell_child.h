/* conclaved's children: the processes behind the cores of child.h, what each said of
 * itself, and what a change of one means for the others. */
#ifndef SUPERVISOR_SHELL_CHILD_H
#define SUPERVISOR_SHELL_CHILD_H

#include "supervisor/shell.h"

/* Prepares all children and opens the notify socket; starts nobody. 0 or -errno. */
int supervisor_children_open(struct supervisor *s);
void supervisor_children_close(struct supervisor *s); /* kills nobody */

/* The events of the gate. */
void supervisor_children_start(struct supervisor *s);
void supervisor_children_stop(struct supervisor *s);
/* The configuration was read again: SIGHUP to all, to one that is starting as soon as it
 * is ready; one that refused the configuration is started again. */
void supervisor_children_reload(struct supervisor *s);
void supervisor_children_due(struct supervisor *s);
void supervisor_child_noticed(struct supervisor_child *m, const struct child_notice *n,
                              int fd);
void supervisor_child_exited(struct supervisor_child *m, const struct child_event *ev);
void supervisor_child_step(struct supervisor_child *m, enum child_event_type type);

/* After every event: what one child's change means for the others. */
void supervisor_children_settle(struct supervisor *s);
uint64_t supervisor_children_due_ms(const struct supervisor *s); /* UINT64_MAX: never */

/* Prepares the process of a seat. 0 or -ENAMETOOLONG. */
int supervisor_child_program(struct supervisor_child *m, const struct record_program *p);
/* The child of that name; of the electors the one in use. NULL: there is none. */
struct supervisor_child *supervisor_find(struct supervisor *s, const char *name);

#endif
