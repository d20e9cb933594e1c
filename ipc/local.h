/* AF_UNIX SOCK_SEQPACKET sockets, non-blocking and close-on-exec, for doors, for those
 * who ask at a door, and for channels. */
#ifndef IPC_LOCAL_H
#define IPC_LOCAL_H

#include <stdbool.h>
#include <sys/types.h>

/* Which file a path named, so that it is seen when the path names another. The file must
 * be held open, as a bound socket holds its own: else its number may be given again. */
struct local_name {
	dev_t device;
	/* 0: there was no file. */
	ino_t number;
};

/* Listens at `path` (users_socket_mode; an old socket there is removed). A descriptor or
 * -errno.
 */
int local_listen(const char *path, int backlog);
/* The same, of the type SOCK_STREAM. */
int local_listen_stream(const char *path, int backlog);
void local_note(const char *path, struct local_name *out);
bool local_is_there(const char *path, const struct local_name *noted);
/* Tries once. A descriptor, or -errno: -ENOENT or -ECONNREFUSED where nobody listens,
 * -EAGAIN while the listener's backlog is full. */
int local_connect(const char *path);
/* Asks for a send buffer of `bytes`; the kernel may grant less. */
void local_widen(int fd, int bytes);

#endif
