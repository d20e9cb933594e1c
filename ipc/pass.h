/* One packet of a SOCK_SEQPACKET socket, with which at most one descriptor goes to the
 * process at the other end. */
#ifndef IPC_PASS_H
#define IPC_PASS_H

#include <stddef.h>

/* Stands for: no descriptor. */
#define PASS_NONE (-1)

/* Sends `len` bytes without waiting, and a copy of the descriptor `fd` unless that is
 * PASS_NONE. 0 or -errno. */
int pass_send(int sock, const void *data, size_t len, int fd);

/* Takes one packet without waiting. 0: `*len` is its length, which is more than `cap`
 * where the packet did not fit, and 0 at the end of the connection; `*fd` is the
 * descriptor that came with it, close-on-exec, and the caller's to close; or PASS_NONE.
 * -EBADMSG: the packet is lost: it had more than one descriptor, or this process has no
 * room for one; those that came are closed. Else -errno: -EAGAIN: there is none. */
int pass_receive(int sock, void *data, size_t cap, size_t *len, int *fd);

#endif
