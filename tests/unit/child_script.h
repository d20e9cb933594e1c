/* Scripts for the tests of supervisor/child: events, and what must follow from each. */
#ifndef TESTS_UNIT_CHILD_SCRIPT_H
#define TESTS_UNIT_CHILD_SCRIPT_H

#include "supervisor/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct child_policy policy = {
    .ready_ms = 5000,
    .watchdog_ms = 2000,
    .abort_ms = 500,
    .stop_ms = 3000,
    .hold_stop_ms = 4000,
    .restart_min_ms = 50,
    .restart_max_ms = 400,
    .restart_reset_ms = 10000,
};

/* One step of a script. `want` is what the actions look like (see put_actions), `state`
 * child_state_name afterwards, `due` the deadline (0: never). */
struct step {
	uint64_t now;
	enum child_event_type type;
	/* pid, errno, exit status, signal (negative: killed by it), met, ms */
	int arg;
	const char *want;
	const char *state;
	uint64_t due;
};

static const char *const why_names[] = {
    [CHILD_WHY_NONE] = "none",       [CHILD_WHY_STARTED] = "started",
    [CHILD_WHY_READY] = "ready",     [CHILD_WHY_SPAWN_FAILED] = "spawn-failed",
    [CHILD_WHY_EXITED] = "exited",   [CHILD_WHY_KILLED] = "killed",
    [CHILD_WHY_CONFIG] = "config",   [CHILD_WHY_NEVER_READY] = "never-ready",
    [CHILD_WHY_SILENT] = "silent",   [CHILD_WHY_LINGERS] = "lingers",
    [CHILD_WHY_RESTART] = "restart", [CHILD_WHY_STOP] = "stop",
    [CHILD_WHY_ENDED] = "ended",
};

/* `NOTE:after[+delay]`, `SIGNAL`, `SPAWN`, with blanks between */
static void
put_actions(const struct child_actions *todo, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < todo->count; i++) {
		const struct child_action *a = &todo->list[i];
		const char *gap = i > 0 ? " " : "";

		if (a->type == CHILD_ACT_SPAWN)
			len += (size_t)snprintf(out + len, cap - len, "%sSPAWN", gap);
		else if (a->type == CHILD_ACT_SIGNAL)
			len += (size_t)snprintf(out + len, cap - len, "%s%s", gap,
			                        sigabbrev_np(a->signal));
		else if (a->note.delay_ms == UINT64_MAX)
			len += (size_t)snprintf(out + len, cap - len, "%s%s:%lu", gap,
			                        why_names[a->note.why], a->note.after_ms);
		else
			len += (size_t)snprintf(out + len, cap - len, "%s%s:%lu+%lu", gap,
			                        why_names[a->note.why], a->note.after_ms,
			                        a->note.delay_ms);
	}
}

static void
play(struct child *c, const struct step *steps, size_t count)
{
	struct child_actions todo;
	char got[256], want[256];

	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		struct child_event ev = {.type = s->type, .now_ms = s->now};

		ev.pid = s->arg;
		ev.by_signal = s->arg < 0;
		ev.code = s->arg < 0 ? -s->arg : s->arg;
		ev.met = s->arg != 0;
		ev.extend_ms = (uint64_t)s->arg;
		child_step(c, &ev, &todo);
		put_actions(&todo, got, sizeof(got));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), " | %s %lu",
		         child_state_name(c),
		         child_due_ms(c) == UINT64_MAX ? 0 : child_due_ms(c));
		snprintf(want, sizeof(want), "%s | %s %lu", s->want, s->state, s->due);
		if (strcmp(got, want) != 0)
			fail_msg("step %zu at %lu: got `%s`, want `%s`", i, s->now, got,
			         want);
	}
}

#define PLAY(c, steps) play(c, steps, sizeof(steps) / sizeof((steps)[0]))

#define EV(x) CHILD_EV_##x

/* Started, ready, beating; time 1000, pid 10 */
static const struct step alive[] = {
    {1000, EV(START), 0, "SPAWN", "starting", 0},
    {1000, EV(SPAWNED), 10, "started:0", "starting", 6000},
    {1012, EV(READY), 0, "ready:12", "ready", 3012},
    {2000, EV(BEAT), 0, "", "ready", 4000},
};

static void
start_ready(struct child *c)
{
	child_init(c, &policy);
	PLAY(c, alive);
	assert_int_equal(c->pid, 10);
	assert_true(c->wanted);
}

#endif
