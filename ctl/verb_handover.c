/* conclave step-down, conclave transfer: the peer hands its leadership over (R9 of
 * docs/LEASE.md). */
#include "base/clock.h"
#include "base/paths.h"
#include "ctl/follow.h"
#include "ctl/time.h"
#include "ctl/verb.h"
#include "view/member.h"
#include "view/status.h"
#include "wire/qaddr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Who holds has a grace to stop in, of which the peer knows nothing. */
#define PATIENCE_MS 600000
#define FOR_MAX_MS  600000
/* Beyond the bound of R9 an election and the disks need time, too. */
#define ELECTED_MS 10000

/* 0: it is released; else the exit status, after a message. */
static int
ask(const struct ctl *c, const char *request)
{
	json_t *answer;
	int r = verb_demand(c, PATHS_PEER, request, PATIENCE_MS,
	                    "whether the leadership was handed over is not known; see "
	                    "conclave status",
	                    &answer);

	if (r)
		return r;
	if (!json_is_true(json_object_get(answer, "ok")))
		r = verb_failed(c, EXIT_FAILED, "%s: refused: %s", c->verb->name,
		                member_string(answer, "error"));
	json_decref(answer);
	return r;
}

int
verb_step_down(const struct ctl *c)
{
	const char *time = verb_option(c, "for");
	char request[64] = "step-down";
	uint64_t ms;
	int r;

	if (time && (!time_parse(time, &ms) || ms > FOR_MAX_MS))
		return verb_misused(c, "--for how long? 30s, 500ms, 2min, at most 10min");
	if (time)
		snprintf(request, sizeof(request), "step-down %" PRIu64, ms);
	r = ask(c, request);
	if (r == 0 && c->json)
		verb_print_json(
		    json_pack("{s:i, s:b}", "schema", STATUS_SCHEMA, "ok", true));
	return r;
}

/* Who leads above that epoch, as our peer knows; false: nobody in time. */
static bool
wait_leader(const struct ctl *c, int64_t epoch, int64_t *leader)
{
	static struct follow f;
	uint64_t until_ms = clock_ms() + ELECTED_MS + c->conf->lease_max_ms;
	bool found = false;

	follow_init(&f, c->conf->run_dir, c->conf->id, -1);
	while (!found && follow_next(&f, until_ms) <= FOLLOW_DOWN)
		found = member_number(f.event, "epoch") > epoch &&
		        member_i64(f.event, "leader", leader);
	follow_deinit(&f);
	return found;
}

static int
say_leader(const struct ctl *c, int64_t target, int64_t leader)
{
	if (leader != target)
		return verb_failed(c, EXIT_FAILED,
		                   "transfer: server %" PRId64
		                   " leads now, and not server %" PRId64
		                   ", which was less fresh or did not stand in time",
		                   leader, target);
	if (c->json)
		verb_print_json(json_pack("{s:i, s:b, s:I}", "schema", STATUS_SCHEMA,
		                          "ok", true, "leader", (json_int_t)leader));
	else
		printf("%" PRId64 "\n", leader);
	return EXIT_OK;
}

int
verb_transfer(const struct ctl *c)
{
	struct qaddr_text word;
	char request[64];
	struct asks asks;
	int64_t target, epoch, leader;
	int r;

	if (c->argc != 1)
		return verb_misused(c, "to which server? write its id");
	word = (struct qaddr_text){c->argv[0], strlen(c->argv[0])};
	if (!qaddr_unsigned(word, 10, CONF_ID_MAX, &target))
		return verb_misused(c, "`%s` is no id of a server", c->argv[0]);
	if (target == c->conf->id)
		return verb_misused(c, "server %" PRId64 " is this one", target);
	ask_one(c->conf->run_dir, PATHS_PEER, "status", &asks);
	epoch = member_number(asks.list[0].answer, "epoch");
	asks_deinit(&asks);
	snprintf(request, sizeof(request), "transfer %" PRId64, target);
	r = ask(c, request);
	if (r)
		return r;
	if (!wait_leader(c, epoch, &leader))
		return verb_failed(c, EXIT_FAILED,
		                   "transfer: released, and no other server leads yet; "
		                   "conclave status says why");
	return say_leader(c, target, leader);
}
