/* ctl/run_core.h: what the server says of the length of a lease. */
#include "ctl/run_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000u
#define T0 (1000u * (uint64_t)MS)

static struct run_core core;
static struct run_actions out;
/* What the server says; 0: nothing. */
static uint64_t lease_ms;

static const struct run_config plain = {.grace_ns = 10000u * (uint64_t)MS};
static const struct run_config warned = {.grace_ns = 10000u * (uint64_t)MS,
                                         .warn_ns = 50 * MS};

static void
begin(struct run_config config)
{
	run_init(&core, &config);
	memset(&out, 0, sizeof(out));
}

static void
lease(int64_t epoch, uint64_t now_ms, uint64_t end_ms)
{
	struct run_event ev = {.type = RUN_EV_LEASE,
	                       .now_ns = T0 + now_ms * MS,
	                       .lease_ns = lease_ms * MS,
	                       .end_ns = end_ms ? T0 + end_ms * MS : 0,
	                       .epoch = epoch};

	run_step(&core, &ev, &out);
}

static void
assert_idle(void)
{
	static const struct run_actions none;

	assert_memory_equal(&out, &none, sizeof(out));
}

/* What is seen first may be the rest of a lease. */
static void
the_margin_is_of_the_lease_that_the_server_says(void **state)
{
	(void)state;
	lease_ms = 300;
	begin(plain);
	lease(5, 0, 61);
	assert_true(out.start);
	assert_int_equal(run_margin_ns(&core), 30 * MS);
	begin(plain);
	lease(5, 0, 60);
	assert_idle();
	lease_ms = 0;
	lease(5, 100, 500);
	assert_true(out.start);
	assert_int_equal(run_margin_ns(&core), 40 * MS);
}

/* Before there is one, and once. */
static void
too_short_a_lease_is_said_as_soon_as_it_is_known(void **state)
{
	(void)state;
	begin(warned);
	lease(0, 0, 0);
	assert_idle();
	lease_ms = 62;
	lease(0, 1, 0);
	assert_true(out.too_short);
	assert_false(out.start);
	lease(5, 2, 60);
	assert_idle();
	begin(warned);
	lease_ms = 63;
	lease(0, 1, 0);
	assert_idle();
	lease_ms = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_margin_is_of_the_lease_that_the_server_says),
	    cmocka_unit_test(too_short_a_lease_is_said_as_soon_as_it_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
