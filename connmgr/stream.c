/* TCP, non-blocking and close-on-exec; see stream.h. */
#include "connmgr/stream.h"

#include "connmgr/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#define KEEPALIVE_PROBES 3
#define LATE_PRIORITY    (SD_EVENT_PRIORITY_NORMAL + 10)

static void
set_option(int fd, int level, int name, int value)
{
	/* Each option only helps: the connection works without it. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

static void
tune(int fd, const struct conf *c)
{
	int idle_s = (int)((c->links.keepalive_ms + 999) / 1000);

	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s > 0 ? idle_s : 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)c->links.user_timeout_ms);
}

int
stream_connect(struct stream *s, const struct address *a, const struct conf *c)
{
	int fd = socket(a->any.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	tune(fd, c);
	if (connect(fd, (const struct sockaddr *)&a->any, a->len) < 0 &&
	    errno != EINPROGRESS) {
		r = -errno;
		close(fd);
		return r;
	}
	*s = STREAM_NONE;
	s->fd = fd;
	return 0;
}

/* Two sockets that dial one another from their own ports become one connection, at which
 * nobody answers. */
static bool
is_self(int fd)
{
	struct address own = {.len = sizeof(own.any)};
	struct address other = {.len = sizeof(other.any)};

	return getsockname(fd, (struct sockaddr *)&own.any, &own.len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&other.any, &other.len) == 0 &&
	       own.len == other.len && memcmp(&own.any, &other.any, own.len) == 0;
}

int
stream_stands(const struct stream *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&p, 1, 0) == 0)
		return -EINPROGRESS;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error == 0 && is_self(s->fd))
		return -ECONNREFUSED;
	return -error;
}

enum msg_reason
stream_refusal(int error)
{
	switch (-error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return MSG_REASON_REFUSED;
	case ETIMEDOUT:
		return MSG_REASON_TIMEOUT;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
		return MSG_REASON_UNREACHABLE;
	default:
		return MSG_REASON_LOCAL;
	}
}

static int
on_io(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct stream *s = user;

	(void)source;
	(void)fd;
	s->on_ready(s->user, (events & EPOLLOUT ? STREAM_WRITE : 0) |
	                         (events & ~(uint32_t)EPOLLOUT ? STREAM_READ : 0));
	return 0;
}

static uint32_t
events_of(unsigned what)
{
	return (what & STREAM_READ ? EPOLLIN : 0) | (what & STREAM_WRITE ? EPOLLOUT : 0);
}

int
stream_watch(struct stream *s, sd_event *loop, unsigned what, bool late,
             void (*on_ready)(void *user, unsigned what), void *user)
{
	int r;

	s->source = sd_event_source_disable_unref(s->source);
	s->on_ready = on_ready;
	s->user = user;
	r = sd_event_add_io(loop, &s->source, s->fd, events_of(what), on_io, s);
	if (r >= 0 && late)
		r = sd_event_source_set_priority(s->source, LATE_PRIORITY);
	return r < 0 ? r : 0;
}

void
stream_want(struct stream *s, unsigned what)
{
	/* It changes a source that exists, so it does not fail. */
	(void)sd_event_source_set_io_events(s->source, events_of(what));
}

ssize_t
stream_recv(struct stream *s, void *data, size_t cap, enum msg_reason *why)
{
	ssize_t n = recv(s->fd, data, cap, MSG_DONTWAIT);

	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0)
		*why = MSG_REASON_EOF;
	else if (errno == ECONNRESET || errno == EPIPE)
		*why = MSG_REASON_RESET;
	else
		*why = stream_refusal(-errno);
	return -1;
}

ssize_t
stream_send(struct stream *s, const void *data, size_t len)
{
	ssize_t n;

	do {
		n = send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

ssize_t
stream_greet(struct stream *s, const void *hello, size_t hello_len, const void *data,
             size_t len)
{
	struct iovec parts[] = {{.iov_base = (void *)hello, .iov_len = hello_len},
	                        {.iov_base = (void *)data, .iov_len = len}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1};
	ssize_t n = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < (ssize_t)hello_len) {
		shutdown(s->fd, SHUT_RDWR);
		return -1;
	}
	return n - (ssize_t)hello_len;
}

int
stream_own_address(const struct stream *s, uint16_t port, struct address *out)
{
	struct address a = {.len = sizeof(a.any)};

	if (getsockname(s->fd, (struct sockaddr *)&a.any, &a.len) < 0)
		return -errno;
	address_set_port(&a, port);
	*out = a;
	return 0;
}

int
stream_far_address(const struct stream *s, struct address *out)
{
	struct address a = {.len = sizeof(a.any)};

	if (getpeername(s->fd, (struct sockaddr *)&a.any, &a.len) < 0)
		return -errno;
	*out = a;
	return 0;
}

bool
stream_has_ended(const struct stream *s)
{
	struct pollfd look = {.fd = s->fd, .events = POLLRDHUP};

	return s->fd < 0 || poll(&look, 1, 0) > 0;
}

struct stream
stream_take(struct stream *s)
{
	struct stream taken = STREAM_NONE;

	s->source = sd_event_source_disable_unref(s->source);
	taken.fd = s->fd;
	s->fd = -1;
	return taken;
}

void
stream_close(struct stream *s)
{
	s->source = sd_event_source_disable_unref(s->source);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
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
stream_listen(struct stream_port *p, sd_event *loop, const struct address *a,
              void (*on_knock)(void *user), void *user)
{
	int r;

	*p = (struct stream_port){.on_knock = on_knock, .user = user};
	p->reserve = eventfd(0, EFD_CLOEXEC);
	p->fd = ports_listen(a);
	r = p->fd < 0 ? p->fd
	              : sd_event_add_io(loop, &p->source, p->fd, EPOLLIN, on_port, p);
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
		tune(fd, c);
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
