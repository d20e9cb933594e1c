/* The link over nng pair1 and ipc://; with chan_nng_share.c the only place that knows
 * nng. Debian's 1.5.2 is safe within these rules (feasibility.md, A2) and no others:
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
#include "ipc/chan_nng_share.h"
#include "ipc/msg.h"

#include <errno.h>
#include <nng/nng.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REDIAL_MIN_MS 5 /* until the listener is there; there is no second pipe */
#define REDIAL_MAX_MS 20
#define LIFE_SUFFIX   ".l"
#define LIFE_US       3600000000 /* the channel has the deadline that counts */
#define GRACE_US      50000      /* from the end of the life line to that of the pipe */
#define ACCURACY_US   1000
#define URL_SCHEME    "ipc://"
#define URL_MAX       (sizeof(URL_SCHEME) + MSG_PATH_MAX)

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
	share_close(share);
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
	int rv = share_receive(c->share, &m);

	if (rv == NNG_ETIMEDOUT)
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
		return share_error(rv);
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
		return share_error(rv);
	memcpy(nng_msg_body(m), data, len);
	rv = share_send(c->share, m);
	if (rv == 0)
		return 0;
	nng_msg_free(m);
	if (rv != NNG_ETIMEDOUT)
		return share_error(rv);
	r = await_room(c);
	return r < 0 ? r : CHAN_FULL;
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
		return share_error(rv);
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
		return share_error(rv);
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
		return share_error(rv);
	r = sd_event_add_io(c->base.loop, &c->receive, fd, EPOLLIN, on_receive, c);
	if (r < 0)
		return r;
	r = sd_event_add_io(c->base.loop, &c->news, c->share->wake, EPOLLIN, on_news, c);
	return r < 0 ? r : 0;
}

static int
nng_end_open(struct chan *base, const char *path, bool listen)
{
	struct chan_nng *c = (struct chan_nng *)base;
	int r;

	if (strlen(path) + sizeof(LIFE_SUFFIX) > MSG_PATH_MAX)
		return -ENAMETOOLONG;
	r = share_open(&c->share);
	if (r < 0)
		return r;
	c->listens = listen;
	c->path = c->url + sizeof(URL_SCHEME) - 1;
	snprintf(c->url, sizeof(c->url), URL_SCHEME "%s", path);
	r = watch(c);
	if (r == 0 && listen)
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
