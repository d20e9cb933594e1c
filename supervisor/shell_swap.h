/* Swaps electors that are conclaved's children: the operations of swap/drive.h. */
#ifndef SUPERVISOR_SHELL_SWAP_H
#define SUPERVISOR_SHELL_SWAP_H

#include "supervisor/shell.h"

/* Reads the record, which names the elector to start. */
void supervisor_swap_open(struct supervisor *s);
void supervisor_swap_close(struct supervisor *s);

/* The events of the gate. */
void supervisor_swap_start(struct supervisor *s);
void supervisor_swap_stop(struct supervisor *s);
void supervisor_swap_due(struct supervisor *s);
void supervisor_swap_step(struct supervisor *s, const struct swap_event *ev);

#endif
