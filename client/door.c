/* See door.h. */
#include "client/door.h"

#include "ipc/local.h"
#include "ipc/pass.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 5

static int
waits(int r)
{
	return r == -EAGAIN || r == -EINTR ? CLIENT_WAITS : r;
}

static int
knock(struct client *c, uint64_t now_ms)
{
	struct ucred owner;
	socklen_t len = sizeof(owner);
	int r;

	c->retry_ms = now_ms + RETRY_MS;
	if (c->fd < 0) {
		r = local_connect(c->path);
		if (r < 0)
			return waits(r);
		c->fd = r;
		if (getsockopt(r, SOL_SOCKET, SO_PEERCRED, &owner, &len) == 0)
			c->pid = owner.pid;
	}
	r = pass_send(c->fd, c->request, strlen(c->request), c->pass);
	if (r < 0)
		return waits(r);
	c->sent = true;
	c->pass = PASS_NONE;
	return CLIENT_WAITS;
}

static void
drop_passed(struct client *c)
{
	int fd = client_take_passed(c);

	if (fd != PASS_NONE)
		close(fd);
}

static int
receive(struct client *c, char *reply, size_t cap, size_t *len)
{
	int fd, r;
	size_t n;

	r = pass_receive(c->fd, reply, cap - 1, &n, &fd);
	if (r < 0)
		return waits(r);
	drop_passed(c);
	c->passed = fd;
	if (n == 0)
		return -ECONNRESET;
	if (n > cap - 1)
		return -EMSGSIZE;
	reply[n] = '\0';
	*len = n;
	return 0;
}

int
client_begin_with(struct client *c, const char *path, const char *request, int pass,
                  uint64_t now_ms, uint64_t due_ms)
{
	int r;

	*c = (struct client){.fd = -1,
	                     .due_ms = due_ms,
	                     .path = path,
	                     .request = request,
	                     .pass = pass,
	                     .passed = PASS_NONE};
	r = knock(c, now_ms);
	if (r < 0)
		client_end(c);
	return r < 0 ? r : 0;
}

int
client_begin(struct client *c, const char *path, const char *request, uint64_t now_ms,
             uint64_t due_ms)
{
	return client_begin_with(c, path, request, PASS_NONE, now_ms, due_ms);
}

void
client_again(struct client *c, const char *request, uint64_t due_ms)
{
	c->request = request;
	c->due_ms = due_ms;
	c->retry_ms = 0;
	c->sent = false;
}

int
client_take_passed(struct client *c)
{
	int fd = c->passed;

	c->passed = PASS_NONE;
	return fd;
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
	if (c->fd < 0)
		return;
	drop_passed(c);
	close(c->fd);
	c->fd = -1;
}
