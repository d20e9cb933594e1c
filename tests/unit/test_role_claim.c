/* The claim to freshness is the zxid of a look, and of the ACKEPOCHs in its role. */
#include "tests/unit/role_kit.h"

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
	                                 .accepted = 4,
	                                 .current = 4,
	                                 .claim = ZXID});
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
claim(int64_t value)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLAIM, .claim = value});
	assert_int_equal(k.todo.count, 0); /* nothing changes before the next look */
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
	kit_pass(&k, KIT_TICK);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
