/* Is a world stuck? From now on there are no faults, the election is right, all have the
 * newest file, and time goes on: somebody must come to lead, with members that are not
 * joint. That is tried with each server in turn; and with one server away, where quorums
 * of all memberships that anybody has stored are there without it. */
#include "tests/model/model.h"

#include <stdio.h>
#include <string.h>

#define STEPS_MAX  600
#define ROUNDS_MAX 8
#define PLENTY     200

static bool saying;

static void
act(struct model_world *w, enum model_kind kind, uint8_t server, uint8_t other,
    uint8_t slot)
{
	const struct model_action a = {(uint8_t)kind, server, other, slot};

	if (saying) {
		printf("     … ");
		model_say_action(w, &a);
	}
	model_act(w, &a);
}

static bool
is_done(const struct model_core *r)
{
	return r->mode == ROLE_MODE_LEAD && r->established > 0 &&
	       r->established == r->proposal && model_pair(r->adopted)->old.version == 0;
}

/* What went before is over first: the ends of connections, then what came over them. */
static const struct model_action *
choose(const struct model_action *actions, unsigned count, uint8_t away)
{
	const struct model_action *best = NULL;

	for (unsigned i = 0; i < count; i++) {
		const struct model_action *a = &actions[i];
		bool ends = a->kind == MODEL_FAR_ENDS || a->kind == MODEL_NEAR_ENDS;

		if (a->kind == MODEL_TRY_AGAIN ||
		    (a->server == away && a->kind != MODEL_FAR_ENDS))
			continue;
		if (ends)
			return a;
		if (!best)
			best = a;
	}
	return best;
}

/* All that goes on comes to its end; or `leader` (0: nobody) is done. */
static void
settle(struct model_world *w, uint8_t leader, uint8_t away)
{
	struct model_action actions[MODEL_ACTIONS_MAX];

	for (unsigned step = 0; step < STEPS_MAX; step++) {
		const struct model_action *a =
		    choose(actions, model_actions(w, actions), away);

		if (!a || (leader > 0 && is_done(model_core_of(w, leader))))
			return;
		act(w, (enum model_kind)a->kind, a->server, a->other, a->slot);
	}
}

/* The newest file that anybody has is everywhere. */
static void
reload_all(struct model_world *w, uint8_t away)
{
	uint8_t newest = 0;

	for (uint8_t i = 0; i < model.c->servers; i++)
		if (model.c->files[w->servers[i].file].version >
		    model.c->files[newest].version)
			newest = w->servers[i].file;
	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		if (sid == away || w->servers[sid - 1].file == newest)
			continue;
		w->budget[MODEL_RELOADS] = 1;
		act(w, MODEL_RELOAD, sid, newest, 0);
		w->budget[MODEL_RELOADS] = 0;
	}
}

/* Everybody looks; who is away has lost its connections, and does nothing more. */
static void
begin(struct model_world *w, uint8_t leader, uint8_t away)
{
	memset(w->budget, 0, sizeof(w->budget));
	w->budget[MODEL_CRASHES] = PLENTY;
	for (uint8_t sid = 1; sid <= model.c->servers; sid++)
		if (sid == away)
			act(w, MODEL_CRASH, sid, 0, 0);
		else if (model_core_of(w, sid)->mode != ROLE_MODE_LOOKING)
			act(w, MODEL_LOOK_AGAIN, sid, 0, 0);
	w->budget[MODEL_CRASHES] = 0;
	settle(w, 0, away);
	reload_all(w, away);
	if (!model_core_of(w, leader)->stands)
		return;
	w->budget[MODEL_LOOKS] = 1;
	act(w, MODEL_LEAD, leader, 0, 0);
	w->budget[MODEL_LOOKS] = 0;
}

static void
follow_all(struct model_world *w, uint8_t leader, uint8_t away)
{
	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		const struct model_core *r = model_core_of(w, sid);

		if (sid == away || sid == leader || r->mode != ROLE_MODE_LOOKING ||
		    !(r->remotes[leader - 1].is || r->joins))
			continue;
		w->budget[MODEL_LOOKS] = 1;
		act(w, MODEL_FOLLOW, sid, leader, 0);
		w->budget[MODEL_LOOKS] = 0;
	}
}

static bool
can_lead(struct model_world *w, uint8_t leader, uint8_t away)
{
	const struct model_core *r;

	begin(w, leader, away);
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		r = model_core_of(w, leader);
		if (r->mode != ROLE_MODE_LEAD || is_done(r) || model.wrong[0] != '\0')
			break;
		follow_all(w, leader, away);
		settle(w, leader, away);
		r = model_core_of(w, leader);
		if (r->mode != ROLE_MODE_LEAD || is_done(r) ||
		    r->kind != ROLE_KIND_CHANGE || round % 2 == 0)
			continue;
		w->budget[MODEL_GIVE_UPS] = 1;
		act(w, MODEL_GIVE_UP, leader, 0, 0);
		w->budget[MODEL_GIVE_UPS] = 0;
		settle(w, leader, away);
	}
	return is_done(model_core_of(w, leader));
}

/* One after the other, twice: what one has tried, another may have to get over. */
static bool
can_anybody(const struct model_world *from, uint8_t away)
{
	struct model_world w = *from;

	for (unsigned i = 0; i < 2 * model.c->servers; i++) {
		uint8_t sid = (uint8_t)(i % model.c->servers + 1);

		if (sid != away && can_lead(&w, sid, away))
			return true;
	}
	return false;
}

/* ---- who may be away ---- */

static bool
is_quorum_without(const struct model_world *w, const struct members *m, uint8_t away)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *e = &m->list[i];

		count += e->sid != away && model_instance_number(&e->instance) ==
		                               w->servers[e->sid - 1].instance;
	}
	return m->version == 0 || 2 * count > m->count;
}

static bool
are_quorums_without(const struct model_world *w, const struct members_record *record,
                    uint8_t away)
{
	return is_quorum_without(w, &record->old, away) &&
	       is_quorum_without(w, &record->new, away);
}

/* A write in progress is in the core's record already. */
static bool
may_be_away(const struct model_world *w, uint8_t away)
{
	/* a founding takes all */
	if (w->members == 0 || model.c->budget[MODEL_REFOUNDS] > 0)
		return away == 0;
	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		const struct model_server *s = &w->servers[sid - 1];

		if (!are_quorums_without(w, &model_record(s->disk)->members, away) ||
		    !are_quorums_without(w, model_pair(model_core_of(w, sid)->record),
		                         away))
			return false;
	}
	return true;
}

static void
look_closely(const struct model_world *w, uint8_t away)
{
	if (can_anybody(w, away) || model.wrong[0] != '\0')
		return;
	if (away == 0)
		model_fail("L1: nobody can come to lead, though all servers are there");
	else
		model_fail(
		    "L1: nobody can come to lead without server %u, though quorums of "
		    "all members are there",
		    away);
}

void
model_heal(const struct model_world *w)
{
	if (model.c->leases) /* time does not pass here */
		return;
	for (uint8_t away = 0; away <= model.c->servers; away++)
		if (may_be_away(w, away))
			look_closely(w, away);
}

void
model_heal_say(const struct model_world *w)
{
	saying = true;
	model_heal(w);
	saying = false;
}
