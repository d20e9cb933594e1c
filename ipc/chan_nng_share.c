/* See chan_nng_share.h: the callbacks, which run on nng's threads, the close that may
 * never return, and how many threads nng starts. */
#include "ipc/chan_nng_share.h"

#include "ipc/chan.h"
#include "ipc/msg.h"

#include <errno.h>
#include <nng/protocol/pair1/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_MESSAGES 64             /* NNG_OPT_SENDBUF and RECVBUF */
#define RECEIVE_MAX    (MSG_MAX + 64) /* with the head that pair1 adds */
#define CLOSER_STACK   (128 * 1024)

static _Atomic unsigned closes_begun;
static _Atomic unsigned closes_done;

/* nng starts threads for each processor and 1.5.2 has no other way to bound them (A5):
 * with this it has eleven, on a host of any size. Who else asks is ThreadSanitizer,
 * before it is there. */
extern long __sysconf(int name);

__attribute__((no_sanitize("thread"))) long
sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN ? 1 : __sysconf(name);
}

unsigned
chan_stuck_closes(void)
{
	unsigned done = closes_done;

	return closes_begun - done;
}

int
share_error(int rv)
{
	static const struct {
		int nng, error;
	} table[] = {{NNG_ENOMEM, ENOMEM},   {NNG_EADDRINUSE, EADDRINUSE},
	             {NNG_EPERM, EACCES},    {NNG_EADDRINVAL, EINVAL},
	             {NNG_ENOFILES, EMFILE}, {NNG_ECLOSED, ENOTCONN},
	             {NNG_ENOENT, ENOENT}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].nng == rv)
			return -table[i].error;
	return rv & NNG_ESYSERR ? -(rv & ~NNG_ESYSERR) : -EIO;
}

static void
wake(const struct share *share)
{
	uint64_t one = 1;

	/* only a full counter refuses, and then the loop is being woken anyway */
	(void)!write(share->wake, &one, sizeof(one));
}

/* nng's thread. A stranger or a second pipe is closed before it is a pipe of the socket.
 */
static void
admit(struct share *share, nng_pipe pipe, uint32_t id)
{
	uint64_t uid = UINT64_MAX;
	uint32_t none = 0;

	if (!share->expected ||
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) != 0 ||
	    (uid != geteuid() && uid != 0) || share->closing ||
	    !atomic_compare_exchange_strong(&share->pipe, &none, id) || share->closing)
		nng_pipe_close(pipe);
}

/* nng's thread. */
static void
on_pipe(nng_pipe pipe, nng_pipe_ev event, void *user)
{
	struct share *share = user;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);

	if (event == NNG_PIPE_EV_ADD_PRE) {
		admit(share, pipe, id);
		return;
	}
	if (id != share->pipe)
		return;
	if (event == NNG_PIPE_EV_ADD_POST)
		share->up = true;
	else
		share->down = true;
	wake(share);
}

static void
free_share(struct share *share)
{
	nng_aio_free(share->in);
	nng_aio_free(share->out);
	if (share->wake >= 0)
		close(share->wake);
	free(share);
}

static void *
close_share(void *user)
{
	struct share *share = user;

	nng_close(share->socket); /* no callback runs after it */
	free_share(share);
	closes_done++;
	return NULL;
}

static void
close_aside(struct share *share)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, before;

	closes_begun++;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, CLOSER_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* a failure leaks the socket and counts as stuck: better than to hang here */
	(void)pthread_create(&thread, &attr, close_share, share);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

void
share_close(struct share *share)
{
	share->closing = true;
	if (share->pipe)
		nng_pipe_close((nng_pipe){.id = share->pipe});
	close_aside(share);
}

static int
set_up_socket(struct share *share)
{
	nng_socket s = share->socket;
	int rv;

	if ((rv = nng_socket_set_int(s, NNG_OPT_SENDBUF, QUEUE_MESSAGES)) != 0 ||
	    (rv = nng_socket_set_int(s, NNG_OPT_RECVBUF, QUEUE_MESSAGES)) != 0 ||
	    (rv = nng_socket_set_size(s, NNG_OPT_RECVMAXSZ, RECEIVE_MAX)) != 0)
		return rv;
	for (int event = NNG_PIPE_EV_ADD_PRE; event <= NNG_PIPE_EV_REM_POST; event++)
		if ((rv = nng_pipe_notify(s, (nng_pipe_ev)event, on_pipe, share)) != 0)
			return rv;
	return 0;
}

static int
make_aio(nng_aio **aio)
{
	int rv = nng_aio_alloc(aio, NULL, NULL);

	if (rv == 0)
		nng_aio_set_timeout(*aio, NNG_DURATION_ZERO);
	return rv;
}

int
share_open(struct share **out)
{
	struct share *share = calloc(1, sizeof(*share));
	int rv;

	if (!share)
		return -ENOMEM;
	share->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rv = share->wake < 0 ? NNG_ENOFILES : make_aio(&share->in);
	if (rv != 0 || (rv = make_aio(&share->out)) != 0 ||
	    (rv = nng_pair1_open(&share->socket)) != 0) {
		free_share(share);
		return share_error(rv);
	}
	rv = set_up_socket(share);
	if (rv != 0) {
		share_close(share);
		return share_error(rv);
	}
	*out = share;
	return 0;
}

int
share_receive(struct share *share, nng_msg **out)
{
	int rv;

	nng_recv_aio(share->socket, share->in);
	nng_aio_wait(share->in);
	rv = nng_aio_result(share->in);
	if (rv == 0)
		*out = nng_aio_get_msg(share->in);
	return rv;
}

int
share_send(struct share *share, nng_msg *m)
{
	nng_aio_set_msg(share->out, m);
	nng_send_aio(share->socket, share->out);
	nng_aio_wait(share->out);
	return nng_aio_result(share->out);
}
