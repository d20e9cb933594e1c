/* conclave health, conclave metrics. */
#include "ctl/table.h"
#include "ctl/verb.h"
#include "view/health.h"
#include "view/member.h"
#include "view/metrics.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WATCH_MS 1000
#define CLEAR    "\033[H\033[J" /* the terminal */

static const struct column process_columns[] = {
    {"PROCESS", "name", TABLE_TEXT, NULL, NULL},
    {"PID", "pid", TABLE_TEXT, NULL, NULL},
    {"STATE", "state", TABLE_TEXT, NULL, NULL},
    {"VERSION", "version", TABLE_TEXT, NULL, NULL},
    {"GENERATION", "generation", TABLE_TEXT, NULL, NULL},
    {"UPTIME", "uptime_ms", TABLE_DURATION, NULL, NULL},
    {"RESTARTS", "restarts", TABLE_TEXT, NULL, NULL},
    {"MEMORY", "rss_kb", TABLE_SIZE, NULL, NULL},
    {"CPU", "cpu_ms", TABLE_DURATION, NULL, NULL},
    {"THREADS", "threads", TABLE_TEXT, NULL, NULL},
    {"FILES", "descriptors", TABLE_TEXT, NULL, NULL},
    {"LAG MS", "lag_ms", TABLE_TEXT, NULL, NULL},
    {"BEAT", "beat_age_ms", TABLE_DURATION, NULL, NULL},
    {"QUEUE", "queue", TABLE_TEXT, NULL, NULL},
    {"REASON", "reason", TABLE_TEXT, NULL, "last_death"},
};

static const struct column listener_columns[] = {
    {"PORT", "lane", TABLE_TEXT, NULL, NULL},
    {"ADDRESS", "address", TABLE_TEXT, NULL, NULL},
    {"STATE", "state", TABLE_TEXT, NULL, NULL},
    {"REASON", "reason", TABLE_TEXT, NULL, NULL},
};

static void
print_text(const struct ctl *c, const json_t *health)
{
	const json_t *reasons = json_object_get(health, "reasons");
	const json_t *notes = json_object_get(health, "notes");
	const json_t *listeners = json_object_get(health, "listeners");
	const char *verdict = member_string(health, "verdict");
	const char *looking = member_string(json_object_get(health, "looking"), "text");
	const json_t *one;
	size_t i;

	printf("server %lld is ", (long long)c->conf->id);
	table_word(stdout, verdict, 0, c->colours);
	fputs("\n\n", stdout);
	table_show(json_object_get(health, "processes"), process_columns, 15, stdout,
	           c->colours);
	if (json_array_size(listeners) > 0) {
		putchar('\n');
		table_show(listeners, listener_columns, 4, stdout, c->colours);
	}
	if (json_array_size(reasons) > 0 || *looking)
		putchar('\n');
	if (*looking)
		printf("looking for a leader: %s\n", looking);
	json_array_foreach (reasons, i, one)
		printf("sick: %s\n", json_string_value(one));
	if (json_array_size(notes) > 0)
		putchar('\n');
	json_array_foreach (notes, i, one)
		printf("note: %s\n", json_string_value(one));
}

/* The health object; the caller frees both. */
static json_t *
ask_health(const struct ctl *c, struct asks *asks, enum verdict_kind *verdict)
{
	json_t *health;

	ask_all(c->conf->run_dir, "status", VERDICT_PATIENCE_MS, asks);
	health = health_merge(c->conf, asks, verdict);
	verb_fill_usage(json_object_get(health, "processes"));
	return health;
}

static int
ask_once(const struct ctl *c)
{
	enum verdict_kind verdict;
	struct asks asks;
	json_t *health = ask_health(c, &asks, &verdict);
	bool answered = asks_answered(&asks) > 0;

	asks_deinit(&asks);
	if (c->json)
		verb_print_json(json_incref(health));
	else if (answered)
		print_text(c, health);
	else
		verb_no_answer(c, "any process");
	json_decref(health);
	return answered ? (int)verdict : EXIT_NO_ANSWER;
}

static void
show(const struct ctl *c, json_t *health, bool redraw)
{
	if (c->json) {
		verb_print_json(json_incref(health));
		return;
	}
	if (redraw)
		fputs(CLEAR, stdout);
	verb_print_time(0);
	fputs("  ", stdout);
	print_text(c, health);
	if (!redraw)
		putchar('\n');
}

/* Prints on a terminal once a second, otherwise at each change, until the output has no
 * reader. */
static int
watch(const struct ctl *c)
{
	bool redraw = !c->json && isatty(STDOUT_FILENO);
	struct pollfd reader = {.fd = STDOUT_FILENO};
	json_t *shown = NULL;
	int r = 0;

	while (r == 0 && poll(&reader, 1, shown ? WATCH_MS : 0) <= 0) {
		enum verdict_kind verdict;
		struct asks asks;
		json_t *health = ask_health(c, &asks, &verdict);
		json_t *now = health_essence(health);

		if (redraw || !json_equal(now, shown))
			show(c, health, redraw);
		r = verb_flush();
		asks_deinit(&asks);
		json_decref(health);
		json_decref(shown);
		shown = now;
	}
	json_decref(shown);
	return verb_flushed(r, EXIT_OK);
}

int
verb_health(const struct ctl *c)
{
	return verb_option(c, "watch") ? watch(c) : ask_once(c);
}

int
verb_metrics(const struct ctl *c)
{
	static char text[METRICS_TEXT_MAX];
	enum verdict_kind verdict;
	int status = EXIT_OK;
	struct buf_out out;
	struct asks asks;
	json_t *health;

	if (c->json)
		return verb_misused(c,
		                    "there is no JSON form; use conclave health --json");
	health = ask_health(c, &asks, &verdict);
	buf_out_init(&out, text, sizeof(text));
	metrics_put(health, &asks, &out);
	if (out.bad)
		status = verb_failed(c, EXIT_FAILED, "metrics: %s", strerror(EMSGSIZE));
	else
		fwrite(text, 1, out.len, stdout);
	if (asks_answered(&asks) == 0)
		status = verb_no_answer(c, "any process");
	json_decref(health);
	asks_deinit(&asks);
	return status;
}
