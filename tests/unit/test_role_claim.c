/* The claim to freshness is the zxid of a look, and of the ACKEPOCHs in its role. */
#include "tests/unit/role_kit.h"

#include <errno.h>

#define ZXID 0x7000000000000002

static struct kit k;

static int
set_up(void **state)
{
	(void)state;
	kit_members(&k.members, 3, 0);
	kit_new(&k, kit_config(&k.members, 1));
	kit_step(&k, (struct role_event){.type = ROLE_EV_START,
	                                 .generation = 7,
	                                 .record = kit_record(&k, 4, 4, ZXID)});
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	return 0;
}

static void
asks(int64_t value)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLAIM, .claim = value});
}

static void
writes(int64_t accepted, int64_t current, int64_t claim)
{
	kit_writes(&k, accepted, current);
	assert_true(kit_find(&k, ROLE_ACT_WRITE)->u.write->claim == claim);
}

static void
claimed(int64_t claim, int error)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_CLAIMED);

	assert_non_null(a);
	assert_true(a->u.claimed.claim == claim);
	assert_int_equal(a->u.claimed.error, error);
}

/* Nothing else changes before the next look. */
static void
claim(int64_t value)
{
	int64_t before = role_claim(k.role);

	asks(value);
	assert_int_equal(k.todo.count, 1);
	writes(role_accepted(k.role), role_current(k.role), value);
	assert_true(role_claim(k.role) == before);
	kit_written(&k, 0);
	assert_int_equal(k.todo.count, 1);
	claimed(value, 0);
	assert_int_equal(role_claim(k.role), value);
}

static void
expect_look(int64_t zxid)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	assert_true(a->u.look.zxid == zxid);
}

static void
reread_at_every_look(void **state)
{
	(void)state;
	expect_look(ZXID);
	assert_true(role_claim(k.role) == ZXID);
	claim(5);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(ZXID); /* the same look */
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_down(&k, 2, MSG_REASON_REFUSED); /* the first time at once */
	expect_look(5);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_down(&k, 2, MSG_REASON_REFUSED);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	claim(INT64_MAX); /* while we wait for the next */
	kit_pass(&k, kit_wait_ms(&k, 1));
	expect_look(INT64_MAX);
}

static void
a_follower_acknowledges_with_what_it_voted_with(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	claim(1);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	assert_true(kit_sent(&k, 3, QPACKET_ACKEPOCH)->zxid == ZXID);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), 4);
}

/* Server 2 promises with `zxid` while we lead, whatever we claimed meanwhile. */
static void
promised_by(int64_t newest, int64_t zxid, int32_t epoch)
{
	kit_decided(&k, NOTIF_LEADING, 1);
	claim(newest);
	kit_up(&k, 2);
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 4);
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, zxid, epoch, k.offered[2]);
}

static void
a_fresher_follower_deposes(void **state)
{
	const struct role_action *a;

	(void)state;
	promised_by(INT64_MAX, ZXID + 1, 4);
	a = kit_find(&k, ROLE_ACT_LOOK);
	assert_non_null(a);
	assert_int_equal(a->u.look.reason, MSG_LOOK_EPOCH);
	assert_true(a->u.look.zxid == INT64_MAX);
}

static void
one_as_fresh_does_not(void **state)
{
	(void)state;
	promised_by(0, ZXID, 4);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

static void
the_epoch_weighs_more(void **state)
{
	(void)state;
	promised_by(0, INT64_MAX, 3);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

static void
unknown_before_a_start(void **state)
{
	(void)state;
	role_free(k.role);
	kit_new(&k, kit_config(&k.members, 1));
	asks(5);
	claimed(5, -EAGAIN);
	kit_step(&k, (struct role_event){.type = ROLE_EV_START, .unusable = true});
	asks(5);
	claimed(5, -EAGAIN);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
}

/* One that comes while an epoch is written goes into the next write, with what else is
 * wanted by then. */
static void
waits_for_the_write_in_progress(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	writes(5, 4, ZXID);
	asks(9);
	assert_int_equal(k.todo.count, 0);
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACKEPOCH));
	assert_null(kit_find(&k, ROLE_ACT_CLAIMED));
	writes(5, 4, 9);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	kit_written(&k, 0);
	claimed(9, 0);
	writes(5, 5, 9);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
}

/* What was not written does not end the role, and the next write takes it back. */
static void
that_fails(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	asks(9);
	kit_written(&k, -5);
	claimed(9, -5);
	assert_int_equal(k.todo.count, 1);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	assert_true(role_claim(k.role) == ZXID);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	writes(5, 4, ZXID);
}

static void
that_fails_before_a_promise(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	asks(9);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	kit_written(&k, -5);
	claimed(9, -5);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));
}

/* An epoch whose write failed is in each later write; nobody waits behind the failure. */
static void
carries_a_promise_that_failed(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	asks(9);
	kit_written(&k, -5);
	claimed(9, -5);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	asks(8);
	writes(5, 4, 8);
	kit_written(&k, 0);
	claimed(8, 0);
	assert_int_equal(role_accepted(k.role), 5);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

/* A claim that hangs ends no role; it stands in the way of the next promise. */
static void
that_hangs(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, 5LL << 32, 0);
	asks(9);
	for (unsigned i = 0; i < 100; i++) {
		kit_packet(&k, 3, QPACKET_PING, 0, 0);
		kit_pass(&k, KIT_TICK);
		assert_null(kit_find(&k, ROLE_ACT_ABSENT));
	}
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 6LL << 32, QPACKET_PROTOCOL);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_true(role_due_ms(k.role) <= k.now_ms);
	kit_pass(&k, 0);
	assert_non_null(kit_find(&k, ROLE_ACT_ABSENT));
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_WRITE);
	kit_written(&k, 0);
	claimed(9, 0);
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* Beside the epochs: what the start had. */
static void
carries_the_rest_along(void **state)
{
	static struct role_event ev = {.type = ROLE_EV_START, .generation = 7};
	const struct role_record *written;

	(void)state;
	ev.record = (struct role_record){.accepted = 4, .current = 4, .may_found = true};
	ev.record.instance.bytes[15] = 9;
	ev.record.members.epoch = 3;
	ev.record.members.new.version = 2;
	ev.record.members.new.list[MEMBERS_MAX - 1].sid = 7;
	role_free(k.role);
	kit_new(&k, kit_config(&k.members, 1));
	kit_step(&k, ev);
	asks(8);
	written = kit_find(&k, ROLE_ACT_WRITE)->u.write;
	assert_true(written->claim == 8 && written->may_found);
	assert_int_equal(written->instance.bytes[15], 9);
	assert_memory_equal(&written->members, &ev.record.members,
	                    sizeof(written->members));
	kit_written(&k, 0);
	claimed(8, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reread_at_every_look),
	    TEST(a_follower_acknowledges_with_what_it_voted_with),
	    TEST(a_fresher_follower_deposes),
	    TEST(one_as_fresh_does_not),
	    TEST(the_epoch_weighs_more),
	    TEST(unknown_before_a_start),
	    TEST(waits_for_the_write_in_progress),
	    TEST(that_fails),
	    TEST(that_fails_before_a_promise),
	    TEST(carries_a_promise_that_failed),
	    TEST(that_hangs),
	    TEST(carries_the_rest_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
