/* What can happen in a world, and what it does. */
#include "tests/model/model.h"

#include <assert.h>
#include <string.h>

#define DEEDS_MAX ROLE_ACTIONS_MAX

const struct model_core *
model_core_of(const struct model_world *w, uint8_t sid)
{
	return model_core(w->servers[sid - 1].role);
}

/* ---- one step of a core ---- */

static void
do_deeds(struct model_world *w, uint8_t sid, const struct model_deed *deeds,
         uint32_t count)
{
	uint8_t dials = 0;
	uint16_t record = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct model_deed *d = &deeds[i];

		if (d->type == ROLE_ACT_SEND) {
			model_check_send(w, sid, d);
			model_lease_sent(w, sid, d);
			model_link_send(w, sid, d);
		} else if (d->type == ROLE_ACT_DISCONNECT) {
			model_link_close(w, sid, d);
		} else if (d->type == ROLE_ACT_PAGE) {
			model_lease_page(w, sid, d);
		} else if (d->type == ROLE_ACT_WRITE) {
			record = d->packet.body;
		} else if (model_core_of(w, sid)->mode == ROLE_MODE_FOLLOW) {
			dials = d->sid;
		}
	}
	if (dials > 0)
		model_link_dial(w, sid, dials);
	if (record > 0)
		model_start_write(w, sid, record);
}

void
model_step_server(struct model_world *w, uint8_t sid, const struct model_event *ev)
{
	uint32_t before = w->servers[sid - 1].role;
	struct model_step s = model_local_step(before, ev);
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
add(void *list, enum model_kind kind, uint8_t server, uint8_t other, uint8_t slot)
{
	struct list *l = (struct list *)list;

	assert(l->count < MODEL_ACTIONS_MAX);
	l->out[l->count++] = (struct model_action){(uint8_t)kind, server, other, slot};
}

static bool
may_know(const struct model_core *r, uint8_t to)
{
	return r->remotes[to - 1].is || r->joins;
}

static void
add_elections(const struct model_world *w, uint8_t sid, struct list *l)
{
	const struct model_core *r = model_core_of(w, sid);

	if (r->mode != ROLE_MODE_LOOKING || w->budget[MODEL_LOOKS] == 0)
		return;
	if (r->stands && !r->observes)
		add(l, MODEL_LEAD, sid, 0, 0);
	for (uint8_t to = 1; to <= model.c->servers; to++) {
		uint8_t mode = model_core_of(w, to)->mode;

		if (to != sid && may_know(r, to) &&
		    (mode == ROLE_MODE_LEAD ||
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
	uint8_t mode = model_core_of(w, sid)->mode;
	bool role = mode == ROLE_MODE_FOLLOW || mode == ROLE_MODE_LEAD;

	if (w->budget[MODEL_CRASHES] > 0) {
		if (role)
			add(l, MODEL_LOOK_AGAIN, sid, 0, 0);
		if (role || s->writing)
			add(l, MODEL_CRASH, sid, 0, 0);
		if (s->writing) {
			add(l, MODEL_CRASH_KEPT, sid, 0, 0);
			add(l, MODEL_CRASH_HALF, sid, 0, 0);
		}
	}
	if (w->budget[MODEL_FAILURES] > 0 && s->writing) {
		add(l, MODEL_FAIL, sid, 0, 0);
		add(l, MODEL_FAIL_KEPT, sid, 0, 0);
	}
	if (w->budget[MODEL_WIPES] > 0 && model_may_wipe(w, sid))
		add(l, MODEL_WIPE, sid, 0, 0);
	if (w->budget[MODEL_RESTORES] > 0 && model_may_wipe(w, sid))
		add(l, MODEL_RESTORE, sid, 0, 0);
}

static void
add_operator(const struct model_world *w, uint8_t sid, struct list *l)
{
	const struct model_server *s = &w->servers[sid - 1];

	if (w->budget[MODEL_RELOADS] > 0)
		for (uint8_t i = 0; i < MODEL_FILES && model.c->files[i].version; i++)
			if (model.c->files[i].version > model.c->files[s->file].version)
				add(l, MODEL_RELOAD, sid, i, 0);
	if (w->budget[MODEL_REFOUNDS] > 0 && model_record(s->disk)->members.epoch > 0)
		add(l, MODEL_REFOUND, sid, 0, 0);
}

/* Deadlines that do more than to end a role. */
static void
add_deadlines(const struct model_world *w, uint8_t sid, struct list *l)
{
	const struct model_core *r = model_core_of(w, sid);

	if (r->bad && !w->servers[sid - 1].writing)
		add(l, MODEL_RETRY, sid, 0, 0);
	for (uint8_t i = 0; i < model.c->servers; i++)
		if (r->remotes[i].beside)
			add(l, MODEL_NEWCOMER, sid, (uint8_t)(i + 1), 0);
	if (r->mode != ROLE_MODE_LEAD)
		return;
	if (w->budget[MODEL_GIVE_UPS] > 0 && r->proposal != r->established)
		add(l, MODEL_GIVE_UP, sid, 0, 0);
	if (r->waits && r->proposal == r->established)
		add(l, MODEL_TRY_AGAIN, sid, 0, 0);
}

unsigned
model_actions(const struct model_world *w, struct model_action out[MODEL_ACTIONS_MAX])
{
	struct list l = {.out = out};

	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		add_elections(w, sid, &l);
		add_links(w, sid, &l);
		if (w->servers[sid - 1].writing)
			add(&l, MODEL_WRITTEN, sid, 0, 0);
		add_deadlines(w, sid, &l);
		add_operator(w, sid, &l);
		model_lease_actions(w, sid, add, &l);
		add_faults(w, sid, &l);
	}
	if (model_lease_may_pass(w))
		add(&l, MODEL_PASS, 0, 0, 0);
	return l.count;
}

/* ---- what it does ---- */

static void
hear_up(struct model_world *w, uint8_t sid, unsigned slot)
{
	struct model_link *k = &w->links[sid - 1][slot];
	struct model_event ev = {.type = MODEL_EV_PACKET, .sid = sid & 15u};
	uint8_t to = k->to;

	ev.number = (MODEL_ACCEPTED + slot) & 15u;
	ev.packet = model_link_take(k->up, &k->up_count);
	if (!k->passed) {
		struct model_event joins = {
		    .type = MODEL_EV_JOINS, .sid = sid & 15u, .number = ev.number};

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
	    .type = MODEL_EV_PACKET, .sid = k->to & 15u, .number = MODEL_DIALLED};

	ev.packet = model_link_take(k->down, &k->down_count);
	model_step_server(w, sid, &ev);
}

static void
see_near_end(struct model_world *w, uint8_t sid)
{
	struct model_event ev = {.type = MODEL_EV_ENDS,
	                         .sid = w->links[sid - 1][0].to & 15u,
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
look_again(struct model_world *w, uint8_t sid)
{
	const struct model_event again = {.type = MODEL_EV_AGAIN};

	w->budget[MODEL_CRASHES]--;
	model_links_drop(w, sid);
	model_step_server(w, sid, &again);
}

static void
decide(struct model_world *w, const struct model_action *a)
{
	struct model_event ev = {.type = MODEL_EV_LEAD, .sid = a->other & 15u};
	uint8_t leader = a->server;

	if (a->kind == MODEL_FOLLOW) {
		const struct model_event where = {.type = MODEL_EV_WHERE,
		                                  .sid = a->other & 15u};

		if (!model_core_of(w, a->server)->remotes[a->other - 1].is)
			model_step_server(w, a->server, &where);
		ev.type = MODEL_EV_FOLLOW;
		leader = a->other;
	}
	ev.packet.epoch = model_core_of(w, leader)->current;
	w->budget[MODEL_LOOKS]--;
	model_step_server(w, a->server, &ev);
}

static void
come_due(struct model_world *w, const struct model_action *a, enum model_event_type type)
{
	const struct model_event ev = {.type = (uint8_t)type, .sid = a->other & 15u};

	if (type == MODEL_EV_GIVE_UP)
		w->budget[MODEL_GIVE_UPS]--;
	model_step_server(w, a->server, &ev);
}

static void
operate(struct model_world *w, const struct model_action *a)
{
	struct model_event ev = {.type = MODEL_EV_REFOUND};

	if (a->kind == MODEL_RELOAD) {
		ev.type = MODEL_EV_FILE;
		ev.packet.extra = a->other;
		w->servers[a->server - 1].file = a->other;
		w->budget[MODEL_RELOADS]--;
	} else {
		w->budget[MODEL_REFOUNDS]--;
	}
	model_step_server(w, a->server, &ev);
}

void
model_act(struct model_world *w, const struct model_action *a)
{
	if (model_lease_act(w, a))
		return;
	switch (a->kind) {
	case MODEL_LEAD:
	case MODEL_FOLLOW:
		decide(w, a);
		break;
	case MODEL_WRITTEN:
		model_finish_write(w, a->server);
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
		come_due(w, a, MODEL_EV_NEWCOMER);
		break;
	case MODEL_RETRY:
		come_due(w, a, MODEL_EV_RETRY);
		break;
	case MODEL_GIVE_UP:
		come_due(w, a, MODEL_EV_GIVE_UP);
		break;
	case MODEL_TRY_AGAIN:
		come_due(w, a, MODEL_EV_TRY_AGAIN);
		break;
	case MODEL_LOOK_AGAIN:
		look_again(w, a->server);
		break;
	case MODEL_CRASH:
	case MODEL_CRASH_KEPT:
	case MODEL_CRASH_HALF:
		model_crash(w, a);
		break;
	case MODEL_FAIL:
	case MODEL_FAIL_KEPT:
		model_fail_write(w, a->server, a->kind == MODEL_FAIL_KEPT);
		break;
	case MODEL_RELOAD:
	case MODEL_REFOUND:
		operate(w, a);
		break;
	case MODEL_WIPE:
	case MODEL_RESTORE:
		model_wipe(w, a->server, a->kind == MODEL_RESTORE);
		break;
	default: /* of leases */
		break;
	}
}

bool
model_is_beyond(const struct model_world *w)
{
	for (uint8_t sid = 1; sid <= model.c->servers; sid++)
		if (model_core_of(w, sid)->proposal > model.c->max_epoch)
			return true;
	return false;
}

/* ---- the first world ---- */

/* Server 1 leads the group of the first file; all that goes on comes to its end. */
static void
lead(struct model_world *w)
{
	struct model_action actions[MODEL_ACTIONS_MAX];

	w->budget[MODEL_LOOKS] = MODEL_SERVERS;
	model_act(w, &(struct model_action){.kind = MODEL_LEAD, .server = 1});
	for (uint8_t sid = 2; sid <= model.c->servers; sid++)
		if (model.c->files[0].sids & 1u << sid)
			model_act(w, &(struct model_action){MODEL_FOLLOW, sid, 1, 0});
	w->budget[MODEL_LOOKS] = 0;
	while (model_actions(w, actions) > 0)
		model_act(w, &actions[0]);
}

void
model_world_begin(struct model_world *w)
{
	const struct model_case *c = model.c;

	memset(w, 0, sizeof(*w));
	for (uint8_t sid = 1; sid <= c->servers; sid++) {
		struct model_server *s = &w->servers[sid - 1];

		s->role = sid - 1;
		s->instance = 1;
		s->file = c->file[sid - 1];
		s->disk = model_first_disk(sid, 1);
	}
	if (c->grown) {
		w->established[1] = 1;
		w->largest = 1;
		w->members = model_keep_pair(&model_record(w->servers[0].disk)->members);
	}
	for (uint8_t sid = 1; sid <= c->servers; sid++)
		model_boot(w, sid, MODEL_FOUND_REBOOT);
	if (c->led)
		lead(w);
	if (c->leases)
		model_lease_begin(w);
	memcpy(w->budget, c->budget, sizeof(w->budget));
}
