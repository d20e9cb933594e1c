/* conclave watch and conclave wait, which read the peer's events. */
#include "base/clock.h"
#include "ctl/follow.h"
#include "ctl/table.h"
#include "ctl/verb.h"
#include "view/member.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MAX_S 1e9

enum { WAIT_REACHED = 0, WAIT_LATE = 2 };

static void
print_event(const struct ctl *c, const json_t *event)
{
	const char *state = member_string(event, "state");
	const char *phase = member_string(event, "phase");
	const char *reason = member_string(event, "reason");
	char leader[32], epoch[32], round[32];
	int64_t at_us, now_us = (int64_t)clock_us();

	/* an event carries the time since boot */
	verb_print_time(member_i64(event, "at_us", &at_us) && at_us > 0 && at_us < now_us
	                    ? now_us - at_us
	                    : 0);
	fputs("  ", stdout);
	table_word(stdout, state, 9, c->colours);
	printf("  leader %-3s  epoch %-4s  round %-4s%s%s%s%s\n",
	       member_text(event, "leader", leader, sizeof(leader)),
	       member_text(event, "epoch", epoch, sizeof(epoch)),
	       member_text(event, "round", round, sizeof(round)), phase[0] ? "  " : "",
	       phase, reason[0] ? "  " : "", reason);
}

int
verb_watch(const struct ctl *c)
{
	static struct follow f;
	int r = 0;

	follow_init(&f, c->conf->run_dir, c->conf->id, STDOUT_FILENO);
	while (r == 0 && follow_next(&f, UINT64_MAX) != FOLLOW_CLOSED) {
		if (c->json)
			verb_print_json(json_incref(f.event));
		else
			print_event(c, f.event);
		r = verb_flush();
	}
	follow_deinit(&f);
	return verb_flushed(r, EXIT_OK);
}

static bool
is_reached(const json_t *event, int64_t id, bool leading)
{
	int64_t leader;
	bool other = member_i64(event, "leader", &leader) && leader != id;

	return json_is_true(json_object_get(event, "active")) || (!leading && other);
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

int
verb_wait(const struct ctl *c)
{
	static struct follow f;
	uint64_t until_ms = UINT64_MAX;
	enum follow_result r = FOLLOW_LATE;
	const char *timeout = verb_option(c, "timeout");
	bool leader = verb_option(c, "leader");
	bool leading = verb_option(c, "leading");
	bool heard = false;

	if (timeout && !parse_timeout(timeout, &until_ms))
		return verb_misused(c, "--timeout wants seconds, like 10 or 0.5");
	if (leader == leading)
		return verb_misused(c, "write --leader or --leading, one of them");
	/* without --json nothing is printed, so it does not matter who reads it */
	follow_init(&f, c->conf->run_dir, c->conf->id, c->json ? STDOUT_FILENO : -1);
	do {
		r = follow_next(&f, until_ms);
		if (r == FOLLOW_LATE && !heard &&
		    f.open) /* let it finish its first event */
			r = follow_next(&f, f.hear_by_ms);
		heard |= r == FOLLOW_EVENT;
	} while (r == FOLLOW_DOWN ||
	         (r == FOLLOW_EVENT && !is_reached(f.event, c->conf->id, leading)));
	if (r == FOLLOW_EVENT && c->json)
		verb_print_json(json_incref(f.event));
	follow_deinit(&f);
	if (r == FOLLOW_EVENT)
		return WAIT_REACHED;
	if (r == FOLLOW_CLOSED)
		return VERB_UNWRITTEN;
	if (!heard)
		return verb_no_answer(c, "the peer");
	if (c->json)
		verb_failed(c, WAIT_LATE, "wait: time is over");
	return WAIT_LATE;
}
