/* Listening sockets that outlive the process that made them: who started it, systemd or
 * conclaved, keeps a copy (FDSTORE of sd_notify(3)) and hands it to the successor, so
 * that between the two nobody who connects is refused. A socket is named by its address:
 * whoever holds a copy can tell the name. */
#ifndef PROC_KEEP_H
#define PROC_KEEP_H

#include <stdbool.h>

#define FDSTORE_MAX      16
#define FDSTORE_NAME_MAX 64
/* In a worker's environment: how many descriptors it finds from number 3 on. systemd's
 * LISTEN_FDS names its reader's pid, which a parent that calls posix_spawn cannot tell.
 */
#define FDSTORE_VAR "CONCLAVE_FDS"

/* False: it is no listening TCP socket. */
bool fdstore_name(int fd, char out[FDSTORE_NAME_MAX]);

/* What this process was handed, close-on-exec and non-blocking, and the caller's; what is
 * no listening TCP socket is closed. To be called once: it clears the variables. */
unsigned fdstore_take(int fds[FDSTORE_MAX]);

/* Asks who started us to keep a copy, or to drop it. 0 also where nobody did; -errno. It
 * waits 200 ms at most. */
int fdstore_put(int fd);
int fdstore_remove(const char *name);

#endif
