/* The core of `conclave run` with a clock of the test: ms from T0 on. */
#ifndef TESTS_UNIT_RUN_KIT_H
#define TESTS_UNIT_RUN_KIT_H

#include "base/exit.h"
#include "ctl/run_core.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000u
#define T0 (1000u * (uint64_t)MS)

static struct run_core core;
static struct run_actions out;

static inline void
begin(struct run_config config)
{
	run_init(&core, &config);
	memset(&out, 0, sizeof(out));
}

static inline void
step(enum run_event_type type, uint64_t now_ms, int value)
{
	struct run_event ev = {
	    .type = type, .now_ns = T0 + now_ms * MS, .signal = value, .status = value};

	if (type == RUN_EV_DEAD)
		ev.signal = value > 128 ? value - 128 : 0;

	run_step(&core, &ev, &out);
}

static inline void
lease(int64_t epoch, uint64_t now_ms, uint64_t end_ms)
{
	struct run_event ev = {.type = RUN_EV_LEASE,
	                       .now_ns = T0 + now_ms * MS,
	                       .end_ns = end_ms ? T0 + end_ms * MS : 0,
	                       .epoch = epoch};

	run_step(&core, &ev, &out);
}

/* In epoch 5, at 0 ms, with a lease up to 240 ms: the margin is 24 ms. */
static inline void
begin_running(struct run_config config)
{
	begin(config);
	lease(5, 0, 240);
	assert_true(out.start);
	assert_int_equal(core.epoch, 5);
}

static inline uint64_t
due_ms(void)
{
	assert_int_not_equal(run_due_ns(&core), UINT64_MAX);
	return (run_due_ns(&core) - T0) / MS;
}

static inline void
assert_idle(void)
{
	static const struct run_actions none;

	assert_memory_equal(&out, &none, sizeof(out));
}

static inline void
assert_left(int status)
{
	assert_true(out.let_go);
	assert_true(out.exit);
	assert_int_equal(out.status, status);
	assert_int_equal(core.state, RUN_OVER);
}

__attribute__((unused)) static const struct run_config plain = {.grace_ns = 10000u *
                                                                            (uint64_t)MS};
__attribute__((unused)) static const struct run_config again = {
    .grace_ns = 10000u * (uint64_t)MS, .again = true};
__attribute__((unused)) static const struct run_config warned = {
    .grace_ns = 10000u * (uint64_t)MS, .warn_ns = 50 * MS};

#endif
