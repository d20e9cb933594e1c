/* What can happen in a world, and what it does. */
#include "tests/model/model.h"

#include <assert.h>
#include <string.h>

#define DEEDS_MAX ROLE_ACTIONS_MAX

static const struct role *
role_of(const struct model_world *w, uint8_t sid)
{
	return model_role(w->servers[sid - 1].role);
}

void
model_world_begin(struct model_world *w)
{
	const struct model_event boot = {.type = MODEL_EV_BOOT, .record = 1};

	memset(w, 0, sizeof(*w));
	memcpy(w->budget, model.c->budget, sizeof(w->budget));
	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		w->servers[sid - 1].role = sid - 1;
		w->servers[sid - 1].disk = boot.record;
		model_step_server(w, sid, &boot);
	}
}

/* ---- one step of a core ---- */

static void
finish_write(struct model_world *w, uint8_t sid)
{
	const struct model_event ev = {.type = MODEL_EV_WRITTEN};
	struct model_server *s = &w->servers[sid - 1];

	s->disk = s->writing;
	s->writing = 0;
	if (!model_bug_no_sync())
		model_step_server(w, sid, &ev);
}

static void
start_write(struct model_world *w, uint8_t sid, uint8_t record)
{
	const struct model_event ev = {.type = MODEL_EV_WRITTEN};

	w->servers[sid - 1].writing = record;
	if (model_bug_no_sync())
		model_step_server(w, sid, &ev);
	else if (!model.c->slow_learners && role_of(w, sid)->mode != ROLE_MODE_LEAD)
		finish_write(w, sid);
}

static void
do_deeds(struct model_world *w, uint8_t sid, const struct model_deed *deeds,
         uint32_t count)
{
	uint8_t dials = 0, record = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct model_deed *d = &deeds[i];

		if (d->type == ROLE_ACT_SEND) {
			model_check_send(w, sid, d);
			model_link_send(w, sid, d);
		} else if (d->type == ROLE_ACT_DISCONNECT) {
			model_link_close(w, sid, d);
		} else if (d->type == ROLE_ACT_WRITE) {
			record = d->record;
		} else if (role_of(w, sid)->mode == ROLE_MODE_FOLLOW) {
			dials = d->sid;
		}
	}
	if (dials > 0)
		model_link_dial(w, sid, dials);
	if (record > 0)
		start_write(w, sid, record);
}

void
model_step_server(struct model_world *w, uint8_t sid, const struct model_event *ev)
{
	uint32_t before = w->servers[sid - 1].role;
	struct model_step s = model_local_step(sid, before, ev);
	struct model_deed deeds[DEEDS_MAX];

	/* the next step may move the list */
	assert(s.count <= DEEDS_MAX);
	memcpy(deeds, s.deeds, s.count * sizeof(*deeds));
	w->servers[sid - 1].role = s.role;
	model_check(w, sid, before);
	do_deeds(w, sid, deeds, s.count);
}

/* ---- what can happen ---- */

struct list {
	struct model_action *out;
	unsigned count;
};

static void
add(struct list *l, enum model_kind kind, uint8_t server, uint8_t other, uint8_t slot)
{
	assert(l->count < MODEL_ACTIONS_MAX);
	l->out[l->count++] = (struct model_action){(uint8_t)kind, server, other, slot};
}

static void
add_elections(const struct model_world *w, uint8_t sid, struct list *l)
{
	const struct role *r = role_of(w, sid);

	if (r->mode != ROLE_MODE_LOOKING || w->budget[MODEL_LOOKS] == 0)
		return;
	if (r->stands)
		add(l, MODEL_LEAD, sid, 0, 0);
	for (uint8_t to = 1; to <= model.c->servers; to++) {
		enum role_mode mode = role_of(w, to)->mode;

		if (to != sid && (mode == ROLE_MODE_LEAD ||
		                  (model.c->early && mode == ROLE_MODE_LOOKING)))
			add(l, MODEL_FOLLOW, sid, to, 0);
	}
}

static void
add_links(const struct model_world *w, uint8_t sid, struct list *l)
{
	bool breaks = w->budget[MODEL_BREAKS] > 0;

	for (uint8_t slot = 0; slot < 2; slot++) {
		const struct model_link *k = &w->links[sid - 1][slot];

		if (k->near && k->down_count > 0)
			add(l, MODEL_DOWN, sid, k->to, slot);
		if (k->far && k->up_count > 0)
			add(l, MODEL_UP, sid, k->to, slot);
		if (k->near && (breaks || !k->far))
			add(l, MODEL_NEAR_ENDS, sid, k->to, slot);
		if (k->far && (breaks || !k->near))
			add(l, MODEL_FAR_ENDS, sid, k->to, slot);
	}
}

static void
add_faults(const struct model_world *w, uint8_t sid, struct list *l)
{
	const struct model_server *s = &w->servers[sid - 1];
	const struct role *r = role_of(w, sid);
	bool role = r->mode == ROLE_MODE_FOLLOW || r->mode == ROLE_MODE_LEAD;

	if (w->budget[MODEL_CRASHES] > 0) {
		if (role)
			add(l, MODEL_LOOK_AGAIN, sid, 0, 0);
		if (role || s->writing)
			add(l, MODEL_CRASH, sid, 0, 0);
		if (s->writing)
			add(l, MODEL_CRASH_KEPT, sid, 0, 0);
	}
	if (w->budget[MODEL_FAILURES] > 0 && s->writing) {
		add(l, MODEL_FAIL, sid, 0, 0);
		add(l, MODEL_FAIL_KEPT, sid, 0, 0);
	}
}

unsigned
model_actions(const struct model_world *w, struct model_action out[MODEL_ACTIONS_MAX])
{
	struct list l = {.out = out};

	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		const struct role *r = role_of(w, sid);

		add_elections(w, sid, &l);
		add_links(w, sid, &l);
		add_faults(w, sid, &l);
		if (w->servers[sid - 1].writing)
			add(&l, MODEL_WRITTEN, sid, 0, 0);
		else if (r->epochs.bad)
			add(&l, MODEL_RETRY, sid, 0, 0);
		for (unsigned i = 0; i < r->remote_count; i++)
			if (r->remotes[i].beside.number > 0)
				add(&l, MODEL_NEWCOMER, sid, (uint8_t)r->remotes[i].sid,
				    0);
	}
	return l.count;
}

/* ---- what it does ---- */

static void
hear_up(struct model_world *w, uint8_t sid, unsigned slot)
{
	struct model_link *k = &w->links[sid - 1][slot];
	struct model_event ev = {.type = MODEL_EV_PACKET, .sid = sid};
	uint8_t to = k->to;

	ev.number = (uint8_t)(MODEL_ACCEPTED + slot);
	ev.packet = model_link_take(k->up, &k->up_count);
	if (!k->passed) {
		struct model_event joins = {
		    .type = MODEL_EV_JOINS, .sid = sid, .number = ev.number};

		k->passed = true;
		model_step_server(w, to, &joins);
	}
	if (k->far) /* it has not refused it */
		model_step_server(w, to, &ev);
}

static void
hear_down(struct model_world *w, uint8_t sid)
{
	struct model_link *k = &w->links[sid - 1][0];
	struct model_event ev = {
	    .type = MODEL_EV_PACKET, .sid = k->to, .number = MODEL_DIALLED};

	ev.packet = model_link_take(k->down, &k->down_count);
	model_step_server(w, sid, &ev);
}

static void
see_near_end(struct model_world *w, uint8_t sid)
{
	struct model_event ev = {.type = MODEL_EV_ENDS,
	                         .sid = w->links[sid - 1][0].to,
	                         .number = MODEL_DIALLED};

	if (w->links[sid - 1][0].far)
		w->budget[MODEL_BREAKS]--;
	model_near_ends(w, sid);
	model_step_server(w, sid, &ev);
}

static void
see_far_end(struct model_world *w, uint8_t sid, unsigned slot)
{
	if (w->links[sid - 1][slot].near)
		w->budget[MODEL_BREAKS]--;
	model_far_ends(w, sid, slot);
}

static void
crash(struct model_world *w, uint8_t sid, bool kept)
{
	struct model_server *s = &w->servers[sid - 1];
	struct model_event boot = {.type = MODEL_EV_BOOT};

	w->budget[MODEL_CRASHES]--;
	if (kept)
		s->disk = s->writing;
	s->writing = 0;
	model_links_drop(w, sid);
	boot.record = s->disk;
	model_step_server(w, sid, &boot);
}

static void
look_again(struct model_world *w, uint8_t sid)
{
	const struct model_event again = {.type = MODEL_EV_AGAIN};

	w->budget[MODEL_CRASHES]--;
	model_links_drop(w, sid);
	model_step_server(w, sid, &again);
}

static void
fail_write(struct model_world *w, uint8_t sid, bool kept)
{
	const struct model_event failed = {.type = MODEL_EV_FAILED};
	struct model_server *s = &w->servers[sid - 1];

	w->budget[MODEL_FAILURES]--;
	if (kept)
		s->disk = s->writing;
	s->writing = 0;
	model_step_server(w, sid, &failed);
}

static void
decide(struct model_world *w, const struct model_action *a)
{
	struct model_event ev = {.type = MODEL_EV_LEAD, .sid = a->other};
	uint8_t leader = a->server;

	if (a->kind == MODEL_FOLLOW) {
		ev.type = MODEL_EV_FOLLOW;
		leader = a->other;
	}
	ev.packet.epoch = (int8_t)role_of(w, leader)->epochs.current;
	w->budget[MODEL_LOOKS]--;
	model_step_server(w, a->server, &ev);
}

static void
come_due(struct model_world *w, const struct model_action *a)
{
	struct model_event ev = {.type = MODEL_EV_RETRY};

	if (a->kind == MODEL_NEWCOMER) {
		ev.type = MODEL_EV_NEWCOMER;
		ev.sid = a->other;
	}
	model_step_server(w, a->server, &ev);
}

void
model_act(struct model_world *w, const struct model_action *a)
{
	switch ((enum model_kind)a->kind) {
	case MODEL_LEAD:
	case MODEL_FOLLOW:
		decide(w, a);
		break;
	case MODEL_WRITTEN:
		finish_write(w, a->server);
		break;
	case MODEL_DOWN:
		hear_down(w, a->server);
		break;
	case MODEL_UP:
		hear_up(w, a->server, a->slot);
		break;
	case MODEL_NEAR_ENDS:
		see_near_end(w, a->server);
		break;
	case MODEL_FAR_ENDS:
		see_far_end(w, a->server, a->slot);
		break;
	case MODEL_NEWCOMER:
	case MODEL_RETRY:
		come_due(w, a);
		break;
	case MODEL_LOOK_AGAIN:
		look_again(w, a->server);
		break;
	case MODEL_CRASH:
	case MODEL_CRASH_KEPT:
		crash(w, a->server, a->kind == MODEL_CRASH_KEPT);
		break;
	case MODEL_FAIL:
	case MODEL_FAIL_KEPT:
		fail_write(w, a->server, a->kind == MODEL_FAIL_KEPT);
		break;
	case MODEL_END:
	case MODEL_KINDS:
		break;
	}
}

bool
model_is_beyond(const struct model_world *w)
{
	for (uint8_t sid = 1; sid <= model.c->servers; sid++)
		if (role_of(w, sid)->lead.proposal > model.c->max_epoch)
			return true;
	return false;
}
