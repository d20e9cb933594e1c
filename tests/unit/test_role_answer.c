/* What learners answer, in turn and out of turn. */
#include "tests/unit/role_leader.h"

#define LAST INT32_MAX

/* Each offer has one answer, and no answer comes before its offer. */
static void
one_answer_to_each_offer(void **state)
{
	(void)state;
	joins(2, 4);
	kit_ackepoch(&k, 2, 0, 4, 0);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_UNEXPECTED));
	kit_down(&k, 2, MSG_REASON_EOF);
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, -1);
	assert_false(kit_closed(&k, 2, ROLE_CLOSE_UNEXPECTED));
	ackepoch(2, 4);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_UNEXPECTED));
	assert_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

static void
an_acknowledgement_of_another_epoch(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	kit_written(&k, 0);
	ack(2, 4);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_UNEXPECTED));
	assert_false(kit_view(&k).active);
}

/* What it answers to an older offer deposes nobody: it is asked again. */
static void
a_fresher_one_that_answers_late(void **state)
{
	(void)state;
	joins(2, 4);
	lead();
	joins(3, 5);
	assert_int_equal(offered(3), 6);
	kit_ackepoch(&k, 2, 0, 5, 5);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(offered(2), 6);
	ackepoch(2, 5);
	expect_look(MSG_LOOK_EPOCH);
}

/* Once a quorum has promised the last epoch of all, it is no obstacle to have promised
 * it.
 */
static void
the_largest_epoch_itself(void **state)
{
	(void)state;
	role_free(k.role);
	looking(3, LAST - 1, 4);
	joins(2, LAST - 1);
	lead();
	assert_int_equal(offered(2), LAST);
	kit_written(&k, 0);
	ackepoch(2, 4);
	joins(3, LAST);
	assert_false(kit_closed(&k, 3, ROLE_CLOSE_TOO_HIGH));
	assert_int_equal(offered(3), LAST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_answer_to_each_offer),
	    TEST(an_acknowledgement_of_another_epoch),
	    TEST(a_fresher_one_that_answers_late),
	    TEST(the_largest_epoch_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
