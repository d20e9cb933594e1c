/* See knock.h. */
#include "lib/knock.h"

#include "ipc/pass.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS      UINT64_C(1000000000)
#define NAP_MAX NS

int
knock_path_init(struct knock_path *p, const char *run_dir)
{
	int n;

	p->address.sun_family = AF_UNIX;
	n = snprintf(p->address.sun_path, sizeof(p->address.sun_path), "%s/peer/door",
	             run_dir);
	return n < 0 || (size_t)n >= sizeof(p->address.sun_path) ? -ENAMETOOLONG : 0;
}

int
knock(const struct knock_path *p, const char *request, int pass)
{
	int conn = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = 0;

	if (conn < 0)
		return -errno;
	if (connect(conn, (const struct sockaddr *)&p->address, sizeof(p->address)) < 0)
		r = -errno;
	if (r == 0)
		r = pass_send(conn, request, strlen(request),
		              pass < 0 ? PASS_NONE : pass);
	if (r == 0)
		return conn;
	close(conn);
	return r;
}

int
knock_say(int conn, const char *request, int pass)
{
	return pass_send(conn, request, strlen(request), pass < 0 ? PASS_NONE : pass);
}

int
knock_take(int conn, char *text, size_t cap, int *fd)
{
	size_t len;
	int r;

	do {
		r = pass_receive(conn, text, cap - 1, &len, fd);
	} while (r == -EINTR);
	if (r < 0)
		return r;
	if (len > 0 && len < cap) {
		text[len] = '\0';
		return 0;
	}
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return len == 0 ? -ECONNRESET : -EMSGSIZE;
}

void
knock_end(int conn, int epoll)
{
	(void)epoll_ctl(epoll, EPOLL_CTL_DEL, conn, NULL);
	(void)shutdown(conn, SHUT_RDWR);
	close(conn);
}

uint64_t
knock_now_ns(void)
{
	struct timespec now;

	/* it cannot fail: the kernel has this clock since 2.6.39 */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

uint64_t
knock_due_ns(int timeout_ms)
{
	return timeout_ms < 0 ? UINT64_MAX
	                      : knock_now_ns() + (uint64_t)timeout_ms * KNOCK_MS;
}

uint64_t
knock_nap_ns(uint64_t left_ns)
{
	return left_ns < NAP_MAX ? left_ns : NAP_MAX;
}
