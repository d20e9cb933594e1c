/* The asking side of a door, blocking, for commands; see door.h. */
#include "base/clock.h"
#include "ipc/door.h"
#include "ipc/local.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DIAL_MS  1000 /* door_dial's patience with a full backlog */
#define RETRY_MS 5

/* 0 when `events` came, -ETIMEDOUT at `due_ms`. `fd` < 0: waits only. */
static int
wait_for(int fd, short events, uint64_t due_ms)
{
	struct pollfd look = {.fd = fd, .events = events};

	for (;;) {
		uint64_t now = clock_ms();
		uint64_t left = due_ms > now ? due_ms - now : 0;
		int n = poll(&look, 1, left > INT_MAX ? INT_MAX : (int)left);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (left == 0)
			return -ETIMEDOUT;
	}
}

static int
connect_until(const char *path, uint64_t due_ms)
{
	for (;;) {
		uint64_t now;
		int fd = local_connect(path);

		if (fd >= 0 || (fd != -EAGAIN && fd != -EINTR))
			return fd;
		now = clock_ms();
		if (now >= due_ms)
			return -ETIMEDOUT;
		/* the kernel tells nobody when a backlog has room again */
		(void)wait_for(-1, 0, now + RETRY_MS < due_ms ? now + RETRY_MS : due_ms);
	}
}

static int
send_until(int fd, const char *request, uint64_t due_ms)
{
	for (;;) {
		int r;

		if (send(fd, request, strlen(request), MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(fd, POLLOUT, due_ms);
		if (r < 0)
			return r;
	}
}

static int
receive_until(int fd, uint64_t due_ms, char *reply, size_t cap, size_t *len)
{
	for (;;) {
		ssize_t n = recv(fd, reply, cap - 1, MSG_TRUNC);
		int r;

		if (n == 0)
			return -ECONNRESET;
		if (n > 0 && (size_t)n > cap - 1)
			return -EMSGSIZE;
		if (n > 0) {
			reply[n] = '\0';
			*len = (size_t)n;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_for(fd, POLLIN, due_ms);
		if (r < 0)
			return r;
	}
}

int
door_ask(const char *path, const char *request, uint64_t timeout_ms, char *reply,
         size_t cap, size_t *len)
{
	uint64_t due_ms = clock_ms() + timeout_ms;
	int fd, r;

	fd = connect_until(path, due_ms);
	if (fd < 0)
		return fd;
	r = send_until(fd, request, due_ms);
	if (r == 0)
		r = receive_until(fd, due_ms, reply, cap, len);
	close(fd);
	return r;
}

int
door_dial(const char *path, const char *request)
{
	uint64_t due_ms = clock_ms() + DIAL_MS;
	int fd, r, flags;

	fd = connect_until(path, due_ms);
	if (fd < 0)
		return fd;
	r = send_until(fd, request, due_ms);
	if (r == 0) {
		flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
			r = -errno;
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
