/* See members_list.h. */
#include "view/members_list.h"

#include "view/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One membership says nothing of a weight of 1, of no group, or of no priority. */
static json_t *
words(bool observer, int64_t weight, bool has_group, int64_t group, int64_t priority)
{
	char text[160], more[128] = "";
	size_t len = 0;

	if (has_group)
		len = (size_t)snprintf(more, sizeof(more), ", group %" PRId64, group);
	if (priority != 0)
		snprintf(more + len, sizeof(more) - len, ", priority %" PRId64, priority);
	if (observer)
		return json_string("observer");
	if (weight == 1)
		snprintf(text, sizeof(text), "participant%s", more);
	else
		snprintf(text, sizeof(text), "participant, weight %" PRId64 "%s", weight,
		         more);
	return json_string(text);
}

static bool
names(const json_t *list, int64_t sid)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		if (json_integer_value(one) == sid)
			return true;
	return false;
}

static json_t *
note(const struct conf *conf, const json_t *members, int64_t sid)
{
	static const struct {
		const char *state, *note;
	} others[] = {
	    {"founding-differs", "another file"},
	    {"two-files", "another file"},
	    {"new-disk", "new disk"},
	    {"new-disk-waits", "new disk"},
	    {"disk-changes", "many new disks"},
	};
	const char *state = member_string(members, "state");
	bool here = sid == conf->id;
	int64_t other;

	if (names(json_object_get(members, "missing"), sid))
		return json_string("missing");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(state, others[i].state) == 0 &&
		    member_i64(members, "other", &other) && other == sid)
			return json_string(others[i].note);
	if (here && json_is_true(json_object_get(members, "other_timing")))
		return json_string("this server, timing unlike the leader's");
	return json_string(here ? "this server" : "");
}

/* The row of `sid`, which is made at its place where there is none. */
static json_t *
row_of(json_t *rows, int64_t sid, const struct conf *conf, const json_t *members)
{
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		if (member_number(row, "id") == sid)
			return row;
		if (member_number(row, "id") > sid)
			break;
	}
	row = json_pack("{s:I, s:n, s:n, s:n, s:o}", "id", (json_int_t)sid, "in_force",
	                "next", "file", "note", note(conf, members, sid));
	json_array_insert_new(rows, i, row);
	return row;
}

static void
add(json_t *rows, const char *key, const json_t *membership, const struct conf *conf,
    const json_t *members)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(membership, "servers"), i, one) {
		bool observer = strcmp(member_string(one, "role"), "observer") == 0;
		int64_t group, sid = member_number(one, "id");
		bool has_group = member_i64(one, "group", &group);

		json_object_set_new(row_of(rows, sid, conf, members), key,
		                    words(observer, member_number(one, "weight"),
		                          has_group, has_group ? group : 0,
		                          member_number(one, "priority")));
	}
}

json_t *
members_list(const struct conf *conf, const json_t *members)
{
	const json_t *record = json_object_get(members, "record");
	const json_t *old = json_object_get(record, "old");
	const json_t *next = json_object_get(record, "new");
	bool joint = json_is_object(old);
	json_t *rows = json_array();

	add(rows, "in_force", joint ? old : next, conf, members);
	if (joint)
		add(rows, "next", next, conf, members);
	for (unsigned i = 0; i < conf->server_count; i++) {
		const struct conf_server *s = &conf->servers[i];

		json_object_set_new(row_of(rows, s->id, conf, members), "file",
		                    words(s->observer, s->weight, s->has_group, s->group,
		                          conf->zab ? s->priority : 0));
	}
	return rows;
}

const char *
members_list_ids(const json_t *membership, char *out, size_t cap)
{
	const json_t *one;
	size_t i, len = 0;

	*out = '\0';
	json_array_foreach (json_object_get(membership, "servers"), i, one) {
		int n = snprintf(out + len, cap - len, "%s%" PRId64, i > 0 ? " " : "",
		                 member_number(one, "id"));

		if ((size_t)n >= cap - len)
			break;
		len += (size_t)n;
	}
	return out;
}
