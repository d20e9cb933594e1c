/* AF_UNIX SOCK_SEQPACKET sockets, non-blocking and close-on-exec, for doors, for those
 * who ask at a door, and for channels. */
#ifndef IPC_LOCAL_H
#define IPC_LOCAL_H

#include <sys/types.h>

/* Listens at `path` (users_socket_mode; an old socket there is removed). A descriptor or
 * -errno.
 */
int local_listen(const char *path, int backlog);
/* Tries once. A descriptor, or -errno: -ENOENT or -ECONNREFUSED where nobody listens,
 * -EAGAIN while the listener's backlog is full. */
int local_connect(const char *path);
/* Asks for a send buffer of `bytes`; the kernel may grant less. */
void local_widen(int fd, int bytes);

#endif
