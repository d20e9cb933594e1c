/* places.c, scripted: each line is an event at a time, the number and the reason that it
 * has, and the actions that must follow, as words. `up5` tells of connection 5, `down0`
 * of an attempt to dial; `!`: there was no link before. */
#include "connmgr/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	CONNECT = PLACES_EV_CONNECT,
	DIALED = PLACES_EV_DIALED,
	FAILED = PLACES_EV_DIAL_FAILED,
	ACCEPTED = PLACES_EV_ACCEPTED,
	FRAME = PLACES_EV_FRAME,
	CLOSED = PLACES_EV_CLOSED,
	TAKE = PLACES_EV_TAKE,
	DISCONNECT = PLACES_EV_DISCONNECT,
	PART = PLACES_EV_PART,
	DUE = PLACES_EV_DUE,
	MOVED = PLACES_EV_MOVED, /* to two addresses */
};

#define NEVER   UINT64_MAX
#define REFUSED MSG_REASON_REFUSED
#define EOF_    MSG_REASON_EOF
#define ASKED   MSG_REASON_ASKED
#define ABSENT  MSG_REASON_ABSENT
#define FULL    MSG_REASON_FULL

struct line {
	uint64_t at;
	int event;
	uint64_t number;
	enum msg_reason reason;
	const char *want;
	uint64_t due;
};

static void
spell_one(const struct places_action *a, char *out, size_t cap)
{
	switch (a->type) {
	case PLACES_DO_DIAL:
		snprintf(out, cap, "dial%u", a->address);
		break;
	case PLACES_DO_CANCEL:
		snprintf(out, cap, "cancel");
		break;
	case PLACES_DO_USE_DIALED:
		snprintf(out, cap, "use_dialed@%u", a->place);
		break;
	case PLACES_DO_USE_ACCEPTED:
		snprintf(out, cap, "use_accepted@%u", a->place);
		break;
	case PLACES_DO_CLOSE:
		snprintf(out, cap, "close@%u.%s", a->place, msg_reason_name(a->reason));
		break;
	case PLACES_DO_TELL:
		snprintf(out, cap, "%s%llu%s%s%s%s", msg_link_name(a->status),
		         (unsigned long long)a->number,
		         a->reason == MSG_REASON_NONE ? "" : ".",
		         msg_reason_name(a->reason), a->dialled ? "d" : "",
		         a->was_up ? "" : "!");
		break;
	}
}

static void
play(unsigned addresses, const struct line *lines, size_t count)
{
	const struct places_config config = {
	    .address_count = addresses, .connect_ms = 1000, .first_ms = 300};
	struct places_actions todo;
	struct places p;

	places_init(&p, &config);
	assert_int_equal(places_due_ms(&p), NEVER);
	for (size_t i = 0; i < count; i++) {
		const struct line *l = &lines[i];
		const struct places_event ev = {.type = (enum places_event_type)l->event,
		                                .now_ms = l->at,
		                                .number = l->number,
		                                .reason = l->reason,
		                                .address_count = 2};
		char got[512] = "", one[64];

		places_step(&p, &ev, &todo);
		for (unsigned k = 0; k < todo.count; k++) {
			spell_one(&todo.list[k], one, sizeof(one));
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
			         k ? " " : "", one);
		}
		if (strcmp(got, l->want) != 0)
			fail_msg("line %zu: got \"%s\", want \"%s\"", i + 1, got,
			         l->want);
		if (places_due_ms(&p) != l->due)
			fail_msg("line %zu: due %llu, want %llu", i + 1,
			         (unsigned long long)places_due_ms(&p),
			         (unsigned long long)l->due);
	}
}
#define PLAY(addresses, ...)                                                             \
	do {                                                                             \
		const struct line lines[] = {__VA_ARGS__};                               \
		play(addresses, lines, sizeof(lines) / sizeof(lines[0]));                \
	} while (0)

static void
each_request_dials_each_address_once(void **state)
{
	(void)state;
	PLAY(2, {1000, CONNECT, 0, 0, "dial0", 2000}, {1001, CONNECT, 0, 0, "", 2000},
	     {1002, FAILED, 0, REFUSED, "dial1", 2002},
	     {1003, FAILED, 0, REFUSED, "down0.refusedd!", NEVER},
	     {1004, FAILED, 0, REFUSED, "", NEVER}, {2000, CONNECT, 0, 0, "dial0", 3000},
	     {3000, DUE, 0, 0, "cancel dial1", 4000}, {3500, DUE, 0, 0, "", 4000},
	     {4000, DUE, 0, 0, "cancel down0.timeoutd!", NEVER},
	     {5000, CONNECT, 0, 0, "dial0", 6000},
	     {5001, DIALED, 7, 0, "use_dialed@0 up7d", NEVER},
	     {5002, DIALED, 8, 0, "", NEVER},
	     {5003, CLOSED, 7, EOF_, "down7.eofd", NEVER},
	     {5004, CLOSED, 7, EOF_, "", NEVER}, {6000, CONNECT, 0, 0, "dial0", 7000},
	     {6001, DISCONNECT, 0, ASKED, "cancel", NEVER},
	     {6002, DISCONNECT, 0, ASKED, "", NEVER});
}

/* A bare greeting costs the peer nothing: it is told with the first frame. */
static void
told_with_its_first_frame(void **state)
{
	(void)state;
	PLAY(1, {1000, ACCEPTED, 5, 0, "use_accepted@0", 1300},
	     {1100, ACCEPTED, 6, 0, "use_accepted@1", 1300},
	     {1200, FRAME, 5, 0, "up5", 1400}, {1201, FRAME, 5, 0, "", 1400},
	     {1202, FRAME, 99, 0, "", 1400}, {1400, DUE, 0, 0, "close@1.timeout", NEVER},
	     {1401, ACCEPTED, 7, 0, "use_accepted@1", 1701},
	     {1402, CLOSED, 7, EOF_, "", NEVER},
	     {1403, CLOSED, 5, EOF_, "down5.eof", NEVER});
}

/* However many come: the one in use stays, and each newcomer gets in. */
static void
strangers_take_no_place_in_use(void **state)
{
	(void)state;
	PLAY(1, {1000, ACCEPTED, 5, 0, "use_accepted@0", 1300},
	     {1000, FRAME, 5, 0, "up5", NEVER}, {1001, TAKE, 5, 0, "", NEVER},
	     {1002, ACCEPTED, 6, 0, "use_accepted@1", 1302},
	     {1003, ACCEPTED, 7, 0, "use_accepted@2", 1302},
	     {1004, ACCEPTED, 8, 0, "close@1.replaced use_accepted@1", 1303},
	     {1005, ACCEPTED, 9, 0, "close@2.replaced use_accepted@2", 1304},
	     {1006, FRAME, 8, 0, "up8", 1305},
	     /* 8 has brought a frame, so the bare one goes, though it is newer */
	     {1007, ACCEPTED, 10, 0, "close@2.replaced use_accepted@2", 1307},
	     {1008, FRAME, 10, 0, "up10", NEVER},
	     {1009, ACCEPTED, 11, 0, "close@1.replaced down8.replaced use_accepted@1",
	      1309},
	     /* another is in use from now on */
	     {1010, TAKE, 10, 0, "", 1309}, {1011, FRAME, 11, 0, "up11", NEVER},
	     {1012, ACCEPTED, 12, 0, "close@0.replaced down5.replaced use_accepted@0",
	      1312},
	     {1013, TAKE, 5, 0, "", 1312},
	     {1014, DISCONNECT, 10, FULL, "close@2.full down10.full", 1312},
	     {1015, DISCONNECT, 10, ASKED, "", 1312});
}

/* A connection that the peer asked for waits for nothing, and strangers do not end it
 * before the peer has taken it. */
static void
the_dialled_one_is_safe(void **state)
{
	(void)state;
	PLAY(1, {1000, CONNECT, 0, 0, "dial0", 2000},
	     {1001, ACCEPTED, 5, 0, "use_accepted@0", 1301},
	     {1001, FRAME, 5, 0, "up5", 2000},
	     {1002, DIALED, 6, 0, "use_dialed@1 up6d", NEVER},
	     {1003, ACCEPTED, 7, 0, "use_accepted@2", 1303},
	     {1003, FRAME, 7, 0, "up7", NEVER},
	     {1004, ACCEPTED, 8, 0, "close@0.replaced down5.replaced use_accepted@0",
	      1304},
	     {1005, ACCEPTED, 9, 0, "close@0.replaced use_accepted@0", 1305},
	     {1006, TAKE, 6, 0, "", 1305},
	     /* but for newer ones that were dialled */
	     {1007, CONNECT, 0, 0, "dial0", 1305},
	     {1008, DIALED, 10, 0, "close@0.replaced use_dialed@0 up10d", NEVER},
	     {1009, CONNECT, 0, 0, "dial0", 2009},
	     {1010, DIALED, 11, 0, "close@2.replaced down7.replaced use_dialed@2 up11d",
	      NEVER},
	     {1011, ACCEPTED, 12, 0, "close@0.replaced down10.replacedd use_accepted@0",
	      1311});
}

/* The oldest that was dialled stays longer than any that was accepted; and what is said
 * about a connection that is no more concerns no other. */
static void
of_no_other_connection(void **state)
{
	(void)state;
	PLAY(1, {1000, CONNECT, 0, 0, "dial0", 2000},
	     {1001, DIALED, 5, 0, "use_dialed@0 up5d", NEVER},
	     {1002, ACCEPTED, 6, 0, "use_accepted@1", 1302},
	     {1002, FRAME, 6, 0, "up6", NEVER},
	     {1003, ACCEPTED, 7, 0, "use_accepted@2", 1303},
	     {1003, FRAME, 7, 0, "up7", NEVER},
	     {1004, ACCEPTED, 8, 0, "close@1.replaced down6.replaced use_accepted@1",
	      1304},
	     {1005, TAKE, 7, 0, "", 1304}, {1006, TAKE, 6, 0, "", 1304},
	     {1007, CONNECT, 0, 0, "dial0", 1304}, {1008, DISCONNECT, 6, ASKED, "", 1304},
	     {1009, DIALED, 9, 0, "close@1.replaced use_dialed@1 up9d", NEVER},
	     {1010, ACCEPTED, 10, 0, "close@0.replaced down5.replacedd use_accepted@0",
	      1310});
}

static void
all_end_with_the_peer(void **state)
{
	(void)state;
	PLAY(1, {1000, CONNECT, 0, 0, "dial0", 2000},
	     {1001, ACCEPTED, 5, 0, "use_accepted@0", 1301},
	     {1001, FRAME, 5, 0, "up5", 2000}, {1001, TAKE, 5, 0, "", 2000},
	     {1002, ACCEPTED, 6, 0, "use_accepted@1", 1302},
	     {1003, PART, 0, ABSENT, "cancel close@0.absent down5.absent close@1.absent",
	      NEVER},
	     {1004, PART, 0, ABSENT, "", NEVER});
}

static bool
says(const struct places_actions *todo, enum places_action_type type)
{
	for (unsigned i = 0; i < todo->count; i++)
		if (todo->list[i].type == type)
			return true;
	return false;
}

static void
frames(struct places *p, uint64_t number, uint64_t now_ms, unsigned count)
{
	struct places_actions todo;

	for (unsigned i = 0; i < count; i++) {
		places_step(p,
		            &(struct places_event){.type = PLACES_EV_FRAME,
		                                   .now_ms = now_ms,
		                                   .number = number},
		            &todo);
		assert_false(says(&todo, PLACES_DO_CLOSE));
	}
}

/* Who brings too many frames loses its connection, and no newcomer gets in for a while.
 */
static void
who_floods_is_cut_and_waits(void **state)
{
	const struct places_config config = {
	    .address_count = 1, .connect_ms = 1000, .first_ms = 300};
	struct places_event accepted = {.type = PLACES_EV_ACCEPTED, .number = 5};
	struct places_event frame = {.type = PLACES_EV_FRAME, .number = 5};
	struct places_actions todo;
	struct places p;

	(void)state;
	places_init(&p, &config);
	accepted.now_ms = 1000;
	places_step(&p, &accepted, &todo);
	frames(&p, 5, 1000, PLACES_FRAMES_MAX);
	frames(&p, 5, 1000 + PLACES_WINDOW_MS, PLACES_FRAMES_MAX);
	frame.now_ms = 1999 + PLACES_WINDOW_MS;
	places_step(&p, &frame, &todo);
	assert_true(says(&todo, PLACES_DO_CLOSE) && says(&todo, PLACES_DO_TELL));
	assert_int_equal(todo.list[0].reason, MSG_REASON_FULL);
	assert_int_equal(places_find(&p, 5), -1);
	accepted.number = 6;
	accepted.now_ms = frame.now_ms + PLACES_CALM_MS - 1;
	places_step(&p, &accepted, &todo);
	assert_int_equal(todo.count, 0);
	assert_int_equal(places_find(&p, 6), -1);
	accepted.number = 7;
	accepted.now_ms++;
	places_step(&p, &accepted, &todo);
	assert_true(says(&todo, PLACES_DO_USE_ACCEPTED));
}

/* The same where the peer did not take what it brought. */
static void
who_fills_the_queue_waits(void **state)
{
	(void)state;
	PLAY(1, {1000, ACCEPTED, 5, 0, "use_accepted@0", 1300},
	     {1000, FRAME, 5, 0, "up5", NEVER},
	     {1001, DISCONNECT, 5, FULL, "close@0.full down5.full", NEVER},
	     {2000, ACCEPTED, 6, 0, "", NEVER},
	     {2001, ACCEPTED, 7, 0, "use_accepted@0", 2301},
	     {2002, DISCONNECT, 7, ASKED, "close@0.asked", NEVER},
	     {2003, ACCEPTED, 8, 0, "use_accepted@0", 2303});
}

/* Whom we dialled, a leader, may say as much as it likes. */
static void
a_leader_floods(void **state)
{
	const struct places_config config = {
	    .address_count = 1, .connect_ms = 1000, .first_ms = 300};
	struct places_actions todo;
	struct places p;

	(void)state;
	places_init(&p, &config);
	places_step(&p, &(struct places_event){.type = PLACES_EV_CONNECT}, &todo);
	places_step(&p, &(struct places_event){.type = PLACES_EV_DIALED, .number = 5},
	            &todo);
	frames(&p, 5, 1000, 3 * PLACES_FRAMES_MAX);
}

/* The peer takes a leader for gone that refuses. This one runs: it has answered. */
static void
a_failed_handshake_is_no_refusal(void **state)
{
	(void)state;
	PLAY(2, {1000, CONNECT, 0, 0, "dial0", 2000},
	     {1001, FAILED, 0, MSG_REASON_TLS, "dial1", 2001},
	     {1002, FAILED, 0, REFUSED, "down0.tlsd!", NEVER},
	     {1003, CONNECT, 0, 0, "dial0", 2003},
	     {1004, FAILED, 0, REFUSED, "dial1", 2004},
	     {1005, FAILED, 0, MSG_REASON_IDENTITY, "down0.identityd!", NEVER},
	     {1006, CONNECT, 0, 0, "dial0", 2006},
	     {1007, FAILED, 0, REFUSED, "dial1", 2007},
	     {1008, FAILED, 0, REFUSED, "down0.refusedd!", NEVER});
}

/* An attempt goes to the new address; connections stay. */
static void
a_remote_that_moves(void **state)
{
	(void)state;
	PLAY(3, {1000, MOVED, 0, 0, "", NEVER}, {1001, CONNECT, 0, 0, "dial0", 2001},
	     {1002, FAILED, 0, REFUSED, "dial1", 2002},
	     {1003, MOVED, 0, 0, "cancel dial0", 2003},
	     {1004, FAILED, 0, REFUSED, "dial1", 2004},
	     {1005, FAILED, 0, REFUSED, "down0.refusedd!", NEVER},
	     {1006, CONNECT, 0, 0, "dial0", 2006},
	     {1007, DIALED, 7, 0, "use_dialed@0 up7d", NEVER},
	     {1008, TAKE, 7, 0, "", NEVER}, {1009, MOVED, 0, 0, "", NEVER},
	     {1010, CLOSED, 7, EOF_, "down7.eofd", NEVER});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_request_dials_each_address_once),
	    cmocka_unit_test(told_with_its_first_frame),
	    cmocka_unit_test(strangers_take_no_place_in_use),
	    cmocka_unit_test(the_dialled_one_is_safe),
	    cmocka_unit_test(of_no_other_connection),
	    cmocka_unit_test(all_end_with_the_peer),
	    cmocka_unit_test(who_floods_is_cut_and_waits),
	    cmocka_unit_test(who_fills_the_queue_waits),
	    cmocka_unit_test(a_leader_floods),
	    cmocka_unit_test(a_failed_handshake_is_no_refusal),
	    cmocka_unit_test(a_remote_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
