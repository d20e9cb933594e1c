/* elector/elect: what connmgr tells a new elector, or one that attached again. */
#include "tests/unit/test_elect_lab.h"

static struct lab lab;

/* Node 1 of 3 with all of ours, still waiting for its replay. */
static void
unsynced(void)
{
	lab_prepare(&lab, 1, 3, true);
	lab.options.synced = false;
	lab_start(&lab);
}

static void
give_state(uint64_t serial, int64_t leader, int64_t round)
{
	lab_give(&lab, (struct elect_event){.type = ELECT_EV_STATE,
	                                    .serial = lab_serial(serial),
	                                    .vote = {.leader = leader, .round = round}});
}

static void
give_decided(uint64_t serial, int32_t state, int64_t leader, int64_t round)
{
	lab_give(&lab, (struct elect_event){
			   .type = ELECT_EV_DECIDED,
			   .serial = lab_serial(serial),
			   .vote = {.leader = leader, .round = round, .state = state}});
}

static void
test_replay_waits_for_synced(void **state)
{
	(void)state;
	unsynced();
	lab_look(&lab, 5, 0);
	assert_int_equal(lab.out.count, 0);
	lab_link(&lab, 2, true, true, false);
	lab_recv(&lab, 2, L, 2, 5, 1, 0);
	assert_true(lab_quiet(&lab));
	lab_type(&lab, ELECT_EV_DUE);
	assert_int_equal(lab.out.count, 0);
	assert_true(elect_due_ms(lab.e) == UINT64_MAX);
	lab_type(&lab, ELECT_EV_SYNCED);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 1);
	assert_int_equal(lab_view(&lab).proposal.leader, 2); /* the early vote */
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab.out.count, 0);
	lab_end(&lab);
}

/* A server down since before the look, told after it: the decision needs no window. */
static void
test_links_after_look(void **state)
{
	(void)state;
	unsynced();
	lab_look(&lab, 5, 0);
	lab_recv(&lab, 2, L, 1, 5, 1, 0);
	lab_link(&lab, 3, false, true, true);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_first(&lab, ELECT_ACT_DECIDED)->reason,
	                 ELECT_REASON_ALL_AGREE);
	lab_end(&lab);
}

static void
test_resumes(void **state)
{
	(void)state;
	unsynced();
	give_state(4, 3, 8);
	lab.words = 3;
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_count(&lab, ELECT_ACT_STATE), 0); /* known already */
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 3, 8);
	assert_int_equal(lab_view(&lab).clock, 8);
	/* votes count anew: two more are needed */
	lab_recv(&lab, 2, L, 3, 0, 8, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	/* the next look is above */
	lab_look(&lab, 0, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 9);
	lab_is_vote(lab_first(&lab, ELECT_ACT_STATE), L, 1, 9);
	lab_end(&lab);
}

/* The candidate is no voter any more: a new round, above. */
static void
test_resumes_not_for_outsider(void **state)
{
	(void)state;
	unsynced();
	give_state(4, 77, 8);
	lab.words = 3;
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 9);
	lab_end(&lab);
}

static void
test_resumes_as_observer(void **state)
{
	(void)state;
	lab_prepare(&lab, 9, 3, true);
	lab.options.synced = false;
	lab.options.observer = true;
	lab_start(&lab);
	give_state(1, INT64_MIN, 8);
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, INT64_MIN, 8);
	lab_end(&lab);
}

static void
test_state_newest_serial(void **state)
{
	(void)state;
	unsynced();
	give_state(4, 3, 8);
	give_state(3, 2, 20); /* older: not the newest, though larger */
	lab.words = 3;
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_view(&lab).clock, 8);
	lab_end(&lab);
}

static void
test_decided_taken(void **state)
{
	(void)state;
	unsynced();
	give_state(1, 3, 8);
	lab_look(&lab, 0, 0);
	give_decided(1, F, 3, 8);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), F, 3, 8);
	assert_int_equal(lab_view(&lab).state, F);
	assert_int_equal(lab_view(&lab).clock, 8);
	lab_recv(&lab, 2, L, 2, 0, 9, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), F, 3, 8);
	lab_end(&lab);
}

static void
test_decided_of_another_look(void **state)
{
	(void)state;
	unsynced();
	give_decided(1, F, 3, 8);
	give_decided(1, L, 2, 9); /* no decision */
	lab.words = 1;
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	give_decided(2, F, 3, 1); /* and none is believed later */
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	lab_end(&lab);
}

static void
test_replayed_role(void **state)
{
	(void)state;
	unsynced();
	lab_look(&lab, 0, 0);
	lab_role(&lab, D, 1, 4, 2);
	lab.words = 0;
	lab_look(&lab, 0, 0); /* older than the role */
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab.out.count, 0);
	assert_int_equal(lab_view(&lab).state, D);
	lab_end(&lab);
}

static void
test_again_while_looking(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_link(&lab, 2, true, true, false);
	lab_look(&lab, 0, 0);
	lab_recv(&lab, 2, L, 3, 0, 1, 0);
	assert_int_equal(elect_due_ms(lab.e), 1200);
	lab_type(&lab, ELECT_EV_AGAIN);
	assert_true(elect_due_ms(lab.e) == UINT64_MAX); /* what we know of links is old */
	lab.now_ms = 1300;
	lab_type(&lab, ELECT_EV_DUE);
	assert_int_equal(lab.out.count, 0);
	give_state(1, 3, 1);
	lab_look_again(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 3, 1); /* said anew */
	assert_int_equal(lab_count(&lab, ELECT_ACT_STATE), 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	assert_int_equal(elect_due_ms(lab.e), 1200); /* over: now */
	lab_type(&lab, ELECT_EV_DUE);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 3, 1);
	lab_end(&lab);
}

/* Link states of before a replay count no more: nobody is known to be down. */
static void
test_again_forgets_links(void **state)
{
	(void)state;
	lab_prepare(&lab, 3, 3, true);
	lab_start(&lab);
	lab_link(&lab, 1, false, true, true);
	lab_type(&lab, ELECT_EV_AGAIN);
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	lab_recv(&lab, 2, L, 3, 0, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_end(&lab);
}

static void
test_again_without_peer(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	lab_role(&lab, F, 3, 6, 1);
	lab_type(&lab, ELECT_EV_AGAIN);
	lab_type(&lab, ELECT_EV_ABSENT);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_true(lab_view(&lab).silent);
	/* it is back and says the same again */
	lab_recv(&lab, 2, L, 2, 0, 1, 0);
	lab.words--;
	lab_role(&lab, F, 3, 6, 1);
	assert_false(lab_view(&lab).silent);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), F, 3, 6); /* 2 asked meanwhile */
	assert_int_equal(lab_first(&lab, ELECT_ACT_SEND)->sid, 2);
	lab_end(&lab);
}

static void
test_again_after_decision(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 2, true);
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_recv(&lab, 1, L, 2, 0, 1, 0);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 1);
	lab_type(&lab, ELECT_EV_AGAIN);
	lab_look_again(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 1);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 0);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_replay_waits_for_synced),
	    cmocka_unit_test(test_links_after_look),
	    cmocka_unit_test(test_resumes),
	    cmocka_unit_test(test_resumes_not_for_outsider),
	    cmocka_unit_test(test_resumes_as_observer),
	    cmocka_unit_test(test_state_newest_serial),
	    cmocka_unit_test(test_decided_taken),
	    cmocka_unit_test(test_decided_of_another_look),
	    cmocka_unit_test(test_replayed_role),
	    cmocka_unit_test(test_again_while_looking),
	    cmocka_unit_test(test_again_forgets_links),
	    cmocka_unit_test(test_again_without_peer),
	    cmocka_unit_test(test_again_after_decision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
