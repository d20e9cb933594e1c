/* Plays scripts to connmgr's board: each line is one event as words and, as words, all
 * that must follow. Messages are texts. RECORDED is fed back as the shell does it
 * (`records_fail`: as a failure), and a replay is spelled out.
 *
 * Events: at MS · attach W who name generation · gone W · down W · hello W generation ·
 * look|role W generation count text · decided|doubt|state|members W text · silence W ·
 * remote lane sid up|down|gone text · frame lane sid text · guest lane sid text · forget
 * sid · promote name · prepared · unprepared · read who name|- floor · due Actions:
 * open0:G super0[:other] cut0 welcome0:G activate0:G absent0 synced0 0<text store:text
 * link:text prepare:name:G record:who:name:G[:prepared] part refused */
#ifndef TESTS_BOARD_SCRIPT_H
#define TESTS_BOARD_SCRIPT_H

#include "connmgr/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct script_line {
	const char *event;
	const char *want;
};

static struct board *board;
static uint64_t now_ms;
static bool records_fail;
static bool link_breaks;            /* the candidate's, before RECORDED */
static struct board_event recorded; /* to come next, if it has a type */
static bool linked;                 /* LINKED is to come next */
static char got[4096];

static void
spell(const char *format, ...)
{
	size_t len = strlen(got);
	va_list args;

	if (len > 0)
		got[len++] = ' ';
	va_start(args, format);
	vsnprintf(got + len, sizeof(got) - len, format, args);
	va_end(args);
}

static void
spell_simple(const struct board_action *a)
{
	struct msg m;

	if (a->type == BOARD_DO_SEND &&
	    msg_decode(a->item.data, a->item.len, &m) == MSG_OK && m.type == MSG_ABSENT)
		spell("absent%u", a->worker);
	else if (a->type == BOARD_DO_SEND)
		spell("%u<%.*s", a->worker, (int)a->item.len, (const char *)a->item.data);
	else if (a->type == BOARD_DO_SYNCED)
		spell("synced%u", a->worker);
	else
		fail_msg("action %d is not one of a replay", (int)a->type);
}

static void
spell_replay(unsigned worker)
{
	struct board_action a;
	unsigned cursor = 0;

	while (board_replay_next(board, worker, &cursor, &a))
		spell_simple(&a);
}

static void
do_record(const struct board_action *a)
{
	assert_int_equal(recorded.type, 0);
	recorded = (struct board_event){.type = BOARD_EV_RECORDED,
	                                .now_ms = now_ms,
	                                .worker = a->worker,
	                                .who = a->who,
	                                .generation = a->generation,
	                                .ok = !records_fail};
	spell("record:%s:%s:%llu%s", a->who == MSG_WHO_PEER ? "peer" : "elector", a->name,
	      (unsigned long long)a->generation, a->prepared ? ":prepared" : "");
}

static void
do_action(const struct board_action *a)
{
	unsigned long long g = a->generation;

	switch (a->type) {
	case BOARD_DO_OPEN:
		spell("open%u:%llu", a->worker, g);
		break;
	case BOARD_DO_SUPERSEDED:
		spell("super%u%s", a->worker, a->other_name ? ":other" : "");
		break;
	case BOARD_DO_CUT:
		spell("cut%u", a->worker);
		break;
	case BOARD_DO_WELCOME:
		spell("welcome%u:%llu", a->worker, g);
		break;
	case BOARD_DO_ACTIVATE:
		spell("activate%u:%llu", a->worker, g);
		break;
	case BOARD_DO_SYNCED:
	case BOARD_DO_SEND:
		spell_simple(a);
		break;
	case BOARD_DO_REPLAY:
		spell_replay(a->worker);
		break;
	case BOARD_DO_STORE:
		spell("store:%.*s", (int)a->item.len, (const char *)a->item.data);
		break;
	case BOARD_DO_MEMBERS:
		spell("link:%.*s", (int)a->item.len, (const char *)a->item.data);
		linked = true;
		break;
	case BOARD_DO_PREPARE:
		spell("prepare:%s:%llu", a->name, g);
		break;
	case BOARD_DO_RECORD:
		do_record(a);
		break;
	case BOARD_DO_PART:
		spell("part");
		break;
	case BOARD_DO_REFUSE:
		assert_non_null(a->why);
		spell("refused");
		break;
	}
}

static void
step(const struct board_event *ev)
{
	struct board_actions todo;

	board_step(board, ev, &todo);
	for (unsigned i = 0; i < todo.count; i++)
		do_action(&todo.list[i]);
	if (linked) {
		struct board_event next = {.type = BOARD_EV_LINKED, .now_ms = now_ms};

		linked = false;
		step(&next);
	}
	if (recorded.type == BOARD_EV_RECORDED) {
		struct board_event next = recorded;
		struct board_event down = {.type = BOARD_EV_LINK_DOWN,
		                           .worker = recorded.worker};

		recorded = (struct board_event){0};
		if (link_breaks)
			step(&down);
		step(&next);
	}
}

/* The words of an event, in order. */
struct words {
	char text[256];
	char *rest;
};

static const char *
word(struct words *w)
{
	const char *s = strsep(&w->rest, " ");

	if (!s)
		fail_msg("an event lacks a word");
	return s;
}

static uint64_t
number(struct words *w)
{
	unsigned long long v = 0;

	assert_int_equal(sscanf(word(w), "%llu", &v), 1);
	return v;
}

static void
take_data(struct words *w, struct board_event *ev)
{
	ev->data = word(w);
	ev->len = strlen(ev->data);
}

static void
parse_worker_event(const char *verb, struct words *w, struct board_event *ev)
{
	static const char *const said[] = {
	    [MSG_LOOK] = "look",       [MSG_ROLE] = "role",   [MSG_DECIDED] = "decided",
	    [MSG_DOUBT] = "doubt",     [MSG_STATE] = "state", [MSG_ABSENT] = "silence",
	    [MSG_MEMBERS] = "members",
	};

	ev->worker = (unsigned)number(w);
	if (strcmp(verb, "attach") == 0) {
		ev->type = BOARD_EV_ATTACH;
		ev->who = *word(w) == 'p' ? MSG_WHO_PEER : MSG_WHO_ELECTOR;
		ev->name = word(w);
		ev->generation = number(w);
	} else if (strcmp(verb, "gone") == 0) {
		ev->type = BOARD_EV_GONE;
	} else if (strcmp(verb, "down") == 0) {
		ev->type = BOARD_EV_LINK_DOWN;
	} else if (strcmp(verb, "hello") == 0) {
		ev->type = BOARD_EV_HELLO;
		ev->generation = number(w);
	} else {
		ev->type = BOARD_EV_SAY;
		for (ev->said = 1; !said[ev->said] || strcmp(said[ev->said], verb) != 0;)
			assert_true(++ev->said < MSG_TYPES);
		if (ev->said == MSG_LOOK || ev->said == MSG_ROLE) {
			ev->serial.generation = number(w);
			ev->serial.count = number(w);
		}
		if (ev->said != MSG_ABSENT)
			take_data(w, ev);
	}
}

static void
parse_remote_event(const char *verb, struct words *w, struct board_event *ev)
{
	const char *how;

	ev->lane = *word(w) == 'e' ? MSG_LANE_ELECTION : MSG_LANE_LEARNER;
	ev->sid = (int64_t)number(w);
	if (strcmp(verb, "remote") == 0) {
		ev->type = BOARD_EV_REMOTE;
		how = word(w);
		ev->up = strcmp(how, "up") == 0;
		/* of the learner lane only our own port: sid 1 */
		ev->kept = strcmp(how, "gone") != 0 &&
		           (ev->lane == MSG_LANE_ELECTION || ev->sid == 1);
	} else {
		ev->type = BOARD_EV_FRAME;
		ev->member = strcmp(verb, "frame") == 0;
	}
	take_data(w, ev);
}

static void
play_line(const char *event)
{
	struct board_event ev = {0};
	struct words w;
	const char *verb;

	got[0] = '\0';
	snprintf(w.text, sizeof(w.text), "%s", event);
	w.rest = w.text;
	verb = word(&w);
	if (strcmp(verb, "at") == 0) {
		now_ms = number(&w);
		return;
	}
	ev.now_ms = now_ms;
	if (strcmp(verb, "due") == 0) {
		ev.type = BOARD_EV_DUE;
	} else if (strcmp(verb, "promote") == 0) {
		ev.type = BOARD_EV_PROMOTE;
		ev.name = word(&w);
	} else if (strcmp(verb, "prepared") == 0 || strcmp(verb, "unprepared") == 0) {
		ev.type = BOARD_EV_PREPARED;
		ev.ok = *verb == 'p';
	} else if (strcmp(verb, "read") == 0) {
		ev.type = BOARD_EV_READ;
		ev.who = *word(&w) == 'p' ? MSG_WHO_PEER : MSG_WHO_ELECTOR;
		ev.name = word(&w);
		ev.name += *ev.name == '-';
		ev.generation = number(&w);
	} else if (strcmp(verb, "forget") == 0) {
		ev.type = BOARD_EV_FORGET;
		ev.sid = (int64_t)number(&w);
	} else if (strcmp(verb, "remote") == 0 || strcmp(verb, "frame") == 0 ||
	           strcmp(verb, "guest") == 0) {
		parse_remote_event(verb, &w, &ev);
	} else {
		parse_worker_event(verb, &w, &ev);
	}
	step(&ev);
}

static void
play(const struct script_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		play_line(lines[i].event);
		if (strcmp(got, lines[i].want) != 0)
			fail_msg("line %zu, %s:\n  got  %s\n  want %s", i + 1,
			         lines[i].event, got, lines[i].want);
	}
}
#define PLAY(...)                                                                        \
	do {                                                                             \
		const struct script_line lines[] = {__VA_ARGS__};                        \
		play(lines, sizeof(lines) / sizeof(lines[0]));                           \
	} while (0)

/* A board that begins with these records, floor and state (NULL: none). */
static void
begin_from(uint64_t elector, uint64_t peer, uint64_t floor, const char *state)
{
	struct board_config config = {.rows_max = 8,
	                              .frames_max = 5,
	                              .frame_cap = 64,
	                              .hello_ms = 1000,
	                              .state = state,
	                              .state_len = state ? strlen(state) : 0};

	config.records[0].generation = elector;
	config.records[1].generation = peer;
	config.records[1].floor = floor;
	strcpy(config.records[0].name, elector ? "main" : "");
	strcpy(config.records[1].name, peer ? "main" : "");
	board = board_new(&config);
	assert_non_null(board);
	now_ms = 1000;
	records_fail = link_breaks = false;
}

/* A board whose records are still to be read from the disk. */
static inline void
begin_unread(void)
{
	struct board_config config = {
	    .rows_max = 8, .frames_max = 5, .frame_cap = 64, .hello_ms = 1000};

	config.records[0].unread = config.records[1].unread = true;
	board = board_new(&config);
	assert_non_null(board);
	now_ms = 1000;
	records_fail = link_breaks = false;
}

static void
begin_with(uint64_t elector, uint64_t peer, const char *state)
{
	begin_from(elector, peer, 0, state);
}

static int
begin_empty(void **state)
{
	(void)state;
	begin_with(0, 0, NULL);
	return 0;
}

static int
end_board(void **state)
{
	(void)state;
	board_free(board);
	board = NULL;
	return 0;
}

#endif
