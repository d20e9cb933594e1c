/* See verdict.h. */
#include "view/verdict.h"

#include "proc/roster.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 3, 4)))
say(struct verdict *v, enum verdict_kind kind, const char *format, ...)
{
	va_list args;

	if (kind > v->kind)
		v->kind = kind;
	if (v->reason_count == VERDICT_REASONS_MAX)
		return;
	va_start(args, format);
	vsnprintf(v->reasons[v->reason_count++], VERDICT_REASON_MAX, format, args);
	va_end(args);
}

/* `elector (pid 7)`, or the name alone. */
static const char *
who(const struct verdict_process *p, char out[96])
{
	if (p->pid > 0)
		snprintf(out, 96, "%s (pid %" PRId64 ")", p->name, p->pid);
	else
		snprintf(out, 96, "%s", p->name);
	return out;
}

/* A server without one of its workers cannot serve; the other processes can be missing
 * for a while. A worker that starts or stops is expected to serve soon. */
static void
judge_state(const struct verdict_facts *f, const struct verdict_process *p,
            struct verdict *out)
{
	bool moves =
	    strcmp(p->state, "starting") == 0 || strcmp(p->state, "stopping") == 0;
	enum verdict_kind kind =
	    roster_find(p->name) && !moves ? VERDICT_FAILING : VERDICT_DEGRADED;
	char name[96];

	if (strcmp(p->state, "ready") == 0)
		return;
	/* the reason is that other processes are not ready, which are reported */
	if (strcmp(p->name, "conclaved") == 0 && moves)
		return;
	if (strcmp(p->state, "silent") == 0)
		say(out, kind, "%s does not answer within %" PRId64 " ms", who(p, name),
		    f->patience_ms);
	else if (strncmp(p->why, p->state, strlen(p->state)) == 0) /* "hung: …" */
		say(out, kind, "%s is %s", who(p, name), p->why);
	else
		say(out, kind, "%s is %s%s%s", who(p, name), p->state,
		    *p->why ? ": " : "", p->why);
}

static void
judge_process(const struct verdict_facts *f, const struct verdict_process *p,
              struct verdict *out)
{
	char name[96];

	judge_state(f, p, out);
	if (p->idle && roster_find(p->name))
		say(out, VERDICT_FAILING,
		    "%s does not count: connmgr has not made it active", who(p, name));
	if (p->lag_ms > f->lag_max_ms)
		say(out, VERDICT_DEGRADED,
		    "the loop of %s was late by %" PRId64 " ms in the last minute",
		    who(p, name), p->lag_ms);
	if (strcmp(p->state, "ready") == 0 && p->failures >= VERDICT_FAILURES &&
	    p->uptime_ms < f->calm_ms)
		say(out, VERDICT_DEGRADED,
		    "%s has died %" PRId64 " times in a row, last: %s", who(p, name),
		    p->failures, p->last_death);
}

static void
judge_absence(const struct verdict_facts *f, struct verdict *out)
{
	for (unsigned i = 0; i < ROSTER_COUNT; i++) {
		bool there = false;

		for (unsigned j = 0; j < f->process_count; j++)
			there |= strcmp(f->processes[j].name, roster[i].name) == 0;
		if (!there)
			say(out, VERDICT_FAILING, "there is no %s", roster[i].name);
	}
	if (f->orphaned)
		say(out, VERDICT_DEGRADED,
		    "conclaved has died: nobody restarts the other processes");
}

void
verdict_judge(const struct verdict_facts *f, struct verdict *out)
{
	memset(out, 0, sizeof(*out));
	judge_absence(f, out);
	for (unsigned i = 0; i < f->process_count; i++)
		judge_process(f, &f->processes[i], out);
	for (unsigned i = 0; i < f->listener_count; i++) {
		const struct verdict_listener *l = &f->listeners[i];

		say(out, VERDICT_DEGRADED, "connmgr cannot open the %s port %s%s%s",
		    l->lane, l->address, *l->why ? ": " : "", l->why);
	}
	for (unsigned i = 0; i < f->queue_count; i++) {
		const struct verdict_queue *q = &f->queues[i];

		if (q->bound > 0 && q->length >= q->bound / 2)
			say(out, VERDICT_DEGRADED,
			    "the queue %s of %s holds %" PRId64 " of %" PRId64
			    " messages",
			    q->name, q->process, q->length, q->bound);
	}
	if (*f->connmgr_degraded)
		say(out, VERDICT_DEGRADED, "connmgr is degraded: %s",
		    f->connmgr_degraded);
	if (*f->peer_reason)
		say(out, f->has_leader ? VERDICT_DEGRADED : VERDICT_FAILING,
		    "peer cannot lead: %s", f->peer_reason);
}

const char *
verdict_name(enum verdict_kind kind)
{
	static const char *const names[] = {"healthy", "degraded", "failing"};

	return names[kind];
}
