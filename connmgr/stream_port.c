/* The ports at which connections are accepted; see stream.h. */
#include "connmgr/ports.h"
#include "connmgr/stream_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define KEEPALIVE_PROBES 3

static void
set_option(int fd, int level, int name, int value)
{
	/* Each option only helps: the connection works without it. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

void
stream_tune(int fd, const struct conf *c)
{
	int idle_s = (int)((c->links.keepalive_ms + 999) / 1000);

	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s > 0 ? idle_s : 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)c->links.user_timeout_ms);
}

static int
on_port(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct stream_port *p = user;

	(void)source;
	(void)fd;
	(void)events;
	p->on_knock(p->user);
	return 0;
}

int
stream_listen(struct stream_port *p, sd_event *loop, const struct address *a, bool late,
              void (*on_knock)(void *user), void *user)
{
	int r;

	*p = (struct stream_port){.on_knock = on_knock, .user = user};
	p->reserve = eventfd(0, EFD_CLOEXEC);
	p->fd = ports_listen(a);
	r = p->fd < 0 ? p->fd
	              : sd_event_add_io(loop, &p->source, p->fd, EPOLLIN, on_port, p);
	if (r >= 0 && late)
		r = sd_event_source_set_priority(p->source, STREAM_LATE);
	if (r < 0)
		stream_unlisten(p);
	return r < 0 ? r : 0;
}

void
stream_pause(struct stream_port *p, bool pause)
{
	(void)sd_event_source_set_enabled(p->source, pause ? SD_EVENT_OFF : SD_EVENT_ON);
}

int
stream_accept(struct stream_port *p, const struct conf *c, struct stream *out)
{
	int fd, r;

	if (p->reserve < 0)
		p->reserve = eventfd(0, EFD_CLOEXEC);
	fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		stream_tune(fd, c);
		*out = STREAM_NONE;
		out->fd = fd;
		return 0;
	}
	r = -errno;
	if ((r == -EMFILE || r == -ENFILE) && p->reserve >= 0) {
		/* Else the connection would stay in the backlog and wake us for ever. */
		close(p->reserve);
		fd = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			close(fd);
		p->reserve = eventfd(0, EFD_CLOEXEC);
		return fd >= 0 ? -EMFILE : -ENOBUFS;
	}
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM ? -ENOBUFS : r;
}

void
stream_unlisten(struct stream_port *p)
{
	p->source = sd_event_source_disable_unref(p->source);
	if (p->fd >= 0)
		close(p->fd);
	if (p->reserve >= 0)
		close(p->reserve);
	p->fd = p->reserve = -1;
}
