/* conclave status, conclave leader. */
#include "base/paths.h"
#include "ctl/table.h"
#include "ctl/verb.h"
#include "view/member.h"
#include "view/status.h"

#include <stdio.h>
#include <string.h>

static void
print_list(const char *label, const json_t *list)
{
	const json_t *one;
	size_t i;

	fputs(label, stdout);
	json_array_foreach (list, i, one) {
		if (json_is_integer(one))
			printf(" %lld", (long long)json_integer_value(one));
		else if (json_is_string(one))
			printf(" %s", json_string_value(one));
	}
}

/* Where the peer keeps a membership. */
static void
print_members(const json_t *members)
{
	const char *said = member_string(members, "text");
	char text[32];

	if (!json_is_object(members))
		return;
	printf("members %s", member_text(members, "version", text, sizeof(text)));
	printf("   file %s\n", member_text(members, "wished", text, sizeof(text)));
	if (*said)
		printf("membership: %s\n", said);
}

static void
print_lease(const json_t *lease)
{
	int64_t ends_ms = member_number(lease, "ends_ms");
	const json_t *hold;
	size_t at;

	if (ends_ms > 0)
		printf("lease ends in %lld ms, of %lld, unless it is renewed\n",
		       (long long)ends_ms, (long long)member_number(lease, "lease_ms"));
	json_array_foreach (json_object_get(lease, "holds"), at, hold)
		printf("held by %s (pid %lld)%s\n", member_string(hold, "name"),
		       (long long)member_number(hold, "pid"),
		       json_is_true(json_object_get(hold, "broken"))
		           ? ", which has gone without letting go"
		       : *member_string(hold, "asked") ? ", which is asked to let go"
		                                       : "");
	if (*member_string(lease, "text"))
		printf("%s\n", member_string(lease, "text"));
}

static void
print_head(const struct ctl *c, const json_t *s)
{
	const char *state = member_string(s, "state");
	const char *reason = member_string(s, "reason");
	const char *phase = member_string(s, "phase");
	const char *degraded = member_string(s, "degraded");
	const json_t *silent = json_object_get(s, "silent");
	char text[128];

	printf("server %s", member_text(s, "id", text, sizeof(text)));
	fputs(" is ", stdout);
	table_word(stdout, state, 0, c->colours);
	if (phase[0])
		printf(" (phase %s)", phase);
	printf("\nleader %s", member_text(s, "leader", text, sizeof(text)));
	if (json_is_true(json_object_get(s, "active")))
		fputs(" (this server, established)", stdout);
	printf("   epoch %s", member_text(s, "epoch", text, sizeof(text)));
	printf("   round %s", member_text(s, "round", text, sizeof(text)));
	printf("   claim %s\n", member_text(s, "claim", text, sizeof(text)));
	print_list("voters", json_object_get(s, "voters"));
	printf("   quorum %s\n", member_text(s, "quorum", text, sizeof(text)));
	print_members(json_object_get(s, "members"));
	print_lease(json_object_get(s, "lease"));
	if (reason[0])
		printf("reason: %s\n", reason);
	if (degraded[0])
		printf("degraded: %s\n", degraded);
	if (json_array_size(silent) > 0) {
		print_list("no answer from:", silent);
		putchar('\n');
	}
}

/* Who dialled the link: us, or it. */
static void
set_by(json_t *link)
{
	const json_t *dialled = json_object_get(link, "dialled");

	if (json_is_boolean(dialled) && strcmp(member_string(link, "link"), "up") == 0)
		json_object_set_new(link, "by",
		                    json_string(json_is_true(dialled) ? "us" : "it"));
}

/* Adds what the table shows besides: who dialled each link, the state with its age, and
 * the reasons of both links. */
static void
fill_remote(json_t *row)
{
	json_t *learner = json_object_get(row, "learner");
	const char *election_why = member_string(row, "reason");
	const char *learner_why = member_string(learner, "reason");
	const char *state = member_string(row, "state");
	const char *said = member_string(row, "said");
	char text[128], age[16];
	int64_t heard_ms;

	set_by(row);
	set_by(learner);
	snprintf(text, sizeof(text), "%s", state);
	if (*said && member_i64(row, "heard_ms", &heard_ms) && heard_ms > STATUS_OLD_MS)
		snprintf(text, sizeof(text), "%s %s ago", said,
		         table_duration((uint64_t)heard_ms, age, sizeof(age)));
	json_object_set_new(row, "word", json_string(text));
	snprintf(text, sizeof(text), "%s%s%s%s", election_why,
	         *election_why && *learner_why ? ", " : "",
	         *learner_why ? "learner " : "", learner_why);
	json_object_set_new(row, "why", json_string(text));
}

static const struct column remote_columns[] = {
    {"REMOTE", "id", TABLE_TEXT, NULL, NULL},
    {"ELECTION", "link", TABLE_TEXT, NULL, NULL},
    {"BY", "by", TABLE_TEXT, NULL, NULL},
    {"SINCE", "since_ms", TABLE_DURATION, NULL, NULL},
    {"LEARNER", "link", TABLE_TEXT, "learner", NULL},
    {"BY", "by", TABLE_TEXT, "learner", NULL},
    {"SINCE", "since_ms", TABLE_DURATION, "learner", NULL},
    {"SAID", "word", TABLE_TEXT, NULL, NULL},
    {"VOTE", "leader", TABLE_TEXT, "vote", NULL},
    {"ROUND", "round", TABLE_TEXT, "vote", NULL},
    {"REASON", "why", TABLE_TEXT, NULL, NULL},
};

static const struct column process_columns[] = {
    {"PROCESS", "name", TABLE_TEXT, NULL, NULL},
    {"PID", "pid", TABLE_TEXT, NULL, NULL},
    {"STATE", "state", TABLE_TEXT, NULL, NULL},
    {"GENERATION", "generation", TABLE_TEXT, NULL, NULL},
    {"RESTARTS", "restarts", TABLE_TEXT, NULL, NULL},
    {"UPTIME", "uptime_ms", TABLE_DURATION, NULL, NULL},
};

static void
print_text(const struct ctl *c, const json_t *status)
{
	const json_t *rows = json_object_get(status, "remotes");
	json_t *row;
	size_t i;

	print_head(c, status);
	json_array_foreach (rows, i, row)
		fill_remote(row);
	if (json_array_size(rows) > 0) {
		putchar('\n');
		table_show(rows, remote_columns,
		           sizeof(remote_columns) / sizeof(remote_columns[0]), stdout,
		           c->colours);
	}
	putchar('\n');
	table_show(json_object_get(status, "processes"), process_columns, 6, stdout,
	           c->colours);
}

int
verb_status(const struct ctl *c)
{
	struct asks asks;
	unsigned answers;
	json_t *status;

	ask_all(c->conf->run_dir, "status", ASK_DEADLINE_MS, &asks);
	answers = asks_answered(&asks);
	status = status_merge(c->conf, &asks);
	asks_deinit(&asks);
	verb_fill_usage(json_object_get(status, "processes"));
	if (c->json)
		verb_print_json(json_incref(status));
	else if (answers)
		print_text(c, status);
	else
		verb_no_answer(c, "any process");
	json_decref(status);
	return answers ? EXIT_OK : EXIT_NO_ANSWER;
}

/* R10 of docs/LEASE.md: the peer's word that it leads is as old as what it heard last,
 * until it has a lease or asks a quorum. A peer that cannot be asked leads nobody. */
static bool
is_confirmed(const struct ctl *c)
{
	static char reply[DOOR_REPLY_MAX + 1];
	const uint64_t sync_ms =
	    (uint64_t)c->conf->timing.sync_limit * c->conf->timing.tick_ms;
	char path[ASK_PATH_MAX];
	json_t *answer = NULL;
	size_t len;
	bool leads;

	(void)paths_below(path, sizeof(path), c->conf->run_dir, PATHS_PEER, PATHS_DOOR);
	if (ask_door(path, "confirm", sync_ms + ASK_DEADLINE_MS, reply, sizeof(reply),
	             &len) == 0)
		answer = json_loads(reply, 0, NULL);
	leads = json_is_true(json_object_get(answer, "leads"));
	json_decref(answer);
	return leads;
}

int
verb_leader(const struct ctl *c)
{
	enum status_leader who;
	const json_t *peer;
	struct asks asks;
	char text[32];
	json_t *out;

	ask_one(c->conf->run_dir, PATHS_PEER, "status", &asks);
	peer = asks.list[0].answer;
	if (!peer)
		return verb_no_answer(c, "the peer");
	out = status_leader(c->conf, peer, &who);
	if (who == STATUS_WE_LEAD && !is_confirmed(c)) {
		who = STATUS_NOBODY_LEADS;
		json_object_set_new(out, "active", json_false());
	}
	if (!c->json && who != STATUS_NOBODY_LEADS)
		puts(member_text(peer, "leader", text, sizeof(text)));
	if (c->json)
		verb_print_json(json_incref(out));
	json_decref(out);
	asks_deinit(&asks);
	return (int)who;
}
