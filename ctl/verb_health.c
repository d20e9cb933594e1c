/* conclave health. */
#include "base/exit.h"
#include "ctl/cells.h"
#include "ctl/exact.h"
#include "ctl/health.h"
#include "ctl/usage.h"
#include "ctl/verb.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WATCH_MS 1000
#define CLEAR    "\033[H\033[J" /* the terminal */

static void
print_processes(const struct ctl *c, const cJSON *rows)
{
	static const char *const heads[] = {
	    "PROCESS", "PID",      "STATE",  "VERSION", "GENERATION",
	    "UPTIME",  "RESTARTS", "MEMORY", "CPU",     "THREADS",
	    "FILES",   "LAG MS",   "BEAT",   "QUEUE",   "REASON"};
	struct table *t = table_new(heads, sizeof(heads) / sizeof(heads[0]));
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
		cells_text(t, row, "threads");
		cells_text(t, row, "descriptors");
		cells_text(t, row, "lag_ms");
		cells_duration(t, row, "beat_age_ms");
		cells_text(t, row, "queue");
		cells_text(t, row,
		           exact_string(row, "reason")[0] ? "reason" : "last_death");
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
print_text(const struct ctl *c, const cJSON *health)
{
	const cJSON *reasons = cJSON_GetObjectItemCaseSensitive(health, "reasons");
	const char *verdict = exact_string(health, "verdict");
	const cJSON *one;

	printf("server %lld is %s%s%s\n\n", (long long)c->conf->id,
	       c->colours ? table_colour(verdict) : "", verdict,
	       c->colours ? TABLE_PLAIN : "");
	print_processes(c, cJSON_GetObjectItemCaseSensitive(health, "processes"));
	print_listeners(c, cJSON_GetObjectItemCaseSensitive(health, "listeners"));
	if (cJSON_GetArraySize(reasons) > 0)
		putchar('\n');
	cJSON_ArrayForEach(one, reasons) printf("sick: %s\n", cJSON_GetStringValue(one));
}

cJSON *
verb_ask_health(const struct ctl *c, struct asks *asks)
{
	cJSON *health;

	ask_all(c->conf->run_dir, "status", HEALTH_PATIENCE_MS, asks);
	health = health_merge(c->conf, asks);
	usage_fill(cJSON_GetObjectItemCaseSensitive(health, "processes"));
	return health;
}

static int
exit_status(const cJSON *health)
{
	const char *verdict = exact_string(health, "verdict");

	return strcmp(verdict, "healthy") == 0    ? EXIT_OK
	       : strcmp(verdict, "degraded") == 0 ? VERB_DEGRADED
	                                          : VERB_FAILING;
}

static int
ask_once(const struct ctl *c)
{
	struct asks asks;
	cJSON *health = verb_ask_health(c, &asks);
	bool answered = asks_answered(&asks) > 0;
	int status = answered ? exit_status(health) : EXIT_NO_ANSWER;

	if (c->json)
		verb_print_json(cJSON_Duplicate(health, true));
	else if (answered)
		print_text(c, health);
	else
		verb_no_answer(c, "any process");
	cJSON_Delete(health);
	asks_deinit(&asks);
	return status;
}

/* What it takes for --watch to print again where nothing can be redrawn: another verdict,
 * reason, process or state. */
static cJSON *
essence(const cJSON *health)
{
	static const char *const keys[] = {"name", "pid", "state", "generation",
	                                   "restarts"};
	cJSON *out = cJSON_CreateArray();
	const cJSON *row;

	cJSON_AddItemToArray(
	    out,
	    cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(health, "verdict"), true));
	cJSON_AddItemToArray(out,
	                     exact_create(cJSON_GetArraySize(
				 cJSON_GetObjectItemCaseSensitive(health, "reasons"))));
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(health, "processes"))
	{
		for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			cJSON_AddItemToArray(
			    out,
			    cJSON_Duplicate(
				cJSON_GetObjectItemCaseSensitive(row, keys[i]), true));
	}
	cJSON_AddItemToArray(
	    out,
	    cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(health, "listeners"), true));
	return out;
}

static void
show(const struct ctl *c, const cJSON *health, bool redraw)
{
	if (c->json) {
		verb_print_json(cJSON_Duplicate(health, true));
		return;
	}
	if (redraw)
		fputs(CLEAR, stdout);
	verb_print_time(verb_now_us());
	fputs("  ", stdout);
	print_text(c, health);
	if (!redraw)
		putchar('\n');
}

/* On a terminal once a second, else at each change; until nobody reads it. */
static int
watch(const struct ctl *c)
{
	bool redraw = !c->json && isatty(STDOUT_FILENO);
	struct pollfd reader = {.fd = STDOUT_FILENO};
	cJSON *shown = NULL;
	int r = 0;

	while (r == 0 && poll(&reader, 1, shown ? WATCH_MS : 0) <= 0) {
		struct asks asks;
		cJSON *health = verb_ask_health(c, &asks);
		cJSON *now = essence(health);

		if (redraw || !cJSON_Compare(now, shown, true))
			show(c, health, redraw);
		r = verb_flush();
		asks_deinit(&asks);
		cJSON_Delete(health);
		cJSON_Delete(shown);
		shown = now;
	}
	cJSON_Delete(shown);
	return verb_flushed(r, EXIT_OK);
}

int
verb_health(const struct ctl *c)
{
	if (c->argc == 0)
		return ask_once(c);
	if (strcmp(c->argv[0], "--watch") != 0 || c->argc > 1)
		return verb_misused(c, "what is `%s`?", c->argv[c->argc - 1]);
	return watch(c);
}
