/* ctl/run_core.h: every order of events, and what must hold in each. */
#include "ctl/run_core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define MS 1000000u
#define T0 (1000u * (uint64_t)MS)

/* Every order of ten events, six deep, with steps of 60 ms between some of them. */
struct world {
	struct run_core core;
	uint64_t now_ms;
	/* what the world has seen: something of the command may live; it was killed */
	bool lives;
	bool killed;
	bool over;
};

static unsigned long long worlds;

static void
look(struct world *w, const struct run_event *ev)
{
	struct run_actions a;
	uint64_t margin;

	if (ev->type == RUN_EV_EMPTY || ev->type == RUN_EV_UNSTARTED)
		w->lives = false;
	run_step(&w->core, ev, &a);
	worlds++;
	assert_false(w->over && (a.start || a.kill || a.terminate || a.let_go || a.exit));
	if (a.let_go || a.exit)
		assert_false(w->lives);
	if (a.exit)
		assert_true(a.let_go);
	if (a.kill)
		w->killed = true;
	if (a.terminate)
		assert_true(w->lives && !w->killed);
	if (a.start) {
		assert_false(w->lives || a.let_go || a.exit);
		assert_true(ev->type == RUN_EV_LEASE && ev->end_ns > ev->now_ns);
		w->lives = true;
		w->killed = false;
	}
	w->over |= a.exit;
	margin = run_margin_ns(&w->core);
	/* who lives has been killed, or its lease has more than the margin left, and the
	 * core will look before */
	if (w->lives && !w->killed) {
		assert_true(w->core.end_ns - margin > ev->now_ns);
		assert_true(run_due_ns(&w->core) <= w->core.end_ns - margin);
	}
	if (w->lives)
		assert_true(run_due_ns(&w->core) != UINT64_MAX);
}

static void
explore(struct world w, unsigned depth)
{
	static const enum run_event_type plain_events[] = {
	    RUN_EV_WANTED, RUN_EV_SIGNAL, RUN_EV_DEAD, RUN_EV_UNGUARDED, RUN_EV_TIME};

	if (depth == 0)
		return;
	for (unsigned i = 0; i < 10; i++) {
		struct world next = w;
		struct run_event ev = {.signal = 15, .status = 1};

		if (i < 5) {
			ev.type = plain_events[i];
			next.now_ms += ev.type == RUN_EV_TIME ? 60 : 0;
		} else if (i < 8) {
			ev.type = RUN_EV_LEASE;
			ev.epoch = i == 6 ? 6 : 5;
			ev.end_ns = i == 7 ? 0 : T0 + (next.now_ms + 200) * MS;
		} else if (i == 8) {
			/* empty is said of what was killed only */
			if (!w.killed && w.lives)
				continue;
			ev.type = RUN_EV_EMPTY;
		} else {
			if (w.core.state != RUN_RUNNING)
				continue;
			ev.type = RUN_EV_UNSTARTED;
		}
		ev.now_ns = T0 + next.now_ms * MS;
		look(&next, &ev);
		explore(next, depth - 1);
	}
}

static void
every_order_of_events(void **state)
{
	static const struct run_config configs[] = {
	    {.grace_ns = 100 * MS},
	    {.grace_ns = 100 * MS, .again = true},
	    {.grace_ns = 1000 * MS, .warn_ns = 50 * MS, .again = true},
	    {.margin_ns = 90 * MS, .warn_ns = 10 * MS},
	};

	(void)state;
	worlds = 0;
	for (unsigned i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		struct world w = {.now_ms = 0};

		run_init(&w.core, &configs[i]);
		explore(w, 6);
	}
	assert_true(worlds > 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_order_of_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
