/* A worker's uplink against a small connmgr, over both transports. */
#include "tests/unit/uplink_kit.h"

#include "base/paths.h"

/* The door is not there at first. A shadow's hello, activate, hello with the generation;
 * what is said in on_activate comes behind it. */
static void
test_first_attach(void **state)
{
	(void)state;
	wrk_start();
	for (uint64_t due_ms = clock_ms() + 50; clock_ms() < due_ms;)
		assert_true(sd_event_run(loop, 10000) >= 0);
	say_count(MSG_STATE, 1); /* a shadow begins with its hello */
	assert_false(uplink_active(wrk.up));
	mgr.activate = 7;
	mgr_start();
	until(&wrk.synced, 1);
	assert_int_equal(mgr.attach.who, MSG_WHO_ELECTOR);
	assert_string_equal(mgr.attach.name, "swap-1");
	assert_string_equal(mgr.attach.build, CONCLAVE_VERSION);
	assert_int_equal(mgr.attach.pid, getpid());
	assert_int_equal(mgr.attach.set, MSG_SET);
	assert_int_equal(mgr.attach.generation, 0);
	assert_int_equal(wrk.activates, 1);
	assert_int_equal(wrk.generation, 7);
	until(&mgr.heard_count, 3);
	heard(0, MSG_HELLO, 0);
	heard(1, MSG_HELLO, 7);
	heard(2, MSG_STATE, 100);
	assert_int_equal(wrk.agains + wrk.losses + wrk.superseded, 0);
	assert_int_equal(uplink_counters(wrk.up).links, 1);
	assert_int_equal(uplink_counters(wrk.up).refused, 0);
}

/* The link alone ends: attached again over the same door connection; what the active one
 * says in on_again goes before hello, and nothing from before does: it might be a frame
 * whose state was lost. */
static void
test_link_cut(void **state)
{
	(void)state;
	start_both();
	until(&mgr.heard_count, 3);
	for (unsigned i = 1; i <= 5; i++) {
		mgr.heard_count = 0;
		chan_close(mgr.link);
		mgr.link = NULL;
		until(&wrk.losses, i);
		say_count(MSG_STATE, 150);
		until(&wrk.synced, i + 1);
		assert_int_equal(mgr.knocks, 1);
		assert_int_equal(mgr.attaches, i + 1);
		assert_int_equal(mgr.attach.generation, 1);
		assert_int_equal(wrk.agains_active, i);
		assert_int_equal(mgr.heard_count, 2);
		heard(0, MSG_STATE, 200);
		heard(1, MSG_HELLO, 1);
		assert_int_equal(uplink_counters(wrk.up).dropped, i);
	}
	assert_int_equal(wrk.activates, 1);
	assert_int_equal(mgr.gone, 0);
}

static void
test_connmgr_restarts(void **state)
{
	(void)state;
	start_both();
	for (unsigned i = 1; i <= 3; i++) {
		mgr_stop();
		until(&wrk.losses, i);
		mgr.heard_count = 0;
		mgr_start();
		until(&wrk.synced, i + 1);
		assert_int_equal(mgr.knocks, i + 1);
		assert_int_equal(mgr.attach.generation, 1);
		heard(0, MSG_STATE, 200);
		heard(1, MSG_HELLO, 1);
	}
	assert_int_equal(wrk.losses, 3);
	assert_int_equal(wrk.agains_active, 3);
}

/* A shadow says nothing from before, and can become active later. */
static void
test_shadow(void **state)
{
	(void)state;
	mgr.activate = 0;
	start_both();
	assert_int_equal(wrk.activates, 0);
	chan_close(mgr.link);
	mgr.link = NULL;
	until(&wrk.losses, 1);
	mgr.heard_count = 0;
	say_count(MSG_STATE, 5);
	until(&wrk.synced, 2);
	assert_int_equal(wrk.agains, 1);
	assert_int_equal(wrk.agains_active, 0);
	assert_int_equal(mgr.heard_count, 1);
	heard(0, MSG_HELLO, 0);
	mgr_say_type(MSG_ACTIVATE, 9);
	until(&mgr.heard_count, 3);
	heard(1, MSG_HELLO, 9);
	heard(2, MSG_STATE, 100);
	mgr_say_type(MSG_ACTIVATE, 9); /* nothing new; and an older one */
	mgr_say_type(MSG_ACTIVATE, 8);
	mgr_say_type(MSG_SYNCED, 0);
	until(&wrk.synced, 4);
	assert_int_equal(wrk.activates, 1);
	assert_int_equal(uplink_generation(wrk.up), 9);
	assert_int_equal(uplink_counters(wrk.up).refused, 2);
}

static void
test_superseded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++, tear_down(NULL), set_up(NULL)) {
		struct msg m = {.type = MSG_SUPERSEDED, .u.superseded = {true}};

		mgr.supersede = i < 2;
		mgr.other_name = i == 1;
		mgr_start();
		wrk_start();
		if (i == 2) { /* while it is linked */
			until(&wrk.synced, 1);
			mgr_answer(mgr.conn, &m);
		}
		until(&wrk.superseded, 1);
		assert_int_equal(wrk.status, i == 0 ? 1 : 85);
		until(&mgr.gone, 1);
		say_count(MSG_STATE, 1); /* to nobody */
		assert_int_equal(wrk.losses, 0);
	}
}

/* connmgr speaks another message set. */
static void
test_refused_in_words(void **state)
{
	(void)state;
	mgr.words = true;
	mgr_start();
	wrk_start();
	until(&wrk.superseded, 1);
	assert_int_equal(wrk.status, 1);
	until(&mgr.gone, 1);
	assert_int_equal(mgr.attaches, 1);
}

/* What does not decode, is not for an elector, or comes at the wrong time. */
static void
test_refused(void **state)
{
	static const unsigned char frame[] = "frame";
	struct msg m = {.type = MSG_FRAME_IN,
	                .u.frame = {MSG_LANE_ELECTION, 3, 0, frame, sizeof(frame)}};
	struct msg attached = {.type = MSG_ATTACHED, .u.attached = {1, "/nowhere"}};
	unsigned char junk[4] = {1, 2, 3, 4};

	(void)state;
	start_both();
	assert_int_equal(chan_send(mgr.link, junk, sizeof(junk)), 0);
	mgr_say_type(MSG_HELLO, 3);   /* to connmgr */
	mgr_say_type(MSG_WELCOME, 1); /* once is enough */
	mgr_say(&attached);
	m.type = MSG_DOUBT;
	m.u.doubt = (struct msg_doubt){.serial = {1, 1}, .sid = 3};
	mgr_say(&m); /* to the peer */
	assert_int_equal(door_send(mgr.conn, junk, sizeof(junk)), 0);
	mgr_answer(mgr.conn, &attached);
	m.type = MSG_FRAME_IN;
	m.u.frame = (struct msg_frame){MSG_LANE_ELECTION, 3, 0, frame, sizeof(frame)};
	mgr_say(&m);
	until(&wrk.messages, 2);
	assert_int_equal(wrk.last.type, MSG_FRAME_IN);
	assert_int_equal(wrk.last.u.frame.sid, 3);
	for (uint64_t due_ms = clock_ms() + PATIENCE_MS;
	     uplink_counters(wrk.up).refused < 7;)
		turn(due_ms);
	assert_int_equal(wrk.losses, 0);
	assert_int_equal(mgr.attaches, 1);
}

/* A link that is not drained: in order up to the bound, then it is cut and made anew. */
static void
test_full_link(void **state)
{
	static unsigned char bytes[1000];
	struct msg m = {.type = MSG_FRAME_OUT,
	                .u.frame = {MSG_LANE_LEARNER, 3, 7, bytes, sizeof(bytes)}};
	unsigned sent = 0;

	(void)state;
	start_both();
	until(&mgr.heard_count, 3);
	for (unsigned i = 0; i < 300;
	     i++) /* more than the link holds, less than the bound */
		uplink_send(wrk.up, &m);
	until(&mgr.heard_count, 303);
	assert_int_equal(uplink_counters(wrk.up).dropped, 0);
	while (uplink_counters(wrk.up).dropped == 0 && sent++ < 100000)
		uplink_send(wrk.up, &m);
	assert_int_equal(uplink_counters(wrk.up).dropped, UPLINK_QUEUE_MAX + 1);
	assert_int_equal(wrk.losses, 0); /* not inside of uplink_send */
	say_count(MSG_STATE, 300);       /* lost with that link */
	until(&wrk.losses, 1);
	until(&wrk.synced, 2);
	assert_int_equal(uplink_counters(wrk.up).links, 2);
	assert_int_equal(wrk.agains_active, 1);
}

/* Of what waits for one server on the election lane only the newest counts; and it stays
 * behind the state that it carries. */
static void
test_newest_frame(void **state)
{
	static unsigned char bytes[30000]; /* over nng one batch each */
	struct msg m = {.type = MSG_FRAME_OUT,
	                .u.frame = {MSG_LANE_ELECTION, 3, 0, bytes, sizeof(bytes)}};
	const struct msg *last = mgr.heard;
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	(void)state;
	start_both();
	until(&mgr.heard_count, 3);
	while (uplink_counters(wrk.up).replaced < 2 * UPLINK_QUEUE_MAX)
		uplink_send(wrk.up, &m);
	assert_true(uplink_waiting(wrk.up) < UPLINK_QUEUE_MAX / 2);
	say_count(MSG_STATE, 7);
	m.u.frame.data_len = 30;
	uplink_send(wrk.up, &m);
	m.u.frame.sid = 4;
	m.u.frame.data_len = 40;
	uplink_send(wrk.up, &m);
	for (; last->type != MSG_FRAME_OUT || last->u.frame.sid != 4; turn(due_ms))
		last = &mgr.heard[mgr.heard_count - 1];
	heard(mgr.heard_count - 3, MSG_STATE, 7);
	assert_int_equal(last[-1].type, MSG_FRAME_OUT);
	assert_int_equal(last[-1].u.frame.data_len, 30);
	assert_int_equal(last->u.frame.data_len, 40);
	assert_int_equal(uplink_counters(wrk.up).dropped, 0);
	assert_int_equal(uplink_counters(wrk.up).links, 1);
	/* but there may be many servers */
	for (m.u.frame.sid = 0; uplink_waiting(wrk.up) < UPLINK_QUEUE_MAX / 2;
	     m.u.frame.sid++)
		uplink_send(wrk.up, &m);
	assert_int_equal(uplink_counters(wrk.up).dropped, 0);
	while (uplink_waiting(wrk.up) >= UPLINK_QUEUE_MAX / 2)
		turn(due_ms);
	assert_int_equal(uplink_counters(wrk.up).links, 1);
}

static void
test_deadlines(void **state)
{
	(void)state;
	mgr.mute = true;
	mgr_start();
	wrk_start();
	until(&mgr.knocks, 2); /* no answer: another door connection */
	assert_int_equal(mgr.gone, 1);
	mgr.mute = false;
	mgr.no_listener = true;
	until(&mgr.attaches, 4); /* nobody at the link's address: on the same one */
	assert_int_equal(mgr.knocks, 3);
	mgr.no_listener = false;
	mgr.rude = true;
	until(&mgr.attaches, 6); /* no welcome: on the same one */
	assert_int_equal(mgr.knocks, 3);
	mgr.wrong = 1;
	until(&mgr.knocks, 5); /* attached with somebody else's generation */
	mgr.rude = false;
	mgr.wrong = 0;
	until(&wrk.synced, 1);
	assert_int_equal(wrk.losses + wrk.agains, 0); /* there was no link yet */
}

/* What waits when a shadow becomes active was the shadow's, and is not sent. */
static void
test_activated_while_full(void **state)
{
	static unsigned char bytes[30000];
	struct msg m = {.type = MSG_FRAME_OUT,
	                .u.frame = {MSG_LANE_LEARNER, 3, 7, bytes, sizeof(bytes)}};

	(void)state;
	mgr.activate = 0;
	start_both();
	mgr_say_type(MSG_ACTIVATE, 9);
	while (uplink_waiting(wrk.up) < UPLINK_QUEUE_MAX * 3 / 4)
		uplink_send(wrk.up, &m);
	until(&wrk.activates, 1);
	assert_true(uplink_waiting(wrk.up) <= 2); /* hello, and what on_activate says */
	assert_int_equal(wrk.losses, 0);
}

/* Before the welcome nothing counts. */
static void
test_early_message(void **state)
{
	uint64_t due_ms = clock_ms() + PATIENCE_MS;

	(void)state;
	mgr.rude = true;
	mgr_start();
	wrk_start();
	until(&mgr.heard_count, 1);
	mgr_say_type(MSG_SYNCED, 0);
	while (uplink_counters(wrk.up).refused == 0)
		turn(due_ms);
	assert_int_equal(uplink_counters(wrk.up).refused, 1);
	assert_int_equal(wrk.messages, 0);
}

/* How long it takes until the worker has attached once more; the best of ten, since the
 * machine may be busy. */
static uint64_t
best_of_ten(void (*disturb)(void), const unsigned *counter)
{
	uint64_t best_ms = UINT64_MAX;

	for (unsigned i = 0; i < 10; i++) {
		unsigned before = *counter;
		uint64_t since_ms = clock_ms();

		disturb();
		until(counter, before + 1);
		if (clock_ms() - since_ms < best_ms)
			best_ms = clock_ms() - since_ms;
	}
	return best_ms;
}

static void
end_link(void)
{
	chan_close(mgr.link);
	mgr.link = NULL;
}

/* A link that worked ends the waits between tries: the next one comes at once. */
static void
test_at_once(void **state)
{
	(void)state;
	wrk_start(); /* there is nobody: the waits grow */
	for (uint64_t due_ms = clock_ms() + 400; clock_ms() < due_ms;)
		assert_true(sd_event_run(loop, 10000) >= 0);
	mgr_start();
	until(&wrk.synced, 1);
	assert_true(best_of_ten(end_link, &wrk.synced) < 90);
}

static void
restart_door(void)
{
	door_close(mgr.door);
	mgr_start();
}

/* connmgr ends before it has answered: the worker does not wait for the answer. */
static void
test_end_without_answer(void **state)
{
	(void)state;
	mgr.mute = true;
	mgr_start();
	wrk_start();
	until(&mgr.attaches, 1);
	assert_true(best_of_ten(restart_door, &mgr.attaches) < 900);
}

static void
test_close_in_callbacks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++, tear_down(NULL), set_up(NULL)) {
		wrk.close_on_activate = i == 0;
		wrk.close_on_message = i == 1;
		mgr_start();
		wrk_start();
		if (i >= 2) {
			until(&wrk.synced, 1);
			wrk.close_on_lost = i == 2;
			wrk.close_on_again = i == 3;
			chan_close(mgr.link);
			mgr.link = NULL;
		}
		until(&mgr.gone, 1);
		assert_null(wrk.up);
	}
}

static void
test_bad_run_dir(void **state)
{
	struct uplink_config config = {.who = MSG_WHO_PEER, .name = "x"};
	char too_long[120];
	struct uplink *none = NULL;

	(void)state;
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	config.run_dir = too_long;
	assert_true(uplink_open(&none, loop, &config, NULL, NULL) < 0);
	assert_null(none);
	uplink_close(NULL);
}

static int
run_all(enum chan_kind with)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_first_attach, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_link_cut, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_connmgr_restarts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_shadow, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_superseded, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused_in_words, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full_link, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_newest_frame, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_close_in_callbacks, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_activated_while_full, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_early_message, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_bad_run_dir, set_up, tear_down),
	};
	const struct CMUnitTest alike[] = {
	    /* whatever the transport: seconds of waiting */
	    cmocka_unit_test_setup_teardown(test_deadlines, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_at_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_end_without_answer, set_up, tear_down),
	};
	int failed;

	kind = with;
	print_message("--- %s\n", with == CHAN_NNG ? "nng" : "seqpacket");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (with == CHAN_SEQPACKET)
		failed += cmocka_run_group_tests(alike, NULL, NULL);
	return failed;
}

int
main(void)
{
	char folder[96];
	int failed;

	snprintf(run_dir, sizeof(run_dir), "/tmp/test_uplink.XXXXXX");
	if (!mkdtemp(run_dir))
		return 1;
	snprintf(folder, sizeof(folder), "%s/connmgr", run_dir);
	snprintf(door_path, sizeof(door_path), "%s/connmgr/" PATHS_DOOR, run_dir);
	if (mkdir(folder, 0700) < 0)
		return 1;
	failed = run_all(CHAN_SEQPACKET);
	failed += run_all(CHAN_NNG);
	rmdir(folder);
	rmdir(run_dir);
	/* no waiting for closes that are under way: see chan_nng.c */
	fflush(NULL);
	_exit(failed != 0);
}
