/* A channel: one end of a link for messages between connmgr and one worker process, for
 * one life of the link. There are two transports behind this header: nng pair1 over
 * ipc://, and AF_UNIX SOCK_SEQPACKET.
 *
 * A channel listens or dials on an address that was never used before, has at most one
 * connection in its life, and stays down once it is down: the owner then makes a new one
 * on a new address. A process dials an address only once. The other side must be the
 * process that the owner expects; any other is turned away unheard. */
#ifndef IPC_CHAN_H
#define IPC_CHAN_H

#include "ipc/users.h"

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct chan;

enum chan_kind { CHAN_NNG, CHAN_SEQPACKET };
enum chan_end { CHAN_LISTENS, CHAN_DIALS };

#define CHAN_FULL 1 /* outcome of chan_send: nothing was taken; wait for on_writable */

/* All are called from the loop, never from inside a call of this header. on_down comes at
 * most once and is the last call; then or later the owner gives the channel to
 * chan_close. */
struct chan_ops {
	void (*on_up)(void *user);
	void (*on_message)(void *user, const void *data, size_t len);
	/* After CHAN_FULL. */
	void (*on_writable)(void *user);
	void (*on_down)(void *user, const char *why);
};

/* Opens one end at `path`, for the process `far` at the other end. on_down is called if
 * the channel is not up within `deadline_us`. `user` and `ops` are borrowed until
 * chan_close. Returns 0 or -errno. */
int chan_open(struct chan **out, enum chan_kind kind, enum chan_end end, sd_event *loop,
              const char *path, struct users_far far, uint64_t deadline_us,
              const struct chan_ops *ops, void *user);

/* Queues one message of at most MSG_MAX bytes; never blocks. Returns 0, which means
 * queued and not delivered, CHAN_FULL, or -errno: then the channel is down or about to
 * be. */
int chan_send(struct chan *c, const void *data, size_t len);

/* What is sent within one turn of the loop goes together, at its end. This sends it now:
 * before work that others need not wait for. NULL is allowed. */
void chan_flush(struct chan *c);

/* Cuts the connection at once, removes the socket's file and frees the channel. NULL is
 * allowed. May be called from any of the channel's own callbacks. */
void chan_close(struct chan *c);

/* How many channels over nng are still being closed in this process; 0 but for some
 * milliseconds after chan_close. If there are more than 64 for 10 s, chan_close exits
 * with EXIT_AGAIN. */
unsigned chan_stuck_closes(void);

#endif
