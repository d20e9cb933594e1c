/* The descendants of this process, which must be a subreaper: what is orphaned below it
 * becomes its child, so nothing gets lost. Takes no memory. */
#ifndef CTL_RUN_TREE_H
#define CTL_RUN_TREE_H

#include <stdbool.h>
#include <sys/types.h>

/* SIGKILL to all of them but `spared` (0: none), and to what is below `spared`. Those
 * that are forked meanwhile may be missed: call it until the tree is empty. */
void tree_kill(pid_t spared);
/* None of them lives but `spared`; what has ended and waits to be reaped is dead. */
bool tree_is_empty(pid_t spared);

#endif
