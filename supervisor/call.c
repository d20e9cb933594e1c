/* See call.h. */
#include "supervisor/call.h"

#include "base/clock.h"
#include "client/door.h"
#include "ipc/door.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define TIMER_ACCURACY_US 1000

struct call {
	struct client client;
	sd_event_source *io;
	sd_event_source *timer;
	call_handler *done;
	void *user;
	char reply[DOOR_REPLY_MAX + 1];
};

void
call_end(struct call *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	client_end(&c->client);
	free(c);
}

static void
step(struct call *c)
{
	size_t len = 0;
	int r = client_step(&c->client, clock_ms(), c->reply, sizeof(c->reply), &len);

	if (r == CLIENT_WAITS)
		return;
	sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
	c->reply[len] = '\0';
	c->done(c->user, r, c->reply, len);
	call_end(c);
}

static int
on_answer(sd_event_source *s, int fd, uint32_t events, void *user)
{
	(void)s;
	(void)fd;
	(void)events;
	step(user);
	return 0;
}

static int
on_late(sd_event_source *s, uint64_t usec, void *user)
{
	(void)s;
	(void)usec;
	step(user);
	return 0;
}

int
call_begin(struct call **out, sd_event *loop, const char *path, const char *request,
           uint64_t timeout_ms, call_handler *done, void *user)
{
	struct call *c = calloc(1, sizeof(*c));
	uint64_t now_ms = clock_ms();
	int r;

	if (!c)
		return -ENOMEM;
	c->done = done;
	c->user = user;
	r = client_begin(&c->client, path, request, now_ms, now_ms + timeout_ms);
	if (r == 0 && !c->client.sent)
		r = -EAGAIN;
	if (r < 0 ||
	    (r = sd_event_add_io(loop, &c->io, c->client.fd, EPOLLIN, on_answer, c)) <
	        0 ||
	    (r = sd_event_add_time(loop, &c->timer, CLOCK_BOOTTIME,
	                           c->client.due_ms * 1000, TIMER_ACCURACY_US, on_late,
	                           c)) < 0) {
		call_end(c);
		return r;
	}
	*out = c;
	return 0;
}
