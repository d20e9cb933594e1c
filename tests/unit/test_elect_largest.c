/* elector/elect in the largest configuration: the longest lists of actions that one event
 * can have still fit. 64 voters in force and 64 others proposed; every early vote
 * begins another round. */
#include "tests/unit/test_elect_lab.h"

#define ALL (2 * QUORUM_VOTERS_MAX)

static struct lab lab;
static struct qconfig next;

/* Node `sid` of 1 … 128, silent, with a kept vote of each other voter for sid 1, of the
 * rounds 1, 2, …, with a zxid as high as their sid. */
static void
silent_with_kept_votes(int64_t sid)
{
	lab_prepare(&lab, sid, QUORUM_VOTERS_MAX, true);
	lab_servers(&next, QUORUM_VOTERS_MAX + 1, ALL);
	next.version = 1;
	lab.options.last_seen = &next;
	lab_start(&lab);
	for (int64_t from = 1; from <= ALL; from++) {
		lab_recv(&lab, from, L, 1, from, from, 0);
		assert_true(lab_quiet(&lab));
	}
}

static void
test_each_kept_vote_begins_a_round(void **state)
{
	static const struct {
		int64_t sid;
		int64_t zxid; /* of our own claim */
		unsigned rounds;
		unsigned outsiders;
	} cases[] = {
	    {1, 0, ALL, 0},
	    /* each is worse than our own claim, which is adopted anew in each round */
	    {1, 1000, ALL, 0},
	    /* a voter of the proposed configuration only: we are no candidate; we begin
	     * with the first one's round */
	    {ALL, 1000, ALL - 1, ALL - 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		silent_with_kept_votes(cases[i].sid);
		lab_look(&lab, cases[i].zxid, 0);
		assert_int_equal(lab_count(&lab, ELECT_ACT_BROADCAST), cases[i].rounds);
		assert_int_equal(lab_count(&lab, ELECT_ACT_STATE), cases[i].rounds);
		assert_int_equal(lab_dropped(&lab, ELECT_REASON_OUTSIDER),
		                 cases[i].outsiders);
		assert_true(lab.out.count < ELECT_ACTIONS_MAX);
		lab_end(&lab);
	}
}

/* All who asked are answered when we have a role; the leader among them is doubted. */
static void
test_each_kept_vote_is_answered(void **state)
{
	(void)state;
	silent_with_kept_votes(ALL);
	lab_role(&lab, F, 7, 1, 0);
	assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), ALL - 1);
	assert_int_equal(lab_count(&lab, ELECT_ACT_DOUBT), 1);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_kept_vote_begins_a_round),
	    cmocka_unit_test(test_each_kept_vote_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
