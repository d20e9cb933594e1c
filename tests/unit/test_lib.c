/* libconclave against a door of the test. */
#include "tests/unit/lib_kit.h"

static struct conclave *
opened(void)
{
	struct conclave *c = NULL;

	assert_int_equal(conclave_open(&c, kit.dir), 0);
	return c;
}

static struct conclave_state
state_of(struct conclave *c)
{
	struct conclave_state s;

	conclave_state(c, &s);
	return s;
}

static void
state_follows_events(void **state)
{
	struct conclave *c = opened();

	(void)state;
	until(c, state_of(c).role == CONCLAVE_LEADS);
	assert_true(state_of(c).has_leader);
	assert_int_equal(state_of(c).leader, 7);
	assert_int_equal(state_of(c).epoch, 4);
	assert_int_equal(state_of(c).id, 7);
	kit_tell(&kit, false, FOLLOWS);
	until(c, state_of(c).role == CONCLAVE_FOLLOWING);
	assert_int_equal(state_of(c).leader, 9);
	/* it never falls */
	assert_int_equal(state_of(c).epoch, 4);
	kit_tell(&kit, false, "{\"state\":\"leading\",\"leader\":null,\"active\":false}");
	until(c, state_of(c).role == CONCLAVE_LOOKING);
	assert_false(state_of(c).has_leader);
	assert_int_equal(state_of(c).leader, 0);
	kit_tell(&kit, false, "{\"state\":\"observing\",\"leader\":2,\"epoch\":6}");
	until(c, state_of(c).role == CONCLAVE_OBSERVING);
	assert_int_equal(state_of(c).epoch, 6);
	/* what is no event changes nothing */
	kit_tell(&kit, false, "{\"error\":\"x\"}");
	kit_tell(&kit, false, "{\"state\":\"following\",\"leader\":2");
	assert_int_equal(conclave_wait(c, CONCLAVE_CHANGED, 100), 0);
	assert_int_equal(state_of(c).role, CONCLAVE_OBSERVING);
	/* the daemon goes, and comes back */
	kit_die(&kit);
	until(c, state_of(c).role == CONCLAVE_UNKNOWN);
	assert_false(state_of(c).has_leader);
	kit.event = LEADS;
	kit_run(&kit);
	until(c, state_of(c).role == CONCLAVE_LEADS);
	assert_int_equal(state_of(c).epoch, 6);
	conclave_close(c);
}

static void
hold_and_let_go(void **state)
{
	struct conclave *c = opened();
	int64_t epoch = 0;
	uint64_t end_ns = 0, want;

	(void)state;
	/* no hold, no lease, whatever the page says */
	kit_lease(&kit, 4, LONG_MS);
	assert_false(conclave_leading(c));
	assert_int_equal(conclave_let_go(c), 0);
	assert_int_equal(conclave_hold(c, "a-program", -1), 0);
	assert_string_equal(kit.hold, "hold a-program");
	assert_int_equal(kit.passed, -1);
	assert_true(conclave_leading(c));
	assert_int_equal(conclave_hold(c, NULL, -1), -EALREADY);
	want = kit_lease(&kit, 5, LONG_MS);
	assert_true(conclave_lease(c, &epoch, &end_ns));
	assert_int_equal(epoch, 5);
	assert_int_equal(end_ns, want);
	/* released: seen at once */
	kit_lease(&kit, 5, 0);
	assert_false(conclave_leading(c));
	kit_lease(&kit, 6, LONG_MS);
	assert_true(conclave_leading(c));
	assert_int_equal(conclave_let_go(c), 0);
	assert_int_equal(kit.let_gos, 1);
	assert_false(conclave_leading(c));
	/* and again, without a name */
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_string_equal(kit.hold, "hold");
	assert_true(conclave_leading(c));
	conclave_close(c);
}

static void
lease_ends_by_itself(void **state)
{
	struct conclave *c = opened();
	uint64_t end_ns;
	bool leads = true;

	(void)state;
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	end_ns = kit_lease(&kit, 4, 50);
	for (uint64_t after = 0; leads || after < end_ns;) {
		uint64_t before = kit_now_ns();

		leads = conclave_leading(c);
		after = kit_now_ns();
		if (before >= end_ns)
			assert_false(leads);
		if (after < end_ns)
			assert_true(leads);
	}
	conclave_close(c);
}

static void
descriptor_goes_with_the_hold(void **state)
{
	struct conclave *c = opened();
	int pipes[2];
	char byte = 0;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(conclave_hold(c, "x", pipes[1]), 0);
	close(pipes[1]);
	pthread_mutex_lock(&kit.lock);
	assert_true(kit.passed >= 0);
	assert_int_equal(write(kit.passed, "1", 1), 1);
	pthread_mutex_unlock(&kit.lock);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(byte, '1');
	/* it is given again to the next daemon */
	kit_die(&kit);
	close(kit.passed);
	kit.passed = -1;
	kit_run(&kit);
	until(c, kit.holds == 2);
	pthread_mutex_lock(&kit.lock);
	assert_true(kit.passed >= 0);
	assert_int_equal(write(kit.passed, "2", 1), 1);
	pthread_mutex_unlock(&kit.lock);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(byte, '2');
	close(pipes[0]);
	conclave_close(c);
	c = opened();
	assert_int_equal(conclave_hold(c, "x", 999), -EBADF);
	assert_int_equal(conclave_hold(c, "x", -1), 0);
	conclave_close(c);
}

static void
names(void **state)
{
	char longest[CONCLAVE_NAME_MAX + 2];
	struct conclave *c = opened();

	(void)state;
	memset(longest, 'n', sizeof(longest));
	longest[CONCLAVE_NAME_MAX + 1] = '\0';
	assert_int_equal(conclave_hold(c, longest, -1), -EINVAL);
	assert_int_equal(conclave_hold(c, "", -1), -EINVAL);
	assert_int_equal(conclave_hold(c, "two words", -1), -EINVAL);
	assert_int_equal(conclave_hold(c, "line\n", -1), -EINVAL);
	assert_int_equal(kit.holds, 0);
	longest[CONCLAVE_NAME_MAX] = '\0';
	assert_int_equal(conclave_hold(c, longest, -1), 0);
	assert_int_equal(strlen(kit.hold), 5 + CONCLAVE_NAME_MAX);
	conclave_close(c);
}

static void
refused(void **state)
{
	static const struct {
		const char *answer;
		int error;
	} cases[] = {
	    {"{\"error\":\"no\"}", -EPERM},
	    {"{\"error\":\"no\",\"again\":false}", -EPERM},
	    {"{\"error\":\"not now\",\"again\":true}", -EAGAIN},
	    {"{\"ok\":true,\"incarnation\":\"12\"}", -EPROTO}, /* and no page */
	    {"{\"ok\":false}", -EPROTO},
	    {"what", -EPROTO},
	};
	struct conclave *c = opened();

	(void)state;
	kit_lease(&kit, 4, LONG_MS);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		kit.refusal = cases[i].answer;
		assert_int_equal(conclave_hold(c, NULL, -1), cases[i].error);
		assert_false(conclave_leading(c));
		assert_int_equal(conclave_let_go(c), 0);
	}
	/* it is not asked again behind the caller's back */
	assert_int_equal(kit.holds, sizeof(cases) / sizeof(*cases));
	assert_int_equal(conclave_wait(c, CONCLAVE_LEADING, 100), 0);
	assert_int_equal(kit.holds, sizeof(cases) / sizeof(*cases));
	kit.refusal = NULL;
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_true(conclave_leading(c));
	conclave_close(c);
}

static void
nobody_is_there(void **state)
{
	struct conclave *c;
	char longest[200];

	(void)state;
	kit_die(&kit);
	c = opened();
	assert_int_equal(conclave_hold(c, NULL, -1), -ECONNREFUSED);
	assert_int_equal(conclave_confirm(c, 100), -ECONNREFUSED);
	unlink(kit.door);
	assert_int_equal(conclave_hold(c, NULL, -1), -ENOENT);
	assert_int_equal(state_of(c).role, CONCLAVE_UNKNOWN);
	kit_run(&kit);
	until(c, state_of(c).role == CONCLAVE_LEADS);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	conclave_close(c);
	conclave_close(NULL);
	memset(longest, 'x', sizeof(longest));
	longest[199] = '\0';
	assert_int_equal(conclave_open(&c, longest), -ENAMETOOLONG);
}

static void
asked_to_stop(void **state)
{
	struct conclave *c = opened();
	bool grace = false;

	(void)state;
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	kit_lease(&kit, 4, LONG_MS);
	assert_null(conclave_stop_wanted(c, &grace));
	kit_tell(&kit, true, "{\"stop\":\"step-down\",\"grace\":true}");
	assert_int_equal(conclave_wait(c, CONCLAVE_STOP | CONCLAVE_LOST, 20000),
	                 CONCLAVE_STOP);
	assert_string_equal(conclave_stop_wanted(c, &grace), "step-down");
	assert_true(grace);
	assert_string_equal(conclave_stop_wanted(c, NULL), "step-down");
	/* it leads on, to have time to stop */
	assert_true(conclave_leading(c));
	kit_tell(&kit, true, "{\"stop\":\"lost\",\"grace\":false}");
	until(c, strcmp(conclave_stop_wanted(c, &grace), "lost") == 0);
	assert_false(grace);
	kit_tell(&kit, true, "{\"stop\":\"no word of ours\"}");
	until(c, strcmp(conclave_stop_wanted(c, &grace), "asked") == 0);
	assert_int_equal(conclave_let_go(c), 0);
	assert_null(conclave_stop_wanted(c, &grace));
	conclave_close(c);
}

/* The daemon is killed and comes back: the last end that was read counts on. */
static void
lease_outlives_the_daemon(void **state)
{
	struct conclave *c = opened();
	uint64_t end_ns, read_ns;
	int64_t epoch;

	(void)state;
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	end_ns = kit_lease(&kit, 4, LONG_MS);
	kit_die(&kit);
	until(c, state_of(c).role == CONCLAVE_UNKNOWN);
	assert_true(conclave_lease(c, &epoch, &read_ns));
	assert_int_equal(read_ns, end_ns);
	/* another has taken the page over */
	kit_run(&kit);
	assert_true(conclave_leading(c));
	until(c, kit.holds == 2);
	assert_true(conclave_lease(c, &epoch, &read_ns));
	assert_int_equal(read_ns, end_ns);
	until(c, state_of(c).role == CONCLAVE_LEADS);
	end_ns = kit_lease(&kit, 4, 2 * LONG_MS);
	until(c, conclave_lease(c, &epoch, &read_ns) && read_ns == end_ns);
	assert_int_equal(epoch, 4);
	/* let go by word: nothing of it counts, of whatever incarnation */
	assert_int_equal(conclave_let_go(c), 0);
	assert_false(conclave_leading(c));
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	kit_lease(&kit, 4, 0);
	assert_false(conclave_leading(c));
	conclave_close(c);
}

/* An end that the next incarnation published is not ours before we hold with it. */
static void
another_incarnation_is_not_believed(void **state)
{
	struct conclave *c = opened();
	uint64_t end_ns, read_ns = 0;

	(void)state;
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	end_ns = kit_lease(&kit, 4, LONG_MS);
	assert_true(conclave_leading(c));
	kit_die(&kit);
	kit.refusal = "{\"error\":\"not now\",\"again\":true}";
	kit_run(&kit);
	kit_lease(&kit, 9, 2 * LONG_MS);
	for (unsigned i = 0; i < 2; i++) {
		int64_t epoch = 0;

		assert_true(conclave_lease(c, &epoch, &read_ns));
		assert_int_equal(read_ns, end_ns);
		assert_int_equal(epoch, 4);
		until(c, kit.holds >= 4);
	}
	kit.refusal = NULL;
	until(c, conclave_lease(c, NULL, &read_ns) && read_ns > end_ns);
	conclave_close(c);
}

static void
broken_let_go(void **state)
{
	struct conclave *c = opened();

	(void)state;
	kit_lease(&kit, 4, LONG_MS);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	kit.let_go = "{\"error\":\"x\"}";
	assert_int_equal(conclave_let_go(c), -EPROTO);
	assert_false(conclave_leading(c));
	kit.let_go = "{\"ok\":true}";
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_true(conclave_leading(c));
	kit_die(&kit);
	assert_true(conclave_let_go(c) < 0);
	assert_false(conclave_leading(c));
	kit_run(&kit);
	until(c, state_of(c).role == CONCLAVE_LEADS);
	assert_int_equal(kit.holds, 2);
	conclave_close(c);
}

static void
waits(void **state)
{
	struct conclave *c = opened();
	uint64_t end_ns;

	(void)state;
	assert_int_equal(conclave_wait(c, CONCLAVE_LEADING, 0), 0);
	assert_int_equal(conclave_wait(c, CONCLAVE_LOST, 0), CONCLAVE_LOST);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_int_equal(conclave_wait(c, CONCLAVE_LEADING, 30), 0);
	end_ns = kit_lease(&kit, 4, 200);
	assert_int_equal(conclave_wait(c, CONCLAVE_LEADING | CONCLAVE_STOP, -1),
	                 CONCLAVE_LEADING);
	assert_int_equal(conclave_wait(c, CONCLAVE_LOST, -1), CONCLAVE_LOST);
	assert_true(kit_now_ns() >= end_ns);
	until(c, state_of(c).role == CONCLAVE_LEADS);
	assert_int_equal(conclave_wait(c, CONCLAVE_CHANGED, 10), 0);
	kit_tell(&kit, false, FOLLOWS);
	assert_int_equal(conclave_wait(c, CONCLAVE_CHANGED, -1), CONCLAVE_CHANGED);
	conclave_close(c);
}

/* Nobody says a word, and still the descriptor tells of both. */
static void
descriptor_tells_begin_and_end(void **state)
{
	struct conclave *c = opened();
	struct pollfd p = {.fd = conclave_fd(c), .events = POLLIN};
	bool led = false, lost = false;

	(void)state;
	until(c, state_of(c).role == CONCLAVE_LEADS);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	kit_lease(&kit, 4, 100);
	while (!lost) {
		bool leads;

		assert_int_equal(poll(&p, 1, KIT_PATIENCE_MS), 1);
		(void)conclave_process(c);
		leads = conclave_leading(c);
		lost = led && !leads;
		led = led || leads;
		if (!led) /* this machine was slower than the lease */
			kit_lease(&kit, 4, 100);
	}
	conclave_close(c);
}

static void
nothing(int signal)
{
	(void)signal;
}

static void
signal_ends_a_wait(void **state)
{
	struct sigaction on = {.sa_handler = nothing};
	struct conclave *c = opened();
	struct itimerspec in = {.it_value = {0, 20 * 1000000},
	                        .it_interval = {0, 20 * 1000000}};
	timer_t timer;

	(void)state;
	until(c, state_of(c).role == CONCLAVE_LEADS);
	sigaction(SIGALRM, &on, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &in, NULL), 0);
	assert_int_equal(conclave_wait(c, CONCLAVE_LEADING, -1), -EINTR);
	timer_delete(timer);
	conclave_close(c);
}

static void
confirms(void **state)
{
	struct conclave *c = opened();

	(void)state;
	assert_int_equal(conclave_confirm(c, -1), 1);
	kit.confirm = "{\"leads\":false,\"epoch\":4}";
	assert_int_equal(conclave_confirm(c, 20000), 0);
	kit.confirm = "{\"error\":\"ask again\"}";
	assert_int_equal(conclave_confirm(c, 20000), -EAGAIN);
	kit.confirm = NULL;
	assert_int_equal(conclave_confirm(c, 10), -ETIMEDOUT);
	conclave_close(c);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, run, stop)
	const struct CMUnitTest tests[] = {
	    T(state_follows_events),
	    T(hold_and_let_go),
	    T(lease_ends_by_itself),
	    T(descriptor_goes_with_the_hold),
	    T(names),
	    T(refused),
	    T(nobody_is_there),
	    T(asked_to_stop),
	    T(lease_outlives_the_daemon),
	    T(another_incarnation_is_not_believed),
	    T(broken_let_go),
	    T(waits),
	    T(descriptor_tells_begin_and_end),
	    T(signal_ends_a_wait),
	    T(confirms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
