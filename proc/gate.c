/* A ring of event copies; see gate.h. */
#include "proc/gate.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
gate_init(struct gate *g, size_t event_size, unsigned capacity,
          const struct gate_ops *ops, void *user)
{
	*g = (struct gate){.ops = ops, .user = user, .capacity = capacity};
	g->event_size = event_size;
	g->ring = calloc(capacity, event_size);
	return g->ring ? 0 : -ENOMEM;
}

void
gate_deinit(struct gate *g)
{
	free(g->ring);
	*g = (struct gate){0};
}

void
gate_push(struct gate *g, const void *event)
{
	assert(g->count < g->capacity);
	memcpy(g->ring + (g->first + g->count++) % g->capacity * g->event_size, event,
	       g->event_size);
	if (g->running)
		return;
	g->running = true;
	while (g->count > 0) {
		g->ops->step(g->user, clock_ms(), g->ring + g->first * g->event_size);
		g->first = (g->first + 1) % g->capacity;
		g->count--; /* an event keeps its place until it is stepped */
	}
	if (g->ops->settle)
		g->ops->settle(g->user);
	assert(g->count == 0);
	g->first = 0; /* so that memory is touched for as many as waited at one time */
	g->running = false;
}

bool
gate_idle(const struct gate *g)
{
	return !g->running;
}

void
gate_arm(sd_event_source *timer, uint64_t due_ms)
{
	if (due_ms == UINT64_MAX) {
		sd_event_source_set_enabled(timer, SD_EVENT_OFF);
		return;
	}
	/* sd-event takes 0 for "not set" */
	sd_event_source_set_time(timer, due_ms > 0 ? due_ms * 1000 : 1);
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}
