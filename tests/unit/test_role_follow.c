/* How a follower and an observer become established, rule by rule. */
#include "tests/unit/role_follower.h"

static void
steps_to_ackepoch(void **state)
{
	const struct role_action *a;
	const struct role_packet *p;
	struct qpacket_learner info;
	struct qpacket q;

	(void)state;
	a = kit_find(&k, ROLE_ACT_ROLE);
	assert_non_null(a);
	assert_int_equal(a->u.role.vote.state, NOTIF_FOLLOWING);
	assert_int_equal(a->u.role.serial.generation, 7);
	assert_int_equal(a->u.role.serial.count, 2); /* look and role share one count */
	assert_int_equal(kit_find(&k, ROLE_ACT_CONNECT)->sid, 3);
	assert_int_equal(kit_view(&k).phase, ROLE_DISCOVERY);
	assert_false(kit_view(&k).has_leader);

	kit_up(&k, 3);
	p = kit_sent(&k, 3, QPACKET_FOLLOWERINFO);
	assert_non_null(p);
	assert_int_equal(p->zxid, 4LL << 32);
	q = (struct qpacket){.type = p->type, .data = p->data, .data_len = p->data_len};
	assert_int_equal(qpacket_get_learner(&q, &info), QPACKET_OK);
	assert_int_equal(info.sid, 1);
	assert_int_equal(info.protocol, QPACKET_PROTOCOL);

	leaderinfo(5);
	kit_writes(&k, 5, 4);
	assert_null(kit_sent(&k, 3, QPACKET_ACKEPOCH)); /* not before it is on the disk */
	kit_written(&k, 0);
	p = kit_sent(&k, 3, QPACKET_ACKEPOCH);
	assert_non_null(p);
	assert_int_equal(kit_answer(p), 4); /* its current epoch, */
	assert_int_equal(p->zxid, 0);       /* and its claim */
}

static void
steps_from_newleader(void **state)
{
	const struct role_action *a;
	const struct role_packet *p;

	(void)state;
	kit_up(&k, 3);
	leaderinfo(5);
	kit_written(&k, 0);
	newleader(5);
	kit_writes(&k, 5, 5);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	assert_int_equal(kit_view(&k).phase, ROLE_SYNCHRONIZATION);
	kit_written(&k, 0);
	p = kit_sent(&k, 3, QPACKET_ACK);
	assert_non_null(p);
	assert_int_equal(p->zxid, 5LL << 32);
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING); /* not yet */

	uptodate(5);
	a = kit_find(&k, ROLE_ACT_ROLE);
	assert_int_equal(a->u.role.vote.epoch, 5);
	assert_int_equal(a->u.role.serial.count, 3);
	a = kit_find(&k, ROLE_ACT_EVENT);
	assert_int_equal(a->u.view.state, NOTIF_FOLLOWING);
	assert_int_equal(a->u.view.phase, ROLE_BROADCAST);
	assert_true(a->u.view.has_leader);
	assert_int_equal(a->u.view.leader, 3);
	assert_int_equal(a->u.view.epoch, 5);
	assert_false(a->u.view.active);
	assert_int_equal(role_accepted(k.role), 5);
	assert_int_equal(role_current(k.role), 5);

	uptodate(5); /* the second time changes nothing */
	assert_int_equal(k.todo.count, 0);
}

static void
pings_are_answered_in_every_phase(void **state)
{
	(void)state;
	kit_up(&k, 3);
	for (int64_t i = 0; i < 3; i++) {
		kit_packet(&k, 3, QPACKET_PING, 70 + i, 0);
		assert_int_equal(k.todo.count, 1);
		assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->zxid, 70 + i);
		if (i == 0)
			leaderinfo(5);
		else if (i == 1)
			kit_written(&k, 0);
	}
	newleader(5);
	kit_written(&k, 0);
	uptodate(5);
	kit_packet(&k, 3, QPACKET_PING, 80, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->zxid, 80);
	assert_null(kit_find(&k, ROLE_ACT_EVENT)); /* nothing changed: no event */
}

/* An epoch that was promised already is answered without a promise. */
static void
equal_makes_no_promise_again(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(4);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), -1);
	newleader(4);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK)); /* 4 is on the disk already */
	uptodate(4);
	assert_int_equal(kit_view(&k).epoch, 4);
}

static void
smaller_looks_again(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(3);
	expect_look(MSG_LOOK_REFUSED, false);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
}

/* A promise counts from the start of its write: FOLLOWERINFO says so, though the write
 * belongs to a role that has ended. */
static void
a_write_in_progress_is_a_promise(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(6);
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_look(MSG_LOOK_REFUSED, false);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_up(&k, 2);
	assert_int_equal(kit_sent(&k, 2, QPACKET_FOLLOWERINFO)->zxid, 6LL << 32);
	kit_packet(&k, 2, QPACKET_LEADERINFO, 6LL << 32, QPACKET_PROTOCOL);
	assert_int_equal(k.todo.count, 0); /* nothing is sent before it is on the disk */
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 2, QPACKET_ACKEPOCH)), -1);
}

static void
one_write_at_a_time(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(6);
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	leaderinfo(8);
	assert_null(kit_find(&k, ROLE_ACT_WRITE)); /* 6 is still being written */
	kit_written(&k, 0);
	kit_writes(&k, 8, 4);
	assert_null(kit_sent(&k, 3, QPACKET_ACKEPOCH));
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 4);
}

/* The established leader raises the epoch on the open link, and we follow meanwhile. */
static void
renewal(void **state)
{
	const struct role_action *a;

	(void)state;
	follow(5);
	leaderinfo(9);
	kit_writes(&k, 9, 5);
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 5);
	newleader(9);
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
	assert_int_equal(kit_view(&k).epoch, 5);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	uptodate(9);
	a = kit_find(&k, ROLE_ACT_EVENT);
	assert_int_equal(a->u.view.epoch, 9);
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.epoch, 9);
	assert_int_equal(role_due_ms(k.role),
	                 k.now_ms + 6 * KIT_TICK); /* no init_limit */
}

/* The leader gives a change up after init_limit, and proposes once more (N7). */
static void
renewal_has_twice_init_limit(void **state)
{
	(void)state;
	follow(5);
	leaderinfo(9);
	kit_written(&k, 0);
	for (unsigned i = 0; i < 2 * 40; i++) {
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_packet(&k, 3, QPACKET_PING, i, 0);
		kit_pass(&k, KIT_TICK);
	}
	expect_look(MSG_LOOK_TIMEOUT, false);
}

/* The epoch of NEWLEADER is still being written when the next LEADERINFO comes: both
 * answers go out, in order. */
static void
renewal_behind_a_write(void **state)
{
	(void)state;
	kit_up(&k, 3);
	leaderinfo(5);
	kit_written(&k, 0);
	newleader(5);
	leaderinfo(7);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_written(&k, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, 5LL << 32);
	kit_writes(&k, 7, 5);
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 5);
}

static void
an_observer(void **state)
{
	(void)state;
	role_free(k.role);
	decided(0, 0, true);
	assert_int_equal(kit_find(&k, ROLE_ACT_CONNECT)->sid, 3);
	kit_up(&k, 3);
	assert_non_null(kit_sent(&k, 3, QPACKET_OBSERVERINFO));
	leaderinfo(5);
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 0);
	newleader(5);
	kit_written(&k, 0);
	uptodate(5);
	assert_int_equal(kit_view(&k).state, NOTIF_OBSERVING);
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.state, NOTIF_OBSERVING);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(steps_to_ackepoch),
	    TEST(steps_from_newleader),
	    TEST(pings_are_answered_in_every_phase),
	    TEST(equal_makes_no_promise_again),
	    TEST(smaller_looks_again),
	    TEST(a_write_in_progress_is_a_promise),
	    TEST(one_write_at_a_time),
	    TEST(renewal),
	    TEST(renewal_has_twice_init_limit),
	    TEST(renewal_behind_a_write),
	    TEST(an_observer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
