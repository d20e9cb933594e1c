/* supervisor/child: what people ask for: a restart, a stop; and how they are said in
 * words. */
#include "tests/unit/child_script.h"

static void
test_asked_restart(void **state)
{
	static const struct step ready[] = {
	    {2500, EV(RESTART), 0, "TERM CONT restart:1500", "stopping", 5500},
	    {2501, EV(RESTART), 0, "", "stopping", 5500},
	    /* the exit status does not count, not even 78: conclaved asked the old
	       process to end */
	    {2510, EV(EXITED), 78, "ended:1510+0 SPAWN", "starting", 0},
	    {2510, EV(SPAWNED), 11, "started:0", "starting", 7510},
	    /* the restart did not count as a death: this one is the first */
	    {2520, EV(EXITED), 1, "exited:10+0 SPAWN", "starting", 0},
	};
	static const struct step stubborn[] = {
	    {2500, EV(RESTART), 0, "TERM CONT restart:1500", "stopping", 5500},
	    {5500, EV(DUE), 0, "KILL lingers:3000", "stopping", 0},
	    {5501, EV(EXITED), -SIGKILL, "ended:4501+0 SPAWN", "starting", 0},
	};
	static const struct step waiting[] = {
	    {2500, EV(EXITED), 1, "exited:1500+0 SPAWN", "starting", 0},
	    {2500, EV(SPAWNED), 11, "started:0", "starting", 7500},
	    {2500, EV(EXITED), 1, "exited:0+50", "waiting", 2550},
	    {2510, EV(RESTART), 0, "restart:0 SPAWN", "starting", 0},
	};
	static const struct step hung[] = {
	    {4000, EV(DUE), 0, "ABRT CONT silent:2000", "hung", 4500},
	    {4001, EV(RESTART), 0, "", "hung", 4500},
	    {4002, EV(EXITED), 78, "exited:3002+0 SPAWN", "starting", 0},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, ready);
	start_ready(&c);
	PLAY(&c, stubborn);
	start_ready(&c);
	PLAY(&c, waiting);
	assert_int_equal(c.failures, 0);
	start_ready(&c);
	PLAY(&c, hung);
}

static void
test_stop(void **state)
{
	static const struct step ready[] = {
	    {2500, EV(STOP), 0, "TERM CONT stop:1500", "stopping", 5500},
	    {2501, EV(STOP), 0, "", "stopping", 5500},
	    {2502, EV(RESTART), 0, "", "stopping", 5500},
	    {2510, EV(EXITED), 0, "ended:1510", "stopped", 0},
	    {2511, EV(RESTART), 0, "", "stopped", 0},
	    {2511, EV(CHANGED), 0, "", "stopped", 0},
	    {2512, EV(STOP), 0, "", "stopped", 0},
	};
	static const struct step restarting[] = {
	    {2500, EV(RESTART), 0, "TERM CONT restart:1500", "stopping", 5500},
	    {2501, EV(STOP), 0, "", "stopping", 5500},
	    {2510, EV(EXITED), 0, "ended:1510", "stopped", 0},
	};
	static const struct step waiting[] = {
	    {2500, EV(EXITED), 1, "exited:1500+0 SPAWN", "starting", 0},
	    {2500, EV(SPAWN_FAILED), 2, "spawn-failed:0+50", "waiting", 2550},
	    {2510, EV(STOP), 0, "", "stopped", 0},
	    {2550, EV(DUE), 0, "", "stopped", 0},
	};
	static const struct step verdict[] = {
	    {2500, EV(EXITED), 78, "config:1500", "stopped", 0},
	    {2501, EV(STOP), 0, "", "stopped", 0},
	    {2502, EV(CHANGED), 0, "", "stopped", 0},
	};
	static const struct step hung[] = {
	    {4000, EV(DUE), 0, "ABRT CONT silent:2000", "hung", 4500},
	    {4001, EV(STOP), 0, "", "hung", 4500},
	    {4500, EV(DUE), 0, "KILL lingers:500", "hung", 0},
	    {4501, EV(EXITED), -SIGKILL, "killed:3501", "stopped", 0},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, ready);
	assert_int_equal(c.state, CHILD_DOWN);
	start_ready(&c);
	PLAY(&c, restarting);
	start_ready(&c);
	PLAY(&c, waiting);
	start_ready(&c);
	PLAY(&c, verdict);
	start_ready(&c);
	PLAY(&c, hung);
}

/* A child that stops may ask for more time, hold_stop_ms on the whole. */
static void
test_extended(void **state)
{
	static const struct step steps[] = {
	    {2500, EV(EXTEND), 60000, "", "ready", 4000}, /* it does not stop */
	    {3000, EV(STOP), 0, "TERM CONT stop:2000", "stopping", 6000},
	    {4000, EV(EXTEND), 1000, "", "stopping", 6000}, /* it has more */
	    {4000, EV(EXTEND), 3000, "", "stopping", 7000},
	    {6000, EV(DUE), 0, "", "stopping", 7000},
	    {6500, EV(EXTEND), 3000, "", "stopping", 9500},
	    {9000, EV(EXTEND), 3000, "", "stopping", 10000},
	    {9001, EV(EXTEND), 60000, "", "stopping", 10000},
	    {10000, EV(DUE), 0, "KILL lingers:7000", "stopping", 0},
	    {10001, EV(EXTEND), 3000, "", "stopping", 0},
	    {10002, EV(EXITED), -SIGKILL, "ended:9002", "stopped", 0},
	};
	static const struct step hung[] = {
	    {4000, EV(DUE), 0, "ABRT CONT silent:2000", "hung", 4500},
	    {4001, EV(EXTEND), 3000, "", "hung", 4500},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, steps);
	start_ready(&c);
	PLAY(&c, hung);
}

static void
test_unwanted(void **state)
{
	/* it is not stopped yet, but gets no successor */
	static const struct step unwanted[] = {
	    {2500, EV(UNWANTED), 0, "", "ready", 4000},
	    {2600, EV(BEAT), 0, "", "ready", 4600},
	    {2700, EV(EXITED), 78, "exited:1700", "stopped", 0},
	};
	static const struct step unwanted_waiting[] = {
	    {2500, EV(EXITED), 78, "config:1500", "stopped", 0},
	    {2501, EV(UNWANTED), 0, "", "stopped", 0},
	    {2502, EV(CHANGED), 0, "", "stopped", 0},
	};
	struct child c;

	(void)state;
	start_ready(&c);
	PLAY(&c, unwanted);
	start_ready(&c);
	PLAY(&c, unwanted_waiting);
	assert_int_equal(c.state, CHILD_DOWN);
}

static void
test_text(void **state)
{
	static const struct {
		struct child_note note;
		const char *want;
	} cases[] = {
	    {{.why = CHILD_WHY_NONE, .delay_ms = 7}, ""},
	    {{.why = CHILD_WHY_STARTED, .delay_ms = UINT64_MAX}, "started"},
	    {{.why = CHILD_WHY_READY, .after_ms = 12, .delay_ms = UINT64_MAX},
	     "ready after 12 ms"},
	    {{.why = CHILD_WHY_SPAWN_FAILED, .code = 2, .delay_ms = 50},
	     "cannot be started: No such file or directory; restart in 50 ms"},
	    {{.why = CHILD_WHY_EXITED, .code = 1, .after_ms = 5},
	     "exited with status 1 after 5 ms; restart at once"},
	    {{.why = CHILD_WHY_KILLED, .code = 9, .after_ms = 5, .delay_ms = 100},
	     "killed by signal 9 (KILL) after 5 ms; restart in 100 ms"},
	    {{.why = CHILD_WHY_KILLED, .code = 250, .delay_ms = UINT64_MAX},
	     "killed by signal 250 (?) after 0 ms"},
	    {{.why = CHILD_WHY_KILLED,
	      .cause = CHILD_CAUSE_HANG,
	      .dumped = true,
	      .code = 6,
	      .after_ms = 9,
	      .delay_ms = 0},
	     "hung, killed by signal 6 (ABRT), core dumped, after 9 ms; restart at once"},
	    {{.why = CHILD_WHY_KILLED,
	      .cause = CHILD_CAUSE_NEVER_READY,
	      .code = 9,
	      .delay_ms = UINT64_MAX},
	     "never ready, killed by signal 9 (KILL) after 0 ms"},
	    {{.why = CHILD_WHY_KILLED,
	      .cause = CHILD_CAUSE_MEMORY,
	      .code = 9,
	      .delay_ms = UINT64_MAX},
	     "killed by signal 9 (KILL), out of memory, after 0 ms"},
	    {{.why = CHILD_WHY_EXITED, .code = 1, .delay_ms = 5000, .failures = 5},
	     "exited with status 1 after 0 ms; restart in 5000 ms, it keeps "
	     "failing"},
	    {{.why = CHILD_WHY_CONFIG, .delay_ms = UINT64_MAX},
	     "refused the configuration (exit status 78); waits for "
	     "`conclave reload` or `conclave restart`"},
	    {{.why = CHILD_WHY_NEVER_READY, .after_ms = 5000, .delay_ms = UINT64_MAX},
	     "hung: not ready after 5000 ms; aborted"},
	    {{.why = CHILD_WHY_SILENT, .after_ms = 2000, .delay_ms = UINT64_MAX},
	     "hung: no sign of life for 2000 ms; aborted"},
	    {{.why = CHILD_WHY_LINGERS, .after_ms = 500, .delay_ms = UINT64_MAX},
	     "has not ended after 500 ms; killed"},
	    {{.why = CHILD_WHY_RESTART, .delay_ms = UINT64_MAX}, "restart asked for"},
	    {{.why = CHILD_WHY_STOP, .delay_ms = UINT64_MAX}, "asked to stop"},
	    {{.why = CHILD_WHY_ENDED, .after_ms = 3, .delay_ms = UINT64_MAX},
	     "ended after 3 ms"},
	};
	char text[CHILD_TEXT_MAX], small[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		child_note_text(&cases[i].note, text, sizeof(text));
		assert_string_equal(text, cases[i].want);
		child_note_text(&cases[i].note, small, sizeof(small));
		assert_true(strlen(small) < sizeof(small));
		assert_memory_equal(small, cases[i].want, strlen(small));
	}
}

/* Each death is counted under its cause, and `death` holds the cause of the last one. */
static void
test_causes(void **state)
{
	static const struct {
		/* DUE: a deadline passes; START: nothing happens */
		enum child_event_type before;
		bool ready;
		bool by_signal, dumped, memory;
		enum child_cause want;
	} cases[] = {
	    {EV(START), true, false, false, false, CHILD_CAUSE_EXIT},
	    {EV(START), true, true, true, false, CHILD_CAUSE_SIGNAL},
	    {EV(START), false, true, false, true, CHILD_CAUSE_MEMORY},
	    {EV(DUE), true, true, true, false, CHILD_CAUSE_HANG},
	    {EV(DUE), true, true, false, true, CHILD_CAUSE_HANG},
	    {EV(DUE), false, true, false, false, CHILD_CAUSE_NEVER_READY},
	    {EV(RESTART), true, false, false, false, CHILD_CAUSE_ASKED},
	    {EV(RESTART), true, true, false, false, CHILD_CAUSE_ASKED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct child_event ev = {.now_ms = 1000};
		struct child_actions todo;
		struct child c;

		child_init(&c, &policy);
		ev.type = CHILD_EV_START;
		child_step(&c, &ev, &todo);
		ev.type = CHILD_EV_SPAWNED;
		ev.pid = 5;
		child_step(&c, &ev, &todo);
		ev.type = CHILD_EV_READY;
		if (cases[i].ready)
			child_step(&c, &ev, &todo);
		ev.now_ms = child_due_ms(&c);
		ev.type = cases[i].before;
		if (ev.type != CHILD_EV_START)
			child_step(&c, &ev, &todo);
		ev.type = CHILD_EV_EXITED;
		ev.by_signal = cases[i].by_signal;
		ev.dumped = cases[i].dumped;
		ev.memory = cases[i].memory;
		child_step(&c, &ev, &todo);
		for (unsigned j = 0; j < CHILD_CAUSES; j++)
			assert_int_equal(c.causes[j], j == cases[i].want);
		assert_int_equal(c.death.cause, cases[i].want);
		assert_int_equal(c.death.dumped, cases[i].dumped);
		ev.type = CHILD_EV_SPAWN_FAILED;
		child_step(&c, &ev, &todo);
		assert_int_equal(c.causes[CHILD_CAUSE_SPAWN], 1);
		assert_int_equal(c.death.cause, cases[i].want);
	}
	assert_string_equal(child_cause_name(CHILD_CAUSE_NEVER_READY), "never_ready");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_asked_restart), cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_extended),      cmocka_unit_test(test_unwanted),
	    cmocka_unit_test(test_text),          cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
