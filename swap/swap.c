/* The steps of a swap; the rules are in swap.h. A pure core. */
#include "swap/swap.h"

#include <assert.h>
#include <string.h>

#define NEVER UINT64_MAX
/* A candidate that is not synced yet is looked at this many times as often. */
#define AGAIN_DIV 5

static struct swap_action *
add(struct swap_actions *out, enum swap_action_type type, unsigned seat)
{
	struct swap_action *a;

	assert(out->count < SWAP_ACTIONS_MAX);
	a = &out->list[out->count++];
	memset(a, 0, sizeof(*a));
	a->type = type;
	a->seat = seat;
	return a;
}

static void
note(struct swap *s, struct swap_actions *out, enum swap_note what, enum swap_why why)
{
	struct swap_action *a = add(out, SWAP_DO_NOTE, s->active);

	a->note = what;
	a->why = why;
	s->why = why;
}

static void
answer(struct swap *s, struct swap_actions *out, bool ok, enum swap_why why)
{
	struct swap_action *a;

	if (!s->asked)
		return;
	s->asked = false;
	a = add(out, SWAP_DO_ANSWER, s->active);
	a->ok = ok;
	a->why = why;
}

static void
enter(struct swap *s, enum swap_phase phase, uint64_t until_ms)
{
	s->phase = phase;
	s->until_ms = until_ms;
	s->look_ms = NEVER;
	s->sick = 0;
	s->kept_ms = 0;
}

/* As enter, for a phase in which an elector is looked at every look_ms. */
static void
enter_looking(struct swap *s, enum swap_phase phase, uint64_t until_ms, uint64_t now_ms)
{
	enter(s, phase, until_ms);
	s->look_ms = now_ms + s->policy.look_ms;
}

static unsigned
candidate(const struct swap *s)
{
	return 1 - s->active;
}

static void
stop_seat(struct swap *s, struct swap_actions *out, unsigned seat)
{
	if (s->seated[seat])
		add(out, SWAP_DO_STOP, seat);
}

static void
start(struct swap *s, uint64_t now_ms, struct swap_actions *out)
{
	enter(s, SWAP_STARTING, now_ms + s->policy.start_ms);
	s->start_owed = s->seated[candidate(s)];
	if (s->start_owed) {
		add(out, SWAP_DO_STOP, candidate(s));
		return;
	}
	s->seated[candidate(s)] = true;
	add(out, SWAP_DO_START, candidate(s))->back = s->back;
}

/* The candidate is not promoted, and never will be: the elector in use goes on. */
static void
give_up(struct swap *s, enum swap_why why, struct swap_actions *out)
{
	note(s, out, s->back ? SWAP_NOTE_STRANDED : SWAP_NOTE_GIVEN_UP, why);
	answer(s, out, false, why);
	stop_seat(s, out, candidate(s));
	if (s->back) {
		s->seated[s->active] = true;
		add(out, SWAP_DO_KEEP, s->active);
	}
	s->back = false;
	enter(s, SWAP_IDLE, NEVER);
}

/* Does not start the candidate's program. A probation that went on meanwhile goes on. */
static void
refuse(struct swap *s, enum swap_why why, uint64_t now_ms, struct swap_actions *out)
{
	uint64_t kept_ms = s->kept_ms;

	give_up(s, why, out);
	if (kept_ms == 0)
		return;
	enter_looking(s, SWAP_PROBATION, kept_ms > now_ms ? kept_ms : now_ms + 1, now_ms);
}

/* Starts the old program again, to be promoted. */
static void
go_back(struct swap *s, enum swap_why why, uint64_t now_ms, struct swap_actions *out)
{
	s->back = true;
	if (!s->has_before) {
		give_up(s, SWAP_WHY_NOTHING, out);
		return;
	}
	note(s, out, SWAP_NOTE_RETURNING, why);
	start(s, now_ms, out);
}

static void
promoted(struct swap *s, uint64_t now_ms, struct swap_actions *out)
{
	s->active = candidate(s);
	s->has_before = true;
	answer(s, out, true, SWAP_WHY_NONE);
	note(s, out, s->back ? SWAP_NOTE_RETURNED : SWAP_NOTE_PROMOTED, s->why);
	stop_seat(s, out, candidate(s));
	if (s->back) {
		s->back = false;
		s->seated[s->active] = true;
		add(out, SWAP_DO_KEEP, s->active);
		enter(s, SWAP_IDLE, NEVER);
		return;
	}
	enter_looking(s, SWAP_PROBATION, now_ms + s->policy.probation_ms, now_ms);
	if (!s->seated[s->active]) /* it died while it was promoted */
		go_back(s, SWAP_WHY_DIED, now_ms, out);
}

static void
promote(struct swap *s, uint64_t now_ms, struct swap_actions *out)
{
	enter(s, SWAP_PROMOTING, now_ms + s->policy.promote_ms);
	add(out, SWAP_DO_PROMOTE, candidate(s))->back = s->back;
}

static void
read_record(struct swap *s, enum swap_phase phase, struct swap_actions *out)
{
	enter(s, phase, NEVER);
	add(out, SWAP_DO_READ, candidate(s));
}

static void
accept(struct swap *s, uint64_t now_ms, struct swap_actions *out)
{
	enter(s, SWAP_ACCEPTING, now_ms + s->policy.promote_ms);
	add(out, SWAP_DO_ACCEPT, s->active);
}

/* Refuses a request; whoever waits for the swap under way goes on waiting. */
static void
turn_away(const struct swap *s, enum swap_why why, struct swap_actions *out)
{
	add(out, SWAP_DO_ANSWER, s->active)->why = why;
}

static bool
may_ask(const struct swap *s, struct swap_actions *out)
{
	if (!s->stopping && (s->phase == SWAP_IDLE || s->phase == SWAP_PROBATION))
		return true;
	turn_away(s, s->stopping ? SWAP_WHY_STOPPED : SWAP_WHY_BUSY, out);
	return false;
}

static void
on_ask(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	uint64_t kept_ms = s->phase == SWAP_PROBATION ? s->until_ms : 0;

	if (!may_ask(s, out))
		return;
	s->asked = true;
	s->shadow_ms = ev->shadow_ms;
	s->force = ev->force;
	s->back = false;
	note(s, out, SWAP_NOTE_BEGUN, SWAP_WHY_NONE);
	enter(s, SWAP_DESCRIBING, ev->now_ms + s->policy.describe_ms);
	s->kept_ms = kept_ms;
	add(out, SWAP_DO_DESCRIBE, candidate(s));
}

static void
on_described(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (!ev->ok)
		refuse(s, SWAP_WHY_DESCRIBED, ev->now_ms, out);
	else if (s->kept_ms > 0) /* a new swap accepts the one before */
		accept(s, ev->now_ms, out);
	else
		start(s, ev->now_ms, out);
}

static void
on_undo(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (!may_ask(s, out))
		return;
	s->has_before = ev->has_before;
	if (!s->has_before) {
		turn_away(s, SWAP_WHY_NOTHING, out);
		return;
	}
	s->asked = true;
	go_back(s, SWAP_WHY_ASKED, ev->now_ms, out);
}

static void
on_resume(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	assert(s->phase == SWAP_IDLE);
	s->has_before = ev->has_before;
	s->seated[s->active] = true;
	add(out, SWAP_DO_WATCH, s->active);
	enter_looking(s, SWAP_PROBATION, ev->now_ms + s->policy.probation_ms, ev->now_ms);
}

static void
on_spawned(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (ev->ok)
		return;
	s->seated[candidate(s)] = false;
	give_up(s, SWAP_WHY_SPAWN, out);
}

static void
on_ready(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (ev->seat == s->active || s->start_owed)
		return;
	s->phase = SWAP_SYNCING;
	add(out, SWAP_DO_LOOK, candidate(s));
}

/* Decides about the candidate by what connmgr says of it. */
static void
judge(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	bool there = ev->attached && ev->synced;

	if (ev->differs && !s->force && !s->back) {
		give_up(s, SWAP_WHY_DIFFERS, out);
	} else if (ev->sick && !s->back) {
		give_up(s, SWAP_WHY_SICK, out);
	} else if (s->phase == SWAP_SHADOWING) {
		s->sick = there ? 0 : s->sick + 1;
		if (s->sick >= SWAP_SICK_LOOKS)
			give_up(s, SWAP_WHY_LOST, out);
	} else if (there && (s->back || s->shadow_ms == 0)) {
		promote(s, ev->now_ms, out);
	} else if (there) {
		enter_looking(s, SWAP_SHADOWING, ev->now_ms + s->shadow_ms, ev->now_ms);
		note(s, out, SWAP_NOTE_SHADOW, SWAP_WHY_NONE);
	}
}

static void
on_looked(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	unsigned share = s->phase == SWAP_SYNCING ? AGAIN_DIV : 1;

	s->look_ms = NEVER;
	if (s->phase != SWAP_SYNCING && s->phase != SWAP_SHADOWING &&
	    s->phase != SWAP_PROBATION)
		return;
	s->look_ms = ev->now_ms + s->policy.look_ms / share;
	/* a connmgr that does not answer says nothing about the elector */
	if (!ev->ok)
		return;
	if (s->phase != SWAP_PROBATION) {
		judge(s, ev, out);
		return;
	}
	s->sick = ev->attached && ev->synced && !ev->sick ? 0 : s->sick + 1;
	if (s->sick >= SWAP_SICK_LOOKS)
		go_back(s, SWAP_WHY_SICK, ev->now_ms, out);
}

static void
on_promoted(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (ev->ok)
		promoted(s, ev->now_ms, out);
	else if (ev->silent)
		read_record(s, SWAP_UNSURE, out);
	else
		give_up(s, SWAP_WHY_REFUSED, out);
}

/* No elector is stopped before the record was read. If it does not name the candidate,
 * connmgr may still promote it: the candidate is ended first, and then what the record
 * says is final. */
static void
on_record(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	bool passed = ev->ok && ev->seat == candidate(s);

	if (!ev->ok) {
		s->look_ms = ev->now_ms + s->policy.look_ms;
	} else if (passed) {
		promoted(s, ev->now_ms, out);
	} else if (s->phase == SWAP_ENDING) {
		give_up(s, SWAP_WHY_SILENT, out);
	} else if (s->seated[candidate(s)]) {
		enter(s, SWAP_ENDING, NEVER);
		stop_seat(s, out, candidate(s));
	} else {
		read_record(s, SWAP_ENDING, out);
	}
}

static void
on_accepted(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (ev->ok) {
		note(s, out, SWAP_NOTE_ACCEPTED, SWAP_WHY_NONE);
		add(out, SWAP_DO_KEEP, s->active);
		enter(s, SWAP_IDLE, NEVER);
		if (s->asked) /* the next swap, whose program has been checked */
			start(s, ev->now_ms, out);
		return;
	}
	answer(s, out, false, SWAP_WHY_REFUSED);
	enter_looking(s, SWAP_PROBATION, ev->now_ms + s->policy.promote_ms, ev->now_ms);
}

static void
on_candidate_died(struct swap *s, uint64_t now_ms, struct swap_actions *out)
{
	if (s->phase == SWAP_STARTING && s->start_owed)
		start(s, now_ms, out);
	else if (s->phase == SWAP_STARTING || s->phase == SWAP_SYNCING ||
	         s->phase == SWAP_SHADOWING)
		give_up(s, SWAP_WHY_DIED, out);
	else if (s->phase == SWAP_ENDING)
		read_record(s, SWAP_ENDING, out);
	/* while it is being promoted, the answer says what became of it */
}

static void
on_died(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	s->seated[ev->seat] = false;
	if (ev->seat != s->active) {
		on_candidate_died(s, ev->now_ms, out);
	} else if (s->phase == SWAP_PROBATION || s->phase == SWAP_ACCEPTING ||
	           s->kept_ms > 0) {
		answer(s, out, false, SWAP_WHY_DIED);
		go_back(s, SWAP_WHY_DIED, ev->now_ms, out);
	}
}

static void
on_stop(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	(void)ev;
	s->stopping = true;
	answer(s, out, false, SWAP_WHY_STOPPED);
	enter(s, SWAP_IDLE, NEVER);
}

/* The deadline of the phase has come. */
static void
on_until(struct swap *s, uint64_t now_ms, struct swap_actions *out)
{
	const struct swap_event none = {.now_ms = now_ms};

	if (s->phase == SWAP_DESCRIBING) {
		refuse(s, SWAP_WHY_LATE, now_ms, out);
	} else if (s->phase == SWAP_STARTING || s->phase == SWAP_SYNCING) {
		give_up(s, SWAP_WHY_LATE, out);
	} else if (s->phase == SWAP_SHADOWING) {
		/* a last look, at what differs since the one before */
		s->shadow_ms = 0;
		enter(s, SWAP_SYNCING, now_ms + s->policy.start_ms);
		add(out, SWAP_DO_LOOK, candidate(s));
	} else if (s->phase == SWAP_PROMOTING) {
		read_record(s, SWAP_UNSURE, out);
	} else if (s->phase == SWAP_PROBATION) {
		accept(s, now_ms, out);
	} else if (s->phase == SWAP_ACCEPTING) {
		on_accepted(s, &none, out);
	}
}

static void
on_due(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	if (ev->now_ms >= s->until_ms) {
		on_until(s, ev->now_ms, out);
		return;
	}
	if (ev->now_ms < s->look_ms)
		return;
	s->look_ms = NEVER;
	if (s->phase == SWAP_UNSURE || s->phase == SWAP_ENDING)
		add(out, SWAP_DO_READ, candidate(s));
	else
		add(out, SWAP_DO_LOOK,
		    s->phase == SWAP_PROBATION ? s->active : candidate(s));
}

void
swap_init(struct swap *s, const struct swap_policy *policy)
{
	memset(s, 0, sizeof(*s));
	s->policy = *policy;
	s->until_ms = s->look_ms = NEVER;
	s->seated[0] = true;
}

#define IN(phase) (1u << (phase))

/* What an event does, and in which phases; 0: in all. */
static const struct {
	void (*run)(struct swap *s, const struct swap_event *ev,
	            struct swap_actions *out);
	unsigned phases;
} events[] = {
    [SWAP_EV_ASK] = {on_ask, 0},
    [SWAP_EV_UNDO] = {on_undo, 0},
    [SWAP_EV_RESUME] = {on_resume, 0},
    [SWAP_EV_DESCRIBED] = {on_described, IN(SWAP_DESCRIBING)},
    [SWAP_EV_SPAWNED] = {on_spawned, IN(SWAP_STARTING)},
    [SWAP_EV_READY] = {on_ready, IN(SWAP_STARTING)},
    [SWAP_EV_DIED] = {on_died, 0},
    [SWAP_EV_LOOKED] = {on_looked, 0},
    [SWAP_EV_PROMOTED] = {on_promoted, IN(SWAP_PROMOTING)},
    [SWAP_EV_RECORD] = {on_record, IN(SWAP_UNSURE) | IN(SWAP_ENDING)},
    [SWAP_EV_ACCEPTED] = {on_accepted, IN(SWAP_ACCEPTING)},
    [SWAP_EV_STOP] = {on_stop, 0},
    [SWAP_EV_DUE] = {on_due, 0},
};

void
swap_step(struct swap *s, const struct swap_event *ev, struct swap_actions *out)
{
	unsigned phases = events[ev->type].phases;

	out->count = 0;
	assert(ev->seat < 2);
	if (phases == 0 || (phases & IN(s->phase)))
		events[ev->type].run(s, ev, out);
}

uint64_t
swap_due_ms(const struct swap *s)
{
	return s->until_ms < s->look_ms ? s->until_ms : s->look_ms;
}
