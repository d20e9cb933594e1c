/* conclave members, conclave refound. */
#include "base/paths.h"
#include "ctl/table.h"
#include "ctl/verb.h"
#include "view/member.h"
#include "view/members_list.h"
#include "view/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 10000 /* a disk may be slow */
#define IDS_MAX     1024

static const struct column columns[] = {
    {"SERVER", "id", TABLE_TEXT, NULL, NULL},
    {"IN FORCE", "in_force", TABLE_TEXT, NULL, NULL},
    {"FILE", "file", TABLE_TEXT, NULL, NULL},
    {"NOTE", "note", TABLE_TEXT, NULL, NULL},
};

static const struct column joint_columns[] = {
    {"SERVER", "id", TABLE_TEXT, NULL, NULL},
    {"IN FORCE", "in_force", TABLE_TEXT, NULL, NULL},
    {"NEXT", "next", TABLE_TEXT, NULL, NULL},
    {"FILE", "file", TABLE_TEXT, NULL, NULL},
    {"NOTE", "note", TABLE_TEXT, NULL, NULL},
};

/* What the peer says of memberships; NULL, and the exit status, where it says nothing.
 * The caller frees `asks`. */
static const json_t *
ask_members(const struct ctl *c, struct asks *asks, int *status)
{
	const json_t *members, *answer;

	*status = EXIT_OK;
	ask_one(c->conf->run_dir, PATHS_PEER, "status", asks);
	answer = asks->list[0].answer;
	members = json_object_get(answer, "members");
	if (!answer)
		*status = verb_no_answer(c, "the peer");
	else if (json_is_object(members))
		return members;
	else if (!c->conf->zab)
		*status = verb_failed(c, EXIT_FAILED,
		                      "%s: with zab = false no membership is kept: the "
		                      "members are those of the file",
		                      c->verb->name);
	else
		*status = verb_failed(c, EXIT_FAILED,
		                      "%s: not known: the peer keeps no membership",
		                      c->verb->name);
	return NULL;
}

static void
print_members(const struct ctl *c, const json_t *members)
{
	bool joint = json_is_true(json_object_get(members, "joint"));
	json_t *rows = members_list(c->conf, members);
	const char *text = member_string(members, "text");
	int64_t version, wished = member_number(members, "wished");

	if (member_i64(members, "version", &version))
		printf("members %" PRId64 " are in force, the file says %" PRId64 "%s\n",
		       version, wished, version == wished ? " too" : "");
	else
		printf("no members are in force, the file says %" PRId64 "\n", wished);
	if (wished != c->conf->version)
		printf("%s has version %" PRIu32
		       " by now, and was not read again: conclave reload\n",
		       c->file, c->conf->version);
	if (joint)
		printf("members %" PRId64 " and %" PRId64
		       " count both, until the change is done\n",
		       member_number(members, "from"), member_number(members, "to"));
	if (*text)
		printf("%s\n", text);
	putchar('\n');
	if (joint)
		table_show(rows, joint_columns, 5, stdout, c->colours);
	else
		table_show(rows, columns, 4, stdout, c->colours);
	json_decref(rows);
}

int
verb_members(const struct ctl *c)
{
	const json_t *members;
	struct asks asks;
	json_t *out;
	int r;

	members = ask_members(c, &asks, &r);
	if (members && c->json) {
		out = json_pack("{s:i, s:I}", "schema", STATUS_SCHEMA, "id",
		                (json_int_t)c->conf->id);
		json_object_update(out, (json_t *)members);
		json_object_set_new(out, "file", json_integer(c->conf->version));
		json_object_set_new(out, "servers", members_list(c->conf, members));
		verb_print_json(out);
	} else if (members) {
		print_members(c, members);
	}
	asks_deinit(&asks);
	return r;
}

/* ---- refound ---- */

/* What is lost by it, for a person to read before the answer. */
static void
print_loss(const struct ctl *c, const json_t *peer, FILE *out)
{
	const json_t *members = json_object_get(peer, "members");
	const json_t *record = json_object_get(members, "record");
	const json_t *old = json_object_get(record, "old");
	const json_t *in_force =
	    json_is_object(old) ? old : json_object_get(record, "new");
	char ids[IDS_MAX];
	int64_t version, leader;

	if (member_i64(members, "version", &version))
		fprintf(
		    out,
		    "server %" PRId64 " forgets members %" PRId64 " (servers %s)%s,\n",
		    c->conf->id, version, members_list_ids(in_force, ids, sizeof(ids)),
		    json_is_object(old) ? " and the change that is under way" : "");
	else
		fprintf(out, "server %" PRId64 " has no members in force,\n",
		        c->conf->id);
	fputs("and founds a group with all servers of its file:", out);
	for (unsigned i = 0; i < c->conf->server_count; i++)
		if (!c->conf->servers[i].observer)
			fprintf(out, " %" PRId64, c->conf->servers[i].id);
	fprintf(out,
	        ".\n"
	        "It is founded once every one of them has been told to refound.\n"
	        "The promised epoch, %" PRId64 ", is kept: epochs go on above it.\n"
	        "Given up is the promise that there is one group: where a quorum of the "
	        "old\n"
	        "members still runs, or comes back, there are two groups with a leader "
	        "each,\n"
	        "and an epoch may be given out twice. So first make sure that the others "
	        "are\n"
	        "lost for ever, and stopped.\n",
	        member_number(peer, "accepted_epoch"));
	if (member_i64(peer, "leader", &leader))
		fprintf(out,
		        "Server %" PRId64
		        " leads, so the group is not lost: change its members with a "
		        "file of\n"
		        "a larger version instead (conclave-membership(7)).\n",
		        leader);
}

/* True: whoever sits at the terminal has written yes. */
static bool
says_yes(void)
{
	char line[16];

	fputs("Write yes to go on: ", stdout);
	(void)fflush(stdout);
	return fgets(line, sizeof(line), stdin) && strcmp(line, "yes\n") == 0;
}

static int
refound(const struct ctl *c)
{
	json_t *answer;
	int r = verb_demand(c, PATHS_PEER, "refound", PATIENCE_MS,
	                    "whether it was done is not known; see conclave members",
	                    &answer);

	if (r)
		return r;
	if (!json_is_true(json_object_get(answer, "ok")))
		r = verb_failed(c, EXIT_FAILED, "refound: refused: %s",
		                member_string(answer, "error"));
	else if (c->json)
		verb_print_json(json_incref(answer));
	else
		puts("done; say it on every other server of the file, then: conclave "
		     "wait --leader");
	json_decref(answer);
	return r;
}

int
verb_refound(const struct ctl *c)
{
	bool yes = verb_option(c, "yes");
	bool asks_person = !yes && !c->json && isatty(STDIN_FILENO);
	struct asks asks;
	int r;

	if (!ask_members(c, &asks, &r)) {
		asks_deinit(&asks);
		return r;
	}
	if (!c->json)
		print_loss(c, asks.list[0].answer, stdout);
	asks_deinit(&asks);
	(void)fflush(stdout); /* before the reason why nothing was done */
	if (asks_person && !says_yes())
		return verb_failed(c, EXIT_FAILED, "refound: nothing was done");
	if (!asks_person && !yes)
		return verb_misused(c, "nothing was done; say --yes if that is meant");
	return refound(c);
}
