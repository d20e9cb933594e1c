/* See door.h. */
#include "client/door.h"

#include "ipc/local.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 5

static int
failed(void)
{
	return errno == EAGAIN || errno == EINTR ? CLIENT_WAITS : -errno;
}

static int
knock(struct client *c, uint64_t now_ms)
{
	struct ucred owner;
	socklen_t len = sizeof(owner);

	c->retry_ms = now_ms + RETRY_MS;
	if (c->fd < 0) {
		int r = local_connect(c->path);

		if (r < 0)
			return r == -EAGAIN || r == -EINTR ? CLIENT_WAITS : r;
		c->fd = r;
		if (getsockopt(r, SOL_SOCKET, SO_PEERCRED, &owner, &len) == 0)
			c->pid = owner.pid;
	}
	if (send(c->fd, c->request, strlen(c->request), MSG_NOSIGNAL) < 0)
		return failed();
	c->sent = true;
	return CLIENT_WAITS;
}

static int
receive(struct client *c, char *reply, size_t cap, size_t *len)
{
	ssize_t n = recv(c->fd, reply, cap - 1, MSG_TRUNC);

	if (n < 0)
		return failed();
	if (n == 0)
		return -ECONNRESET;
	if ((size_t)n > cap - 1)
		return -EMSGSIZE;
	reply[n] = '\0';
	*len = (size_t)n;
	return 0;
}

int
client_begin(struct client *c, const char *path, const char *request, uint64_t now_ms,
             uint64_t due_ms)
{
	int r;

	*c =
	    (struct client){.fd = -1, .due_ms = due_ms, .path = path, .request = request};
	r = knock(c, now_ms);
	if (r < 0)
		client_end(c);
	return r < 0 ? r : 0;
}

short
client_events(const struct client *c)
{
	return c->sent ? POLLIN : 0;
}

uint64_t
client_due_ms(const struct client *c)
{
	return !c->sent && c->retry_ms < c->due_ms ? c->retry_ms : c->due_ms;
}

int
client_step(struct client *c, uint64_t now_ms, char *reply, size_t cap, size_t *len)
{
	int r = c->sent ? receive(c, reply, cap, len) : knock(c, now_ms);

	if (r == CLIENT_WAITS && now_ms >= c->due_ms)
		r = -ETIMEDOUT;
	if (r < 0)
		client_end(c);
	return r;
}

void
client_end(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
