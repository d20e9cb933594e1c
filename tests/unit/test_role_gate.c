/* Whom a promise binds, and towards whom: rule R4, and R6 (a). */
#include "tests/unit/role_lease_follower.h"

/* Everything but the ACK, also the disk. */
static void
joins_3(void)
{
	decides(false);
	kit_up(&k, 3);
	leaderinfo(5);
	assert_int_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->accepted, 5);
	kit_written(&k, 0);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 4);
	newleader(5);
	assert_int_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->current, 5);
	kit_written(&k, 0);
}

/* Also this server is not established. */
static void
leads_from(uint64_t unknown_ms)
{
	kit_members(&k.members, 3, 1);
	config.file = &k.members;
	kit_new(&k, config);
	start.record = kit_record(&k, 4, 4, 0);
	start.unknown_ms = unknown_ms;
	kit_step(&k, start);
	kit_up(&k, 2);
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 4);
	kit_decided(&k, NOTIF_LEADING, 1);
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, 0, 4, 5);
	kit_packet(&k, 2, QPACKET_ACK, E5, 0);
	kit_written(&k, 0);
}

static void
r4_a_promise_withholds_the_ack(void **state)
{
	(void)state;
	promised(2, 400);
	joins_3();
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	k.now_ms += 250;
	kit_ping(&k, 3, 0, 0, 0);
	assert_int_equal(answered().flags, LEASE_WITHHELD);
	assert_int_equal(answered().ms, 150);
	assert_int_equal(kit_lease(&k).withheld_ms, 1400);
	assert_int_equal(role_due_ms(k.role), 1400);
	kit_pass(&k, 149);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_pass(&k, 1); /* at that instant */
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, E5);
	assert_int_equal(kit_lease(&k).withheld_ms, 0);
	assert_true(role_due_ms(k.role) > k.now_ms);
}

static void
r4_the_sid_of_the_slot_is_helped(void **state)
{
	(void)state;
	promised(3, 400);
	joins_3();
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, E5);
	assert_int_equal(slot()->end_ms, 1400); /* which stays */
}

static void
r4_a_promise_that_ended_binds_nobody(void **state)
{
	(void)state;
	promised(2, 0);
	joins_3();
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, E5);
}

/* It is established already, in exactly the epoch that is to be acknowledged. */
static void
r4_an_established_leader_is_helped(void **state)
{
	(void)state;
	promised(2, 400);
	joins_3();
	kit_ping(&k, 3, 0, 0, 0);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_ping(&k, 3, INT64_C(4) << 32, 0, 0);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_ping(&k, 3, INT64_C(6) << 32, 0, 0);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_ping(&k, 3, E5, 0, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, E5);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	assert_int_equal(slot()->sid, 2); /* the slot is not dropped */
	assert_int_equal(slot()->end_ms, 1400);
	uptodate(5);
	leaderinfo(6); /* a renewal of it, which has 2's promise before it */
	kit_written(&k, 0);
	newleader(6);
	kit_written(&k, 0);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
}

/* What was said over an earlier link is no exception. */
static void
r4_the_exception_is_of_this_link(void **state)
{
	(void)state;
	promised(2, 400);
	decides(false);
	kit_up(&k, 3);
	kit_ping(&k, 3, E5, 0, 0);
	leaderinfo(5);
	kit_written(&k, 0);
	newleader(5);
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
	uptodate(5);
	kit_down(&k, 3, MSG_REASON_EOF); /* R8: stays, and dials */
	kit_up(&k, 3);
	leaderinfo(5);
	newleader(5);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
}

/* Its deadline is no reason to give up a leader for whom we keep others waiting. */
static void
r4_the_deadline_waits(void **state)
{
	(void)state;
	promised(2, 5000);
	joins_3();
	for (uint64_t ms = 0; ms < 4950; ms += KIT_TICK) {
		k.now_ms += KIT_TICK;
		kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
		kit_ping(&k, 3, 0, 0, 0);
		assert_int_equal(answered().flags, LEASE_WITHHELD);
	}
	kit_pass(&k, KIT_TICK);
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, E5);
	/* from then on init_limit is as ever */
	for (unsigned i = 0; i < 39; i++) {
		k.now_ms += KIT_TICK;
		kit_ping(&k, 3, 0, 0, 0);
		kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
	}
	kit_pass(&k, 2 * KIT_TICK);
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* And it waits where the leader says that somebody else withholds. */
static void
r4_the_leader_says_that_others_withhold(void **state)
{
	(void)state;
	joins_3();
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
	for (unsigned i = 0; i < 60; i++) {
		k.now_ms += KIT_TICK;
		kit_ping(&k, 3, 0, LEASE_WITHHELD, 1000);
		kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
	}
}

/* Nobody is kept waiting for ever by a number. */
static void
r4_what_is_withheld_has_a_bound(void **state)
{
	(void)state;
	joins_3();
	kit_ping(&k, 3, 0, LEASE_WITHHELD, UINT32_MAX);
	assert_true(k.role->follow.init_ms <= k.now_ms + 600000 + 40 * KIT_TICK);
}

static void
r4_the_first_word_waits_for_nobody(void **state)
{
	(void)state;
	promised(2, 5000);
	joins_3();
	kit_pass(&k, 6 * KIT_TICK);
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* An ACK that the leader does not want any more is not sent: behind the answer to a later
 * epoch it would be out of turn. */
static void
r4_a_later_epoch_takes_the_place_of_one_that_waits(void **state)
{
	(void)state;
	promised(2, 100);
	joins_3();
	leaderinfo(6);
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACKEPOCH));
	kit_pass(&k, 100);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	newleader(6);
	kit_written(&k, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_ACK)->zxid, INT64_C(6) << 32);
}

static void
r4_a_promise_to_another_keeps_us_from_leading(void **state)
{
	(void)state;
	promised(3, 100);
	leads_from(0);
	assert_false(kit_view(&k).active);
	kit_pass(&k, 100);
	assert_true(kit_view(&k).active);
}

static void
r4_a_promise_to_ourselves_does_not(void **state)
{
	(void)state;
	promised(1, 100);
	leads_from(0);
	assert_true(kit_view(&k).active);
}

/* The leader waits for whoever withholds, and tells the others. */
static void
r4_a_leader_waits_for_its_learners(void **state)
{
	(void)state;
	kit_members(&k.members, 3, 1);
	config.file = &k.members;
	kit_new(&k, config);
	start.record = kit_record(&k, 4, 4, 0);
	kit_step(&k, start);
	for (int64_t sid = 2; sid <= 3; sid++) {
		kit_up(&k, sid);
		kit_info(&k, sid, QPACKET_FOLLOWERINFO, 4);
	}
	kit_decided(&k, NOTIF_LEADING, 1);
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, 0, 4, 5);
	kit_ackepoch(&k, 3, 0, 4, 5);
	kit_written(&k, 0);
	for (uint64_t left = 5000; left > 0; left -= KIT_TICK) {
		kit_ping(&k, 2, 0, LEASE_WITHHELD, (uint32_t)left);
		kit_ping(&k, 3, 0, 0, 0);
		kit_pass(&k, KIT_TICK);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		if (kit_sent(&k, 3, QPACKET_PING) && left > KIT_TICK)
			assert_int_equal(kit_said(kit_sent(&k, 3, QPACKET_PING)).ms,
			                 left - KIT_TICK);
	}
	kit_packet(&k, 2, QPACKET_ACK, E5, 0);
	assert_true(kit_view(&k).active);
}

/* zab = false has no leases: what was promised before that does not count. */
static void
r4_without_zab_nobody_is_bound(void **state)
{
	(void)state;
	config.zab = false;
	promised(2, 400);
	kit_members(&k.members, 3, 1);
	config.file = &k.members;
	kit_new(&k, config);
	start.record = kit_record(&k, 0, 0, 0);
	kit_step(&k, start);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
}

static void
r6_who_is_not_known_binds_towards_everybody(void **state)
{
	(void)state;
	start.unknown_ms = 1200;
	joins_3();
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	assert_int_equal(slot()->sid, ROLE_SID_UNKNOWN);
	kit_pass(&k, 199);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_pass(&k, 1);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
}

/* The memory that is written from now on is valid: it must say so too. */
static void
r6_what_is_not_known_is_remembered(void **state)
{
	const struct role_action *a;

	(void)state;
	kit_members(&k.members, 3, 1);
	config.file = &k.members;
	kit_new(&k, config);
	start.record = kit_record(&k, 4, 4, 0);
	start.unknown_ms = 1200;
	kit_step(&k, start);
	a = kit_find(&k, ROLE_ACT_MEMORY);
	assert_non_null(a);
	assert_int_equal(a->u.memory.promise.sid, ROLE_SID_UNKNOWN);
	assert_int_equal(a->u.memory.promise.end_ms, 1200);
}

/* Whom an established leader frees from waiting is not free towards others. */
static void
r6_joining_frees_nobody(void **state)
{
	(void)state;
	start.unknown_ms = 1900;
	joins_3();
	kit_ping(&k, 3, E5, 0, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
	uptodate(5);
	assert_int_equal(slot()->sid, ROLE_SID_UNKNOWN);
	assert_int_equal(slot()->end_ms, 1900);
	wants(E5, LEASE_MS); /* the promise is to 3, and not shorter */
	assert_int_equal(slot()->sid, 3);
	assert_int_equal(slot()->end_ms, 1900);
}

static void
r6_not_even_we_lead_while_nothing_is_known(void **state)
{
	(void)state;
	leads_from(1200);
	assert_false(kit_view(&k).active);
	assert_int_equal(kit_lease(&k).withheld_ms, 1200);
	kit_pass(&k, 50);
	assert_int_equal(kit_said(kit_sent(&k, 2, QPACKET_PING)).flags, LEASE_WITHHELD);
	assert_int_equal(kit_said(kit_sent(&k, 2, QPACKET_PING)).ms, 150);
	kit_pass(&k, 50);
	assert_false(kit_view(&k).active);
	kit_pass(&k, 99);
	assert_false(kit_view(&k).active);
	assert_int_equal(role_due_ms(k.role), k.now_ms + 1);
	kit_pass(&k, 1);
	assert_true(kit_view(&k).active);
	assert_non_null(kit_sent(&k, 2, QPACKET_UPTODATE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(r4_a_promise_withholds_the_ack),
	    PROMISE(r4_the_sid_of_the_slot_is_helped),
	    PROMISE(r4_a_promise_that_ended_binds_nobody),
	    PROMISE(r4_an_established_leader_is_helped),
	    PROMISE(r4_the_exception_is_of_this_link),
	    PROMISE(r4_the_deadline_waits),
	    PROMISE(r4_the_leader_says_that_others_withhold),
	    PROMISE(r4_what_is_withheld_has_a_bound),
	    PROMISE(r4_the_first_word_waits_for_nobody),
	    PROMISE(r4_a_later_epoch_takes_the_place_of_one_that_waits),
	    PROMISE(r4_a_promise_to_another_keeps_us_from_leading),
	    PROMISE(r4_a_promise_to_ourselves_does_not),
	    PROMISE(r4_a_leader_waits_for_its_learners),
	    PROMISE(r4_without_zab_nobody_is_bound),
	    PROMISE(r6_who_is_not_known_binds_towards_everybody),
	    PROMISE(r6_what_is_not_known_is_remembered),
	    PROMISE(r6_joining_frees_nobody),
	    PROMISE(r6_not_even_we_lead_while_nothing_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
