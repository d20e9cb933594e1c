/* See verdict.h. */
#include "view/verdict.h"

#include "proc/roster.h"
#include "view/member.h"
#include "view/members_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct judge {
	const struct conf *conf;
	const struct asks *asks;
	enum verdict_kind kind;
	json_t *reasons;
};

static void __attribute__((format(printf, 3, 4)))
say(struct judge *j, enum verdict_kind kind, const char *format, ...)
{
	char text[VERDICT_REASON_MAX];
	va_list args;

	if (kind > j->kind)
		j->kind = kind;
	if (json_array_size(j->reasons) == VERDICT_REASONS_MAX)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(j->reasons, member_of_bytes(text));
}

/* A server without one of its workers cannot serve; the other processes can be missing
 * for a while. A worker that starts or stops is expected to serve soon. `who`: the name
 * and the pid. */
static void
judge_state(struct judge *j, const json_t *row, const char *who)
{
	const char *name = member_string(row, "name");
	const char *state = member_string(row, "state");
	const char *why = member_string(row, "reason");
	char error[VERDICT_REASON_MAX] = "";
	bool moves = strcmp(state, "starting") == 0 || strcmp(state, "stopping") == 0;
	enum verdict_kind kind =
	    roster_find(name) && !moves ? VERDICT_FAILING : VERDICT_DEGRADED;

	if (strcmp(state, "ready") == 0)
		return;
	/* the reason is that other processes are not ready, which are reported */
	if (strcmp(name, "conclaved") == 0 && moves)
		return;
	if (*member_string(row, "last_error"))
		snprintf(error, sizeof(error), "; its last error: %s",
		         member_string(row, "last_error"));
	if (strcmp(state, "silent") == 0)
		say(j, kind, "%s does not answer within %d ms", who, VERDICT_PATIENCE_MS);
	else if (strncmp(why, state, strlen(state)) == 0) /* "hung: …" */
		say(j, kind, "%s is %s%s", who, why, error);
	else
		say(j, kind, "%s is %s%s%s%s", who, state, *why ? ": " : "", why, error);
}

/* Every worker that is ready has a generation, but for a shadow. */
static bool
is_idle(const json_t *row, const struct ask *a)
{
	const char *said = member_string(a ? a->answer : NULL, "who");

	return roster_find(member_string(row, "name")) &&
	       (strcmp(said, "elector") == 0 || strcmp(said, "peer") == 0) &&
	       strcmp(member_string(row, "state"), "ready") == 0 &&
	       member_number(a->answer, "generation") == 0;
}

static void
judge_process(struct judge *j, const json_t *row)
{
	int64_t pid = member_number(row, "pid"), lag_ms = member_number(row, "lag_ms");
	int64_t failures = member_number(row, "failures");
	char who[96], in_parens[32] = "";

	if (pid > 0)
		snprintf(in_parens, sizeof(in_parens), " (pid %" PRId64 ")", pid);
	snprintf(who, sizeof(who), "%s%s", member_string(row, "name"), in_parens);
	judge_state(j, row, who);
	if (json_is_false(json_object_get(row, "door")))
		say(j, VERDICT_DEGRADED,
		    "the control socket of %s is gone, and nobody can ask it; make it "
		    "anew with conclave restart %s",
		    who, member_string(row, "name"));
	if (is_idle(row, asks_of_row(j->asks, row)))
		say(j, VERDICT_FAILING,
		    "%s does not count: connmgr has not made it active", who);
	if (*member_string(row, "refused"))
		say(j, VERDICT_DEGRADED, "%s runs the installed program: %s", who,
		    member_string(row, "refused"));
	if (lag_ms > j->conf->supervisor.watchdog_ms / 2)
		say(j, VERDICT_DEGRADED,
		    "the loop of %s was late by %" PRId64 " ms in the last minute", who,
		    lag_ms);
	if (strcmp(member_string(row, "state"), "ready") == 0 &&
	    failures >= VERDICT_FAILURES &&
	    member_number(row, "uptime_ms") < j->conf->supervisor.restart_reset_ms)
		say(j, VERDICT_DEGRADED,
		    "%s has died %" PRId64 " times in a row, last: %s", who, failures,
		    member_string(row, "last_death"));
}

static void
judge_absence(struct judge *j, const json_t *processes)
{
	const struct ask *conclaved = asks_find(j->asks, PATHS_CONCLAVED);
	const json_t *row;
	size_t at;

	for (unsigned i = 0; i < ROSTER_COUNT; i++) {
		bool there = false;

		json_array_foreach (processes, at, row)
			there |= strcmp(member_string(row, "name"), roster[i].name) == 0;
		if (!there)
			say(j, VERDICT_FAILING, "there is no %s", roster[i].name);
	}
	if (conclaved && conclaved->result == -ECONNREFUSED)
		say(j, VERDICT_DEGRADED,
		    "conclaved has died: nobody restarts the other processes");
}

static void
judge_listeners(struct judge *j, const json_t *listeners)
{
	const json_t *row;
	size_t at;

	json_array_foreach (listeners, at, row) {
		const char *why = member_string(row, "reason");

		if (strcmp(member_string(row, "state"), "open") != 0)
			say(j, VERDICT_DEGRADED, "connmgr cannot open the %s port %s%s%s",
			    member_string(row, "lane"), member_string(row, "address"),
			    *why ? ": " : "", why);
	}
}

static void
judge_queues(struct judge *j, const json_t *process)
{
	const json_t *row;
	size_t at;

	json_array_foreach (json_object_get(process, "queues"), at, row) {
		int64_t length = member_number(row, "length");
		int64_t bound = member_number(row, "bound");

		if (bound > 0 && length >= bound / 2)
			say(j, VERDICT_DEGRADED,
			    "the queue %s of %s holds %" PRId64 " of %" PRId64
			    " messages",
			    member_string(row, "name"), member_string(process, "name"),
			    length, bound);
	}
}

static void
judge_members(struct judge *j, const json_t *peer)
{
	const json_t *members = json_object_get(peer, "members");
	enum members_level level =
	    members_text_level(members_text_state(member_string(members, "state")));
	int64_t leader;

	if (level >= MEMBERS_WARNED)
		say(j,
		    level == MEMBERS_STUCK && !member_i64(peer, "leader", &leader)
		        ? VERDICT_FAILING
		        : VERDICT_DEGRADED,
		    "%s", member_string(members, "text"));
}

/* What passes by itself, such as the end of a lease, is no fault. */
static void
judge_lease(struct judge *j, const json_t *peer)
{
	const json_t *lease = json_object_get(peer, "lease");

	if (json_is_true(json_object_get(lease, "clocks_differ")))
		say(j, VERDICT_DEGRADED, "%s", member_string(lease, "text"));
}

enum verdict_kind
verdict_judge(const struct conf *conf, const struct asks *asks, const json_t *processes,
              json_t *reasons)
{
	struct judge j = {.conf = conf, .asks = asks, .reasons = reasons};
	const json_t *connmgr = asks_answer(asks, PATHS_CONNMGR);
	const json_t *peer = asks_answer(asks, PATHS_PEER);
	const json_t *leader = json_object_get(peer, "leader"), *row;
	size_t at;

	judge_absence(&j, processes);
	json_array_foreach (processes, at, row)
		judge_process(&j, row);
	judge_listeners(&j, json_object_get(connmgr, "listeners"));
	json_array_foreach (processes, at, row)
		judge_queues(&j, row);
	if (*member_string(connmgr, "degraded"))
		say(&j, VERDICT_DEGRADED, "connmgr is degraded: %s",
		    member_string(connmgr, "degraded"));
	if (*member_string(json_object_get(connmgr, "tls"), "error"))
		say(&j, VERDICT_DEGRADED,
		    "connmgr goes on with the keys that it read before: %s",
		    member_string(json_object_get(connmgr, "tls"), "error"));
	if (*member_string(peer, "reason"))
		say(&j,
		    leader && !json_is_null(leader) ? VERDICT_DEGRADED : VERDICT_FAILING,
		    "peer cannot lead: %s", member_string(peer, "reason"));
	if (*member_string(peer, "warning"))
		say(&j, VERDICT_DEGRADED, "peer: %s", member_string(peer, "warning"));
	judge_members(&j, peer);
	judge_lease(&j, peer);
	return j.kind;
}

const char *
verdict_name(enum verdict_kind kind)
{
	static const char *const names[] = {"healthy", "degraded", "failing"};

	return names[kind];
}
