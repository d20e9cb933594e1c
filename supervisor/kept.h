/* connmgr's listening sockets, while there is a connmgr and while there is none: taken
 * from the one, handed to the next, and given to systemd as well, for our own crash
 * (proc/fdstore.h). */
#ifndef SUPERVISOR_KEPT_H
#define SUPERVISOR_KEPT_H

#include "proc/fdstore.h"
#include "supervisor/child_notice.h"

struct kept {
	unsigned count;
	int fds[FDSTORE_MAX];
};

/* With what the conclaved before us had systemd keep. */
void kept_open(struct kept *k);
void kept_close(struct kept *k); /* our copies only */

/* What a notice says of descriptors is done; `fd` is taken over. */
void kept_hear(struct kept *k, const struct child_notice *n, int fd);
/* Nobody will come to answer there: the ports are shut. */
void kept_drop_all(struct kept *k);

#endif
