/* The rows of `processes`. conclaved's own table comes first: only conclaved knows the
 * restarts and the beats. A process that is not in that table (or every process, where
 * there is no conclaved) has a row by its own door: `ready` if it answers, `silent` if it
 * is there but does not answer. */
#include "view/member.h"
#include "view/status.h"

#include <errno.h>
#include <string.h>

/* Every row has these keys, in the order in which they are printed. */
static const char *const keys[] = {
    "name",      "pid",    "state",  "version",     "generation", "restarts",
    "uptime_ms", "rss_kb", "cpu_ms", "beat_age_ms", "reason",
};

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

	if (!asks_is_elector(a->folder))
		return a->folder;
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *b = &asks->list[i];

		if (!asks_is_elector(b->folder) || !b->pid)
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
 * lest somebody signal it. */
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
	return row;
}

static json_t *
row_of_door(const struct asks *asks, const struct ask *a)
{
	json_t *row =
	    json_pack("{s:s, s:I, s:s, s:s}", "name", row_name(asks, a), "pid",
	              (json_int_t)a->pid, "state", a->answer ? "ready" : "silent",
	              "reason", a->answer ? "" : "it does not answer");
	json_t *full = full_row(row, a->answer);

	json_decref(row);
	return full;
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
			json_array_append_new(rows, full_row(row, NULL));
	}
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];

		if (a->pid && (a->answer || a->result == -ETIMEDOUT) &&
		    !has_pid(rows, a->pid))
			json_array_append_new(rows, row_of_door(asks, a));
	}
	return rows;
}
