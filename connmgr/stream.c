/* TCP, non-blocking and close-on-exec; see stream.h. */
#include "connmgr/stream.h"

#include "connmgr/stream_impl.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define RAW_BUDGET 4096 /* of encrypted bytes, at one time */

int
stream_connect(struct stream *s, const struct address *a, const struct conf *c)
{
	int fd = socket(a->any.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	stream_tune(fd, c);
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

static int
tcp_stands(const struct stream *s)
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
	case EPROTO:
		return MSG_REASON_TLS;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EHOSTDOWN:
		return MSG_REASON_UNREACHABLE;
	default:
		return MSG_REASON_LOCAL;
	}
}

/* ---- what the loop watches ---- */

static bool
is_shaking(const struct stream *s)
{
	return s->tls && tls_engine_state(s->tls) == TLS_SHAKES;
}

static bool
has_to_send(const struct stream *s)
{
	const unsigned char *raw;

	return s->tls && tls_engine_peek(s->tls, &raw) > 0;
}

/* A handshake goes on whatever the owner waits for; until the connection stands it begins
 * by sending. */
static uint32_t
events_of(const struct stream *s)
{
	bool hears = s->want & STREAM_READ, says = s->want & STREAM_WRITE;

	if (is_shaking(s)) {
		hears = s->connected;
		says = !s->connected;
	}
	return (hears ? EPOLLIN : 0) | (says || has_to_send(s) ? EPOLLOUT : 0);
}

static void
watch_again(struct stream *s)
{
	if (!s->source)
		return;
	/* It changes a source that exists, so it does not fail. */
	(void)sd_event_source_set_io_events(s->source, events_of(s));
	if (s->again)
		(void)sd_event_source_set_enabled(
		    s->again,
		    s->more && s->want & STREAM_READ ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* Sends what is encrypted. An error is for the next stream_recv. */
static void
flush(struct stream *s)
{
	const unsigned char *raw;
	size_t len;
	ssize_t n;

	while ((len = tls_engine_peek(s->tls, &raw)) > 0) {
		n = send(s->fd, raw, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			tls_engine_sent(s->tls, (size_t)n);
		else if (n < 0 && errno == EINTR)
			continue;
		else
			break;
	}
}

static int
on_io(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct stream *s = user;
	unsigned what = (events & EPOLLOUT ? STREAM_WRITE : 0) |
	                (events & ~(uint32_t)EPOLLOUT ? STREAM_READ : 0);

	(void)source;
	(void)fd;
	if (is_shaking(s)) {
		what = s->want;
	} else if (s->tls) {
		flush(s);
		watch_again(s);
		if (has_to_send(s) || !(s->want & STREAM_WRITE))
			what &= ~(unsigned)STREAM_WRITE;
	}
	if (what)
		s->on_ready(s->user, what);
	return 0;
}

static int
on_more(sd_event_source *source, void *user)
{
	struct stream *s = user;

	(void)source;
	s->more = false;
	s->on_ready(s->user, STREAM_READ);
	return 0;
}

static void
unwatch(struct stream *s)
{
	s->source = sd_event_source_disable_unref(s->source);
	s->again = sd_event_source_disable_unref(s->again);
}

int
stream_watch(struct stream *s, sd_event *loop, unsigned what, bool late,
             void (*on_ready)(void *user, unsigned what), void *user)
{
	int r;

	unwatch(s);
	s->on_ready = on_ready;
	s->user = user;
	s->want = what;
	/* the handshake may have brought more */
	s->more = s->tls && !is_shaking(s);
	r = sd_event_add_io(loop, &s->source, s->fd, events_of(s), on_io, s);
	if (r >= 0 && s->tls)
		r = sd_event_add_defer(loop, &s->again, on_more, s);
	if (r >= 0 && late)
		r = sd_event_source_set_priority(s->source, STREAM_LATE);
	if (r >= 0 && late && s->again)
		r = sd_event_source_set_priority(s->again, STREAM_LATE);
	if (r < 0)
		return r;
	watch_again(s);
	return 0;
}

void
stream_want(struct stream *s, unsigned what)
{
	s->want = what;
	watch_again(s);
}

/* ---- bytes ---- */

static enum msg_reason
reason_of(int error)
{
	return error == ECONNRESET || error == EPIPE ? MSG_REASON_RESET
	                                             : stream_refusal(-error);
}

int
stream_first_byte(const struct stream *s)
{
	unsigned char byte;
	ssize_t n = recv(s->fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	return n == 1 ? byte : -EPIPE;
}

/* Takes what waits in the socket to the engine, a piece at a time. 0; -EAGAIN: there was
 * nothing; else -errno. */
static int
take_encrypted(struct stream *s)
{
	unsigned char raw[RAW_BUDGET];
	ssize_t n = recv(s->fd, raw, sizeof(raw), MSG_DONTWAIT);

	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (n == 0)
		tls_engine_eof(s->tls);
	else
		tls_engine_put(s->tls, raw, (size_t)n);
	flush(s);
	return 0;
}

void
stream_secure(struct stream *s, struct tls_engine *tls)
{
	s->tls = tls;
}

int
stream_stands(struct stream *s)
{
	int r = s->connected ? 0 : tcp_stands(s);

	if (r < 0 || !s->tls)
		return r;
	s->connected = true;
	flush(s);
	r = take_encrypted(s);
	watch_again(s);
	if (tls_engine_state(s->tls) == TLS_OPEN)
		return 0;
	if (tls_engine_state(s->tls) == TLS_ENDED)
		return -EPROTO;
	if (r == 0 || r == -EAGAIN)
		return -EINPROGRESS;
	return r == -ECONNRESET || r == -EPIPE ? -EPROTO : r;
}

static enum msg_reason
end_of(const struct tls_engine *tls)
{
	switch (tls_engine_end(tls)) {
	case TLS_END_REFUSED:
		return MSG_REASON_TLS;
	case TLS_END_BROKEN:
		return MSG_REASON_PROTOCOL;
	case TLS_END_NONE:
	case TLS_END_CLOSED:
		break;
	}
	return MSG_REASON_EOF;
}

static ssize_t
recv_encrypted(struct stream *s, void *data, size_t cap, enum msg_reason *why)
{
	ssize_t n = tls_engine_read(s->tls, data, cap);
	int r = 0;

	s->connected = true;
	if (n == 0) {
		r = take_encrypted(s);
		n = tls_engine_read(s->tls, data, cap);
	}
	/* what is left inside wakes nobody; an end comes with the next read */
	s->more = n == (ssize_t)cap || (n > 0 && tls_engine_state(s->tls) == TLS_ENDED);
	watch_again(s);
	if (n < 0)
		*why = end_of(s->tls);
	if (n != 0 || r == 0 || r == -EAGAIN)
		return n;
	*why = reason_of(-r);
	return -1;
}

ssize_t
stream_recv(struct stream *s, void *data, size_t cap, enum msg_reason *why)
{
	ssize_t n;

	if (s->tls)
		return recv_encrypted(s, data, cap, why);
	n = recv(s->fd, data, cap, MSG_DONTWAIT);
	if (n > 0)
		return n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	*why = n == 0 ? MSG_REASON_EOF : reason_of(errno);
	return -1;
}

/* What is encrypted is begun, so that it is done one after the other: what waits with the
 * owner may still be replaced. */
static ssize_t
send_encrypted(struct stream *s, const void *data, size_t len)
{
	flush(s);
	if (has_to_send(s))
		return 0;
	if (!tls_engine_write(s->tls, data, len))
		return -1;
	flush(s);
	watch_again(s);
	return (ssize_t)len;
}

ssize_t
stream_send(struct stream *s, const void *data, size_t len)
{
	ssize_t n;

	if (s->tls)
		return send_encrypted(s, data, len);
	do {
		n = send(s->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 && errno == EAGAIN ? 0 : n;
}

static ssize_t
greet_encrypted(struct stream *s, const void *hello, size_t hello_len, const void *data,
                size_t len)
{
	if (tls_engine_write(s->tls, hello, hello_len) &&
	    tls_engine_write(s->tls, data, len)) {
		flush(s);
		watch_again(s);
		return (ssize_t)len;
	}
	shutdown(s->fd, SHUT_RDWR);
	return -1;
}

ssize_t
stream_greet(struct stream *s, const void *hello, size_t hello_len, const void *data,
             size_t len)
{
	struct iovec parts[] = {{.iov_base = (void *)hello, .iov_len = hello_len},
	                        {.iov_base = (void *)data, .iov_len = len}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1};
	ssize_t n;

	if (s->tls)
		return greet_encrypted(s, hello, hello_len, data, len);
	n = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
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
stream_is_stranger(const struct stream *s)
{
	return s->tls && tls_engine_who(s->tls)->probe;
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

	unwatch(s);
	taken.fd = s->fd;
	taken.tls = s->tls;
	taken.connected = s->connected;
	*s = STREAM_NONE;
	return taken;
}

void
stream_close(struct stream *s)
{
	unwatch(s);
	if (s->tls) {
		tls_engine_bye(s->tls);
		flush(s);
		tls_engine_free(s->tls);
	}
	if (s->fd >= 0)
		close(s->fd);
	*s = STREAM_NONE;
}
