/* The watch over the clocks: what is a drift, and what only looks like one. */
#include "peer/drift.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MS      UINT64_C(1000000)
#define PERCENT 10

static struct drift drift;
static uint64_t boot_ns, raw_ns;

static int
set_up(void **state)
{
	(void)state;
	drift = (struct drift){0};
	boot_ns = 500000 * MS; /* of an uptime with suspends */
	raw_ns = 7 * MS;
	assert_false(drift_see(&drift, boot_ns, raw_ns, PERCENT));
	return 0;
}

/* An interval with a rate in thousandths, and a suspend in it. Did that change anything?
 */
static bool
pass(uint64_t interval_ms, unsigned rate, uint64_t suspend_ms)
{
	raw_ns += interval_ms * MS;
	boot_ns += interval_ms * MS / 1000 * rate + suspend_ms * MS;
	return drift_see(&drift, boot_ns, raw_ns, PERCENT);
}

static void
pass_same(unsigned count, unsigned rate)
{
	while (count-- > 0)
		assert_false(pass(DRIFT_INTERVAL_MS, rate, 0));
}

static void
within(void **state)
{
	static const unsigned rates[] = {1000, 1083, 917, 1099, 901};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		pass_same(20, rates[i]);
		assert_in_range(drift_ppm(&drift) + 1000 * 1000, 1000 * rates[i] - 2,
		                1000 * rates[i] + 2);
		assert_false(drift.differs);
	}
}

/* Faster and slower, at the third interval; and back when all of them agree. */
static void
beyond(void **state)
{
	static const unsigned rates[] = {1101, 899, 2000, 100};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		pass_same(2, rates[i]);
		assert_true(pass(DRIFT_INTERVAL_MS, rates[i], 0));
		assert_true(drift.differs);
		pass_same(10, rates[i]);
		pass_same(DRIFT_INTERVALS - 1, 1000);
		assert_true(drift.differs);
		assert_true(pass(DRIFT_INTERVAL_MS, 1000, 0));
		assert_false(drift.differs);
	}
}

/* Fast now and slow then is no rate. */
static void
to_and_fro(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		pass_same(1, 1200);
		pass_same(2, 1000);
		pass_same(1, 800);
		pass_same(1, 1000);
	}
}

static void
suspended(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_false(pass(DRIFT_INTERVAL_MS, 1050, 1 + i * i * i * 100000));
		pass_same(4, 1050);
	}
	/* in the middle of a drift it is no way back */
	pass_same(2, 1200);
	assert_true(pass(DRIFT_INTERVAL_MS, 1200, 0));
	assert_false(pass(DRIFT_INTERVAL_MS, 1200, 3600000));
	assert_true(drift.differs);
}

/* A stopped process has a long interval. A timer that fires twice has a short one, in
 * which the time between the two reads counts for much: it is no interval. */
static void
uneven(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_false(pass(1 + i * 3600000, 1099, 0));
		raw_ns += MS;
		assert_false(drift_see(&drift, boot_ns + 2 * MS, raw_ns, PERCENT));
		boot_ns += MS;
	}
	assert_false(drift.differs);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(within), TEST(beyond), TEST(to_and_fro), TEST(suspended), TEST(uneven),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
