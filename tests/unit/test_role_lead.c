/* How a leader becomes established, rule by rule; then joiners and renewals. */
#include "tests/unit/role_leader.h"

static void
all_steps(void **state)
{
	const struct role_action *a;
	const struct role_packet *p;

	(void)state;
	lead();
	a = kit_find(&k, ROLE_ACT_ROLE);
	assert_int_equal(a->u.role.vote.state, NOTIF_LEADING);
	assert_int_equal(a->u.role.vote.epoch, 0); /* as decided */
	assert_int_equal(a->u.role.serial.count, 2);
	assert_int_equal(kit_view(&k).phase, ROLE_DISCOVERY);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));

	joins(2, 6); /* with itself a quorum: 6 is the largest */
	kit_writes(&k, 7, 4);
	assert_int_equal(offered(2), 7); /* both disks at once */
	assert_int_equal(kit_protocol(kit_sent(&k, 2, QPACKET_LEADERINFO)),
	                 QPACKET_PROTOCOL);

	ackepoch(2, 4);
	assert_int_equal(k.todo.count, 0); /* our own promise is not there yet */
	kit_written(&k, 0);
	kit_writes(&k, 7, 7);
	p = kit_sent(&k, 2, QPACKET_NEWLEADER);
	assert_int_equal(p->zxid, 7LL << 32);
	assert_int_equal(kit_view(&k).phase, ROLE_SYNCHRONIZATION);

	ack(2, 7); /* the quorum is there, but our own current epoch is not */
	assert_null(kit_sent(&k, 2, QPACKET_UPTODATE));
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
	kit_written(&k, 0);
	assert_int_equal(kit_sent(&k, 2, QPACKET_UPTODATE)->zxid, 7LL << 32);
	a = kit_find(&k, ROLE_ACT_EVENT);
	assert_int_equal(a->u.view.state, NOTIF_LEADING);
	assert_int_equal(a->u.view.leader, 1);
	assert_int_equal(a->u.view.epoch, 7);
	assert_true(a->u.view.active);
	a = kit_find(&k, ROLE_ACT_ROLE);
	assert_int_equal(a->u.role.vote.epoch, 7);
	assert_int_equal(a->u.role.serial.count, 3);
}

/* The first epoch that was offered is still being written when it is raised. */
static void
raised_while_it_is_written(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	joins(3, 5);
	assert_int_equal(offered(3), 6);
	ackepoch(3, 4);
	kit_written(&k, 0); /* of 5: no promise of 6 */
	kit_writes(&k, 6, 4);
	assert_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
	kit_written(&k, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_NEWLEADER)->zxid, 6LL << 32);
}

static void
written_before_the_quorum_acks(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	kit_written(&k, 0);
	assert_false(kit_view(&k).active);
	ack(2, 5);
	assert_true(kit_view(&k).active);
}

/* A server that elected us before we had decided waits, and is then served. */
static void
a_learner_that_came_early(void **state)
{
	(void)state;
	joins(2, 4);
	assert_int_equal(k.todo.count, 1); /* taken, and no more */
	joins(3, 4);
	assert_int_equal(k.todo.count, 1);
	kit_pass(&k, 100 * KIT_TICK);
	assert_int_equal(k.todo.count, 0);
	lead();
	assert_non_null(kit_sent(&k, 2, QPACKET_PING)); /* a word at once */
	assert_non_null(kit_sent(&k, 3, QPACKET_PING));
	kit_writes(&k, 5, 4);
}

static void
alone_is_a_quorum_of_one(void **state)
{
	(void)state;
	role_free(k.role);
	looking(1, 0, 0);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	lead();
	kit_writes(&k, 1, 0);
	kit_written(&k, 0);
	kit_writes(&k, 1, 1);
	assert_false(kit_view(&k).active);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).epoch, 1);
	for (unsigned i = 0; i < 200; i++) {
		kit_pass(&k, KIT_TICK);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
	}
}

/* Of five servers two others are needed; an observer does not count. */
static void
quorums_of_five(void **state)
{
	(void)state;
	role_free(k.role);
	looking(5, 4, 4);
	lead();
	kit_up(&k, 6);
	kit_info(&k, 6, QPACKET_OBSERVERINFO, 4);
	joins(2, 4);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	joins(3, 4);
	assert_int_equal(offered(2), 5);
	assert_int_equal(offered(3), 5);
	assert_int_equal(offered(6), 5);
	kit_written(&k, 0);
	ackepoch(6, 4);
	ackepoch(2, 4);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	ackepoch(3, 4);
	kit_written(&k, 0);
	ack(6, 5);
	ack(2, 5);
	assert_false(kit_view(&k).active);
	ack(3, 5);
	assert_true(kit_view(&k).active);
	for (int64_t sid = 2; sid <= 6; sid++)
		assert_int_equal(kit_sent(&k, sid, QPACKET_UPTODATE) != NULL,
		                 sid != 4 && sid != 5);
}

static void
no_promise_does_not_count(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, -1);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
	joins(3, 4);
	ackepoch(3, 4);
	assert_non_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
	assert_non_null(
	    kit_sent(&k, 2, QPACKET_NEWLEADER)); /* it takes part all the same */
}

static void
fresher_looks_again(void **state)
{
	static const struct {
		int32_t epoch;
		int64_t zxid;
		int64_t sid;
		bool looks;
	} rows[] = {
	    {5, 0, 2, true},  {4, 1, 2, true},    {4, 0, 2, false}, {4, -1, 2, false},
	    {3, 9, 2, false}, {-1, 99, 2, false}, {5, 0, 4, false}, /* an observer */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		role_free(k.role);
		looking(3, 4, 4);
		joins(2, 4);
		joins(4, 4);
		lead();
		kit_written(&k, 0);
		kit_ackepoch(&k, rows[i].sid, rows[i].zxid, rows[i].epoch, 5);
		if ((kit_find(&k, ROLE_ACT_LOOK) != NULL) != rows[i].looks)
			fail_msg("row %zu", i);
		if (rows[i].looks)
			expect_look(MSG_LOOK_EPOCH);
	}
}

/* A learner without a weight is never elected, however fresh it is: the leader would
 * look again for ever. */
static void
fresher_without_a_weight(void **state)
{
	struct members *c = &k.members;

	(void)state;
	role_free(k.role);
	kit_weigh(c, 1, 1, 0);
	kit_new(&k, kit_config(c, 1));
	kit_start(&k, 4, 4);
	joins(2, 4);
	joins(3, 4);
	lead();
	kit_written(&k, 0);
	kit_ackepoch(&k, 3, 99, 4, 5);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	ackepoch(2, 4);
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

/* Freshness counts only before the quorum of promises. */
static void
fresher_later_is_no_matter(void **state)
{
	(void)state;
	joins(2, 4);
	joins(3, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ackepoch(3, 9);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_non_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
}

static void
a_joiner(void **state)
{
	struct role_learner_view list[ROLE_LEARNERS_MAX];

	(void)state;
	establish();
	kit_up(&k, 3);
	kit_info(&k, 3, QPACKET_FOLLOWERINFO, 5); /* it promised 5 to us, or to another */
	assert_int_equal(offered(3), 5);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	ackepoch(3, -1);
	assert_non_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
	ack(3, 5);
	assert_non_null(kit_sent(&k, 3, QPACKET_UPTODATE));
	assert_null(kit_sent(&k, 2, QPACKET_UPTODATE)); /* it has it */
	assert_null(kit_find(&k, ROLE_ACT_EVENT));
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 0);
	assert_int_equal(offered(4), 5);
	k.now_ms += 7;
	assert_int_equal(role_get_learners(k.role, k.now_ms, list), 3);
	assert_int_equal(list[0].id, 2);
	assert_int_equal(list[0].phase, ROLE_BROADCAST);
	assert_true(list[0].promised && list[0].acked);
	assert_int_equal(list[1].id, 3);
	assert_false(list[1].promised);
	assert_int_equal(list[1].last_ms, 7);
	assert_int_equal(list[2].phase, ROLE_DISCOVERY);
	ackepoch(4, 0);
	assert_int_equal(role_get_learners(k.role, k.now_ms, list), 3);
	assert_int_equal(list[2].phase, ROLE_SYNCHRONIZATION);
	ack(4, 9); /* of nothing: its link is closed */
	assert_int_equal(role_get_learners(k.role, k.now_ms, list), 2);
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
	assert_int_equal(role_get_learners(k.role, k.now_ms, list), 0);
}

/* A joiner promised a larger epoch in an election that failed: the established leader
 * goes above that epoch on the open links, and leads on meanwhile. */
static void
renewal(void **state)
{
	const struct role_action *a;

	(void)state;
	establish();
	joins(3, 8);
	kit_writes(&k, 9, 5);
	assert_int_equal(offered(2), 9);
	assert_int_equal(offered(3), 9);
	kit_written(&k, 0);
	ackepoch(3, 99); /* S9: a fresher joiner deposes nobody */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).epoch, 5);
	ackepoch(2, 5);
	ack(3, 9);
	a = kit_find(&k, ROLE_ACT_EVENT);
	assert_int_equal(a->u.view.epoch, 9);
	assert_true(a->u.view.active);
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.epoch, 9);
	assert_int_equal(kit_sent(&k, 3, QPACKET_UPTODATE)->zxid, 9LL << 32);
	assert_null(kit_sent(&k, 2, QPACKET_UPTODATE));
	ack(2, 9);
	assert_int_equal(kit_sent(&k, 2, QPACKET_UPTODATE)->zxid, 9LL << 32);
}

/* An answer that is on its way when the epoch is raised promises the one before: it does
 * not count for the new one, and the next question waits for it. */
static void
an_answer_to_the_question_before(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	assert_int_equal(offered(3), 5);
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 7);
	assert_int_equal(offered(2), 8);
	assert_int_equal(offered(4), 8);
	assert_int_equal(offered(3), 0);
	kit_written(&k, 0);
	ackepoch(3, 4);
	assert_int_equal(offered(3), 8);
	assert_null(kit_find(&k, ROLE_ACT_WRITE)); /* no quorum has promised 8 */
	ackepoch(3, 4);
	kit_writes(&k, 8, 8);
}

/* An ACK of the epoch before, which crossed LEADERINFO, is no offence. */
static void
an_ack_of_the_epoch_before(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	ackepoch(3, 4);
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 7);
	assert_int_equal(offered(3), 8);
	kit_written(&k, 0);
	ack(3, 5);
	assert_int_equal(k.todo.count, 0);
}

static void
renewal_has_init_limit(void **state)
{
	(void)state;
	establish();
	joins(3, 8);
	kit_written(&k, 0);
	for (unsigned i = 0; i < 40; i++) {
		assert_true(kit_view(&k).active);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_packet(&k, 3, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
	}
	expect_look(MSG_LOOK_TIMEOUT);
}

/* Before we are established we go above any epoch that a learner promised already, even
 * an equal one: that learner would not promise it to us. */
static void
raised_on_the_way(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	assert_int_equal(offered(2), 5);
	kit_written(&k, 0);
	joins(3, 5);
	kit_writes(&k, 6, 4);
	assert_int_equal(offered(3), 6);
	assert_int_equal(offered(2), 0); /* its answer to 5 is still to come */
	kit_written(&k, 0);
	ackepoch(3, 4);
	assert_non_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
	ackepoch(2, 4);
	assert_int_equal(offered(2), 6);
	/* after the quorum of promises equal is no obstacle any more */
	kit_down(&k, 2, MSG_REASON_EOF);
	joins(2, 6);
	assert_int_equal(offered(2), 6);
}

static void
the_last_epochs(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, ROLE_EPOCH_MAX - 1, 4);
	joins(2, ROLE_EPOCH_MAX - 1);
	lead();
	kit_writes(&k, ROLE_EPOCH_MAX, 4);
	assert_int_equal(offered(2), ROLE_EPOCH_MAX);
	kit_written(&k, 0);
	joins(3, ROLE_EPOCH_MAX); /* nothing is above it */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_TOO_HIGH));
	role_free(k.role);
	kit_members(&k.members, 1, 0); /* with others it would not stand */
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, ROLE_EPOCH_MAX, 4);
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_USED_UP);
	assert_int_equal(kit_view(&k).phase, ROLE_ELECTION);
	kit_pass(&k, kit_wait_ms(&k, 1));
	expect_look(MSG_LOOK_DISK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_steps),
	    TEST(raised_while_it_is_written),
	    TEST(written_before_the_quorum_acks),
	    TEST(a_learner_that_came_early),
	    TEST(alone_is_a_quorum_of_one),
	    TEST(quorums_of_five),
	    TEST(no_promise_does_not_count),
	    TEST(fresher_looks_again),
	    TEST(fresher_without_a_weight),
	    TEST(fresher_later_is_no_matter),
	    TEST(a_joiner),
	    TEST(renewal),
	    TEST(an_answer_to_the_question_before),
	    TEST(an_ack_of_the_epoch_before),
	    TEST(renewal_has_init_limit),
	    TEST(raised_on_the_way),
	    TEST(the_last_epochs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
