/* elector/attach: a ZooKeeper ensemble 1 2 3 that does not know us, 9: what is asked and
 * when, who is believed, what ends a role. */
#include "tests/unit/test_elect_lab.h"

static struct lab lab;

static void
attach(bool synced)
{
	lab_prepare(&lab, 9, 3, true);
	lab.options.observer = true;
	lab.options.synced = synced;
	assert_int_equal(attach_new(&lab.a, &lab.options), 0);
}

/* One question to each of the three, and nothing else to them. */
static void
asks_all(void)
{
	int64_t next = 1;

	for (unsigned i = 0; i < lab.out.count; i++) {
		const struct elect_action *a = &lab.out.list[i];

		if (a->type != ELECT_ACT_SEND) {
			assert_true(a->type == ELECT_ACT_DECIDED ||
			            a->type == ELECT_ACT_DOUBT ||
			            a->type == ELECT_ACT_DROP);
			continue;
		}
		assert_int_equal(a->sid, next++);
		lab_is_vote(a, L, INT64_MIN, 0);
		assert_true(a->vote.zxid == INT64_MIN && a->vote.epoch == INT64_MIN);
	}
	assert_int_equal(next, 4);
}

static void
word(int64_t from, int32_t state, int64_t leader, int64_t epoch)
{
	lab_recv(&lab, from, state, leader, 7, 4, epoch);
}

/* All links are up, and what may be left over has come. */
static void
linked(void)
{
	for (int64_t sid = 1; sid <= 3; sid++) {
		lab_link(&lab, sid, true, true, false);
		word(sid, D, sid, 8);
	}
}

static void
decided(int64_t leader, int64_t epoch)
{
	const struct elect_action *a = lab_first(&lab, ELECT_ACT_DECIDED);

	lab_is_vote(a, O, leader, 4);
	assert_int_equal(a->vote.epoch, epoch);
	assert_int_equal(a->vote.zxid, 7);
}

/* Looks, has its links, and observes 3 in the role that the peer took. */
static void
observing(void)
{
	attach(true);
	lab_look(&lab, 0, 0);
	linked();
	word(1, F, 3, 1);
	word(3, D, 3, 1);
	decided(3, 1);
	lab_role(&lab, O, 3, 4, 1);
	assert_int_equal(lab.out.count, 0);
}

static bool
doubted(void)
{
	if (lab_count(&lab, ELECT_ACT_DOUBT) == 0)
		return false;
	assert_int_equal(lab_first(&lab, ELECT_ACT_DOUBT)->sid, 3);
	assert_int_equal(lab_first(&lab, ELECT_ACT_DOUBT)->serial.count, lab.words);
	return true;
}

static void
test_asks(void **state)
{
	(void)state;
	attach(true);
	assert_int_equal(lab_due_ms(&lab), UINT64_MAX); /* no word of the peer yet */
	lab_link(&lab, 1, true, true, false);
	word(1, D, 1, 1);
	assert_int_equal(lab.out.count, 0);
	lab_look(&lab, 0, 0);
	asks_all();
	for (unsigned i = 0; i < 5; i++) {
		assert_false(lab_wait(&lab, 999));
		assert_true(lab_wait(&lab, 1));
		asks_all();
	}
	lab_link(&lab, 2, true, true, false);
	asks_all();
	lab_link(&lab, 2, true, true, false); /* another in its place */
	asks_all();
	lab_link(&lab, 2, false, true, false);
	asks_all();
	lab_link(&lab, 2, false, true, true); /* the attempt failed: no change */
	assert_int_equal(lab.out.count, 0);
	lab_type(&lab, ELECT_EV_ABSENT);
	assert_int_equal(lab_due_ms(&lab), UINT64_MAX);
	lab_end(&lab);
}

/* What was left over is no answer, and is asked again at once. */
static void
test_first_frame(void **state)
{
	(void)state;
	attach(true);
	lab_look(&lab, 0, 0);
	for (int64_t sid = 1; sid <= 3; sid++) {
		lab_link(&lab, sid, true, true, false);
		word(sid, sid == 3 ? D : F, 3, 1);
		assert_int_equal(lab.out.count, 1);
		assert_int_equal(lab_first(&lab, ELECT_ACT_SEND)->sid, sid);
	}
	word(3, D, 3, 1);
	assert_int_equal(lab.out.count, 0);
	word(2, F, 3, 1);
	decided(3, 1);
	lab_end(&lab);
}

static void
test_believes_nobody(void **state)
{
	static const struct {
		int32_t state;
		int64_t leader;
	} words[][3] = {
	    {{F, 3}, {F, 3}, {L, 3}}, /* it looks, though named by all */
	    {{F, 3}, {F, 3}, {F, 3}}, /* it has not said that it leads */
	    {{L, 3}, {L, 3}, {D, 3}}, /* a former leader, or no quorum yet */
	    {{F, 2}, {L, 2}, {D, 3}}, {{F, 3}, {F, 3}, {D, 1}}, /* changed by half */
	    {{D, 3}, {D, 3}, {F, 3}}, {{D, 3}, {D, 3}, {D, 3}}, /* likewise, both */
	    {{O, 3}, {O, 3}, {D, 3}}, {{4, 3}, {-1, 3}, {D, 3}},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		attach(true);
		lab_look(&lab, 0, 0);
		linked();
		for (int64_t sid = 1; sid <= 3; sid++) {
			word(sid, words[i][sid - 1].state, words[i][sid - 1].leader, 1);
			assert_int_equal(lab.out.count, 0);
		}
		lab_wait(&lab, 1000);
		asks_all();
		assert_int_equal(lab_count(&lab, ELECT_ACT_DECIDED), 0);
		lab_end(&lab);
	}
}

/* A dead leader's word went with its link, also where the others still name it. */
static void
test_dead_leader(void **state)
{
	(void)state;
	attach(true);
	lab_look(&lab, 0, 0);
	linked();
	word(3, D, 3, 1);
	lab_link(&lab, 3, false, true, true);
	word(1, F, 3, 1);
	word(2, F, 3, 1);
	assert_int_equal(lab.out.count, 0);
	word(1, F, 2, 1);
	word(2, D, 3, 1);
	assert_int_equal(lab.out.count, 0);
	word(2, D, 2, 1);
	decided(2, 1);
	lab_end(&lab);
}

static void
test_doubts(void **state)
{
	static const struct {
		int64_t from;
		int32_t state;
		int64_t leader;
		bool doubt;
	} words[] = {
	    {3, D, 3, false}, {3, L, 3, true},  {3, F, 3, true},  {3, F, 2, true},
	    {3, D, 2, true},  {1, L, 1, false}, {1, F, 2, false}, {2, D, 2, false},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		observing();
		word(words[i].from, words[i].state, words[i].leader, 1);
		assert_int_equal(doubted(), words[i].doubt);
		lab_end(&lab);
	}
	observing(); /* another leads, by a quorum */
	word(1, F, 2, 1);
	word(2, D, 2, 1);
	assert_true(doubted());
	lab_look(&lab, 0, 0);
	decided(2, 1); /* known already */
	lab_end(&lab);
}

/* One that hangs is not believed for ever; a broken link is the peer's matter. */
static void
test_silent_leader(void **state)
{
	(void)state;
	observing();
	for (unsigned i = 0; i < 2; i++) {
		assert_true(lab_wait(&lab, 1000));
		assert_false(doubted());
	}
	assert_true(lab_wait(&lab, 1000));
	assert_true(doubted());
	lab_look(&lab, 0, 0);
	word(1, F, 3, 1);
	assert_int_equal(lab.out.count, 0);
	word(3, D, 3, 1);
	decided(3, 1);
	lab_role(&lab, O, 3, 4, 1);

	lab_link(&lab, 3, false, true, true);
	assert_false(doubted());
	for (unsigned i = 0; i < 5; i++) {
		assert_true(lab_wait(&lab, 1000));
		assert_false(doubted());
	}
	lab_link(&lab, 3, true, true, false);
	word(3, D, 3, 1);
	assert_false(doubted());
	word(3, F, 2, 1);
	assert_true(doubted());
	lab_end(&lab);
}

/* The epoch before, for a moment: the look is answered once more. */
static void
test_new_epoch(void **state)
{
	uint64_t look;

	(void)state;
	observing();
	look = lab.words - 1;
	word(3, D, 3, 2);
	decided(3, 2);
	assert_int_equal(lab_first(&lab, ELECT_ACT_DECIDED)->serial.count, look);
	word(3, D, 3, 2);
	assert_int_equal(lab.out.count, 0);
	lab_role(&lab, O, 3, 4, 2);
	assert_int_equal(lab.out.count, 0);
	lab_end(&lab);
}

/* A voter that is not told apart from an asker would answer us for ever. */
static void
test_answers_no_voter(void **state)
{
	(void)state;
	attach(true);
	lab_look(&lab, 0, 0);
	linked();
	for (int32_t s = L; s <= O; s++) {
		word(1, s, 1, 0);
		assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 0);
	}
	lab_end(&lab);
	observing();
	for (int32_t s = L; s <= O; s++) {
		word(1, s, 1, 0);
		assert_int_equal(lab_count(&lab, ELECT_ACT_SEND), 0);
	}
	lab_recv(&lab, 77, L, 77, 0, 0, 0); /* who asks us is told whom we observe */
	lab_is_vote(lab_first(&lab, ELECT_ACT_SEND), O, 3, 4);
	lab_recv(&lab, 9, L, 9, 0, 0, 0);
	assert_true(lab_quiet(&lab));
	lab_end(&lab);
}

/* A fresh elector, or one whose link to connmgr was broken. */
static void
test_replay(void **state)
{
	(void)state;
	attach(false);
	lab_role(&lab, O, 3, 4, 1);
	for (int64_t sid = 1; sid <= 3; sid++) {
		lab_link(&lab, sid, true, true, false);
		word(sid, sid == 3 ? D : F, 3, 1);
		assert_int_equal(lab.out.count, 0);
	}
	assert_int_equal(lab_due_ms(&lab), UINT64_MAX);
	lab_type(&lab, ELECT_EV_SYNCED);
	assert_int_equal(lab.out.count, 0);
	assert_true(lab_wait(&lab, 0)); /* at once */
	asks_all();
	word(3, L, 3, 1);
	assert_true(doubted());

	lab_look(&lab, 0, 0);
	lab_type(&lab, ELECT_EV_AGAIN);
	lab_look_again(&lab, 0, 0);
	lab_link(&lab, 3, true, true, false);
	word(3, D, 3, 1);
	assert_int_equal(lab.out.count, 0);
	lab_type(&lab, ELECT_EV_SYNCED);
	asks_all();
	lab_link(&lab, 1, true, true, false);
	word(1, F, 3, 1);
	word(1, F, 3, 1);
	assert_int_equal(lab.out.count, 0);
	word(3, D, 3, 1);
	decided(3, 1);
	lab_end(&lab);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_asks),
	    cmocka_unit_test(test_first_frame),
	    cmocka_unit_test(test_believes_nobody),
	    cmocka_unit_test(test_dead_leader),
	    cmocka_unit_test(test_doubts),
	    cmocka_unit_test(test_silent_leader),
	    cmocka_unit_test(test_new_epoch),
	    cmocka_unit_test(test_answers_no_voter),
	    cmocka_unit_test(test_replay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
