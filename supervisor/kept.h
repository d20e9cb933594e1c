/* Keeps the listening sockets of connmgr: takes them from one connmgr, hands them to the
 * next, and has systemd store copies for the case that conclaved itself crashes
 * (proc/fdstore.h). */
#ifndef SUPERVISOR_KEPT_H
#define SUPERVISOR_KEPT_H

#include "proc/fdstore.h"
#include "supervisor/child_notice.h"

struct kept {
	unsigned count;
	int fds[FDSTORE_MAX];
};

/* Takes over the sockets that systemd stored for the previous conclaved. */
void kept_open(struct kept *k);
void kept_close(struct kept *k); /* systemd keeps its copies */

/* Keeps or drops a socket, as the notice says. Takes `fd`; -1: none came. */
void kept_hear(struct kept *k, const struct child_notice *n, int fd);
/* Closes the ports: no connmgr will answer there. */
void kept_drop_all(struct kept *k);

#endif
