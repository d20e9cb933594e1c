/* base/clock on a machine that was suspended for a while: it counts that time. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static struct timespec awake;      /* CLOCK_MONOTONIC */
static struct timespec with_sleep; /* CLOCK_BOOTTIME */

int
clock_gettime(clockid_t id, struct timespec *out)
{
	if (id != CLOCK_BOOTTIME && id != CLOCK_MONOTONIC)
		return -1;
	*out = id == CLOCK_BOOTTIME ? with_sleep : awake;
	return 0;
}

static void
test_suspended(void **state)
{
	(void)state;
	awake = (struct timespec){.tv_sec = 10, .tv_nsec = 999999999};
	with_sleep = (struct timespec){.tv_sec = 3610, .tv_nsec = 123456789};
	assert_int_equal(clock_us(), 3610123456u);
	assert_int_equal(clock_ms(), 3610123u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_suspended)};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
