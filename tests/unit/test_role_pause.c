/* A leader that stood still, and goes on: rules R8 and R11. */
#include "tests/unit/role_lease_leader.h"

static void
looks_at_once(void)
{
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
	assert_false(kit_view(&k).active);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_QUORUM);
}

/* It lay in the socket while nobody read it. */
static void
r11_an_answer_from_before_a_pause_is_none(void **state)
{
	(void)state;
	leads(3);
	holds(1);
	k.now_ms += 6 * KIT_TICK;
	promises(2, INT64_C(5) << 32, LEASE_MS);
	looks_at_once();
	assert_int_equal(page_end(), 0);
}

static void
r8_no_patience_after_a_pause(void **state)
{
	(void)state;
	leads(3);
	k.now_ms += 6 * KIT_TICK;
	kit_down(&k, 2, MSG_REASON_EOF);
	looks_at_once();
}

/* Our own connmgr is gone too: nothing is said before it is back. */
static void
r8_no_patience_without_connmgr(void **state)
{
	(void)state;
	leads(3);
	k.now_ms += 6 * KIT_TICK;
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_false(kit_view(&k).active);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
}

static void
r8_a_pause_that_was_short_leaves_patience(void **state)
{
	(void)state;
	leads(3);
	k.now_ms += 6 * KIT_TICK - 8;
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_true(kit_view(&k).active);
}

static void
r8_patience_ends_in_a_pause(void **state)
{
	(void)state;
	leads(3);
	kit_down(&k, 2, MSG_REASON_EOF);
	k.now_ms += 149;
	holds(1);
	assert_true(kit_view(&k).active);
	k.now_ms += 1;
	joins(2, 5);
	assert_false(kit_view(&k).active);
}

static void
r10_nobody_is_told_yes_after_a_pause(void **state)
{
	(void)state;
	leads(3);
	k.now_ms += 6 * KIT_TICK;
	kit_step(&k, (struct role_event){.type = ROLE_EV_CONFIRM, .number = 3});
	assert_false(kit_find(&k, ROLE_ACT_CONFIRMED)->u.confirmed.leads);
	assert_false(kit_view(&k).active);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LEASE(r11_an_answer_from_before_a_pause_is_none),
	    LEASE(r8_no_patience_after_a_pause),
	    LEASE(r8_no_patience_without_connmgr),
	    LEASE(r8_a_pause_that_was_short_leaves_patience),
	    LEASE(r8_patience_ends_in_a_pause),
	    LEASE(r10_nobody_is_told_yes_after_a_pause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
