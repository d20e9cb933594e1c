/* A follower whose leader hands over: rules R5 and R9. */
#include "peer/role_impl.h"
#include "tests/unit/role_follower.h"
#include "wire/lease_packet.h"

static int
set_up_following(void **state)
{
	(void)state;
	decided(4, 4, false);
	k.role->config.resume_ms = 150;
	follow(5);
	return 0;
}

static void
word(int64_t epoch, uint8_t flags, int64_t sid)
{
	const struct lease_packet p = {.flags = flags, .sid = sid};
	unsigned char data[20];
	size_t len = lease_packet_put(&p, data, sizeof(data));

	kit_raw(&k, 3, QPACKET_PING, epoch << 32, data, len);
}

static bool
stands(void)
{
	return kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch != INT64_MIN;
}

static const struct role_promise *
slot(void)
{
	return &k.role->lease.memory.promise;
}

static void
promise(int64_t sid, int64_t epoch)
{
	k.role->lease.memory.promise = (struct role_promise){sid, epoch, k.now_ms + 300};
}

/* ---- R5 ---- */

static void
r5_looks_at_once(void **state)
{
	(void)state;
	promise(3, 5);
	word(5, LEASE_RELEASE, 3);
	expect_look(MSG_LOOK_RELEASED, true);
	assert_int_equal(slot()->end_ms, 0);
	assert_int_equal(kit_find(&k, ROLE_ACT_MEMORY)->u.memory.promise.end_ms, 0);
	assert_true(stands());
	assert_null(kit_sent(&k, 3, QPACKET_PING)); /* nobody answers the last word */
}

/* "a late RELEASE while X leads on" */
static void
r5_an_older_release(void **state)
{
	(void)state;
	promise(3, 5);
	word(4, LEASE_RELEASE, 3);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(slot()->end_ms > 0);
	assert_true(kit_view(&k).has_leader);
}

static void
r5_a_slot_of_another_stays(void **state)
{
	(void)state;
	promise(2, 4);
	word(5, LEASE_RELEASE, 3);
	expect_look(MSG_LOOK_RELEASED, true);
	assert_true(slot()->end_ms > 0);
}

static void
r5_a_slot_of_a_later_epoch_stays(void **state)
{
	(void)state;
	promise(3, 6);
	word(5, LEASE_RELEASE, 3);
	assert_true(slot()->end_ms > 0);
}

/* A word of a connection that is no more is no word of the leader. */
static void
r5_only_over_its_link(void **state)
{
	uint64_t old = k.numbers[3];

	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	k.numbers[3] = old;
	promise(3, 5);
	word(5, LEASE_RELEASE, 3);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(slot()->end_ms > 0);
}

static void
r5_before_uptodate(void **state)
{
	(void)state;
	role_free(k.role);
	decided(4, 4, false);
	kit_up(&k, 3);
	leaderinfo(5);
	word(5, LEASE_RELEASE, 3);
	expect_look(MSG_LOOK_RELEASED, true);
}

/* ---- R9 ---- */

static void
r9_does_not_stand_but_for_the_target(void **state)
{
	(void)state;
	word(5, LEASE_TRANSFER, 2);
	assert_true(kit_view(&k).has_leader);
	assert_null(kit_sent(&k, 3, QPACKET_PING));
	word(5, LEASE_RELEASE, 3);
	expect_look(MSG_LOOK_RELEASED, true);
	assert_false(stands());
	assert_int_equal(kit_find(&k, ROLE_ACT_CONNECT)->sid, 2);
	kit_pass(&k, 999);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	assert_true(stands());
}

static void
r9_the_target_stands(void **state)
{
	(void)state;
	word(5, LEASE_TRANSFER, 1);
	word(5, LEASE_RELEASE, 3);
	assert_true(stands());
	assert_null(kit_find(&k, ROLE_ACT_CONNECT)); /* the others dial us */
}

static void
r9_a_second_beyond_its_promise(void **state)
{
	(void)state;
	promise(3, 5);
	word(5, LEASE_TRANSFER, 2);
	word(5, LEASE_RELEASE, 3);
	kit_pass(&k, 1299);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	assert_true(stands());
}

static void
r9_only_with_uptodate(void **state)
{
	(void)state;
	word(4, LEASE_TRANSFER, 2);
	word(6, LEASE_TRANSFER, 2);
	word(5, LEASE_RELEASE, 3);
	assert_true(stands());
}

static void
r9_until_somebody_is_established(void **state)
{
	(void)state;
	word(5, LEASE_TRANSFER, 2);
	word(5, LEASE_RELEASE, 3);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_up(&k, 2);
	kit_packet(&k, 2, QPACKET_LEADERINFO, 6LL << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	kit_packet(&k, 2, QPACKET_NEWLEADER, 6LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 2, QPACKET_UPTODATE, 6LL << 32, 0);
	assert_int_equal(k.role->handover.stands_ms, 0);
	assert_true(role_may_stand(k.role));
}

/* One that waits for a server that turned it away, when it may stand again. */
static void
r9_waits_no_longer_than_that(void **state)
{
	(void)state;
	word(5, LEASE_TRANSFER, 2);
	word(5, LEASE_RELEASE, 3);
	kit_decided(&k, NOTIF_LEADING, 1); /* it cannot */
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_int_equal(k.role->mode, ROLE_MODE_WAITING);
	k.role->wait_ms = k.now_ms + 5000;
	kit_pass(&k, 1000);
	assert_true(stands());
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_following, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(r5_looks_at_once),
	    TEST(r5_an_older_release),
	    TEST(r5_a_slot_of_another_stays),
	    TEST(r5_a_slot_of_a_later_epoch_stays),
	    TEST(r5_only_over_its_link),
	    TEST(r5_before_uptodate),
	    TEST(r9_does_not_stand_but_for_the_target),
	    TEST(r9_the_target_stands),
	    TEST(r9_a_second_beyond_its_promise),
	    TEST(r9_only_with_uptodate),
	    TEST(r9_until_somebody_is_established),
	    TEST(r9_waits_no_longer_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
