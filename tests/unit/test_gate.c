/* proc/gate: one event at a time, in order, each stamped once; then one settle. */
#include "proc/gate.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPACITY 4

struct event {
	int value;
	unsigned children; /* pushed while this one is stepped: value * 10 + 1, … */
	const char *text;
};

struct user {
	struct gate gate;
	int seen[16];
	unsigned count;
	unsigned settled;
	unsigned depth;
	uint64_t last_ms;
	char text[8];
};

static void
step(void *user, uint64_t now_ms, void *event)
{
	struct user *u = user;
	struct event *ev = event;
	const struct event before = *ev;

	assert_int_equal(u->depth++, 0);
	assert_false(gate_idle(&u->gate));
	assert_true(now_ms >= u->last_ms && now_ms > 0);
	u->last_ms = now_ms;
	u->seen[u->count++] = ev->value;
	if (ev->text)
		strcpy(u->text, ev->text);
	for (unsigned i = 0; i < before.children; i++)
		gate_push(&u->gate,
		          &(struct event){.value = before.value * 10 + 1 + (int)i});
	assert_memory_equal(ev, &before, sizeof(before));
	ev->value = -1; /* the copy is the step's */
	u->depth--;
}

static void
settle(void *user)
{
	struct user *u = user;

	assert_false(gate_idle(&u->gate));
	u->settled++;
}

static const struct gate_ops ops = {step, settle};

static void
open_gate(struct user *u)
{
	*u = (struct user){0};
	assert_int_equal(gate_init(&u->gate, sizeof(struct event), CAPACITY, &ops, u), 0);
	assert_true(gate_idle(&u->gate));
}

static void
assert_seen(const struct user *u, const int *want, unsigned count)
{
	assert_int_equal(u->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(u->seen[i], want[i]);
}

static void
test_in_order(void **state)
{
	static const int want[] = {1, 11, 12, 13, 2, 21, 22, 23, 3, 31, 32, 33};
	struct user u;

	(void)state;
	open_gate(&u);
	/* as many as fit, three times, so that the ring goes round */
	for (int i = 1; i <= 3; i++) {
		gate_push(&u.gate, &(struct event){.value = i, .children = CAPACITY - 1});
		assert_int_equal(u.settled, i);
		assert_true(gate_idle(&u.gate));
	}
	assert_seen(&u, want, sizeof(want) / sizeof(*want));
	gate_deinit(&u.gate);
}

static void
test_borrowed(void **state)
{
	struct user u;
	char text[8] = "before";

	(void)state;
	open_gate(&u);
	gate_push(&u.gate, &(struct event){.value = 1, .text = text});
	strcpy(text, "after");
	assert_string_equal(u.text, "before");
	gate_deinit(&u.gate);
}

/* One more than the bound ends the process. */
static void
test_full(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		struct user u;

		close(2); /* what assert says */
		signal(SIGABRT, SIG_DFL);
		open_gate(&u);
		gate_push(&u.gate, &(struct event){.value = 1, .children = CAPACITY});
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
test_never_opened(void **state)
{
	struct gate g = {0};

	(void)state;
	gate_deinit(&g);
	gate_deinit(&g);
}

static int
on_time(sd_event_source *source, uint64_t time_us, void *user)
{
	unsigned *fired = user;

	(void)source;
	(void)time_us;
	++*fired;
	return 0;
}

/* A deadline that is over, even one of 0, comes at once; none does not come. */
static void
test_arm(void **state)
{
	static const uint64_t over[] = {0, 1};
	sd_event_source *timer;
	sd_event *loop;
	unsigned fired = 0;

	(void)state;
	assert_true(sd_event_new(&loop) >= 0);
	assert_true(sd_event_add_time(loop, &timer, CLOCK_BOOTTIME, UINT64_MAX, 1,
	                              on_time, &fired) >= 0);
	for (unsigned i = 0; i < 2; i++) {
		gate_arm(timer, over[i]);
		assert_true(sd_event_run(loop, 5000000) > 0);
		assert_int_equal(fired, i + 1);
		assert_int_equal(sd_event_run(loop, 0), 0); /* once */
	}
	gate_arm(timer, 0);
	gate_arm(timer, UINT64_MAX);
	assert_int_equal(sd_event_run(loop, 20000), 0);
	assert_int_equal(fired, 2);
	sd_event_source_unref(timer);
	sd_event_unref(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_order), cmocka_unit_test(test_borrowed),
	    cmocka_unit_test(test_full),     cmocka_unit_test(test_never_opened),
	    cmocka_unit_test(test_arm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
