/* conclave watch and conclave wait, which read the peer's events. */
#include "base/clock.h"
#include "ctl/follow.h"
#include "ctl/table.h"
#include "ctl/verb.h"
#include "view/member.h"
#include "view/members_text.h"
#include "view/members_wait.h"
#include "wire/qaddr.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MAX_S 1e9

enum { WAIT_REACHED = 0, WAIT_PASSED = 1, WAIT_LATE = 2 };

static void
print_event(const struct ctl *c, const json_t *event)
{
	const char *state = member_string(event, "state");
	const char *phase = member_string(event, "phase");
	const char *reason = member_string(event, "reason");
	const json_t *members = json_object_get(event, "members");
	const char *said = member_string(members, "text");
	char leader[32], epoch[32], round[32], version[32], lease[32] = "-";
	int64_t at_us, now_us = (int64_t)clock_us();
	int64_t left_ms = member_number(event, "lease_end_ms") - now_us / 1000;

	if (left_ms > 0)
		snprintf(lease, sizeof(lease), "%" PRId64 "ms", left_ms);

	/* an event carries the time since boot */
	verb_print_time(member_i64(event, "at_us", &at_us) && at_us > 0 && at_us < now_us
	                    ? now_us - at_us
	                    : 0);
	fputs("  ", stdout);
	table_word(stdout, state, 9, c->colours);
	printf("  leader %-3s  epoch %-4s  round %-4s  members %-3s  lease "
	       "%-5s%s%s%s%s%s%s\n",
	       member_text(event, "leader", leader, sizeof(leader)),
	       member_text(event, "epoch", epoch, sizeof(epoch)),
	       member_text(event, "round", round, sizeof(round)),
	       member_text(members, "version", version, sizeof(version)), lease,
	       phase[0] ? "  " : "", phase, reason[0] ? "  " : "", reason,
	       said[0] ? "  " : "", said);
}

/* A heartbeat is a line of its own only where a lease has begun or ended. */
static bool
is_news(const json_t *event, bool *leased)
{
	bool has = member_number(event, "lease_end_ms") > 0;
	bool news = !json_is_true(json_object_get(event, "heartbeat")) || has != *leased;

	*leased = has;
	return news;
}

int
verb_watch(const struct ctl *c)
{
	static struct follow f;
	bool leased = false;
	int r = 0;

	follow_init(&f, c->conf->run_dir, c->conf->id, STDOUT_FILENO);
	while (r == 0 && follow_next(&f, UINT64_MAX) != FOLLOW_CLOSED) {
		if (c->json)
			verb_print_json(json_incref(f.event));
		else if (is_news(f.event, &leased))
			print_event(c, f.event);
		r = verb_flush();
	}
	follow_deinit(&f);
	return verb_flushed(r, EXIT_OK);
}

/* What `conclave wait` waits for: one of these. */
struct goal {
	bool leader;
	bool leading;
	bool lost;
	/* Of `lost`: until then (clock_ms) a peer that ended may take its term up again,
	 * or its lease lasts; and the end of the lease that it said last. */
	uint64_t grace_ms;
	uint64_t end_ms;
	/* a version; 0: none */
	int64_t members;
	/* what the members wait for, as it was said last */
	char said[MEMBERS_SENTENCE_MAX];
};

/* Says what the members wait for, once for each reason, at a terminal. */
static void
say_wait(struct goal *g, const char *why)
{
	if (strcmp(g->said, why) != 0 && isatty(STDERR_FILENO))
		fprintf(stderr, "%s\n", why);
	snprintf(g->said, sizeof(g->said), "%s", why);
}

/* Does this server lead no more? A peer that ended while it led may be restarted and lead
 * on (R7 of docs/LEASE.md). */
static bool
is_lost(const struct ctl *c, struct goal *g, const json_t *event, bool down)
{
	uint64_t now_ms = clock_ms();

	if (down) {
		g->grace_ms = now_ms + c->conf->resume_ms;
		if (g->end_ms > g->grace_ms)
			g->grace_ms = g->end_ms;
		return false;
	}
	if (json_is_true(json_object_get(event, "active"))) {
		g->end_ms = (uint64_t)member_number(event, "lease_end_ms");
		g->grace_ms = 0;
		return false;
	}
	return !json_is_true(json_object_get(event, "resumes")) && now_ms >= g->grace_ms;
}

/* Does that event end the wait? Then `status` is set. */
static bool
is_reached(const struct ctl *c, struct goal *g, const json_t *event, int *status)
{
	const json_t *members = json_object_get(event, "members");
	char why[MEMBERS_SENTENCE_MAX];
	int64_t leader;
	bool other = member_i64(event, "leader", &leader) && leader != c->conf->id;

	*status = WAIT_REACHED;
	if (g->lost)
		return is_lost(c, g, event, false);
	if (g->members == 0)
		return json_is_true(json_object_get(event, "active")) ||
		       (g->leader && other);
	switch (members_wait(members, g->members, why, sizeof(why))) {
	case MEMBERS_WAIT_REACHED:
		return true;
	case MEMBERS_WAIT_PASSED:
		*status = verb_failed(c, WAIT_PASSED, "wait: %s, which are newer", why);
		return true;
	case MEMBERS_WAIT_MORE:
		break;
	}
	say_wait(g, why);
	return false;
}

/* Reads decimal seconds; `until_ms` is the time of clock_ms at which they are over. */
static bool
parse_timeout(const char *text, uint64_t *until_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || text[strspn(text, "0123456789.")] || *end ||
	    !(seconds <= TIMEOUT_MAX_S))
		return false;
	*until_ms = clock_ms() + (uint64_t)(seconds * 1000);
	return true;
}

/* Reads the options: 0, or the exit status after a message. */
static int
parse_goal(const struct ctl *c, struct goal *g, uint64_t *until_ms)
{
	const char *timeout = verb_option(c, "timeout");
	const char *members = verb_option(c, "members");

	g->leader = verb_option(c, "leader");
	g->leading = verb_option(c, "leading");
	g->lost = verb_option(c, "lost");
	if (timeout && !parse_timeout(timeout, until_ms))
		return verb_misused(c, "--timeout wants seconds, like 10 or 0.5");
	if (g->leader + g->leading + g->lost + (members != NULL) != 1)
		return verb_misused(
		    c, "write --leader, --leading, --lost or --members N, one of them");
	if (members && !qaddr_number((struct qaddr_text){members, strlen(members)}, 10, 1,
	                             MEMBERS_VERSION_MAX, &g->members))
		return verb_misused(
		    c, "`%s` is no version; a file has one from 1 to %" PRId64, members,
		    (int64_t)MEMBERS_VERSION_MAX);
	if (members && !c->conf->zab)
		return verb_failed(c, EXIT_FAILED,
		                   "wait: with zab = false no membership is kept: the "
		                   "members are those of the file");
	return 0;
}

/* The next event that may end the wait; FOLLOW_LATE, CLOSED, or EVENT where it does. */
static enum follow_result
wait_on(const struct ctl *c, struct goal *g, struct follow *f, uint64_t until_ms,
        bool *heard, int *status)
{
	enum follow_result r;

	for (;;) {
		bool graced = g->grace_ms > 0 && *heard && g->grace_ms < until_ms;

		r = follow_next(f, graced ? g->grace_ms : until_ms);
		if (r == FOLLOW_LATE && graced) {
			g->grace_ms = 0;
			if (is_lost(c, g, f->event, false))
				return FOLLOW_EVENT;
			continue;
		}
		if (r == FOLLOW_LATE && !*heard &&
		    f->open) /* let it finish its first event */
			r = follow_next(f, f->hear_by_ms);
		*heard |= r == FOLLOW_EVENT;
		if (r == FOLLOW_DOWN && g->lost)
			(void)is_lost(c, g, f->event, true);
		else if (r != FOLLOW_DOWN &&
		         (r != FOLLOW_EVENT || is_reached(c, g, f->event, status)))
			return r;
	}
}

int
verb_wait(const struct ctl *c)
{
	static struct follow f;
	static struct goal g;
	uint64_t until_ms = UINT64_MAX;
	enum follow_result r;
	bool heard = false;
	int status = parse_goal(c, &g, &until_ms);

	if (status)
		return status;
	/* without --json nothing is printed, so it does not matter who reads it */
	follow_init(&f, c->conf->run_dir, c->conf->id, c->json ? STDOUT_FILENO : -1);
	r = wait_on(c, &g, &f, until_ms, &heard, &status);
	if (r == FOLLOW_EVENT && c->json && status == WAIT_REACHED)
		verb_print_json(json_incref(f.event));
	follow_deinit(&f);
	if (r == FOLLOW_EVENT)
		return status;
	if (r == FOLLOW_CLOSED)
		return VERB_UNWRITTEN;
	if (!heard)
		return verb_no_answer(c, "the peer");
	if (c->json || g.members > 0)
		verb_failed(c, WAIT_LATE, "wait: time is over%s%s", *g.said ? ": " : "",
		            g.said);
	return WAIT_LATE;
}
