/* Messages between the processes of one server: links (ipc/chan.h). They are FIFOs with a
 * delay. The end of one side comes behind its messages, the last of which are lost if its
 * process was killed. */
#include "ipc/local.h"
#include "tests/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CHANS_MAX 256
#define IN_FLIGHT 64 /* messages; then the link is full */
#define RETRY_US  5000

struct chan {
	uint64_t serial; /* 0: free */
	struct proc *proc;
	const struct chan_ops *ops;
	void *user;
	char path[MSG_PATH_MAX];
	bool listens;
	bool up;
	struct chan *peer; /* NULL: none, or gone */
	uint64_t last_us;  /* when the last of what it says arrives */
	unsigned sent;
	unsigned heard; /* of what it says, by the other side */
	bool full;
	uint64_t keep; /* of what it hears: the rest was lost with who said it */
};

static struct chan chans[CHANS_MAX];

/* ---- links ---- */

static void
on_chan_end(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial != it->serial)
		return;
	c->up = false;
	c->ops->on_down(c->user, "closed by the other side");
}

static void
on_deadline(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial == it->serial && !c->up)
		c->ops->on_down(c->user, "not up in time");
}

static struct chan *
chan_make(sd_event *loop, const char *path, uint64_t deadline_us,
          const struct chan_ops *ops, void *user)
{
	struct chan *c = chans;

	while (c->serial != 0)
		if (++c == chans + CHANS_MAX)
			abort();
	*c = (struct chan){.serial = ++sim.serial,
	                   .proc = loop->proc,
	                   .ops = ops,
	                   .user = user,
	                   .keep = UINT64_MAX};
	snprintf(c->path, sizeof(c->path), "%s", path);
	sim_put(sim.now_us + deadline_us, c->proc, on_deadline, c, c->serial);
	return c;
}

static void
on_dial(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial != it->serial || c->up)
		return;
	for (unsigned i = 0; i < CHANS_MAX; i++) {
		struct chan *l = &chans[i];

		if (l->serial == 0 || !l->listens || l->up ||
		    strcmp(l->path, c->path) != 0)
			continue;
		l->up = c->up = true;
		l->peer = c;
		c->peer = l;
		c->ops->on_up(c->user);
		return;
	}
	sim_put(sim.now_us + RETRY_US, c->proc, it->run, c, c->serial);
}

int
chan_open(struct chan **out, enum chan_kind kind, enum chan_end end, sd_event *loop,
          const char *path, struct users_far far, uint64_t deadline_us,
          const struct chan_ops *ops, void *user)
{
	struct chan *c = *out = chan_make(loop, path, deadline_us, ops, user);

	(void)kind;
	(void)far;
	c->listens = end == CHAN_LISTENS;
	if (end == CHAN_DIALS)
		sim_put(sim.now_us + sim_inside_us(), loop->proc, on_dial, c, c->serial);
	return 0;
}

static void
on_room(struct sim_item *it)
{
	struct chan *c = it->object;

	if (c->serial == it->serial && c->up)
		c->ops->on_writable(c->user);
}

static void
on_chan_message(struct sim_item *it)
{
	struct chan *c = it->object;
	struct chan *from = c->peer;

	if (c->serial != it->serial || it->arg > c->keep)
		return;
	if (from && ++from->heard == from->sent && from->full) {
		from->full = false;
		sim_put(sim.now_us, from->proc, on_room, from, from->serial);
	}
	c->ops->on_message(c->user, it->data, it->len);
}

uint64_t
sim_arrival_us(uint64_t *last_us)
{
	uint64_t at_us = sim.now_us + sim_inside_us();

	*last_us = at_us > *last_us ? at_us : *last_us;
	return *last_us;
}

int
chan_send(struct chan *c, const void *data, size_t len)
{
	struct chan *to = c->peer;
	struct sim_item *it;

	if (!c->up || !to)
		return c->up ? -EPIPE : -ENOTCONN;
	if (c->sent - c->heard >= IN_FLIGHT) {
		c->full = true;
		return CHAN_FULL;
	}
	c->sent++;
	it = sim_put(sim_arrival_us(&c->last_us), to->proc, on_chan_message, to,
	             to->serial);
	it->arg = c->sent;
	sim_put_data(it, data, len);
	return 0;
}

void
chan_close(struct chan *c)
{
	if (!c)
		return;
	if (c->peer) {
		struct chan *to = c->peer;

		if (!c->proc->up)
			to->keep = c->heard + sim_random(c->sent - c->heard + 1);
		sim_put(sim_arrival_us(&c->last_us), to->proc, on_chan_end, to,
		        to->serial);
		to->peer = NULL;
	}
	c->serial = 0;
}

bool
sim_pipe_hear(struct proc *p, const void *data, size_t len)
{
	for (unsigned i = 0; i < CHANS_MAX; i++) {
		struct chan *c = &chans[i];

		if (c->serial == 0 || c->proc != p || !c->up)
			continue;
		sim_enter(p);
		c->ops->on_message(c->user, data, len);
		sim_leave();
		return true;
	}
	return false;
}

void
chan_flush(struct chan *c)
{
	(void)c; /* chan_send holds nothing back */
}

unsigned
chan_stuck_closes(void)
{
	return 0;
}

void
sim_pipe_end(void)
{
	for (unsigned i = 0; i < CHANS_MAX; i++)
		chans[i].serial = 0;
}
