/* See health.h. */
#include "view/health.h"

#include "view/member.h"
#include "view/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 0 where there is none */
static int64_t
number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static bool
is_silent(const struct ask *a)
{
	return a->result && a->result != -ENOENT && a->result != -ECONNREFUSED;
}

/* ---- the rows ---- */

/* The door of the process that the row is about. A process whose door has no room is
 * known by its folder only. */
static const struct ask *
ask_of(const struct asks *asks, const json_t *row)
{
	const char *name = member_string(row, "name");
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

/* The number of messages that wait in connmgr for the process of that pid. */
static json_t *
queue_of(const json_t *connmgr, int64_t pid)
{
	const json_t *worker;
	size_t i;

	json_array_foreach (json_object_get(connmgr, "workers"), i, worker) {
		if (json_object_get(worker, "queue") && pid > 0 &&
		    number(worker, "pid") == pid)
			return member_copy(worker, "queue");
	}
	return json_null();
}

/* The folder of the door, below run_dir: a name that no other process has. */
static void
add_folder(json_t *row, const struct ask *a)
{
	const char *instance = member_string(row, "instance");
	char text[128];

	snprintf(text, sizeof(text), "elector-%s", instance);
	json_object_set_new(row, "folder",
	                    json_string(a           ? a->folder
	                                : *instance ? text
	                                            : member_string(row, "name")));
}

static void
add_to_row(json_t *row, const struct ask *a, const json_t *connmgr)
{
	static const char *const keys[] = {"program", "threads", "descriptors",
	                                   "lag_ms",  "queues",  "outboxes",
	                                   "drops",   "counters"};

	add_folder(row, a);
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *answer = a ? a->answer : NULL;

		if (json_object_get(answer, keys[i]) || !json_object_get(row, keys[i]))
			json_object_set_new(row, keys[i], member_copy(answer, keys[i]));
	}
	json_object_set_new(row, "queue", queue_of(connmgr, number(row, "pid")));
	if (a && is_silent(a)) {
		json_object_set_new(row, "state", json_string("silent"));
		json_object_set_new(row, "reason", json_string("it does not answer"));
	}
}

/* ---- the facts ---- */

/* Every worker that is ready has a generation, but for a shadow. */
static bool
is_idle(const json_t *row, const struct ask *a)
{
	const char *said = member_string(a ? a->answer : NULL, "who");

	return (strcmp(said, "elector") == 0 || strcmp(said, "peer") == 0) &&
	       strcmp(member_string(row, "state"), "ready") == 0 &&
	       number(a->answer, "generation") == 0;
}

static void
take_process(const struct asks *asks, const json_t *row, struct verdict_facts *f)
{
	if (f->process_count == VERDICT_PROCESSES_MAX)
		return;
	f->processes[f->process_count++] = (struct verdict_process){
	    .name = member_string(row, "name"),
	    .pid = number(row, "pid"),
	    .state = member_string(row, "state"),
	    .why = member_string(row, "reason"),
	    .idle = is_idle(row, ask_of(asks, row)),
	    .lag_ms = number(row, "lag_ms"),
	    .failures = number(row, "failures"),
	    .uptime_ms = number(row, "uptime_ms"),
	    .last_death = member_string(row, "last_death"),
	};
}

static void
take_listeners(const json_t *listeners, struct verdict_facts *f)
{
	const json_t *row;
	size_t i;

	json_array_foreach (listeners, i, row) {
		if (strcmp(member_string(row, "state"), "open") != 0 &&
		    f->listener_count < VERDICT_LISTENERS_MAX)
			f->listeners[f->listener_count++] = (struct verdict_listener){
			    member_string(row, "lane"), member_string(row, "address"),
			    member_string(row, "reason")};
	}
}

static void
take_queues(const json_t *process, struct verdict_facts *f)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(process, "queues"), i, row) {
		if (f->queue_count < VERDICT_QUEUES_MAX)
			f->queues[f->queue_count++] = (struct verdict_queue){
			    member_string(process, "name"), member_string(row, "name"),
			    number(row, "length"), number(row, "bound")};
	}
}

static enum verdict_kind
judge(const struct conf *conf, const struct asks *asks, const json_t *rows,
      json_t *reasons)
{
	static struct verdict verdict; /* large */
	const json_t *connmgr = asks_answer(asks, "connmgr");
	const json_t *peer = asks_answer(asks, "peer");
	const json_t *leader = json_object_get(peer, "leader");
	const struct ask *conclaved = asks_find(asks, "conclaved");
	struct verdict_facts facts = {
	    .connmgr_degraded = member_string(connmgr, "degraded"),
	    .peer_reason = member_string(peer, "reason"),
	    .has_leader = leader && !json_is_null(leader),
	    .orphaned = conclaved && conclaved->result == -ECONNREFUSED,
	    .patience_ms = HEALTH_PATIENCE_MS,
	    .lag_max_ms = conf->supervisor.watchdog_ms / 2,
	    .calm_ms = conf->supervisor.restart_reset_ms,
	};
	const json_t *row;
	size_t at;

	json_array_foreach (rows, at, row) {
		take_process(asks, row, &facts);
		take_queues(row, &facts);
	}
	take_listeners(json_object_get(connmgr, "listeners"), &facts);
	verdict_judge(&facts, &verdict);
	for (unsigned i = 0; i < verdict.reason_count; i++)
		json_array_append_new(reasons, member_of_bytes(verdict.reasons[i]));
	return verdict.kind;
}

json_t *
health_merge(const struct conf *conf, const struct asks *asks, enum verdict_kind *kind)
{
	const json_t *connmgr = asks_answer(asks, "connmgr");
	json_t *listeners = json_object_get(connmgr, "listeners");
	json_t *root = json_object();
	json_t *reasons = json_array();
	json_t *rows = status_processes(asks);
	json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		add_to_row(row, ask_of(asks, row), connmgr);
	}
	*kind = judge(conf, asks, rows, reasons);
	json_object_set_new(root, "schema", json_integer(STATUS_SCHEMA));
	json_object_set_new(root, "id", json_integer(conf->id));
	json_object_set_new(root, "verdict", json_string(verdict_name(*kind)));
	json_object_set_new(root, "reasons", reasons);
	json_object_set_new(root, "processes", rows);
	json_object_set_new(root, "listeners",
	                    listeners ? json_incref(listeners) : json_array());
	return root;
}

json_t *
health_essence(const json_t *health)
{
	static const char *const keys[] = {"name", "pid", "state", "generation",
	                                   "restarts"};
	size_t reasons = json_array_size(json_object_get(health, "reasons")), at;
	json_t *out = json_array();
	const json_t *row;

	json_array_append_new(out, member_copy(health, "verdict"));
	json_array_append_new(out, json_integer((json_int_t)reasons));
	json_array_foreach (json_object_get(health, "processes"), at, row) {
		for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			json_array_append_new(out, member_copy(row, keys[i]));
	}
	json_array_append_new(out, member_copy(health, "listeners"));
	return out;
}
