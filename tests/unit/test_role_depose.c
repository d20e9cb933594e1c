/* How a leader's role ends (no quorum, silence, a disk that fails), and which links it
 * closes. */
#include "tests/unit/role_leader.h"

static void
ten_ticks_to_a_quorum(void **state)
{
	(void)state;
	lead();
	for (unsigned i = 0; i < 9; i++) {
		kit_pass(&k, KIT_TICK);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
	}
	kit_pass(&k, KIT_TICK - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_TIMEOUT);
}

static void
half_of_init_limit_to_a_quorum_of_promises(void **state)
{
	(void)state;
	lead();
	kit_pass(&k, KIT_TICK);
	joins(2, 4);
	kit_written(&k, 0); /* but nobody else promises */
	for (unsigned i = 0; i < 20; i++) {
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
	}
	expect_look(MSG_LOOK_TIMEOUT);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_ENDED));
}

static void
init_limit_bounds_the_whole(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	kit_written(&k, 0); /* but nobody else acknowledges */
	for (unsigned i = 0; i < 40; i++) {
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
	}
	expect_look(MSG_LOOK_TIMEOUT);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_ENDED));
}

/* The leader pings each tick as long as the learner does not answer. */
static void
pings_each_tick_in_every_phase(void **state)
{
	int64_t last = -1;

	(void)state;
	joins(2, 4);
	lead();
	for (unsigned i = 0; i < 5; i++) {
		const struct role_packet *p;

		kit_pass(&k, KIT_TICK - 1);
		assert_null(kit_sent(&k, 2, QPACKET_PING));
		kit_pass(&k, 1);
		p = kit_sent(&k, 2, QPACKET_PING);
		assert_non_null(p);
		assert_true(p->zxid >
		            last); /* a learner gives it back: which ping it was */
		last = p->zxid;
		if (i == 2)
			kit_written(&k, 0);
	}
}

static void
a_closed_link_counts_at_once(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(kit_view(&k).active);
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
	assert_false(kit_view(&k).active);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 5);
}

/* S9: a learner that is still joining counts as live. */
static void
a_joiner_keeps_the_quorum(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(kit_view(&k).active);
}

/* But not for long, if it never acknowledges: perhaps its disk hangs. */
static void
one_that_never_acknowledges_keeps_none(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	for (unsigned i = 0; i < 5; i++) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 3, QPACKET_PING, 0, 0);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
	}
	kit_pass(&k, KIT_TICK - 1);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(role_due_ms(k.role), k.now_ms + 1);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_QUORUM);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));

	lead(); /* as before, but 3 is late already */
	joins(2, 5);
	kit_written(&k, 0);
	ackepoch(2, 5);
	ack(2, 6);
	kit_written(&k, 0);
	joins(3, 5);
	kit_pass(&k, 3 * KIT_TICK);
	kit_packet(&k, 2, QPACKET_PING, 0, 0);
	kit_packet(&k, 3, QPACKET_PING, 0, 0);
	kit_pass(&k, 3 * KIT_TICK);
	assert_true(kit_view(&k).active);
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
}

/* Who has acknowledged an epoch of ours counts, however long a renewal takes. */
static void
one_that_renews_keeps_the_quorum(void **state)
{
	(void)state;
	establish();
	joins(3, 7); /* and says no more */
	assert_int_equal(offered(2), 8);
	for (unsigned i = 0; i < 10; i++) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_packet(&k, 3, QPACKET_PING, 0, 0);
	}
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(kit_view(&k).active);
}

static void
an_observer_keeps_none(void **state)
{
	(void)state;
	establish();
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 4);
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
	assert_true(kit_closed(&k, 4, ROLE_CLOSE_ENDED));
}

/* Before a quorum has promised, others may come until the ten ticks are over (D6). */
static void
lost_on_the_way(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_down(&k, 2, MSG_REASON_EOF); /* our own promise is still being written */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_written(&k, 0);
	assert_int_equal(role_due_ms(k.role), k.now_ms + 10 * KIT_TICK);
	kit_pass(&k, 10 * KIT_TICK);
	expect_look(MSG_LOOK_QUORUM);
	assert_int_equal(role_accepted(k.role), 5);
	kit_decided(&k, NOTIF_LEADING, 1);
	joins(2, 4);
	kit_writes(&k, 6, 4); /* never 5 again */
}

static void
passes_in_peace(unsigned ticks)
{
	kit_pass(&k, ticks * KIT_TICK - 1);
	assert_null(kit_sent(&k, 2, QPACKET_PING));
	kit_pass(&k, 1);
	assert_non_null(kit_sent(&k, 2, QPACKET_PING));
}

static void
who_answers_has_a_tick_of_peace(void **state)
{
	(void)state;
	establish();
	for (unsigned i = 0; i < 3; i++) {
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
		kit_packet(&k, 2, QPACKET_PING, 0,
		           0); /* one answer too many gains nothing */
		passes_in_peace(2);
		passes_in_peace(1); /* that one was not answered in time */
	}
	kit_pass(&k, KIT_TICK / 2);
	kit_packet(&k, 2, QPACKET_PING, 0, 0); /* late, and in time */
	kit_pass(&k, KIT_TICK / 2);
	passes_in_peace(1);
	kit_packet(&k, 2, QPACKET_PING, 0, 0);
	joins(3, 4);
	kit_down(&k, 2, MSG_REASON_NEVER);
	joins(2, 4); /* its new link has not answered anything */
	passes_in_peace(1);
}

/* A short sync_limit leaves no time for a second PING, so every tick has one. */
static void
a_short_limit_has_no_peace(void **state)
{
	struct role_config config = kit_config(&k.members, 1);

	(void)state;
	role_free(k.role);
	config.sync_limit = 5;
	kit_new(&k, config);
	kit_start(&k, 4, 4);
	joins(2, 4);
	lead();
	kit_packet(&k, 2, QPACKET_PING, 0, 0);
	passes_in_peace(1);
}

static void
silence(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	for (unsigned i = 0; i < 5; i++) {
		kit_pass(&k, KIT_TICK);
		kit_packet(&k, 2, QPACKET_PING, 0, 0);
	}
	kit_pass(&k, KIT_TICK);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_SILENT));
	assert_false(kit_closed(&k, 2, ROLE_CLOSE_SILENT));
	assert_true(kit_view(&k).active);
	kit_down(&k, 3, MSG_REASON_NEVER);
	assert_int_equal(k.todo.count, 0);
	for (unsigned i = 0; i < 4; i++)
		kit_pass(&k, KIT_TICK);
	assert_true(kit_view(&k).active);
	kit_pass(&k, KIT_TICK); /* six ticks since its last packet */
	expect_look(MSG_LOOK_QUORUM);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_SILENT));
}

static void
the_core_is_due_in_time(void **state)
{
	(void)state;
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	lead();
	assert_int_equal(role_due_ms(k.role), k.now_ms + 10 * KIT_TICK); /* a quorum */
	joins(2, 4);
	assert_int_equal(role_due_ms(k.role), k.now_ms + KIT_TICK);
	k.now_ms += 20;
	assert_int_equal(role_due_ms(k.role), k.now_ms + KIT_TICK - 20);
	kit_step(&k, (struct role_event){.type = ROLE_EV_DUE}); /* too early: nothing */
	assert_int_equal(k.todo.count, 0);
}

static void
a_failed_promise_is_no_lead(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, -5);
	assert_int_equal(offered(2), 0);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_ENDED));
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	assert_int_equal(kit_view(&k).error, -5);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, kit_wait_ms(&k, 1));
	expect_look(MSG_LOOK_DISK);
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch == INT64_MIN);
	kit_pass(&k, 10 * KIT_TICK);
	kit_writes(&k, 5, 4);
	kit_written(&k, 0);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 4);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	lead();
	joins(2, 4);
	kit_writes(&k, 6, 4);
	kit_written(&k, 0);
	ackepoch(2, 4);
	kit_written(&k, -28);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	assert_false(kit_view(&k).active);
}

/* A write of a role that has ended fails while we look: the view says so, and we look
 * as one that does not stand. */
static void
a_late_failure(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_pass(&k, 6 * KIT_TICK);
	kit_pass(&k, 4 * KIT_TICK);
	expect_look(MSG_LOOK_QUORUM);
	kit_written(&k, -5);
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch == INT64_MIN);
	assert_int_equal(kit_find(&k, ROLE_ACT_EVENT)->u.view.reason, ROLE_REASON_WRITE);
}

static void
turned_away(void **state)
{
	static const struct {
		int32_t type;
		int64_t epoch;
		int32_t value;
		enum role_close why;
	} rows[] = {
	    {QPACKET_ACK, 5, 0, ROLE_CLOSE_UNEXPECTED},
	    {QPACKET_ACK, 0, 0, ROLE_CLOSE_UNEXPECTED},
	    {QPACKET_ACKEPOCH, 0, 4, ROLE_CLOSE_UNEXPECTED}, /* before its info */
	    {QPACKET_LEADERINFO, 5, QPACKET_PROTOCOL, ROLE_CLOSE_UNEXPECTED},
	    {QPACKET_UPTODATE, 5, 0, ROLE_CLOSE_UNEXPECTED},
	    {QPACKET_FOLLOWERINFO, 4, 0, ROLE_CLOSE_BAD}, /* without its data */
	};

	(void)state;
	establish();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kit_up(&k, 3);
		kit_packet(&k, 3, rows[i].type, rows[i].epoch << 32, rows[i].value);
		if (!kit_closed(&k, 3, rows[i].why))
			fail_msg("row %zu", i);
		kit_down(&k, 3, MSG_REASON_NEVER);
	}
	joins(3, 4);
	kit_ackepoch(&k, 3, 0, -2, 5);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_BAD));
	kit_down(&k, 3, MSG_REASON_NEVER);
	joins(3, 4);
	kit_ackepoch(&k, 3, 0, 4, 4); /* names an epoch that nobody offered */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_BAD));
	kit_down(&k, 3, MSG_REASON_NEVER);
	joins(3, 4);
	kit_raw(&k, 3, QPACKET_ACKEPOCH, 0, "abc", 3);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_BAD));
	kit_down(&k, 3, MSG_REASON_NEVER);
	joins(3, 4);
	kit_info(&k, 3, QPACKET_FOLLOWERINFO, 4); /* twice on one link */
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
	assert_true(kit_view(&k).active);
}

/* A bad packet of a learner that we need ends the quorum. */
static void
no_packet(void **state)
{
	(void)state;
	establish();
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 2, .number = k.numbers[2]});
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_BAD));
	expect_look(MSG_LOOK_QUORUM);
}

static void
who_says_who_it_is(void **state)
{
	const struct {
		int64_t sid;
		int32_t protocol;
		int64_t epoch;
		enum role_close why;
	} rows[] = {
	    /* another than the link's */
	    {3, QPACKET_PROTOCOL, 4, ROLE_CLOSE_BAD},
	    {2, QPACKET_PROTOCOL, -1, ROLE_CLOSE_BAD},
	    {2, QPACKET_PROTOCOL, INT32_MIN, ROLE_CLOSE_BAD},
	    {2, QPACKET_PROTOCOL - 1, 4, ROLE_CLOSE_OLDER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct qpacket_learner info = {.sid = rows[i].sid,
		                                     .protocol = rows[i].protocol};
		unsigned char data[20];
		size_t len = qpacket_put_learner(&info, data, sizeof(data));

		kit_up(&k, 2);
		kit_raw(&k, 2, QPACKET_FOLLOWERINFO, rows[i].epoch * ((int64_t)1 << 32),
		        data, len);
		assert_true(kit_closed(&k, 2, rows[i].why)); /* while we look, too */
		kit_down(&k, 2, MSG_REASON_NEVER);
	}
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_OLDER);
	assert_int_equal(kit_view(&k).older, 2);
	joins(2, 4); /* it has been replaced by a newer version */
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_up(&k, 2);
	kit_packet(&k, 2, QPACKET_PING, 0, 0); /* nobody asked it anything */
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_UNEXPECTED));
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 2, .number = k.numbers[2]});
	assert_int_equal(k.todo.count, 0);
	kit_up(&k, 2);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 2, .number = k.numbers[2]});
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_BAD));
}

/* A learner whose connection was replaced goes through all steps again. */
static void
a_learner_comes_again(void **state)
{
	(void)state;
	establish();
	joins(3, 4);
	ackepoch(3, 4);
	ack(3, 5);
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, 4);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_packet(&k, 3, QPACKET_ACK, 5LL << 32, 0);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(ten_ticks_to_a_quorum),
	    TEST(half_of_init_limit_to_a_quorum_of_promises),
	    TEST(init_limit_bounds_the_whole),
	    TEST(pings_each_tick_in_every_phase),
	    TEST(who_answers_has_a_tick_of_peace),
	    TEST(a_short_limit_has_no_peace),
	    TEST(a_closed_link_counts_at_once),
	    TEST(a_joiner_keeps_the_quorum),
	    TEST(one_that_never_acknowledges_keeps_none),
	    TEST(one_that_renews_keeps_the_quorum),
	    TEST(an_observer_keeps_none),
	    TEST(lost_on_the_way),
	    TEST(silence),
	    TEST(the_core_is_due_in_time),
	    TEST(a_failed_promise_is_no_lead),
	    TEST(a_late_failure),
	    TEST(turned_away),
	    TEST(no_packet),
	    TEST(who_says_who_it_is),
	    TEST(a_learner_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
