/* elector/elect: when the election ends. ZooKeeper's window, ours, and the early end. */
#include "tests/unit/test_elect_lab.h"

static struct lab lab;

/* Ours is the best vote of three: 2's word makes the quorum. */
static void
reach_quorum(bool ours, int64_t sid, unsigned n)
{
	lab_prepare(&lab, sid, n, ours);
	lab_start(&lab);
	lab_look(&lab, 5, 0);
	lab_recv(&lab, 2, L, sid, 5, 1, 0);
}

static void
decided(enum elect_reason reason, int32_t state, int64_t leader, int64_t round)
{
	const struct elect_action *a = lab_first(&lab, ELECT_ACT_DECIDED);

	lab_is_vote(a, state, leader, round);
	assert_int_equal(a->reason, reason);
	assert_int_equal(a->serial.count, lab.words);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_IDLE);
	assert_true(elect_due_ms(lab.e) == UINT64_MAX);
}

static void
test_zookeeper_waits(void **state)
{
	(void)state;
	reach_quorum(false, 3, 3);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_recv(&lab, 1, L, 3, 5, 1, 0); /* all have voted: no matter */
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_WINDOW), 1);
	assert_false(lab_wait(&lab, 199));
	assert_true(lab_wait(&lab, 1));
	decided(ELECT_REASON_WINDOW_ENDED, D, 3, 1);
	lab_end(&lab);
}

/* Every notification begins ZooKeeper's window anew, never ours. */
static void
test_window_fixed(void **state)
{
	static const bool fixed[] = {false, true};

	(void)state;
	for (int i = 0; i < 2; i++) {
		lab_prepare(&lab, 3, 5, false);
		lab.options.fixed_window = fixed[i];
		lab_start(&lab);
		lab_look(&lab, 5, 0);
		lab_recv(&lab, 2, L, 3, 5, 1, 0);
		lab_recv(&lab, 1, L, 3, 5, 1, 0);
		assert_int_equal(elect_due_ms(lab.e), 1200);
		lab.now_ms = 1150;
		lab_recv(&lab, 4, F, 1, 0, 1, 0);
		assert_int_equal(elect_due_ms(lab.e), fixed[i] ? 1200 : 1350);
		lab_end(&lab);
	}
}

/* A server that hears from others all the time asks by itself all the same: else it would
 * learn late of a leader that does not ask it. */
static void
test_wait_fixed(void **state)
{
	static const bool fixed[] = {false, true};

	(void)state;
	for (int i = 0; i < 2; i++) {
		lab_prepare(&lab, 2, 5, false);
		lab.options.fixed_wait = fixed[i];
		lab_start(&lab);
		lab_look(&lab, 5, 0);
		assert_int_equal(elect_due_ms(lab.e), 1200);
		lab.now_ms = 1150;
		lab_recv(&lab, 1, L, 1, 5, 1, 0);
		assert_int_equal(elect_due_ms(lab.e), fixed[i] ? 1200 : 1350);
		lab_end(&lab);
	}
}

static void
test_all_agree(void **state)
{
	(void)state;
	reach_quorum(true, 3, 3);
	assert_int_equal(lab_view(&lab).phase,
	                 ELECT_PHASE_FINALIZE); /* 1 may be better */
	lab_recv(&lab, 1, L, 3, 5, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
	lab_end(&lab);
}

/* With n = 3, adopting: the own copy completes it. */
static void
test_all_agree_by_adopting(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 2, true);
	lab_start(&lab);
	lab_look(&lab, 5, 0);
	lab_recv(&lab, 2, L, 2, 5, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, F, 2, 1);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 2, 1);
	lab_end(&lab);
}

static void
test_alone(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 1, true);
	lab_start(&lab);
	lab_look(&lab, 5, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 1, 1);
	lab_end(&lab);
}

static void
test_disagreement_waits(void **state)
{
	(void)state;
	reach_quorum(true, 3, 3);
	lab_recv(&lab, 1, L, 1, 5, 1, 0); /* worse: it has not heard us */
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	assert_int_equal(elect_due_ms(lab.e), 1200);
	lab_recv(&lab, 1, L, 3, 5, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
	lab_end(&lab);
}

/* was_up, up, refused: only a link that was, is not, and is refused. */
static void
test_provably_down(void **state)
{
	(void)state;
	for (int bits = 0; bits < 8; bits++) {
		bool up = bits & 1, was_up = bits & 2, refused = bits & 4;
		bool down = was_up && !up && refused;

		lab_prepare(&lab, 3, 3, true);
		lab_start(&lab);
		lab_link(&lab, 1, up, was_up, refused);
		lab_look(&lab, 5, 0);
		lab_recv(&lab, 2, L, 3, 5, 1, 0);
		if (down) {
			decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
		} else {
			assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
			assert_true(lab_wait(&lab, 200));
			decided(ELECT_REASON_WINDOW_ENDED, D, 3, 1);
		}
		lab_end(&lab);
	}
}

static void
test_goes_down_in_window(void **state)
{
	(void)state;
	reach_quorum(true, 3, 3);
	lab_link(&lab, 1, true, true, false);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_link(&lab, 1, false, true, false); /* broken; the next attempt will tell */
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	for (int r = 0; r < MSG_REASONS; r++) { /* as TLS: it runs */
		if (r != MSG_REASON_REFUSED)
			lab_give(&lab, (struct elect_event){.type = ELECT_EV_LINK,
			                                    .sid = 1,
			                                    .link = MSG_LINK_DOWN,
			                                    .reason = (enum msg_reason)r,
			                                    .was_up = true});
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	}
	lab_link(&lab, 1, false, true, true);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
	lab_end(&lab);
}

/* It voted otherwise, then died: nobody waits for it. */
static void
test_down_after_voting(void **state)
{
	(void)state;
	reach_quorum(true, 3, 3);
	lab_recv(&lab, 1, L, 1, 5, 1, 0);
	lab_link(&lab, 1, false, true, true);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
	lab_end(&lab);
}

static void
test_down_without_quorum(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_look(&lab, 5, 0);
	lab_link(&lab, 1, false, true, true);
	lab_link(&lab, 2, false, true, true);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	lab_end(&lab);
}

static void
test_gave_up_leader(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 3, true);
	lab_start(&lab);
	lab_look_without(&lab, 3);
	lab_recv(&lab, 1, L, 2, 0, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 2, 1);
	lab_end(&lab);
}

/* The leader that was given up votes in this round: it lives, and counts. */
static void
test_gave_up_leader_looks(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_look_without(&lab, 2);
	lab_recv(&lab, 2, L, 2, 0, 1, 0);
	lab_recv(&lab, 1, L, 3, 0, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_recv(&lab, 2, L, 3, 0, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
	lab_end(&lab);
}

/* Its vote of the round before is no life sign in this one. */
static void
test_gave_up_leader_looked_before(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_look_without(&lab, 2);
	lab_recv(&lab, 2, L, 2, 0, 1, 0);
	lab_recv(&lab, 1, L, 1, 0, 2, 0); /* we go on to round 2 */
	lab_recv(&lab, 1, L, 3, 0, 2, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 2);
	lab_end(&lab);
}

/* Giving up ourselves (we led and lost the quorum) makes nobody dead. */
static void
test_gave_up_self(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_look_without(&lab, 3);
	lab_recv(&lab, 2, L, 3, 0, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_end(&lab);
}

/* 1 and 2 count, 3 has no weight and a better id: it will never agree. */
static void
prepare_weightless(void)
{
	lab_prepare(&lab, 2, 3, true);
	lab_config.hierarchical = true;
	lab_config.weight_count = 3;
	for (unsigned i = 0; i < 3; i++)
		lab_config.weights[i] =
		    (struct qconfig_weight){.sid = i + 1, .weight = i < 2 ? 1 : 0};
	lab_config.group_count = 1;
	lab_config.groups[0] =
	    (struct qconfig_group){.gid = 1, .member_count = 3, .members = {1, 2, 3}};
}

static void
test_weightless_not_awaited(void **state)
{
	(void)state;
	prepare_weightless();
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_recv(&lab, 3, L, 3, 0, 1, 0);
	lab_recv(&lab, 1, L, 2, 0, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 2, 1);
	lab_end(&lab);
}

/* Without a weight here, with one there: its word matters there. */
static void
test_weightless_in_one(void **state)
{
	static struct qconfig last_seen;

	(void)state;
	lab_servers(&last_seen, 1, 3);
	last_seen.version = 1;
	prepare_weightless();
	lab.options.last_seen = &last_seen;
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_recv(&lab, 1, L, 2, 0, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_recv(&lab, 3, L, 2, 0, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 2, 1);
	lab_end(&lab);
}

static void
test_observers_not_awaited(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 3, true);
	lab_config.servers[2].observer = true;
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_recv(&lab, 1, L, 2, 0, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 2, 1);
	lab_end(&lab);
}

/* 1, 2, 3 now and 3, 4, 5 to come: both must agree, and all five are awaited. */
static void
test_two_configurations(void **state)
{
	static struct qconfig last_seen;

	(void)state;
	lab_servers(&last_seen, 3, 5);
	last_seen.version = 1;
	lab_prepare(&lab, 3, 3, true);
	lab.options.last_seen = &last_seen;
	lab_start(&lab);
	lab_look(&lab, 9, 0);
	lab_recv(&lab, 1, L, 3, 9, 1, 0);
	lab_recv(&lab, 2, L, 3, 9, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	lab_link(&lab, 5, false, true, true);
	lab_link(&lab, 4, false, true, true);
	assert_int_equal(lab_view(&lab).phase,
	                 ELECT_PHASE_WAIT); /* no quorum of 3, 4, 5 */
	lab_recv(&lab, 4, L, 3, 9, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, D, 3, 1);
	lab_end(&lab);
}

/* Who voted for us changed to a worse vote in the window (a restart without memory). */
static void
test_quorum_falls(void **state)
{
	(void)state;
	reach_quorum(true, 3, 3);
	lab_recv(&lab, 2, L, 2, 5, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1); /* and is told better */
	assert_true(lab_wait(&lab, 200));
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	assert_int_equal(elect_due_ms(lab.e), 1400);
	lab_recv(&lab, 2, L, 3, 5, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	assert_true(lab_wait(&lab, 200));
	decided(ELECT_REASON_WINDOW_ENDED, D, 3, 1);
	lab_end(&lab);
}

static void
test_window_ignores(void **state)
{
	static const struct {
		int64_t from;
		int32_t state;
		int64_t leader, zxid, round;
	} cases[] = {
	    {1, O, 1, 0, 1},  {1, L, 1, 0, 2},  {1, L, 1, 0, 0},
	    {1, L, -1, 5, 1}, {1, L, 1, -1, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		reach_quorum(true, 3, 3);
		lab_recv(&lab, cases[i].from, cases[i].state, cases[i].leader,
		         cases[i].zxid, cases[i].round, 0);
		assert_int_equal(lab_dropped(&lab, ELECT_REASON_WINDOW), 1);
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
		assert_int_equal(lab_view(&lab).clock, 1);
		lab_end(&lab);
	}
}

static void
test_better_vote_ends_window(void **state)
{
	(void)state;
	reach_quorum(true, 3, 3);
	lab_recv(&lab, 1, L, 1, 6, 1, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 1);
	assert_int_equal(lab_view(&lab).phase,
	                 ELECT_PHASE_FINALIZE); /* 1's and our own */
	lab_recv(&lab, 2, L, 1, 6, 1, 0);
	decided(ELECT_REASON_ALL_AGREE, F, 1, 1);
	lab_end(&lab);
}

static void
test_established(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_look(&lab, 9, 0);
	lab_recv(&lab, 2, F, 1, 0, 7, 4);
	assert_true(lab_quiet(&lab));
	lab_recv(&lab, 1, D, 1, 0, 7, 4);
	decided(ELECT_REASON_ESTABLISHED, F, 1, 7);
	assert_int_equal(lab_view(&lab).clock, 7);
	lab_end(&lab);
}

/* S7: a quorum that names us, who must not lead. */
static void
test_not_eligible(void **state)
{
	(void)state;
	for (int weightless = 0; weightless < 2; weightless++) {
		lab_prepare(&lab, 3, 3, true);
		if (weightless) {
			prepare_weightless();
			lab.options.sid = 3;
		} else {
			lab.options.observer = true;
		}
		lab_start(&lab);
		lab_look(&lab, 0, 0);
		lab_recv(&lab, 1, F, 3, 0, 1, 0);
		lab_recv(&lab, 2, F, 3, 0, 1, 0);
		assert_int_equal(lab_dropped(&lab, ELECT_REASON_NOT_ELIGIBLE), 1);
		assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
		assert_int_equal(lab_view(&lab).state, L);
		assert_true(elect_due_ms(lab.e) > lab.now_ms);
		lab_end(&lab);
	}
}

static void
test_not_a_member(void **state)
{
	(void)state;
	lab_prepare(&lab, 9, 3, true);
	lab_start(&lab);
	lab_look(&lab, 100, 100);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, INT64_MIN, 1);
	lab_recv(&lab, 1, F, 2, 0, 4, 1);
	lab_recv(&lab, 2, D, 2, 0, 4, 1);
	decided(ELECT_REASON_ESTABLISHED, F, 2, 4);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_zookeeper_waits),
	    cmocka_unit_test(test_window_fixed),
	    cmocka_unit_test(test_wait_fixed),
	    cmocka_unit_test(test_all_agree),
	    cmocka_unit_test(test_all_agree_by_adopting),
	    cmocka_unit_test(test_alone),
	    cmocka_unit_test(test_disagreement_waits),
	    cmocka_unit_test(test_provably_down),
	    cmocka_unit_test(test_goes_down_in_window),
	    cmocka_unit_test(test_down_after_voting),
	    cmocka_unit_test(test_down_without_quorum),
	    cmocka_unit_test(test_gave_up_leader),
	    cmocka_unit_test(test_gave_up_leader_looks),
	    cmocka_unit_test(test_gave_up_leader_looked_before),
	    cmocka_unit_test(test_gave_up_self),
	    cmocka_unit_test(test_weightless_not_awaited),
	    cmocka_unit_test(test_weightless_in_one),
	    cmocka_unit_test(test_observers_not_awaited),
	    cmocka_unit_test(test_two_configurations),
	    cmocka_unit_test(test_quorum_falls),
	    cmocka_unit_test(test_window_ignores),
	    cmocka_unit_test(test_better_vote_ends_window),
	    cmocka_unit_test(test_established),
	    cmocka_unit_test(test_not_eligible),
	    cmocka_unit_test(test_not_a_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
