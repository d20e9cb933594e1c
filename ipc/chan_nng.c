/* The link over nng pair1 and ipc://, and the only place that knows nng. Debian's 1.5.2
 * is safe within these rules (feasibility.md, A2) and no others:
 *
 * - a socket has one pipe in its life; nng would reconnect, we refuse the second pipe;
 * - nng_close may never return, so a thread of its own calls it, and may be stuck for
 * ever: a process with a link ends with _exit, never by returning from main;
 * - the fence is nng_pipe_close, which cuts at once and does not block;
 * - callbacks run on nng's threads: they set a flag and write an eventfd;
 * - the thread that gets stuck is also the one that reports the end of a pipe, of any
 * pipe. So beside each pipe there is a life line, a link of the other kind without
 * messages: its end is the kernel's word. It comes up first: the listener admits no pipe
 * before, and the dialler dials when the listener has said so on it. */
#include "ipc/chan_impl.h"
#include "ipc/msg.h"

#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/pair1/pair.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define QUEUE_MESSAGES 64             /* NNG_OPT_SENDBUF and RECVBUF */
#define RECEIVE_MAX    (MSG_MAX + 64) /* with the head that pair1 adds */
#define REDIAL_MIN_MS  5 /* until the listener is there; there is no second pipe */
#define REDIAL_MAX_MS  20
#define LIFE_SUFFIX    ".l"
#define LIFE_US        3600000000 /* the channel has the deadline that counts */
#define GRACE_US       50000      /* from the end of the life line to that of the pipe */
#define ACCURACY_US    1000
#define CLOSER_STACK   (128 * 1024)
#define URL_SCHEME     "ipc://"
#define URL_MAX        (sizeof(URL_SCHEME) + MSG_PATH_MAX)

/* What nng's threads see. It outlives the channel until nng_close has returned. */
struct share {
	nng_socket socket;
	int wake;              /* eventfd */
	_Atomic bool expected; /* a pipe may come */
	_Atomic uint32_t pipe;
	_Atomic bool up;
	_Atomic bool down;
	_Atomic bool closing;
};

struct chan_nng {
	struct chan base;
	struct share *share;
	struct chan *life;
	bool listens;
	bool dialled;
	bool on_disk; /* the listener's socket */
	char url[URL_MAX];
	const char *path; /* in url */
	sd_event_source *grace;
	sd_event_source *news;
	sd_event_source *receive;
	sd_event_source *send; /* from the first CHAN_FULL on */
};

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

static int
error_of(int rv)
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

static void *
close_share(void *user)
{
	struct share *share = user;

	nng_close(share->socket); /* no callback runs after it */
	close(share->wake);
	free(share);
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

static void
forget_path(struct chan_nng *c)
{
	if (c->on_disk)
		unlink(c->path);
	c->on_disk = false;
}

static void
nng_end_close(struct chan *base)
{
	struct chan_nng *c = (struct chan_nng *)base;
	struct share *share = c->share;

	c->news = sd_event_source_disable_unref(c->news);
	c->receive = sd_event_source_disable_unref(c->receive);
	c->send = sd_event_source_disable_unref(c->send);
	c->grace = sd_event_source_disable_unref(c->grace);
	chan_close(c->life);
	c->life = NULL;
	forget_path(c);
	c->share = NULL;
	share->closing = true;
	if (share->pipe)
		nng_pipe_close((nng_pipe){.id = share->pipe});
	close_aside(share);
}

/* The address has served: nobody else is to come. */
static void
report_up(struct chan_nng *c)
{
	forget_path(c);
	chan_report_up(&c->base);
}

/* False when there is no more for now, or no channel. */
static bool
take_one(struct chan_nng *c)
{
	nng_msg *m;
	int rv = nng_recvmsg(c->share->socket, &m, NNG_FLAG_NONBLOCK);

	if (rv == NNG_EAGAIN)
		return false;
	if (rv != 0) {
		chan_report_down(&c->base, nng_strerror(rv));
		return false;
	}
	if ((uint32_t)nng_pipe_id(nng_msg_get_pipe(m)) == c->share->pipe) {
		report_up(c); /* it may overtake the news of its pipe */
		chan_report_message(&c->base, nng_msg_body(m), nng_msg_len(m));
	}
	nng_msg_free(m);
	return c->base.state != CHAN_DOWN;
}

static int
on_receive(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_nng *c = user;

	(void)s;
	(void)fd;
	(void)events;
	chan_ref(&c->base);
	for (unsigned i = 0; i < CHAN_BATCH && c->base.state != CHAN_DOWN; i++)
		if (!take_one(c))
			break;
	chan_unref(&c->base);
	return 0;
}

static int
on_news(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_nng *c = user;
	uint64_t count;
	bool down;

	(void)s;
	(void)events;
	(void)!read(fd, &count, sizeof(count)); /* before the flags: none is missed */
	chan_ref(&c->base);
	down = c->share->down;
	if (c->share->up)
		report_up(c);
	/* its last words first; their number is bounded, since nobody adds to them */
	while (down && c->base.state != CHAN_DOWN && take_one(c))
		;
	if (down)
		chan_report_down(&c->base, "closed by the other side");
	chan_unref(&c->base);
	return 0;
}

static int
on_room(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_nng *c = user;

	(void)fd;
	(void)events;
	chan_ref(&c->base);
	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	chan_report_writable(&c->base);
	chan_unref(&c->base);
	return 0;
}

static int
await_room(struct chan_nng *c)
{
	int fd, rv;

	if (c->send)
		return sd_event_source_set_enabled(c->send, SD_EVENT_ON);
	rv = nng_socket_get_int(c->share->socket, NNG_OPT_SENDFD, &fd);
	if (rv != 0)
		return error_of(rv);
	/* this descriptor too is readable, when one can send */
	return sd_event_add_io(c->base.loop, &c->send, fd, EPOLLIN, on_room, c);
}

static int
nng_end_send(struct chan *base, const void *data, size_t len)
{
	struct chan_nng *c = (struct chan_nng *)base;
	nng_msg *m;
	int rv, r;

	if (c->share->down)
		return -ENOTCONN; /* nng would take it and keep it */
	rv = nng_msg_alloc(&m, len);
	if (rv != 0)
		return error_of(rv);
	memcpy(nng_msg_body(m), data, len);
	rv = nng_sendmsg(c->share->socket, m, NNG_FLAG_NONBLOCK);
	if (rv == 0)
		return 0;
	nng_msg_free(m);
	if (rv != NNG_EAGAIN)
		return error_of(rv);
	r = await_room(c);
	return r < 0 ? r : CHAN_FULL;
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
start_listener(struct chan_nng *c)
{
	nng_listener listener;
	int rv;

	unlink(c->path); /* an old one; the address is ours alone */
	c->on_disk = true;
	if ((rv = nng_listener_create(&listener, c->share->socket, c->url)) != 0 ||
	    (rv = nng_listener_set_int(listener, NNG_OPT_IPC_PERMISSIONS, 0600)) != 0 ||
	    (rv = nng_listener_start(listener, 0)) != 0)
		return error_of(rv);
	return 0;
}

static int
start_dialler(struct chan_nng *c)
{
	nng_dialer dialler;
	int rv;

	if ((rv = nng_dialer_create(&dialler, c->share->socket, c->url)) != 0 ||
	    (rv = nng_dialer_set_ms(dialler, NNG_OPT_RECONNMINT, REDIAL_MIN_MS)) != 0 ||
	    (rv = nng_dialer_set_ms(dialler, NNG_OPT_RECONNMAXT, REDIAL_MAX_MS)) != 0 ||
	    (rv = nng_dialer_start(dialler, NNG_FLAG_NONBLOCK)) != 0)
		return error_of(rv);
	return 0;
}

static void
on_life_up(void *user)
{
	struct chan_nng *c = user;

	c->share->expected = true;
	if (c->listens && chan_send(c->life, "", 1) != 0)
		chan_report_down(&c->base, "the life line does not send");
}

/* The listener expects us. */
static void
on_life_message(void *user, const void *data, size_t len)
{
	struct chan_nng *c = user;

	(void)data;
	(void)len;
	if (c->listens || c->base.state != CHAN_WAITING || c->dialled)
		return;
	c->dialled = true;
	if (start_dialler(c) < 0)
		chan_report_down(&c->base, "nng does not dial");
}

static int
on_grace_over(sd_event_source *s, uint64_t usec, void *user)
{
	struct chan_nng *c = user;

	(void)usec;
	c->share->down = true;
	return on_news(s, c->share->wake, 0, c);
}

/* nng has its last words still to read, and may be able to tell the end itself. */
static void
on_life_down(void *user, const char *why)
{
	struct chan_nng *c = user;

	if (c->base.state != CHAN_UP && !c->share->pipe)
		chan_report_down(&c->base, why);
	else if (sd_event_add_time_relative(c->base.loop, &c->grace, CLOCK_MONOTONIC,
	                                    GRACE_US, ACCURACY_US, on_grace_over, c) < 0)
		chan_report_down(&c->base, why);
}

static int
open_life(struct chan_nng *c)
{
	static const struct chan_ops ops = {on_life_up, on_life_message, NULL,
	                                    on_life_down};
	char path[MSG_PATH_MAX];

	snprintf(path, sizeof(path), "%s" LIFE_SUFFIX, c->path);
	return (c->listens ? chan_listen : chan_dial)(
	    &c->life, CHAN_SEQPACKET, c->base.loop, path, LIFE_US, &ops, c);
}

static int
watch(struct chan_nng *c)
{
	int fd, rv, r;

	rv = nng_socket_get_int(c->share->socket, NNG_OPT_RECVFD, &fd);
	if (rv != 0)
		return error_of(rv);
	r = sd_event_add_io(c->base.loop, &c->receive, fd, EPOLLIN, on_receive, c);
	if (r < 0)
		return r;
	r = sd_event_add_io(c->base.loop, &c->news, c->share->wake, EPOLLIN, on_news, c);
	return r < 0 ? r : 0;
}

static int
open_share(struct share **out)
{
	struct share *share = calloc(1, sizeof(*share));
	int rv, r;

	if (!share)
		return -ENOMEM;
	share->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (share->wake < 0) {
		r = -errno;
		free(share);
		return r;
	}
	rv = nng_pair1_open(&share->socket);
	if (rv != 0) {
		close(share->wake);
		free(share);
		return error_of(rv);
	}
	*out = share;
	return 0;
}

static int
nng_end_open(struct chan *base, const char *path, bool listen)
{
	struct chan_nng *c = (struct chan_nng *)base;
	int rv, r;

	if (strlen(path) + sizeof(LIFE_SUFFIX) > MSG_PATH_MAX)
		return -ENAMETOOLONG;
	r = open_share(&c->share);
	if (r < 0)
		return r;
	c->listens = listen;
	c->path = c->url + sizeof(URL_SCHEME) - 1;
	snprintf(c->url, sizeof(c->url), URL_SCHEME "%s", path);
	if ((rv = set_up_socket(c->share)) != 0)
		r = error_of(rv);
	else if ((r = watch(c)) == 0 && listen)
		r = start_listener(c);
	if (r == 0)
		r = open_life(c);
	if (r < 0)
		nng_end_close(base);
	return r;
}

const struct chan_type chan_nng_type = {
    .size = sizeof(struct chan_nng),
    .open = nng_end_open,
    .send = nng_end_send,
    .close = nng_end_close,
};
