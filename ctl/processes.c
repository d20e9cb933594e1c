/* The rows of `processes`. conclaved's own table comes first: it alone knows restarts and
 * the beat. A process that it does not know (or every one, where there is no conclaved)
 * has a row by its own door: `ready` if it answers, `silent` if it is there but does not.
 */
#include "ctl/exact.h"
#include "ctl/status.h"

#include <errno.h>
#include <string.h>

#define ELECTOR "elector"
#define SHADOW  "elector-shadow"

/* In the order in which they are printed. */
static const char *const keys[] = {
    "name",      "pid",    "state",  "version",     "generation", "restarts",
    "uptime_ms", "rss_kb", "cpu_ms", "beat_age_ms", "reason",
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static bool
is_elector(const char *name)
{
	return strncmp(name, ELECTOR "-", strlen(ELECTOR "-")) == 0;
}

static bool
is_active(const struct ask *a)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(a->answer, "active"));
}

/* Its name in the table. Where no elector says that it is active, one that is alone is
 * called by the role that it is there for. */
static const char *
row_name(const struct asks *asks, const struct ask *a)
{
	unsigned there = 0;
	unsigned active = 0;

	if (!is_elector(a->folder))
		return a->folder;
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *b = &asks->list[i];

		if (!is_elector(b->folder) || !b->pid)
			continue;
		there++;
		active += is_active(b);
	}
	return is_active(a) || (there == 1 && !active) ? ELECTOR : SHADOW;
}

static const cJSON *
row_by_pid(const cJSON *rows, int64_t pid)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		int64_t other;

		if (exact_i64(cJSON_GetObjectItemCaseSensitive(row, "pid"), &other) &&
		    other == pid)
			return row;
	}
	return NULL;
}

/* A copy of `from`, every key of a row there, in order, and then what else there is.
 * conclaved says pid 0 for what does not run; here it is null, lest anybody signal it. */
static cJSON *
row_copy(const cJSON *from)
{
	cJSON *row = cJSON_CreateObject();
	const cJSON *node;
	int64_t pid;

	for (unsigned i = 0; i < KEYS; i++) {
		node = cJSON_GetObjectItemCaseSensitive(from, keys[i]);
		cJSON_AddItemToObject(row, keys[i],
		                      node ? cJSON_Duplicate(node, true)
		                           : cJSON_CreateNull());
	}
	cJSON_ArrayForEach(node, from)
	{
		if (!cJSON_HasObjectItem(row, node->string))
			cJSON_AddItemToObject(row, node->string,
			                      cJSON_Duplicate(node, true));
	}
	if (exact_i64(cJSON_GetObjectItemCaseSensitive(row, "pid"), &pid) && pid <= 0)
		cJSON_ReplaceItemInObjectCaseSensitive(row, "pid", cJSON_CreateNull());
	return row;
}

static cJSON *
row_of_door(const struct asks *asks, const struct ask *a)
{
	static const char *const said[] = {"version", "generation", "uptime_ms",
	                                   "rss_kb",  "cpu_ms",     "beat_age_ms"};
	cJSON *row = cJSON_CreateObject();
	cJSON *full;

	cJSON_AddStringToObject(row, "name", row_name(asks, a));
	exact_set(row, "pid", a->pid);
	cJSON_AddStringToObject(row, "state", a->answer ? "ready" : "silent");
	for (unsigned i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const cJSON *node = cJSON_GetObjectItemCaseSensitive(a->answer, said[i]);

		if (node)
			cJSON_AddItemToObject(row, said[i], cJSON_Duplicate(node, true));
	}
	cJSON_AddStringToObject(row, "reason", a->answer ? "" : "it does not answer");
	full = row_copy(row);
	cJSON_Delete(row);
	return full;
}

cJSON *
status_processes(const struct asks *asks)
{
	const struct ask *conclaved = ask_find(asks, "conclaved");
	cJSON *rows = cJSON_CreateArray();
	const cJSON *row;

	if (conclaved && conclaved->answer) {
		cJSON_ArrayForEach(
		    row, cJSON_GetObjectItemCaseSensitive(conclaved->answer, "processes"))
		{
			if (cJSON_IsObject(row))
				cJSON_AddItemToArray(rows, row_copy(row));
		}
	}
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];

		if (a->pid && (a->answer || a->result == -ETIMEDOUT) &&
		    !row_by_pid(rows, a->pid))
			cJSON_AddItemToArray(rows, row_of_door(asks, a));
	}
	return rows;
}
