/* The status object: who leads, which servers are known, which processes run here. */
#include "view/status.h"

#include "base/paths.h"
#include "view/member.h"
#include "view/voters.h"
#include "view/why.h"

#include <errno.h>
#include <string.h>

/* ---- the rows of `processes` ----
 *
 * conclaved's own table comes first: only conclaved knows the
 * restarts and the beats. A process that is not in that table (or every process, where
 * there is no conclaved) has a row by its own door: `ready` if it answers, `silent` if it
 * is there but does not answer. */

/* Every row has these keys, in the order in which they are printed. */
static const char *const keys[] = {
    "name",      "pid",    "state",  "version",     "generation", "restarts",
    "uptime_ms", "rss_kb", "cpu_ms", "beat_age_ms", "reason",
};

static bool
is_elector(const struct ask *a)
{
	return strncmp(a->folder, PATHS_ELECTOR, strlen(PATHS_ELECTOR)) == 0;
}

static bool
is_active(const struct ask *a)
{
	return json_is_true(json_object_get(a->answer, "active"));
}

/* The name in the table. Where no elector says that it is active, a lone one is called by
 * the role that it is there for. */
static const char *
row_name(const struct asks *asks, const struct ask *a)
{
	unsigned there = 0;
	unsigned active = 0;

	if (!is_elector(a))
		return a->folder;
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *b = &asks->list[i];

		if (!is_elector(b) || !b->pid)
			continue;
		there++;
		active += is_active(b);
	}
	return is_active(a) || (there == 1 && !active) ? "elector" : "elector-shadow";
}

static bool
has_pid(const json_t *rows, int64_t pid)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (member_number(row, "pid") == pid)
			return true;
	return false;
}

/* A row with every key: what `from` says, else what `answer` says, else null; then the
 * other members of `from`. conclaved says pid 0 for what does not run; here that is null,
 * lest somebody signal it. Frees `from`. */
static json_t *
full_row(json_t *from, const json_t *answer)
{
	json_t *row = json_object();

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *who = json_object_get(from, keys[i]) ? from : answer;

		json_object_set_new(row, keys[i], member_copy(who, keys[i]));
	}
	json_object_update(row, from);
	if (member_number(row, "pid") <= 0)
		json_object_set_new(row, "pid", json_null());
	json_decref(from);
	return row;
}

static json_t *
row_of_door(const struct asks *asks, const struct ask *a)
{
	return full_row(json_pack("{s:s, s:I, s:s, s:s}", "name", row_name(asks, a),
	                          "pid", (json_int_t)a->pid, "state",
	                          a->answer ? "ready" : "silent", "reason",
	                          a->answer ? "" : "it does not answer"),
	                a->answer);
}

json_t *
status_processes(const struct asks *asks)
{
	const json_t *table =
	    json_object_get(asks_answer(asks, "conclaved"), "processes");
	json_t *rows = json_array();
	json_t *row;
	size_t at;

	json_array_foreach (table, at, row) {
		if (json_is_object(row))
			json_array_append_new(rows, full_row(json_incref(row), NULL));
	}
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];

		if (a->pid && (a->answer || a->result == -ETIMEDOUT) &&
		    !has_pid(rows, a->pid))
			json_array_append_new(rows, row_of_door(asks, a));
	}
	return rows;
}

/* ---- the object ---- */

/* The row of `sid` in an array of rows; `lane` NULL: any. */
static const json_t *
row_of(const json_t *rows, int64_t sid, const char *lane)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		int64_t id;

		if (member_i64(row, "id", &id) && id == sid &&
		    (!lane || strcmp(member_string(row, "lane"), lane) == 0))
			return row;
	}
	return NULL;
}

/* What our peer knows of that server, which is newer than its last vote: the server
 * follows us, or we follow it. NULL: nothing. */
static const char *
known_state(const struct conf *conf, int64_t sid, const json_t *peer)
{
	const json_t *row = row_of(json_object_get(peer, "learners"), sid, NULL);
	int64_t leader;

	if (row && strcmp(member_string(row, "phase"), "broadcast") == 0)
		return conf_is_voter(conf, sid) ? "following" : "observing";
	if (member_i64(peer, "leader", &leader) && leader == sid)
		return "leading";
	return NULL;
}

/* A link of the learner lane; null: there was none yet. */
static json_t *
learner_link(const json_t *row)
{
	if (!row)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o}", "link", member_copy(row, "link"),
	                 "reason", member_copy(row, "reason"), "since_ms",
	                 member_copy(row, "since_ms"), "dialled",
	                 member_copy(row, "dialled"));
}

/* Sets `state`, as far as it is known, and what that server said last, with its age. */
static void
set_state(json_t *row, const char *known, const json_t *vote, bool has_leader)
{
	const char *said = member_string(vote, "state");
	bool old = member_number(vote, "heard_ms") > STATUS_OLD_MS;

	json_object_set_new(row, "state", member_copy(vote, "state"));
	if (known)
		json_object_set_new(row, "state", json_string(known));
	else if (has_leader && old && strcmp(said, "looking") == 0)
		json_object_set_new(row, "state", json_null());
	json_object_set_new(row, "said",
	                    known ? json_null() : member_copy(vote, "state"));
	json_object_set_new(row, "heard_ms",
	                    known ? json_null() : member_copy(vote, "heard_ms"));
}

static json_t *
remote_row(const struct conf *conf, int64_t sid, const struct asks *asks)
{
	const json_t *connmgr = asks_answer(asks, "connmgr");
	const json_t *peer = asks_answer(asks, "peer");
	const json_t *links = json_object_get(connmgr, "remotes");
	const json_t *link = row_of(links, sid, "election");
	const json_t *vote =
	    row_of(json_object_get(asks_elector(asks), "remotes"), sid, NULL);
	const char *no_link = connmgr ? "unknown" : "connmgr-silent";
	int64_t leader;
	json_t *row = json_pack(
	    "{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)sid, "link",
	    link ? member_copy(link, "link") : json_string("down"), "reason",
	    link ? member_copy(link, "reason") : json_string(no_link), "since_ms",
	    member_copy(link, "since_ms"), "dialled", member_copy(link, "dialled"),
	    "learner", learner_link(row_of(links, sid, "learner")));

	set_state(row, known_state(conf, sid, peer), vote,
	          member_i64(peer, "leader", &leader));
	json_object_set_new(row, "vote", member_copy(vote, "vote"));
	return row;
}

/* The servers of the configuration in its order, then whoever else is linked. */
static json_t *
remotes(const struct conf *conf, const struct asks *asks)
{
	json_t *rows = json_array();
	const json_t *link;
	size_t at;

	for (unsigned i = 0; i < conf->server_count; i++) {
		if (conf->servers[i].id != conf->id)
			json_array_append_new(
			    rows, remote_row(conf, conf->servers[i].id, asks));
	}
	json_array_foreach (json_object_get(asks_answer(asks, "connmgr"), "remotes"), at,
	                    link) {
		int64_t sid;

		if (member_i64(link, "id", &sid) && sid != conf->id &&
		    strcmp(member_string(link, "lane"), "election") == 0 &&
		    !row_of(rows, sid, NULL))
			json_array_append_new(rows, remote_row(conf, sid, asks));
	}
	return rows;
}

bool
status_leads(const json_t *peer)
{
	return json_is_true(json_object_get(peer, "active")) &&
	       strcmp(member_string(peer, "state"), "leading") == 0;
}

/* The processes that should have answered. A folder that an elector of the past has left
 * is nobody's; but one elector there must be. Where each worker is a unit of systemd
 * there is no conclaved. */
static json_t *
silent(const struct asks *asks)
{
	json_t *names = json_array();
	bool elector = false, some = asks_answered(asks) > 0;

	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];
		bool one = is_elector(a);
		bool no_unit =
		    some && a->result == -ENOENT && strcmp(a->folder, "conclaved") == 0;

		elector |= one && !ask_is_gone(a);
		if (a->result && !no_unit && !(one && ask_is_gone(a)))
			json_array_append_new(names, json_string(a->folder));
	}
	if (!elector)
		json_array_append_new(names, json_string("elector"));
	return names;
}

/* Why there is no leader or no promise: what the peer cannot do, else why it looks. */
static json_t *
reason(const json_t *peer, const json_t *looking)
{
	if (!peer)
		return json_string("the peer does not answer");
	if (*member_string(peer, "reason"))
		return member_copy(peer, "reason");
	if (looking)
		return member_copy(looking, "text");
	return json_string(member_string(peer, "warning"));
}

json_t *
status_merge(const struct conf *conf, const struct asks *asks)
{
	const json_t *elector = asks_elector(asks);
	const json_t *peer = asks_answer(asks, "peer");
	/* what the elector counts with, which a changed file does not change */
	bool counts = json_object_get(elector, "voters");
	json_t *looking = why_looking(conf, asks);

	return json_pack(
	    "{s:i, s:I, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
	    " s:o, s:o, s:o, s:o, s:o}",
	    "schema", STATUS_SCHEMA, "id", (json_int_t)conf->id, "state",
	    peer ? member_copy(peer, "state") : json_string("down"), "leader",
	    member_copy(peer, "leader"), "epoch", member_copy(peer, "epoch"), "round",
	    member_copy(peer ? peer : elector, "round"), "active", status_leads(peer),
	    "lease_ms", peer ? member_copy(peer, "lease_ms") : json_integer(0), "lease",
	    member_copy(peer, "lease"), "phase", member_copy(peer, "phase"), "claim",
	    member_copy(peer, "claim"), "reason", reason(peer, looking), "looking",
	    looking ? looking : json_null(), "voters",
	    counts ? member_copy(elector, "voters") : voters_list(conf), "quorum",
	    counts ? member_copy(elector, "quorum") : json_integer(voters_needed(conf)),
	    "members", member_copy(peer, "members"), "remotes", remotes(conf, asks),
	    "processes", status_processes(asks), "degraded",
	    member_copy(asks_answer(asks, "connmgr"), "degraded"), "silent",
	    silent(asks));
}

json_t *
status_leader(const struct conf *conf, const json_t *peer, enum status_leader *out)
{
	int64_t leader;
	bool known = member_i64(peer, "leader", &leader);

	*out = STATUS_NOBODY_LEADS; /* also: this server, but it may not act */
	if (known && leader != conf->id)
		*out = STATUS_OTHER_LEADS;
	else if (known && status_leads(peer))
		*out = STATUS_WE_LEAD;
	return json_pack("{s:i, s:I, s:o, s:o, s:o, s:b}", "schema", STATUS_SCHEMA, "id",
	                 (json_int_t)conf->id, "leader", member_copy(peer, "leader"),
	                 "state", member_copy(peer, "state"), "epoch",
	                 member_copy(peer, "epoch"), "active", *out == STATUS_WE_LEAD);
}
