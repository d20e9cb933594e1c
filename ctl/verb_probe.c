/* conclave probe. */
#include "ctl/poller.h"
#include "ctl/table.h"
#include "ctl/verb.h"
#include "view/member.h"
#include "view/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not often: a ZooKeeper logs two lines for each question. */
#define WATCH_CALM_US  1000000
#define WATCH_EAGER_US 200000 /* while there is no leader */

#define SAID_MAX 16384

enum { PROBE_LEADER = 0, PROBE_NO_LEADER = 2 };

struct session {
	struct probe probe;
	struct probe_verdict verdict;
	struct poller poller;
	/* by --watch, the last time; without the times of the answers */
	json_t *shown;
};

/* Each configuration once, with the servers that report it. */
static void
print_configs(const json_t *rows)
{
	json_t *owners = json_object(), *names, *name;
	const json_t *row;
	const char *text;
	size_t i;

	json_array_foreach (rows, i, row) {
		text = member_string(row, "config");
		if (*text && !json_object_get(owners, text))
			json_object_set_new(owners, text, json_array());
		json_array_append(json_object_get(owners, text),
		                  json_object_get(row, "address"));
	}
	json_object_foreach (owners, text, names) {
		fputs("\nconfiguration of ", stdout);
		json_array_foreach (names, i, name)
			printf("%s%s", i ? ", " : "", json_string_value(name));
		puts(":");
		for (const char *line = text; *line; line += *line == '\n') {
			int len = (int)strcspn(line, "\n");

			printf("  %.*s\n", len, line);
			line += len;
		}
	}
	json_decref(owners);
}

static const struct column columns[] = {
    {"SERVER", "address", TABLE_TEXT, NULL, NULL},
    {"STATE", "state", TABLE_TEXT, NULL, NULL},
    {"LEADER", "leader", TABLE_TEXT, NULL, NULL},
    {"ROUND", "round", TABLE_TEXT, NULL, NULL},
    {"EPOCH", "peer_epoch", TABLE_TEXT, NULL, NULL},
    {"ZXID", "zxid", TABLE_TEXT, NULL, NULL},
    {"MS", "ms", TABLE_TEXT, NULL, NULL},
    {"ERROR", "error", TABLE_TEXT, NULL, NULL},
};

static int
ask_once(const struct ctl *c, struct session *s)
{
	const json_t *rows;
	char text[SAID_MAX];
	json_t *all;

	while (poller_step(&s->poller))
		;
	probe_judge(&s->probe, &s->verdict);
	all = probe_json(&s->probe, &s->verdict);
	if (c->json) {
		verb_print_json(all);
	} else {
		rows = json_object_get(all, "servers");
		puts(probe_say(&s->verdict, text, sizeof(text)));
		if (*probe_say_members(&s->probe, text, sizeof(text)))
			puts(text);
		putchar('\n');
		table_show(rows, columns, 8, stdout, c->colours);
		print_configs(rows);
		json_decref(all);
	}
	if (s->verdict.answered == 0)
		return EXIT_NO_ANSWER;
	return s->verdict.quorum ? PROBE_LEADER : PROBE_NO_LEADER;
}

static void
print_change(const struct ctl *c, const json_t *row)
{
	const char *state = member_string(row, "state");
	const char *error = member_string(row, "error");
	char text[32];

	verb_print_time(0);
	printf("  %s  ", member_string(row, "address"));
	if (error[0]) {
		printf("%s\n", error);
		return;
	}
	table_word(stdout, state, 9, c->colours);
	printf("  leader %s", member_text(row, "leader", text, sizeof(text)));
	printf("  round %s", member_text(row, "round", text, sizeof(text)));
	printf("  epoch %s", member_text(row, "peer_epoch", text, sizeof(text)));
	printf("  zxid %s\n", member_text(row, "zxid", text, sizeof(text)));
}

static bool
is_same(const json_t *a, const json_t *b, const char *key)
{
	return json_equal(json_object_get(a, key), json_object_get(b, key));
}

/* A line for each server that says something else, and one for the verdict. */
static void
print_changes(const struct ctl *c, const struct session *s, const json_t *now)
{
	const json_t *old = json_object_get(s->shown, "servers");
	const json_t *row;
	char text[SAID_MAX];
	size_t i;

	json_array_foreach (json_object_get(now, "servers"), i, row) {
		if (!json_equal(json_array_get(old, i), row))
			print_change(c, row);
	}
	if (!is_same(s->shown, now, "memberships") &&
	    *probe_say_members(&s->probe, text, sizeof(text))) {
		verb_print_time(0);
		printf("  %s\n", text);
	}
	if (is_same(s->shown, now, "leaders") && is_same(s->shown, now, "leader") &&
	    is_same(s->shown, now, "quorum") && is_same(s->shown, now, "named"))
		return;
	verb_print_time(0);
	printf("  %s\n", probe_say(&s->verdict, text, sizeof(text)));
}

static void
show_changes(const struct ctl *c, struct session *s)
{
	json_t *now = probe_json(&s->probe, &s->verdict);
	json_t *timeless = json_deep_copy(now);
	json_t *row;
	size_t i;

	json_array_foreach (json_object_get(timeless, "servers"), i, row)
		json_object_del(row, "ms");
	if (!json_equal(timeless, s->shown)) {
		if (c->json)
			verb_print_json(json_incref(now));
		else
			print_changes(c, s, timeless);
	}
	json_decref(now);
	json_decref(s->shown);
	s->shown = timeless;
}

static int
watch(const struct ctl *c, struct session *s)
{
	bool all_said = false; /* each server has answered or failed once */
	int r = 0;

	while (r == 0 && poller_step(&s->poller)) {
		all_said |= !poller_busy(&s->poller);
		if (!all_said)
			continue;
		probe_judge(&s->probe, &s->verdict);
		s->poller.pause_us = s->verdict.quorum ? WATCH_CALM_US : WATCH_EAGER_US;
		show_changes(c, s);
		r = verb_flush();
	}
	return verb_flushed(r, EXIT_OK);
}

static int
take_servers(const struct ctl *c, struct probe *p)
{
	for (int i = 0; i < c->argc; i++) {
		if (p->count == PROBE_SERVERS_MAX)
			return verb_misused(c, "at most %d servers", PROBE_SERVERS_MAX);
		if (!probe_add(p, c->argv[i]))
			return verb_misused(c, "`%s` is no HOST:PORT, such as [::1]:3888",
			                    c->argv[i]);
	}
	return p->count ? 0 : verb_misused(c, "name the election ports to ask");
}

int
verb_probe(const struct ctl *c)
{
	struct session *s = calloc(1, sizeof(*s));
	bool watching = verb_option(c, "watch");
	int r;

	if (!s)
		return EXIT_FAILED;
	r = take_servers(c, &s->probe);
	if (r)
		goto out;
	r = EXIT_FAILED;
	if (poller_init(&s->poller, &s->probe, watching ? WATCH_EAGER_US : POLLER_ONCE))
		goto out;
	r = watching ? watch(c, s) : ask_once(c, s);
	poller_deinit(&s->poller);
	json_decref(s->shown);
out:
	free(s);
	return r;
}
