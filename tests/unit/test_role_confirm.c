/* Do we lead? Rule R10. */
#include "tests/unit/role_leader.h"
#include "tests/unit/role_lease_kit.h"

#define E5 (INT64_C(5) << 32)

/* Leads epoch 5 of five voters, which 2 and 3 follow. */
static int
set_up_confirm(void **state)
{
	struct role_config config;

	(void)state;
	kit_members(&k.members, 5, 1);
	config = kit_lease_config(&k.members, 1);
	kit_new(&k, config);
	kit_step(&k, kit_lease_start(&k, 4, LEASE_MS));
	joins(2, 4);
	joins(3, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ackepoch(3, 4);
	ack(2, 5);
	ack(3, 5);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	k.now_ms += 7;
	return 0;
}

static void
confirm(uint64_t number)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_CONFIRM, .number = number});
}

/* How the last step answered question `number`; -1: not. */
static int
answered(uint64_t number)
{
	for (unsigned i = 0; i < k.todo.count; i++) {
		const struct role_action *a = &k.todo.list[i];

		if (a->type == ROLE_ACT_CONFIRMED && a->u.confirmed.number == number)
			return a->u.confirmed.leads;
	}
	return -1;
}

static int64_t
pinged(int64_t sid)
{
	const struct role_packet *p = kit_sent(&k, sid, QPACKET_PING);

	return p ? p->zxid : -1;
}

static void
echoes(int64_t sid, int64_t zxid)
{
	kit_ping(&k, sid, zxid, 0, 0);
}

static void
r10_a_quorum_answers_pings_sent_after_the_question(void **state)
{
	int64_t second, third;

	(void)state;
	confirm(77);
	assert_int_equal(answered(77), -1);
	second = pinged(2); /* at once */
	third = pinged(3);
	assert_true(second >= E5 && third >= E5);
	echoes(2, second);
	assert_int_equal(answered(77), -1);
	echoes(3, third);
	assert_int_equal(answered(77), 1);
	echoes(3, third);
	assert_int_equal(answered(77), -1); /* once */
}

static void
r10_a_valid_lease_answers_at_once(void **state)
{
	int64_t second, third;

	(void)state;
	kit_step(&k, (struct role_event){.type = ROLE_EV_HOLDS, .holds = 1});
	second = pinged(2);
	third = pinged(3);
	kit_ping(&k, 2, second, LEASE_PROMISED, LEASE_MS);
	confirm(1);
	assert_int_equal(answered(1), -1);
	kit_ping(&k, 3, third, LEASE_PROMISED, LEASE_MS);
	assert_int_equal(answered(1), 1);
	k.now_ms += LEASE_LEFT - 1;
	confirm(2);
	assert_int_equal(answered(2), 1);
	k.now_ms += 1;
	confirm(3);
	assert_int_equal(answered(3), -1);
}

static void
r10_answers_to_earlier_pings_do_not_count(void **state)
{
	int64_t second, third;

	(void)state;
	kit_pass(&k, KIT_TICK);
	second = pinged(2);
	third = pinged(3);
	assert_true(second >= E5 && third >= E5);
	confirm(1); /* in the same millisecond */
	echoes(2, second);
	echoes(3, third);
	assert_int_equal(answered(1), -1);
	k.now_ms += 300;
	kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
	assert_int_equal(answered(1), 0); /* after sync_limit: no */
}

/* Server 4 has joined, and not acknowledged. */
static void
r10_only_who_has_uptodate_counts(void **state)
{
	int64_t second, fourth;

	(void)state;
	joins(4, 4);
	confirm(1);
	second = pinged(2);
	fourth = pinged(4);
	echoes(2, second);
	echoes(4, fourth);
	assert_int_equal(answered(1), -1);
}

static void
r10_only_the_present_link_counts(void **state)
{
	int64_t second, third;

	(void)state;
	confirm(1);
	second = pinged(2);
	third = pinged(3);
	echoes(2, second);
	kit_down(&k, 2, MSG_REASON_EOF);
	joins(2, 4);
	echoes(2, second);
	assert_int_equal(answered(1), -1);
	echoes(3, third);
	assert_int_equal(answered(1), -1);
}

static void
r10_the_end_of_the_role_answers_no(void **state)
{
	(void)state;
	confirm(1);
	confirm(2);
	kit_step(&k, (struct role_event){.type = ROLE_EV_REFOUND});
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
	assert_int_equal(answered(1), 0);
	assert_int_equal(answered(2), 0);
	confirm(3);
	assert_int_equal(answered(3), 0);
}

static void
r10_sync_limit_answers_no(void **state)
{
	uint64_t at = k.now_ms;

	(void)state;
	confirm(1);
	k.now_ms += 40;
	confirm(2);
	for (;;) {
		uint64_t due = role_due_ms(k.role);

		assert_true(due <= at + 6 * KIT_TICK); /* a timer comes for it */
		k.now_ms = due;
		/* they say something, so that their links stay */
		echoes(2, E5 | 999999);
		echoes(3, E5 | 999999);
		kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
		if (k.now_ms == at + 6 * KIT_TICK)
			break;
		assert_int_equal(answered(1), -1);
	}
	assert_int_equal(k.role->lease.question_count, 1);
}

/* Many questions make one round of PINGs at a time. */
static void
r10_questions_share_a_round(void **state)
{
	int64_t second, third;

	(void)state;
	confirm(1);
	second = pinged(2);
	third = pinged(3);
	for (uint64_t n = 2; n <= ROLE_QUESTIONS_MAX; n++) {
		k.now_ms++;
		confirm(n);
		assert_int_equal(answered(n), -1);
		assert_int_equal(pinged(2), -1);
	}
	k.now_ms -= ROLE_QUESTIONS_MAX; /* less than sync_limit passed */
	confirm(1000);
	assert_int_equal(answered(1000), 0); /* one too many */
	echoes(2, second);
	echoes(3, third);
	assert_int_equal(answered(1), 1);
	assert_int_equal(answered(2), -1); /* these were asked behind those PINGs */
	second = pinged(2);
	third = pinged(3);
	assert_true(second >= E5 && third >= E5);
	echoes(2, second);
	echoes(3, third);
	for (uint64_t n = 2; n <= ROLE_QUESTIONS_MAX; n++)
		assert_int_equal(answered(n), 1);
	confirm(1001);
	assert_true(pinged(2) >= E5);
}

/* The PINGs of each tick answer too. */
static void
r10_a_later_round_answers_as_well(void **state)
{
	int64_t second, third;

	(void)state;
	confirm(1);
	kit_pass(&k, KIT_TICK);
	second = pinged(2);
	third = pinged(3);
	assert_true(second >= E5 && third >= E5);
	echoes(2, second);
	echoes(3, third);
	assert_int_equal(answered(1), 1);
}

static void
r10_a_renewal_asks_again(void **state)
{
	int64_t old, second, third;

	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, 7); /* epoch 8 is to come */
	kit_written(&k, 0);
	confirm(1);
	second = pinged(2);
	ackepoch(2, 4);
	ackepoch(3, 4);
	kit_written(&k, 0);
	ack(2, 8);
	ack(3, 8);
	assert_int_equal(kit_view(&k).epoch, 8);
	old = second;
	second = pinged(2); /* at once again */
	third = pinged(3);
	assert_true(second >> 32 == 8 && third >> 32 == 8);
	echoes(2, old); /* of the epoch before */
	echoes(3, third);
	assert_int_equal(answered(1), -1);
	echoes(2, second);
	assert_int_equal(answered(1), 1);
}

static void
r10_a_group_of_one_knows(void **state)
{
	struct role_config config;

	(void)state;
	role_free(k.role);
	kit_members(&k.members, 1, 0);
	config = kit_lease_config(&k.members, 1);
	kit_new(&k, config);
	kit_step(&k, kit_lease_start(&k, 4, LEASE_MS));
	confirm(1);
	assert_int_equal(answered(1), 0);
	lead();
	confirm(2);
	assert_int_equal(answered(2), 0);
	kit_written(&k, 0);
	kit_written(&k, 0);
	confirm(3);
	assert_int_equal(answered(3), 1);
}

static void
r10_a_follower_does_not_lead(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, 4, 4);
	follows_3();
	confirm(1);
	assert_int_equal(answered(1), 0);
}

#define CONFIRM(f) cmocka_unit_test_setup_teardown(f, set_up_confirm, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CONFIRM(r10_a_quorum_answers_pings_sent_after_the_question),
	    CONFIRM(r10_a_valid_lease_answers_at_once),
	    CONFIRM(r10_answers_to_earlier_pings_do_not_count),
	    CONFIRM(r10_only_who_has_uptodate_counts),
	    CONFIRM(r10_only_the_present_link_counts),
	    CONFIRM(r10_the_end_of_the_role_answers_no),
	    CONFIRM(r10_sync_limit_answers_no),
	    CONFIRM(r10_questions_share_a_round),
	    CONFIRM(r10_a_later_round_answers_as_well),
	    CONFIRM(r10_a_renewal_asks_again),
	    CONFIRM(r10_a_group_of_one_knows),
	    CONFIRM(r10_a_follower_does_not_lead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
