/* The nodes of the small world: one core each, driven by what role_sim.h delivers, and
 * watched: the invariants S1 and S2 of design.md are looked at in each step. */
#ifndef TESTS_UNIT_ROLE_NODES_H
#define TESTS_UNIT_ROLE_NODES_H

#include "tests/unit/role_sim.h"

static inline bool
is_durable_at_quorum(const struct sim *s, int64_t epoch)
{
	unsigned voters = 0;
	unsigned durable = 0;

	for (unsigned i = 0; i < s->count; i++) {
		if (s->members.servers[i].observer)
			continue;
		voters++;
		durable += s->nodes[i].accepted >= epoch && s->nodes[i].current >= epoch;
	}
	return durable > voters / 2;
}

static inline void
check_view(struct sim *s, struct sim_node *n, unsigned node, const struct role_view *v)
{
	if (v->active != (v->state == NOTIF_LEADING) ||
	    v->has_leader != (v->state != NOTIF_LOOKING))
		sim_fail(s, "a view that contradicts itself");
	if (!v->has_leader)
		return;
	if (v->epoch < n->published || v->epoch <= 0 || v->epoch >= SIM_EPOCHS_MAX)
		sim_fail(s, "S2: the published epoch fell");
	if (!is_durable_at_quorum(s, v->epoch))
		sim_fail(s, "S2: published before it was durable at a quorum");
	n->published = v->epoch;
	if (!v->active || s->failure)
		return;
	if (s->leaders[v->epoch].node == 0) {
		s->leaders[v->epoch].node = node + 1;
		s->leaders[v->epoch].generation = n->generation;
	}
	if (s->leaders[v->epoch].node != node + 1 ||
	    s->leaders[v->epoch].generation != n->generation)
		sim_fail(s, "S1: two leaders of one epoch");
}

static inline void
start_write(struct sim *s, unsigned node, const struct role_action *a)
{
	struct sim_node *n = &s->nodes[node];
	bool accepted = a->u.write.file == ROLE_FILE_ACCEPTED;
	bool fails = sim_random(s, 100) < s->disk_fail;
	struct sim_item *it = sim_put(
	    s, s->now_us + 200 + sim_random(s, s->disk_slow_us + 300), SIM_DISK, node);

	if (n->writing)
		sim_fail(s, "two writes at one time");
	n->writing = true;
	n->write = *a;
	if (a->u.write.epoch < (accepted ? n->accepted : n->current))
		sim_fail(s, "a smaller number is written");
	it->ev.error = fails ? -28 : 0;
	it->persisted = !fails || sim_random(s, 2);
}

static inline void
apply(struct sim *s, unsigned node, const struct role_actions *todo)
{
	struct sim_node *n = &s->nodes[node];

	for (unsigned i = 0; i < todo->count; i++) {
		const struct role_action *a = &todo->list[i];
		struct sim_item *it;

		if (a->type == ROLE_ACT_EVENT) {
			n->view = a->u.view;
			check_view(s, n, node, &n->view);
			continue;
		}
		if (a->type == ROLE_ACT_WRITE) {
			start_write(s, node, a);
			continue;
		}
		if (a->type == ROLE_ACT_LOOK || a->type == ROLE_ACT_ROLE) {
			if (a->serial.generation != n->generation ||
			    a->serial.count < n->last_count)
				sim_fail(s, "a serial that falls");
			n->last_count = a->serial.count;
		}
		if (n->away)
			continue;
		n->out_us += sim_ipc_delay(s);
		if (n->out_us < s->now_us)
			n->out_us = s->now_us;
		it = sim_put(s, n->out_us, SIM_FROM_CORE, node);
		it->action = *a;
	}
}

static inline void
step(struct sim *s, unsigned node, struct role_event *ev)
{
	static struct role_actions todo;
	struct sim_node *n = &s->nodes[node];
	uint64_t due;

	ev->now_ms = s->now_us / 1000;
	role_step(n->role, ev, &todo);
	apply(s, node, &todo);
	s->steps++;
	due = role_due_ms(n->role);
	if (due != UINT64_MAX && (n->due_us == 0 || due * 1000 < n->due_us)) {
		n->due_us = due * 1000 > s->now_us ? due * 1000 : s->now_us + 1;
		sim_put(s, n->due_us, SIM_DUE, node);
	}
}

static inline void
on_core_action(struct sim *s, unsigned node, const struct role_action *a)
{
	struct sim_node *n = &s->nodes[node];
	unsigned other = (unsigned)a->sid - 1;

	switch (a->type) {
	case ROLE_ACT_LOOK:
		n->looking = true;
		n->look = a->serial;
		n->look_epoch = a->u.look.epoch;
		break;
	case ROLE_ACT_ROLE:
		n->looking = false;
		n->has_role = true;
		n->role_serial = a->serial;
		n->state = a->u.role.state;
		n->vote = a->u.role.vote;
		break;
	case ROLE_ACT_ABSENT:
		n->looking = false;
		n->has_role = false;
		break;
	case ROLE_ACT_SEND:
		if (n->links[other] && !s->links[n->links[other]].dead)
			sim_net(s, n->links[other], other, SIM_PACKET)->packet =
			    a->u.packet;
		break;
	case ROLE_ACT_CONNECT:
		sim_connect(s, node, other);
		break;
	case ROLE_ACT_DISCONNECT:
		if (n->links[other])
			sim_tell_link(s, node, other, ROLE_LINK_DOWN, ROLE_LOSS_OLD);
		sim_hang_up(s, node, other);
		break;
	case ROLE_ACT_WRITE:
	case ROLE_ACT_EVENT:
		break;
	}
}

static inline void
persist(struct sim_node *n)
{
	if (n->write.u.write.file == ROLE_FILE_ACCEPTED)
		n->accepted = n->write.u.write.epoch;
	else
		n->current = n->write.u.write.epoch;
}

static inline void
on_disk(struct sim *s, const struct sim_item *it)
{
	struct sim_node *n = &s->nodes[it->node];
	struct role_event ev = {.type = ROLE_EV_WRITTEN, .error = it->ev.error};

	if (it->persisted)
		persist(n);
	n->writing = false;
	step(s, it->node, &ev);
}

static inline void
start(struct sim *s, unsigned node)
{
	struct sim_node *n = &s->nodes[node];
	struct role_config config = kit_config(&s->members, node + 1);
	struct sim_item *it;

	config.observer = s->members.servers[node].observer;
	assert_int_equal(role_new(&n->role, &config), 0);
	n->up = true;
	n->away = false;
	n->generation++;
	n->last_count = 0;
	role_get_view(n->role, &n->view);
	it = sim_tell(s, node, ROLE_EV_START, node);
	it->ev.generation = n->generation;
	it->ev.accepted = n->accepted;
	it->ev.current = n->current;
}

static inline void
crash(struct sim *s, unsigned node)
{
	struct sim_node *n = &s->nodes[node];

	sim_hang_up_all(s, node);
	role_free(n->role);
	n->role = NULL;
	n->up = false;
	if (n->writing && sim_random(s, 2))
		persist(n);
	n->writing = false;
	n->looking = false;
	n->has_role = false;
	n->due_us = 0;
	n->life++;
}

static inline void
run_item(struct sim *s, const struct sim_item *it)
{
	struct sim_node *n = &s->nodes[it->node];
	struct role_event ev = it->ev;
	struct qpacket packet = {
	    .type = it->packet.type,
	    .zxid = it->packet.zxid,
	    .data = it->packet.data_len ? it->packet.data : NULL,
	    .data_len = it->packet.data_len,
	    .auth_count = -1,
	};

	if (it->type == SIM_NET) {
		sim_on_net(s, it);
		return;
	}
	if (!n->up || it->life != n->life)
		return;
	switch (it->type) {
	case SIM_TO_CORE:
		ev.packet = &packet;
		if (!n->away || ev.type == ROLE_EV_AGAIN || ev.type == ROLE_EV_START)
			step(s, it->node, &ev);
		break;
	case SIM_FROM_CORE:
		if (!n->away)
			on_core_action(s, it->node, &it->action);
		break;
	case SIM_DISK:
		on_disk(s, it);
		break;
	case SIM_DUE:
		if (it->at_us != n->due_us)
			break;
		n->due_us = 0;
		ev.type = ROLE_EV_DUE;
		step(s, it->node, &ev);
		break;
	case SIM_NET:
		break;
	}
}

#endif
