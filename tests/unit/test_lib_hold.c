/* lib/hold: what the daemon says of a hold, and which cgroups it gets to know. */
#include "tests/unit/lib_kit.h"

/* Of the daemon with which we hold; one that does not say so, or nonsense, is older. */
static void
length_of_a_lease(void **state)
{
	static const struct {
		const char *more;
		uint32_t ms;
	} cases[] = {
	    {",\"lease_ms\":300", 300},      {",\"lease_ms\":4294967295", UINT32_MAX},
	    {",\"lease_ms\":4294967296", 0}, {",\"lease_ms\":-1", 0},
	    {",\"lease_ms\":\"300\"", 0},    {NULL, 0},
	};
	struct conclave *c = NULL;

	(void)state;
	assert_int_equal(conclave_open(&c, kit.dir), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kit.more = cases[i].more;
		assert_int_equal(conclave_lease_ms(c), 0);
		assert_int_equal(conclave_hold(c, NULL, -1), 0);
		assert_int_equal(conclave_lease_ms(c), cases[i].ms);
		assert_int_equal(conclave_let_go(c), 0);
	}
	/* the next daemon has another */
	kit.more = cases[0].more;
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	kit_die(&kit);
	kit.more = NULL;
	kit_run(&kit);
	until(c, kit.holds > 7 && conclave_lease_ms(c) == 0);
	conclave_close(c);
}

/* The daemon with which we hold has each, also after it was restarted. */
static void
more_cgroups(void **state)
{
	struct conclave *c = NULL;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(conclave_open(&c, kit.dir), 0);
	assert_int_equal(conclave_hold_cgroup(c, 1, pipes[1]), -ENOTCONN);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_int_equal(conclave_hold_cgroup(c, 0, pipes[1]), -EINVAL);
	assert_int_equal(conclave_hold_cgroup(c, 33, pipes[1]), -EINVAL);
	assert_int_equal(conclave_hold_cgroup(c, 1, 999), -EBADF);
	assert_int_equal(conclave_hold_cgroup(c, 3, pipes[1]), 0);
	until(c, kit.kills == 1);
	assert_int_equal(kit.killed, 3);
	assert_int_equal(conclave_hold_cgroup(c, 3, pipes[1]), 0);
	assert_int_equal(conclave_hold_cgroup(c, 32, pipes[1]), 0);
	until(c, kit.kills == 3);
	kit_die(&kit);
	kit_run(&kit);
	until(c, kit.kills == 5);
	assert_int_equal(kit.killed, 32);
	/* their answers are none to the last word */
	kit.let_go = "{\"error\":\"no\"}";
	assert_int_equal(conclave_hold_cgroup(c, 5, pipes[1]), 0);
	until(c, kit.kills == 6);
	kit_tell(&kit, true, "{\"ok\":true,\"kills\":5}");
	assert_int_equal(conclave_let_go(c), -EPROTO);
	kit.let_go = "{\"ok\":true}";
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_int_equal(conclave_let_go(c), 0);
	assert_int_equal(kit.kills, 6); /* the next hold has none */
	conclave_close(c);
	close(pipes[0]);
	close(pipes[1]);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, run, stop)
	const struct CMUnitTest tests[] = {
	    T(length_of_a_lease),
	    T(more_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
