/* A small world for several role cores: links as connmgr makes them, disks, a virtual
 * clock. The links inside a server are FIFOs with delays of their own, so that what a
 * core asks and what it is told cross on the way. */
#ifndef TESTS_UNIT_ROLE_SIM_H
#define TESTS_UNIT_ROLE_SIM_H

#include "tests/unit/role_kit.h"

#include <stdio.h>
#include <stdlib.h>

#define SIM_NODES_MAX  5
#define SIM_QUEUE_MAX  8192
#define SIM_LINKS_MAX  4096
#define SIM_EPOCHS_MAX 8192

enum sim_type { SIM_TO_CORE, SIM_FROM_CORE, SIM_NET, SIM_DISK, SIM_DUE };
enum sim_net { SIM_OPEN, SIM_OPENED, SIM_PACKET, SIM_FIN };

struct sim_item {
	uint64_t at_us;
	uint64_t order;
	enum sim_type type;
	unsigned node;  /* where it happens */
	unsigned life;  /* of that node's peer (TO_CORE, FROM_CORE, DISK) */
	unsigned other; /* the remote */
	enum sim_net net;
	unsigned link;
	struct role_event ev;      /* TO_CORE */
	struct role_action action; /* FROM_CORE */
	struct role_packet packet; /* PACKET, to the core or over the net */
	bool persisted;            /* DISK: it is on the disk, whatever is said */
};

struct sim_link {
	unsigned ends[2];
	uint64_t last_us[2]; /* arrival of the last item at each end */
	bool dead;           /* what is sent is lost for ever */
};

struct sim_node {
	bool up;
	bool away;
	unsigned life; /* changes with a crash, and with the loss of connmgr */
	uint64_t generation;
	struct role *role;
	struct role_view view;
	int64_t accepted; /* the disk */
	int64_t current;
	bool writing;
	struct role_action write; /* the one in progress */
	uint64_t in_us;           /* arrival of the last item */
	uint64_t out_us;
	uint64_t due_us;
	unsigned links[SIM_NODES_MAX]; /* 0: none */
	/* as the elector knows it */
	bool looking;
	struct role_serial look;
	int64_t look_epoch;
	bool has_role;
	struct role_serial role_serial;
	enum notif_state state;
	struct role_vote vote;
	int64_t published;
	uint64_t last_count;
};

struct sim {
	uint64_t seed;
	uint64_t random;
	uint64_t now_us;
	uint64_t order;
	unsigned count;
	struct qconfig members;
	struct sim_node nodes[SIM_NODES_MAX];
	bool cut[SIM_NODES_MAX][SIM_NODES_MAX];
	bool calm;         /* no faults any more */
	unsigned wrong;    /* of 100 decisions */
	unsigned fault_us; /* the longest time between two faults */
	unsigned disk_slow_us;
	unsigned disk_fail; /* of 100 writes */
	int64_t round;
	unsigned item_count;
	unsigned link_count;
	struct sim_item *heap[SIM_QUEUE_MAX];
	struct sim_item pool[SIM_QUEUE_MAX];
	struct sim_link links[SIM_LINKS_MAX];
	struct { /* who was established with an epoch: node + 1 */
		unsigned node;
		uint64_t generation;
	} leaders[SIM_EPOCHS_MAX];
	const char *failure;
	uint64_t steps;
};

static inline uint64_t
sim_random(struct sim *s, uint64_t below)
{
	uint64_t z = (s->random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

static inline bool
sim_before(const struct sim_item *a, const struct sim_item *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static inline struct sim_item *
sim_put(struct sim *s, uint64_t at_us, enum sim_type type, unsigned node)
{
	struct sim_item *it;
	unsigned at = s->item_count;

	assert_true(at < SIM_QUEUE_MAX);
	it = s->heap[s->item_count++];
	memset(it, 0, sizeof(*it));
	it->at_us = at_us;
	it->order = s->order++;
	it->type = type;
	it->node = node;
	it->life = s->nodes[node].life;
	while (at > 0 && sim_before(it, s->heap[(at - 1) / 2])) {
		s->heap[at] = s->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	s->heap[at] = it;
	return it;
}

/* The earliest; its memory is free for the next sim_put. */
static inline struct sim_item
sim_take(struct sim *s)
{
	struct sim_item *first = s->heap[0];
	struct sim_item *last = s->heap[--s->item_count];
	unsigned at = 0;

	for (;;) {
		unsigned next = 2 * at + 1;

		if (next >= s->item_count)
			break;
		if (next + 1 < s->item_count &&
		    sim_before(s->heap[next + 1], s->heap[next]))
			next++;
		if (!sim_before(s->heap[next], last))
			break;
		s->heap[at] = s->heap[next];
		at = next;
	}
	s->heap[at] = last;
	s->heap[s->item_count] = first;
	return *first;
}

static inline uint64_t
sim_ipc_delay(struct sim *s)
{
	if (!s->calm && sim_random(s, 50) == 0)
		return sim_random(s, 20000);
	return 10 + sim_random(s, 100);
}

static inline struct sim_item *
sim_tell(struct sim *s, unsigned node, enum role_event_type type, unsigned other)
{
	struct sim_node *n = &s->nodes[node];
	uint64_t at = s->now_us + sim_ipc_delay(s);
	struct sim_item *it;

	n->in_us = at > n->in_us ? at : n->in_us;
	it = sim_put(s, n->in_us, SIM_TO_CORE, node);
	it->ev.type = type;
	it->ev.sid = other + 1;
	return it;
}

static inline void
sim_tell_link(struct sim *s, unsigned node, unsigned other, enum role_link link,
              enum role_loss loss)
{
	struct sim_item *it = sim_tell(s, node, ROLE_EV_REMOTE, other);

	it->ev.lane = ROLE_LANE_LEARNER;
	it->ev.link = link;
	it->ev.loss = loss;
}

static inline struct sim_item *
sim_net(struct sim *s, unsigned link, unsigned to, enum sim_net net)
{
	struct sim_link *l = &s->links[link];
	unsigned end = l->ends[1] == to;
	uint64_t delay = 50 + sim_random(s, 200);
	struct sim_item *it;

	if (!s->calm && sim_random(s, 40) == 0)
		delay += sim_random(s, 500000);
	if (s->now_us + delay > l->last_us[end])
		l->last_us[end] = s->now_us + delay;
	it = sim_put(s, l->last_us[end], SIM_NET, to);
	it->other = l->ends[!end];
	it->net = net;
	it->link = link;
	return it;
}

/* The end of a link at `node`: the other side learns it unless nothing comes through. */
static inline void
sim_hang_up(struct sim *s, unsigned node, unsigned other)
{
	unsigned link = s->nodes[node].links[other];

	s->nodes[node].links[other] = 0;
	if (link && !s->links[link].dead)
		sim_net(s, link, other, SIM_FIN);
}

static inline void
sim_connect(struct sim *s, unsigned node, unsigned other)
{
	if (s->nodes[node].links[other])
		return;
	if (s->cut[node][other]) {
		struct sim_item *it = sim_tell(s, node, ROLE_EV_REMOTE, other);

		it->ev.lane = ROLE_LANE_LEARNER;
		it->ev.link = ROLE_LINK_DOWN;
		it->ev.loss = ROLE_LOSS_FAILED;
		return;
	}
	assert_true(++s->link_count < SIM_LINKS_MAX);
	s->links[s->link_count] = (struct sim_link){.ends = {node, other}};
	sim_net(s, s->link_count, other, SIM_OPEN);
}

static inline void
sim_accept(struct sim *s, unsigned node, unsigned other, unsigned link)
{
	if (s->nodes[node].links[other] && sim_random(s, 2))
		sim_tell_link(s, node, other, ROLE_LINK_DOWN, ROLE_LOSS_ENDED);
	sim_hang_up(s, node, other);
	s->nodes[node].links[other] = link;
	sim_tell_link(s, node, other, ROLE_LINK_UP, ROLE_LOSS_OLD);
}

static inline void
sim_on_net(struct sim *s, const struct sim_item *it)
{
	struct sim_node *n = &s->nodes[it->node];
	struct sim_item *told;

	if (s->links[it->link].dead && it->net != SIM_FIN)
		return;
	switch (it->net) {
	case SIM_OPEN:
		if (!n->up || n->away) {
			if (s->nodes[it->other].up && !s->nodes[it->other].away)
				sim_tell_link(s, it->other, it->node, ROLE_LINK_DOWN,
				              ROLE_LOSS_REFUSED);
			return;
		}
		sim_accept(s, it->node, it->other, it->link);
		sim_net(s, it->link, it->other, SIM_OPENED);
		break;
	case SIM_OPENED:
		if (n->up && !n->away)
			sim_accept(s, it->node, it->other, it->link);
		else
			sim_net(s, it->link, it->other, SIM_FIN);
		break;
	case SIM_PACKET:
		if (n->links[it->other] != it->link)
			return;
		told = sim_tell(s, it->node, ROLE_EV_PACKET, it->other);
		told->packet = it->packet;
		break;
	case SIM_FIN:
		if (n->links[it->other] != it->link)
			return;
		n->links[it->other] = 0;
		sim_tell_link(s, it->node, it->other, ROLE_LINK_DOWN, ROLE_LOSS_ENDED);
		break;
	}
}

static inline void
sim_hang_up_all(struct sim *s, unsigned node)
{
	for (unsigned i = 0; i < s->count; i++)
		sim_hang_up(s, node, i);
}

/* Nothing comes through between two nodes; both notice by and by. */
static inline void
sim_cut(struct sim *s, unsigned a, unsigned b)
{
	s->cut[a][b] = s->cut[b][a] = true;
	for (unsigned i = 1; i <= s->link_count; i++) {
		struct sim_link *l = &s->links[i];
		unsigned x = l->ends[0];
		unsigned y = l->ends[1];

		if (l->dead || !((x == a && y == b) || (x == b && y == a)))
			continue;
		l->dead = true;
		l->last_us[0] = s->now_us + sim_random(s, 2000000);
		l->last_us[1] = s->now_us + sim_random(s, 2000000);
		if (s->nodes[x].links[y] == i)
			sim_net(s, i, x, SIM_FIN);
		if (s->nodes[y].links[x] == i)
			sim_net(s, i, y, SIM_FIN);
	}
}

/* The connection between two nodes breaks, and both know it. */
static inline void
sim_reset(struct sim *s, unsigned a, unsigned b)
{
	unsigned link = s->nodes[a].links[b];

	if (!link || s->links[link].dead || s->nodes[b].links[a] != link)
		return;
	sim_hang_up(s, a, b);
	s->nodes[b].links[a] = 0;
	sim_tell_link(s, a, b, ROLE_LINK_DOWN, ROLE_LOSS_ENDED);
	sim_tell_link(s, b, a, ROLE_LINK_DOWN, ROLE_LOSS_ENDED);
}

static inline void
sim_fail(struct sim *s, const char *what)
{
	if (!s->failure)
		s->failure = what;
}

#endif
