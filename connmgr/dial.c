/* Connecting; see dial.h. What ZooKeeper's initiateConnectionAsync does with threads. */
#include "connmgr/dial.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void
dial_init(struct dial *d, sd_event *loop, struct resolver *resolver,
          const struct conf *conf, const struct dial_ops *ops, void *user)
{
	*d = (struct dial){.loop = loop,
	                   .resolver = resolver,
	                   .conf = conf,
	                   .ops = ops,
	                   .user = user,
	                   .fd = -1};
}

void
dial_cancel(struct dial *d)
{
	resolve_cancel(&d->query);
	d->source = sd_event_source_disable_unref(d->source);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
	d->nudging = false;
}

static void
fail(struct dial *d, enum msg_reason reason)
{
	dial_cancel(d);
	d->query.turn++; /* of several addresses of a name the next one */
	d->ops->on_failed(d->user, reason);
}

/* While it nudges: the larger sid says nothing on it and closes it. */
static void
hear_end(struct dial *d)
{
	unsigned char data[256];
	ssize_t n = recv(d->fd, data, sizeof(data), MSG_DONTWAIT);
	enum msg_reason reason = n < 0 ? sock_end_reason(errno) : MSG_REASON_EOF;

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	dial_cancel(d);
	d->ops->on_closed(d->user, reason);
}

static void
look(struct dial *d)
{
	int r = sock_connected(d->fd);

	if (r == -EINPROGRESS)
		return;
	if (r < 0) {
		fail(d, sock_dial_reason(r));
		return;
	}
	d->source = sd_event_source_disable_unref(d->source);
	d->ops->on_stands(d->user);
}

static int
on_io(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct dial *d = user;

	(void)s;
	(void)fd;
	(void)events;
	if (d->nudging)
		hear_end(d);
	else
		look(d);
	return 0;
}

static void
connect_to(struct dial *d, const struct sock_address *a)
{
	int fd = sock_connect(a, d->conf);
	int r;

	if (fd < 0) {
		fail(d, sock_dial_reason(fd));
		return;
	}
	d->fd = fd;
	r = sock_connected(fd);
	if (r == -EINPROGRESS) {
		if (sd_event_add_io(d->loop, &d->source, fd, EPOLLOUT, on_io, d) < 0)
			fail(d, MSG_REASON_LOCAL);
	} else if (r < 0) {
		fail(d, sock_dial_reason(r));
	} else {
		d->ops->on_stands(d->user);
	}
}

static void
on_answer(void *user, const struct sock_address *a)
{
	struct dial *d = user;

	if (a)
		connect_to(d, a);
	else
		fail(d, MSG_REASON_RESOLVE);
}

void
dial_start(struct dial *d, const char *host, uint16_t port)
{
	struct sock_address a;
	int r;

	dial_cancel(d);
	d->query.on_answer = on_answer;
	d->query.user = d;
	d->query.port = port;
	r = resolve_ask(d->resolver, &d->query, host, &a);
	if (r == RESOLVE_NOW)
		connect_to(d, &a);
	else if (r < 0)
		fail(d, MSG_REASON_LOCAL);
}

void
dial_nudge(struct dial *d, const void *hello, size_t len)
{
	d->nudging = true;
	if (send(d->fd, hello, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len ||
	    sd_event_add_io(d->loop, &d->source, d->fd, EPOLLIN, on_io, d) < 0) {
		dial_cancel(d);
		d->ops->on_closed(d->user, MSG_REASON_RESET);
	}
}

int
dial_take(struct dial *d)
{
	int fd = d->fd;

	d->source = sd_event_source_disable_unref(d->source);
	d->fd = -1;
	d->nudging = false;
	return fd;
}
