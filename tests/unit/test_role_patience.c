/* Who should not lead, and how long others wait: rules D5 to D7 of docs/ELECTION.md. */
#include "tests/unit/role_demoted.h"

/* ---- D5: those who would follow ---- */

static unsigned
waits(int64_t leader, enum msg_reason reason)
{
	kit_decided(&k, NOTIF_FOLLOWING, leader);
	kit_down(&k, leader, reason);
	if (kit_find(&k, ROLE_ACT_LOOK))
		return 0;
	for (unsigned ticks = 1; ticks <= 16; ticks *= 2)
		if (role_due_ms(k.role) - k.now_ms == kit_wait_ms(&k, ticks))
			return ticks;
	fail_msg("waits for %u ms", (unsigned)(role_due_ms(k.role) - k.now_ms));
	return 0;
}

static void
passes_the_wait(void)
{
	kit_pass(&k, role_due_ms(k.role) - k.now_ms);
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
}

static void
d5_counts_for_the_same_leader(void **state)
{
	(void)state;
	assert_int_equal(waits(3, MSG_REASON_REFUSED), 0);
	assert_int_equal(waits(3, MSG_REASON_REFUSED), 1);
	passes_the_wait();
	assert_int_equal(waits(3, MSG_REASON_REFUSED), 2);
	passes_the_wait();
	assert_int_equal(waits(2, MSG_REASON_REFUSED), 0);
	assert_int_equal(waits(3, MSG_REASON_REFUSED), 0);
	assert_int_equal(waits(3, MSG_REASON_REFUSED), 1);
}

static void
d5_gives_up_whom_it_cannot_reach(void **state)
{
	static const enum msg_reason failed[] = {
	    MSG_REASON_REFUSED,     MSG_REASON_TIMEOUT, MSG_REASON_RESOLVE,
	    MSG_REASON_UNREACHABLE, MSG_REASON_TLS,     MSG_REASON_IDENTITY};

	(void)state;
	for (size_t i = 0; i < sizeof(failed) / sizeof(failed[0]); i++) {
		assert_int_equal(waits(2 + i % 2, failed[i]), 0);
		assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.gave_up);
	}
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_pass(&k, 6 * KIT_TICK); /* not one word */
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.gave_up);
	kit_down(&k, 3, MSG_REASON_NEVER);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_up(&k, 2);
	kit_packet(&k, 2, QPACKET_PING, 0, 0);
	kit_pass(&k, 10 * KIT_TICK);
	assert_false(kit_find(&k, ROLE_ACT_LOOK)->u.look.gave_up);
	assert_int_equal(waits(3, MSG_REASON_EOF), 0); /* it answered */
	assert_false(kit_find(&k, ROLE_ACT_LOOK)->u.look.gave_up);
}

/* The leader that turned us away looks itself: we are needed in its election. */
static void
d5_until_that_leader_looks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		if (i > 1)
			passes_the_wait();
		waits(3, MSG_REASON_REFUSED);
	}
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DOUBT, .sid = 2, .serial = {7, k.role_count}});
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){.type = ROLE_EV_DOUBT,
	                                 .sid = 3,
	                                 .serial = {7, k.role_count - 1}});
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DOUBT, .sid = 3, .serial = {7, k.role_count}});
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_REFUSED);
}

/* Servers that are turned away at the same moment wait differently long, by up to a
 * half. */
static void
d5_not_in_step(void **state)
{
	unsigned different = 0;
	uint64_t first = 0;

	(void)state;
	for (int64_t sid = 1; sid <= 4; sid++) {
		struct role_config config = kit_config(&k.members, sid);
		uint64_t ms;

		role_free(k.role);
		kit_members(&k.members, 5, 0);
		kit_new(&k, config);
		kit_start(&k, 4, 4);
		for (unsigned i = 0; i < 2; i++)
			waits(5, MSG_REASON_REFUSED);
		ms = role_due_ms(k.role) - k.now_ms;
		assert_true(ms >= KIT_TICK && ms < KIT_TICK + KIT_TICK / 2);
		different += sid > 1 && ms != first;
		first = sid > 1 ? first : ms;
	}
	assert_int_equal(different, 3);
}

/* ---- D6: a leader that has no quorum of promises yet ---- */

static void
d6_another_comes_in_its_place(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_pass(&k, 2 * KIT_TICK);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(role_due_ms(k.role), k.now_ms + 8 * KIT_TICK);
	kit_pass(&k, 8 * KIT_TICK - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	joins(3, 4);
	assert_int_equal(kit_sent(&k, 3, QPACKET_LEADERINFO)->zxid, 5LL << 32);
	kit_written(&k, 0);
	kit_ackepoch(&k, 3, 0, 4, 5);
	assert_non_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
}

static void
d6_until_the_ten_ticks_are_over(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_pass(&k, KIT_TICK);
	kit_packet(&k, 2, QPACKET_PING, 0, 0);
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_pass(&k, 9 * KIT_TICK);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
}

static void
d6_later_a_loss_counts_at_once(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	for (unsigned i = 0; i < 10; i++) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
	}
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
}

/* An established leader that renews its epoch has had its quorum. */
static void
d6_not_in_a_renewal(void **state)
{
	(void)state;
	establish();
	joins(3, 7);
	assert_int_equal(kit_sent(&k, 2, QPACKET_LEADERINFO)->zxid, 8LL << 32);
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
}

/* ---- D7: a disk ---- */

static void
a_disk_fails(void)
{
	follow(3, 4, CLAIM);
	leaderinfo(3, 6);
	kit_written(&k, -28);
	kit_pass(&k, role_due_ms(k.role) - k.now_ms);
	expect_vote(INT64_MIN);
}

static void
d7_writes_the_promise_again(void **state)
{
	uint64_t failed_ms = k.now_ms;

	(void)state;
	a_disk_fails();
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(role_due_ms(k.role), failed_ms + 10 * KIT_TICK);
		kit_pass(&k, failed_ms + 10 * KIT_TICK - k.now_ms - 1);
		assert_int_equal(k.todo.count, 0);
		kit_pass(&k, 1);
		kit_writes(&k, 6, 4);
		kit_pass(&k, KIT_TICK);
		kit_written(&k, -28);
		assert_null(kit_find(&k, ROLE_ACT_LOOK)); /* as before: it cannot lead */
		failed_ms = k.now_ms;
	}
	kit_pass(&k, 10 * KIT_TICK);
	kit_written(&k, 0);
	expect_vote(4);
	assert_int_equal(role_accepted(k.role), 6);
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
}

/* It connects, and answers whoever pings it; the leader does not count it. */
static void
d7_sends_no_followerinfo(void **state)
{
	(void)state;
	a_disk_fails();
	follow(2, 4, CLAIM);
	assert_null(kit_find(&k, ROLE_ACT_SEND));
	for (unsigned i = 0; i < 40; i++) { /* as long as init_limit */
		if (kit_find(&k, ROLE_ACT_WRITE))
			kit_written(&k, -28);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_pass(&k, KIT_TICK);
	}
	expect_vote(INT64_MIN);
	kit_down(&k, 2, MSG_REASON_NEVER);
	follow(2, 4, CLAIM);
	while (!kit_find(&k, ROLE_ACT_WRITE)) {
		kit_packet(&k, 2, QPACKET_PING, 7, 0);
		assert_int_equal(kit_sent(&k, 2, QPACKET_PING)->zxid, 7);
		kit_pass(&k, KIT_TICK);
	}
	kit_written(&k, 0);
	assert_int_equal(kit_sent(&k, 2, QPACKET_FOLLOWERINFO)->zxid, 6LL << 32);
	for (unsigned i = 0; i < 40; i++) {
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
	}
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK)); /* init_limit from then on */
}

/* Whose link is not up when the disk is mended says so when it is. */
static void
d7_the_link_comes_later(void **state)
{
	(void)state;
	a_disk_fails();
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_pass(&k, 10 * KIT_TICK - 1);
	kit_writes(&k, 6, 4);
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_SEND));
	kit_up(&k, 2);
	assert_non_null(kit_sent(&k, 2, QPACKET_FOLLOWERINFO));
}

/* The promise is on the disk, and the epoch of NEWLEADER cannot be written. */
static void
d7_the_second_write(void **state)
{
	(void)state;
	follow(3, 4, CLAIM);
	assert_int_equal(answer(3, 6), 4);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 6LL << 32, 0);
	kit_writes(&k, 6, 6);
	kit_written(&k, -28);
	kit_pass(&k, role_due_ms(k.role) - k.now_ms);
	expect_vote(INT64_MIN);
	kit_pass(&k, role_due_ms(k.role) - k.now_ms);
	kit_writes(&k, 6, 6);
	kit_written(&k, 0);
	expect_vote(6);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

/* A claim that cannot be written is for its operator to see; no epoch was lost. */
static void
d7_not_for_a_claim(void **state)
{
	(void)state;
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLAIM, .claim = 10});
	kit_written(&k, -28);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(d5_counts_for_the_same_leader),
	    TEST(d5_gives_up_whom_it_cannot_reach),
	    TEST(d5_until_that_leader_looks),
	    TEST(d5_not_in_step),
	    TEST(d6_another_comes_in_its_place),
	    TEST(d6_until_the_ten_ticks_are_over),
	    TEST(d6_later_a_loss_counts_at_once),
	    TEST(d6_not_in_a_renewal),
	    TEST(d7_writes_the_promise_again),
	    TEST(d7_sends_no_followerinfo),
	    TEST(d7_the_link_comes_later),
	    TEST(d7_the_second_write),
	    TEST(d7_not_for_a_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
