/* How a follower's role ends: closed links, silence, refusals, packets out of turn,
 * doubt, a disk that fails. */
#include "tests/unit/role_follower.h"

/* After a failed write nobody knows what is on the disk: 6 counts as promised, and is
 * never promised again. */
static void
a_failed_write_is_no_promise(void **state)
{
	const struct role_action *a;

	(void)state;
	kit_up(&k, 3);
	leaderinfo(6);
	kit_written(&k, -28);
	assert_null(kit_sent(&k, 3, QPACKET_ACKEPOCH));
	assert_null(kit_find(&k, ROLE_ACT_LOOK)); /* after a tick */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));
	a = kit_find(&k, ROLE_ACT_EVENT);
	assert_int_equal(a->u.view.reason, ROLE_REASON_WRITE);
	assert_int_equal(a->u.view.error, -28);
	kit_down(&k, 3, MSG_REASON_NEVER);
	kit_pass(&k, kit_wait_ms(&k, 1) - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_DISK, false);

	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	assert_null(kit_sent(&k, 3, QPACKET_FOLLOWERINFO));
	kit_pass(&k, 9 * KIT_TICK);
	kit_writes(&k, 6, 4);
	kit_written(&k, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_FOLLOWERINFO)->zxid, 6LL << 32);
	leaderinfo(6);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), -1);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);

	newleader(6);
	kit_written(&k, -5);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_pass(&k, kit_wait_ms(&k, 2) - 1); /* the second time: two ticks */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_DISK, false);
}

/* A renewal whose write fails ends the role, also after one that was tried again. */
static void
a_renewal_that_cannot_be_written(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(6);
	kit_written(&k, -28);
	kit_down(&k, 3, MSG_REASON_NEVER);
	kit_pass(&k, 10 * KIT_TICK);
	kit_writes(&k, 6, 4); /* again */
	kit_written(&k, 0);
	kit_pass(&k, 0);
	expect_look(MSG_LOOK_DISK, false);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	follow(7);
	leaderinfo(8);
	kit_written(&k, -5);
	assert_int_not_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));
}

/* What was wanted for a role that is over is not written after it. */
static void
nothing_is_written_for_a_role_that_is_over(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(6);
	kit_written(&k, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLAIM, .claim = 5});
	kit_writes(&k, 6, 4);
	newleader(6); /* waits for that write */
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_int_equal(role_current(k.role), 4);
}

/* The first word may take as long from FOLLOWERINFO on, too. */
static void
a_connection_that_took_long(void **state)
{
	(void)state;
	kit_pass(&k, 5 * KIT_TICK);
	kit_up(&k, 3);
	assert_int_equal(role_due_ms(k.role), k.now_ms + 6 * KIT_TICK);
}

static void
newleader_twice(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(6);
	kit_written(&k, 0);
	newleader(6);
	newleader(6);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
}

static void
a_closed_link_counts_at_once(void **state)
{
	(void)state;
	follow(5);
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_look(MSG_LOOK_LEADER, true);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 5);
	assert_false(kit_view(&k).has_leader);
	assert_int_equal(kit_view(&k).epoch, 5); /* the last that was established */
}

static void
silence(void **state)
{
	(void)state;
	follow(5);
	assert_int_equal(role_due_ms(k.role), k.now_ms + 6 * KIT_TICK);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_packet(&k, 3, QPACKET_PING, 1, 0);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));
}

static void
six_ticks_to_the_first_word(void **state)
{
	(void)state;
	kit_up(&k, 3);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_TIMEOUT, true); /* D5 */
}

/* After the first PING the leader has sync_limit ticks for each next packet. */
static void
a_ping_is_a_first_word(void **state)
{
	(void)state;
	kit_up(&k, 3);
	kit_pass(&k, 5 * KIT_TICK);
	kit_packet(&k, 3, QPACKET_PING, 1, 0);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_TIMEOUT, false);
}

static void
init_limit_bounds_the_whole(void **state)
{
	(void)state;
	kit_up(&k, 3);
	for (unsigned i = 0; i < 39; i++) {
		kit_packet(&k, 3, QPACKET_PING, i, 0);
		kit_pass(&k, KIT_TICK);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
	}
	kit_packet(&k, 3, QPACKET_PING, 99, 0);
	kit_pass(&k, KIT_TICK);
	expect_look(MSG_LOOK_TIMEOUT, false);
}

/* It looks again at once, then after 1, 2, 4, 8, 16, 20 and 20 ticks and the share that
 * D5 adds, until a leader is established. */
static void
refused_again_and_again(void **state)
{
	static const unsigned ticks[] = {0, 1, 2, 4, 8, 16, 20, 20};

	(void)state;
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		kit_down(&k, 3, i % 2 ? MSG_REASON_TIMEOUT : MSG_REASON_REFUSED);
		if (ticks[i] > 0) {
			assert_null(kit_find(&k, ROLE_ACT_LOOK));
			kit_pass(&k, kit_wait_ms(&k, ticks[i]) - 1);
			assert_int_equal(k.todo.count, 0);
			kit_pass(&k, 1);
		}
		expect_look(MSG_LOOK_REFUSED, true);
		kit_decided(&k, NOTIF_FOLLOWING, 3);
	}
	follow(5);
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_look(MSG_LOOK_LEADER, true);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_down(&k, 3, MSG_REASON_REFUSED);
	expect_look(MSG_LOOK_REFUSED, true);
}

/* Late news of a link that we closed, or that another role had, is no refusal. */
static void
old_news_is_no_refusal(void **state)
{
	struct role_event old;

	(void)state;
	kit_down(&k, 2, MSG_REASON_REFUSED);
	assert_int_equal(k.todo.count, 0);
	kit_up(&k, 3);
	leaderinfo(3); /* we close it, look and elect the same again */
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	old = (struct role_event){.type = ROLE_EV_REMOTE,
	                          .sid = 3,
	                          .lane = MSG_LANE_LEARNER,
	                          .link = MSG_LINK_DOWN,
	                          .reason = MSG_REASON_EOF,
	                          .number = k.numbers[3]};
	kit_step(&k, old); /* it crossed our asking */
	assert_int_equal(k.todo.count, 0);
	kit_up(&k, 3);
	assert_non_null(kit_sent(&k, 3, QPACKET_FOLLOWERINFO));
	kit_step(&k, old); /* and again, while the next one is the link */
	assert_int_equal(k.todo.count, 0);
}

/* What people are told while nobody is established: why, after whom, and by which end of
 * the link to it. */
static void
the_view_tells_how_it_ended(void **state)
{
	struct role_view v = kit_view(&k);

	(void)state;
	assert_int_equal(v.look, MSG_LOOK_START);
	assert_true(v.has_tried && v.tried == 3);
	kit_down(&k, 2, MSG_REASON_EOF); /* not of the one that we follow */
	assert_int_equal(kit_view(&k).link, MSG_REASON_NONE);
	kit_down(&k, 3, MSG_REASON_REFUSED);
	v = kit_find(&k, ROLE_ACT_EVENT)->u.view;
	assert_int_equal(v.phase, ROLE_ELECTION);
	assert_int_equal(v.look, MSG_LOOK_REFUSED);
	assert_true(v.has_tried && v.tried == 3);
	assert_int_equal(v.link, MSG_REASON_REFUSED);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	v = kit_view(&k);
	assert_true(v.has_tried && v.tried == 2);
	assert_int_equal(v.link, MSG_REASON_NONE);
	kit_up(&k, 2);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 2, .number = k.numbers[2]});
	assert_int_equal(kit_view(&k).link, MSG_REASON_PROTOCOL);
	kit_pass(&k, KIT_TICK);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_pass(&k, 10 * KIT_TICK); /* the phases do not change from here on */
	v = kit_find(&k, ROLE_ACT_EVENT)->u.view;
	assert_int_equal(v.look, MSG_LOOK_TIMEOUT);
	kit_decided(&k, NOTIF_LEADING, 3); /* which we are not */
	v = kit_find(&k, ROLE_ACT_EVENT)->u.view;
	assert_int_equal(v.look, MSG_LOOK_REFUSED);
	kit_pass(&k, 2 * KIT_TICK);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	follow(5);
	v = kit_view(&k);
	assert_true(v.has_leader && !v.has_tried);
	assert_int_equal(v.link, MSG_REASON_NONE);
}

static void
out_of_turn(void **state)
{
	static const struct {
		int32_t type;
		int64_t epoch;
		int32_t value;
	} rows[] = {
	    {QPACKET_NEWLEADER, 5, 0},
	    {QPACKET_NEWLEADER, 0, 0},
	    {QPACKET_UPTODATE, 5, 0},
	    {QPACKET_UPTODATE, 0, 0},
	    {QPACKET_ACK, 5, 0},
	    {QPACKET_FOLLOWERINFO, 5, 0},
	    {QPACKET_LEADERINFO, 0, QPACKET_PROTOCOL},
	    {QPACKET_LEADERINFO, -1, QPACKET_PROTOCOL},
	    {QPACKET_SNAP, 5, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kit_up(&k, 3);
		kit_packet(&k, 3, rows[i].type, rows[i].epoch * ((int64_t)1 << 32),
		           rows[i].value);
		assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
		kit_down(&k, 3, MSG_REASON_NEVER);
		kit_pass(&k, 20 * KIT_TICK);
		kit_decided(&k, NOTIF_FOLLOWING, 3);
	}
}

/* ZooKeeper's own leaders speak 0x10000, whose ACKEPOCH names no epoch. */
static void
an_older_protocol(void **state)
{
	(void)state;
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, 0x10000);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_OLDER));
	expect_look(MSG_LOOK_REFUSED, false);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_OLDER);
	assert_int_equal(kit_view(&k).older, 3);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	follow(5);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

static void
out_of_turn_later(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(5);
	leaderinfo(6); /* a second question before the answer */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
	kit_written(&k, 0);
	kit_down(&k, 3, MSG_REASON_NEVER);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	leaderinfo(6);
	newleader(6); /* before our answer */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
	kit_written(&k, 0);
	kit_down(&k, 3, MSG_REASON_NEVER);
	kit_pass(&k, 20 * KIT_TICK);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	leaderinfo(7);
	kit_written(&k, 0);
	newleader(6); /* another epoch than we promised */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
	kit_down(&k, 3, MSG_REASON_NEVER);
	kit_pass(&k, 20 * KIT_TICK);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	leaderinfo(8);
	kit_written(&k, 0);
	newleader(8);
	uptodate(8); /* before our ACK */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
}

static void
no_packet(void **state)
{
	(void)state;
	kit_up(&k, 3);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 3, .number = k.numbers[3]});
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_BAD));
	expect_look(MSG_LOOK_REFUSED, false);
	kit_raw(&k, 3, QPACKET_LEADERINFO, 5LL << 32, NULL,
	        0); /* from the link we closed */
	assert_int_equal(k.todo.count, 0);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 3, .number = k.numbers[3]});
	assert_int_equal(k.todo.count, 0);
}

static void
others_are_turned_away(void **state)
{
	(void)state;
	kit_up(&k, 2);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_OTHERWISE));
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 4);
	assert_int_equal(k.todo.count, 0);
	kit_up(&k, 9); /* no server of ours */
	assert_int_equal(k.todo.count, 0);
	follow(5);
	kit_down(&k, 2, MSG_REASON_NEVER);
	assert_int_equal(k.todo.count, 0);
}

static void
doubt(void **state)
{
	struct role_event ev = {.type = ROLE_EV_DOUBT, .sid = 3, .serial = {7, 0}};

	(void)state;
	kit_step(&k, ev); /* of a role before this one */
	assert_int_equal(k.todo.count, 0);
	ev.serial.count = k.role_count + 1;
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.serial.count = k.role_count;
	ev.sid = 2; /* whom we do not follow */
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.sid = 3;
	ev.serial.generation = 6;
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.serial.generation = 7;
	kit_step(&k, ev);
	expect_look(MSG_LOOK_DOUBT, false);
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
}

/* The leader's last LOOKING comes late: it was sent again over a new link, or replayed.
 */
static void
no_doubt_once_established(void **state)
{
	struct role_event ev = {.type = ROLE_EV_DOUBT, .sid = 3, .serial = {7, 0}};

	(void)state;
	ev.serial.count = k.role_count;
	follow(5);
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.serial.count = k.role_count;
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_connection_that_took_long),
	    TEST(newleader_twice),
	    TEST(a_renewal_that_cannot_be_written),
	    TEST(nothing_is_written_for_a_role_that_is_over),
	    TEST(a_failed_write_is_no_promise),
	    TEST(a_closed_link_counts_at_once),
	    TEST(silence),
	    TEST(six_ticks_to_the_first_word),
	    TEST(a_ping_is_a_first_word),
	    TEST(init_limit_bounds_the_whole),
	    TEST(refused_again_and_again),
	    TEST(old_news_is_no_refusal),
	    TEST(the_view_tells_how_it_ended),
	    TEST(out_of_turn),
	    TEST(an_older_protocol),
	    TEST(out_of_turn_later),
	    TEST(no_packet),
	    TEST(others_are_turned_away),
	    TEST(doubt),
	    TEST(no_doubt_once_established),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
