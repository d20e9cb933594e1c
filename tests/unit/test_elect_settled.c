/* elector/elect: the words of who has decided, in the finalize window. */
#include "tests/unit/test_elect_lab.h"

static struct lab lab;

/* 1 comes back to four that follow 3, and their links say again what 4 and 5 said when
 * they looked themselves: a quorum for 4, before anybody can have answered. */
static void
test_settled_in_window(void **state)
{
	(void)state;
	for (int on = 0; on < 2; on++) {
		lab_prepare(&lab, 1, 5, false);
		lab.options.settled_in_window = on;
		lab_start(&lab);
		lab_look(&lab, 0, 0);
		lab_recv(&lab, 4, L, 4, 9, 2, 0);
		lab_recv(&lab, 5, L, 4, 9, 2, 0);
		assert_int_equal(lab_view(&lab).phase, ELECT_PHASE_FINALIZE);
		lab_recv(&lab, 2, F, 3, 1, 1, 0);
		lab_recv(&lab, 4, F, 3, 1, 1, 0);
		lab_recv(&lab, 3, D, 3, 1, 1, 0);
		if (!on) /* what they say is lost: it follows who does not lead */
			assert_true(lab_wait(&lab, 200));
		lab_is_vote(lab_first(&lab, ELECT_ACT_DECIDED), F, on ? 3 : 4,
		            on ? 1 : 2);
		lab_end(&lab);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_settled_in_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
