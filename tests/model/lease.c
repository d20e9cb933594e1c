/* Leases (docs/LEASE.md): programs that hold, time that passes, processes that are
 * killed, and what must hold of it all, S3. The cores do the rest. */
#include "tests/model/bug.h"
#include "tests/model/model.h"
#include "wire/lease_packet.h"

#include <stdio.h>
#include <string.h>

static struct model_lease *
lease_of(struct model_world *w, uint8_t sid)
{
	return &w->servers[sid - 1].lease;
}

/* ---- what programs may believe ---- */

static void
go_by(struct model_lease *l, uint8_t end, uint8_t epoch)
{
	if (end <= l->old_end)
		return;
	l->old_end = end;
	l->old_epoch = epoch;
}

/* Who holds, or is gone without a word, may act until the last end that it has read. */
static void
withdraw(struct model_lease *l)
{
	if (l->holds || l->broken)
		go_by(l, l->end, l->epoch);
	l->end = l->epoch = 0;
}

static bool
is_valid(const struct model_lease *l, int below)
{
	return (l->end > 0 && l->epoch < below) ||
	       (l->old_end > 0 && l->old_epoch < below);
}

void
model_lease_check(const struct model_world *w, uint8_t sid, int epoch)
{
	for (uint8_t other = 1; other <= model.c->servers; other++)
		if (other != sid && is_valid(&w->servers[other - 1].lease, epoch))
			model_fail("S3: server %u is established in epoch %d, while a "
			           "lease of server %u is valid",
			           sid, epoch, other);
	if (epoch > 0 && w->servers[sid - 1].lease.released == epoch)
		model_fail("R5: server %u leads epoch %d again, which it has released",
		           sid, epoch);
}

void
model_lease_page(struct model_world *w, uint8_t sid, const struct model_deed *d)
{
	struct model_lease *l = lease_of(w, sid);

	if (d->packet.extra == 0) {
		withdraw(l);
		return;
	}
	l->end = d->packet.extra;
	l->epoch = (uint8_t)d->packet.epoch;
	if (l->ghost && model_bug_relies())
		go_by(l, l->end, l->epoch);
	if (w->largest > l->epoch)
		model_fail("S3: server %u has a lease in epoch %u, when epoch %u is "
		           "established",
		           sid, l->epoch, w->largest);
	for (uint8_t other = 1; other <= model.c->servers; other++)
		if (other != sid && is_valid(&w->servers[other - 1].lease, MODEL_EPOCHS))
			model_fail("S3: servers %u and %u have leases at one time", sid,
			           other);
}

void
model_lease_sent(struct model_world *w, uint8_t sid, const struct model_deed *d)
{
	if (d->packet.type == QPACKET_PING && (d->packet.body & LEASE_RELEASE))
		lease_of(w, sid)->released = (uint8_t)d->packet.epoch;
}

void
model_lease_gone(struct model_world *w, uint8_t sid, bool machine)
{
	struct model_lease *l = lease_of(w, sid);
	uint8_t released = l->released;

	if (machine) {
		*l = (struct model_lease){.released = released};
		return;
	}
	go_by(l, l->end, l->epoch);
	l->ghost |= l->holds || l->broken;
	l->end = l->epoch = 0;
	l->holds = l->broken = false;
}

/* ---- what may happen ---- */

static bool
leads(const struct model_core *r)
{
	return r->mode == ROLE_MODE_LEAD && r->established > 0;
}

static void
add_holders(const struct model_world *w, uint8_t sid, model_add *add, void *list)
{
	const struct model_lease *l = &w->servers[sid - 1].lease;
	const struct model_core *r = model_core_of(w, sid);

	if (w->budget[MODEL_HOLDS] > 0 && !l->holds && leads(r) && !r->releasing)
		add(list, MODEL_HOLD, sid, 0, 0);
	if (l->holds && model.c->lets_go)
		add(list, MODEL_LET_GO, sid, 0, 0);
	if (l->holds && w->budget[MODEL_BROKEN] > 0)
		add(list, MODEL_BREAK, sid, 0, 0);
}

/* One PING is on its way to a learner at a time. */
static bool
may_ping(const struct model_world *w, uint8_t sid, uint8_t other)
{
	const struct model_link *k = &w->links[other - 1][0];

	return other != sid && model_core_of(w, sid)->remotes[other - 1].open &&
	       k->to == sid && k->down_count < 2;
}

static void
add_leader(const struct model_world *w, uint8_t sid, model_add *add, void *list)
{
	const struct model_core *r = model_core_of(w, sid);
	bool steps = w->budget[MODEL_STEP_DOWNS] > 0 && !r->releasing;

	if (!leads(r))
		return;
	if (steps)
		add(list, MODEL_STEP_DOWN, sid, 0, 0);
	for (uint8_t other = 1; other <= model.c->servers; other++) {
		if (!may_ping(w, sid, other))
			continue;
		if (w->budget[MODEL_PINGS] > 0)
			add(list, MODEL_PING, sid, other, 0);
		if (steps && w->budget[MODEL_STEP_DOWNS] > 1)
			add(list, MODEL_STEP_DOWN, sid, other, 0);
	}
}

void
model_lease_actions(const struct model_world *w, uint8_t sid, model_add *add, void *list)
{
	const struct model_core *r = model_core_of(w, sid);
	bool role = r->mode == ROLE_MODE_FOLLOW || r->mode == ROLE_MODE_LEAD;

	if (!model.c->leases)
		return;
	if (r->due)
		add(list, MODEL_DUE, sid, 0, 0);
	add_holders(w, sid, add, list);
	add_leader(w, sid, add, list);
	if (w->budget[MODEL_SILENCES] > 0 && role && !r->due)
		add(list, MODEL_SILENCE, sid, 0, 0);
	if (w->budget[MODEL_KILLS] > 0 && (role || r->timed))
		add(list, MODEL_KILL, sid, 0, 0);
	if (w->budget[MODEL_LOST_MEMORIES] > 0 && (role || r->timed))
		add(list, MODEL_KILL_LOST, sid, 0, 0);
}

/* Does it change anything? */
bool
model_lease_may_pass(const struct model_world *w)
{
	bool timed = false;

	for (uint8_t sid = 1; sid <= model.c->servers; sid++)
		timed |= model_core_of(w, sid)->timed ||
		         is_valid(&w->servers[sid - 1].lease, MODEL_EPOCHS);
	return model.c->leases && w->budget[MODEL_PASSES] > 0 && timed;
}

/* ---- what it does ---- */

static uint8_t
less(uint8_t ms, uint8_t by)
{
	return ms > by ? (uint8_t)(ms - by) : 0;
}

static void
pass(struct model_world *w)
{
	for (uint8_t sid = 1; sid <= model.c->servers; sid++) {
		struct model_lease *l = lease_of(w, sid);
		struct model_event ev = {.type = MODEL_EV_PASS};

		ev.packet.extra = model.c->pass_ms[sid - 1];
		if (ev.packet.extra == 0)
			ev.packet.extra = MODEL_PASS_MS;
		l->end = less(l->end, ev.packet.extra);
		l->epoch = l->end > 0 ? l->epoch : 0;
		l->broken &= l->end > 0; /* it goes by what it has read */
		l->old_end = less(l->old_end, ev.packet.extra);
		l->old_epoch = l->old_end > 0 ? l->old_epoch : 0;
		model_step_server(w, sid, &ev);
	}
}

static void
hold(struct model_world *w, uint8_t sid, enum model_kind kind)
{
	struct model_lease *l = lease_of(w, sid);
	struct model_event ev = {.type = MODEL_EV_HOLDS};

	l->holds = kind == MODEL_HOLD;
	l->broken |= kind == MODEL_BREAK && l->end > 0;
	ev.packet.extra = l->holds;
	ev.number = kind == MODEL_BREAK;
	model_step_server(w, sid, &ev);
}

static void
tell(struct model_world *w, const struct model_action *a, enum model_event_type type)
{
	const struct model_event ev = {.type = (uint8_t)type, .sid = a->other & 15u};

	model_step_server(w, a->server, &ev);
}

/* Its connections end, but no machine does. */
static void
kill_peer(struct model_world *w, uint8_t sid, enum model_found found)
{
	model_lease_gone(w, sid, false);
	w->servers[sid - 1].writing = 0;
	model_links_drop(w, sid);
	model_boot(w, sid, found);
}

static bool
spend(struct model_world *w, enum model_budget which)
{
	w->budget[which]--;
	return true;
}

bool
model_lease_act(struct model_world *w, const struct model_action *a)
{
	enum model_kind kind = (enum model_kind)a->kind;

	if (kind == MODEL_PASS && spend(w, MODEL_PASSES))
		pass(w);
	else if (kind == MODEL_DUE)
		tell(w, a, MODEL_EV_DUE);
	else if ((kind == MODEL_HOLD && spend(w, MODEL_HOLDS)) || kind == MODEL_LET_GO ||
	         (kind == MODEL_BREAK && spend(w, MODEL_BROKEN)))
		hold(w, a->server, kind);
	else if (kind == MODEL_PING && spend(w, MODEL_PINGS))
		tell(w, a, MODEL_EV_PING);
	else if (kind == MODEL_SILENCE && spend(w, MODEL_SILENCES))
		tell(w, a, MODEL_EV_SILENCE);
	else if (kind == MODEL_STEP_DOWN && spend(w, MODEL_STEP_DOWNS))
		tell(w, a, MODEL_EV_STEP_DOWN);
	else if (kind == MODEL_KILL && spend(w, MODEL_KILLS))
		kill_peer(w, a->server, MODEL_FOUND_MEMORY);
	else if (kind == MODEL_KILL_LOST && spend(w, MODEL_LOST_MEMORIES))
		kill_peer(w, a->server, MODEL_FOUND_NOTHING);
	else
		return false;
	return true;
}

/* Server 2 has promised. What server 3 was asked is on its way still. */
void
model_lease_begin(struct model_world *w)
{
	const struct model_action hold = {.kind = MODEL_HOLD, .server = 1};
	struct model_action actions[MODEL_ACTIONS_MAX];

	w->budget[MODEL_HOLDS] = 1;
	model_act(w, &hold);
	for (;;) {
		unsigned count = model_actions(w, actions), i = 0;

		while (i < count &&
		       (actions[i].kind == MODEL_LET_GO ||
		        (actions[i].kind == MODEL_DOWN && actions[i].server > 2)))
			i++;
		if (i == count)
			break;
		model_act(w, &actions[i]);
	}
}

void
model_lease_say(const struct model_world *w, uint8_t sid)
{
	const struct model_lease *l = &w->servers[sid - 1].lease;

	if (l->holds || l->broken || l->ghost)
		printf("; somebody holds%s%s", l->broken ? ", one without a word" : "",
		       l->ghost ? ", or held with an earlier process" : "");
	if (l->end > 0)
		printf("; lease of %u for %u ms", l->epoch, l->end);
	if (l->old_end > 0)
		printf("; an older one of %u for %u ms", l->old_epoch, l->old_end);
}
