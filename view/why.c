/* See why.h. */
#include "view/why.h"

#include "base/paths.h"
#include "ipc/msg.h"
#include "view/member.h"
#include "view/voters.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 2048

struct why {
	const struct conf *conf;
	const struct asks *asks;
	/* what the peer says of its looking; NULL: it does not answer */
	const json_t *looking;
	int64_t since_ms;
	json_t *causes;
};

const char *
why_name(enum why_cause cause)
{
	static const char *const names[WHY_CAUSES] = {
	    [WHY_NO_WORKER] = "no_worker",
	    [WHY_RECORD] = "record",
	    [WHY_DISK] = "disk",
	    [WHY_EPOCHS_USED_UP] = "epochs_used_up",
	    [WHY_PORT] = "port",
	    [WHY_EPOCH_AHEAD] = "epoch_ahead",
	    [WHY_OLDER_PROTOCOL] = "older_protocol",
	    [WHY_FOUNDING_WAITS] = "founding_waits",
	    [WHY_FOUNDING_DIFFERS] = "founding_differs",
	    [WHY_NO_GROUP] = "no_group",
	    [WHY_LEFT_JOINT] = "left_joint",
	    [WHY_NEW_DISK_WAITS] = "new_disk_waits",
	    [WHY_REMOVED] = "removed",
	    [WHY_FEW_VOTERS] = "few_voters",
	    [WHY_NOT_LINKED] = "not_linked",
	    [WHY_SILENT] = "silent",
	    [WHY_OTHER_MEMBERS] = "other_members",
	    [WHY_QUORUM_PORT] = "quorum_port",
	    [WHY_TURNED_AWAY] = "turned_away",
	    [WHY_LATE] = "late",
	    [WHY_STALE] = "stale",
	    [WHY_DOUBT] = "doubt",
	    [WHY_NOBODY_CAME] = "nobody_came",
	    [WHY_OTHER_FRESHER] = "other_fresher",
	    [WHY_LOST_QUORUM] = "lost_quorum",
	    [WHY_LOST_LEADER] = "lost_leader",
	    [WHY_DEMOTED] = "demoted",
	    [WHY_ESTABLISHING] = "establishing",
	    [WHY_ELECTING] = "electing",
	};

	return (unsigned)cause < WHY_CAUSES ? names[cause] : "?";
}

/* Adds a cause; `about` has the members that it gets besides: id, reason, since_ms. Frees
 * `about`. */
static void __attribute__((format(printf, 4, 5)))
add(struct why *w, enum why_cause cause, json_t *about, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	json_t *row = json_pack("{s:s, s:n, s:s, s:n}", "cause", why_name(cause), "id",
	                        "reason", "", "since_ms");

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_object_update(row, about);
	json_decref(about);
	json_object_set_new(row, "text", member_of_bytes(text));
	json_array_append_new(w->causes, row);
}

static json_t *
about(int64_t id)
{
	return json_pack("{s:I}", "id", (json_int_t)id);
}

/* ---- this server ---- */

static void
add_workers(struct why *w)
{
	static const char *const folders[] = {PATHS_CONNMGR, PATHS_PEER};

	for (unsigned i = 0; i < 2; i++)
		if (!asks_answer(w->asks, folders[i]))
			add(w, WHY_NO_WORKER, NULL, "%s does not answer", folders[i]);
	if (!asks_elector(w->asks))
		add(w, WHY_NO_WORKER, NULL, "no elector answers that is in use");
}

/* Did the last role end for that reason? */
static bool
ended_by(const struct why *w, enum msg_look_reason reason)
{
	return strcmp(member_string(w->looking, "last"), msg_look_reason_name(reason)) ==
	       0;
}

/* What the peer cannot do, whoever is elected. */
static void
add_obstacle(struct why *w)
{
	const json_t *peer = asks_answer(w->asks, PATHS_PEER);
	const char *word = member_string(peer, "obstacle");

	for (unsigned i = WHY_RECORD; i <= WHY_OLDER_PROTOCOL; i++)
		if (strcmp(word, why_name((enum why_cause)i)) == 0)
			add(w, (enum why_cause)i, NULL, "%s%s",
			    i == WHY_OLDER_PROTOCOL ? "" : "the peer cannot lead: ",
			    member_string(peer, "reason"));
	if (!*word && ended_by(w, MSG_LOOK_DISK))
		add(w, WHY_DISK, NULL, "%s", member_string(w->looking, "text"));
}

/* ---- the voters, as the election sees them ---- */

static const json_t *
row_of(const json_t *rows, int64_t sid)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *lane = member_string(row, "lane");
		int64_t id;

		if (member_i64(row, "id", &id) && id == sid &&
		    (!*lane || strcmp(lane, "election") == 0))
			return row;
	}
	return NULL;
}

/* "4.1 s" */
static const char *
seconds(int64_t ms, char *out, size_t cap)
{
	if (ms < 100000)
		snprintf(out, cap, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms / 100 % 10);
	else
		snprintf(out, cap, "%" PRId64 " s", ms / 1000);
	return out;
}

/* How the attempts to reach a server end, behind "server N ". */
static const char *
link_words(const char *reason)
{
	static const char *const words[MSG_REASONS] = {
	    [MSG_REASON_REFUSED] = "refused",
	    [MSG_REASON_TIMEOUT] = "does not answer",
	    [MSG_REASON_RESOLVE] = "has a host name without an address",
	    [MSG_REASON_UNREACHABLE] = "is unreachable",
	    [MSG_REASON_EOF] = "closed the link",
	    [MSG_REASON_RESET] = "reset the link",
	    [MSG_REASON_PROTOCOL] = "sent what is no frame",
	    [MSG_REASON_LOCAL] = "cannot be dialled, an error of this host",
	};

	for (unsigned i = 0; i < MSG_REASONS; i++)
		if (words[i] && strcmp(reason, msg_reason_name((enum msg_reason)i)) == 0)
			return words[i];
	return "is not linked";
}

/* While we look, whoever is linked answers each of our broadcasts, which come once per
 * notify_max_ms at least. Before we looked nobody had to say anything here. */
static bool
is_silent(const struct why *w, const json_t *link, const json_t *heard, int64_t *since_ms)
{
	int64_t limit_ms = 2 * (int64_t)w->conf->timing.notify_max_ms + 500;
	int64_t ms = member_number(link, "since_ms");
	int64_t heard_ms;

	if (member_i64(heard, "heard_ms", &heard_ms))
		*since_ms = heard_ms;
	else
		*since_ms = ms;
	if (*since_ms > w->since_ms)
		*since_ms = w->since_ms;
	return *since_ms > limit_ms && ms > limit_ms;
}

/* Adds why a voter is not reachable. True: it is. */
static bool
add_voter(struct why *w, int64_t sid)
{
	const json_t *connmgr = asks_answer(w->asks, PATHS_CONNMGR);
	const json_t *elector = asks_elector(w->asks);
	const json_t *link = row_of(json_object_get(connmgr, "remotes"), sid);
	const json_t *heard = row_of(json_object_get(elector, "remotes"), sid);
	const char *reason = member_string(link, "reason");
	int64_t since_ms = member_number(link, "since_ms");
	char age[32];

	if (strcmp(member_string(link, "link"), "up") != 0) {
		add(w, WHY_NOT_LINKED,
		    json_pack("{s:I, s:s, s:I}", "id", (json_int_t)sid, "reason", reason,
		              "since_ms", (json_int_t)since_ms),
		    "server %" PRId64 " %s", sid, link_words(reason));
		return false;
	}
	if (elector && is_silent(w, link, heard, &since_ms)) {
		add(w, WHY_SILENT,
		    json_pack("{s:I, s:I}", "id", (json_int_t)sid, "since_ms",
		              (json_int_t)since_ms),
		    "server %" PRId64 " silent since %s", sid,
		    seconds(since_ms, age, sizeof(age)));
		return false;
	}
	return true;
}

/* The causes so far, in one line behind `first`; "" where there is none. */
static const char *
join(const json_t *causes, const char *first, char *out, size_t cap)
{
	const json_t *row;
	size_t i, len = 0;

	*out = '\0';
	json_array_foreach (causes, i, row) {
		int n = snprintf(out + len, cap - len, "%s%s", i > 0 ? ", " : first,
		                 member_string(row, "text"));

		if ((size_t)n >= cap - len)
			break;
		len += (size_t)n;
	}
	return out;
}

/* ---- the memberships, in the words of the peer ---- */

/* WHY_CAUSES: they keep nobody from a leader. */
static enum why_cause
members_cause(const json_t *members)
{
	char word[32];

	snprintf(word, sizeof(word), "%s", member_string(members, "state"));
	for (char *at = word; *at; at++)
		if (*at == '-')
			*at = '_';
	for (unsigned i = WHY_FOUNDING_WAITS; i <= WHY_REMOVED; i++)
		if (strcmp(word, why_name((enum why_cause)i)) == 0)
			return (enum why_cause)i;
	return WHY_CAUSES;
}

/* Adds what the memberships wait for, and why the missing servers are not reachable.
 * False: they wait for nothing. */
static bool
add_memberships(struct why *w)
{
	const json_t *members =
	    json_object_get(asks_answer(w->asks, PATHS_PEER), "members");
	const json_t *missing = json_object_get(members, "missing"), *sid;
	json_t *causes = w->causes, *links = json_array();
	enum why_cause cause = members_cause(members);
	char list[TEXT_MAX];
	size_t i;

	w->causes = links;
	json_array_foreach (missing, i, sid)
		if (cause != WHY_CAUSES && json_integer_value(sid) != w->conf->id)
			add_voter(w, json_integer_value(sid));
	w->causes = causes;
	if (cause != WHY_CAUSES) {
		add(w, cause,
		    json_pack("{s:o}", "id",
		              cause == WHY_FOUNDING_DIFFERS || cause == WHY_NEW_DISK_WAITS
		                  ? member_copy(members, "other")
		                  : json_null()),
		    "%s%s%s", member_string(members, "text"),
		    join(links, " (", list, sizeof(list)),
		    json_array_size(links) > 0 ? ")" : "");
		json_array_extend(causes, links);
	}
	json_decref(links);
	return cause != WHY_CAUSES;
}

/* The voters that are missing, where they are too many. */
static void
add_voters(struct why *w)
{
	const struct conf *conf = w->conf;
	json_t *causes = w->causes, *missing = json_array();
	int64_t reachable[CONF_SERVERS_MAX];
	unsigned voters = 0, count = 0;
	char list[TEXT_MAX];

	w->causes = missing;
	for (unsigned i = 0; i < conf->server_count; i++) {
		int64_t sid = conf->servers[i].id;

		if (conf->servers[i].observer)
			continue;
		voters++;
		if (sid == conf->id || add_voter(w, sid))
			reachable[count++] = sid;
	}
	w->causes = causes;
	if (!voters_suffice(conf, reachable, count)) {
		add(w, WHY_FEW_VOTERS, NULL, "%u of %u voters reachable, %u needed%s",
		    count, voters, voters_needed(conf),
		    join(missing, ": ", list, sizeof(list)));
		json_array_extend(causes, missing);
	}
	json_decref(missing);
}

/* What a server said over a link that is no more tells nothing about now. */
static void
add_members(struct why *w)
{
	const json_t *links =
	    json_object_get(asks_answer(w->asks, PATHS_CONNMGR), "remotes");
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(asks_elector(w->asks), "remotes"), i, row) {
		int64_t id;

		if (member_i64(row, "id", &id) &&
		    strcmp(member_string(row_of(links, id), "link"), "up") == 0 &&
		    json_is_true(json_object_get(row, "other_members")))
			add(w, WHY_OTHER_MEMBERS, about(id),
			    "server %" PRId64 " lists other members: compare its "
			    "configuration file with ours",
			    id);
	}
}

/* ---- the last role, in the words of the peer ---- */

static enum why_cause
refused(const char *link)
{
	static const enum msg_reason port[] = {MSG_REASON_REFUSED, MSG_REASON_TIMEOUT,
	                                       MSG_REASON_RESOLVE, MSG_REASON_UNREACHABLE,
	                                       MSG_REASON_LOCAL};

	for (unsigned i = 0; i < sizeof(port) / sizeof(port[0]); i++)
		if (strcmp(link, msg_reason_name(port[i])) == 0)
			return WHY_QUORUM_PORT;
	return WHY_TURNED_AWAY;
}

/* WHY_CAUSES: it is no cause. */
static enum why_cause
last_role(const struct why *w)
{
	static const struct {
		enum msg_look_reason last;
		/* where we were elected, and where another server was */
		enum why_cause ours, other;
	} rows[] = {
	    {MSG_LOOK_LEADER, WHY_CAUSES, WHY_LOST_LEADER},
	    {MSG_LOOK_QUORUM, WHY_LOST_QUORUM, WHY_CAUSES},
	    {MSG_LOOK_TIMEOUT, WHY_NOBODY_CAME, WHY_LATE},
	    {MSG_LOOK_REFUSED, WHY_CAUSES, WHY_TURNED_AWAY},
	    {MSG_LOOK_EPOCH, WHY_OTHER_FRESHER, WHY_STALE},
	    {MSG_LOOK_DOUBT, WHY_CAUSES, WHY_DOUBT},
	};
	const json_t *peer = asks_answer(w->asks, PATHS_PEER);
	int64_t tried;

	if (strcmp(member_string(peer, "phase"), "election") != 0)
		return WHY_ESTABLISHING;
	if (!member_i64(w->looking, "tried", &tried))
		return WHY_CAUSES;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!ended_by(w, rows[i].last))
			continue;
		if (tried == w->conf->id)
			return rows[i].ours;
		return rows[i].other == WHY_TURNED_AWAY
		           ? refused(member_string(w->looking, "link"))
		           : rows[i].other;
	}
	return WHY_CAUSES;
}

static void
add_last_role(struct why *w)
{
	enum why_cause cause = last_role(w);

	if (cause != WHY_CAUSES)
		add(w, cause,
		    json_pack("{s:o, s:s}", "id", member_copy(w->looking, "tried"),
		              "reason", member_string(w->looking, "link")),
		    "%s", member_string(w->looking, "text"));
}

static void
add_demotion(struct why *w)
{
	if (json_is_true(json_object_get(w->looking, "demoted")))
		add(w, WHY_DEMOTED, NULL,
		    "this server lets others lead for now, since it was elected (%" PRId64
		    " in a row) and no quorum came to it",
		    member_number(w->looking, "deserted"));
}

/* ---- the election ---- */

/* Those that look and vote as we do, in our round, with ourselves. */
static unsigned
count_votes(const json_t *elector, int64_t leader, int64_t round)
{
	const json_t *row;
	unsigned count = 1;
	size_t i;

	json_array_foreach (json_object_get(elector, "remotes"), i, row) {
		const json_t *vote = json_object_get(row, "vote");

		count += strcmp(member_string(row, "state"), "looking") == 0 &&
		         member_number(vote, "leader") == leader &&
		         member_number(vote, "round") == round;
	}
	return count;
}

static void
add_election(struct why *w)
{
	const json_t *elector = asks_elector(w->asks);
	const json_t *vote = json_object_get(elector, "vote");
	int64_t leader, round = member_number(elector, "round");
	char age[32];

	seconds(w->since_ms, age, sizeof(age));
	if (!member_i64(vote, "leader", &leader)) {
		add(w, WHY_ELECTING, NULL, "election under way since %s", age);
		return;
	}
	add(w, WHY_ELECTING, about(leader),
	    "election under way since %s, round %" PRId64 ", votes for %" PRId64
	    ": %u of %u",
	    age, round, leader, count_votes(elector, leader, round),
	    voters_needed(w->conf));
}

json_t *
why_looking(const struct conf *conf, const struct asks *asks)
{
	const json_t *peer = asks_answer(asks, PATHS_PEER);
	struct why w = {.conf = conf,
	                .asks = asks,
	                .looking = json_object_get(peer, "looking"),
	                .causes = json_array()};
	const char *text;
	int64_t leader;

	if (member_i64(peer, "leader", &leader)) {
		json_decref(w.causes);
		return NULL;
	}
	w.since_ms = member_number(w.looking, "since_ms");
	add_workers(&w);
	add_obstacle(&w);
	if (w.since_ms >= WHY_MOMENT_MS) {
		if (!add_memberships(&w))
			add_voters(&w);
		add_members(&w);
	}
	if (w.looking &&
	    (w.since_ms >= WHY_MOMENT_MS || last_role(&w) == WHY_ESTABLISHING))
		add_last_role(&w);
	if (w.since_ms >= WHY_MOMENT_MS)
		add_demotion(&w);
	if (json_array_size(w.causes) == 0)
		add_election(&w);
	text = member_string(json_array_get(w.causes, 0), "text");
	return json_pack("{s:o, s:s, s:o}", "since_ms",
	                 member_copy(w.looking, "since_ms"), "text", text, "causes",
	                 w.causes);
}
