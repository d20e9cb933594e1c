/* Which connection is the learner link (peer/role_link.c): strangers and newcomers beside
 * a link that works, and what was said over a connection that is no more. */
#include "tests/unit/role_leader.h"

/* What comes over the connection `number`, not the newest one. */
static void
say_over(int64_t sid, uint64_t number, int32_t type, int64_t zxid)
{
	const struct qpacket q = {.type = type, .zxid = zxid, .auth_count = -1};

	kit_step(&k,
	         (struct role_event){
		     .type = ROLE_EV_PACKET, .sid = sid, .number = number, .packet = &q});
}

static void
ends(int64_t sid, uint64_t number)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_REMOTE,
	                                 .sid = sid,
	                                 .lane = MSG_LANE_LEARNER,
	                                 .link = MSG_LINK_DOWN,
	                                 .reason = MSG_REASON_EOF,
	                                 .number = number});
}

static void
expect_still_led(void)
{
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).epoch, 5);
}

/* Neither costs the link anything, at a leader with no learner to lose. */
static void
greetings_and_garbage(void **state)
{
	const struct qpacket_learner info = {.sid = 2, .protocol = QPACKET_PROTOCOL - 1};
	unsigned char older[20];
	uint64_t link;

	(void)state;
	assert_int_equal(qpacket_put_learner(&info, older, sizeof(older)), 20);
	establish();
	link = number_of(2);
	for (unsigned i = 0; i < 3; i++) {
		kit_up(&k, 2);
		expect_still_led();
		kit_step(&k, (struct role_event){.type = ROLE_EV_BAD_PACKET,
		                                 .sid = 2,
		                                 .number = number_of(2)});
		assert_true(closed(number_of(2), ROLE_CLOSE_BAD));
		kit_up(&k, 2);
		say_over(2, number_of(2), QPACKET_PING, 0);
		assert_true(closed(number_of(2), ROLE_CLOSE_UNEXPECTED));
		kit_up(&k, 2);
		kit_packet(&k, 2, QPACKET_FOLLOWERINFO, 4LL << 32, 0); /* without data */
		assert_true(closed(number_of(2), ROLE_CLOSE_BAD));
		assert_null(kit_sent(&k, 2, QPACKET_PING)); /* nobody is disturbed */
		kit_up(&k, 2);
		kit_raw(&k, 2, QPACKET_FOLLOWERINFO, 4LL << 32, older, sizeof(older));
		assert_true(closed(number_of(2), ROLE_CLOSE_OLDER));
		assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
		expect_still_led();
	}
	/* one that was told of and said nothing makes room for the next */
	kit_up(&k, 2);
	kit_up(&k, 2);
	assert_true(closed(number_of(2) - 1, ROLE_CLOSE_BESIDE));
	say_over(2, link, QPACKET_PING, 0);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 2 * KIT_TICK);
	assert_non_null(kit_sent(&k, 2, QPACKET_PING));
	assert_int_equal(kit_find(&k, ROLE_ACT_SEND)->number, link);
}

static void
the_older_link_answers(void **state)
{
	uint64_t link, newcomer;

	(void)state;
	establish();
	link = number_of(2);
	joins(2, 5);
	newcomer = number_of(2);
	assert_non_null(kit_sent(&k, 2, QPACKET_PING)); /* at once, the older one */
	assert_int_equal(kit_find(&k, ROLE_ACT_SEND)->number, link);
	assert_int_equal(role_due_ms(k.role), k.now_ms + KIT_TICK);
	say_over(2, newcomer, QPACKET_PING, 0); /* it is not asked */
	assert_true(closed(newcomer, ROLE_CLOSE_UNEXPECTED));
	joins(2, 5);
	newcomer = number_of(2);
	kit_pass(&k, KIT_TICK - 1);
	say_over(2, link, QPACKET_PING, 0);
	assert_true(closed(newcomer, ROLE_CLOSE_BESIDE));
	kit_pass(&k, 1);
	assert_null(kit_find(&k, ROLE_ACT_TAKE));
	say_over(2, newcomer, QPACKET_ACK, 5LL << 32); /* it is no more */
	assert_int_equal(k.todo.count, 0);
	expect_still_led();
}

/* The leader leads on, and the new link goes through all steps from the beginning. */
static void
the_older_link_is_dead(void **state)
{
	uint64_t link;

	(void)state;
	establish();
	link = number_of(2);
	joins(2, 5);
	kit_pass(&k, KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	assert_true(closed(link, ROLE_CLOSE_SILENT));
	assert_true(taken(number_of(2)));
	expect_still_led();
	assert_int_equal(offered(2), 5);
	say_over(2, link, QPACKET_ACK, 5LL << 32); /* late, over the old one */
	ends(2, link);
	assert_int_equal(k.todo.count, 0);
	expect_still_led();
	ackepoch(2, -1);
	ack(2, 5);
	assert_non_null(kit_sent(&k, 2, QPACKET_UPTODATE));
}

/* The newcomer takes the place at once, and no quorum is lost in between. */
static void
the_older_link_ends(void **state)
{
	(void)state;
	establish();
	joins(2, 5);
	ends(2, number_of(2) - 1);
	assert_true(taken(number_of(2)));
	assert_int_equal(offered(2), 5);
	expect_still_led();
	joins(2, 5);
	kit_step(&k, (struct role_event){.type = ROLE_EV_BAD_PACKET,
	                                 .sid = 2,
	                                 .number = number_of(2) - 1});
	assert_true(closed(number_of(2) - 1, ROLE_CLOSE_BAD));
	assert_true(taken(number_of(2)));
	assert_int_equal(offered(2), 5);
	expect_still_led();
	joins(2, 5);
	kit_down(&k, 2, MSG_REASON_EOF); /* the newcomer ends first */
	kit_pass(&k, KIT_TICK);
	assert_null(kit_find(&k, ROLE_ACT_TAKE));
	expect_still_led();
}

static void
of_three_newcomers_the_last_waits(void **state)
{
	uint64_t link;

	(void)state;
	establish();
	link = number_of(2);
	joins(2, 5);
	kit_pass(&k, KIT_TICK / 2);
	joins(2, 5);
	assert_true(closed(number_of(2) - 1, ROLE_CLOSE_BESIDE));
	joins(2, 5);
	assert_true(closed(number_of(2) - 1, ROLE_CLOSE_BESIDE));
	kit_pass(&k, KIT_TICK / 2); /* its own tick counts */
	assert_null(kit_find(&k, ROLE_ACT_TAKE));
	kit_pass(&k, KIT_TICK / 2);
	assert_true(taken(number_of(2)));
	assert_true(closed(link, ROLE_CLOSE_SILENT));
	expect_still_led();
}

/* While we look, too: those who have elected us wait, and answer a PING. */
static void
newcomers_while_we_look(void **state)
{
	uint64_t link;

	(void)state;
	joins(2, 4);
	link = number_of(2);
	assert_true(taken(link));
	joins(2, 4);
	assert_non_null(kit_sent(&k, 2, QPACKET_PING));
	say_over(2, link, QPACKET_PING, 0);
	assert_true(closed(number_of(2), ROLE_CLOSE_BESIDE));
	joins(2, 4);
	kit_pass(&k, KIT_TICK);
	assert_true(closed(link, ROLE_CLOSE_SILENT));
	assert_true(taken(number_of(2)));
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

/* All that connmgr has of a remote ends with the role. */
static void
the_end_of_a_role_closes_all(void **state)
{
	(void)state;
	establish();
	kit_up(&k, 4); /* an observer, which keeps no quorum */
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 4);
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 4);
	kit_up(&k, 4);
	ends(2, number_of(2));
	expect_look(MSG_LOOK_QUORUM);
	for (uint64_t n = number_of(4) - 2; n <= number_of(4); n++)
		assert_true(closed(n, ROLE_CLOSE_ENDED));
	/* with our link to connmgr they are gone, too */
	joins(2, 4);
	joins(2, 4);
	kit_up(&k, 2);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	say_over(2, number_of(2), QPACKET_PING, 0);
	assert_int_equal(k.todo.count, 0);
}

/* A packet without a number, which connmgr never sends, is of no connection. */
static void
without_a_number(void **state)
{
	(void)state;
	k.numbers[2] = 0;
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 4);
	assert_int_equal(k.todo.count, 0);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	assert_int_equal(k.todo.count, 0);
}

/* Nothing is left of one that was told of, said nothing and ended. */
static void
one_that_ended_before_a_word(void **state)
{
	(void)state;
	establish();
	kit_up(&k, 3);
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	assert_int_equal(k.todo.count, 0);
	expect_still_led();
}

/* ---- a follower: its link is the one that it dialled ---- */

static void
strangers_with_the_leaders_sid(void **state)
{
	uint64_t link;

	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	k.dials[3] = false;
	kit_up(&k, 3); /* not the one that we asked for */
	assert_true(closed(number_of(3), ROLE_CLOSE_OTHERWISE));
	assert_null(kit_sent(&k, 3, QPACKET_FOLLOWERINFO));
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	assert_int_equal(k.todo.count, 0);
	k.dials[3] = true;
	follows_3();
	link = number_of(3);
	for (unsigned i = 0; i < 4; i++) {
		kit_up(&k, 3);
		assert_true(closed(number_of(3), ROLE_CLOSE_OTHERWISE));
		kit_info(&k, 3, QPACKET_FOLLOWERINFO, 5);
		kit_down(&k, 3, MSG_REASON_EOF);
		assert_int_equal(k.todo.count, 0);
	}
	say_over(3, link, QPACKET_PING, 7);
	assert_int_equal(kit_find(&k, ROLE_ACT_SEND)->number, link);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
}

/* A role that ends stops dialling; what was dialled for it is closed. */
static void
a_connection_for_an_earlier_role(void **state)
{
	uint64_t late;

	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_pass(&k, 10 * KIT_TICK); /* no word */
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(closed(0, ROLE_CLOSE_ENDED));
	k.dials[3] = true;
	kit_up(&k, 3); /* it crossed our asking */
	late = number_of(3);
	assert_true(closed(late, ROLE_CLOSE_ENDED));
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	say_over(3, late, QPACKET_PING, 0);
	ends(3, late);
	assert_int_equal(k.todo.count, 0);
	kit_up(&k, 3);
	assert_non_null(kit_sent(&k, 3, QPACKET_FOLLOWERINFO));
}

/* ---- promises ---- */

static void
a_promise_names_its_epoch(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, 0, 4, 4); /* of another leader, or an earlier offer */
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_BAD));
	assert_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

/* Passes the packet of `type` that `from` sent in its last step on to `to`. */
static void
carry(const struct kit *from, int64_t from_sid, struct kit *to, int64_t to_sid,
      int32_t type)
{
	const struct role_packet *p = kit_sent(from, to_sid, type);

	assert_non_null(p);
	if (p->report)
		kit_says(to, from_sid, p->zxid, p->answer.current, p->answer.epoch,
		         p->report);
	else if (p->pair)
		kit_newleader(to, from_sid, p->zxid, p->pair);
	else
		kit_raw(to, from_sid, p->type, p->zxid, p->data_len > 0 ? p->data : NULL,
		        p->data_len);
}

static void
begin(struct kit *server, int64_t sid)
{
	kit_members(&server->members, 3, 0);
	kit_new(server, kit_config(&server->members, sid));
	kit_start(server, 4, 4);
}

/* Server 2 promises epoch 5 to server 1 over a connection that ends meanwhile, and comes
 * again; server 1 offers it 6 now. That promise, which is still on its way, is none of 6,
 * for server 2 promises 6 to server 3. */
static void
two_leaders_of_one_epoch(void **state)
{
	static struct kit one, two, three;
	struct role_event late = {.type = ROLE_EV_PACKET, .sid = 2};
	unsigned char data[8];
	struct qpacket promise;

	(void)state;
	begin(&one, 1);
	begin(&two, 2);
	begin(&three, 3);
	kit_decided(&one, NOTIF_LEADING, 1);
	kit_decided(&two, NOTIF_FOLLOWING, 1);
	kit_up(&two, 1);
	kit_up(&one, 2);
	carry(&two, 2, &one, 1, QPACKET_FOLLOWERINFO);
	carry(&one, 1, &two, 2, QPACKET_LEADERINFO);
	kit_written(&two, 0);
	memcpy(data, kit_sent(&two, 1, QPACKET_ACKEPOCH)->data, sizeof(data));
	promise = (struct qpacket){.type = QPACKET_ACKEPOCH,
	                           .data = data,
	                           .data_len = sizeof(data),
	                           .auth_count = -1};
	late.number = one.numbers[2];
	late.packet = &promise;
	kit_written(&one, 0);

	kit_down(&two, 1, MSG_REASON_RESET);
	kit_decided(&two, NOTIF_FOLLOWING, 1);
	kit_up(&two, 1);
	kit_up(&one, 2);
	carry(&two, 2, &one, 1, QPACKET_FOLLOWERINFO);
	kit_pass(&one, KIT_TICK); /* the old connection is silent */
	assert_int_equal(one.offered[2], 6);
	kit_written(&one, 0);
	kit_step(&one, late); /* over the old one: not heard */
	assert_int_equal(one.todo.count, 0);
	late.number = one.numbers[2];
	kit_step(&one, late); /* even over the new one: it says 5 */
	assert_null(kit_sent(&one, 2, QPACKET_NEWLEADER));
	assert_false(kit_view(&one).active);

	kit_down(&two, 1, MSG_REASON_RESET);
	kit_pass(&two, KIT_TICK);
	kit_decided(&two, NOTIF_FOLLOWING, 3);
	kit_decided(&three, NOTIF_LEADING, 3);
	kit_up(&two, 3);
	kit_up(&three, 2);
	carry(&two, 2, &three, 3, QPACKET_FOLLOWERINFO);
	carry(&three, 3, &two, 2, QPACKET_LEADERINFO);
	kit_written(&two, 0);
	kit_written(&three, 0);
	carry(&two, 2, &three, 3, QPACKET_ACKEPOCH);
	carry(&three, 3, &two, 2, QPACKET_NEWLEADER);
	kit_written(&three, 0);
	kit_written(&two, 0);
	carry(&two, 2, &three, 3, QPACKET_ACK);
	assert_true(kit_view(&three).active);
	assert_int_equal(kit_view(&three).epoch, 6);
	role_free(one.role);
	role_free(two.role);
	role_free(three.role);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_a_number),
	    TEST(one_that_ended_before_a_word),
	    TEST(greetings_and_garbage),
	    TEST(the_older_link_answers),
	    TEST(the_older_link_is_dead),
	    TEST(the_older_link_ends),
	    TEST(of_three_newcomers_the_last_waits),
	    TEST(newcomers_while_we_look),
	    TEST(the_end_of_a_role_closes_all),
	    TEST(strangers_with_the_leaders_sid),
	    TEST(a_connection_for_an_earlier_role),
	    TEST(a_promise_names_its_epoch),
	    TEST(two_leaders_of_one_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
