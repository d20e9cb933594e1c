/* connmgr's part in a swap, with both transports of a link: what it says of a candidate,
 * promotes and records. `elector` is the active one, `other` the candidate `b`. */
#include "base/clock.h"
#include "connmgr/shadow.h"
#include "tests/unit/connmgr_swap_kit.h"

static uint64_t serial;
static bool
says_null(const json_t *json, const char *key)
{
	return json_is_null(json_object_get(json, key));
}

/* A number in the answer to `request`; 0: it is not there. */
static unsigned
number(const char *request, const char *key)
{
	json_t *json = ask(request), *n = json_object_get(json, key);
	unsigned value = n ? (unsigned)json_integer_value(n) : 0;

	json_decref(json);
	return value;
}

static unsigned
compared(void)
{
	return number("shadow b", "compared");
}

static bool
differs(void)
{
	json_t *json = ask("shadow b");
	bool found = json_is_object(json_object_get(json, "difference"));

	json_decref(json);
	return found;
}

static bool
comparing(void)
{
	return flag("shadow b", "comparing");
}

static void
peer_says(enum msg_type type)
{
	struct msg m = {.type = type};
	struct msg_serial now = {uplink_generation(peer.uplink), ++serial};

	if (type == MSG_LOOK)
		m.u.look = (struct msg_look){.serial = now, .sid = SELF, .leader = SELF};
	else
		m.u.role = (struct msg_vote){
		    .serial = now, .vote = {.leader = 3, .round = 1, .state = 1}};
	uplink_send(peer.uplink, &m);
}

static void
decide(struct player *p, int64_t leader)
{
	struct msg m = {.type = MSG_DECIDED};

	m.u.decided =
	    (struct msg_vote){.serial = {uplink_generation(peer.uplink), serial},
	                      .vote = {.leader = leader, .round = 1, .state = 1}};
	uplink_send(p->uplink, &m);
}

static void
vote(struct player *p, const char *text)
{
	send_frame(p, MSG_LANE_ELECTION, 1, text, strlen(text));
}

static void
pass(uint64_t ms)
{
	uint64_t until_ms = clock_ms() + ms;

	UNTIL(clock_ms() >= until_ms);
}

/* The peer follows, and the candidate is compared. */
static void
begin(void)
{
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	peer_says(MSG_ROLE);
	attach_candidate();
	UNTIL(comparing());
	pass(SHADOW_SETTLE_MS); /* what is under way is not compared */
}

static void
the_same_is_counted_and_goes_nowhere(void **state)
{
	int listener = listen_as(1, MSG_LANE_ELECTION), fd;
	json_t *json;

	(void)state;
	begin();
	fd = accept_one(listener);
	expect_hello(fd, conf.self->election_port);
	vote(&elector, "one");
	expect_frame(fd, "one");
	vote(&other, "one");
	UNTIL(compared() == 1);
	/* said again by a timer, by either */
	vote(&elector, "one");
	expect_frame(fd, "one");
	vote(&other, "one");
	vote(&other, "one");
	vote(&other, "two");
	vote(&elector, "two");
	expect_frame(fd, "two"); /* once */
	UNTIL(compared() == 2);
	decide(&elector, 3);
	decide(&other, 3);
	UNTIL(compared() == 3);
	assert_false(differs());
	vote(&elector, "end");
	expect_frame(fd, "end");
	assert_int_equal(number("shadow b", "said"), 6); /* with its hello */
	assert_int_equal(number("shadow b", "refused"), 0);
	json = ask("shadow b");
	assert_true(is_true(json, "ok") && is_true(json, "attached"));
	assert_true(is_true(json, "synced"));
	assert_false(is_true(json, "active"));
	json_decref(json);
	close(fd);
	close(listener);
}

static void
the_first_difference_is_kept(void **state)
{
	json_t *json, *d;

	(void)state;
	begin();
	vote(&elector, "ab");
	vote(&other, "az");
	UNTIL(differs());
	decide(&elector, 3);
	decide(&other, 1);
	json = ask("shadow b");
	d = json_object_get(json, "difference");
	assert_int_equal(json_integer_value(json_object_get(d, "remote")), 1);
	assert_string_equal(text_of(d, "active"), "6162");
	assert_string_equal(text_of(d, "candidate"), "617a");
	json_decref(json);
}

static void
silence_is_a_difference(void **state)
{
	json_t *json, *d;

	(void)state;
	begin();
	decide(&other, 1);
	UNTIL(number("shadow b", "said") == 2);
	pass(SHADOW_LATE_MS);
	assert_true(differs());
	json = ask("shadow b");
	d = json_object_get(json, "difference");
	assert_true(says_null(d, "remote") && says_null(d, "active"));
	assert_non_null(text_of(d, "candidate"));
	json_decref(json);
}

/* An election that began before the candidate came; it ends, and the next one counts. */
static void
an_election_under_way_is_not_compared(void **state)
{
	(void)state;
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	peer_says(MSG_LOOK);
	attach_candidate();
	vote(&elector, "a");
	vote(&other, "b");
	decide(&other, 1);
	vote(&other, "c");
	UNTIL(number("shadow main", "said") >= 3 && number("shadow b", "said") == 4);
	assert_false(comparing());
	peer_says(MSG_ROLE);
	UNTIL(comparing());
	pass(SHADOW_SETTLE_MS);
	peer_says(MSG_LOOK);
	vote(&elector, "d");
	vote(&other, "d");
	UNTIL(compared() == 1);
	assert_true(comparing());
	assert_false(differs());
}

/* The successor says all anew, so it is held against the candidate from then on. */
static void
the_active_one_restarts_meanwhile(void **state)
{
	(void)state;
	begin();
	vote(&other, "only the candidate");
	UNTIL(number("shadow b", "said") == 2);
	leave(&elector);
	attach(&elector, MSG_WHO_ELECTOR);
	UNTIL(elector.heard.activations == 1 && elector.heard.synced);
	pass(SHADOW_SETTLE_MS);
	vote(&elector, "a");
	vote(&other, "a");
	UNTIL(compared() == 1);
	assert_false(differs());
	leave(&other);
	UNTIL(!comparing());
}

static void
nobody_and_the_active_one(void **state)
{
	static const char *const names[] = {"shadow nobody", "shadow ", "shadow a/b"};
	json_t *json;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json = ask(names[i]);
		assert_true(is_true(json, "ok"));
		assert_true(json_is_false(json_object_get(json, "attached")));
		json_decref(json);
	}
	UNTIL(flag("shadow main", "synced")); /* its hello may be on its way */
	json = ask("shadow main");
	assert_true(is_true(json, "attached") && is_true(json, "active"));
	assert_null(json_object_get(json, "comparing"));
	json_decref(json);
}

static void
what_is_refused_changes_nothing(void **state)
{
	static const char *const cases[] = {
	    "promote ",
	    "promote forward",
	    "promote b",
	    "promote sideways b",
	    "promote forward nobody",
	    "promote forward b /opt/b", /* which program it is, connmgr must not know */
	    "promote forward b ",
	    "promote forward b/",
	    "promote forward main",
	    "promote back main",
	    "accept b",
	    "accept ",
	};

	(void)state;
	attach_candidate();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(cases[i]);
	assert_int_equal(other.heard.activations, 0);
	assert_false(elector.heard.superseded);
}

/* There, accepted; and the way back, which needs no probation. */
static void
there_and_back(void **state)
{
	(void)state;
	attach_candidate();
	assert_ok("promote forward b");
	assert_record(2, "b", "main", false);
	expect_copy("b", false);
	UNTIL(other.heard.activations == 1 && elector.heard.superseded);
	assert_ok("accept b");
	assert_record(2, "b", "main", true);
	expect_copy("b", true);
	leave(&elector);
	attach(&elector, MSG_WHO_ELECTOR);
	UNTIL(elector.heard.synced);
	assert_int_equal(elector.heard.activations, 0);
	assert_ok("promote undo main");
	assert_record(3, "main", "b", true);
	UNTIL(elector.heard.activations == 1 && other.heard.superseded);
}

/* What is asked happens, though who asked does not wait for it; and happens once. */
static void
who_asked_has_left(void **state)
{
	char path[128];
	struct client c;

	(void)state;
	attach_candidate();
	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, conf.run_dir);
	assert_int_equal(client_begin(&c, path, "promote forward b", 0, 0), 0);
	client_end(&c);
	json_decref(ask("promote forward b")); /* under way, or in force */
	UNTIL(other.heard.activations == 1 && elector.heard.superseded);
	assert_ok("shadow b");
	assert_record(2, "b", "main", false);
}

/* The one in use dies, and one of the same name comes: the record keeps its program. */
static void
a_successor_keeps_the_record(void **state)
{
	(void)state;
	attach_candidate();
	assert_ok("promote forward b");
	UNTIL(other.heard.activations == 1);
	leave(&other);
	attach_as(&other, MSG_WHO_ELECTOR, "b");
	UNTIL(other.heard.activations == 1);
	assert_record(3, "b", "main", false);
	assert_ok("accept b");
	assert_record(3, "b", "main", true);
}

int
main(void)
{
#define NNG(f)  cmocka_unit_test_setup_teardown(f, set_up_nng, end)
#define SEQ(f)  cmocka_unit_test_setup_teardown(f, set_up_seqpacket, end)
#define BOTH(f) NNG(f), SEQ(f)
	const struct CMUnitTest tests[] = {
	    BOTH(the_same_is_counted_and_goes_nowhere),
	    BOTH(the_first_difference_is_kept),
	    BOTH(silence_is_a_difference),
	    BOTH(an_election_under_way_is_not_compared),
	    BOTH(the_active_one_restarts_meanwhile),
	    BOTH(nobody_and_the_active_one),
	    BOTH(what_is_refused_changes_nothing),
	    BOTH(there_and_back),
	    BOTH(who_asked_has_left),
	    BOTH(a_successor_keeps_the_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
