/* See health.h. */
#include "ctl/health.h"

#include "ctl/exact.h"
#include "ctl/status.h"
#include "ctl/verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const cJSON *
get(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* 0 where there is none */
static int64_t
number(const cJSON *object, const char *key)
{
	int64_t value = 0;

	exact_i64(get(object, key), &value);
	return value;
}

static bool
is_silent(const struct ask *a)
{
	return a->result && a->result != -ENOENT && a->result != -ECONNREFUSED;
}

/* ---- the rows ---- */

/* Who that row is about. One that lets askers pile up is known by its folder only. */
static const struct ask *
ask_of(const struct asks *asks, const cJSON *row)
{
	const char *name = exact_string(row, "name");
	int64_t pid = number(row, "pid");

	for (unsigned i = 0; i < asks->count && pid > 0; i++)
		if (asks->list[i].pid == pid)
			return &asks->list[i];
	for (unsigned i = 0; i < asks->count && pid > 0; i++) {
		const struct ask *a = &asks->list[i];

		if (a->pid == 0 && is_silent(a) &&
		    strncmp(a->folder, name, strlen(name)) == 0)
			return a;
	}
	return NULL;
}

/* What waits in connmgr for the process of that pid. */
static cJSON *
queue_of(const cJSON *connmgr, int64_t pid)
{
	const cJSON *worker;

	cJSON_ArrayForEach(worker, get(connmgr, "workers"))
	{
		const cJSON *queue = get(worker, "queue");

		if (queue && pid > 0 && number(worker, "pid") == pid)
			return cJSON_Duplicate(queue, true);
	}
	return cJSON_CreateNull();
}

/* Of its door, below run_dir: a name that no other process has. */
static void
add_folder(cJSON *row, const struct ask *a)
{
	const char *instance = exact_string(row, "instance");
	char text[128];

	snprintf(text, sizeof(text), "elector-%s", instance);
	cJSON_AddStringToObject(row, "folder",
	                        a           ? a->folder
	                        : *instance ? text
	                                    : exact_string(row, "name"));
}

static void
add_to_row(cJSON *row, const struct ask *a, const cJSON *connmgr)
{
	static const char *const keys[] = {"program", "threads", "descriptors",
	                                   "lag_ms",  "queues",  "outboxes",
	                                   "drops",   "counters"};

	add_folder(row, a);
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const cJSON *node = get(a ? a->answer : NULL, keys[i]);

		if (!node && cJSON_HasObjectItem(row, keys[i]))
			continue;
		cJSON_DeleteItemFromObjectCaseSensitive(row, keys[i]);
		cJSON_AddItemToObject(row, keys[i],
		                      node ? cJSON_Duplicate(node, true)
		                           : cJSON_CreateNull());
	}
	cJSON_AddItemToObject(row, "queue", queue_of(connmgr, number(row, "pid")));
	if (a && is_silent(a)) {
		cJSON_ReplaceItemInObjectCaseSensitive(row, "state",
		                                       cJSON_CreateString("silent"));
		cJSON_ReplaceItemInObjectCaseSensitive(
		    row, "reason", cJSON_CreateString("it does not answer"));
	}
}

/* ---- the facts ---- */

/* Every worker that is ready has a generation, but for a shadow. */
static bool
is_idle(const cJSON *row, const struct ask *a)
{
	const char *said = exact_string(a ? a->answer : NULL, "who");

	return (strcmp(said, "elector") == 0 || strcmp(said, "peer") == 0) &&
	       strcmp(exact_string(row, "state"), "ready") == 0 &&
	       number(a->answer, "generation") == 0;
}

static void
take_process(const struct asks *asks, const cJSON *row, struct verdict_facts *f)
{
	if (f->process_count == VERDICT_PROCESSES_MAX)
		return;
	f->processes[f->process_count++] = (struct verdict_process){
	    .name = exact_string(row, "name"),
	    .pid = number(row, "pid"),
	    .state = exact_string(row, "state"),
	    .why = exact_string(row, "reason"),
	    .idle = is_idle(row, ask_of(asks, row)),
	    .lag_ms = number(row, "lag_ms"),
	    .failures = number(row, "failures"),
	    .uptime_ms = number(row, "uptime_ms"),
	    .last_death = exact_string(row, "last_death"),
	};
}

static void
take_listeners(const cJSON *listeners, struct verdict_facts *f)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, listeners)
	{
		if (strcmp(exact_string(row, "state"), "open") != 0 &&
		    f->listener_count < VERDICT_LISTENERS_MAX)
			f->listeners[f->listener_count++] = (struct verdict_listener){
			    exact_string(row, "lane"), exact_string(row, "address"),
			    exact_string(row, "reason")};
	}
}

static void
take_queues(const cJSON *process, struct verdict_facts *f)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, get(process, "queues"))
	{
		if (f->queue_count < VERDICT_QUEUES_MAX)
			f->queues[f->queue_count++] = (struct verdict_queue){
			    exact_string(process, "name"), exact_string(row, "name"),
			    number(row, "length"), number(row, "bound")};
	}
}

static const cJSON *
answer_of(const struct asks *asks, const char *folder)
{
	const struct ask *a = ask_find(asks, folder);

	return a ? a->answer : NULL;
}

static cJSON *
judge(const struct conf *conf, const struct asks *asks, const cJSON *rows, cJSON *reasons)
{
	static struct verdict verdict; /* large */
	const cJSON *connmgr = answer_of(asks, "connmgr"),
		    *peer = answer_of(asks, "peer");
	const struct ask *conclaved = ask_find(asks, "conclaved");
	struct verdict_facts facts = {
	    .connmgr_degraded = exact_string(connmgr, "degraded"),
	    .peer_reason = exact_string(peer, "reason"),
	    .has_leader = get(peer, "leader") && !cJSON_IsNull(get(peer, "leader")),
	    .orphaned = conclaved && conclaved->result == -ECONNREFUSED,
	    .patience_ms = HEALTH_PATIENCE_MS,
	    .lag_max_ms = conf->supervisor.watchdog_ms / 2,
	    .calm_ms = conf->supervisor.restart_reset_ms,
	};
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		take_process(asks, row, &facts);
		take_queues(row, &facts);
	}
	take_listeners(get(connmgr, "listeners"), &facts);
	verdict_judge(&facts, &verdict);
	for (unsigned i = 0; i < verdict.reason_count; i++)
		cJSON_AddItemToArray(reasons, cJSON_CreateString(verdict.reasons[i]));
	return cJSON_CreateString(verdict_name(verdict.kind));
}

cJSON *
health_merge(const struct conf *conf, const struct asks *asks)
{
	const cJSON *connmgr = answer_of(asks, "connmgr");
	const cJSON *listeners = get(connmgr, "listeners");
	cJSON *root = cJSON_CreateObject();
	cJSON *reasons = cJSON_CreateArray();
	cJSON *rows = status_processes(asks);
	cJSON *row;

	cJSON_ArrayForEach(row, rows) add_to_row(row, ask_of(asks, row), connmgr);
	exact_set(root, "schema", STATUS_SCHEMA);
	exact_set(root, "id", conf->id);
	cJSON_AddItemToObject(root, "verdict", judge(conf, asks, rows, reasons));
	cJSON_AddItemToObject(root, "reasons", reasons);
	cJSON_AddItemToObject(root, "processes", rows);
	cJSON_AddItemToObject(root, "listeners",
	                      listeners ? cJSON_Duplicate(listeners, true)
	                                : cJSON_CreateArray());
	return root;
}
