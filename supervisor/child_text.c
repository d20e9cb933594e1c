/* A child's life in words; see child_text.h. */
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

static void
event_text(const struct child_note *n, char *out, size_t cap)
{
	const char *name;
	const char *hung = n->cause == CHILD_CAUSE_HANG          ? "hung, "
	                   : n->cause == CHILD_CAUSE_NEVER_READY ? "never ready, "
	                                                         : "";

	switch (n->why) {
	case CHILD_WHY_NONE:
		snprintf(out, cap, "%s", "");
		break;
	case CHILD_WHY_STARTED:
		snprintf(out, cap, "started");
		break;
	case CHILD_WHY_READY:
		snprintf(out, cap, "ready after %" PRIu64 " ms", n->after_ms);
		break;
	case CHILD_WHY_SPAWN_FAILED:
		snprintf(out, cap, "cannot be started: %s", strerror(n->code));
		break;
	case CHILD_WHY_EXITED:
		snprintf(out, cap, "exited with status %d after %" PRIu64 " ms", n->code,
		         n->after_ms);
		break;
	case CHILD_WHY_KILLED:
		name = sigabbrev_np(n->code);
		snprintf(out, cap, "%skilled by signal %d (%s)%s%s after %" PRIu64 " ms",
		         hung, n->code, name != NULL ? name : "?",
		         n->cause == CHILD_CAUSE_MEMORY ? ", out of memory," : "",
		         n->dumped ? ", core dumped," : "", n->after_ms);
		break;
	case CHILD_WHY_CONFIG:
		snprintf(out, cap,
		         "refused the configuration (exit status %d); waits for "
		         "`conclave reload` or `conclave restart`",
		         EXIT_CONFIG);
		break;
	case CHILD_WHY_NEVER_READY:
		snprintf(out, cap, "hung: not ready after %" PRIu64 " ms; aborted",
		         n->after_ms);
		break;
	case CHILD_WHY_SILENT:
		snprintf(out, cap, "hung: no sign of life for %" PRIu64 " ms; aborted",
		         n->after_ms);
		break;
	case CHILD_WHY_LINGERS:
		snprintf(out, cap, "has not ended after %" PRIu64 " ms; killed",
		         n->after_ms);
		break;
	case CHILD_WHY_RESTART:
		snprintf(out, cap, "restart asked for");
		break;
	case CHILD_WHY_STOP:
		snprintf(out, cap, "asked to stop");
		break;
	case CHILD_WHY_ENDED:
		snprintf(out, cap, "ended after %" PRIu64 " ms", n->after_ms);
		break;
	}
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
	size_t len;

	event_text(n, out, cap);
	len = strnlen(out, cap);
	if (n->delay_ms == UINT64_MAX || n->why == CHILD_WHY_NONE || len >= cap)
		return;
	if (n->delay_ms == 0)
		snprintf(out + len, cap - len, "; restart at once");
	else
		snprintf(out + len, cap - len, "; restart in %" PRIu64 " ms%s",
		         n->delay_ms,
		         n->failures >= CHILD_FAILING ? ", it keeps failing" : "");
}
