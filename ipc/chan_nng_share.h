/* An nng socket with its one pipe, as nng's threads and the channel (chan_nng.c) both see
 * it. Internal to ipc/. Its rules, and why, are at the head of chan_nng.c. */
#ifndef IPC_CHAN_NNG_SHARE_H
#define IPC_CHAN_NNG_SHARE_H

#include <nng/nng.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* It outlives the channel until nng_close has returned. */
struct share {
	nng_socket socket;
	nng_aio *in, *out;     /* nng_recvmsg and nng_sendmsg would make one each time */
	int wake;              /* eventfd, written by nng's threads when a flag is set */
	_Atomic bool expected; /* a pipe may come; set by the channel */
	_Atomic uint32_t pipe; /* its id; 0: none came */
	_Atomic bool up;
	_Atomic bool down;
	_Atomic bool closing;
};

/* 0, or -errno: then there is none. */
int share_open(struct share **out);
/* Cuts the pipe at once and gives the share away to a thread that closes it. */
void share_close(struct share *share);
/* These never wait; 0, or nng's error, NNG_ETIMEDOUT where they would have to. The
 * message is the caller's, who frees it, from share_receive on, and in share_send unless
 * it is 0. */
int share_receive(struct share *share, nng_msg **out);
int share_send(struct share *share, nng_msg *m);
/* -errno for nng's error, which is not 0. */
int share_error(int rv);

#endif
