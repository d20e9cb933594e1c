/* While the write of an epoch takes longer than half of init_limit the core does not
 * stand (rule D7); from init_limit on it takes no role, does not look, and sends the
 * elector nothing. */
#include "tests/unit/role_leader.h"

#define LIMIT (40 * KIT_TICK)

static void
expect_reason(uint64_t lasted_ms)
{
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	assert_int_equal(kit_view(&k).error, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
	assert_int_equal(kit_view(&k).since_ms, k.now_ms - lasted_ms);
}

static void
expect_hang(void)
{
	assert_non_null(kit_find(&k, ROLE_ACT_ABSENT));
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	expect_reason(LIMIT);
	assert_true(role_due_ms(k.role) == UINT64_MAX);
}

/* The look of a server that does not stand. */
static void
expect_no_stand(enum msg_look_reason reason)
{
	expect_look(reason);
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch == INT64_MIN);
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.zxid == INT64_MIN);
}

/* The learners answer, so that only the write is late. */
static void
pass_with_pings(uint64_t ms)
{
	for (; ms > 2 * KIT_TICK; ms -= 2 * KIT_TICK) {
		kit_pass(&k, 2 * KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		assert_null(kit_find(&k, ROLE_ACT_ABSENT));
	}
	kit_pass(&k, ms - 1);
	assert_true(kit_view(&k).reason == ROLE_REASON_NONE);
	kit_pass(&k, 1);
}

/* A leader whose own promise hangs: half of init_limit later others may lead. */
static void
lead_until_it_hangs(void)
{
	uint64_t wait_ms;

	joins(2, 4);
	lead();
	assert_non_null(kit_find(&k, ROLE_ACT_WRITE));
	pass_with_pings(LIMIT / 2);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_ENDED));
	expect_reason(LIMIT / 2);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	wait_ms = kit_wait_ms(&k, 1);
	kit_pass(&k, wait_ms);
	expect_no_stand(MSG_LOOK_DISK);
	kit_pass(&k, LIMIT / 2 - wait_ms);
}

static void
a_leader_steps_back(void **state)
{
	(void)state;
	lead_until_it_hangs();
	expect_hang();
	/* whoever elected us is turned away */
	kit_down(&k, 2, MSG_REASON_NEVER);
	kit_up(&k, 2);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_NO_ROLE));
	kit_decided(&k, NOTIF_LEADING, 1);
	kit_pass(&k, 100 * LIMIT);
	assert_int_equal(k.todo.count, 0);
	kit_written(&k, 0);
	expect_look(MSG_LOOK_DISK);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 4);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	assert_int_equal(role_accepted(k.role), 5);
}

/* If it looked again while the write hangs, it would be elected again. */
static void
so_does_one_that_looks(void **state)
{
	(void)state;
	joins(2, 4);
	pass_with_pings(KIT_TICK);
	lead();
	kit_down(&k, 2, MSG_REASON_EOF); /* no quorum */
	kit_pass(&k, 10 * KIT_TICK);
	expect_look(MSG_LOOK_QUORUM);
	kit_pass(&k, LIMIT / 2 - 10 * KIT_TICK - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	expect_no_stand(MSG_LOOK_QUORUM);
	assert_int_equal(role_due_ms(k.role), k.now_ms + LIMIT / 2);
	kit_pass(&k, LIMIT / 2);
	expect_hang();
}

static void
so_does_one_that_waits(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_pass(&k, 10 * KIT_TICK);
	kit_pass(&k, LIMIT / 2 - 10 * KIT_TICK);
	kit_pass(&k, LIMIT / 2 - KIT_TICK / 2);
	for (unsigned i = 0; i < 2; i++) /* the second refusal costs a tick */
		kit_decided(&k, NOTIF_LEADING, 9);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, KIT_TICK / 2);
	expect_hang();
}

static void
a_follower_too(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	for (uint64_t ms = KIT_TICK; ms < LIMIT / 2; ms += KIT_TICK) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 3, QPACKET_PING, 0, 0);
	}
	kit_pass(&k, KIT_TICK); /* the leader counts us, and must not */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));
	expect_reason(LIMIT / 2);
	kit_pass(&k, 2 * KIT_TICK);
	expect_no_stand(MSG_LOOK_DISK);
	kit_pass(&k, LIMIT / 2 - 2 * KIT_TICK);
	expect_hang();
	kit_written(&k, 0);
	expect_look(MSG_LOOK_DISK);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 5);
}

/* A write that takes less than half of init_limit is waited for. */
static void
a_slow_write_is_no_hang(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	ackepoch(2, 4);
	for (uint64_t ms = 0; ms < LIMIT / 2 - KIT_TICK; ms += KIT_TICK) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
	}
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

/* An established leader that renews its epoch has time until init_limit. */
static void
a_leader_that_is_established_goes_on(void **state)
{
	(void)state;
	establish();
	joins(3, 7);
	assert_non_null(kit_find(&k, ROLE_ACT_WRITE));
	pass_with_pings(LIMIT / 2);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	kit_written(&k, 0);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	assert_true(kit_view(&k).active);
}

static void
a_write_that_fails_at_last(void **state)
{
	(void)state;
	lead_until_it_hangs();
	kit_written(&k, -5);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(kit_view(&k).error, -5);
	assert_int_equal(kit_view(&k).since_ms, 0);
	kit_pass(&k, kit_wait_ms(&k, 4));
	expect_no_stand(MSG_LOOK_DISK);
}

/* The ABSENT that was sent may be lost with the link to connmgr. */
static void
connmgr_is_told_again(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_pass(&k, LIMIT);
	expect_hang();
	for (unsigned i = 0; i < 2; i++) {
		kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
		assert_int_equal(k.todo.count, 1);
		assert_non_null(kit_find(&k, ROLE_ACT_ABSENT));
		kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
		assert_int_equal(k.todo.count, 0);
	}
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_DISK);
}

/* A claim alone keeps nobody from leading, however long its write takes. */
static void
the_write_of_a_claim(void **state)
{
	(void)state;
	establish();
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLAIM, .claim = 5});
	assert_non_null(kit_find(&k, ROLE_ACT_WRITE));
	for (unsigned i = 0; i < 60; i++) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	}
	assert_true(kit_view(&k).active);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_write_of_a_claim),
	    TEST(a_leader_steps_back),
	    TEST(so_does_one_that_looks),
	    TEST(so_does_one_that_waits),
	    TEST(a_follower_too),
	    TEST(a_slow_write_is_no_hang),
	    TEST(a_leader_that_is_established_goes_on),
	    TEST(a_write_that_fails_at_last),
	    TEST(connmgr_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
