/* TCP between the servers: connections of two FIFOs whose segments are late now and then,
 * wait and are sent again while the way is cut or the host is down. What was cut or lost
 * its host without a word is half-open until somebody sends, or keepalive looks, and
 * gives up. Above it, what connmgr's shells do with descriptors is in wire.c. */
#include "tests/sim/net.h"
#include "wire/hello.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CONNS_MAX 1024
#define WINDOW    64 /* segments on their way; then the sender is stuck */
#define GREET_US  2000000
#define KEEP_US   2000000

enum kind { OPEN, OPENED, DATA, END, RESET };

struct segment {
	struct segment *next;
	enum kind kind;
	uint64_t at_us;
	uint64_t tried_us; /* 0: not yet */
	size_t len;
	unsigned char data[];
};

struct end {
	unsigned server;
	struct proc *proc;
	const struct net_ops *ops; /* NULL: closed */
	void *user;
	struct segment *first, *last; /* on their way to it */
	unsigned count;
	uint64_t last_us;
	bool stuck; /* it would write, and there is no room */
};

struct conn {
	uint64_t serial; /* 0: free */
	enum msg_lane lane;
	struct end ends[2]; /* who dialled, who accepted */
};

struct listener {
	struct proc *proc; /* NULL: none */
	const struct net_ops *ops;
	void *user;
};

static struct conn conns[CONNS_MAX];
static unsigned used; /* places that were ever used */
static struct listener listeners[SIM_SERVERS_MAX][3];

static void on_segment(struct sim_item *it);

static struct conn *
conn_of(int fd)
{
	assert(fd >= NET_FD && fd < NET_FD + 2 * CONNS_MAX);
	return &conns[(fd - NET_FD) / 2];
}

static unsigned
side_of(int fd)
{
	return (unsigned)(fd - NET_FD) % 2;
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
static void
post(struct conn *c, unsigned side, enum kind kind, const void *data, size_t len)
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
	e->count++;
	if (e->first) {
		e->last = e->last->next = s;
		return;
	}
	e->first = e->last = s;
	schedule(c, side, s->at_us);
}

static void
pop(struct end *e)
{
	struct segment *s = e->first;

	e->first = s->next;
	e->count--;
	free(s);
}

/* The place is free when both ends are closed and nothing is on its way. */
static void
release(struct conn *c)
{
	if (!c->ends[0].ops && !c->ends[1].ops && !c->ends[0].first && !c->ends[1].first)
		c->serial = 0;
}

static void
end_by(struct conn *c, unsigned side, enum msg_reason reason)
{
	struct end *e = &c->ends[side];
	const struct net_ops *ops = e->ops;

	if (!ops)
		return;
	e->ops = NULL;
	sim_enter(e->proc);
	ops->on_end(e->user, reason);
	sim_leave();
}

/* Who says nothing about who it is. */
static void
on_silent(struct sim_item *it)
{
	struct conn *c = it->object;
	struct end *e = &c->ends[1];

	if (c->serial != it->serial || !e->ops || e->ops->on_room)
		return;
	sim_net_close(NET_FD + 2 * (int)(c - conns) + 1);
}

static void
knock(struct conn *c)
{
	struct end *e = &c->ends[1];
	const struct listener *l = &listeners[e->server][c->lane];

	if (!l->proc) {
		post(c, 0, RESET, NULL, 0);
		return;
	}
	e->proc = l->proc;
	e->ops = l->ops;
	e->user = l->user;
	post(c, 0, OPENED, NULL, 0);
	sim_put(sim.now_us + GREET_US, NULL, on_silent, c, c->serial);
}

static void
hear(struct conn *c, unsigned side, const struct segment *s)
{
	struct end *e = &c->ends[side];

	if (s->kind == OPEN) {
		knock(c);
	} else if (s->kind == END) {
		end_by(c, side, MSG_REASON_EOF);
	} else if (s->kind == RESET) {
		end_by(c, side, c->ends[1].proc ? MSG_REASON_RESET : MSG_REASON_REFUSED);
	} else if (!e->ops) {
		if (c->ends[!side].ops)
			post(c, !side, RESET, NULL, 0);
	} else {
		sim_enter(e->proc);
		if (s->kind == OPENED)
			e->ops->on_open(e->user);
		else
			e->ops->on_data(e->user,
			                NET_FD + 2 * (int)(c - conns) + (int)side,
			                s->data, s->len);
		sim_leave();
	}
}

static bool
comes_through(const struct conn *c, unsigned side)
{
	unsigned to = c->ends[side].server;

	return sim.servers[to].powered && !sim.cut[c->ends[!side].server][to];
}

/* Sent again; false: the sender has given up. */
static bool
try_again(struct conn *c, unsigned side)
{
	struct segment *s = c->ends[side].first;

	if (s->tried_us == 0)
		s->tried_us = sim.now_us;
	if (sim.now_us - s->tried_us < sim.give_up_us) {
		schedule(c, side, sim.now_us + 50000 + sim_random(150000));
		return true;
	}
	while (c->ends[side].first)
		pop(&c->ends[side]);
	end_by(c, !side, MSG_REASON_TIMEOUT);
	return false;
}

static void
make_room(struct conn *c, unsigned side)
{
	struct end *e = &c->ends[side];

	if (!e->ops || !e->stuck || c->ends[!side].count > WINDOW / 2)
		return;
	e->stuck = false;
	sim_enter(e->proc);
	e->ops->on_room(e->user);
	sim_leave();
}

static void
on_segment(struct sim_item *it)
{
	struct conn *c = it->object;
	unsigned side = (unsigned)it->arg;
	struct end *e = &c->ends[side];
	struct segment *s = e->first;

	if (c->serial != it->serial || !s)
		return;
	if (!comes_through(c, side)) {
		if (!try_again(c, side))
			release(c);
		return;
	}
	if (s->kind != OPEN && e->ops && e->proc->paused_us > sim.now_us) {
		schedule(c, side, e->proc->paused_us);
		return;
	}
	hear(c, side, s);
	pop(e);
	if (e->first)
		schedule(c, side, e->first->at_us);
	make_room(c, !side);
	release(c);
}

/* ---- for wire.c ---- */

int
net_dial(struct proc *p, unsigned to, enum msg_lane lane, const struct net_ops *ops,
         void *user)
{
	struct conn *c = conns;

	while (c->serial != 0)
		if (++c == conns + CONNS_MAX)
			abort();
	if (c >= conns + used)
		used = (unsigned)(c - conns) + 1;
	*c = (struct conn){.serial = ++sim.serial, .lane = lane};
	c->ends[0] =
	    (struct end){.server = p->server, .proc = p, .ops = ops, .user = user};
	c->ends[1].server = to;
	post(c, 1, OPEN, NULL, 0);
	return NET_FD + 2 * (int)(c - conns);
}

void
net_listen(struct proc *p, enum msg_lane lane, const struct net_ops *ops, void *user)
{
	listeners[p->server][lane] = (struct listener){p, ops, user};
}

void
net_unlisten(struct proc *p, enum msg_lane lane)
{
	listeners[p->server][lane].proc = NULL;
}

void
net_take(int fd, const struct net_ops *ops, void *user)
{
	struct end *e = &conn_of(fd)->ends[side_of(fd)];

	e->ops = ops;
	e->user = user;
}

bool
net_write(int fd, const void *data, size_t len)
{
	struct conn *c = conn_of(fd);
	struct end *to = &c->ends[!side_of(fd)];

	if (to->count >= WINDOW) {
		c->ends[side_of(fd)].stuck = true;
		return false;
	}
	post(c, !side_of(fd), DATA, data, len);
	return true;
}

void
sim_net_close(int fd)
{
	struct conn *c = conn_of(fd);
	struct end *e = &c->ends[side_of(fd)];
	bool killed = !e->proc->up && sim_random(2);

	if (!e->ops)
		return;
	e->ops = NULL;
	if (!sim.power && c->ends[!side_of(fd)].ops)
		post(c, !side_of(fd), killed ? RESET : END, NULL, 0);
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
		struct end *e = &conns[i / 2].ends[i % 2];

		if (conns[i / 2].serial != 0 && e->ops && e->proc == p)
			sim_net_close(NET_FD + (int)i);
	}
	net_unlisten(p, MSG_LANE_ELECTION);
	net_unlisten(p, MSG_LANE_LEARNER);
}

void
sim_net_reset(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < used; i++) {
		struct conn *c = &conns[i];

		if (!is_between(c, a, b) || sim_random(4) == 0)
			continue;
		for (unsigned side = 0; side < 2; side++)
			if (c->ends[side].ops)
				post(c, side, RESET, NULL, 0);
	}
}

/* Keepalive: an answer, or a reset, or none for too long. */
static void
on_probe(struct sim_item *it)
{
	struct conn *c = it->object;
	unsigned from = (unsigned)it->arg & 1;
	uint64_t since_us = it->arg >> 1;

	if (c->serial != it->serial || !c->ends[from].ops)
		return;
	if (comes_through(c, 0) && comes_through(c, 1)) {
		if (!c->ends[!from].ops)
			post(c, from, RESET, NULL, 0);
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
		struct conn *c = &conns[i];
		uint64_t at_us = sim.now_us + KEEP_US + sim_random(KEEP_US / 4);

		if (!is_between(c, a, b))
			continue;
		for (unsigned side = 0; side < 2; side++)
			if (c->ends[side].ops)
				sim_put(at_us, NULL, on_probe, c, c->serial)->arg =
				    at_us << 1 | side;
	}
}

/* Somebody else's server: says who it is, then a frame that is none, and waits. */
void
sim_net_stranger(unsigned server)
{
	static const struct net_ops nobody;
	static struct proc outside = {.up = true};
	unsigned char data[HELLO_MAX + 64];
	size_t len =
	    hello_encode(90 + (int64_t)sim_random(9), "10.0.0.90:3888", data, HELLO_MAX);
	int fd = net_dial(&outside, server, MSG_LANE_ELECTION, &nobody, NULL);

	for (unsigned i = 0; i < 64; i++)
		data[len + i] = (unsigned char)(i < 3 ? 0 : sim_random(64));
	net_write(fd, data, len + sim_random(64));
	conn_of(fd)->ends[0].ops = NULL;
}

void
sim_net_end(void)
{
	for (unsigned i = 0; i < used; i++) {
		for (unsigned side = 0; side < 2; side++)
			while (conns[i].ends[side].first)
				pop(&conns[i].ends[side]);
		conns[i].serial = 0;
	}
	used = 0;
	memset(listeners, 0, sizeof(listeners));
}
