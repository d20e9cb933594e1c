/* See health.h. */
#include "view/health.h"

#include "proc/roster.h"
#include "view/member.h"
#include "view/members_text.h"
#include "view/status.h"
#include "view/why.h"

#include <stdio.h>

/* The number of messages that wait in connmgr for the process of that pid. */
static json_t *
queue_of(const json_t *connmgr, int64_t pid)
{
	const json_t *worker;
	size_t i;

	json_array_foreach (json_object_get(connmgr, "workers"), i, worker) {
		if (json_object_get(worker, "queue") && pid > 0 &&
		    member_number(worker, "pid") == pid)
			return member_copy(worker, "queue");
	}
	return json_null();
}

static void
add_to_row(json_t *row, const struct asks *asks)
{
	static const char *const keys[] = {"program", "threads", "descriptors",
	                                   "lag_ms",  "queues",  "outboxes",
	                                   "drops",   "counters"};
	const struct ask *a = asks_of_row(asks, row);
	const json_t *answer = a ? a->answer : NULL;
	const char *folder = member_string(row, "name");
	const char *instance = member_string(row, "instance");
	char text[128];

	snprintf(text, sizeof(text), "elector-%s", instance);
	if (*instance)
		folder = text;
	json_object_set_new(row, "folder", json_string(a ? a->folder : folder));
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (json_object_get(answer, keys[i]) || !json_object_get(row, keys[i]))
			json_object_set_new(row, keys[i], member_copy(answer, keys[i]));
	json_object_set_new(
	    row, "queue",
	    queue_of(asks_answer(asks, "connmgr"), member_number(row, "pid")));
	if (a && ask_is_silent(a)) {
		json_object_set_new(row, "state", json_string("silent"));
		json_object_set_new(row, "reason", json_string("it does not answer"));
	}
}

/* N14: the timing that counts is that of the leader. */
static void
add_notes_of_members(json_t *notes, const json_t *members)
{
	const char *text = member_string(members, "text");

	if (members_text_level(members_text_state(member_string(members, "state"))) ==
	        MEMBERS_NOTED &&
	    *text)
		json_array_append_new(notes, json_string(text));
	if (json_is_true(json_object_get(members, "other_timing")))
		json_array_append_new(
		    notes,
		    json_string("tick_ms, init_limit or sync_limit differ from those of "
		                "the leader, which count; make the files equal"));
}

/* What clocks that differ forbid is a sickness (view/verdict.c), and what waits for the
 * end of a lease is a cause (view/why.c). The rest is a restart, or a hand-over, which
 * ends by itself. */
static void
add_note_of_lease(json_t *notes, const json_t *lease)
{
	const char *text = member_string(lease, "text");

	if (*text && !json_is_true(json_object_get(lease, "clocks_differ")) &&
	    member_number(lease, "withheld_ms") <= 0)
		json_array_append_new(notes, member_of_bytes(text));
}

/* What is no sickness, and still to be known. conclaved says why; without it connmgr
 * knows. */
static json_t *
notes_of(const struct asks *asks)
{
	const json_t *conclaved = asks_answer(asks, PATHS_CONCLAVED);
	const json_t *connmgr = asks_answer(asks, PATHS_CONNMGR);
	const json_t *peer = asks_answer(asks, PATHS_PEER);
	const char *why = member_string(conclaved, "apart_reason");
	json_t *notes = json_array();
	char text[1024];

	if (!conclaved && json_is_false(json_object_get(connmgr, "apart")))
		why = "connmgr does not run as the user conclave-connmgr, or the machine "
		      "does "
		      "not have all users of Conclave: see conclave-systemd(7)";
	snprintf(text, sizeof(text),
	         "the workers are not kept apart, so one that was taken over has the "
	         "rights of "
	         "all: %s",
	         why);
	if (*why)
		json_array_append_new(notes, member_of_bytes(text));
	why = member_string(json_object_get(connmgr, "tls"), "text");
	if (*why)
		json_array_append_new(notes, member_of_bytes(why));
	add_notes_of_members(notes, json_object_get(peer, "members"));
	add_note_of_lease(notes, json_object_get(peer, "lease"));
	return notes;
}

json_t *
health_merge(const struct conf *conf, const struct asks *asks, enum verdict_kind *kind)
{
	json_t *listeners = json_object_get(asks_answer(asks, "connmgr"), "listeners");
	json_t *reasons = json_array();
	json_t *rows = status_processes(asks);
	json_t *looking = why_looking(conf, asks);
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		add_to_row(row, asks);
	*kind = verdict_judge(conf, asks, rows, reasons);
	return json_pack(
	    "{s:i, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", STATUS_SCHEMA,
	    "id", (json_int_t)conf->id, "verdict", verdict_name(*kind), "reasons",
	    reasons, "looking", looking ? looking : json_null(), "notes", notes_of(asks),
	    "members", member_copy(asks_answer(asks, PATHS_PEER), "members"), "processes",
	    rows, "listeners", listeners ? json_incref(listeners) : json_array());
}

json_t *
health_essence(const json_t *health)
{
	static const char *const keys[] = {"name", "pid", "state", "generation",
	                                   "restarts"};
	size_t reasons = json_array_size(json_object_get(health, "reasons")), at;
	json_t *out = json_pack("[o, I, o, o]", member_copy(health, "verdict"),
	                        (json_int_t)reasons, member_copy(health, "listeners"),
	                        member_copy(json_object_get(health, "members"), "text"));
	const json_t *causes =
	    json_object_get(json_object_get(health, "looking"), "causes");
	const json_t *row;

	json_array_foreach (causes, at, row)
		json_array_append_new(out, member_copy(row, "cause"));
	json_array_foreach (json_object_get(health, "processes"), at, row) {
		for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			json_array_append_new(out, member_copy(row, keys[i]));
	}
	return out;
}
