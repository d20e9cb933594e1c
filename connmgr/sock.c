/* TCP as connmgr uses it; see sock.h. */
#include "connmgr/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define BACKLOG          1024
#define KEEPALIVE_PROBES 3
#define CONNS_PER_REMOTE                                                                 \
	4                 /* two lanes, each a link and a connection that replaces it    \
	                   */
#define OTHERS        160 /* the door, the workers' links, the loop, files */
#define GREETINGS_MIN 4

unsigned
sock_greetings_max(const struct conf *c)
{
	rlim_t need =
	    c->server_count * CONNS_PER_REMOTE + c->links.strangers_max + OTHERS;
	struct rlimit limit;
	rlim_t room;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return c->links.handshakes_max;
	limit.rlim_cur = limit.rlim_max;
	/* what it does not grant, the bound below makes do without */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return c->links.handshakes_max;
	room = limit.rlim_cur > need ? (limit.rlim_cur - need) / 2 : 0;
	if (room < GREETINGS_MIN)
		room = GREETINGS_MIN;
	return room < c->links.handshakes_max ? (unsigned)room : c->links.handshakes_max;
}

bool
sock_numeric(const char *host, uint16_t port, struct sock_address *out)
{
	struct sock_address a = {.len = 0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.any;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.any;
	char bare[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(bare))
		return false;
	memcpy(bare, host, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, bare, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		a.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		a.len = sizeof(*v6);
	} else {
		return false;
	}
	sock_set_port(&a, port);
	*out = a;
	return true;
}

void
sock_set_port(struct sock_address *a, uint16_t port)
{
	if (a->any.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a->any)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&a->any)->sin_port = htons(port);
}

void
sock_text(const struct sock_address *a, char out[SOCK_TEXT_MAX])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a->any;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a->any;
	char host[INET6_ADDRSTRLEN] = "";

	if (a->any.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(out, SOCK_TEXT_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
	} else if (a->any.ss_family == AF_INET6) {
		inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, host, sizeof(host));
		snprintf(out, SOCK_TEXT_MAX, "%s:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(out, SOCK_TEXT_MAX, "%s:%u", host, ntohs(v4->sin_port));
	}
}

int
sock_own_address(int fd, uint16_t port, struct sock_address *out)
{
	struct sock_address a = {.len = sizeof(a.any)};

	if (getsockname(fd, (struct sockaddr *)&a.any, &a.len) < 0)
		return -errno;
	sock_set_port(&a, port);
	*out = a;
	return 0;
}

static void
set_option(int fd, int level, int name, int value)
{
	/* each of them only makes things better: without it we go on */
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
sock_listen(const struct sock_address *a)
{
	int fd = socket(a->any.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (const struct sockaddr *)&a->any, a->len) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int
sock_reserve(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int
sock_accept(int listener, int *reserve, const struct conf *c)
{
	int fd, r;

	if (*reserve < 0)
		*reserve = sock_reserve();
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		tune(fd, c);
		return fd;
	}
	r = -errno;
	if ((r == -EMFILE || r == -ENFILE) && *reserve >= 0) {
		/* else it would stay in the backlog and wake us again for ever */
		close(*reserve);
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			close(fd);
		*reserve = sock_reserve();
		return fd >= 0 ? -EMFILE : -ENOBUFS;
	}
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM ? -ENOBUFS : r;
}

int
sock_connect(const struct sock_address *a, const struct conf *c)
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
	return fd;
}

/* Two sockets that dial one another from their own ports make one: nobody answers there.
 */
static bool
is_self(int fd)
{
	struct sock_address own = {.len = sizeof(own.any)};
	struct sock_address other = {.len = sizeof(other.any)};

	return getsockname(fd, (struct sockaddr *)&own.any, &own.len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&other.any, &other.len) == 0 &&
	       own.len == other.len && memcmp(&own.any, &other.any, own.len) == 0;
}

int
sock_connected(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (poll(&p, 1, 0) == 0)
		return -EINPROGRESS;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error == 0 && is_self(fd))
		return -ECONNREFUSED;
	return -error;
}

enum msg_reason
sock_dial_reason(int error)
{
	switch (error < 0 ? -error : error) {
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

enum msg_reason
sock_end_reason(int error)
{
	switch (error < 0 ? -error : error) {
	case ECONNRESET:
	case EPIPE:
		return MSG_REASON_RESET;
	default:
		return sock_dial_reason(error);
	}
}
