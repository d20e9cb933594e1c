/* conclave probe. */
#include "base/exit.h"
#include "ctl/cells.h"
#include "ctl/exact.h"
#include "ctl/poller.h"
#include "ctl/probe_json.h"
#include "ctl/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each question is two lines in a ZooKeeper's log. */
#define WATCH_CALM_US  1000000
#define WATCH_EAGER_US 200000 /* while there is no leader */

enum { PROBE_LEADER = 0, PROBE_NO_LEADER = 2 };

struct session {
	struct probe probe;
	struct probe_verdict verdict;
	struct poller poller;
	cJSON *shown; /* by --watch, last; without the times */
};

static const char *
say_verdict(const struct probe_verdict *v, char *out, size_t cap)
{
	if (v->has_leader)
		snprintf(out, cap, "leader %lld%s", (long long)v->leader,
		         v->quorum ? "" : ", by its own word alone: no quorum names it");
	else if (v->has_named)
		snprintf(out, cap,
		         "no leader that says so itself: a quorum follows %lld, which %s",
		         (long long)v->named,
		         !v->named_at            ? "was not asked"
		         : v->named_at->answered ? "does not say that it leads"
		                                 : "does not answer");
	else
		snprintf(out, cap, "%s", v->answered ? "no leader" : "nobody answers");
	return out;
}

/* Each text once, and who reports it. */
static void
print_configs(const cJSON *rows)
{
	const cJSON *row, *other;

	cJSON_ArrayForEach(row, rows)
	{
		const char *text = exact_string(row, "config");
		bool said = false;

		for (other = rows->child; other != row; other = other->next)
			said |= strcmp(exact_string(other, "config"), text) == 0;
		if (said || !text[0])
			continue;
		printf("\nconfiguration of %s", exact_string(row, "address"));
		for (other = row->next; other; other = other->next)
			if (strcmp(exact_string(other, "config"), text) == 0)
				printf(", %s", exact_string(other, "address"));
		puts(":");
		for (; *text; text += text[0] == '\n') {
			int len = (int)strcspn(text, "\n");

			printf("  %.*s\n", len, text);
			text += len;
		}
	}
}

static void
print_table(const struct ctl *c, const cJSON *rows)
{
	static const char *const keys[] = {"address",    "state", "leader", "round",
	                                   "peer_epoch", "zxid",  "ms",     "error"};
	static const char *const heads[] = {"SERVER", "STATE", "LEADER", "ROUND",
	                                    "EPOCH",  "ZXID",  "MS",     "ERROR"};
	struct table *t = table_new(heads, 8);
	const cJSON *row;

	if (!t)
		return;
	cJSON_ArrayForEach(row, rows)
	{
		for (unsigned i = 0; i < 8; i++)
			cells_text(t, row, keys[i]);
	}
	table_print(t, stdout, c->colours);
	table_free(t);
}

static int
ask_once(const struct ctl *c, struct session *s)
{
	const cJSON *rows;
	char text[128];
	cJSON *all;

	while (poller_step(&s->poller))
		;
	probe_judge(&s->probe, &s->verdict);
	all = probe_json(&s->probe, &s->verdict);
	if (c->json) {
		verb_print_json(all);
	} else {
		rows = cJSON_GetObjectItemCaseSensitive(all, "servers");
		printf("%s\n\n", say_verdict(&s->verdict, text, sizeof(text)));
		print_table(c, rows);
		print_configs(rows);
		cJSON_Delete(all);
	}
	if (s->verdict.answered == 0)
		return EXIT_NO_ANSWER;
	return s->verdict.quorum ? PROBE_LEADER : PROBE_NO_LEADER;
}

static void
print_change(const struct ctl *c, const cJSON *row)
{
	const char *state = exact_string(row, "state");
	const char *error = exact_string(row, "error");
	char text[32];

	verb_print_time(verb_now_us());
	printf("  %s  ", exact_string(row, "address"));
	if (error[0]) {
		printf("%s\n", error);
		return;
	}
	printf("%s%-9s%s", c->colours ? table_colour(state) : "", state,
	       c->colours ? TABLE_PLAIN : "");
	printf("  leader %s", exact_text(row, "leader", text, sizeof(text)));
	printf("  round %s", exact_text(row, "round", text, sizeof(text)));
	printf("  epoch %s", exact_text(row, "peer_epoch", text, sizeof(text)));
	printf("  zxid %s\n", exact_text(row, "zxid", text, sizeof(text)));
}

static bool
is_same(const cJSON *a, const cJSON *b, const char *key)
{
	return cJSON_Compare(cJSON_GetObjectItemCaseSensitive(a, key),
	                     cJSON_GetObjectItemCaseSensitive(b, key), true);
}

/* A line for each server that says something else, and one for the verdict. */
static void
print_changes(const struct ctl *c, const struct session *s, const cJSON *now)
{
	const cJSON *old = cJSON_GetObjectItemCaseSensitive(s->shown, "servers");
	const cJSON *before = old ? old->child : NULL;
	const cJSON *row;
	char text[128];

	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(now, "servers"))
	{
		if (!before || !cJSON_Compare(before, row, true))
			print_change(c, row);
		before = before ? before->next : NULL;
	}
	if (is_same(s->shown, now, "leader") && is_same(s->shown, now, "quorum") &&
	    is_same(s->shown, now, "named"))
		return;
	verb_print_time(verb_now_us());
	printf("  %s\n", say_verdict(&s->verdict, text, sizeof(text)));
}

static void
show_changes(const struct ctl *c, struct session *s)
{
	cJSON *now = probe_json(&s->probe, &s->verdict);
	cJSON *timeless = cJSON_Duplicate(now, true);
	cJSON *row;

	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(timeless, "servers"))
	{
		cJSON_DeleteItemFromObjectCaseSensitive(row, "ms");
	}
	if (!cJSON_Compare(timeless, s->shown, true)) {
		if (c->json)
			verb_print_json(cJSON_Duplicate(now, true));
		else
			print_changes(c, s, timeless);
	}
	cJSON_Delete(now);
	cJSON_Delete(s->shown);
	s->shown = timeless;
}

static int
watch(const struct ctl *c, struct session *s)
{
	bool all_said = false; /* once, whatever it was */
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
take_arguments(const struct ctl *c, struct probe *p, bool *watching)
{
	for (int i = 0; i < c->argc; i++) {
		const char *word = c->argv[i];

		if (strcmp(word, "--watch") == 0)
			*watching = true;
		else if (word[0] == '-')
			return verb_misused(c, "what is `%s`?", word);
		else if (p->count == PROBE_SERVERS_MAX)
			return verb_misused(c, "at most %d servers", PROBE_SERVERS_MAX);
		else if (!probe_add(p, word))
			return verb_misused(c,
			                    "`%s` is no HOST:PORT, such as zk1:3888 or "
			                    "[::1]:3888",
			                    word);
	}
	return p->count ? 0 : verb_misused(c, "whom? name the election ports");
}

int
verb_probe(const struct ctl *c)
{
	struct session *s = calloc(1, sizeof(*s));
	bool watching = false;
	int r;

	if (!s)
		return EXIT_FAILED;
	r = take_arguments(c, &s->probe, &watching);
	if (r)
		goto out;
	r = EXIT_FAILED;
	if (poller_init(&s->poller, &s->probe, watching ? WATCH_EAGER_US : POLLER_ONCE))
		goto out;
	r = watching ? watch(c, s) : ask_once(c, s);
	poller_deinit(&s->poller);
	cJSON_Delete(s->shown);
out:
	free(s);
	return r;
}
