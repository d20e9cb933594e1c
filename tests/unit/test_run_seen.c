/* ctl/run_core.h: what the guard has seen while the runner was stopped. */
#include "tests/unit/run_kit.h"

static void
see(int64_t epoch, uint64_t now_ms, uint64_t end_ms, int64_t seen_epoch,
    uint64_t seen_end_ms)
{
	struct run_event ev = {.type = RUN_EV_LEASE,
	                       .now_ns = T0 + now_ms * MS,
	                       .end_ns = T0 + end_ms * MS,
	                       .seen_end_ns = T0 + seen_end_ms * MS,
	                       .epoch = epoch,
	                       .seen_epoch = seen_epoch};

	run_step(&core, &ev, &out);
}

/* The runner was stopped, and its guard saw how the epoch grew under the same leader. */
static void
takes_over_what_the_guard_saw(void **state)
{
	(void)state;
	begin_running(plain); /* in epoch 5, until 240 */
	see(8, 900, 1100, 8, 1000);
	assert_idle();
	assert_int_equal(core.epoch, 8);
	assert_int_equal(core.state, RUN_RUNNING);

	begin_running(plain); /* it saw one of the steps */
	see(9, 900, 1100, 8, 1000);
	assert_idle();
	assert_int_equal(core.epoch, 9);

	begin_running(plain); /* none, or only before the end of what it had seen */
	see(9, 900, 1100, 0, 0);
	assert_true(out.kill);
	begin_running(plain);
	see(9, 900, 1100, 8, 800);
	assert_true(out.kill);
	begin_running(plain);
	see(5, 100, 250, 4, 1000);
	assert_idle();
	assert_int_equal(core.epoch, 5);
	assert_true(core.end_ns == T0 + 250 * MS);

	begin_running(warned); /* the warning was given: that term is over */
	step(RUN_EV_TIME, 180, 0);
	assert_true(out.terminate);
	see(8, 181, 1100, 8, 1000);
	assert_int_equal(core.epoch, 8);
	assert_int_equal(due_ms(), 216);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(takes_over_what_the_guard_saw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
