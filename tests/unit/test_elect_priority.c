/* elector/elect: priorities; docs/ELECTION.md, section "Priority". */
#include "tests/unit/test_elect_lab.h"

#define NODES 3

static struct lab lab[NODES];

/* Node `sid` of three, whose record gives it that priority, looks as (zxid 5, epoch 1).
 */
static void
begin(int64_t sid, int64_t priority, bool counts)
{
	struct lab *one = &lab[sid - 1];

	lab_prepare(one, sid, NODES, true);
	one->options.priority = priority;
	one->options.priorities = counts;
	lab_start(one);
	for (int64_t other = 1; other <= NODES; other++)
		if (other != sid)
			lab_link(one, other, true, true, false);
	lab_look(one, 5, 1);
}

/* What was said last reaches all others, again and again, until nobody says anything. How
 * often: a look that goes on for ever shows as a large number. */
static unsigned
settle(void)
{
	struct vote said[NODES];
	bool waits[NODES];
	unsigned passes = 0;

	for (unsigned i = 0; i < NODES; i++) {
		said[i] = lab_first(&lab[i], ELECT_ACT_BROADCAST)->vote;
		waits[i] = true;
	}
	for (unsigned from = 0; passes < 100; from = (from + 1) % NODES) {
		if (!waits[0] && !waits[1] && !waits[2])
			break;
		passes++;
		for (unsigned to = 0; waits[from] && to < NODES; to++) {
			if (to == from)
				continue;
			lab_give(&lab[to],
			         (struct elect_event){.type = ELECT_EV_NOTIF,
			                              .sid = (int64_t)from + 1,
			                              .notif.vote = said[from]});
			for (unsigned k = 0; k < lab[to].out.count; k++)
				if (lab[to].out.list[k].type == ELECT_ACT_BROADCAST) {
					said[to] = lab[to].out.list[k].vote;
					waits[to] = true;
				}
		}
		waits[from] = false;
	}
	return passes;
}

/* All have ended their look with that leader. */
static void
all_chose(int64_t leader)
{
	for (unsigned i = 0; i < NODES; i++) {
		struct elect_view v;

		while (lab[i].e && lab_view(&lab[i]).phase == ELECT_PHASE_FINALIZE)
			lab_wait(&lab[i], 1000);
		v = lab_view(&lab[i]);
		assert_int_equal(v.phase, ELECT_PHASE_IDLE);
		assert_int_equal(v.current.leader, leader);
		lab_end(&lab[i]);
	}
}

static void
test_tie(void **state)
{
	(void)state;
	begin(1, 7, true);
	begin(2, 0, true);
	begin(3, 6, true);
	assert_true(settle() < 20);
	all_chose(1);
}

static void
test_off(void **state)
{
	(void)state;
	begin(1, 7, false);
	begin(2, 0, false);
	begin(3, 6, false);
	assert_int_equal(lab_first(&lab[0], ELECT_ACT_BROADCAST)->vote.priority, 0);
	assert_true(settle() < 20);
	all_chose(3);
}

/* What others say does not count where none count. */
static void
test_off_for_others(void **state)
{
	struct vote v = {
	    .leader = 1, .zxid = 5, .round = 1, .epoch = 1, .version = 2, .priority = 9};

	(void)state;
	begin(3, 0, false);
	lab_give(&lab[2],
	         (struct elect_event){.type = ELECT_EV_NOTIF, .sid = 1, .notif.vote = v});
	assert_int_equal(lab_view(&lab[2]).proposal.leader, 3);
	lab_end(&lab[2]);
}

/* 1 has the record in which its priority is the largest, 2 and 3 have one of before, and
 * know nothing of that. Each vote says the priority of its leader, so that all compare
 * alike whatever their records say. */
static void
test_records_differ(void **state)
{
	(void)state;
	begin(1, 9, true);
	begin(2, 4, true);
	begin(3, 0, true);
	assert_true(settle() < 20);
	all_chose(1);
}

/* In the middle of a look 2 learns a record in which its priority is smaller: its vote of
 * this round falls by no means, since the better one comes back from the others. */
static void
test_record_changes(void **state)
{
	(void)state;
	begin(1, 5, true);
	begin(2, 9, true);
	begin(3, 0, true);
	lab_give(&lab[2],
	         (struct elect_event){.type = ELECT_EV_NOTIF,
	                              .sid = 2,
	                              .notif.vote =
	                                  lab_first(&lab[1], ELECT_ACT_BROADCAST)->vote});
	assert_int_equal(lab_view(&lab[2]).proposal.leader, 2);
	lab_end(&lab[1]);
	begin(2, 1, true);
	assert_int_equal(lab_first(&lab[1], ELECT_ACT_BROADCAST)->vote.priority, 1);
	assert_true(settle() < 20);
	all_chose(2);
}

/* Freshness comes first, and who is lowered (section "Who should not lead") is below all.
 */
static void
test_freshness_first(void **state)
{
	(void)state;
	begin(1, 9, true);
	lab_recv(&lab[0], 2, L, 2, 6, 1, 1);
	assert_int_equal(lab_view(&lab[0]).proposal.leader, 2);
	lab_end(&lab[0]);
	begin(1, 9, true);
	lab_recv(&lab[0], 2, L, 2, 0, 1, 2);
	assert_int_equal(lab_view(&lab[0]).proposal.leader, 2);
	lab_end(&lab[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tie),
	    cmocka_unit_test(test_off),
	    cmocka_unit_test(test_off_for_others),
	    cmocka_unit_test(test_records_differ),
	    cmocka_unit_test(test_record_changes),
	    cmocka_unit_test(test_freshness_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
