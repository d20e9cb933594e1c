/* conclave health. */
#include "ctl/ask.h"
#include "ctl/cells.h"
#include "ctl/exact.h"
#include "ctl/health.h"
#include "ctl/status.h"
#include "ctl/usage.h"
#include "ctl/verb.h"
#include "proc/proc.h"

#include <stdio.h>

static void
print_processes(const struct ctl *c, const cJSON *rows)
{
	static const char *const heads[] = {"PROCESS",    "PID",    "STATE",    "VERSION",
	                                    "GENERATION", "UPTIME", "RESTARTS", "MEMORY",
	                                    "CPU",        "BEAT",   "QUEUE",    "REASON"};
	struct table *t = table_new(heads, 12);
	const cJSON *row;

	if (!t)
		return;
	cJSON_ArrayForEach(row, rows)
	{
		cells_text(t, row, "name");
		cells_text(t, row, "pid");
		cells_text(t, row, "state");
		cells_text(t, row, "version");
		cells_text(t, row, "generation");
		cells_duration(t, row, "uptime_ms");
		cells_text(t, row, "restarts");
		cells_size(t, row, "rss_kb");
		cells_duration(t, row, "cpu_ms");
		cells_duration(t, row, "beat_age_ms");
		cells_text(t, row, "queue");
		cells_text(t, row, "reason");
	}
	table_print(t, stdout, c->colours);
	table_free(t);
}

static void
print_listeners(const struct ctl *c, const cJSON *rows)
{
	static const char *const heads[] = {"PORT", "ADDRESS", "STATE", "REASON"};
	struct table *t = table_new(heads, 4);
	const cJSON *row;

	if (!t || cJSON_GetArraySize(rows) == 0)
		goto out;
	cJSON_ArrayForEach(row, rows)
	{
		cells_text(t, row, "lane");
		cells_text(t, row, "address");
		cells_text(t, row, "state");
		cells_text(t, row, "reason");
	}
	putchar('\n');
	table_print(t, stdout, c->colours);
out:
	table_free(t);
}

static void
print_problems(const cJSON *problems)
{
	const cJSON *one;

	if (cJSON_GetArraySize(problems) > 0)
		putchar('\n');
	cJSON_ArrayForEach(one, problems) printf("sick: %s\n", cJSON_GetStringValue(one));
}

int
verb_health(const struct ctl *c)
{
	struct asks asks;
	unsigned answers = 0;
	cJSON *status;
	cJSON *health;
	bool well;

	if (verb_no_arguments(c))
		return PROC_EXIT_USAGE;
	ask_all(c->conf->run_dir, "status", &asks);
	for (unsigned i = 0; i < asks.count; i++)
		answers += asks.list[i].answer != NULL;
	status = status_merge(c->conf, &asks);
	usage_fill(cJSON_GetObjectItemCaseSensitive(status, "processes"));
	health = health_merge(status, &asks);
	asks_deinit(&asks);
	cJSON_Delete(status);
	well = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(health, "healthy"));
	if (c->json) {
		verb_print_json(health);
		return !answers ? PROC_EXIT_NO_ANSWER
		       : well   ? PROC_EXIT_OK
		                : PROC_EXIT_FAILURE;
	}
	if (answers) {
		print_processes(c, cJSON_GetObjectItemCaseSensitive(health, "processes"));
		print_listeners(c, cJSON_GetObjectItemCaseSensitive(health, "listeners"));
		print_problems(cJSON_GetObjectItemCaseSensitive(health, "problems"));
	}
	cJSON_Delete(health);
	if (!answers)
		return verb_no_answer(c, "any process");
	return well ? PROC_EXIT_OK : PROC_EXIT_FAILURE;
}
