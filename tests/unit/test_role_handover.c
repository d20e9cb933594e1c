/* A leader that hands over: rules R5 and R9. */
#include "peer/role_impl.h"
#include "tests/unit/role_leader.h"
#include "wire/lease_packet.h"

#include <errno.h>

static int
set_up_established(void **state)
{
	(void)state;
	looking(3, 4, 4);
	establish();
	return 0;
}

static void
step_down(uint64_t for_ms)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_STEP_DOWN, .for_ms = for_ms});
}

static void
transfer(int64_t sid)
{
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_STEP_DOWN, .targeted = true, .sid = sid});
}

static void
holds(unsigned count, bool broken)
{
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_HOLDS, .holds = count, .broken = broken});
}

/* How the last STEP_DOWN was answered; 1: not yet. */
static int
answer(void)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_STEPPED);

	return a ? a->u.error : 1;
}

/* The place of the PING with this flag to `sid` in the actions; -1: there is none. */
static int
find_word(int64_t sid, uint8_t flag, int64_t about)
{
	for (unsigned i = 0; i < k.todo.count; i++) {
		const struct role_action *a = &k.todo.list[i];
		const struct role_packet *p = &a->u.packet;
		const struct qpacket q = {
		    .type = p->type, .data = p->data, .data_len = p->data_len};
		struct lease_packet word;

		if (a->type == ROLE_ACT_SEND && a->sid == sid &&
		    lease_packet_get(&q, &word) && word.flags == flag) {
			assert_int_equal(word.sid, about);
			assert_int_equal(p->zxid >> 32, 5);
			return (int)i;
		}
	}
	return -1;
}

static int
place(enum role_action_type type)
{
	const struct role_action *a = kit_find(&k, type);

	return a ? (int)(a - k.todo.list) : -1;
}

static bool
is_released(void)
{
	return find_word(2, LEASE_RELEASE, 1) >= 0 && answer() == 0 &&
	       !kit_view(&k).active;
}

static bool
stands(void)
{
	return kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch != INT64_MIN;
}

/* ---- R5 ---- */

static void
r5_in_this_order(void **state)
{
	const struct role_action *a;
	int last;

	(void)state;
	step_down(0);
	last = place(ROLE_ACT_LET_GO);
	assert_int_equal(last, 0);
	assert_true(place(ROLE_ACT_PAGE) > last);
	a = &k.todo.list[last = place(ROLE_ACT_PAGE)];
	assert_int_equal(a->u.page.end_ms, 0);
	assert_true(place(ROLE_ACT_MEMORY) > last);
	a = &k.todo.list[last = place(ROLE_ACT_MEMORY)];
	assert_int_equal(a->u.memory.led.epoch, 0);
	assert_int_equal(a->u.memory.promise.end_ms, 0);
	assert_true(find_word(2, LEASE_RELEASE, 1) > last);
	last = find_word(2, LEASE_RELEASE, 1);
	assert_true(place(ROLE_ACT_LOOK) > last);
	assert_true(place(ROLE_ACT_DISCONNECT) > last);
	last = place(ROLE_ACT_LOOK);
	assert_true(place(ROLE_ACT_MAY_HOLD) > last);
	assert_int_equal(answer(), 0);
	expect_look(MSG_LOOK_RELEASED);
}

/* "release before holders let go" */
static void
r5_waits_for_every_hold(void **state)
{
	struct role_lease_view v;

	(void)state;
	holds(2, false);
	step_down(0);
	assert_int_equal(place(ROLE_ACT_LET_GO), 0);
	assert_int_equal(answer(), 1);
	assert_true(kit_view(&k).active);
	role_get_lease(k.role, k.now_ms, &v);
	assert_true(v.releasing && !v.has_transfer && v.stands_ms == 0);
	holds(1, false);
	assert_int_equal(answer(), 1);
	kit_pass(&k, 5 * KIT_TICK); /* a grace may be long */
	assert_int_equal(answer(), 1);
	holds(0, false);
	assert_true(is_released());
}

static void
r5_a_broken_hold_waits_for_the_last_end(void **state)
{
	(void)state;
	holds(1, false);
	k.role->lease.memory.published_ms = k.now_ms + 70;
	step_down(0);
	holds(0, true);
	assert_int_equal(answer(), 1);
	kit_pass(&k, 69);
	assert_int_equal(answer(), 1);
	assert_int_equal(role_due_ms(k.role), k.now_ms + 1);
	kit_pass(&k, 1);
	assert_true(is_released());
}

/* Also when the others let go by word, and later than it broke. */
static void
r5_one_broken_hold_of_two(void **state)
{
	(void)state;
	holds(2, false);
	k.role->lease.memory.published_ms = k.now_ms + 70;
	holds(1, true);
	step_down(0);
	holds(0, false);
	assert_int_equal(answer(), 1);
	kit_pass(&k, 70);
	assert_true(is_released());
}

/* The end that was published is over: what broke then is no matter. */
static void
r5_a_hold_that_broke_long_ago(void **state)
{
	(void)state;
	holds(1, false);
	k.role->lease.memory.published_ms = k.now_ms + 20;
	holds(0, true);
	kit_pass(&k, 20);
	holds(1, false);
	k.role->lease.memory.published_ms = k.now_ms + 70;
	holds(0, false);
	step_down(0);
	assert_true(is_released());
}

/* "a restarted peer's empty list of holds taken for 'all let go'" */
static void
r5_a_restarted_peer_waits_for_the_last_end(void **state)
{
	struct role_event ev = {.type = ROLE_EV_START, .generation = 8};

	(void)state;
	role_free(k.role);
	kit_new(&k, kit_config(&k.members, 1));
	ev.record = kit_record(&k, 5, 5, 0);
	ev.memory.led.epoch = 5;
	ev.memory.led.vote = (struct vote){.leader = 1, .round = 9, .epoch = 5};
	ev.memory.published_ms = k.now_ms + 70;
	kit_step(&k, ev);
	joins(2, 5);
	ackepoch(2, -1);
	ack(2, 5);
	assert_true(kit_view(&k).active);
	step_down(0);
	assert_int_equal(answer(), 1);
	kit_pass(&k, 70);
	assert_true(is_released());
}

static void
r5_a_role_that_ends_before(void **state)
{
	(void)state;
	holds(1, false);
	step_down(0);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_int_equal(answer(), -EALREADY);
	assert_true(place(ROLE_ACT_MAY_HOLD) >= 0);
	assert_int_equal(find_word(2, LEASE_RELEASE, 1), -1);
	holds(0, false);
	assert_int_equal(answer(), 1);
	assert_true(k.role->handover.stands_ms == 0);
}

/* "answers from before the RELEASE counted" */
static void
r5_later_answers_count_for_nothing(void **state)
{
	(void)state;
	step_down(0);
	kit_packet(&k, 2, QPACKET_PING, 5LL << 32, 0);
	ack(2, 5);
	assert_false(kit_view(&k).active);
	assert_int_equal(k.role->lease.end_ms, 0);
	assert_int_equal(k.role->lease.memory.led.epoch, 0);
}

static void
r5_goes_to_all_learners(void **state)
{
	(void)state;
	joins(3, 4); /* not established yet */
	step_down(0);
	assert_true(find_word(2, LEASE_RELEASE, 1) >= 0);
	assert_true(find_word(3, LEASE_RELEASE, 1) >= 0);
}

/* ---- R9: step-down ---- */

static void
r9_only_who_leads(void **state)
{
	(void)state;
	step_down(0);
	step_down(0);
	assert_int_equal(answer(), -EALREADY);
	assert_int_equal(k.todo.count, 1);
}

static void
r9_not_twice(void **state)
{
	(void)state;
	holds(1, false);
	step_down(0);
	step_down(0);
	assert_int_equal(answer(), -EAGAIN);
	assert_true(kit_view(&k).active);
	holds(0, false);
	assert_int_equal(answer(), 0);
}

static void
r9_does_not_stand_for_a_second(void **state)
{
	(void)state;
	step_down(0);
	assert_false(stands());
	kit_pass(&k, 999);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(role_due_ms(k.role) <= k.now_ms + 1);
	kit_pass(&k, 1);
	assert_true(stands());
}

static void
r9_a_second_beyond_its_own_promise(void **state)
{
	(void)state;
	k.role->lease.memory.promise = (struct role_promise){1, 5, k.now_ms + 300};
	step_down(0);
	kit_pass(&k, 1299);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	assert_true(stands());
}

static void
follow_3_with(int64_t epoch)
{
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, epoch << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_NEWLEADER, epoch << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, epoch << 32, 0);
	assert_true(kit_view(&k).has_leader);
}

static void
r9_until_another_is_established(void **state)
{
	(void)state;
	step_down(0);
	follow_3_with(6);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(stands());
}

static void
r9_as_long_as_a_person_says(void **state)
{
	(void)state;
	step_down(5000);
	follow_3_with(6);
	kit_pass(&k, 100);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_false(stands());
	kit_pass(&k, 4899);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	assert_true(stands());
}

/* ---- R9: transfer ---- */

static void
r9_transfer_goes_before_release(void **state)
{
	struct role_lease_view v;

	(void)state;
	joins(3, 4);
	transfer(2);
	assert_true(find_word(2, LEASE_TRANSFER, 2) >= 0);
	assert_true(find_word(2, LEASE_RELEASE, 1) > find_word(2, LEASE_TRANSFER, 2));
	assert_int_equal(find_word(3, LEASE_TRANSFER, 2), -1); /* no UPTODATE */
	assert_true(find_word(3, LEASE_RELEASE, 1) >= 0);
	assert_int_equal(answer(), 0);
	assert_false(stands());
	role_get_lease(k.role, k.now_ms, &v);
	assert_true(v.has_transfer && v.transfer == 2 && !v.releasing);
	assert_int_equal(v.stands_ms, k.now_ms + 1000);
	/* whom we vote for is dialled ahead */
	assert_int_equal(kit_find(&k, ROLE_ACT_CONNECT)->sid, 2);
}

static void
r9_nothing_happens_without_the_target(void **state)
{
	(void)state;
	joins(3, 4);
	for (int64_t sid = 1; sid < 9; sid++) {
		if (sid == 2)
			continue;
		transfer(sid);
		assert_int_equal(answer(), -ENOENT);
		assert_int_equal(k.todo.count, 1);
		assert_true(kit_view(&k).active);
	}
}

static void
r9_the_target_must_be_one_that_may_lead(void **state)
{
	(void)state;
	joins(4, 4);
	ackepoch(4, -1);
	ack(4, 5);
	assert_non_null(kit_sent(&k, 4, QPACKET_UPTODATE));
	transfer(4); /* an observer */
	assert_int_equal(answer(), -EPERM);
	assert_true(kit_view(&k).active);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_established, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(r5_in_this_order),
	    TEST(r5_waits_for_every_hold),
	    TEST(r5_a_broken_hold_waits_for_the_last_end),
	    TEST(r5_one_broken_hold_of_two),
	    TEST(r5_a_hold_that_broke_long_ago),
	    TEST(r5_a_restarted_peer_waits_for_the_last_end),
	    TEST(r5_a_role_that_ends_before),
	    TEST(r5_later_answers_count_for_nothing),
	    TEST(r5_goes_to_all_learners),
	    TEST(r9_only_who_leads),
	    TEST(r9_not_twice),
	    TEST(r9_does_not_stand_for_a_second),
	    TEST(r9_a_second_beyond_its_own_promise),
	    TEST(r9_until_another_is_established),
	    TEST(r9_as_long_as_a_person_says),
	    TEST(r9_transfer_goes_before_release),
	    TEST(r9_nothing_happens_without_the_target),
	    TEST(r9_the_target_must_be_one_that_may_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
