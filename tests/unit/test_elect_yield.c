/* elector/elect: rule D8 of docs/ELECTION.md, section "Who should not lead". */
#include "tests/unit/test_elect_lab.h"

#define LOWER (INT64_C(1) << 62)

static struct lab lab;

/* Node 3 of `n`, the best candidate, with (zxid 9, epoch 4). */
static void
begin(unsigned n)
{
	lab_prepare(&lab, 3, n, true);
	lab_start(&lab);
	lab_link(&lab, 1, true, true, false);
	lab_look(&lab, 9, 4);
}

/* 1 begins another round with a vote for itself. */
static void
raise_to(int64_t round)
{
	lab_recv(&lab, 1, L, 1, 5, round, 3);
}

static void
proposes(int64_t leader, int64_t zxid, int64_t epoch, int64_t round)
{
	struct elect_view v = lab_view(&lab);

	assert_int_equal(v.proposal.leader, leader);
	assert_int_equal(v.proposal.zxid, zxid);
	assert_true(v.proposal.epoch == epoch);
	assert_int_equal(v.clock, round);
}

/* The clock goes on to `ms` after 1,000, and the core does what is due on the way. */
static void
until(uint64_t ms)
{
	while (lab.now_ms < 1000 + ms && lab_wait(&lab, 1000 + ms - lab.now_ms))
		;
	assert_int_equal(lab.now_ms, 1000 + ms);
}

static void
test_second_raise(void **state)
{
	(void)state;
	begin(3);
	proposes(3, 9, 4, 1);
	raise_to(5);
	proposes(3, 9, 4, 5);
	raise_to(5); /* the same round again is no raise */
	raise_to(4);
	proposes(3, 9, 4, 5);
	raise_to(6);
	proposes(1, 5, 3, 6); /* worse than what we could say */
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 1, 6);
	lab_end(&lab);
}

/* Its own vote is lowered, not withdrawn. */
static void
test_lowered_vote(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	lab_recv(&lab, 1, L, 1, 5, 6, INT64_MIN); /* of a server that cannot lead */
	proposes(3, 9, 4 - LOWER, 6);
	assert_true(lab_first(&lab, ELECT_ACT_STATE)->vote.epoch == 4 - LOWER);
	lab_recv(&lab, 2, L, 2, 8, 6, 4 - LOWER); /* lowered, too, and worse */
	proposes(3, 9, 4 - LOWER, 6);
	lab_recv(&lab, 2, L, 2, 10, 6, 4 - LOWER);
	proposes(2, 10, 4 - LOWER, 6);
	lab_end(&lab);
}

/* Whoever a quorum elects leads. */
static void
test_elected_all_the_same(void **state)
{
	const struct elect_action *a;

	(void)state;
	begin(3);
	raise_to(5);
	lab_recv(&lab, 1, L, 1, 5, 6, INT64_MIN);
	lab_recv(&lab, 1, L, 3, 9, 6, 4 - LOWER);
	lab_recv(&lab, 2, L, 3, 9, 6, 4 - LOWER);
	a = lab_first(&lab, ELECT_ACT_DECIDED);
	lab_is_vote(a, D, 3, 6);
	lab_end(&lab);
}

/* Rounds that are raised while another is the candidate say nothing about us. */
static void
test_not_the_candidate(void **state)
{
	(void)state;
	begin(5);
	for (int64_t round = 2; round < 6; round++) {
		lab_recv(&lab, 2, L, 2, 20, round, 4); /* the first finds us alone */
		proposes(2, 20, 4, round);
	}
	raise_to(6);
	proposes(3, 9, 4, 6);
	lab_end(&lab);
}

static void
test_each_look_by_itself(void **state)
{
	(void)state;
	begin(3);
	raise_to(5);
	lab_look(&lab, 9, 4);
	proposes(3, 9, 4, 6);
	raise_to(7);
	proposes(3, 9, 4, 7);
	raise_to(8);
	proposes(1, 5, 3, 8);
	lab_look(&lab, 9, 4);
	proposes(3, 9, 4, 9);
	lab_end(&lab);
}

static void
test_off(void **state)
{
	(void)state;
	assert_true(lab.options.yield);
	for (int i = 0; i < 2; i++) {
		lab_prepare(&lab, 3, 3, i == 1);
		lab.options.yield = false;
		lab_start(&lab);
		lab_look(&lab, 9, 4);
		for (int64_t round = 2; round < 9; round++)
			raise_to(round);
		proposes(3, 9, 4, 8);
		lab_end(&lab);
	}
}

/* Votes that are low already: the peer knows better when they rise. */
static void
test_nothing_to_yield(void **state)
{
	static const int64_t low[] = {4 - LOWER, INT64_MIN};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		lab_prepare(&lab, 3, 3, true);
		lab_start(&lab);
		lab_look(&lab, 9, low[i]);
		for (int64_t round = 2; round < 9; round++)
			lab_recv(&lab, 1, L, 1, 8, round, INT64_MIN);
		proposes(3, 9, low[i], 8);
		until(5000);
		proposes(3, 9, low[i], 8);
		lab_end(&lab);
	}
}

static void
test_observer(void **state)
{
	(void)state;
	lab_prepare(&lab, 4, 3, true);
	lab.options.observer = true;
	lab_start(&lab);
	lab_look(&lab, 9, 4);
	for (int64_t round = 2; round < 9; round++)
		raise_to(round);
	proposes(1, 5, 3, 8);
	lab_end(&lab);
}

/* The waits end after 200, 600, 1,400, 2,400, 3,400 … ms. */
static void
test_stands_again(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	until(401);
	raise_to(6);
	until(1400); /* 999 ms without a raise */
	proposes(1, 5, 3, 6);
	until(2399);
	proposes(1, 5, 3, 6);
	until(2400);
	proposes(3, 9, 4, 7);
	lab_is_vote(lab_first(&lab, ELECT_ACT_STATE), L, 3, 7);
	lab_is_vote(lab_first(&lab, ELECT_ACT_BROADCAST), L, 3, 7);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 1);
	assert_int_equal(elect_due_ms(lab.e), 1000 + 3400);
	/* votes of the old round do not count, and all starts anew */
	lab_recv(&lab, 1, L, 3, 9, 7, 4);
	assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_WAIT);
	raise_to(8);
	proposes(3, 9, 4, 8);
	raise_to(9);
	proposes(1, 5, 3, 9);
	lab_end(&lab);
}

/* Exactly after a second, which a deadline at the same time sees. */
static void
test_a_second(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	until(400);
	raise_to(6);
	until(1400);
	proposes(3, 9, 4, 7);
	lab_end(&lab);
}

/* A raise puts it off, whoever is our candidate. */
static void
test_raise_puts_off(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	raise_to(6);
	until(1300);
	proposes(1, 5, 3, 6);
	raise_to(7);
	until(1400);
	proposes(1, 5, 3, 7);
	until(2400);
	proposes(3, 9, 4, 8);
	lab_end(&lab);
}

/* There is no reason for another round where one is known that beats us anyway. */
static void
test_better_is_known(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	raise_to(6);
	lab_recv(&lab, 2, L, 2, 10, 6, 4);
	proposes(2, 10, 4, 6);
	until(2400);
	proposes(2, 10, 4, 6);
	assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), 1);
	raise_to(7); /* it is our first now */
	proposes(3, 9, 4, 7);
	lab_end(&lab);
}

/* Even where nobody is linked, what is proposed has been stored. */
static void
test_stands_again_alone(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	raise_to(6);
	lab_link(&lab, 1, false, true, false);
	until(1400);
	proposes(3, 9, 4, 7);
	lab_is_vote(lab_first(&lab, ELECT_ACT_STATE), L, 3, 7);
	lab_end(&lab);
}

static void
test_last_round(void **state)
{
	(void)state;
	begin(5);
	raise_to(5);
	raise_to(INT64_MAX);
	proposes(1, 5, 3, INT64_MAX);
	until(1400);
	proposes(3, 9, 4, INT64_MAX);
	lab_end(&lab);
}

/* The elector after one that yielded knows that from what that one said. */
static void
test_resumes(void **state)
{
	static const int64_t epochs[] = {4, 4 - LOWER};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		lab_prepare(&lab, 3, 5, true);
		lab.options.synced = false;
		lab_start(&lab);
		lab_give(&lab, (struct elect_event){.type = ELECT_EV_STATE,
		                                    .serial = lab_serial(1),
		                                    .vote = {.leader = 3,
		                                             .zxid = 9,
		                                             .round = 6,
		                                             .epoch = epochs[i]}});
		lab_look(&lab, 9, 4);
		lab_type(&lab, ELECT_EV_SYNCED);
		proposes(3, 9, epochs[i], 6);
		until(600);
		proposes(3, 9, epochs[i], 6);
		until(1400);
		proposes(3, 9, 4, i == 0 ? 6 : 7);
		lab_end(&lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_second_raise),
	    cmocka_unit_test(test_lowered_vote),
	    cmocka_unit_test(test_elected_all_the_same),
	    cmocka_unit_test(test_not_the_candidate),
	    cmocka_unit_test(test_each_look_by_itself),
	    cmocka_unit_test(test_off),
	    cmocka_unit_test(test_nothing_to_yield),
	    cmocka_unit_test(test_observer),
	    cmocka_unit_test(test_stands_again),
	    cmocka_unit_test(test_a_second),
	    cmocka_unit_test(test_raise_puts_off),
	    cmocka_unit_test(test_better_is_known),
	    cmocka_unit_test(test_stands_again_alone),
	    cmocka_unit_test(test_last_round),
	    cmocka_unit_test(test_resumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
