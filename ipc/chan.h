/* One link: the two ends of a message channel between connmgr and one worker process, for
 * one life of it. Two transports behind this header: nng pair1 over ipc:// and
 * AF_UNIX SOCK_SEQPACKET.
 *
 * A channel listens or dials on a fresh address, carries at most one connection in its
 * life, and once it is down it stays down: the owner makes a new one on a new address.
 * nng's reconnection is never relied on and its nng_close never runs in the loop
 * (feasibility A2: a listener that goes deaf, a dialler that gives up, a close that never
 * returns). The uid of the other side must be ours or root's. */
#ifndef IPC_CHAN_H
#define IPC_CHAN_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct chan;

enum chan_kind { CHAN_NNG, CHAN_SEQPACKET };

#define CHAN_FULL 1 /* outcome of chan_send: nothing was taken; wait for on_writable */

/* All are called from the loop, never from inside a call of this header. on_down comes
 * at most once and is the last call; the channel must then (there or later) be given to
 * chan_close. */
struct chan_ops {
	void (*on_up)(void *user);
	void (*on_message)(void *user, const void *data, size_t len);
	void (*on_writable)(void *user); /* after CHAN_FULL */
	void (*on_down)(void *user, const char *why);
};

/* Opens the listening or the dialling end at `path` (a socket in a 0700 folder).
 * Not up within `deadline_us`: on_down. `user` and `ops` are borrowed until chan_close.
 * Returns 0 or -errno. */
int chan_listen(struct chan **out, enum chan_kind kind, sd_event *loop, const char *path,
                uint64_t deadline_us, const struct chan_ops *ops, void *user);
int chan_dial(struct chan **out, enum chan_kind kind, sd_event *loop, const char *path,
              uint64_t deadline_us, const struct chan_ops *ops, void *user);

/* Queues one message of at most MSG_MAX bytes; never blocks. 0, CHAN_FULL, or -errno
 * where the channel is not up. 0 means queued, not delivered. */
int chan_send(struct chan *c, const void *data, size_t len);

/* Cuts the connection at once (the fence) and frees the channel; the socket file is gone.
 * NULL is allowed. May be called from any of its own callbacks. */
void chan_close(struct chan *c);

/* nng_close calls of this process that have not returned, so far. */
unsigned chan_stuck_closes(void);

#endif
