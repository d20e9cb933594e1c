/* What happens to the nodes: an oracle in place of the election, and faults. */
#ifndef TESTS_UNIT_ROLE_FAULTS_H
#define TESTS_UNIT_ROLE_FAULTS_H

#include "tests/unit/role_nodes.h"

static inline void
decide(struct sim *s, unsigned node, unsigned leader, struct role_vote vote)
{
	struct sim_node *n = &s->nodes[node];
	struct sim_item *it;

	it = sim_tell(s, node, ROLE_EV_DECIDED, node);
	it->ev.serial = n->look;
	it->ev.vote = vote;
	if (s->members.servers[node].observer)
		it->ev.state = NOTIF_OBSERVING;
	else
		it->ev.state = node == leader ? NOTIF_LEADING : NOTIF_FOLLOWING;
}

static inline bool
reaches(const struct sim *s, unsigned a, unsigned b)
{
	return s->nodes[b].up && !s->nodes[b].away && (a == b || !s->cut[a][b]);
}

/* Those who say that they follow `leader` are a quorum with it, and it says so too. */
static inline bool
is_settled(const struct sim *s, unsigned node, unsigned leader)
{
	const struct sim_node *l = &s->nodes[leader];
	unsigned total = 0;
	unsigned count = 0;

	if (leader == node || !reaches(s, node, leader) || l->looking || !l->has_role ||
	    l->state != NOTIF_LEADING)
		return false;
	for (unsigned i = 0; i < s->count; i++) {
		const struct sim_node *n = &s->nodes[i];

		if (s->members.servers[i].observer)
			continue;
		total++;
		count += i != node && reaches(s, node, i) && n->has_role && !n->looking &&
		         n->vote.leader == leader + 1;
	}
	return count > total / 2;
}

/* Elects the best of those who look and can hear `node`, if they are enough. */
static inline void
elect(struct sim *s, unsigned node)
{
	struct role_vote vote = {.round = ++s->round};
	unsigned voters = 0;
	unsigned best = node;
	unsigned total = 0;

	for (unsigned i = 0; i < s->count; i++) {
		const struct sim_node *n = &s->nodes[i];

		if (s->members.servers[i].observer)
			continue;
		total++;
		if (!n->looking || !reaches(s, node, i))
			continue;
		voters++;
		if (n->look_epoch >= s->nodes[best].look_epoch)
			best = i;
	}
	if (voters <= total / 2)
		return;
	vote.leader = best + 1;
	vote.epoch = s->nodes[best].look_epoch;
	for (unsigned i = 0; i < s->count; i++)
		if (s->nodes[i].looking && reaches(s, node, i) &&
		    !s->members.servers[i].observer)
			decide(s, i, best, vote);
}

static inline void
oracle(struct sim *s)
{
	unsigned node = (unsigned)sim_random(s, s->count);
	unsigned leader = (unsigned)sim_random(s, s->count);
	struct sim_node *n = &s->nodes[node];

	if (!n->up || n->away)
		return;
	if (n->has_role && !n->looking && n->state != NOTIF_LEADING) {
		unsigned l = (unsigned)n->vote.leader - 1;

		if (s->nodes[l].looking && reaches(s, node, l)) {
			struct sim_item *it = sim_tell(s, node, ROLE_EV_DOUBT, l);

			it->ev.serial = n->role_serial;
		}
	}
	if (!n->looking)
		return;
	if (!s->calm && sim_random(s, 100) < s->wrong &&
	    !s->members.servers[leader].observer) {
		decide(s, node, leader,
		       (struct role_vote){.leader = leader + 1, .round = ++s->round});
		return;
	}
	for (unsigned i = 0; i < s->count; i++) {
		if (is_settled(s, node, i)) {
			decide(s, node, i, s->nodes[i].vote);
			return;
		}
	}
	if (!s->members.servers[node].observer)
		elect(s, node);
}

static inline void
lose_connmgr(struct sim *s, unsigned node)
{
	struct sim_node *n = &s->nodes[node];

	sim_hang_up_all(s, node);
	for (unsigned i = 0; i < s->item_count; i++) {
		struct sim_item *it = s->heap[i];

		/* what is on its way inside is lost; the disk goes on */
		if (it->node == node &&
		    (it->type == SIM_TO_CORE || it->type == SIM_FROM_CORE))
			if (it->ev.type != ROLE_EV_START)
				it->life = UINT32_MAX;
	}
	n->away = true;
	n->looking = false;
	n->has_role = false;
	step(s, node, &(struct role_event){.type = ROLE_EV_LOST});
}

static inline void
find_connmgr(struct sim *s, unsigned node)
{
	s->nodes[node].away = false;
	step(s, node, &(struct role_event){.type = ROLE_EV_AGAIN});
}

static inline void
fault(struct sim *s)
{
	unsigned a = (unsigned)sim_random(s, s->count);
	unsigned b = (unsigned)sim_random(s, s->count);

	switch (sim_random(s, 8)) {
	case 0:
	case 1:
		if (s->nodes[a].up)
			crash(s, a);
		break;
	case 2:
		if (a != b)
			sim_cut(s, a, b);
		break;
	case 3:
	case 4:
		sim_reset(s, a, b);
		break;
	case 5:
		if (s->nodes[a].up && !s->nodes[a].away)
			lose_connmgr(s, a);
		break;
	case 6:
		s->disk_slow_us =
		    sim_random(s, 3) ? 1000 : (unsigned)sim_random(s, 500000);
		if (sim_random(s, 8) == 0)
			s->disk_slow_us = 8000000; /* it hangs */
		break;
	default:
		s->disk_fail = sim_random(s, 3) ? 0 : (unsigned)sim_random(s, 60);
		break;
	}
}

/* Most faults do not last. */
static inline void
mend(struct sim *s)
{
	unsigned a = (unsigned)sim_random(s, s->count);
	unsigned b = (unsigned)sim_random(s, s->count);

	s->cut[a][b] = s->cut[b][a] = false;
	if (!s->nodes[a].up)
		start(s, a);
	else if (s->nodes[a].away)
		find_connmgr(s, a);
}

/* The writes that hang end now. */
static inline void
unhang(struct sim *s)
{
	for (unsigned i = 0; i < s->item_count; i++) {
		struct sim_item *old = s->heap[i], *it;

		if (old->type != SIM_DISK || old->at_us < s->now_us + 500000 ||
		    old->life != s->nodes[old->node].life)
			continue;
		it = sim_put(s, s->now_us + 300, SIM_DISK, old->node);
		it->ev.error = old->ev.error;
		it->persisted = old->persisted;
		old->life = UINT32_MAX;
		i = 0; /* the heap has moved */
	}
}

static inline void
heal(struct sim *s)
{
	unhang(s);
	s->calm = true;
	s->disk_slow_us = 300;
	s->disk_fail = 0;
	memset(s->cut, 0, sizeof(s->cut));
	for (unsigned i = 0; i < s->count; i++) {
		if (!s->nodes[i].up)
			start(s, i);
		else if (s->nodes[i].away)
			find_connmgr(s, i);
		for (unsigned k = 0; k < s->count; k++) {
			struct sim_link *l = &s->links[s->nodes[i].links[k]];

			if (!l->dead)
				continue;
			l->last_us[0] = l->last_us[1] = s->now_us;
			sim_net(s, s->nodes[i].links[k], i, SIM_FIN);
		}
	}
}

#endif
