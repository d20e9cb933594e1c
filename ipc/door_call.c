/* One question at a door, in a loop; see door_call.h. */
#include "ipc/door_call.h"

#include "ipc/door.h"
#include "ipc/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMER_ACCURACY_US 1000

struct door_call {
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	door_call_handler *done;
	void *user;
	char reply[DOOR_REPLY_MAX + 1];
};

void
door_call_end(struct door_call *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

static void
finish(struct door_call *c, int result, size_t len)
{
	c->reply[len] = '\0';
	sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	c->done(c->user, result, c->reply, len);
	door_call_end(c);
}

static int
on_answer(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct door_call *c = user;
	ssize_t n = recv(fd, c->reply, DOOR_REPLY_MAX, MSG_TRUNC);

	(void)s;
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		finish(c, -errno, 0);
	else if (n == 0)
		finish(c, -ECONNRESET, 0);
	else if (n > DOOR_REPLY_MAX)
		finish(c, -EMSGSIZE, 0);
	else
		finish(c, 0, (size_t)n);
	return 0;
}

static int
on_late(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	finish(user, -ETIMEDOUT, 0);
	return 0;
}

int
door_call_begin(struct door_call **out, sd_event *loop, const char *path,
                const char *request, uint64_t timeout_ms, door_call_handler *done,
                void *user)
{
	struct door_call *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->done = done;
	c->user = user;
	c->fd = r = local_connect(path);
	/* a fresh connection takes one packet: it does not wait */
	if (r >= 0 && send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		r = -errno;
	if (r < 0 ||
	    (r = sd_event_add_io(loop, &c->io, c->fd, EPOLLIN, on_answer, c)) < 0 ||
	    (r = sd_event_add_time_relative(loop, &c->timer, CLOCK_BOOTTIME,
	                                    timeout_ms * 1000, TIMER_ACCURACY_US, on_late,
	                                    c)) < 0) {
		door_call_end(c);
		return r;
	}
	*out = c;
	return 0;
}
