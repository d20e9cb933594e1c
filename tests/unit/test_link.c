/* link.c, scripted: each line is an event at a time and the actions that must follow, as
 * words. `dial0` dials address 0; `up`, `connecting.eof`, `down.refused` are what is
 * told. */
#include "connmgr/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	START = LINK_EV_START,
	DIALED = LINK_EV_DIALED,
	FAILED = LINK_EV_DIAL_FAILED,
	NUDGE_CLOSED = LINK_EV_DIAL_CLOSED,
	ACCEPTED = LINK_EV_ACCEPTED,
	CLOSED = LINK_EV_CLOSED,
	FRAME = LINK_EV_FRAME,
	CONNECT = LINK_EV_CONNECT,
	DISCONNECT = LINK_EV_DISCONNECT,
	DUE = LINK_EV_DUE,
	MOVED = LINK_EV_MOVED, /* to two addresses */
};

#define NEVER   UINT64_MAX
#define REFUSED MSG_REASON_REFUSED
#define EOF_    MSG_REASON_EOF
#define RESET   MSG_REASON_RESET
#define ASKED   MSG_REASON_ASKED
#define ABSENT  MSG_REASON_ABSENT
#define TLS     MSG_REASON_TLS

struct line {
	uint64_t at;
	int event;
	enum msg_reason reason;
	const char *want;
	uint64_t due;
};

static const char *
reason_word(enum msg_reason r)
{
	static const char *const words[MSG_REASONS] = {
	    "",        ".never", ".refused",  ".timeout",  ".resolve", ".unreachable",
	    ".eof",    ".reset", ".replaced", ".protocol", ".full",    ".asked",
	    ".absent", ".local", ".tls",      ".identity"};

	return words[r];
}

static void
spell(const struct link_actions *a, char *out, size_t cap)
{
	static const char *const status[] = {"", "down", "connecting", "up"};
	size_t len = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < a->count; i++) {
		const struct link_action *x = &a->list[i];
		const char *gap = i ? " " : "";

		switch (x->type) {
		case LINK_DO_DIAL:
			assert_int_equal(i + 1, a->count);
			len += (size_t)snprintf(out + len, cap - len, "%sdial%u", gap,
			                        x->address);
			break;
		case LINK_DO_CANCEL:
			len += (size_t)snprintf(out + len, cap - len, "%scancel", gap);
			break;
		case LINK_DO_NUDGE:
			assert_int_equal(i + 1, a->count);
			len += (size_t)snprintf(out + len, cap - len, "%snudge", gap);
			break;
		case LINK_DO_USE_DIALED:
			len +=
			    (size_t)snprintf(out + len, cap - len, "%suse_dialed", gap);
			break;
		case LINK_DO_USE_ACCEPTED:
			len +=
			    (size_t)snprintf(out + len, cap - len, "%suse_accepted", gap);
			break;
		case LINK_DO_REFUSE:
			len += (size_t)snprintf(out + len, cap - len, "%srefuse", gap);
			break;
		case LINK_DO_CLOSE:
			len += (size_t)snprintf(out + len, cap - len, "%sclose", gap);
			break;
		case LINK_DO_TELL:
			len += (size_t)snprintf(out + len, cap - len, "%s%s%s%s", gap,
			                        status[x->status], reason_word(x->reason),
			                        x->was_up ? "" : "!");
			break;
		}
	}
}

static void
play(bool larger, unsigned addresses, const struct line *lines, size_t count)
{
	struct link_config config = {.larger = larger,
	                             .address_count = addresses,
	                             .connect_ms = 1000,
	                             .retry_min_ms = 20,
	                             .retry_max_ms = 200};
	struct link_actions todo;
	char got[256], where[64];
	struct link l;

	link_init(&l, &config);
	assert_int_equal(link_due_ms(&l), NEVER);
	for (size_t i = 0; i < count; i++) {
		struct link_event ev = {.type = (enum link_event_type)lines[i].event,
		                        .now_ms = lines[i].at,
		                        .reason = lines[i].reason,
		                        .address_count = 2};

		link_step(&l, &ev, &todo);
		spell(&todo, got, sizeof(got));
		snprintf(where, sizeof(where), "line %zu: ", i + 1);
		if (strcmp(got, lines[i].want) != 0)
			fail_msg("%sgot \"%s\", want \"%s\"", where, got, lines[i].want);
		if (link_due_ms(&l) != lines[i].due)
			fail_msg("%sdue %llu, want %llu", where,
			         (unsigned long long)link_due_ms(&l),
			         (unsigned long long)lines[i].due);
	}
}
#define PLAY(larger, addresses, ...)                                                     \
	do {                                                                             \
		const struct line lines[] = {__VA_ARGS__};                               \
		play(larger, addresses, lines, sizeof(lines) / sizeof(lines[0]));        \
	} while (0)
#define LARGER(...)  PLAY(true, 1, __VA_ARGS__)
#define SMALLER(...) PLAY(false, 1, __VA_ARGS__)

static void
the_larger_dials_and_keeps(void **state)
{
	(void)state;
	LARGER({1000, START, 0, "dial0", 2000}, {1001, START, 0, "", 2000},
	       {1001, DIALED, 0, "use_dialed up", NEVER}, {1001, DIALED, 0, "", NEVER},
	       {1500, FRAME, 0, "", NEVER},
	       {1600, CLOSED, EOF_, "connecting.eof dial0", 2600},
	       {1601, CLOSED, EOF_, "", 2600},
	       {1601, FAILED, REFUSED, "down.refused", 1621},
	       {1610, FAILED, REFUSED, "", 1621}, {1611, NUDGE_CLOSED, EOF_, "", 1621},
	       {1620, DUE, 0, "", 1621}, {1621, DUE, 0, "dial0", 2621},
	       {1622, FAILED, REFUSED, "", 1662}, {1662, DUE, 0, "dial0", 2662},
	       {1662, FAILED, REFUSED, "", 1742}, {1742, DUE, 0, "dial0", 2742},
	       {1742, FAILED, REFUSED, "", 1902}, {1902, DUE, 0, "dial0", 2902},
	       {1902, FAILED, REFUSED, "", 2102}, {2102, DUE, 0, "dial0", 3102},
	       {2102, FAILED, RESET, "down.reset", 2302}, {2302, DUE, 0, "dial0", 3302},
	       {2303, DIALED, 0, "use_dialed up", NEVER},
	       /* it lived for a second: reset, at once */
	       {3303, CLOSED, RESET, "connecting.reset dial0", 4303},
	       {3303, FAILED, REFUSED, "down.refused", 3323});
}

static void
never_linked_says_so(void **state)
{
	(void)state;
	/* `!`: was never up */
	LARGER({0, START, 0, "dial0", 1000}, {1, FAILED, REFUSED, "down.refused!", 21},
	       {21, DUE, 0, "dial0", 1021}, {1021, DUE, 0, "cancel down.timeout!", 1061});
}

static void
a_flapping_link_does_not_spin(void **state)
{
	(void)state;
	LARGER({1000, START, 0, "dial0", 2000}, {1000, DIALED, 0, "use_dialed up", NEVER},
	       /* the first time soon, but no two rounds within retry_min */
	       {1001, CLOSED, EOF_, "connecting.eof", 1020},
	       {1020, DUE, 0, "dial0", 2020}, {1021, DIALED, 0, "use_dialed up", NEVER},
	       {1022, CLOSED, EOF_, "connecting.eof", 1042},
	       {1042, DUE, 0, "dial0", 2042}, {1042, DIALED, 0, "use_dialed up", NEVER},
	       {1043, CLOSED, EOF_, "connecting.eof", 1083},
	       {1083, DUE, 0, "dial0", 2083}, {1083, DIALED, 0, "use_dialed up", NEVER},
	       /* a frame proves it, yet not at once again */
	       {1084, FRAME, 0, "", NEVER}, {1085, CLOSED, EOF_, "connecting.eof", 1103});
}

static void
the_larger_is_nudged(void **state)
{
	(void)state;
	LARGER(
	    {1000, START, 0, "dial0", 2000},
	    {1001, FAILED, REFUSED, "down.refused!", 1021},
	    /* not up: at once, but no two such within retry_min */
	    {1005, ACCEPTED, 0, "refuse dial0", 2005},
	    {1006, ACCEPTED, 0, "refuse", 2005}, /* under way already */
	    {1006, FAILED, REFUSED, "", 1046}, {1007, ACCEPTED, 0, "refuse", 1025},
	    {1008, ACCEPTED, 0, "refuse", 1025}, {1025, DUE, 0, "dial0", 2025},
	    {1025, FAILED, REFUSED, "", 1105}, {1030, ACCEPTED, 0, "refuse dial0", 2030},
	    {1031, DIALED, 0, "use_dialed up", NEVER},
	    /* crossing: the link is fresh */
	    {1500, ACCEPTED, 0, "refuse", NEVER},
	    /* it has lost what we think is up: a new one, and the old stays meanwhile */
	    {3000, ACCEPTED, 0, "refuse dial0", 4000},
	    {3001, DIALED, 0, "close use_dialed up", NEVER},
	    {5000, ACCEPTED, 0, "refuse dial0", 6000}, {5001, FAILED, REFUSED, "", NEVER},
	    {5002, ACCEPTED, 0, "refuse", 5020}, /* waits though up */
	    {5010, CLOSED, RESET, "connecting.reset", 5020},
	    {5020, DUE, 0, "dial0", 6020});
}

static void
a_dying_listener_lets_nobody_in(void **state)
{
	(void)state;
	/* the dial of a dead remote that its kernel still took, and reset */
	LARGER({1000, START, 0, "dial0", 2000}, {1000, DIALED, 0, "use_dialed up", NEVER},
	       {1500, FRAME, 0, "", NEVER},
	       {2000, CLOSED, EOF_, "connecting.eof dial0", 3000},
	       {2001, DIALED, 0, "use_dialed up", NEVER},
	       {2002, CLOSED, RESET, "down.refused", 2022}, {2022, DUE, 0, "dial0", 3022},
	       {2023, FAILED, REFUSED, "", 2063}, {2063, DUE, 0, "dial0", 3063},
	       {2063, DIALED, 0, "use_dialed up", NEVER}, {2064, FRAME, 0, "", NEVER},
	       /* this one was there */
	       {2090, CLOSED, RESET, "connecting.reset dial0", 3090});
	SMALLER({1000, ACCEPTED, 0, "use_accepted up", NEVER},
	        {1001, CLOSED, RESET, "connecting.reset dial0", 2001});
}

static void
the_end_of_the_old_link_while_a_nudge_is_answered(void **state)
{
	(void)state;
	LARGER({1000, START, 0, "dial0", 2000}, {1000, DIALED, 0, "use_dialed up", NEVER},
	       {3000, ACCEPTED, 0, "refuse dial0", 4000},
	       {3001, CLOSED, RESET, "connecting.reset", 4000},
	       {3002, DIALED, 0, "use_dialed up", NEVER});
}

static void
a_nudge_renews_a_dial_that_nobody_saw(void **state)
{
	(void)state;
	LARGER({1000, START, 0, "dial0", 2000}, {1499, ACCEPTED, 0, "refuse", 2000},
	       {1500, ACCEPTED, 0, "refuse cancel dial0", 2500});
}

static void
the_smaller_nudges_and_waits(void **state)
{
	(void)state;
	SMALLER(
	    {1000, START, 0, "dial0", 2000}, {1001, DIALED, 0, "connecting! nudge", 2001},
	    {1002, NUDGE_CLOSED, EOF_, "", 2001}, /* it calls back now */
	    {1003, ACCEPTED, 0, "cancel use_accepted up", NEVER},
	    /* replaced: told again, since it is another link */
	    {1004, ACCEPTED, 0, "close use_accepted up", NEVER},
	    {1005, FRAME, 0, "", NEVER},
	    {1900, CLOSED, EOF_, "connecting.eof dial0", 2900},
	    /* it was quicker than our dial */
	    {1901, ACCEPTED, 0, "cancel use_accepted up", NEVER},
	    {3000, CLOSED, EOF_, "connecting.eof dial0", 4000},
	    {3000, FAILED, REFUSED, "down.refused", 3020}, {3020, DUE, 0, "dial0", 4020},
	    /* somebody is there again: no longer down */
	    {3021, DIALED, 0, "connecting nudge", 4021},
	    {4021, DUE, 0, "cancel down.timeout", 4061}, {4061, DUE, 0, "dial0", 5061},
	    {4062, DIALED, 0, "connecting nudge", 5062},
	    {4063, NUDGE_CLOSED, RESET, "down.refused", 4143});
}

static void
no_nudge_when_a_link_is_up(void **state)
{
	struct link_config config = {.address_count = 1,
	                             .connect_ms = 1000,
	                             .retry_min_ms = 20,
	                             .retry_max_ms = 200};
	struct link_event ev = {.type = LINK_EV_START, .now_ms = 1};
	struct link_actions todo;
	struct link l;

	(void)state;
	link_init(&l, &config);
	link_step(&l, &ev, &todo);
	l.up = true; /* whatever the order in which the shell saw both */
	ev.type = LINK_EV_DIALED;
	link_step(&l, &ev, &todo);
	assert_int_equal(todo.count, 1);
	assert_int_equal(todo.list[0].type, LINK_DO_CANCEL);
}

static void
several_addresses_are_tried_in_turn(void **state)
{
	(void)state;
	PLAY(true, 3, {1000, START, 0, "dial0", 2000},
	     {1001, FAILED, REFUSED, "dial1", 2001}, {2001, DUE, 0, "cancel dial2", 3001},
	     {2002, FAILED, MSG_REASON_RESOLVE, "down.resolve!", 2022},
	     {2022, DUE, 0, "dial0", 3022}, {2022, FAILED, REFUSED, "dial1", 3022},
	     {2023, DIALED, 0, "use_dialed up", NEVER},
	     {4000, CLOSED, EOF_, "connecting.eof dial0", 5000});
	PLAY(false, 2, {1000, START, 0, "dial0", 2000},
	     {1001, DIALED, 0, "connecting! nudge", 2001},
	     {1002, NUDGE_CLOSED, RESET, "dial1", 2002},
	     {1003, FAILED, REFUSED, "down.refused!", 1023});
}

/* The elector takes a remote for dead that refuses. This one runs: it has answered. */
static void
a_failed_handshake_is_no_refusal(void **state)
{
	(void)state;
	LARGER({1000, START, 0, "dial0", 2000}, {1001, FAILED, TLS, "down.tls!", 1021},
	       {1021, DUE, 0, "dial0", 2021},
	       {1022, FAILED, MSG_REASON_IDENTITY, "down.identity!", 1062});
	SMALLER(
	    {1000, START, 0, "dial0", 2000}, {1001, DIALED, 0, "connecting! nudge", 2001},
	    {1002, NUDGE_CLOSED, TLS, "down.tls!", 1022}, {1022, DUE, 0, "dial0", 2022},
	    {1023, DIALED, 0, "connecting! nudge", 2023},
	    {1024, NUDGE_CLOSED, MSG_REASON_IDENTITY, "down.identity!", 1064});
	/* whatever its other addresses say in the same round */
	PLAY(true, 3, {1000, START, 0, "dial0", 2000}, {1001, FAILED, TLS, "dial1", 2001},
	     {1002, FAILED, MSG_REASON_TIMEOUT, "dial2", 2002},
	     {1003, FAILED, REFUSED, "down.tls!", 1023}, {1023, DUE, 0, "dial0", 2023},
	     {1024, FAILED, REFUSED, "dial1", 2024},
	     {1025, FAILED, REFUSED, "dial2", 2025},
	     {1026, FAILED, REFUSED, "down.refused!", 1066});
	PLAY(false, 2, {1000, START, 0, "dial0", 2000},
	     {1001, DIALED, 0, "connecting! nudge", 2001},
	     {1002, NUDGE_CLOSED, TLS, "dial1", 2002},
	     {2002, DUE, 0, "cancel down.tls!", 2022});
}

static void
asked_to_dial_and_to_close(void **state)
{
	(void)state;
	LARGER({1000, START, 0, "dial0", 2000}, {1000, CONNECT, 0, "", 2000},
	       {1001, FAILED, REFUSED, "down.refused!", 1021},
	       {1005, CONNECT, 0, "", 1020}, {1020, CONNECT, 0, "dial0", 2020},
	       {1021, DIALED, 0, "use_dialed up", NEVER}, {1022, CONNECT, 0, "", NEVER},
	       {1100, DISCONNECT, ASKED, "close down.asked", 1300},
	       {1150, DISCONNECT, ASKED, "", 1350}, {1350, DUE, 0, "dial0", 2350},
	       {1351, DISCONNECT, ASKED, "cancel", 1551});
}

static void
is_let_in(struct link *l, uint64_t at)
{
	struct link_actions out;

	link_step(l, &(struct link_event){.type = LINK_EV_ACCEPTED, .now_ms = at}, &out);
}

static void
up_again_and_again_is_restless(void **state)
{
	const struct link_config config = {false, 1, 1000, 20, 200};
	const uint64_t seldom = LINK_RESTLESS_MS / LINK_UPS_MAX;
	uint64_t at = 1000000;
	struct link l;

	(void)state;
	link_init(&l, &config);
	for (unsigned i = 0; i < 3 * LINK_UPS_MAX; i++, at += seldom) {
		is_let_in(&l, at);
		assert_false(link_is_restless(&l, at));
	}
	at += LINK_RESTLESS_MS;
	for (unsigned i = 0; i <= LINK_UPS_MAX; i++) {
		assert_false(link_is_restless(&l, at));
		is_let_in(&l, ++at);
	}
	assert_true(link_is_restless(&l, at));
	assert_true(link_is_restless(&l, at + LINK_RESTLESS_MS - 1));
	assert_false(link_is_restless(&l, at + LINK_RESTLESS_MS));
}

/* A frame came on each, so nothing else would slow it down. */
static void
the_restless_is_not_dialled_at_once(void **state)
{
	const struct link_config config = {true, 1, 1000, 20, 200};
	const enum link_event_type life[] = {LINK_EV_DIALED, LINK_EV_FRAME,
	                                     LINK_EV_CLOSED};
	struct link_event ev = {.type = LINK_EV_START, .now_ms = 1000000};
	struct link_actions out;
	struct link l;

	(void)state;
	link_init(&l, &config);
	link_step(&l, &ev, &out);
	for (unsigned i = 0; i <= LINK_UPS_MAX; i++) {
		assert_int_equal(l.phase, LINK_DIALING);
		ev.now_ms += config.retry_min_ms;
		for (unsigned e = 0; e < 3; e++) {
			ev.type = life[e];
			link_step(&l, &ev, &out);
		}
	}
	assert_int_equal(l.phase, LINK_WAITING);
	assert_int_equal(link_due_ms(&l), ev.now_ms + config.retry_max_ms);
}

/* The link that there is stays; an attempt that is under way goes to the new address. */
static void
a_remote_that_moves(void **state)
{
	(void)state;
	/* at once, but no two such within retry_min */
	LARGER({0, START, 0, "dial0", 1000}, {10, MOVED, 0, "cancel dial0", 1010},
	       {11, MOVED, 0, "cancel", 30}, {12, MOVED, 0, "", 30},
	       {30, DUE, 0, "dial0", 1030}, {60, MOVED, 0, "cancel dial0", 1060});
	LARGER({0, START, 0, "dial0", 1000}, {500, MOVED, 0, "cancel dial0", 1500},
	       {501, FAILED, REFUSED, "dial1", 1501},
	       {502, FAILED, REFUSED, "down.refused!", 522}, {522, DUE, 0, "dial0", 1522},
	       {523, FAILED, REFUSED, "dial1", 1523}, {524, FAILED, REFUSED, "", 564},
	       /* it waits no longer for the old one, and the waits begin anew */
	       {530, MOVED, 0, "dial0", 1530}, {531, FAILED, REFUSED, "dial1", 1531},
	       {532, FAILED, REFUSED, "", 552}, {552, DUE, 0, "dial0", 1552},
	       {553, DIALED, 0, "use_dialed up", NEVER}, {554, MOVED, 0, "", NEVER},
	       {560, FRAME, 0, "", NEVER},
	       {600, CLOSED, EOF_, "connecting.eof dial0", 1600},
	       {601, FAILED, REFUSED, "dial1", 1601});
	SMALLER({0, START, 0, "dial0", 1000}, {1, DIALED, 0, "connecting! nudge", 1001},
	        {2, MOVED, 0, "cancel dial0", 1002},
	        {3, ACCEPTED, 0, "cancel use_accepted up", NEVER},
	        {4, MOVED, 0, "", NEVER});
	/* from three addresses to two, while the third is tried */
	PLAY(true, 3, {0, START, 0, "dial0", 1000}, {1, FAILED, REFUSED, "dial1", 1001},
	     {2, FAILED, REFUSED, "dial2", 1002}, {3, MOVED, 0, "cancel dial0", 1003},
	     {4, FAILED, REFUSED, "dial1", 1004},
	     {5, FAILED, REFUSED, "down.refused!", 25});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_larger_dials_and_keeps),
	    cmocka_unit_test(never_linked_says_so),
	    cmocka_unit_test(a_flapping_link_does_not_spin),
	    cmocka_unit_test(the_larger_is_nudged),
	    cmocka_unit_test(a_dying_listener_lets_nobody_in),
	    cmocka_unit_test(the_end_of_the_old_link_while_a_nudge_is_answered),
	    cmocka_unit_test(a_nudge_renews_a_dial_that_nobody_saw),
	    cmocka_unit_test(the_smaller_nudges_and_waits),
	    cmocka_unit_test(no_nudge_when_a_link_is_up),
	    cmocka_unit_test(several_addresses_are_tried_in_turn),
	    cmocka_unit_test(a_failed_handshake_is_no_refusal),
	    cmocka_unit_test(asked_to_dial_and_to_close),
	    cmocka_unit_test(up_again_and_again_is_restless),
	    cmocka_unit_test(the_restless_is_not_dialled_at_once),
	    cmocka_unit_test(a_remote_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
