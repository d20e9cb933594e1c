/* sd-event as the shells use it, under the virtual clock: timers, one descriptor, and
 * post sources. The linker finds these names before those of libsystemd. */
#include "base/clock.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <systemd/sd-event.h>

struct sd_event_source {
	uint64_t serial; /* 0: free */
	sd_event_source *next;
	sd_event *loop;
	sd_event_time_handler_t on_time;
	sd_event_io_handler_t on_io;
	sd_event_handler_t on_post;
	void *user;
	int fd;
	int enabled;
	bool late;          /* by its priority */
	uint64_t time_us;   /* of its host's clock */
	uint64_t queued_us; /* there is an item for it at this time; UINT64_MAX: none */
};

static sd_event_source *unused;
static sd_event_source *all[65536]; /* what was ever made, to be given back at the end */
static unsigned all_count;

static sd_event_source *
make(sd_event *loop, void *user)
{
	sd_event_source *s = unused;

	if (s) {
		unused = s->next;
	} else {
		s = malloc(sizeof(*s));
		if (!s || all_count == sizeof(all) / sizeof(all[0]))
			abort();
		all[all_count++] = s;
	}
	*s = (sd_event_source){.serial = ++sim.serial,
	                       .loop = loop,
	                       .user = user,
	                       .enabled = SD_EVENT_ONESHOT,
	                       .queued_us = UINT64_MAX};
	return s;
}

void
sim_loop_end(void)
{
	while (all_count > 0)
		free(all[--all_count]);
	unused = NULL;
}

static void
queue(sd_event_source *s, uint64_t at_us, void (*run)(struct sim_item *))
{
	struct sim_item *it = sim_put(at_us, s->loop->proc, run, s, s->serial);

	s->queued_us = at_us;
	it->arg = at_us;
	it->late = s->late;
}

static void
on_item(struct sim_item *it)
{
	sd_event_source *s = it->object;

	if (s->serial != it->serial || s->queued_us != it->arg)
		return;
	s->queued_us = UINT64_MAX;
	if (s->enabled == SD_EVENT_OFF)
		return;
	if (s->time_us > clock_us()) { /* it was put off meanwhile */
		queue(s, sim_when_us(s->loop->proc->server, s->time_us), it->run);
		return;
	}
	s->enabled = SD_EVENT_OFF;
	s->on_time(s, s->time_us, s->user);
}

/* One item at a time: a timer that is put off is looked at again when its item comes. */
static void
arm(sd_event_source *s)
{
	uint64_t at_us = sim_when_us(s->loop->proc->server, s->time_us);

	if (at_us < sim.now_us)
		at_us = sim.now_us;
	if (s->enabled == SD_EVENT_OFF || s->time_us == UINT64_MAX ||
	    s->queued_us <= at_us)
		return;
	queue(s, at_us, on_item);
}

int
sd_event_add_time(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec,
                  uint64_t accuracy, sd_event_time_handler_t callback, void *user)
{
	sd_event_source *s = make(e, user);

	(void)accuracy;
	if (clock != CLOCK_BOOTTIME) /* as base/clock, which says when */
		sim_fail("a timer at a time of another clock");
	s->on_time = callback;
	s->time_us = usec;
	arm(s);
	*ret = s;
	return 0;
}

int
sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
                           uint64_t usec, uint64_t accuracy,
                           sd_event_time_handler_t callback, void *user)
{
	(void)clock;
	return sd_event_add_time(e, ret, CLOCK_BOOTTIME, clock_us() + usec, accuracy,
	                         callback, user);
}

int
sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events,
                sd_event_io_handler_t callback, void *user)
{
	sd_event_source *s = make(e, user);

	(void)events;
	s->on_io = callback;
	s->fd = fd;
	sim_door_watch(fd, s);
	*ret = s;
	return 0;
}

int
sd_event_add_post(sd_event *e, sd_event_source **ret, sd_event_handler_t callback,
                  void *user)
{
	sd_event_source *s = make(e, user);

	s->on_post = callback;
	e->post = s;
	*ret = s;
	return 0;
}

void
sim_loop_readable(sd_event_source *s)
{
	s->on_io(s, s->fd, 0, s->user);
}

void
sim_loop_post(sd_event *loop)
{
	if (loop->post)
		loop->post->on_post(loop->post, loop->post->user);
}

int
sd_event_source_set_time(sd_event_source *s, uint64_t usec)
{
	s->time_us = usec;
	arm(s);
	return 0;
}

int
sd_event_source_set_time_relative(sd_event_source *s, uint64_t usec)
{
	return sd_event_source_set_time(s, clock_us() + usec);
}

int
sd_event_source_set_enabled(sd_event_source *s, int enabled)
{
	s->enabled = enabled;
	arm(s);
	return 0;
}

/* Matters for who was paused: frames first, then the clock. */
int
sd_event_source_set_priority(sd_event_source *s, int64_t priority)
{
	s->late = priority > 0;
	return 0;
}

sd_event_source *
sd_event_source_disable_unref(sd_event_source *s)
{
	if (!s)
		return NULL;
	if (s->loop->post == s)
		s->loop->post = NULL;
	s->serial = 0;
	s->next = unused;
	unused = s;
	return NULL;
}
