/* The words for a child's life; see child_text.h. */
#include "supervisor/child_text.h"

#include "base/exit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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
