/* Who should not lead: rules D1 to D4 of docs/ELECTION.md, one after the other. */
#include "tests/unit/role_demoted.h"

/* ---- D1: judging ---- */

static void
d1_nobody_came(void **state)
{
	(void)state;
	lead();
	kit_pass(&k, 10 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	expect_vote(4 - (INT64_C(1) << 62));
	assert_true(is_demoted());
}

/* What people are told: how often in a row, until a leader is established. */
static void
it_is_shown(void **state)
{
	struct role_view v;

	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		lead();
		kit_pass(&k, 10 * KIT_TICK);
		v = kit_find(&k, ROLE_ACT_EVENT)->u.view;
		assert_true(v.demoted);
		assert_int_equal(v.deserted, i);
	}
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	v = kit_view(&k);
	assert_false(v.demoted);
	assert_int_equal(v.deserted, 0);
}

static void
d1_nobody_promised(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	for (unsigned i = 0; i < 20; i++) {
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
	}
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_TIMEOUT);
	assert_true(is_demoted());
}

static void
promised_by(int64_t sid)
{
	joins(sid, 4);
	lead();
	kit_written(&k, 0);
	kit_ackepoch(&k, sid, 0, 4, 5);
	assert_non_null(kit_sent(&k, sid, QPACKET_NEWLEADER));
}

static void
d1_the_quorum_is_lost(void **state)
{
	(void)state;
	promised_by(2);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
	assert_true(is_demoted());
}

static void
d1_not_once_it_was_established(void **state)
{
	(void)state;
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
	expect_vote(5);
}

static void
d1_not_for_a_higher_epoch(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, CLAIM + 1, 4, 5); /* fresher */
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_EPOCH);
	assert_false(is_demoted());
}

static void
d1_not_for_its_own_disk(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, -5);
	kit_pass(&k, 10 * KIT_TICK); /* looks, */
	kit_pass(&k, 0);             /* and writes again */
	kit_written(&k, 0);
	assert_false(is_demoted());
}

static void
d1_not_when_connmgr_ended(void **state)
{
	(void)state;
	lead();
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
	assert_false(is_demoted());
}

/* ---- D2: the vote ---- */

static void
d2_whoever_is_elected_leads(void **state)
{
	(void)state;
	demote();
	establish();
	assert_int_equal(kit_view(&k).epoch, 5);
}

/* One that cannot lead at all comes behind one that is demoted. */
static void
d2_cannot_is_less_than_should_not(void **state)
{
	(void)state;
	demote();
	kit_step(&k, (struct role_event){.type = ROLE_EV_PORT, .open = false});
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.zxid == INT64_MIN);
	expect_vote(INT64_MIN);
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
}

/* ---- D3: the end ---- */

static void
d3_after_four_looks(void **state)
{
	(void)state;
	demote();
	for (unsigned i = 1; i < 4; i++) {
		next_look();
		assert_true(is_demoted());
	}
	next_look();
	assert_false(is_demoted());
}

/* With several such servers each would else stand again before the first sound one has
 * had its turn. */
static void
d3_after_more_looks_each_time(void **state)
{
	static const unsigned looks[] = {4, 8, 12, 16, 16};

	(void)state;
	for (unsigned turn = 0; turn < 5; turn++) {
		demote();
		for (unsigned i = 1; i < looks[turn]; i++) {
			next_look();
			assert_true(is_demoted());
		}
		next_look();
		assert_false(is_demoted());
	}
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	demote();
	for (unsigned i = 0; i < 4; i++)
		next_look();
	assert_false(is_demoted());
}

static void
d3_after_twenty_ticks_in_one_look(void **state)
{
	uint64_t count;

	(void)state;
	demote();
	count = k.look_count;
	assert_int_equal(role_due_ms(k.role), k.now_ms + 20 * KIT_TICK);
	kit_pass(&k, 20 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	assert_false(is_demoted());
	assert_true(k.look_count > count);
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	next_look();
	assert_false(is_demoted());
}

/* Without connmgr there is nobody who could decide, nor whom to tell. */
static void
d3_not_while_connmgr_is_away(void **state)
{
	(void)state;
	demote();
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	kit_pass(&k, 30 * KIT_TICK);
	assert_int_equal(k.todo.count, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_true(is_demoted());
	kit_pass(&k, 0);
	assert_false(is_demoted());
}

static void
d3_with_its_own_establishment(void **state)
{
	(void)state;
	demote();
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_false(is_demoted());
}

static void
d3_not_with_that_of_another(void **state)
{
	(void)state;
	demote();
	follow(3, 4, CLAIM);
	assert_int_equal(answer(3, 5), 4);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, 5LL << 32, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(is_demoted());
}

/* We are a quorum alone, and our disk is too slow. */
static void
expect_no_demotion(void)
{
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 0, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLAIM, .claim = CLAIM});
	lead();
	kit_pass(&k, 19 * KIT_TICK);
	kit_written(&k, 0); /* the claim; our promise is next, and too late */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, KIT_TICK);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_TIMEOUT);
	expect_vote(0);
}

static void
d3_never_where_no_other_may_lead(void **state)
{
	struct members *c = &k.members;

	(void)state;
	role_free(k.role);
	kit_members(c, 1, 2); /* observers */
	expect_no_demotion();
	role_free(k.role);
	kit_weigh(c, 1, 0, 0);
	expect_no_demotion();
}

/* ---- D4: a demoted follower that is fresher than its leader ---- */

static void
d4_makes_no_promise(void **state)
{
	(void)state;
	demote();
	follow(3, 4, CLAIM - 1);
	leaderinfo(3, 5);
	kit_pass(&k, KIT_TICK);
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), -1);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	assert_int_equal(role_due_ms(k.role), k.now_ms + 5 * KIT_TICK);
	kit_pass(&k, 5 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1); /* six ticks after LEADERINFO */
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_EPOCH);
	assert_true(is_demoted());
}

static void
d4_newleader_ends_the_wait(void **state)
{
	(void)state;
	demote();
	follow(3, 4, CLAIM - 1);
	assert_int_equal(answer(3, 5), -1);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	for (unsigned i = 0; i < 8; i++) {
		kit_packet(&k, 3, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
	}
	kit_packet(&k, 3, QPACKET_UPTODATE, 5LL << 32, 0);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	kit_pass(&k, 2);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	assert_int_equal(answer(3, 6), 5); /* whom it follows it is not fresher than */
}

static void
d4_promises_if_it_is_not_fresher(void **state)
{
	(void)state;
	demote();
	follow(3, 4, CLAIM);
	assert_int_equal(answer(3, 5), 4);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
}

static void
d4_promises_if_it_is_not_demoted(void **state)
{
	(void)state;
	follow(3, 4, CLAIM - 1);
	assert_int_equal(answer(3, 5), 4);
}

/* The vote of a demoted leader says less than it is. */
static void
d4_compares_with_the_real_claim(void **state)
{
	(void)state;
	demote();
	follow(3, 4 - (INT64_C(1) << 62), CLAIM);
	assert_int_equal(answer(3, 5), 4);
	kit_down(&k, 3, MSG_REASON_EOF);
	follow(2, 4 - (INT64_C(1) << 62), CLAIM - 1);
	assert_int_equal(answer(2, 6), -1);
}

/* A server that cannot lead has no other choice than to wait for this leader. */
static void
d4_one_that_cannot_lead_waits(void **state)
{
	(void)state;
	demote();
	kit_step(&k, (struct role_event){.type = ROLE_EV_PORT, .open = false});
	follow(3, 4, CLAIM - 1);
	assert_int_equal(answer(3, 5), -1);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	kit_pass(&k, 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* Follows one that is then not established; our promise was withheld. */
static void
withhold(void)
{
	static int64_t leader = 2;

	leader = 5 - leader;
	follow(leader, role_current(k.role), CLAIM - 1);
	assert_int_equal(answer(leader, role_accepted(k.role) + 1), -1);
	kit_down(&k, leader, MSG_REASON_EOF);
}

/* How many leaders it takes until we stand again, in as many demotions as that needs. */
static unsigned
patience(void)
{
	for (unsigned count = 0;;) {
		unsigned looks;

		demote();
		looks = 4 * kit_view(&k).deserted;
		for (unsigned look = 1; look < (looks < 16 ? looks : 16); look++) {
			withhold();
			count++;
			if (!is_demoted())
				return count;
		}
		next_look();
		assert_false(is_demoted());
	}
}

static void
d4_stands_again_after_so_many(void **state)
{
	(void)state;
	assert_int_equal(patience(), 2);
	assert_int_equal(patience(), 4);
	assert_int_equal(patience(), 8);
	assert_int_equal(patience(), 8);
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_int_equal(patience(), 2);
}

/* One that had its quorum without us, and was lost later, is none of them. */
static void
d4_counts_no_leader_that_was_established(void **state)
{
	(void)state;
	demote();
	follow(3, 4, CLAIM - 1);
	assert_int_equal(answer(3, 5), -1);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, 5LL << 32, 0);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(is_demoted());
	withhold();
	assert_true(is_demoted());
	withhold();
	assert_false(is_demoted());
}

/* That of a leader that it follows does so too. */
static void
d4_an_establishment_forgets_them(void **state)
{
	(void)state;
	assert_int_equal(patience(), 2);
	assert_int_equal(patience(), 4);
	demote();
	withhold();
	follow(3, 4, CLAIM);
	assert_int_equal(answer(3, role_accepted(k.role) + 1), 4);
	kit_packet(&k, 3, QPACKET_NEWLEADER, role_accepted(k.role) << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, role_accepted(k.role) << 32, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	kit_down(&k, 3, MSG_REASON_EOF);
	while (is_demoted())
		next_look();
	assert_int_equal(patience(), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(d1_nobody_came),
	    TEST(it_is_shown),
	    TEST(d1_nobody_promised),
	    TEST(d1_the_quorum_is_lost),
	    TEST(d1_not_once_it_was_established),
	    TEST(d1_not_for_a_higher_epoch),
	    TEST(d1_not_for_its_own_disk),
	    TEST(d1_not_when_connmgr_ended),
	    TEST(d2_whoever_is_elected_leads),
	    TEST(d2_cannot_is_less_than_should_not),
	    TEST(d3_after_four_looks),
	    TEST(d3_after_more_looks_each_time),
	    TEST(d3_after_twenty_ticks_in_one_look),
	    TEST(d3_not_while_connmgr_is_away),
	    TEST(d3_with_its_own_establishment),
	    TEST(d3_not_with_that_of_another),
	    TEST(d3_never_where_no_other_may_lead),
	    TEST(d4_makes_no_promise),
	    TEST(d4_newleader_ends_the_wait),
	    TEST(d4_promises_if_it_is_not_fresher),
	    TEST(d4_promises_if_it_is_not_demoted),
	    TEST(d4_compares_with_the_real_claim),
	    TEST(d4_one_that_cannot_lead_waits),
	    TEST(d4_stands_again_after_so_many),
	    TEST(d4_counts_no_leader_that_was_established),
	    TEST(d4_an_establishment_forgets_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
