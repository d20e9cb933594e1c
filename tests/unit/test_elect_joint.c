/* elector/elect where others have another record than we have: rules N6 to N8. */
#include "tests/unit/elect_members.h"

/* 2 holds itself for none by a newer record, and takes our vote in its own round only. */
static void
who_votes_for_nobody_calls_us_to_its_round(void **state)
{
	(void)state;
	prepare(4, 2, 4, 6);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 2, L, INT64_MIN, INT64_MIN, 7, INT64_MIN);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 4, 7);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT); /* no vote for us */
	agree(2);
	agree(3);
	agree(1); /* all */
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 4, 7);
	lab_end(&lab);

	/* not down, nor by whoever has a leader, nor by who is no voter of ours */
	prepare(4, 2, 4, 6);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 2, L, INT64_MIN, INT64_MIN, 1, INT64_MIN);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 0);
	lab_recv(&lab, 2, O, INT64_MIN, INT64_MIN, 7, INT64_MIN);
	lab_recv(&lab, 9, L, INT64_MIN, INT64_MIN, 7, INT64_MIN);
	lab_recv(&lab, 2, L, 9, 5, 7, 1); /* a vote for somebody: perhaps he comes */
	assert_int_equal(lab_view(&lab).clock, 1);
	lab_end(&lab);

	prepare(4, 2, 4, 6); /* as in ZooKeeper */
	lab.options.follow_newer = false;
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 2, L, INT64_MIN, INT64_MIN, 7, INT64_MIN);
	assert_int_equal(lab_view(&lab).clock, 1);
	lab_end(&lab);
}

/* The old membership went on without the new one (N7), or the new one without the old. */
static void
a_quorum_of_either_is_followed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int64_t leader = i == 0 ? 1 : 6, follower = i == 0 ? 2 : 5;

		prepare(4, 4, 6, 6); /* 1 … 3 and 4 … 6 */
		lab_start(&lab);
		lab_look(&lab, 5, 1);
		lab_recv(&lab, follower, F, leader, 5, 9, 1);
		assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
		lab_recv(&lab, leader, D, leader, 5, 9, 1);
		lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), F, leader, 9);
		lab_end(&lab);

		prepare(4, 4, 6, 6); /* nobody leads by that */
		lab_start(&lab);
		lab_look(&lab, 5, 1);
		lab_recv(&lab, follower, L, leader, 5, 1, 1);
		lab_recv(&lab, leader, L, leader, 5, 1, 1);
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
		lab_end(&lab);
	}
	/* nor leads who hears that it leads */
	prepare(4, 4, 6, 6);
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 5, F, 4, 5, 1, 1);
	lab_recv(&lab, 6, F, 4, 5, 1, 1);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	lab_end(&lab);
	/* two that do not count jointly */
	prepare(4, 4, 6, 6);
	lab.options.joint = false;
	lab_start(&lab);
	lab_look(&lab, 5, 1);
	lab_recv(&lab, 2, F, 1, 5, 9, 1);
	lab_recv(&lab, 1, D, 1, 5, 9, 1);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
	lab_end(&lab);
}

/* For 9 we may be a voter, though it is none for us. */
static void
an_outsider_hears_our_vote_of_this_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		prepare(2, 0, 0, 0);
		lab.options.follow_newer = i == 0;
		lab_start(&lab);
		lab_role(&lab, F, 3, 4, 6); /* 3 is gone, or has another disk */
		lab_look(&lab, 5, 1);
		lab_recv(&lab, 9, L, 9, 5, 5, 1);
		lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), L, i == 0 ? 2 : 3, 5);
		lab_end(&lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_votes_for_nobody_calls_us_to_its_round),
	    cmocka_unit_test(a_quorum_of_either_is_followed),
	    cmocka_unit_test(an_outsider_hears_our_vote_of_this_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
