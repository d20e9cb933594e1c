/* conclave status, conclave leader. */
#include "base/exit.h"
#include "ctl/ask.h"
#include "ctl/cells.h"
#include "ctl/exact.h"
#include "ctl/status.h"
#include "ctl/usage.h"
#include "ctl/verb.h"

#include <stdio.h>
#include <string.h>

enum { LEADER_WE, LEADER_OTHER, LEADER_NOBODY }; /* exit statuses of `leader` */

static void
print_ids(const char *label, const cJSON *ids)
{
	const cJSON *node;
	int64_t sid;

	fputs(label, stdout);
	cJSON_ArrayForEach(node, ids)
	{
		if (exact_i64(node, &sid))
			printf(" %lld", (long long)sid);
	}
}

static void
print_silent(const cJSON *names)
{
	const cJSON *name;

	if (cJSON_GetArraySize(names) == 0)
		return;
	fputs("no answer from:", stdout);
	cJSON_ArrayForEach(name, names)
	{
		printf(" %s", cJSON_GetStringValue(name));
	}
	putchar('\n');
}

static void
print_head(const struct ctl *c, const cJSON *s)
{
	const char *state = exact_string(s, "state");
	const char *reason = exact_string(s, "reason");
	const char *phase = exact_string(s, "phase");
	const char *degraded = exact_string(s, "degraded");
	char text[128];

	printf("server %s", exact_text(s, "id", text, sizeof(text)));
	printf(" is %s%s%s", c->colours ? table_colour(state) : "", state,
	       c->colours ? TABLE_PLAIN : "");
	if (phase[0])
		printf(" (phase %s)", phase);
	printf("\nleader %s", exact_text(s, "leader", text, sizeof(text)));
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s, "active")))
		fputs(" (this server, established)", stdout);
	printf("   epoch %s", exact_text(s, "epoch", text, sizeof(text)));
	printf("   round %s", exact_text(s, "round", text, sizeof(text)));
	printf("   claim %s\n", exact_text(s, "claim", text, sizeof(text)));
	print_ids("voters", cJSON_GetObjectItemCaseSensitive(s, "voters"));
	printf("   quorum %s\n", exact_text(s, "quorum", text, sizeof(text)));
	if (reason[0])
		printf("reason: %s\n", reason);
	if (degraded[0])
		printf("degraded: %s\n", degraded);
	print_silent(cJSON_GetObjectItemCaseSensitive(s, "silent"));
}

static void
print_remotes(const struct ctl *c, const cJSON *rows)
{
	static const char *const heads[] = {"REMOTE", "LINK",  "SINCE", "SAID",
	                                    "VOTE",   "ROUND", "REASON"};
	struct table *t = table_new(heads, 7);
	const cJSON *row;

	if (!t || cJSON_GetArraySize(rows) == 0)
		goto out;
	cJSON_ArrayForEach(row, rows)
	{
		const cJSON *vote = cJSON_GetObjectItemCaseSensitive(row, "vote");

		cells_text(t, row, "id");
		cells_text(t, row, "link");
		cells_duration(t, row, "since_ms");
		cells_text(t, row, "state");
		cells_text(t, vote, "leader");
		cells_text(t, vote, "round");
		cells_text(t, row, "reason");
	}
	putchar('\n');
	table_print(t, stdout, c->colours);
out:
	table_free(t);
}

static void
print_processes(const struct ctl *c, const cJSON *rows)
{
	static const char *const heads[] = {"PROCESS",    "PID",      "STATE",
	                                    "GENERATION", "RESTARTS", "UPTIME"};
	struct table *t = table_new(heads, 6);
	const cJSON *row;

	if (!t)
		return;
	cJSON_ArrayForEach(row, rows)
	{
		cells_text(t, row, "name");
		cells_text(t, row, "pid");
		cells_text(t, row, "state");
		cells_text(t, row, "generation");
		cells_text(t, row, "restarts");
		cells_duration(t, row, "uptime_ms");
	}
	putchar('\n');
	table_print(t, stdout, c->colours);
	table_free(t);
}

int
verb_status(const struct ctl *c)
{
	struct asks asks;
	unsigned answers;
	cJSON *status;

	if (verb_no_arguments(c))
		return EXIT_USAGE;
	ask_all(c->conf->run_dir, "status", ASK_DEADLINE_MS, &asks);
	answers = asks_answered(&asks);
	status = status_merge(c->conf, &asks);
	asks_deinit(&asks);
	usage_fill(cJSON_GetObjectItemCaseSensitive(status, "processes"));
	if (c->json) {
		verb_print_json(status);
		return answers ? EXIT_OK : EXIT_NO_ANSWER;
	}
	if (!answers) {
		cJSON_Delete(status);
		return verb_no_answer(c, "any process");
	}
	print_head(c, status);
	print_remotes(c, cJSON_GetObjectItemCaseSensitive(status, "remotes"));
	print_processes(c, cJSON_GetObjectItemCaseSensitive(status, "processes"));
	cJSON_Delete(status);
	return EXIT_OK;
}

int
verb_leader(const struct ctl *c)
{
	const cJSON *peer;
	struct asks asks;
	int64_t leader;
	bool known;
	int status;

	if (verb_no_arguments(c))
		return EXIT_USAGE;
	ask_one(c->conf->run_dir, "peer", "status", &asks);
	peer = asks.list[0].answer;
	if (!peer) {
		asks_deinit(&asks);
		return verb_no_answer(c, "the peer");
	}
	known = exact_i64(cJSON_GetObjectItemCaseSensitive(peer, "leader"), &leader);
	if (known && leader == c->conf->id && status_leads(peer))
		status = LEADER_WE;
	else if (known && leader != c->conf->id)
		status = LEADER_OTHER;
	else /* also: ourselves, but not (or no longer) entitled to act */
		status = LEADER_NOBODY;
	if (c->json) {
		static const char *const keys[] = {"leader", "state", "epoch"};
		cJSON *out = cJSON_CreateObject();

		exact_set(out, "schema", STATUS_SCHEMA);
		exact_set(out, "id", c->conf->id);
		for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			const cJSON *node =
			    cJSON_GetObjectItemCaseSensitive(peer, keys[i]);

			cJSON_AddItemToObject(out, keys[i],
			                      node ? cJSON_Duplicate(node, true)
			                           : cJSON_CreateNull());
		}
		cJSON_AddBoolToObject(out, "active", status == LEADER_WE);
		verb_print_json(out);
	} else if (status != LEADER_NOBODY) {
		printf("%lld\n", (long long)leader);
	}
	asks_deinit(&asks);
	return status;
}
