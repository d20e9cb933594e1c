/* The life of one child; the rules are in child.h. A pure core. */
#include "supervisor/child.h"

#include "base/delay.h"
#include "base/exit.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define NEVER UINT64_MAX

static struct child_action *
add(struct child_actions *out, enum child_action_type type)
{
	struct child_action *a;

	assert(out->count < CHILD_ACTIONS_MAX);
	a = &out->list[out->count++];
	memset(a, 0, sizeof(*a));
	a->type = type;
	return a;
}

static void
send_signal(struct child_actions *out, int sig)
{
	add(out, CHILD_ACT_SIGNAL)->signal = sig;
}

static struct child_note *
note(struct child *c, struct child_actions *out, enum child_why why, uint64_t after_ms)
{
	struct child_note *n = &add(out, CHILD_ACT_NOTE)->note;

	n->why = why;
	n->after_ms = after_ms;
	n->delay_ms = NEVER;
	n->failures = c->failures;
	return n;
}

static void
spawn(struct child *c, struct child_actions *out)
{
	assert(c->pid == 0);
	c->state = CHILD_STARTING;
	c->again = false;
	c->due_ms = NEVER;
	add(out, CHILD_ACT_SPAWN);
}

/* From `from_ms` on the child has ready_ms to become ready, or to send a sign of life
 * while the child that it needs is not ready. */
static void
await_ready(struct child *c, uint64_t from_ms)
{
	c->due_ms = from_ms + c->policy.ready_ms;
}

/* The process ended, or could not be started, and nobody asked for that: it gets a
 * successor, now or later. `n` is the note about the end, already among the actions; this
 * adds the delay. */
static void
fail(struct child *c, struct child_actions *out, uint64_t now_ms, struct child_note *n,
     uint64_t least_ms)
{
	uint64_t delay;

	if (c->failures < UINT32_MAX)
		c->failures++;
	delay =
	    delay_after(c->failures, c->policy.restart_min_ms, c->policy.restart_max_ms);
	if (delay < least_ms)
		delay = least_ms;
	n->failures = c->failures;
	n->delay_ms = delay;
	c->last = *n;
	if (delay == 0) {
		spawn(c, out);
		return;
	}
	c->state = CHILD_WAITING;
	c->due_ms = now_ms + delay;
}

static void
down(struct child *c)
{
	c->state = CHILD_DOWN;
	c->due_ms = NEVER;
	memset(&c->last, 0, sizeof(c->last));
}

static void
on_spawned(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	assert(c->state == CHILD_STARTING && c->pid == 0 && ev->pid > 0);
	c->pid = ev->pid;
	c->spawns++;
	c->spawned_ms = ev->now_ms;
	c->beat_ms = ev->now_ms;
	c->ready_ms = 0;
	c->excused = false;
	await_ready(c, ev->now_ms);
	note(c, out, CHILD_WHY_STARTED, 0);
}

static void
on_spawn_failed(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	struct child_note *n;

	assert(c->state == CHILD_STARTING && c->pid == 0);
	n = note(c, out, CHILD_WHY_SPAWN_FAILED, 0);
	n->code = ev->code;
	n->cause = CHILD_CAUSE_SPAWN;
	c->causes[n->cause]++;
	/* a program that could not be started now will not start a microsecond later */
	fail(c, out, ev->now_ms, n, c->policy.restart_min_ms);
}

static void
on_ready(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	if (c->state != CHILD_STARTING || c->pid == 0)
		return;
	c->state = CHILD_READY;
	c->ready_ms = ev->now_ms;
	c->beat_ms = ev->now_ms;
	c->excused = false;
	c->due_ms = ev->now_ms + c->policy.watchdog_ms;
	memset(&c->last, 0, sizeof(c->last));
	note(c, out, CHILD_WHY_READY, ev->now_ms - c->spawned_ms);
}

static void
on_beat(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	(void)out;
	if (c->pid == 0)
		return;
	c->beat_ms = ev->now_ms;
	if (c->state == CHILD_READY) {
		c->excused = false;
		c->due_ms = ev->now_ms + c->policy.watchdog_ms;
	} else if (c->state == CHILD_STARTING && !c->needs_met) {
		c->excused = false;
		await_ready(c, ev->now_ms);
	}
}

/* A SIGKILL may come from the kernel, but after an abort conclaved has sent it. */
static enum child_cause
cause_of(const struct child *c, const struct child_event *ev)
{
	if (c->state == CHILD_STOPPING)
		return CHILD_CAUSE_ASKED;
	if (c->state == CHILD_HUNG)
		return c->last.why == CHILD_WHY_NEVER_READY ? CHILD_CAUSE_NEVER_READY
		                                            : CHILD_CAUSE_HANG;
	if (!ev->by_signal)
		return CHILD_CAUSE_EXIT;
	return ev->memory ? CHILD_CAUSE_MEMORY : CHILD_CAUSE_SIGNAL;
}

static void
on_exited(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	enum child_why why = ev->by_signal ? CHILD_WHY_KILLED : CHILD_WHY_EXITED;
	bool asked = c->state == CHILD_STOPPING;
	bool verdict = !ev->by_signal && ev->code == EXIT_CONFIG;
	struct child_note *n;

	assert(c->pid > 0);
	c->pid = 0;
	if (c->ready_ms != 0 && ev->now_ms - c->ready_ms >= c->policy.restart_reset_ms)
		c->failures = 0;
	if (asked)
		why = CHILD_WHY_ENDED;
	else if (verdict && c->wanted && !c->again)
		why = CHILD_WHY_CONFIG;
	n = note(c, out, why, ev->now_ms - c->spawned_ms);
	n->code = ev->code;
	n->dumped = ev->dumped;
	n->cause = cause_of(c, ev);
	c->causes[n->cause]++;
	c->death = *n;
	if (!c->wanted) {
		down(c);
	} else if (c->again) {
		n->delay_ms = 0;
		spawn(c, out);
	} else if (verdict) {
		c->last = *n;
		c->state = CHILD_STOPPED;
		c->due_ms = NEVER;
	} else {
		fail(c, out, ev->now_ms, n, 0);
		c->death = *n;
	}
}

static void
on_needs(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	(void)out;
	if (ev->met == c->needs_met)
		return;
	c->needs_met = ev->met;
	if (c->state == CHILD_STARTING && c->pid > 0) {
		c->excused = false;
		await_ready(c, ev->now_ms);
	}
}

/* Asks the process to end. Without SIGCONT a stopped one would have to be killed. */
static void
terminate(struct child *c, uint64_t now_ms, struct child_actions *out)
{
	c->state = CHILD_STOPPING;
	c->asked_ms = now_ms;
	c->due_ms = now_ms + c->policy.stop_ms;
	send_signal(out, SIGTERM);
	send_signal(out, SIGCONT);
}

/* A leader's peer waits for who holds. One that hangs does not ask. */
static void
on_extend(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	uint64_t most_ms = c->asked_ms + c->policy.stop_ms + c->policy.hold_stop_ms;
	uint64_t left_ms = most_ms > ev->now_ms ? most_ms - ev->now_ms : 0;

	(void)out;
	if (left_ms > ev->extend_ms)
		left_ms = ev->extend_ms;
	if (c->state == CHILD_STOPPING && ev->now_ms + left_ms > c->due_ms)
		c->due_ms = ev->now_ms + left_ms;
}

static void
on_restart(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	if (!c->wanted)
		return;
	c->failures = 0;
	switch (c->state) {
	case CHILD_STARTING:
	case CHILD_READY:
		c->again = true;
		terminate(c, ev->now_ms, out);
		c->last = *note(c, out, CHILD_WHY_RESTART, ev->now_ms - c->spawned_ms);
		break;
	case CHILD_HUNG:
	case CHILD_STOPPING:
		c->again = true;
		break;
	case CHILD_WAITING:
	case CHILD_STOPPED:
		note(c, out, CHILD_WHY_RESTART, 0);
		spawn(c, out);
		break;
	case CHILD_DOWN:
		break;
	}
}

static void
on_stop(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	c->wanted = false;
	if (c->pid == 0) {
		down(c);
		return;
	}
	if (ev->type == CHILD_EV_UNWANTED)
		return;
	if (c->state == CHILD_STARTING || c->state == CHILD_READY) {
		terminate(c, ev->now_ms, out);
		c->last = *note(c, out, CHILD_WHY_STOP, ev->now_ms - c->spawned_ms);
	}
}

/* A deadline of the child has passed. The child hangs, unless conclaved slept itself. */
static void
blame(struct child *c, uint64_t now_ms, struct child_actions *out)
{
	bool starting = c->state == CHILD_STARTING;
	uint64_t since = starting && c->needs_met ? c->spawned_ms : c->beat_ms;

	if (!c->excused && now_ms - c->due_ms > CHILD_LATE_MS) {
		c->excused = true;
		c->due_ms =
		    now_ms + (starting ? c->policy.ready_ms : c->policy.watchdog_ms);
		return;
	}
	c->state = CHILD_HUNG;
	c->due_ms = now_ms + c->policy.abort_ms;
	send_signal(out, SIGABRT);
	send_signal(out, SIGCONT);
	c->last = *note(
	    c, out, starting && c->needs_met ? CHILD_WHY_NEVER_READY : CHILD_WHY_SILENT,
	    now_ms - since);
}

static void
on_due(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	if (ev->now_ms < c->due_ms)
		return;
	switch (c->state) {
	case CHILD_STARTING:
	case CHILD_READY:
		blame(c, ev->now_ms, out);
		break;
	case CHILD_HUNG:
	case CHILD_STOPPING:
		/* only the end can follow, so that there is no further deadline */
		send_signal(out, SIGKILL);
		note(c, out, CHILD_WHY_LINGERS,
		     c->state == CHILD_HUNG ? c->policy.abort_ms
		                            : ev->now_ms - c->asked_ms);
		c->due_ms = NEVER;
		break;
	case CHILD_WAITING:
		spawn(c, out);
		break;
	case CHILD_DOWN:
	case CHILD_STOPPED:
		break;
	}
}

static void
on_changed(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	(void)ev;
	if (c->state != CHILD_STOPPED)
		return;
	c->failures = 0;
	spawn(c, out);
}

static void
on_wanted(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	(void)ev;
	c->wanted = true;
	if (c->state == CHILD_DOWN)
		spawn(c, out);
}

void
child_init(struct child *c, const struct child_policy *policy)
{
	memset(c, 0, sizeof(*c));
	c->policy = *policy;
	c->state = CHILD_DOWN;
	c->needs_met = true;
	c->due_ms = NEVER;
}

void
child_step(struct child *c, const struct child_event *ev, struct child_actions *out)
{
	static void (*const events[])(struct child * c, const struct child_event *ev,
	                              struct child_actions *out) = {
	    [CHILD_EV_START] = on_wanted,
	    [CHILD_EV_SPAWNED] = on_spawned,
	    [CHILD_EV_SPAWN_FAILED] = on_spawn_failed,
	    [CHILD_EV_READY] = on_ready,
	    [CHILD_EV_BEAT] = on_beat,
	    [CHILD_EV_EXTEND] = on_extend,
	    [CHILD_EV_EXITED] = on_exited,
	    [CHILD_EV_NEEDS] = on_needs,
	    [CHILD_EV_RESTART] = on_restart,
	    [CHILD_EV_CHANGED] = on_changed,
	    [CHILD_EV_UNWANTED] = on_stop,
	    [CHILD_EV_WANTED] = on_wanted,
	    [CHILD_EV_STOP] = on_stop,
	    [CHILD_EV_DUE] = on_due,
	};

	out->count = 0;
	events[ev->type](c, ev, out);
}

uint64_t
child_due_ms(const struct child *c)
{
	return c->due_ms;
}

static const char *const state_names[] = {
    [CHILD_DOWN] = "stopped",      [CHILD_STARTING] = "starting",
    [CHILD_READY] = "ready",       [CHILD_HUNG] = "hung",
    [CHILD_STOPPING] = "stopping", [CHILD_WAITING] = "waiting",
    [CHILD_STOPPED] = "stopped",
};

const char *
child_state_name(const struct child *c)
{
	if (c->failures >= CHILD_FAILING &&
	    (c->state == CHILD_STARTING || c->state == CHILD_WAITING))
		return "failing";
	return state_names[c->state];
}

/* `before`, or "BEFORE after_ms ms AFTER" where there is an `after`. */
static const struct {
	const char *before;
	const char *after;
} texts[] = {
    [CHILD_WHY_NONE] = {"", NULL},
    [CHILD_WHY_STARTED] = {"started", NULL},
    [CHILD_WHY_READY] = {"ready after", ""},
    [CHILD_WHY_NEVER_READY] = {"hung: not ready after", "; aborted"},
    [CHILD_WHY_SILENT] = {"hung: no sign of life for", "; aborted"},
    [CHILD_WHY_LINGERS] = {"has not ended after", "; killed"},
    [CHILD_WHY_RESTART] = {"restart asked for", NULL},
    [CHILD_WHY_STOP] = {"asked to stop", NULL},
    [CHILD_WHY_ENDED] = {"ended after", ""},
};

static int
killed_text(const struct child_note *n, char *out, size_t cap)
{
	const char *name = sigabbrev_np(n->code);
	const char *hung = n->cause == CHILD_CAUSE_HANG          ? "hung, "
	                   : n->cause == CHILD_CAUSE_NEVER_READY ? "never ready, "
	                                                         : "";

	return snprintf(out, cap, "%skilled by signal %d (%s)%s%s after %" PRIu64 " ms",
	                hung, n->code, name ? name : "?",
	                n->cause == CHILD_CAUSE_MEMORY ? ", out of memory," : "",
	                n->dumped ? ", core dumped," : "", n->after_ms);
}

/* Returns what snprintf returns. */
static int
event_text(const struct child_note *n, char *out, size_t cap)
{
	if (n->why == CHILD_WHY_SPAWN_FAILED)
		return snprintf(out, cap, "cannot be started: %s", strerror(n->code));
	if (n->why == CHILD_WHY_EXITED)
		return snprintf(out, cap, "exited with status %d after %" PRIu64 " ms",
		                n->code, n->after_ms);
	if (n->why == CHILD_WHY_KILLED)
		return killed_text(n, out, cap);
	if (n->why == CHILD_WHY_CONFIG)
		return snprintf(out, cap,
		                "refused the configuration (exit status %d); waits for "
		                "`conclave reload` or `conclave restart`",
		                EXIT_CONFIG);
	if (!texts[n->why].after)
		return snprintf(out, cap, "%s", texts[n->why].before);
	return snprintf(out, cap, "%s %" PRIu64 " ms%s", texts[n->why].before,
	                n->after_ms, texts[n->why].after);
}

const char *
child_cause_name(enum child_cause cause)
{
	static const char *const names[CHILD_CAUSES] = {
	    [CHILD_CAUSE_NONE] = "none",     [CHILD_CAUSE_EXIT] = "exit",
	    [CHILD_CAUSE_SIGNAL] = "signal", [CHILD_CAUSE_MEMORY] = "memory",
	    [CHILD_CAUSE_HANG] = "hang",     [CHILD_CAUSE_NEVER_READY] = "never_ready",
	    [CHILD_CAUSE_ASKED] = "asked",   [CHILD_CAUSE_SPAWN] = "spawn",
	};

	return names[cause];
}

void
child_note_text(const struct child_note *n, char *out, size_t cap)
{
	size_t len = (size_t)event_text(n, out, cap);

	if (n->delay_ms == UINT64_MAX || n->why == CHILD_WHY_NONE || len >= cap)
		return;
	if (n->delay_ms == 0)
		snprintf(out + len, cap - len, "; restart at once");
	else
		snprintf(out + len, cap - len, "; restart in %" PRIu64 " ms%s",
		         n->delay_ms,
		         n->failures >= CHILD_FAILING ? ", it keeps failing" : "");
}
