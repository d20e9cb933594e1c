/* How far the epoch may jump: docs/DESIGN.md, "The epoch space". */
#include "tests/unit/role_leader.h"

#define JUMP (INT64_C(1) << 20)
#define LAST (INT64_C(2147483646)) /* one below the largest */

static void
expect_kept_out(int64_t sid, int64_t epoch, int64_t ours)
{
	int64_t kept = 0, promised = 0;

	assert_int_equal(offered(sid), ours);
	assert_true(kit_closed(&k, sid, ROLE_CLOSE_TOO_HIGH));
	if (kit_view(&k).state == NOTIF_LEADING) {
		assert_true(role_get_kept_out(k.role, k.now_ms, &kept, &promised));
		assert_int_equal(kept, sid);
		assert_int_equal(promised, epoch);
	}
	kit_down(&k, sid, MSG_REASON_NEVER);
}

/* A joiner lifts the epoch of an established leader, to one above its own. */
static void
expect_raise(int64_t sid, int64_t epoch)
{
	joins(sid, epoch);
	assert_false(kit_closed(&k, sid, ROLE_CLOSE_TOO_HIGH));
	assert_int_equal(offered(2), epoch + 1);
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, 0, 5, epoch + 1);
	kit_written(&k, 0);
	kit_packet(&k, 2, QPACKET_ACK, (epoch + 1) << 32, 0);
	assert_int_equal(kit_view(&k).epoch, epoch + 1);
	kit_down(&k, sid, MSG_REASON_EOF);
	assert_true(kit_view(&k).active);
}

static void
a_jump_of_2_to_the_20(void **state)
{
	(void)state;
	establish();
	joins(3, 5 + JUMP + 1);
	expect_kept_out(3, 5 + JUMP + 1, 5);
	assert_true(kit_view(&k).active);
	expect_raise(3, 5 + JUMP);
}

static void
keep_alive(uint64_t ms)
{
	for (; ms > KIT_TICK; ms -= KIT_TICK) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
	}
	kit_pass(&k, ms);
	assert_true(kit_view(&k).active);
}

static void
once_a_minute(void **state)
{
	int64_t epoch;

	(void)state;
	establish();
	expect_raise(3, 5 + JUMP);
	epoch = 5 + JUMP + 1;
	joins(3, epoch + 17);
	expect_kept_out(3, epoch + 17, epoch);
	keep_alive(59999);
	joins(3, epoch + 17);
	expect_kept_out(3, epoch + 17, epoch);
	kit_pass(&k, 1);
	expect_raise(3, epoch + JUMP);
}

/* Raises add up, in whatever steps, and each is forgotten a minute after it. */
static void
raises_add_up(void **state)
{
	int64_t epoch = 5;

	(void)state;
	establish();
	for (unsigned i = 0; i < 16; i++) {
		expect_raise(3, epoch + JUMP / 16);
		epoch += JUMP / 16 + 1;
		keep_alive(1000);
	}
	joins(3, epoch + 17);
	expect_kept_out(3, epoch + 17, epoch);
	keep_alive(59999);
	expect_raise(3, epoch + JUMP);
}

/* The trace of elections that failed: never a question of the budget. */
static void
small_raises_always_pass(void **state)
{
	int64_t epoch = 5 + JUMP + 1;

	(void)state;
	establish();
	expect_raise(3, 5 + JUMP);
	for (unsigned i = 0; i < 40; i++) {
		expect_raise(3, epoch + 16);
		epoch += 17;
	}
}

/* One server with a wrong record is no part of the quorum, and lifts nothing. */
static void
it_counts_for_no_quorum(void **state)
{
	(void)state;
	lead();
	joins(2, LAST);
	expect_kept_out(2, LAST, 4);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	joins(3, 4);
	kit_writes(&k, 5, 4);
	assert_int_equal(offered(3), 5);
	joins(2, LAST);
	expect_kept_out(2, LAST, 5);
}

/* It waited for us while we looked. */
static void
it_came_early(void **state)
{
	(void)state;
	joins(2, LAST);
	joins(3, 4);
	lead();
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_TOO_HIGH));
	kit_writes(&k, 5, 4);
}

/* When its record is mended, nothing is left to say. */
static void
it_is_let_in_again(void **state)
{
	int64_t sid, epoch;

	(void)state;
	establish();
	joins(3, LAST);
	expect_kept_out(3, LAST, 5);
	joins(3, 0);
	assert_false(role_get_kept_out(k.role, k.now_ms, &sid, &epoch));
	assert_int_equal(offered(3), 5);
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, LAST);
	expect_kept_out(3, LAST, 5);
	keep_alive(59999);
	assert_true(role_get_kept_out(k.role, k.now_ms, &sid, &epoch));
	assert_false(
	    role_get_kept_out(k.role, k.now_ms + 1, &sid, &epoch)); /* it is gone */
}

static void
the_largest_epoch_leaves_no_room(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, LAST, 4);
	lead();
	joins(2, LAST + 1);
	expect_kept_out(2, LAST + 1, LAST);
}

static void
an_observer_is_no_exception(void **state)
{
	(void)state;
	establish();
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, LAST);
	expect_kept_out(4, LAST, 5);
}

/* What a quorum reports is believed, whatever we have ourselves. */
static void
a_quorum_is_believed(void **state)
{
	(void)state;
	lead();
	joins(2, LAST - 1);
	expect_kept_out(2, LAST - 1, 4);
	joins(3, LAST - 1);
	kit_writes(&k, LAST, 4);
	assert_int_equal(offered(3), LAST);
}

static void
weigh(int64_t first, int64_t second, int64_t third)
{
	struct members *c = &k.members;

	role_free(k.role);
	kit_weigh(c, first, second, third);
	kit_new(&k, kit_config(c, 1));
	kit_start(&k, 4, 4);
	lead();
}

static void
a_quorum_of_weights(void **state)
{
	(void)state;
	weigh(1, 3, 1); /* 2 is a quorum alone */
	joins(2, LAST - 1);
	kit_writes(&k, LAST, 4);
	weigh(1, 1, 3);
	joins(2, LAST - 1);
	assert_int_equal(k.todo.count, 1); /* taken; no quorum has reported yet */
	joins(3, 6);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_TOO_HIGH));
	kit_writes(&k, 7, 4);
}

/* ---- our own promise ---- */

static void
expect_ahead(int64_t promised, int64_t others)
{
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch == INT64_MIN);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_AHEAD);
	assert_int_equal(kit_view(&k).promised, promised);
	assert_int_equal(kit_view(&k).others, others);
}

static void
ours_is_too_high(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, 4 + JUMP, 4);
	joins(2, 4);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	lead();
	kit_writes(&k, 4 + JUMP + 1, 4);

	role_free(k.role);
	looking(3, 4 + JUMP + 1, 4);
	joins(2, 4);
	expect_ahead(4 + JUMP + 1, 4);
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_null(kit_find(&k, ROLE_ACT_ROLE));
}

static void
we_were_elected_before_we_knew(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, LAST, 4);
	lead();
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	joins(2, 4);
	expect_ahead(LAST, 4);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_ENDED));
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
}

/* Others reported before we knew what we promised. */
static void
they_came_before_our_start(void **state)
{
	(void)state;
	role_free(k.role);
	kit_members(&k.members, 3, 1);
	kit_new(&k, kit_config(&k.members, 1));
	joins(2, 4);
	joins(3, 4);
	kit_start(&k, LAST, 4);
	expect_ahead(LAST, 4);
}

/* What was established counts, whatever old news we have of the others. */
static void
an_established_epoch_is_believed(void **state)
{
	(void)state;
	establish();
	expect_raise(3, 5 + JUMP);
	keep_alive(60000);
	expect_raise(3, 6 + 2 * JUMP);
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
	joins(3, 5);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

static void
until_the_others_report_more(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, LAST, 4);
	joins(2, 4);
	expect_ahead(LAST, 4);
	joins(3, LAST - JUMP - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, LAST - JUMP);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 4);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	assert_int_equal(kit_view(&k).others, 0);
}

/* ---- as a follower ---- */

static void
info_from(int64_t leader, int64_t epoch)
{
	kit_decided(&k, NOTIF_FOLLOWING, leader);
	kit_up(&k, leader);
	kit_packet(&k, leader, QPACKET_LEADERINFO, epoch << 32, QPACKET_PROTOCOL);
}

static void
a_leader_keeps_us_out(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, 5 + JUMP + 1, 4);
	info_from(3, 5);
	expect_ahead(5 + JUMP + 1, 5);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	kit_down(&k, 3, MSG_REASON_NEVER);
	for (unsigned ticks = 1; ticks <= 4;
	     ticks *= 2) { /* it waits, longer and longer */
		info_from(3, 5);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_down(&k, 3, MSG_REASON_NEVER);
		kit_pass(&k, kit_wait_ms(&k, ticks) - 1);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_pass(&k, 1);
		expect_ahead(5 + JUMP + 1, 5);
	}
	info_from(3, 5 + JUMP + 2); /* the others have come after */
	kit_writes(&k, 5 + JUMP + 2, 4);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

/* Its budget is spent for now: we may lead ourselves. */
static void
not_so_far_ahead(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, 5 + JUMP, 4);
	info_from(3, 5);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 4);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_REFUSED);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_AHEAD);
}

/* Who has reported nothing has not reported 0: three of five must have. */
static void
nobody_knows_before_a_quorum_reports(void **state)
{
	(void)state;
	role_free(k.role);
	looking(5, 0, 0);
	lead();
	joins(2, LAST);
	assert_false(kit_closed(&k, 2, ROLE_CLOSE_TOO_HIGH));
	joins(3, 0);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_TOO_HIGH));
}

/* The epoch of a leader that we followed was promised by a quorum, whatever was reported
 * to us before. */
static void
what_was_established_counts(void **state)
{
	int64_t epoch = 5 + 2 * JUMP;

	(void)state;
	joins(2, 4);
	info_from(3, epoch);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_NEWLEADER, epoch << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, epoch << 32, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, epoch);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

/* The leader says so until that server comes with another promise, or the role ends. */
static void
how_long_it_is_said(void **state)
{
	int64_t sid, epoch;

	(void)state;
	establish();
	joins(3, LAST);
	expect_kept_out(3, LAST, 5);
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 4);
	assert_true(role_get_kept_out(k.role, k.now_ms, &sid, &epoch));
	joins(3, 5);
	assert_false(role_get_kept_out(k.role, k.now_ms, &sid, &epoch));
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, LAST);
	expect_kept_out(3, LAST, kit_view(&k).epoch);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_false(kit_view(&k).active);
	assert_false(role_get_kept_out(k.role, k.now_ms, &sid, &epoch));
}

/* Once we are established ourselves, nobody keeps us out. */
static void
kept_out_until_we_lead(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, 5 + JUMP, 4);
	info_from(3, 5);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_AHEAD);
	lead();
	joins(2, 5);
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5 + JUMP + 1);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

static void
whom_we_elected_may_say_any_epoch(void **state)
{
	(void)state;
	info_from(3, LAST);
	kit_writes(&k, LAST, 4);
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nobody_knows_before_a_quorum_reports),
	    TEST(what_was_established_counts),
	    TEST(how_long_it_is_said),
	    TEST(a_jump_of_2_to_the_20),
	    TEST(once_a_minute),
	    TEST(raises_add_up),
	    TEST(small_raises_always_pass),
	    TEST(it_counts_for_no_quorum),
	    TEST(it_came_early),
	    TEST(it_is_let_in_again),
	    TEST(they_came_before_our_start),
	    TEST(an_established_epoch_is_believed),
	    TEST(the_largest_epoch_leaves_no_room),
	    TEST(an_observer_is_no_exception),
	    TEST(a_quorum_is_believed),
	    TEST(a_quorum_of_weights),
	    TEST(ours_is_too_high),
	    TEST(we_were_elected_before_we_knew),
	    TEST(until_the_others_report_more),
	    TEST(a_leader_keeps_us_out),
	    TEST(not_so_far_ahead),
	    TEST(kept_out_until_we_lead),
	    TEST(whom_we_elected_may_say_any_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
