/* connmgr/twin: what proves that two servers use one sid, and what does not. */
#include "connmgr/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct twin twin;

/* A link comes up at `ms`, brings a frame, and the other server greets 10 ms later. */
static void
collide(uint64_t ms)
{
	twin_begin(&twin, "10.0.0.1:5");
	twin_heard(&twin, ms);
	twin_greeted(&twin, ms + 10, "10.0.0.2:6");
}

static int
setup(void **state)
{
	(void)state;
	memset(&twin, 0, sizeof(twin));
	return 0;
}

static void
the_third_proves_it(void **state)
{
	(void)state;
	collide(1000);
	collide(2000);
	assert_false(twin_is_proved(&twin, 2010));
	collide(3000);
	assert_true(twin_is_proved(&twin, 3010));
	assert_string_equal(twin.one, "10.0.0.1:5");
	assert_string_equal(twin.other, "10.0.0.2:6");
	twin_begin(&twin, "10.0.0.3:7"); /* the proof stays */
	assert_string_equal(twin.one, "10.0.0.1:5");
	assert_true(twin_is_proved(&twin, 33009));
	assert_false(twin_is_proved(&twin, 33010));
}

/* It is told again when it happens again, and one more proof suffices in the window. */
static void
it_goes_on(void **state)
{
	(void)state;
	collide(1000);
	collide(2000);
	collide(3000);
	collide(30000);
	assert_true(twin_is_proved(&twin, 60009));
	collide(61000); /* a new window */
	assert_false(twin_is_proved(&twin, 61010));
	collide(62000);
	collide(63000);
	assert_true(twin_is_proved(&twin, 63010));
}

static void
rare_ones_prove_nothing(void **state)
{
	(void)state;
	for (uint64_t ms = 1000; ms < 300000; ms += 15001) {
		collide(ms);
		assert_false(twin_is_proved(&twin, ms + 10));
	}
}

/* Links that end and come again: nobody was heard on the one before. */
static void
links_without_frames_prove_nothing(void **state)
{
	(void)state;
	for (uint64_t ms = 1000; ms < 3000; ms += 100) {
		twin_begin(&twin, "10.0.0.1:5");
		twin_greeted(&twin, ms, "10.0.0.1:6");
	}
	assert_int_equal(twin.proofs, 0);
}

/* A connection that nobody has ended, and that may be dead all the same. */
static void
an_old_frame_proves_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		twin_begin(&twin, "10.0.0.1:5");
		twin_heard(&twin, 1000);
		twin_greeted(&twin, 3001, "10.0.0.1:6");
	}
	assert_int_equal(twin.proofs, 0);
	twin_greeted(&twin, 3000, "10.0.0.1:6");
	assert_int_equal(twin.proofs, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_third_proves_it, setup),
	    cmocka_unit_test_setup(it_goes_on, setup),
	    cmocka_unit_test_setup(rare_ones_prove_nothing, setup),
	    cmocka_unit_test_setup(links_without_frames_prove_nothing, setup),
	    cmocka_unit_test_setup(an_old_frame_proves_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
