/* A channel over AF_UNIX SOCK_SEQPACKET. It needs no threads, and the kernel reports the
 * end of the other side after the last message of that side. See chan_impl.h. */
#include "ipc/chan_impl.h"
#include "ipc/local.h"
#include "ipc/msg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEND_ROOM   (1 << 20)
#define BACKLOG     4
#define RETRY_US    5000 /* while the listener is not there yet */
#define ACCURACY_US 1000

struct chan_seq {
	struct chan base;
	char *path;
	int listener; /* -1: none */
	int fd;       /* the connection; -1: none yet */
	sd_event_source *source;
	sd_event_source *retry;
};

/* Holds the message that an owner looks at. There is one loop, so there is one message at
 * a time, and it stays valid if the owner closes the channel. */
static unsigned char room[MSG_MAX];

static void
seq_close(struct chan *base)
{
	struct chan_seq *c = (struct chan_seq *)base;

	c->source = sd_event_source_disable_unref(c->source);
	c->retry = sd_event_source_disable_unref(c->retry);
	if (c->listener >= 0) {
		unlink(c->path);
		close(c->listener);
	}
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	c->path = NULL;
}

/* False when there is no more for now, or no channel. */
static bool
take_one(struct chan_seq *c)
{
	ssize_t n = recv(c->fd, room, MSG_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0)
		chan_report_down(&c->base, strerror(errno));
	else if (n == 0)
		chan_report_down(&c->base, "closed by the other side");
	else if (n > MSG_MAX)
		chan_report_down(&c->base, "a message too long");
	else
		chan_report_message(&c->base, room, (size_t)n);
	return c->base.state == CHAN_UP;
}

static int
on_io(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_seq *c = user;

	(void)fd;
	c->base.refs++;
	if (events & EPOLLOUT) {
		sd_event_source_set_io_events(s, EPOLLIN);
		chan_report_writable(&c->base);
	}
	if (events & ~(uint32_t)EPOLLOUT)
		for (unsigned i = 0; i < CHAN_BATCH && c->base.state == CHAN_UP; i++)
			if (!take_one(c))
				break;
	chan_unref(&c->base);
	return 0;
}

/* Takes `fd` as the one connection of this channel. */
static void
take_connection(struct chan_seq *c, int fd)
{
	c->source = sd_event_source_disable_unref(c->source);
	c->retry = sd_event_source_disable_unref(c->retry);
	c->fd = fd;
	local_widen(fd, SEND_ROOM);
	if (sd_event_add_io(c->base.loop, &c->source, fd, EPOLLIN, on_io, c) < 0) {
		chan_report_down(&c->base, "no event source");
		return;
	}
	chan_report_up(&c->base);
}

static bool
is_expected(const struct chan_seq *c, int fd)
{
	struct users_process who;

	return users_of(fd, &who) == 0 && users_is(&c->base.far, &who);
}

static int
on_dialled(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct chan_seq *c = user;
	int conn;

	(void)s;
	(void)events;
	c->base.refs++;
	conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (conn >= 0 && !is_expected(c, conn)) {
		close(conn);
	} else if (conn >= 0) {
		/* this also refuses all others in the backlog */
		unlink(c->path);
		close(c->listener);
		c->listener = -1;
		take_connection(c, conn);
	}
	chan_unref(&c->base);
	return 0;
}

static int
on_retry(sd_event_source *s, uint64_t usec, void *user)
{
	struct chan_seq *c = user;
	int fd;

	c->base.refs++;
	fd = local_connect(c->path);
	if (fd >= 0 && is_expected(c, fd)) {
		take_connection(c, fd);
	} else if (fd >= 0) {
		close(fd);
		chan_report_down(&c->base, "the listener is not connmgr");
	} else if (sd_event_source_set_time(s, usec + RETRY_US) < 0 ||
	           sd_event_source_set_enabled(s, SD_EVENT_ONESHOT) < 0) {
		chan_report_down(&c->base, "no timer");
	}
	chan_unref(&c->base);
	return 0;
}

static int
seq_open(struct chan *base, const char *path, bool listen)
{
	struct chan_seq *c = (struct chan_seq *)base;
	int r;

	c->listener = c->fd = -1;
	c->path = strdup(path);
	if (!c->path) {
		r = -ENOMEM;
	} else if (!listen) {
		/* the first try comes at once, but from the loop */
		r = sd_event_add_time_relative(base->loop, &c->retry, CLOCK_MONOTONIC, 0,
		                               ACCURACY_US, on_retry, c);
	} else if ((r = c->listener = local_listen(path, BACKLOG)) >= 0) {
		r = sd_event_add_io(base->loop, &c->source, c->listener, EPOLLIN,
		                    on_dialled, c);
	}
	if (r < 0) {
		seq_close(base);
		return r;
	}
	return 0;
}

static int
seq_send(struct chan *base, const void *data, size_t len)
{
	struct chan_seq *c = (struct chan_seq *)base;

	if (send(c->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno != EAGAIN && errno != EINTR)
		return -errno;
	if (sd_event_source_set_io_events(c->source, EPOLLIN | EPOLLOUT) < 0)
		return -EIO;
	return CHAN_FULL;
}

const struct chan_type chan_seq_type = {
    .size = sizeof(struct chan_seq),
    .open = seq_open,
    .send = seq_send,
    .close = seq_close,
};
