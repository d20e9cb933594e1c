/* supervisor/child: every rule of the policy as a script of events and what must follow.
 */
#include "tests/unit/child_script.h"

static void
test_start(void **state)
{
	struct child c;

	(void)state;
	child_init(&c, &policy);
	assert_string_equal(child_state_name(&c), "stopped");
	assert_true(child_due_ms(&c) == UINT64_MAX);
	start_ready(&c);
	assert_int_equal(c.spawns, 1);
	assert_int_equal(c.spawned_ms, 1000);
	assert_int_equal(c.ready_ms, 1012);
	assert_int_equal(c.last.why, CHILD_WHY_NONE);
	assert_int_equal(c.death.why, CHILD_WHY_NONE);
}

/* The first death: at once. Then 50, 100, 200, and 400 for ever; from the fifth on
 * failing. */
static void
test_restart_delays(void **state)
{
	static const struct step steps[] = {
	    {2500, EV(EXITED), -SIGKILL, "killed:1500+0 SPAWN", "starting", 0},
	    {2501, EV(SPAWNED), 11, "started:0", "starting", 7501},
	    {2510, EV(READY), 0, "ready:9", "ready", 4510},
	    {2600, EV(EXITED), 1, "exited:99+50", "waiting", 2650},
	    {2649, EV(DUE), 0, "", "waiting", 2650},
	    {2650, EV(DUE), 0, "SPAWN", "starting", 0},
	    {2650, EV(SPAWNED), 12, "started:0", "starting", 7650},
	    {2660, EV(EXITED), -SIGSEGV, "killed:10+100", "waiting", 2760},
	    {2760, EV(DUE), 0, "SPAWN", "starting", 0},
	    {2760, EV(SPAWNED), 13, "started:0", "starting", 7760},
	    {2770, EV(EXITED), 0, "exited:10+200", "waiting", 2970},
	    {2970, EV(DUE), 0, "SPAWN", "starting", 0},
	    {2970, EV(SPAWNED), 14, "started:0", "starting", 7970},
	    {2980, EV(EXITED), 1, "exited:10+400", "failing", 3380},
	    {3380, EV(DUE), 0, "SPAWN", "failing", 0},
	    {3380, EV(SPAWNED), 15, "started:0", "failing", 8380},
	    {3390, EV(EXITED), 85, "exited:10+400", "failing", 3790},
	    {3790, EV(DUE), 0, "SPAWN", "failing", 0},
	    {3790, EV(SPAWNED), 16, "started:0", "failing", 8790},
	    {3800, EV(READY), 0, "ready:10", "ready", 5800},
	    {3900, EV(EXITED), 1, "exited:110+400", "failing", 4300},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, steps);
	assert_int_equal(c.failures, 7);
	assert_int_equal(c.spawns, 7);
	assert_int_equal(c.pid, 0);
	assert_int_equal(c.death.why, CHILD_WHY_EXITED);
	assert_int_equal(c.death.failures, 7);
	assert_int_equal(c.last.delay_ms, 400);
}

static void
test_delay_never_overflows(void **state)
{
	struct child_policy wide = policy;
	struct child c;
	struct child_actions todo;
	uint64_t now = 1;

	(void)state;
	wide.restart_max_ms = UINT32_MAX;
	child_init(&c, &wide);
	child_step(&c, &(struct child_event){.type = CHILD_EV_START, .now_ms = now},
	           &todo);
	for (int i = 0; i < 200; i++) {
		struct child_event ev = {
		    .type = CHILD_EV_SPAWNED, .now_ms = now, .pid = 1};

		child_step(&c, &ev, &todo);
		ev.type = CHILD_EV_EXITED;
		ev.code = 1;
		child_step(&c, &ev, &todo);
		if (i == 0)
			continue;
		assert_true(child_due_ms(&c) - now <= UINT32_MAX);
		assert_true(child_due_ms(&c) - now >= 50);
		now = child_due_ms(&c);
		ev.type = CHILD_EV_DUE;
		ev.now_ms = now;
		child_step(&c, &ev, &todo);
	}
	assert_int_equal(c.last.delay_ms, UINT32_MAX);
}

/* After restart_reset_ms of being ready the next death counts as the first; after one
 * millisecond less it does not. */
static void
test_reset(void **state)
{
	static const struct step first[] = {
	    {2500, EV(EXITED), -SIGKILL, "killed:1500+0 SPAWN", "starting", 0},
	    {3000, EV(SPAWNED), 11, "started:0", "starting", 8000},
	    {3000, EV(READY), 0, "ready:0", "ready", 5000},
	    {12999, EV(BEAT), 0, "", "ready", 14999},
	};
	static const struct step just_short[] = {
	    {12999, EV(EXITED), 1, "exited:9999+50", "waiting", 13049},
	};
	static const struct step just_enough[] = {
	    {13000, EV(EXITED), 1, "exited:10000+0 SPAWN", "starting", 0},
	};
	struct child c, copy;

	(void)state;
	start_ready(&c);
	PLAY(&c, first);
	copy = c;
	PLAY(&c, just_short);
	assert_int_equal(c.failures, 2);
	PLAY(&copy, just_enough);
	assert_int_equal(copy.failures, 1);
}

/* A child that lives long without ever being ready keeps its count of deaths. */
static void
test_no_reset_unless_ready(void **state)
{
	static const struct step steps[] = {
	    {2500, EV(EXITED), 1, "exited:1500+0 SPAWN", "starting", 0},
	    {2500, EV(SPAWNED), 11, "started:0", "starting", 7500},
	    {2500, EV(NEEDS), 0, "", "starting", 7500},
	    {7000, EV(BEAT), 0, "", "starting", 12000},
	    {12000, EV(BEAT), 0, "", "starting", 17000},
	    {16000, EV(EXITED), 1, "exited:13500+50", "waiting", 16050},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, steps);
}

static void
test_spawn_fails(void **state)
{
	static const struct step steps[] = {
	    {1, EV(START), 0, "SPAWN", "starting", 0},
	    {1, EV(SPAWN_FAILED), 2, "spawn-failed:0+50", "waiting", 51},
	    {51, EV(DUE), 0, "SPAWN", "starting", 0},
	    {51, EV(SPAWN_FAILED), 2, "spawn-failed:0+50", "waiting", 101},
	    {101, EV(DUE), 0, "SPAWN", "starting", 0},
	    {101, EV(SPAWN_FAILED), 2, "spawn-failed:0+100", "waiting", 201},
	    {201, EV(DUE), 0, "SPAWN", "starting", 0},
	    {201, EV(SPAWNED), 9, "started:0", "starting", 5201},
	};
	struct child c;

	(void)state;
	child_init(&c, &policy);
	PLAY(&c, steps);
	assert_int_equal(c.spawns, 1);
	assert_int_equal(c.last.why, CHILD_WHY_SPAWN_FAILED);
	assert_int_equal(c.last.code, 2);
}

static void
test_config_verdict(void **state)
{
	static const struct step verdict[] = {
	    {2500, EV(EXITED), 78, "config:1500", "stopped", 0},
	    {99999, EV(DUE), 0, "", "stopped", 0},
	    {99999, EV(BEAT), 0, "", "stopped", 0},
	};
	static const struct step changed[] = {
	    {100000, EV(CHANGED), 0, "SPAWN", "starting", 0},
	    {100000, EV(SPAWNED), 11, "started:0", "starting", 105000},
	    {100001, EV(CHANGED), 0, "", "starting", 105000},
	    {100010, EV(EXITED), 78, "config:10", "stopped", 0},
	};
	static const struct step asked[] = {
	    {100000, EV(RESTART), 0, "restart:0 SPAWN", "starting", 0},
	    {100000, EV(SPAWNED), 11, "started:0", "starting", 105000},
	    {100010, EV(EXITED), 1, "exited:10+0 SPAWN", "starting", 0},
	};
	struct child c, copy;

	(void)state;
	start_ready(&c);
	PLAY(&c, verdict);
	assert_int_equal(c.last.why, CHILD_WHY_CONFIG);
	copy = c;
	PLAY(&c, changed);
	PLAY(&copy, asked);
}

/* Signal 78 is not exit status 78: the child is started again. */
static void
test_config_verdict_is_a_status(void **state)
{
	static const struct step steps[] = {
	    {2500, EV(EXITED), -78, "killed:1500+0 SPAWN", "starting", 0},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, steps);
}

static void
test_never_ready(void **state)
{
	static const struct step steps[] = {
	    {1000, EV(START), 0, "SPAWN", "starting", 0},
	    {1000, EV(SPAWNED), 10, "started:0", "starting", 6000},
	    /* WATCHDOG=1 does not make it ready */
	    {5000, EV(BEAT), 0, "", "starting", 6000},
	    {5999, EV(DUE), 0, "", "starting", 6000},
	    {6000, EV(DUE), 0, "ABRT CONT never-ready:5000", "hung", 6500},
	    /* too late */
	    {6010, EV(READY), 0, "", "hung", 6500},
	    {6100, EV(EXITED), -SIGABRT, "killed:5100+0 SPAWN", "starting", 0},
	};
	struct child c;

	(void)state;
	child_init(&c, &policy);
	PLAY(&c, steps);
}

static void
test_silent(void **state)
{
	static const struct step steps[] = {
	    {3999, EV(DUE), 0, "", "ready", 4000},
	    {4000, EV(DUE), 0, "ABRT CONT silent:2000", "hung", 4500},
	    {4001, EV(BEAT), 0, "", "hung", 4500},
	    {4499, EV(DUE), 0, "", "hung", 4500},
	    {4500, EV(DUE), 0, "KILL lingers:500", "hung", 0},
	    {9999, EV(DUE), 0, "", "hung", 0},
	    {9999, EV(EXITED), -SIGKILL, "killed:8999+0 SPAWN", "starting", 0},
	    {9999, EV(SPAWNED), 11, "started:0", "starting", 14999},
	    {9999, EV(READY), 0, "ready:0", "ready", 11999},
	    {11999, EV(DUE), 0, "ABRT CONT silent:2000", "hung", 12499},
	    {12000, EV(EXITED), -SIGABRT, "killed:2001+50", "waiting", 12050},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, steps);
	assert_int_equal(c.last.why, CHILD_WHY_KILLED);
}

/* conclaved itself slept: the deadline is given once more, and only once. */
static void
test_we_slept(void **state)
{
	static const struct step slept[] = {
	    {4051, EV(DUE), 0, "", "ready", 6051},
	    {6052, EV(DUE), 0, "ABRT CONT silent:4052", "hung", 6552},
	};
	static const struct step twice[] = {
	    {60000, EV(DUE), 0, "", "ready", 62000},
	    {90000, EV(DUE), 0, "ABRT CONT silent:88000", "hung", 90500},
	};
	static const struct step beat_between[] = {
	    {60000, EV(DUE), 0, "", "ready", 62000},
	    {60001, EV(BEAT), 0, "", "ready", 62001},
	    {90000, EV(DUE), 0, "", "ready", 92000},
	};
	static const struct step hardly[] = {
	    {4050, EV(DUE), 0, "ABRT CONT silent:2050", "hung", 4550},
	};
	static const struct step starting[] = {
	    {1000, EV(START), 0, "SPAWN", "starting", 0},
	    {1000, EV(SPAWNED), 10, "started:0", "starting", 6000},
	    {7000, EV(DUE), 0, "", "starting", 12000},
	    {12000, EV(DUE), 0, "ABRT CONT never-ready:11000", "hung", 12500},
	};
	struct child c, other;

	(void)state;
	start_ready(&c);
	other = c;
	PLAY(&other, slept);
	other = c;
	PLAY(&other, twice);
	other = c;
	PLAY(&other, beat_between);
	other = c;
	PLAY(&other, hardly);
	child_init(&other, &policy);
	PLAY(&other, starting);
}

/* While the child that it needs is not ready, signs of life are enough. After that the
 * time for READY=1 starts again. */
static void
test_needs(void **state)
{
	static const struct step steps[] = {
	    {1000, EV(NEEDS), 0, "", "stopped", 0},
	    {1000, EV(START), 0, "SPAWN", "starting", 0},
	    {1000, EV(SPAWNED), 10, "started:0", "starting", 6000},
	    {4000, EV(BEAT), 0, "", "starting", 9000},
	    {8000, EV(BEAT), 0, "", "starting", 13000},
	    {9000, EV(NEEDS), 1, "", "starting", 14000},
	    {9000, EV(NEEDS), 1, "", "starting", 14000},
	    {10000, EV(BEAT), 0, "", "starting", 14000},
	    {11000, EV(NEEDS), 0, "", "starting", 16000},
	    {12000, EV(BEAT), 0, "", "starting", 17000},
	    {17000, EV(DUE), 0, "ABRT CONT silent:5000", "hung", 17500},
	    {17100, EV(NEEDS), 1, "", "hung", 17500},
	};
	/* once a child is ready, a change of the other one does not matter to it */
	static const struct step ready[] = {
	    {2100, EV(NEEDS), 0, "", "ready", 4000},
	    {2200, EV(BEAT), 0, "", "ready", 4200},
	    {2300, EV(NEEDS), 1, "", "ready", 4200},
	};
	struct child c;

	(void)state;
	child_init(&c, &policy);
	PLAY(&c, steps);
	start_ready(&c);
	PLAY(&c, ready);
}

/* Events that come twice, or without a process, change nothing. */
static void
test_noise(void **state)
{
	static const struct step steps[] = {
	    {1000, EV(READY), 0, "", "stopped", 0},
	    {1000, EV(BEAT), 0, "", "stopped", 0},
	    {1000, EV(DUE), 0, "", "stopped", 0},
	};
	static const struct step again[] = {
	    {2100, EV(READY), 0, "", "ready", 4000},
	    {2100, EV(CHANGED), 0, "", "ready", 4000},
	};
	struct child c;

	(void)state;
	child_init(&c, &policy);
	PLAY(&c, steps);
	start_ready(&c);
	PLAY(&c, again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start),
	    cmocka_unit_test(test_restart_delays),
	    cmocka_unit_test(test_delay_never_overflows),
	    cmocka_unit_test(test_reset),
	    cmocka_unit_test(test_no_reset_unless_ready),
	    cmocka_unit_test(test_spawn_fails),
	    cmocka_unit_test(test_config_verdict),
	    cmocka_unit_test(test_config_verdict_is_a_status),
	    cmocka_unit_test(test_never_ready),
	    cmocka_unit_test(test_silent),
	    cmocka_unit_test(test_we_slept),
	    cmocka_unit_test(test_needs),
	    cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
