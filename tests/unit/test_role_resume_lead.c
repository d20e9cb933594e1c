/* A leader whose quorum was lost by links that ended, and waits for it: rule R8. */
#include "tests/unit/role_resumed.h"

static int
set_up_patient(void **state)
{
	(void)state;
	make(3);
	kit_start(&k, 4, 4);
	return 0;
}

/* ---- R8: the leader ---- */

static void
r8_waits_for_a_quorum_whose_links_ended(void **state)
{
	(void)state;
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(leads());
	kit_pass(&k, RESUME - 1);
	assert_true(leads());
	rejoins(2);
	kit_pass(&k, 1);
	assert_true(leads());
	assert_int_equal(k.role->handover.patient_ms, 0);
}

static void
r8_and_not_longer(void **state)
{
	(void)state;
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_pass(&k, RESUME - 10);
	joins(2, 5); /* a new loss is no new patience */
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_pass(&k, 10);
	expect_look(MSG_LOOK_QUORUM);
}

static void
r8_until_the_end_of_its_lease(void **state)
{
	(void)state;
	establish();
	k.role->lease.end_ms = k.now_ms + 2 * RESUME;
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_pass(&k, 2 * RESUME - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_QUORUM);
}

/* "nor may a patient leader go on when its voters look" */
static void
r8_not_while_the_voters_look(void **state)
{
	(void)state;
	establish();
	kit_down(&k, 2, MSG_REASON_EOF);
	looks(3);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	looks(2);
	expect_look(MSG_LOOK_QUORUM);
}

/* A look that came before the link ended counts, too. */
static void
r8_a_look_before_the_loss(void **state)
{
	(void)state;
	establish();
	looks(2);
	looks(3);
	assert_true(leads());
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
}

static void
r8_not_for_an_old_look(void **state)
{
	(void)state;
	establish();
	k.role_count = 1; /* of a role that is over */
	looks(3);
	looks(2);
	kit_down(&k, 2, MSG_REASON_EOF);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
}

static void
r8_not_after_silence(void **state)
{
	(void)state;
	establish();
	kit_pass(&k, 6 * KIT_TICK);
	expect_look(MSG_LOOK_QUORUM);
}

static void
r8_not_before_it_is_established(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_QUORUM);
}

static void
r8_not_without_a_term(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4); /* a quorum has promised */
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
}

/* One that has a link, and does not acknowledge, is no part of the quorum that ends the
 * patience: what is lost after it is no new loss. */
static void
r8_until_a_quorum_has_acknowledged(void **state)
{
	(void)state;
	role_free(k.role);
	make(5);
	kit_start(&k, 4, 4);
	joins(2, 4);
	joins(3, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ackepoch(3, 4);
	kit_written(&k, 0);
	ack(2, 5);
	ack(3, 5);
	assert_true(leads());
	kit_down(&k, 2, MSG_REASON_EOF);
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_pass(&k, RESUME - 10);
	joins(3, 5);
	rejoins(2);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(leads());
	kit_pass(&k, 10);
	expect_look(MSG_LOOK_QUORUM);
}

static void
r8_its_own_connmgr(void **state)
{
	uint64_t count;

	(void)state;
	establish();
	count = k.role_count;
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_true(leads());
	kit_pass(&k, 20);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.epoch, 5);
	assert_true(k.role_count > count);
	kit_pass(&k, 10);
	rejoins(2);
	kit_pass(&k, RESUME);
	assert_true(leads());
}

static void
r8_a_connmgr_that_stays_away(void **state)
{
	(void)state;
	establish();
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_pass(&k, RESUME - 1);
	assert_true(leads());
	kit_pass(&k, 1);
	assert_false(kit_view(&k).active);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_QUORUM);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_patient, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(r8_waits_for_a_quorum_whose_links_ended),
	    TEST(r8_and_not_longer),
	    TEST(r8_until_the_end_of_its_lease),
	    TEST(r8_not_while_the_voters_look),
	    TEST(r8_a_look_before_the_loss),
	    TEST(r8_not_for_an_old_look),
	    TEST(r8_not_after_silence),
	    TEST(r8_not_before_it_is_established),
	    TEST(r8_not_without_a_term),
	    TEST(r8_until_a_quorum_has_acknowledged),
	    TEST(r8_its_own_connmgr),
	    TEST(r8_a_connmgr_that_stays_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
