/* supervisor/child: what people ask for: a restart, a stop; and how they are said in
 * words. */
#include "tests/unit/child_script.h"

static void
test_asked_restart(void **state)
{
	static const struct step ready[] = {
	    {2500, EV(RESTART), 0, "TERM CONT restart:1500", "stopping", 5500},
	    {2501, EV(RESTART), 0, "", "stopping", 5500},
	    /* not its fault, not even 78: it is the old one's word */
	    {2510, EV(EXITED), 78, "ended:1510+0 SPAWN", "starting", 0},
	    {2510, EV(SPAWNED), 11, "started:0", "starting", 7510},
	    /* no death is counted: this is the first */
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
	    {4501, EV(EXITED), -SIGKILL, "ended:3501", "stopped", 0},
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

static void
test_unwanted(void **state)
{
	/* its turn to stop has not come, but it gets no successor either */
	static const struct step unwanted[] = {
	    {2500, EV(UNWANTED), 0, "", "ready", 4000},
	    {2600, EV(BEAT), 0, "", "ready", 4600},
	    {2700, EV(EXITED), 78, "ended:1700", "stopped", 0},
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
	    {{.why = CHILD_WHY_EXITED, .code = 1, .delay_ms = 5000, .failures = 5},
	     "exited with status 1 after 0 ms; restart in 5000 ms, it keeps "
	     "failing"},
	    {{.why = CHILD_WHY_CONFIG, .delay_ms = UINT64_MAX},
	     "refuses the configuration (exit status 78); waits until the file "
	     "changes or for `conclave restart`"},
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_asked_restart),
	    cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_unwanted),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
