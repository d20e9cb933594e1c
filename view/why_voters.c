/* See why.h: the voters, as the election sees them, and the memberships. */
#include "base/paths.h"
#include "ipc/msg.h"
#include "view/member.h"
#include "view/why_impl.h"
#include "wire/quorum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

const char *
why_seconds(int64_t ms, char *out, size_t cap)
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
	    [MSG_REASON_TLS] = "refuses the TLS handshake",
	    [MSG_REASON_IDENTITY] = "is another server, as its TLS identity says",
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
		why_add(w, WHY_NOT_LINKED,
		        json_pack("{s:I, s:s, s:I}", "id", (json_int_t)sid, "reason",
		                  reason, "since_ms", (json_int_t)since_ms),
		        "server %" PRId64 " %s", sid, link_words(reason));
		return false;
	}
	if (elector && is_silent(w, link, heard, &since_ms)) {
		why_add(w, WHY_SILENT,
		        json_pack("{s:I, s:I}", "id", (json_int_t)sid, "since_ms",
		                  (json_int_t)since_ms),
		        "server %" PRId64 " silent since %s", sid,
		        why_seconds(since_ms, age, sizeof(age)));
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

/* WHY_CAUSES: they keep nobody from a leader, or nobody is missing for a founding, so
 * that something else does. */
static enum why_cause
members_cause(const json_t *members)
{
	char word[32];

	snprintf(word, sizeof(word), "%s", member_string(members, "state"));
	for (char *at = word; *at; at++)
		if (*at == '-')
			*at = '_';
	if (strcmp(word, why_name(WHY_FOUNDING_WAITS)) == 0 &&
	    json_array_size(json_object_get(members, "missing")) == 0)
		return WHY_CAUSES;
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
	char list[WHY_TEXT_MAX];
	size_t i;

	w->causes = links;
	json_array_foreach (missing, i, sid)
		if (cause != WHY_CAUSES && json_integer_value(sid) != w->conf->id)
			add_voter(w, json_integer_value(sid));
	w->causes = causes;
	if (cause != WHY_CAUSES) {
		why_add(
		    w, cause,
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

unsigned
why_needed(const struct why *w)
{
	static struct quorum quorum;

	members_quorum(&w->voters.lists[0], &quorum);
	return quorum_smallest(&quorum);
}

/* Adds that the reachable voters are no quorum of `m`, and those that are missing. */
static void
add_few(struct why *w, const struct members *m)
{
	static struct quorum quorum;
	json_t *causes = w->causes, *missing = json_array();
	int64_t reachable[MEMBERS_MAX];
	unsigned voters = 0, count = 0;
	char list[WHY_TEXT_MAX], which[32] = "";

	w->causes = missing;
	for (unsigned i = 0; i < m->count; i++) {
		int64_t sid = m->list[i].sid;

		if (m->list[i].observer)
			continue;
		voters++;
		if (sid == w->conf->id || add_voter(w, sid))
			reachable[count++] = sid;
	}
	w->causes = causes;
	members_quorum(m, &quorum);
	if (w->voters.count > 1)
		snprintf(which, sizeof(which), " of members %" PRId64, m->version);
	if (!quorum_has(&quorum, reachable, count)) {
		why_add(w, WHY_FEW_VOTERS, NULL,
		        "%u of %u voters%s reachable, %u needed%s", count, voters, which,
		        quorum_smallest(&quorum),
		        join(missing, ": ", list, sizeof(list)));
		json_array_extend(causes, missing);
	}
	json_decref(missing);
}

void
why_add_voters(struct why *w)
{
	if (add_memberships(w))
		return;
	for (unsigned i = 0; i < w->voters.count; i++)
		add_few(w, &w->voters.lists[i]);
}

/* What a server said over a link that is no more tells nothing about now. */
void
why_add_members(struct why *w)
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
			why_add(w, WHY_OTHER_MEMBERS,
			        json_pack("{s:I}", "id", (json_int_t)id),
			        "server %" PRId64 " lists other members: compare its "
			        "configuration file with ours",
			        id);
	}
}
