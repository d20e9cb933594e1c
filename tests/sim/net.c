/* TCP between the servers. A connection is two FIFOs of segments, which are late now and
 * then. While the way is cut or the host is down, they are sent again. A connection that
 * was cut, or whose host lost its power, is half-open until a sender, or keepalive, gives
 * up. */
#include "tests/sim/net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_US 2000000

struct conn net_conns[NET_CONNS_MAX];
struct listener net_listeners[SIM_SERVERS_MAX][3];
struct conn *net_knocking;

static unsigned used; /* places that were ever used */

static void on_segment(struct sim_item *it);

static void
append(struct queue *q, struct segment *s)
{
	s->next = NULL;
	if (q->first)
		q->last->next = s;
	else
		q->first = s;
	q->last = s;
	q->count++;
}

struct segment *
net_unlink_first(struct queue *q)
{
	struct segment *s = q->first;

	q->first = s->next;
	q->count--;
	return s;
}

static void
clear(struct queue *q)
{
	while (q->first)
		free(net_unlink_first(q));
}

static uint64_t
delay_us(void)
{
	uint64_t us = 40 + sim_random(160);

	return sim_chance(sim.delayed) ? us + sim_random(500000) : us;
}

static void
schedule(struct conn *c, unsigned side, uint64_t at_us)
{
	sim_put(at_us, NULL, on_segment, c, c->serial)->arg = side;
}

/* To the end `side`. */
void
net_post(struct conn *c, unsigned side, enum kind kind, const void *data, size_t len)
{
	struct end *e = &c->ends[side];
	struct segment *s = malloc(sizeof(*s) + len);
	uint64_t at_us = sim.now_us + delay_us();

	if (!s)
		abort();
	*s = (struct segment){.kind = kind, .len = len};
	if (len > 0)
		memcpy(s->data, data, len);
	s->at_us = e->last_us = at_us > e->last_us ? at_us : e->last_us;
	append(&e->way, s);
	if (e->way.count == 1)
		schedule(c, side, s->at_us);
}

/* The place is free when both ends are closed and no segment is on its way. */
static void
release(struct conn *c)
{
	if (!c->ends[0].open && !c->ends[1].open && !c->ends[0].way.first &&
	    !c->ends[1].way.first)
		c->serial = 0;
}

unsigned
net_ready(const struct conn *c, unsigned side)
{
	const struct end *e = &c->ends[side];
	bool room = e->stands && !e->stuck && c->ends[!side].way.count < NET_WINDOW;
	unsigned what = 0;

	if (!e->open || !e->on_ready)
		return 0;
	if (e->ended != MSG_REASON_NONE && e->ended != MSG_REASON_EOF)
		return STREAM_READ | STREAM_WRITE;
	if (e->inbox.first || e->ended != MSG_REASON_NONE)
		what |= STREAM_READ;
	return (what | (room ? STREAM_WRITE : 0)) & e->want;
}

void
net_wake(struct sim_item *it)
{
	struct conn *c = it->object;
	unsigned side = (unsigned)it->arg, what;

	while (c->serial == it->serial && (what = net_ready(c, side)))
		c->ends[side].on_ready(c->ends[side].user, what);
}

static void
wake(struct conn *c, unsigned side)
{
	struct sim_item now = {.object = c, .serial = c->serial, .arg = side};

	if (!net_ready(c, side))
		return;
	sim_enter(c->ends[side].proc);
	net_wake(&now);
	sim_leave();
}

static void
end_by(struct conn *c, unsigned side, enum msg_reason reason)
{
	if (!c->ends[side].open || c->ends[side].ended != MSG_REASON_NONE)
		return;
	c->ends[side].ended = reason;
	wake(c, side);
}

static enum sim_way
way(const struct conn *c)
{
	return sim.way[c->lane][c->ends[0].server][c->ends[1].server];
}

/* The kernel accepts, whatever the process does meanwhile. */
static void
answer(struct conn *c, struct segment *s)
{
	struct end *e = &c->ends[1];

	s->kind = KNOCK;
	if (way(c) != SIM_WAY_REFUSED)
		e->proc = net_listeners[e->server][c->lane].proc;
	e->open = e->stands = e->proc != NULL;
	net_post(c, 0, e->open ? OPENED : RESET, NULL, 0);
}

static void
knock(struct conn *c)
{
	struct end *e = &c->ends[1];
	const struct listener *l = &net_listeners[e->server][c->lane];

	if (!e->open || !l->proc)
		return;
	net_knocking = c;
	sim_enter(e->proc);
	l->port->on_knock(l->port->user);
	sim_leave();
}

/* Frees the segment, or puts it into the inbox. */
static void
hear(struct conn *c, unsigned side, struct segment *s)
{
	struct end *e = &c->ends[side];

	if (s->kind == DATA && way(c) == (side == 1 ? SIM_WAY_MUTE : SIM_WAY_DEAF)) {
		free(s);
		return;
	}
	if (s->kind == DATA && e->open && e->ended == MSG_REASON_NONE) {
		append(&e->inbox, s);
		wake(c, side);
		return;
	}
	if (s->kind == KNOCK) {
		knock(c);
	} else if (s->kind == END) {
		end_by(c, side, MSG_REASON_EOF);
	} else if (s->kind == RESET) {
		end_by(c, side, e->stands ? MSG_REASON_RESET : MSG_REASON_REFUSED);
	} else if (!e->open) {
		if (c->ends[!side].open)
			net_post(c, !side, RESET, NULL, 0);
	} else if (s->kind == OPENED) {
		e->stands = true;
		wake(c, side);
	}
	free(s);
}

static bool
comes_through(const struct conn *c, unsigned side)
{
	unsigned from = c->ends[!side].server, to = c->ends[side].server;

	if (to < SIM_OUTSIDE && !sim.servers[to].powered)
		return false;
	if (c->lane == MSG_LANE_LEARNER && sim.servers[c->ends[1].server].port_deaf)
		return false;
	if (way(c) == SIM_WAY_DROPPED)
		return false;
	return !sim.cut[c->lane][from][to];
}

/* Sends the segment again; false: the sender has given up. */
static bool
try_again(struct conn *c, unsigned side)
{
	struct segment *s = c->ends[side].way.first;

	if (s->tried_us == 0)
		s->tried_us = sim.now_us;
	if (sim.now_us - s->tried_us < sim.give_up_us) {
		schedule(c, side, sim.now_us + 50000 + sim_random(150000));
		return true;
	}
	clear(&c->ends[side].way);
	end_by(c, !side, MSG_REASON_TIMEOUT);
	return false;
}

static void
make_room(struct conn *c, unsigned side)
{
	if (c->ends[!side].way.count > NET_WINDOW / 2)
		return;
	c->ends[side].stuck = false;
	wake(c, side);
}

static void
on_segment(struct sim_item *it)
{
	struct conn *c = it->object;
	unsigned side = (unsigned)it->arg;
	struct end *e = &c->ends[side];
	struct segment *s = e->way.first;

	if (c->serial != it->serial || !s)
		return;
	if (!comes_through(c, side)) {
		if (!try_again(c, side))
			release(c);
		return;
	}
	if (s->kind == OPEN)
		answer(c, s);
	if (e->open && e->proc->paused_us > sim.now_us) {
		schedule(c, side, e->proc->paused_us);
		return;
	}
	hear(c, side, net_unlink_first(&e->way));
	if (e->way.first)
		schedule(c, side, e->way.first->at_us);
	make_room(c, !side);
	release(c);
}

struct conn *
net_dial(struct proc *p, unsigned to, enum msg_lane lane)
{
	struct conn *c = net_conns;

	while (c->serial != 0)
		if (++c == net_conns + NET_CONNS_MAX)
			abort();
	if (c >= net_conns + used)
		used = (unsigned)(c - net_conns) + 1;
	*c = (struct conn){.serial = ++sim.serial, .lane = lane};
	c->ends[0] = (struct end){.server = p->server, .proc = p, .open = true};
	c->ends[1].server = to;
	net_post(c, 1, OPEN, NULL, 0);
	return c;
}

void
net_close(struct conn *c, unsigned side)
{
	struct end *e = &c->ends[side];
	bool killed = !e->proc->up && sim_random(2);

	e->open = false;
	clear(&e->inbox);
	if (!sim.power && e->ended == MSG_REASON_NONE && c->ends[!side].open)
		net_post(c, !side, killed ? RESET : END, NULL, 0);
	release(c);
}

/* ---- for the faults ---- */

static bool
is_between(const struct conn *c, unsigned a, unsigned b)
{
	unsigned x = c->ends[0].server, y = c->ends[1].server;

	return c->serial != 0 && ((x == a && y == b) || (x == b && y == a));
}

void
sim_net_closed(struct proc *p)
{
	for (unsigned i = 0; i < 2 * used; i++) {
		struct end *e = &net_conns[i / 2].ends[i % 2];

		if (net_conns[i / 2].serial != 0 && e->open && e->proc == p)
			net_close(&net_conns[i / 2], i % 2);
	}
}

void
sim_net_reset(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < used; i++) {
		struct conn *c = &net_conns[i];

		if (!is_between(c, a, b) || sim_random(4) == 0)
			continue;
		for (unsigned side = 0; side < 2; side++)
			if (c->ends[side].open)
				net_post(c, side, RESET, NULL, 0);
	}
}

/* Keepalive: gets an answer, or a reset, or none for too long. */
static void
on_probe(struct sim_item *it)
{
	struct conn *c = it->object;
	unsigned from = (unsigned)it->arg & 1;
	uint64_t since_us = it->arg >> 1;

	if (c->serial != it->serial || !c->ends[from].open)
		return;
	if (comes_through(c, 0) && comes_through(c, 1)) {
		if (!c->ends[!from].open)
			net_post(c, from, RESET, NULL, 0);
	} else if (sim.now_us - since_us >= sim.give_up_us) {
		end_by(c, from, MSG_REASON_TIMEOUT);
		release(c);
	} else {
		sim_put(sim.now_us + 200000, NULL, it->run, c, c->serial)->arg = it->arg;
	}
}

void
sim_net_probe(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < used; i++) {
		struct conn *c = &net_conns[i];
		uint64_t at_us = sim.now_us + KEEP_US + sim_random(KEEP_US / 4);

		if (!is_between(c, a, b))
			continue;
		for (unsigned side = 0; side < 2; side++)
			if (c->ends[side].open)
				sim_put(at_us, NULL, on_probe, c, c->serial)->arg =
				    at_us << 1 | side;
	}
}

void
sim_net_end(void)
{
	for (unsigned i = 0; i < used; i++) {
		for (unsigned side = 0; side < 2; side++) {
			clear(&net_conns[i].ends[side].way);
			clear(&net_conns[i].ends[side].inbox);
		}
		net_conns[i].serial = 0;
	}
	used = 0;
	memset(net_listeners, 0, sizeof(net_listeners));
}
