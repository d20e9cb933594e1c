/* See why.h. */
#include "view/why.h"

#include "base/paths.h"
#include "ipc/msg.h"
#include "view/member.h"
#include "view/why_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	    [WHY_LEASE] = "lease",
	    [WHY_RESUMES] = "resumes",
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

void
why_add(struct why *w, enum why_cause cause, json_t *about, const char *format, ...)
{
	char text[WHY_TEXT_MAX];
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
			why_add(w, WHY_NO_WORKER, NULL, "%s does not answer", folders[i]);
	if (!asks_elector(w->asks))
		why_add(w, WHY_NO_WORKER, NULL, "no elector answers that is in use");
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
			why_add(w, (enum why_cause)i, NULL, "%s%s",
			        i == WHY_OLDER_PROTOCOL ? "" : "the peer cannot lead: ",
			        member_string(peer, "reason"));
	if (!*word && ended_by(w, MSG_LOOK_DISK))
		why_add(w, WHY_DISK, NULL, "%s", member_string(w->looking, "text"));
}

/* ---- the last role, in the words of the peer ---- */

static enum why_cause
refused(const char *link)
{
	static const enum msg_reason port[] = {MSG_REASON_REFUSED, MSG_REASON_TIMEOUT,
	                                       MSG_REASON_RESOLVE, MSG_REASON_UNREACHABLE,
	                                       MSG_REASON_LOCAL,   MSG_REASON_TLS,
	                                       MSG_REASON_IDENTITY};

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
		why_add(w, cause,
		        json_pack("{s:o, s:s}", "id", member_copy(w->looking, "tried"),
		                  "reason", member_string(w->looking, "link")),
		        "%s", member_string(w->looking, "text"));
}

static void
add_demotion(struct why *w)
{
	if (json_is_true(json_object_get(w->looking, "demoted")))
		why_add(
		    w, WHY_DEMOTED, NULL,
		    "this server lets others lead for now, since it was elected (%" PRId64
		    " in a row) and no quorum came to it",
		    member_number(w->looking, "deserted"));
}

/* What waits for the end of a lease, or for a term that is resumed, waits for nothing
 * that a person could mend, and ends by itself. */
static void
add_lease(struct why *w)
{
	const json_t *lease = json_object_get(asks_answer(w->asks, PATHS_PEER), "lease");

	if (member_number(lease, "withheld_ms") > 0)
		why_add(w, WHY_LEASE,
		        json_pack("{s:o}", "id",
		                  member_copy(json_object_get(lease, "promise"), "to")),
		        "%s", member_string(lease, "text"));
	else if (json_is_true(json_object_get(lease, "resumes")))
		why_add(w, WHY_RESUMES, NULL, "%s", member_string(lease, "text"));
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

	why_seconds(w->since_ms, age, sizeof(age));
	if (!member_i64(vote, "leader", &leader) || leader < 0) { /* of a bystander */
		why_add(w, WHY_ELECTING, NULL, "election under way since %s", age);
		return;
	}
	why_add(w, WHY_ELECTING, about(leader),
	        "election under way since %s, round %" PRId64 ", votes for %" PRId64
	        ": %u of %u",
	        age, round, leader, count_votes(elector, leader, round), why_needed(w));
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
	voters_read(conf, json_object_get(peer, "members"), &w.voters);
	add_workers(&w);
	add_obstacle(&w);
	if (w.since_ms >= WHY_MOMENT_MS) {
		why_add_voters(&w);
		why_add_members(&w);
	}
	add_lease(&w);
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
