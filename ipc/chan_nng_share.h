/* The two nng sockets of a channel, as nng's threads and the channel (chan_nng.c) both
 * see them. Internal to ipc/. The rules for them, and the reasons, stand at the head of
 * chan_nng.c. */
#ifndef IPC_CHAN_NNG_SHARE_H
#define IPC_CHAN_NNG_SHARE_H

#include "ipc/msg.h"
#include "ipc/users.h"

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct share;

/* One socket with one address, one pipe and one direction. */
struct half {
	struct share *share;
	nng_socket socket;
	nng_dialer dialler;
	/* Empty until half_start. */
	char path[MSG_PATH_MAX];
	/* Set by nng's threads: the id of the admitted pipe (0: none), and its state. */
	_Atomic uint32_t pipe;
	_Atomic bool up;
	_Atomic bool down;
};

/* A share outlives its channel until both sockets are closed. */
struct share {
	struct half in;
	struct half out;
	bool dials;
	struct users_far far;
	/* nng_recvmsg and nng_sendmsg would allocate these for each message. */
	nng_aio *receive, *send;
	/* An eventfd, written by nng's threads when they have set a flag. */
	int wake;
	/* The process at the other end of the first pipe; 0: no pipe yet. */
	_Atomic uint64_t pid;
	_Atomic bool closing;
};

/* Makes the sockets, without an address. 0 or -errno. */
int share_open(struct share **out, bool dials, struct users_far far);
/* Listens or dials at `path` followed by `suffix`. 0 or -errno. */
int half_start(struct half *h, const char *path, const char *suffix);
/* Neither waits. 0, or nng's error: NNG_ETIMEDOUT where waiting would be needed. The
 * caller owns the message after share_receive, and after a share_send that failed. */
int share_receive(struct share *share, nng_msg **out);
int share_send(struct share *share, nng_msg *m);
/* Shuts the connections of this half in the kernel, so that nng and the other side see an
 * ordinary end of file after what was sent before. How many connections there were. */
unsigned half_shut(const struct half *h);
/* Cuts both connections at once (the fence) and takes the share: a thread closes the
 * sockets when nng has seen the end of both. */
void share_close(struct share *take);
/* -errno for nng's error, which is not 0. */
int share_error(int rv);

#endif
