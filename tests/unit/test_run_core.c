/* ctl/run_core.h: when `conclave run` starts, asks, kills and lets go, by a clock of the
 * test. */
#include "tests/unit/run_kit.h"

static void
waits_for_a_lease(void **state)
{
	(void)state;
	begin(plain);
	assert_true(run_due_ns(&core) == UINT64_MAX);
	lease(0, 0, 0);
	assert_idle();
	step(RUN_EV_TIME, 100000, 0);
	assert_idle();
	lease(5, 100000, 100240);
	assert_true(out.start);
	assert_false(out.let_go || out.kill || out.terminate || out.exit);
}

static void
starts_with_time_left_only(void **state)
{
	(void)state;
	begin(plain);
	/* The end of a lease of 240 ms: a margin of 4 ms, twice, must be left. */
	lease(5, 0, 4);
	assert_true(out.too_short);
	assert_false(out.start);
	lease(5, 0, 4);
	assert_false(out.too_short || out.start);
	lease(5, 0, 5);
	assert_true(out.start);

	begin((struct run_config){.margin_ns = 20 * MS, .warn_ns = 50 * MS});
	lease(5, 0, 90);
	assert_false(out.start);
	lease(5, 10, 101);
	assert_true(out.start);
}

/* A lease that nearly ended says nothing about how long leases are. */
static void
says_short_of_a_whole_lease_only(void **state)
{
	(void)state;
	begin(warned);
	lease(5, 0, 240);
	assert_true(out.start);
	step(RUN_EV_UNSTARTED, 1, 0);
	assert_idle();
	assert_int_equal(core.state, RUN_WAITING);
	lease(5, 200, 240);
	assert_idle();
	lease(5, 201, 0);
	assert_idle();
	lease(6, 300, 540);
	assert_true(out.start);
	assert_int_equal(core.epoch, 6);
}

static void
the_margin_is_a_tenth(void **state)
{
	(void)state;
	begin_running(plain);
	assert_int_equal(run_margin_ns(&core), 24 * MS);
	lease(5, 100, 400);
	assert_int_equal(run_margin_ns(&core), 30 * MS);
	lease(5, 350, 420);
	assert_int_equal(run_margin_ns(&core), 30 * MS);
	lease(5, 360, 3600);
	assert_int_equal(run_margin_ns(&core), RUN_MARGIN_MAX_NS);
	begin(plain);
	lease(5, 0, 15);
	assert_int_equal(run_margin_ns(&core), RUN_MARGIN_MIN_NS);
	begin((struct run_config){.margin_ns = 7 * MS});
	lease(5, 0, 240);
	assert_int_equal(run_margin_ns(&core), 7 * MS);
	begin((struct run_config){.unit = true});
	lease(5, 0, 240);
	assert_true(out.start);
	assert_int_equal(run_margin_ns(&core), 80 * MS);
	lease(5, 10, 3000);
	assert_int_equal(run_margin_ns(&core), RUN_MARGIN_UNIT_NS);
	begin((struct run_config){.margin_ns = 7 * MS});
	lease(5, 0, 240);
	assert_int_equal(due_ms(), 233);
}

static void
kills_before_the_end(void **state)
{
	(void)state;
	begin_running(plain);
	assert_int_equal(due_ms(), 216);
	step(RUN_EV_TIME, 215, 0);
	assert_idle();
	lease(5, 215, 240);
	assert_idle();
	step(RUN_EV_TIME, 216, 0);
	assert_true(out.kill);
	assert_false(out.let_go || out.exit || out.terminate);
	/* again and again, with longer and longer pauses, until all is dead */
	assert_int_equal(due_ms(), 217);
	step(RUN_EV_TIME, 216, 0);
	assert_idle();
	for (uint64_t at = 217, pause = 2; at < 400;
	     at += pause, pause *= pause < 16 ? 2 : 1) {
		assert_int_equal(due_ms(), at);
		step(RUN_EV_TIME, at, 0);
		assert_true(out.kill);
		assert_false(out.let_go);
	}
	lease(5, 400, 600);
	assert_idle();
	step(RUN_EV_DEAD, 400, 128 + SIGKILL);
	assert_idle();
	step(RUN_EV_EMPTY, 401, 0);
	assert_left(EXIT_AGAIN);
	assert_true(run_due_ns(&core) == UINT64_MAX);
	step(RUN_EV_EMPTY, 402, 0);
	assert_idle();
	lease(6, 403, 800);
	assert_idle();
}

static void
a_lease_that_is_renewed_goes_on(void **state)
{
	(void)state;
	begin_running(plain);
	for (uint64_t at = 100; at < 10000; at += 100) {
		lease(5, at, at + 240);
		assert_idle();
		assert_int_equal(due_ms(), at + 216);
	}
	/* an older answer takes nothing away, and gives nothing */
	lease(5, 9950, 9960);
	assert_idle();
	assert_int_equal(due_ms(), 10116);
	/* read when its time had come: what counts is the end that was read */
	lease(5, 10116, 10140);
	assert_true(out.kill);
	begin_running(plain);
	lease(5, 230, 470);
	assert_idle();
}

static void
no_lease_or_another_term_kills_at_once(void **state)
{
	(void)state;
	begin_running(plain);
	lease(0, 10, 0);
	assert_true(out.kill);
	step(RUN_EV_EMPTY, 11, 0);
	assert_left(EXIT_AGAIN);

	begin_running(plain);
	lease(4, 10, 300);
	assert_true(out.kill);

	begin_running(plain);
	lease(6, 240, 500); /* another may have led when ours had ended */
	assert_true(out.kill);

	begin_running(plain);
	step(RUN_EV_WANTED, 5, 0);
	lease(4, 10, 300);
	assert_true(out.kill);
	assert_int_equal(core.reason, RUN_WANTED);
}

/* Members change, and our lease lasts: nobody else has led. */
static void
runs_on_in_a_later_epoch_of_the_same_leader(void **state)
{
	(void)state;
	begin_running(plain);
	lease(6, 239, 500);
	assert_idle();
	assert_int_equal(core.state, RUN_RUNNING);
	lease(5, 240, 600); /* but in none of before */
	assert_true(out.kill);

	begin_running(plain);
	lease(6, 10, 0);
	assert_true(out.kill);
}

static void
is_warned_and_the_term_is_over(void **state)
{
	(void)state;
	begin_running(warned);
	assert_int_equal(due_ms(), 166);
	step(RUN_EV_TIME, 165, 0);
	assert_idle();
	step(RUN_EV_TIME, 166, 0);
	assert_true(out.terminate);
	assert_false(out.kill);
	assert_int_equal(due_ms(), 216);
	/* it comes back, and changes nothing */
	lease(5, 170, 410);
	assert_idle();
	assert_int_equal(due_ms(), 216);
	step(RUN_EV_TIME, 216, 0);
	assert_true(out.kill);
	step(RUN_EV_DEAD, 217, 0);
	step(RUN_EV_EMPTY, 217, 0);
	assert_left(EXIT_AGAIN);

	begin_running(warned);
	lease(5, 166, 240); /* not renewed when its time has come */
	assert_true(out.terminate);
	step(RUN_EV_DEAD, 180, 0);
	assert_true(out.kill);
	step(RUN_EV_EMPTY, 181, 0);
	assert_left(EXIT_AGAIN);
}

static void
has_its_grace_while_the_lease_lasts(void **state)
{
	(void)state;
	begin_running(plain);
	step(RUN_EV_WANTED, 100, 0);
	assert_true(out.terminate);
	assert_false(out.kill || out.let_go);
	step(RUN_EV_WANTED, 101, 0);
	assert_idle();
	for (uint64_t at = 110; at < 10100; at += 90) {
		lease(5, at, at + 240);
		assert_idle();
	}
	lease(5, 10099, 10339);
	assert_int_equal(due_ms(), 10100);
	step(RUN_EV_TIME, 10100, 0);
	assert_true(out.kill);
	step(RUN_EV_EMPTY, 10101, 0);
	assert_left(EXIT_AGAIN);

	begin_running(plain);
	step(RUN_EV_WANTED, 100, 0);
	assert_int_equal(due_ms(), 216); /* the grace is longer than the lease */
	step(RUN_EV_TIME, 216, 0);
	assert_true(out.kill);
}

static void
the_status_is_that_of_the_command(void **state)
{
	(void)state;
	begin_running(again);
	step(RUN_EV_DEAD, 10, 3);
	assert_true(out.kill); /* what it left behind */
	assert_false(out.let_go);
	step(RUN_EV_EMPTY, 11, 0);
	assert_left(3);

	begin_running(again);
	step(RUN_EV_SIGNAL, 10, 15);
	assert_true(out.terminate);
	step(RUN_EV_SIGNAL, 10, 2);
	assert_idle();
	step(RUN_EV_DEAD, 20, 0);
	assert_true(out.kill);
	step(RUN_EV_EMPTY, 21, 0);
	assert_left(0);

	begin_running(plain); /* its status never came */
	step(RUN_EV_SIGNAL, 10, 15);
	step(RUN_EV_TIME, 300, 0);
	step(RUN_EV_EMPTY, 301, 0);
	assert_left(137);

	begin(again);
	step(RUN_EV_SIGNAL, 10, 15);
	assert_left(143);

	begin_running(plain);
	step(RUN_EV_DEAD, 10, 128 + SIGSEGV);
	assert_int_equal(core.killed_by, SIGSEGV);
	step(RUN_EV_EMPTY, 11, 0);
	assert_left(128 + SIGSEGV);

	begin_running(plain); /* by us */
	step(RUN_EV_TIME, 300, 0);
	step(RUN_EV_DEAD, 301, 128 + SIGKILL);
	assert_int_equal(core.killed_by, 0);

	begin_running(again); /* a signal, then the lease ends: nobody runs it again */
	step(RUN_EV_WANTED, 10, 0);
	step(RUN_EV_SIGNAL, 11, 15);
	step(RUN_EV_DEAD, 12, 4);
	step(RUN_EV_EMPTY, 13, 0);
	assert_left(4);
}

static void
waits_for_the_next_term(void **state)
{
	(void)state;
	begin_running(again);
	step(RUN_EV_TIME, 216, 0);
	step(RUN_EV_DEAD, 217, 128 + SIGKILL);
	step(RUN_EV_EMPTY, 217, 0);
	assert_true(out.let_go);
	assert_false(out.exit);
	assert_int_equal(core.state, RUN_WAITING);
	assert_true(run_due_ns(&core) == UINT64_MAX);
	assert_true(core.config.again);
	/* what is left of the lease before is not begun again, if it were enough */
	lease(5, 217, 240);
	assert_idle();
	lease(5, 100, 240);
	assert_idle();
	lease(5, 230, 270); /* renewed, and too short to be a whole one */
	assert_idle();
	lease(7, 500, 740);
	assert_true(out.start);
	assert_int_equal(core.epoch, 7);
	assert_int_equal(due_ms(), 716);
	assert_int_equal(core.reason, RUN_NONE);
	step(RUN_EV_DEAD, 510, 9);
	step(RUN_EV_EMPTY, 511, 0);
	assert_left(9);
}

static void
waits_as_long_as_it_was_told(void **state)
{
	(void)state;
	begin((struct run_config){.wait_ns = 500 * MS, .again = true});
	step(RUN_EV_TIME, 10, 0);
	assert_idle();
	assert_int_equal(due_ms(), 510);
	lease(0, 400, 0);
	step(RUN_EV_TIME, 509, 0);
	assert_idle();
	lease(5, 509, 749);
	assert_true(out.start);
	step(RUN_EV_TIME, 600, 0);
	assert_idle();
	step(RUN_EV_TIME, 730, 0);
	step(RUN_EV_EMPTY, 731, 0);
	assert_true(out.let_go && !out.exit);
	step(RUN_EV_TIME, 740, 0);
	assert_int_equal(due_ms(), 1240);
	step(RUN_EV_TIME, 1240, 0);
	assert_left(EXIT_AGAIN);
}

static void
nobody_runs_without_a_guard(void **state)
{
	(void)state;
	begin_running(plain);
	step(RUN_EV_UNGUARDED, 10, 0);
	assert_true(out.kill);
	step(RUN_EV_UNGUARDED, 11, 0);
	assert_idle();
	step(RUN_EV_EMPTY, 12, 0);
	assert_left(137);

	begin_running(again);
	step(RUN_EV_WANTED, 9, 0);
	step(RUN_EV_UNGUARDED, 10, 0);
	assert_true(out.kill);

	begin_running(again);
	step(RUN_EV_UNGUARDED, 10, 0);
	step(RUN_EV_EMPTY, 12, 0);
	assert_true(out.let_go);
	assert_false(out.exit);
}

static void
lets_go_at_once_where_nothing_runs(void **state)
{
	(void)state;
	begin(plain);
	step(RUN_EV_WANTED, 10, 0);
	assert_true(out.let_go);
	assert_false(out.exit);
	step(RUN_EV_DEAD, 11, 0);
	assert_idle();
	step(RUN_EV_EMPTY, 12, 0);
	assert_idle();
	step(RUN_EV_UNGUARDED, 13, 0);
	assert_idle();
	lease(5, 20, 260);
	assert_true(out.start);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(waits_for_a_lease),
	    cmocka_unit_test(starts_with_time_left_only),
	    cmocka_unit_test(says_short_of_a_whole_lease_only),
	    cmocka_unit_test(the_margin_is_a_tenth),
	    cmocka_unit_test(kills_before_the_end),
	    cmocka_unit_test(a_lease_that_is_renewed_goes_on),
	    cmocka_unit_test(no_lease_or_another_term_kills_at_once),
	    cmocka_unit_test(runs_on_in_a_later_epoch_of_the_same_leader),
	    cmocka_unit_test(is_warned_and_the_term_is_over),
	    cmocka_unit_test(has_its_grace_while_the_lease_lasts),
	    cmocka_unit_test(the_status_is_that_of_the_command),
	    cmocka_unit_test(waits_for_the_next_term),
	    cmocka_unit_test(waits_as_long_as_it_was_told),
	    cmocka_unit_test(nobody_runs_without_a_guard),
	    cmocka_unit_test(lets_go_at_once_where_nothing_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
