/* What the demo shows. */
#include "tests/demo/show.h"

#include "base/clock.h"
#include "ctl/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLEAR_LINE  "\033[K"
#define CLEAR_BELOW "\033[J"
#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"
#define WRAP_OFF    "\033[?7l"
#define WRAP_ON     "\033[?7h"

static const char *const workers[] = {"conclaved", "connmgr", "elector", "peer"};
#define WORKERS (sizeof(workers) / sizeof(workers[0]))
enum { CONCLAVED, CONNMGR, ELECTOR, PEER };

void
show_open(struct show *s, unsigned count)
{
	memset(s, 0, sizeof(*s));
	s->count = count;
	s->terminal = isatty(STDOUT_FILENO);
	s->began_us = clock_us();
	if (s->terminal)
		fputs(HIDE_CURSOR WRAP_OFF, stdout);
	fflush(stdout);
}

void
show_close(struct show *s)
{
	if (s->terminal)
		fputs(SHOW_CURSOR WRAP_ON, stdout);
	fflush(stdout);
}

static void
cell_number(struct table *t, int64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, v);
	table_cell(t, v == LAB_NOBODY || v < 0 ? "-" : text);
}

static void
print_table(struct show *s, struct lab *l, FILE *out)
{
	static const struct column columns[] = {
	    {.head = "SERVER"},    {.head = "STATE"},   {.head = "LEADER"},
	    {.head = "EPOCH"},     {.head = "ROUND"},   {.head = "LINKS"},
	    {.head = "CONCLAVED"}, {.head = "CONNMGR"}, {.head = "ELECTOR"},
	    {.head = "PEER"}};
	struct table *t = table_new(columns, 10);

	if (!t)
		return;
	for (unsigned id = 1; id <= s->count; id++) {
		const struct lab_state *st = lab_state(l, id);
		bool down = strcmp(st->state, "down") == 0;
		pid_t pids[WORKERS];

		lab_pids(l, id, workers, WORKERS, pids);
		cell_number(t, id);
		table_cell(t, st->state);
		cell_number(t, st->leader);
		cell_number(t, down ? LAB_NOBODY : st->epoch);
		cell_number(t, down ? LAB_NOBODY : st->round);
		cell_number(t, lab_links(l, id));
		for (unsigned i = 0; i < WORKERS; i++)
			cell_number(t, pids[i] ? pids[i] : LAB_NOBODY);
	}
	table_print(t, out, s->terminal);
	table_free(t);
}

/* What to try: what may be killed of the leader, and how to ask. */
static void
print_hint(const struct show *s, struct lab *l, unsigned leader, FILE *out)
{
	pid_t pids[WORKERS];

	lab_pids(l, leader, workers, WORKERS, pids);
	fprintf(out, "Server %u leads. Try in another terminal:\n", leader);
	fprintf(out,
	        "  kill -9 %-8d  its elector: it is restarted, nobody else notices\n",
	        (int)pids[ELECTOR]);
	fprintf(out, "  kill -9 %-8d  its peer: another election, a new epoch\n",
	        (int)pids[PEER]);
	fprintf(out, "  kill -9 %-8d  its conclaved: the whole server is down\n",
	        (int)pids[CONCLAVED]);
	fprintf(out, "  %s/conclave -c %s status\n", lab_program_dir(l),
	        lab_config(l, leader % s->count + 1));
	fprintf(out, "  %s/conclave -c %s watch\n", lab_program_dir(l),
	        lab_config(l, leader));
	fprintf(out, "Ctrl-C ends all of it.\n");
}

static void
print_restart(struct lab *l, unsigned id, FILE *out)
{
	fprintf(out, "Server %u was ended. To start it again: %s/conclaved -c %s\n", id,
	        lab_program_dir(l), lab_config(l, id));
}

/* `text` over what was drawn before. */
static void
redraw(struct show *s, const char *text)
{
	if (s->lines)
		printf("\033[%uA\r", s->lines);
	s->lines = 0;
	for (; *text; text++) {
		if (*text == '\n') {
			fputs(CLEAR_LINE, stdout);
			s->lines++;
		}
		putchar(*text);
	}
	fputs(CLEAR_BELOW, stdout);
	fflush(stdout);
}

static void
show_screen(struct show *s, struct lab *l, unsigned leader)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return;
	print_table(s, l, out);
	fputc('\n', out);
	for (unsigned id = 1; id <= s->count; id++) {
		if (s->dead[id])
			print_restart(l, id, out);
	}
	if (leader)
		print_hint(s, l, leader, out);
	else
		fprintf(out, "No leader.\n");
	fclose(out);
	redraw(s, text);
	free(text);
}

static void
print_age(const struct show *s, uint64_t at_us)
{
	uint64_t age_ms = at_us > s->began_us ? (at_us - s->began_us) / 1000 : 0;

	printf("%4" PRIu64 ".%03" PRIu64 "s  ", age_ms / 1000, age_ms % 1000);
}

static void
print_state(struct show *s, const struct lab_state *st, unsigned id)
{
	char leader[24] = "-";
	char line[sizeof(s->last[0])];

	if (st->leader != LAB_NOBODY)
		snprintf(leader, sizeof(leader), "%" PRId64, st->leader);
	if (strcmp(st->state, "down") == 0)
		snprintf(line, sizeof(line), "server %u  down", id);
	else
		snprintf(line, sizeof(line),
		         "server %u  %-9s  leader %-2s  epoch %-3" PRId64
		         "  round %" PRId64,
		         id, st->state, leader, st->epoch, st->round);
	if (strcmp(line, s->last[id]) == 0)
		return;
	strcpy(s->last[id], line);
	print_age(s, st->at_us);
	puts(line);
}

static void
show_lines(struct show *s, struct lab *l, enum lab_next news, unsigned id)
{
	unsigned leader = lab_leader(l);

	if (news == LAB_EVENT)
		print_state(s, lab_state(l, id), id);
	if (news == LAB_DIED)
		print_restart(l, id, stdout);
	if (leader && !s->hinted) {
		print_hint(s, l, leader, stdout);
		s->hinted = true;
	}
	fflush(stdout);
}

void
show_news(struct show *s, struct lab *l, enum lab_next news, unsigned id)
{
	if (news == LAB_DIED)
		s->dead[id] = true;
	if (news == LAB_EVENT && strcmp(lab_state(l, id)->state, "down") != 0)
		s->dead[id] = false;
	if (s->terminal)
		show_screen(s, l, lab_leader(l));
	else
		show_lines(s, l, news, id);
}
