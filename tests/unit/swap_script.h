/* Scripts for the tests of swap/swap: events, and what must follow from each. Seat 0 is
 * in use at the beginning. */
#ifndef TESTS_UNIT_SWAP_SCRIPT_H
#define TESTS_UNIT_SWAP_SCRIPT_H

#include "swap/swap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct swap_policy policy = {
    .describe_ms = 1000,
    .start_ms = 5000,
    .promote_ms = 2000,
    .look_ms = 500,
    .probation_ms = 30000,
};

enum { /* what an event says, or-ed together */
       SEAT1 = 1,
       OK = 2,
       SILENT = 4,
       HERE = 8 | OK,     /* attached */
       THERE = 16 | HERE, /* and synced */
       DIFFERS = 32 | THERE,
       SICK = 64 | THERE,
       FORCE = 128,
       BEFORE = 256,
       SHADOW = 512, /* for 3 s */
};

/* One step of a script. `want` is what the actions look like (see put_actions), `due`
 * the deadline (0: never). */
struct step {
	uint64_t now;
	enum swap_event_type type;
	unsigned says;
	const char *want;
	enum swap_phase phase;
	uint64_t due;
};

static const char *const why_names[] = {
    [SWAP_WHY_NONE] = "none",       [SWAP_WHY_DESCRIBED] = "described",
    [SWAP_WHY_SPAWN] = "spawn",     [SWAP_WHY_DIED] = "died",
    [SWAP_WHY_LATE] = "late",       [SWAP_WHY_DIFFERS] = "differs",
    [SWAP_WHY_SICK] = "sick",       [SWAP_WHY_LOST] = "lost",
    [SWAP_WHY_REFUSED] = "refused", [SWAP_WHY_SILENT] = "silent",
    [SWAP_WHY_BUSY] = "busy",       [SWAP_WHY_NOTHING] = "nothing",
    [SWAP_WHY_ASKED] = "asked",     [SWAP_WHY_STOPPED] = "stopped",
};
static const char *const note_names[] = {
    [SWAP_NOTE_BEGUN] = "begun",         [SWAP_NOTE_SHADOW] = "shadow",
    [SWAP_NOTE_PROMOTED] = "promoted",   [SWAP_NOTE_GIVEN_UP] = "given-up",
    [SWAP_NOTE_RETURNING] = "returning", [SWAP_NOTE_RETURNED] = "returned",
    [SWAP_NOTE_STRANDED] = "stranded",   [SWAP_NOTE_ACCEPTED] = "accepted",
};
static const char *const do_names[] = {
    [SWAP_DO_DESCRIBE] = "DESCRIBE", [SWAP_DO_START] = "START",
    [SWAP_DO_STOP] = "STOP",         [SWAP_DO_LOOK] = "LOOK",
    [SWAP_DO_PROMOTE] = "PROMOTE",   [SWAP_DO_READ] = "READ",
    [SWAP_DO_ACCEPT] = "ACCEPT",     [SWAP_DO_KEEP] = "KEEP",
    [SWAP_DO_WATCH] = "WATCH",
};

/* `note:why`, `yes`, `no:why`, or the action and its seat, `<` if it is the way back;
 * with blanks between */
static void
put_actions(const struct swap_actions *todo, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < todo->count; i++) {
		const struct swap_action *a = &todo->list[i];
		const char *gap = i > 0 ? " " : "";

		if (a->type == SWAP_DO_NOTE)
			len += (size_t)snprintf(out + len, cap - len, "%s%s:%s", gap,
			                        note_names[a->note], why_names[a->why]);
		else if (a->type == SWAP_DO_ANSWER && a->ok)
			len += (size_t)snprintf(out + len, cap - len, "%syes", gap);
		else if (a->type == SWAP_DO_ANSWER)
			len += (size_t)snprintf(out + len, cap - len, "%sno:%s", gap,
			                        why_names[a->why]);
		else
			len += (size_t)snprintf(out + len, cap - len, "%s%s%u%s", gap,
			                        do_names[a->type], a->seat,
			                        a->back ? "<" : "");
	}
}

static void
play(struct swap *w, const struct step *steps, size_t count)
{
	struct swap_actions todo;
	char got[256], want[256];

	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		struct swap_event ev = {.type = s->type,
		                        .now_ms = s->now,
		                        .seat = s->says & SEAT1,
		                        .shadow_ms = s->says & SHADOW ? 3000 : 0,
		                        .force = s->says & FORCE,
		                        .has_before = s->says & BEFORE,
		                        .ok = s->says & OK,
		                        .silent = s->says & SILENT,
		                        .attached = s->says & 8,
		                        .synced = s->says & 16,
		                        .differs = s->says & 32,
		                        .sick = s->says & 64};
		uint64_t due;

		swap_step(w, &ev, &todo);
		due = swap_due_ms(w) == UINT64_MAX ? 0 : swap_due_ms(w);
		put_actions(&todo, got, sizeof(got));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " | %s %lu",
		         swap_phase_name(w->phase), due);
		snprintf(want, sizeof(want), "%s | %s %lu", s->want,
		         swap_phase_name(s->phase), s->due);
		if (strcmp(got, want) != 0)
			fail_msg("step %zu at %lu: got `%s`, want `%s`", i, s->now, got,
			         want);
	}
}

#define PLAY(w, steps) play(w, steps, sizeof(steps) / sizeof((steps)[0]))

#define EV(x) SWAP_EV_##x
#define IN(x) SWAP_##x

static const struct step asked[] = {
    {1000, EV(ASK), 0, "begun:none DESCRIBE1", IN(DESCRIBING), 2000},
};
static const struct step started[] = {
    {1100, EV(DESCRIBED), OK, "START1", IN(STARTING), 6100},
    {1100, EV(SPAWNED), OK, "", IN(STARTING), 6100},
};
static const struct step ready[] = {
    {1200, EV(READY), SEAT1, "LOOK1", IN(SYNCING), 6100},
};
static const struct step promoting[] = {
    {1210, EV(LOOKED), THERE, "PROMOTE1", IN(PROMOTING), 3210},
};
static const struct step in_use[] = {
    {1220, EV(PROMOTED), OK, "yes promoted:none STOP0", IN(PROBATION), 1720},
};
/* The process of the previous elector has ended. */
static const struct step stopped[] = {
    {1300, EV(DIED), 0, "", IN(PROBATION), 1720},
};
/* The new elector fails: the old program is started again, and becomes ready. */
static const struct step returning[] = {
    {1500, EV(DIED), SEAT1, "returning:died START0<", IN(STARTING), 6500},
    {1500, EV(SPAWNED), OK, "", IN(STARTING), 6500},
    {1600, EV(READY), 0, "LOOK0", IN(SYNCING), 6500},
    {1610, EV(LOOKED), THERE, "PROMOTE0<", IN(PROMOTING), 3610},
};

/* Plays a swap without a time of comparison, as far as `phase`. */
static void
reach(struct swap *w, enum swap_phase phase)
{
	swap_init(w, &policy);
	if (phase == SWAP_IDLE)
		return;
	PLAY(w, asked);
	if (phase == SWAP_DESCRIBING)
		return;
	PLAY(w, started);
	if (phase == SWAP_STARTING)
		return;
	PLAY(w, ready);
	if (phase == SWAP_SYNCING)
		return;
	PLAY(w, promoting);
	if (phase == SWAP_PROMOTING)
		return;
	PLAY(w, in_use);
	PLAY(w, stopped);
	assert_int_equal(phase, SWAP_PROBATION);
}

#endif
