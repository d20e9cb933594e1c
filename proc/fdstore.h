/* Listening sockets that outlive the process that made them. Who started the process,
 * systemd or conclaved, stores a copy (FDSTORE of sd_notify(3)) and hands it to the
 * successor, so that nobody who connects between the two is refused. A socket's name is
 * made of its address: whoever has a copy can tell the name. */
#ifndef PROC_FDSTORE_H
#define PROC_FDSTORE_H

#include <stdbool.h>

#define FDSTORE_MAX      16
#define FDSTORE_NAME_MAX 64
/* In a worker's environment: how many descriptors it finds from number 3 on. systemd's
 * LISTEN_FDS names its reader's pid, which a parent that calls posix_spawn cannot tell.
 */
#define FDSTORE_VAR "CONCLAVE_FDS"

/* False: `fd` is no listening TCP socket. */
bool fdstore_name(int fd, char out[FDSTORE_NAME_MAX]);

/* The listening TCP sockets that this process was handed; all else that it was handed is
 * closed. They are close-on-exec and non-blocking, and the caller's to close. To be
 * called once: it clears the variables of the environment. Returns how many. */
unsigned fdstore_take(int fds[FDSTORE_MAX]);

/* Ask who started us to store a copy, or to remove it. 0, also where nobody stores
 * anything; -errno. They wait 200 ms at most. */
int fdstore_put(int fd);
int fdstore_remove(const char *name);

#endif
