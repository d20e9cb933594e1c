/* elector/elect: what the peer says: serials, rounds, silence. */
#include "elector/elect_core.h"
#include "tests/unit/test_elect_lab.h"

#include <errno.h>

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
test_options(void **state)
{
	struct elect_options o;
	static struct qconfig bad;
	struct elect *e = NULL;

	(void)state;
	elect_options_zookeeper(&o);
	assert_int_equal(o.notify_min_ms, 200);
	assert_int_equal(o.notify_max_ms, 60000);
	assert_int_equal(o.finalize_ms, 200);
	assert_false(o.early_finalize || o.fixed_window || o.settled_in_window ||
	             o.fixed_wait || o.keep_early_votes || o.answer_worse ||
	             o.send_on_link_up || o.doubt || o.links || o.guarded || o.yield);
	elect_options_ours(&o);
	assert_int_equal(o.notify_max_ms, 1000);
	assert_true(o.early_finalize && o.fixed_window && o.settled_in_window &&
	            o.fixed_wait && o.keep_early_votes && o.answer_worse &&
	            o.send_on_link_up && o.doubt && o.links && o.guarded && o.yield);
	bad.hierarchical = true;
	bad.group_count = 1;
	bad.groups[0].member_count = 1; /* without a weight */
	o.config = &bad;
	assert_int_equal(elect_new(&e, &o), -EINVAL);
	lab_servers(&lab_config, 1, 3);
	o.config = &lab_config;
	o.last_seen = &bad;
	assert_int_equal(elect_new(&e, &o), -EINVAL);
	assert_null(e);
	elect_free(NULL);
}

static void
test_serials(void **state)
{
	struct msg_serial a = {1, 9}, b = {2, 1}, c = {2, 2};

	(void)state;
	assert_true(msg_serial_compare(&a, &b) < 0);
	assert_true(msg_serial_compare(&b, &a) > 0);
	assert_true(msg_serial_compare(&b, &c) < 0);
	assert_true(msg_serial_compare(&c, &b) > 0);
	assert_true(msg_serial_compare(&c, &c) == 0);
}

static void
test_names(void **state)
{
	(void)state;
	for (int r = 0; r < ELECT_REASONS; r++) {
		assert_non_null(elect_reason_name((enum elect_reason)r));
		assert_true(strlen(elect_reason_name((enum elect_reason)r)) > 1);
		for (int q = 0; q < r; q++)
			assert_string_not_equal(elect_reason_name((enum elect_reason)r),
			                        elect_reason_name((enum elect_reason)q));
	}
	assert_string_equal(elect_reason_name(ELECT_REASONS), "?");
}

static void
test_views(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	assert_int_equal(lab.e->voter_count, 3);
	assert_int_equal(lab.e->voters[2].sid, 3);
	assert_true(elect_is_voter(lab.e, 2));
	assert_false(elect_is_voter(lab.e, 4));
	assert_int_equal(lab.e->quorums.current.voter_count, 3);
	assert_true(lab_view(&lab).silent);
	assert_true(elect_due_ms(lab.e) == UINT64_MAX);
	lab_end(&lab);
}

static void
test_look(void **state)
{
	const struct elect_action *a;

	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	lab_look(&lab, 7, 2);
	assert_int_equal(lab.out.list[0].type, ELECT_ACT_STATE); /* before the frame */
	assert_int_equal(lab.out.list[1].type, ELECT_ACT_BROADCAST);
	a = lab_first(&lab, ELECT_ACT_STATE);
	assert_int_equal(a->serial.count, 1);
	assert_int_equal(a->vote.zxid, 7);
	assert_int_equal(a->vote.epoch, 2);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 1);
	assert_false(lab_view(&lab).silent);
	assert_int_equal(elect_due_ms(lab.e), 1200);
	/* again, or an older one */
	lab_look_again(&lab, 7, 2);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	assert_true(lab_quiet(&lab));
	lab.words = 0;
	lab_give(&lab, (struct elect_event){.type = ELECT_EV_LOOK});
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	/* a new one */
	lab.words = 1;
	lab_look(&lab, 8, 2);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 2);
	lab_end(&lab);
}

/* The round of a look: above all that is known. */
static void
test_round(void **state)
{
	static const struct {
		int64_t clock, said, last_round, want;
	} cases[] = {
	    {0, 0, 0, 1},  {5, 0, 0, 6},    {5, 7, 0, 8},   {5, 7, 9, 10},
	    {9, 7, 5, 10}, {5, 0, -3, 6},   {-9, 0, 0, -8}, {INT64_MAX, 0, 0, INT64_MIN},
	    {0, 3, 3, 4},  {-9, 0, -4, -3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_prepare(&lab, 1, 3, true);
		lab.options.synced = false;
		lab.options.clock = cases[i].clock;
		lab_start(&lab);
		if (cases[i].said)
			give_state(1, 2, cases[i].said);
		lab_give(&lab, (struct elect_event){
				   .type = ELECT_EV_LOOK,
				   .look = {.serial = lab_serial(2),
		                            .last_round = cases[i].last_round}});
		lab_type(&lab, ELECT_EV_SYNCED);
		lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, cases[i].want);
		lab_end(&lab);
	}
}

static void
test_answer_repeated(void **state)
{
	(void)state;
	lab_prepare(&lab, 2, 2, true);
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_recv(&lab, 1, L, 2, 0, 1, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 2, 1);
	lab_look_again(&lab, 0, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 2, 1);
	assert_int_equal(lab_first(&lab, ELECT_ACT_DECIDED)->reason,
	                 ELECT_REASON_REPEATED);
	assert_int_equal(lab.out.count, 1);
	/* also after silence */
	lab_type(&lab, ELECT_EV_ABSENT);
	lab_look_again(&lab, 0, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), D, 2, 1);
	assert_int_equal(lab_view(&lab).state, D);
	lab_end(&lab);
}

static void
test_role(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_role(&lab, F, 3, 12, 5); /* ends the look */
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_IDLE);
	assert_int_equal(lab_view(&lab).clock, 12);
	lab_recv(&lab, 2, L, 2, 0, 1, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), F, 3, 12);
	assert_int_equal(lab_first(&lab, ELECT_ACT_SEND)->vote.epoch, 5);
	lab_role(&lab, F, 3, 12, 6);
	assert_int_equal(lab_view(&lab).current.epoch, 6);
	/* repeated, older, a state that is no role */
	lab.words -= 1;
	lab_role(&lab, F, 2, 1, 1);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	lab.words -= 2;
	lab_role(&lab, F, 2, 1, 1);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	lab.words += 7;
	lab_role(&lab, L, 2, 1, 1);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	lab_role(&lab, 4, 2, 1, 1);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	assert_int_equal(lab_view(&lab).current.leader, 3);
	lab_end(&lab);
}

/* A serial belongs to one word: the other with the same is refused. */
static void
test_serial_of_one_word(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab.words--;
	lab_role(&lab, F, 3, 12, 5);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	lab_role(&lab, F, 3, 12, 5);
	lab_look_again(&lab, 0, 0);
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_STALE), 1);
	assert_int_equal(lab_view(&lab).state, F);
	lab_end(&lab);
}

static void
test_silent(void **state)
{
	(void)state;
	unsynced();
	lab_type(&lab, ELECT_EV_SYNCED); /* nobody has said anything */
	assert_true(lab_view(&lab).silent);
	lab_recv(&lab, 2, L, 2, 0, 1, 0);
	assert_true(lab_quiet(&lab));
	lab_recv(&lab, 99, L, 2, 0, 1, 0); /* outsiders neither */
	assert_true(lab_quiet(&lab));
	assert_int_equal(lab_dropped(&lab, ELECT_REASON_SILENT), 1);
	lab_end(&lab);
}

static void
test_absent(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_ABSENT);
	assert_true(lab_view(&lab).silent);
	assert_true(elect_due_ms(lab.e) == UINT64_MAX);
	lab.now_ms += 5000;
	lab_type(&lab, ELECT_EV_DUE);
	assert_int_equal(lab.out.count, 0);
	lab_link(&lab, 2, true, true, false);
	assert_int_equal(lab.out.count, 0);
	lab_recv(&lab, 2, L, 2, 0, 4, 0);
	assert_true(lab_quiet(&lab));
	/* the same peer is back with the same look: where we were */
	lab_look_again(&lab, 0, 0);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 1);
	assert_int_equal(lab_view(&lab).clock, 4); /* by the vote that was kept */
	lab_end(&lab);
}

/* Another peer process: its first look is above the round of before. */
static void
test_absent_then_new_peer(void **state)
{
	(void)state;
	lab_prepare(&lab, 1, 3, true);
	lab_start(&lab);
	lab_role(&lab, F, 3, 6, 1);
	lab_type(&lab, ELECT_EV_ABSENT);
	lab_give(&lab,
	         (struct elect_event){.type = ELECT_EV_LOOK, .look = {.serial = {2, 1}}});
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 7);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_serials),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_views),
	    cmocka_unit_test(test_look),
	    cmocka_unit_test(test_round),
	    cmocka_unit_test(test_answer_repeated),
	    cmocka_unit_test(test_role),
	    cmocka_unit_test(test_serial_of_one_word),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_absent),
	    cmocka_unit_test(test_absent_then_new_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
