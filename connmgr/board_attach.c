/* Which worker is active: see board.h, and "Rules that make crashes cheap" in
 * docs/DESIGN.md. Start, restart and promotion make a worker active in one way: record
 * generation + 1, send activate and the replay, cut the link of the old one. What the
 * worker says counts from its next hello on. A promotion has its record on the disk
 * before that, while the old elector goes on. */
#include "connmgr/board_impl.h"

#include <assert.h>
#include <string.h>

static uint64_t
next_generation(const struct board_role *role)
{
	const struct board_record *r = &role->record;

	return (r->generation > r->floor ? r->generation : r->floor) + 1;
}

static void
put_record(struct board *b, enum msg_who who, unsigned candidate, bool prepared,
           struct board_actions *out)
{
	struct board_role *role = board_role(b, who);
	struct board_action *a = board_add(out, BOARD_DO_RECORD, candidate);

	role->pending = true;
	role->candidate = candidate;
	a->who = who;
	a->name = b->workers[candidate].name;
	a->generation = next_generation(role);
	a->prepared = prepared;
}

static void
elect(struct board *b, enum msg_who who, struct board_actions *out)
{
	const struct board_role *role = board_role(b, who);
	int best = -1;

	if (board_active(b, who) >= 0 || role->pending || role->record.unread)
		return;
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *w = &b->workers[i];

		if (!w->used || w->who != who || w->generation > 0 ||
		    w->phase != BOARD_OPEN)
			continue;
		if (role->record.name[0] != '\0' &&
		    strcmp(w->name, role->record.name) != 0)
			continue;
		if (best < 0 || w->order < b->workers[best].order)
			best = (int)i;
	}
	if (best >= 0)
		put_record(b, who, (unsigned)best, false, out);
}

void
board_on_gone(struct board *b, unsigned worker, struct board_actions *out)
{
	struct board_worker *w = &b->workers[worker];
	enum msg_who who = w->who;
	bool active = board_is_active(b, worker);

	if (!w->used)
		return;
	board_unlink(b, worker, true, out);
	w->used = false;
	if (!active)
		return;
	if (who == MSG_WHO_PEER)
		board_forget_word(b, out);
	elect(b, who, out);
}

static void
raise_floor(struct board_record *record, uint64_t generation)
{
	if (generation > record->floor && generation <= BOARD_GENERATION_MAX)
		record->floor = generation;
}

void
board_on_attach(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_worker *w = &b->workers[ev->worker];
	struct board_record *record = &board_role(b, ev->who)->record;
	int holder = board_active(b, ev->who);

	assert(strlen(ev->name) < PATHS_NAME_MAX);
	if (w->used && w->who != ev->who) {
		board_on_gone(b, ev->worker, out);
		holder = board_active(b, ev->who);
	}
	if (ev->generation > 0 && (ev->generation != record->generation ||
	                           (holder >= 0 && holder != (int)ev->worker))) {
		raise_floor(record, ev->generation);
		board_on_gone(b, ev->worker, out);
		board_add(out, BOARD_DO_SUPERSEDED, ev->worker)->other_name =
		    record->name[0] != '\0' && strcmp(ev->name, record->name) != 0;
		return;
	}
	if (w->used)
		board_unlink(b, ev->worker, true, out);
	else
		w->order = ++b->order;
	w->used = true;
	w->who = ev->who;
	strcpy(w->name, ev->name);
	w->generation = ev->generation;
	w->phase = BOARD_GREETING;
	w->told = false;
	w->due_ms = ev->now_ms + b->hello_ms;
	board_add(out, BOARD_DO_OPEN, ev->worker)->generation = ev->generation;
	if (ev->generation == 0)
		elect(b, ev->who, out); /* it may have been the active one until now */
}

static void
tell(struct board *b, unsigned worker, struct board_actions *out)
{
	b->workers[worker].told = true;
	board_add(out, BOARD_DO_REPLAY, worker);
}

void
board_on_hello(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_worker *w = &b->workers[ev->worker];
	bool first = w->phase == BOARD_GREETING;
	const struct board_role *role;

	if (!w->used || w->phase == BOARD_UNLINKED)
		return;
	if (w->phase == BOARD_OPEN || ev->generation != w->generation) {
		board_unlink(b, ev->worker, true, out);
		return;
	}
	w->phase = BOARD_OPEN;
	w->due_ms = UINT64_MAX;
	if (!first)
		return; /* it had the replay with activate */
	board_add(out, BOARD_DO_WELCOME, ev->worker)->generation = w->generation;
	if (w->generation == 0)
		elect(b, w->who, out);
	role = board_role(b, w->who);
	if (!role->pending || role->candidate != ev->worker)
		tell(b, ev->worker, out);
}

void
board_on_read(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	struct board_record *record = &board_role(b, ev->who)->record;

	if (!record->unread)
		return;
	assert(strlen(ev->name) < PATHS_NAME_MAX);
	strcpy(record->name, ev->name);
	raise_floor(record, ev->generation);
	record->unread = false;
	elect(b, ev->who, out);
}

void
board_on_recorded(struct board *b, const struct board_event *ev,
                  struct board_actions *out)
{
	struct board_role *role = board_role(b, ev->who);
	struct board_worker *w = &b->workers[role->candidate];
	int old = board_active(b, ev->who);
	bool open;

	if (!role->pending)
		return;
	role->pending = false;
	role->retry_ms = UINT64_MAX;
	if (!ev->ok) {
		role->retry_ms = ev->now_ms + BOARD_RETRY_MS;
		if (w->phase == BOARD_OPEN && !w->told)
			tell(b, role->candidate, out); /* it stays a shadow until then */
		return;
	}
	role->record.generation = ev->generation;
	strcpy(role->record.name, w->name);
	open = w->phase == BOARD_OPEN; /* false: its link broke meanwhile */
	if (open) {
		w->generation = ev->generation;
		w->phase = BOARD_ACTIVATING;
		w->due_ms = ev->now_ms + b->hello_ms;
		board_add(out, BOARD_DO_ACTIVATE, role->candidate)->generation =
		    ev->generation;
		tell(b, role->candidate, out);
	}
	if (old >= 0) /* the last action: nobody waits for it */
		board_unlink(b, (unsigned)old, true, out);
	if (!open)
		elect(b, ev->who, out);
}

static void
refuse(struct board_actions *out, const char *why)
{
	board_add(out, BOARD_DO_REFUSE, 0)->why = why;
}

static void
prepare(struct board *b, unsigned worker, struct board_actions *out)
{
	struct board_action *a = board_add(out, BOARD_DO_PREPARE, worker);

	a->name = b->workers[worker].name;
	a->generation = next_generation(board_role(b, MSG_WHO_ELECTOR));
	b->promotion = (struct board_promotion){
	    .preparing = true,
	    .worker = worker,
	    .order = b->workers[worker].order,
	    .generation = a->generation,
	};
}

void
board_on_promote(struct board *b, const struct board_event *ev, struct board_actions *out)
{
	const char *why = "no elector of that name is attached";

	if (board_role(b, MSG_WHO_ELECTOR)->record.unread) {
		refuse(out, "the record in data_dir has not been read yet");
		return;
	}
	if (b->promotion.preparing) {
		refuse(out, "another promotion is under way");
		return;
	}
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *w = &b->workers[i];

		if (!w->used || w->who != MSG_WHO_ELECTOR ||
		    strcmp(w->name, ev->name) != 0)
			continue;
		if (w->generation > 0) {
			why = "that elector is active already, or was before";
			continue;
		}
		if (w->phase != BOARD_OPEN) {
			why = "that elector is not synced yet";
			continue;
		}
		prepare(b, i, out);
		return;
	}
	refuse(out, why);
}

void
board_on_prepared(struct board *b, const struct board_event *ev,
                  struct board_actions *out)
{
	const struct board_promotion *p = &b->promotion;
	const struct board_worker *w = &b->workers[p->worker];

	assert(p->preparing);
	b->promotion.preparing = false;
	if (!ev->ok)
		refuse(out, "the record cannot be written");
	else if (!w->used || w->order != p->order)
		refuse(out, "that elector has ended");
	else if (next_generation(board_role(b, MSG_WHO_ELECTOR)) != p->generation)
		refuse(out, "another elector has become active meanwhile");
	else if (w->phase != BOARD_OPEN)
		refuse(out, "that elector is not synced yet");
	else
		put_record(b, MSG_WHO_ELECTOR, p->worker, true, out);
}

void
board_on_due(struct board *b, uint64_t now_ms, struct board_actions *out)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		if (b->workers[i].used && now_ms >= b->workers[i].due_ms)
			board_unlink(b, i, true, out);
	for (unsigned i = 0; i < 2; i++) {
		if (now_ms < b->roles[i].retry_ms)
			continue;
		b->roles[i].retry_ms = UINT64_MAX;
		elect(b, MSG_WHO_ELECTOR + i, out);
	}
}
