/* Listening sockets that outlive the process that made them: who started it, systemd or
 * conclaved, keeps a copy (FDSTORE of sd_notify(3)) and hands it to the successor, so
 * that between the two nobody who connects is refused. A socket is named by its address:
 * whoever holds a copy can tell the name. */
#ifndef PROC_KEEP_H
#define PROC_KEEP_H

#include <stdbool.h>

#define KEEP_MAX      16
#define KEEP_NAME_MAX 64
/* In a worker's environment: how many descriptors it finds from number 3 on. systemd's
 * LISTEN_FDS names its reader's pid, which a parent that calls posix_spawn cannot tell.
 */
#define KEEP_VAR "CONCLAVE_FDS"

/* False: it is no listening TCP socket. */
bool keep_name(int fd, char out[KEEP_NAME_MAX]);

/* What this process was handed, close-on-exec and non-blocking, and the caller's; what is
 * no listening TCP socket is closed. To be called once: it clears the variables. */
unsigned keep_take(int fds[KEEP_MAX]);

/* Asks who started us to keep a copy, or to drop it. 0 also where nobody did; -errno. It
 * waits 200 ms at most. */
int keep_give(int fd);
int keep_drop(const char *name);

#endif
