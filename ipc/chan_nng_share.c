/* See chan_nng_share.h: the sockets, the callbacks on nng's threads, and the number of
 * threads that nng starts. */
#include "ipc/chan_nng_share.h"

#include <errno.h>
#include <nng/protocol/pair1/pair.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_MESSAGES 64 /* NNG_OPT_SENDBUF and RECVBUF */
#define REDIAL_MIN_MS  5  /* until the listener is there */
#define NEVER_MS       INT32_MAX
#define URL_SCHEME     "ipc://"

/* nng 1.5.2 starts threads for each processor, and has no option that bounds them. With
 * this answer nng starts eleven threads on every host. ThreadSanitizer also calls
 * sysconf, before it is ready itself. */
extern long __sysconf(int name);

__attribute__((no_sanitize("thread"))) long
sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN ? 1 : __sysconf(name);
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

/* Both halves must lead to one process of our uid or root's, and have one pipe each. */
static bool
admits(struct half *h, nng_pipe pipe, uint32_t id)
{
	struct share *share = h->share;
	uint64_t uid, pid, first = 0;
	uint32_t none = 0;

	if (share->closing ||
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) != 0 ||
	    (uid != geteuid() && uid != 0) ||
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) != 0)
		return false;
	if (!atomic_compare_exchange_strong(&share->pid, &first, pid) && first != pid)
		return false;
	return atomic_compare_exchange_strong(&h->pipe, &none, id) && !share->closing;
}

/* Runs on nng's threads. In ADD_PRE, before nng reads from it, a pipe may be closed. */
static void
on_pipe(nng_pipe pipe, nng_pipe_ev event, void *user)
{
	struct half *h = user;
	uint32_t id = (uint32_t)nng_pipe_id(pipe);
	uint64_t one = 1;

	if (event == NNG_PIPE_EV_ADD_PRE) {
		if (!admits(h, pipe, id))
			nng_pipe_close(pipe);
		return;
	}
	if (id != h->pipe)
		return;
	if (event == NNG_PIPE_EV_ADD_POST)
		h->up = true;
	else
		h->down = true;
	/* only a full counter refuses, and then the loop is being woken anyway */
	(void)!write(h->share->wake, &one, sizeof(one));
}

static int
half_open(struct half *h, struct share *share)
{
	int rv = nng_pair1_open(&h->socket);

	h->share = share;
	if (rv != 0 ||
	    (rv = nng_socket_set_int(h->socket, NNG_OPT_SENDBUF, QUEUE_MESSAGES)) != 0 ||
	    (rv = nng_socket_set_int(h->socket, NNG_OPT_RECVBUF, QUEUE_MESSAGES)) != 0 ||
	    (rv = nng_socket_set_size(h->socket, NNG_OPT_RECVMAXSZ, MSG_MAX)) != 0)
		return rv;
	for (int event = NNG_PIPE_EV_ADD_PRE; event <= NNG_PIPE_EV_REM_POST; event++)
		if ((rv = nng_pipe_notify(h->socket, (nng_pipe_ev)event, on_pipe, h)) !=
		    0)
			return rv;
	return 0;
}

static int
start_listener(const struct half *h, const char *url)
{
	nng_listener listener;
	int rv;

	unlink(h->path); /* an old socket: the address is ours alone */
	if ((rv = nng_listener_create(&listener, h->socket, url)) != 0 ||
	    (rv = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600)) != 0)
		return rv;
	return nng_listener_start(listener, 0);
}

static int
set_redial(nng_dialer dialler, nng_duration min_ms, nng_duration max_ms)
{
	int rv = nng_dialer_set_ms(dialler, NNG_OPT_RECONNMINT, min_ms);

	return rv ? rv : nng_dialer_set_ms(dialler, NNG_OPT_RECONNMAXT, max_ms);
}

void
half_stop_dialling(const struct half *h)
{
	(void)set_redial(h->dialler, NEVER_MS, NEVER_MS);
}

static int
start_dialler(struct half *h, const char *url)
{
	int rv;

	if ((rv = nng_dialer_create(&h->dialler, h->socket, url)) != 0 ||
	    (rv = set_redial(h->dialler, REDIAL_MIN_MS, REDIAL_MAX_MS)) != 0)
		return rv;
	return nng_dialer_start(h->dialler, NNG_FLAG_NONBLOCK);
}

int
half_start(struct half *h, const char *path, const char *suffix)
{
	char url[sizeof(URL_SCHEME) + sizeof(h->path)];
	int rv;

	snprintf(h->path, sizeof(h->path), "%s%s", path, suffix);
	snprintf(url, sizeof(url), URL_SCHEME "%s", h->path);
	rv = h->share->dials ? start_dialler(h, url) : start_listener(h, url);
	return rv == 0 ? 0 : share_error(rv);
}

void
share_free(struct share *share)
{
	nng_aio_free(share->receive);
	nng_aio_free(share->send);
	if (share->wake >= 0)
		close(share->wake);
	free(share);
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
share_open(struct share **out, bool dials)
{
	struct share *share = calloc(1, sizeof(*share));
	int rv;

	if (!share)
		return -ENOMEM;
	share->dials = dials;
	share->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rv = share->wake < 0 ? NNG_ENOFILES : make_aio(&share->receive);
	if (rv != 0 || (rv = make_aio(&share->send)) != 0 ||
	    (rv = half_open(&share->in, share)) != 0 ||
	    (rv = half_open(&share->out, share)) != 0) {
		/* a socket that had no address closes at once; 0 is no socket */
		nng_close(share->in.socket);
		nng_close(share->out.socket);
		share_free(share);
		return share_error(rv);
	}
	*out = share;
	return 0;
}

int
share_receive(struct share *share, nng_msg **out)
{
	int rv;

	nng_recv_aio(share->in.socket, share->receive);
	nng_aio_wait(share->receive);
	rv = nng_aio_result(share->receive);
	if (rv == 0)
		*out = nng_aio_get_msg(share->receive);
	return rv;
}

int
share_send(struct share *share, nng_msg *m)
{
	nng_aio_set_msg(share->send, m);
	nng_send_aio(share->out.socket, share->send);
	nng_aio_wait(share->send);
	return nng_aio_result(share->send);
}
