/* Is this server well? */
#include "ctl/health.h"

#include "ctl/exact.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 2, 3)))
problem(cJSON *problems, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cJSON_AddItemToArray(problems, cJSON_CreateString(text));
}

static const cJSON *
row_named(const cJSON *rows, const char *name)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		if (strcmp(exact_string(row, "name"), name) == 0)
			return row;
	}
	return NULL;
}

static void
check_processes(cJSON *problems, const cJSON *rows)
{
	static const char *const needed[] = {"connmgr", "elector", "peer"};
	const cJSON *row;

	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!row_named(rows, needed[i]))
			problem(problems, "there is no %s", needed[i]);
	}
	cJSON_ArrayForEach(row, rows)
	{
		const char *state = exact_string(row, "state");
		const char *reason = exact_string(row, "reason");

		/* the doors say below who is silent */
		if (strcmp(state, "ready") != 0 && strcmp(state, "silent") != 0)
			problem(problems, "%s is %s%s%s", exact_string(row, "name"),
			        state, reason[0] ? ": " : "", reason);
	}
}

static void
check_doors(cJSON *problems, const struct asks *asks)
{
	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];

		if (a->result && a->result != -ENOENT && a->result != -ECONNREFUSED)
			problem(problems, "%s (pid %d) does not answer: %s", a->folder,
			        (int)a->pid, strerror(-a->result));
	}
}

static void
check_listeners(cJSON *problems, const cJSON *listeners)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, listeners)
	{
		const char *reason = exact_string(row, "reason");

		if (strcmp(exact_string(row, "state"), "open") != 0)
			problem(problems, "the %s port %s is not open%s%s",
			        exact_string(row, "lane"), exact_string(row, "address"),
			        reason[0] ? ": " : "", reason);
	}
}

/* What waits in connmgr for the process of that pid. */
static cJSON *
queue_of(const cJSON *connmgr, const cJSON *process)
{
	const cJSON *workers = cJSON_GetObjectItemCaseSensitive(connmgr, "workers");
	const cJSON *worker;
	int64_t pid;
	int64_t other;

	if (!exact_i64(cJSON_GetObjectItemCaseSensitive(process, "pid"), &pid))
		return cJSON_CreateNull();
	cJSON_ArrayForEach(worker, workers)
	{
		const cJSON *queue = cJSON_GetObjectItemCaseSensitive(worker, "queue");

		if (queue &&
		    exact_i64(cJSON_GetObjectItemCaseSensitive(worker, "pid"), &other) &&
		    other == pid)
			return cJSON_Duplicate(queue, true);
	}
	return cJSON_CreateNull();
}

cJSON *
health_merge(const cJSON *status, const struct asks *asks)
{
	const struct ask *asked = ask_find(asks, "connmgr");
	const cJSON *connmgr = asked ? asked->answer : NULL;
	const cJSON *listeners = cJSON_GetObjectItemCaseSensitive(connmgr, "listeners");
	const char *degraded = exact_string(connmgr, "degraded");
	cJSON *root = cJSON_CreateObject();
	cJSON *problems = cJSON_CreateArray();
	cJSON *rows =
	    cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(status, "processes"), true);
	cJSON *row;

	check_processes(problems, rows);
	check_doors(problems, asks);
	check_listeners(problems, listeners);
	if (degraded[0])
		problem(problems, "connmgr is degraded: %s", degraded);
	cJSON_ArrayForEach(row, rows)
	    cJSON_AddItemToObject(row, "queue", queue_of(connmgr, row));

	cJSON_AddItemToObject(
	    root, "schema", cJSON_Duplicate(cJSON_GetObjectItem(status, "schema"), true));
	cJSON_AddItemToObject(root, "id",
	                      cJSON_Duplicate(cJSON_GetObjectItem(status, "id"), true));
	cJSON_AddBoolToObject(root, "healthy", cJSON_GetArraySize(problems) == 0);
	cJSON_AddItemToObject(root, "problems", problems);
	cJSON_AddStringToObject(root, "degraded", degraded);
	cJSON_AddItemToObject(root, "processes", rows);
	cJSON_AddItemToObject(root, "listeners",
	                      listeners ? cJSON_Duplicate(listeners, true)
	                                : cJSON_CreateArray());
	return root;
}
