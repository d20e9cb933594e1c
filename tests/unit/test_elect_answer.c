/* elector/elect: who is answered what; early votes, doubts, links, timeouts,
 * configurations. */
#include "tests/unit/test_elect_lab.h"

static struct lab lab;

static void
looking(bool ours)
{
	lab_prepare(&lab, 2, 3, ours);
	lab_start(&lab);
	lab_look(&lab, 5, 0);
}

static void
following(bool ours)
{
	lab_prepare(&lab, 2, 3, ours);
	lab_start(&lab);
	lab_role(&lab, F, 3, 6, 1);
}

static void
sent(int64_t sid, int32_t state, int64_t leader, int64_t round)
{
	const struct elect_action *a = lab_first(&lab, ELECT_ACT_SEND);

	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 1);
	assert_int_equal(a->sid, sid);
	lab_is_vote(a, state, leader, round);
}

static void
test_outsiders(void **state)
{
	(void)state;
	looking(true);
	lab_recv(&lab, 99, 7, 1, 0, 0, 0); /* not even its state is looked at */
	sent(99, L, 2, 1);                 /* ourselves; the round is the clock */
	lab_recv(&lab, 3, L, 3, 6, 8, 0);
	lab_recv(&lab, -4, F, 1, 0, 0, 0);
	sent(-4, L, 2, 8); /* not the proposal */
	lab_role(&lab, F, 3, 8, 2);
	lab_recv(&lab, INT64_MAX, L, 1, 0, 0, 0);
	sent(INT64_MAX, F, 3, 8);
	lab_look(&lab, 5, 0);
	lab_recv(&lab, 99, L, 1, 0, 0, 0);
	sent(99, L, 3, 9); /* the leader before */
	lab_end(&lab);
}

static void
test_lower_round(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 5, true);
	lab_start(&lab);
	lab_look(&lab, 5, 0);
	lab_recv(&lab, 3, L, 3, 6, 9, 0);
	lab_recv(&lab, 1, L, 1, 5, 4, 0);
	sent(1, L, 3, 9);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_LOWER_ROUND), 1);
	lab_recv(&lab, 1, F, 1, 5, 4, 0);
	assert_true(lab_quiet(&lab));
	lab_end(&lab);
}

static void
test_serving(void **state)
{
	(void)state;
	following(true);
	lab_recv(&lab, 1, L, 1, 5, 4, 0);
	sent(1, F, 3, 6);
	for (int32_t s = F; s <= O; s++) {
		lab_recv(&lab, 1, s, 1, 5, 4, 0);
		assert_int_equal(lab_dropped(&lab, ELECT_REASON_NOT_ASKED), 1);
		assert_true(lab_quiet(&lab));
	}
	lab_recv(&lab, 1, 4, 1, 5, 4, 0);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STATE), 1);
	lab_recv(&lab, 1, -1, 1, 5, 4, 0);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STATE), 1);
	lab_end(&lab);
}

static void
test_own_name(void **state)
{
	(void)state;
	looking(true);
	lab_recv(&lab, 2, L, 2, 9, 9, 9);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_OWN), 1);
	assert_int_equal(lab_view(&lab).clock, 1);
	lab_end(&lab);
	looking(false); /* ZooKeeper answers itself, and goes on */
	lab_recv(&lab, 2, L, 2, 5, 0, 0);
	sent(2, L, 2, 1);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	lab_end(&lab);
}

static void
test_worse_vote(void **state)
{
	static const struct {
		bool ours;
		int64_t leader, zxid;
		unsigned answers;
	} cases[] = {
	    {true, 1, 5, 1},  {true, 2, 4, 1},  {true, 2, 5, 0}, /* the same */
	    {false, 1, 5, 0}, {false, 2, 4, 0}, {true, 3, 5, 0}, /* better: broadcast */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		looking(cases[i].ours);
		lab_recv(&lab, 1, L, cases[i].leader, cases[i].zxid, 1, 0);
		assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), cases[i].answers);
		if (cases[i].answers)
			sent(1, L, 2, 1);
		lab_end(&lab);
	}
}

static void
test_useless_votes(void **state)
{
	static const struct {
		int64_t from;
		int32_t state;
		int64_t leader, zxid;
		enum elect_reason want;
	} cases[] = {
	    {1, L, 77, 9, ELECT_REASON_OUTSIDER},
	    {1, F, 77, 9, ELECT_REASON_OUTSIDER},
	    {1, O, 1, 9, ELECT_REASON_OBSERVING},
	    {1, L, 1, -1, ELECT_REASON_NO_ZXID},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		looking(true);
		lab.now_ms += 50;
		lab_recv(&lab, cases[i].from, cases[i].state, cases[i].leader,
		         cases[i].zxid, 1, 0);
		assert_int_equal(lab_dropped(&lab, cases[i].want), 1);
		assert_true(lab_quiet(&lab));
		assert_int_equal(elect_due_ms(lab.e), 1200); /* ours is not put off */
		lab_end(&lab);
	}
}

static void
test_own_zxid_minus_one(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 3, true);
	lab_start(&lab);
	lab_look(&lab, -1, 0);
	lab_recv(&lab, 3, L, 3, 5, 9, 0);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_NO_ZXID), 1);
	assert_int_equal(lab_view(&lab).clock, 1);
	lab_end(&lab);
}

/* Where Java throws: a leader that votes, but has no weight in the configuration in
 * force. */
static void
test_no_weight(void **state)
{
	static struct qconfig last_seen;
	struct elect_view before, after;

	(void)state;
	lab_servers(&last_seen, 1, 5);
	lab_prepare(&lab, 1, 3, true);
	lab_config.hierarchical = true;
	lab_config.weight_count = 3;
	for (unsigned i = 0; i < 3; i++)
		lab_config.weights[i] =
		    (struct qconfig_weight){.sid = i + 1, .weight = 1};
	lab_config.group_count = 1;
	lab_config.groups[0] =
	    (struct qconfig_group){.gid = 1, .member_count = 3, .members = {1, 2, 3}};
	lab.options.last_seen = &last_seen;
	lab_start(&lab);
	lab_look(&lab, 5, 0);
	before = lab_view(&lab);
	lab_recv(&lab, 5, L, 5, 9, 7, 0);
	after = lab_view(&lab);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_WEIGHT), 1);
	assert_true(lab_quiet(&lab));
	assert_int_equal(before.clock, after.clock);
	assert_int_equal(before.proposal.leader, after.proposal.leader);
	assert_int_equal(before.phase, after.phase);
	lab_recv(&lab, 2, L, 1, 5, 1, 0);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_recv(&lab, 2, L, 99, 9, 1, 0); /* in the window any leader */
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_WEIGHT), 1);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
	lab_end(&lab);
}

static void
test_early_votes(void **state)
{
	(void)state;
	following(true);
	lab_recv(&lab, 1, L, 1, 5, 7, 0);
	lab_recv(&lab, 3, L, 3, 5, 4, 0); /* too low by then */
	lab_look(&lab, 0, 0);             /* round 7 */
	assert_int_equal(lab_view(&lab).proposal.leader, 1);
	assert_int_equal(lab_view(&lab).clock, 7);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE); /* 1 and 2 */
	lab_look(&lab, 0, 0);                                         /* taken once */
	assert_int_equal(lab_view(&lab).proposal.leader, 2);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	lab_end(&lab);
}

static void
test_early_votes_forgotten(void **state)
{
	(void)state;
	for (int way = 0; way < 4; way++) {
		following(way != 3);
		lab_recv(&lab, 1, L, 1, 5, 7, 0);
		if (way == 0) /* its link is gone, */
			lab_link(&lab, 1, false, true, false);
		if (way == 1) /* or is another one; */
			lab_link(&lab, 1, true, true, false);
		if (way == 2) /* it looks no more; or it is ZooKeeper's way */
			lab_recv(&lab, 1, F, 3, 5, 7, 0);
		lab_look(&lab, 0, 0);
		assert_int_equal(lab_view(&lab).proposal.leader, 2);
		lab_end(&lab);
	}
}

/* A higher round among them: the others of before are too low. */
static void
test_early_votes_higher_round(void **state)
{
	(void)state;
	following(true);
	lab_recv(&lab, 1, L, 1, 5, 9, 0);
	lab_recv(&lab, 3, L, 3, 6, 8, 0);
	lab_look(&lab, 7, 0);
	assert_int_equal(lab_view(&lab).clock, 9);
	assert_int_equal(lab_view(&lab).proposal.leader, 2);
	lab_end(&lab);
}

/* The first of two early votes ends the election; who sent the other is answered. */
static void
test_early_vote_decides(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 3, true);
	lab_start(&lab);
	lab_role(&lab, F, 3, 6, 1);
	lab_link(&lab, 3, false, true, true);
	lab_recv(&lab, 1, L, 2, 5, 7, 0);
	lab_recv(&lab, 3, L, 3, 0, 7, 0);
	lab_look(&lab, 5, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 2, 7);
	sent(3, D, 2, 7);
	lab_end(&lab);
}

static void
test_doubt(void **state)
{
	static const struct {
		int32_t role;
		int64_t from;
		int32_t state;
		int64_t round;
		unsigned want;
	} cases[] = {
	    {F, 3, L, 7, 1}, {F, 3, L, 6, 0}, {F, 3, L, 5, 0}, {F, 1, L, 7, 0},
	    {F, 3, F, 7, 0}, {F, 3, D, 7, 0}, {D, 3, L, 7, 0}, {O, 3, L, 7, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_prepare(&lab, 2, 3, true);
		lab_start(&lab);
		lab_role(&lab, cases[i].role, 3, 6, 1);
		lab_recv(&lab, cases[i].from, cases[i].state, 3, 0, cases[i].round, 0);
		assert_int_equal(lab_count(&lab, ELECT_ACT_DOUBT), cases[i].want);
		if (cases[i].want) {
			assert_int_equal(lab_first(&lab, ELECT_ACT_DOUBT)->sid, 3);
			assert_int_equal(lab_first(&lab, ELECT_ACT_DOUBT)->serial.count,
			                 1);
			sent(3, F, 3, 6); /* and it is answered as ever */
		}
		lab_end(&lab);
	}
}

/* Where no Zab turns us away: our leader votes for another in our round. */
static void
test_doubt_of_vote(void **state)
{
	static const struct {
		bool on;
		int64_t from, leader, round;
		unsigned want;
	} cases[] = {
	    {true, 3, 1, 6, 1}, {true, 3, 1, 7, 1}, {true, 3, 3, 6, 0},
	    {true, 3, 1, 5, 0}, {true, 1, 2, 6, 0}, {false, 3, 1, 6, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_prepare(&lab, 2, 3, true);
		lab.options.doubt_vote = cases[i].on;
		lab_start(&lab);
		lab_role(&lab, F, 3, 6, 1);
		lab_recv(&lab, cases[i].from, L, cases[i].leader, 9, cases[i].round, 0);
		assert_int_equal(lab_count(&lab, ELECT_ACT_DOUBT), cases[i].want);
		lab_end(&lab);
	}
}

/* Its word came before the role: between decision and role, or while we were silent. */
static void
test_doubt_of_kept(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 3, true);
	lab_start(&lab);
	lab_recv(&lab, 3, L, 3, 0, 7, 0);
	lab_role(&lab, F, 3, 6, 1);
	assert_int_equal(lab_first(&lab, ELECT_ACT_DOUBT)->sid, 3);
	sent(3, F, 3, 6);
	lab_role(&lab, F, 3, 6, 2); /* the epoch: not answered again */
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 0);
	lab_end(&lab);
	following(false);
	lab_recv(&lab, 3, L, 3, 0, 7, 0);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DOUBT), 0);
	lab_end(&lab);
}

static void
test_link_up_sends(void **state)
{
	(void)state;
	looking(true);
	lab_link(&lab, 1, true, true, false);
	sent(1, L, 2, 1);
	lab_link(&lab, 1, false, true, false);
	assert_int_equal(lab.out.count, 0);
	lab_link(&lab, 99, true, true, false); /* no voter */
	assert_int_equal(lab.out.count, 0);
	lab_link(&lab, 2, true, true, false);
	assert_int_equal(lab.out.count, 0);
	lab_role(&lab, F, 3, 6, 1);
	lab_link(&lab, 1, true, true, false);
	assert_int_equal(lab.out.count, 0);
	lab_end(&lab);
	looking(false);
	lab_link(&lab, 1, true, true, false);
	assert_int_equal(lab.out.count, 0);
	lab_end(&lab);
}

static void
test_timeouts(void **state)
{
	static const uint64_t zookeeper[] = {1200,  1600,  2400,  4000,   7200,
	                                     13600, 26400, 52000, 103200, 163200};
	static const uint64_t ours[] = {1200, 1600, 2400, 3400, 4400};

	(void)state;
	for (int o = 0; o < 2; o++) {
		looking(o);
		if (o)
			lab_link(&lab, 1, true, true, false);
		for (unsigned i = 0; i < (o ? 5u : 10u); i++) {
			assert_true(lab_wait(&lab, 60000));
			assert_int_equal(lab.now_ms, o ? ours[i] : zookeeper[i]);
			lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 2, 1);
			assert_int_equal(lab_count(&lab, ELECT_ACT_STATE), 0);
			lab_type(&lab, ELECT_EV_DUE); /* early: harmless */
			assert_int_equal(lab.out.count, 0);
		}
		lab_end(&lab);
	}
}

static void
test_nothing_delivered(void **state)
{
	(void)state;
	looking(true); /* no link is up */
	assert_true(lab_wait(&lab, 200));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 1);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 0);
	lab_link(&lab, 3, true, true, false);
	assert_true(lab_wait(&lab, 400));
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 1);
	lab_link(&lab, 3, false, true, false);
	assert_true(lab_wait(&lab, 800));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 1);
	lab_end(&lab);
	looking(false); /* as told */
	lab_give(&lab,
	         (struct elect_event){.type = ELECT_EV_DELIVERED, .delivered = false});
	assert_true(lab_wait(&lab, 200));
	assert_int_equal(lab_count(&lab, ELECT_ACT_CONNECT_ALL), 1);
	lab_give(&lab,
	         (struct elect_event){.type = ELECT_EV_DELIVERED, .delivered = true});
	assert_true(lab_wait(&lab, 400));
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 1);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_outsiders),
	    cmocka_unit_test(test_lower_round),
	    cmocka_unit_test(test_serving),
	    cmocka_unit_test(test_own_name),
	    cmocka_unit_test(test_worse_vote),
	    cmocka_unit_test(test_useless_votes),
	    cmocka_unit_test(test_own_zxid_minus_one),
	    cmocka_unit_test(test_no_weight),
	    cmocka_unit_test(test_early_votes),
	    cmocka_unit_test(test_early_votes_forgotten),
	    cmocka_unit_test(test_early_votes_higher_round),
	    cmocka_unit_test(test_early_vote_decides),
	    cmocka_unit_test(test_doubt),
	    cmocka_unit_test(test_doubt_of_vote),
	    cmocka_unit_test(test_doubt_of_kept),
	    cmocka_unit_test(test_link_up_sends),
	    cmocka_unit_test(test_timeouts),
	    cmocka_unit_test(test_nothing_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
