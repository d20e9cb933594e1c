/* base/clock on a machine that was suspended for a while: it counts that time. And two
 * clocks that are read by a process which loses its processor in between. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct timespec awake;      /* CLOCK_MONOTONIC */
static struct timespec with_sleep; /* CLOCK_BOOTTIME */
static bool is_raw;
/* How long each read of CLOCK_MONOTONIC_RAW takes, in turn; both clocks go on. */
static unsigned reads;
static long read_ns[6];

int
clock_gettime(clockid_t id, struct timespec *out)
{
	if (is_raw && id == CLOCK_MONOTONIC_RAW) {
		awake.tv_nsec += read_ns[reads];
		with_sleep.tv_nsec += read_ns[reads++];
		*out = awake;
		return 0;
	}
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

/* The pair that was read quickest counts. */
static void
test_rates(void **state)
{
	static const long late[6] = {0, 900000, 100, 40, 0, 700000};
	uint64_t boot_ns = 0, raw_ns = 0;

	(void)state;
	is_raw = true;
	memcpy(read_ns, late, sizeof(late));
	awake = (struct timespec){.tv_sec = 10};
	with_sleep = (struct timespec){.tv_sec = 3610};
	clock_rates(&boot_ns, &raw_ns);
	is_raw = false;
	assert_int_equal(reads, 6);
	assert_int_equal(boot_ns, 3610000900100u);
	assert_int_equal(raw_ns, 10000900120u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_suspended),
	                                   cmocka_unit_test(test_rates)};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
