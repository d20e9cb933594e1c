/* base/limit and base/log_limited: a flood of lines costs ten a second and a count. The
 * clock and the log are this test's own. */
#include "base/clock.h"
#include "base/limit.h"
#include "base/log_limited.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t now_ms;
static unsigned lines;
static char last[1024];
static uint64_t woken_ms;

uint64_t
clock_us(void)
{
	return now_ms * 1000;
}

uint64_t
clock_ms(void)
{
	return now_ms;
}

void
log_line(enum log_level level, const char *format, ...)
{
	int len = snprintf(last, sizeof(last), "<%d>", (int)level);
	va_list args;

	va_start(args, format);
	vsnprintf(last + len, sizeof(last) - (size_t)len, format, args);
	va_end(args);
	lines++;
}

static void
wake(void *user, uint64_t due_ms)
{
	(void)user;
	woken_ms = due_ms;
}

/* As often as a remote likes, at any pace: no second, wherever it begins, has eleven. */
static void
no_second_has_eleven(void **state)
{
	static const unsigned paces[] = {1, 7, 90, 99, 100, 101, 250};

	(void)state;
	for (unsigned p = 0; p < sizeof(paces) / sizeof(paces[0]); p++) {
		uint64_t passed[400], at = 0, held = 0, in_ms;
		struct limit l = {0};
		unsigned count = 0, tries;

		for (tries = 0; tries < 4000 && count < 400; tries++, at += paces[p]) {
			if (limit_pass(&l, at))
				passed[count++] = at;
			else
				assert_true(limit_due_ms(&l) <= at + LIMIT_WINDOW_MS);
			if (limit_due_ms(&l) <= at)
				held += limit_take(&l, at, &in_ms);
		}
		held += limit_take(&l, at, &in_ms);
		for (unsigned i = LIMIT_PASSES; i < count; i++)
			assert_true(passed[i] - passed[i - LIMIT_PASSES] >=
			            LIMIT_WINDOW_MS);
		assert_int_equal(count + held, tries);
		if (paces[p] >= 100)
			assert_int_equal(held, 0);
		else
			assert_true(held > 0);
	}
}

static void
the_count_has_its_time(void **state)
{
	struct limit l = {0};
	uint64_t in_ms;

	(void)state;
	for (unsigned i = 0; i < LIMIT_PASSES; i++)
		assert_true(limit_pass(&l, 5));
	assert_int_equal(limit_due_ms(&l), UINT64_MAX);
	assert_false(limit_pass(&l, 40));
	assert_false(limit_pass(&l, 60));
	assert_int_equal(limit_due_ms(&l), 40 + LIMIT_WINDOW_MS);
	assert_int_equal(limit_take(&l, 1540, &in_ms), 2);
	assert_int_equal(in_ms, 1500);
	assert_int_equal(limit_due_ms(&l), UINT64_MAX);
	assert_int_equal(limit_take(&l, 1600, &in_ms), 0);
}

static void
stranger(unsigned n)
{
	log_limited(LOG_LEVEL_INFO, "stranger %u", n);
}

static void
other(unsigned n)
{
	log_limited(LOG_LEVEL_WARNING, "other %u", n);
}

static void
a_flood_is_counted(void **state)
{
	(void)state;
	lines = 0;
	now_ms = 50000;
	woken_ms = 0;
	log_limited_set_wake(wake, NULL);
	for (unsigned n = 1; n <= 4322; n++)
		stranger(n);
	assert_int_equal(lines, 10);
	assert_string_equal(last, "<6>stranger 10");
	assert_int_equal(woken_ms, 51000);
	/* another kind has a limit of its own */
	other(1);
	assert_int_equal(lines, 11);
	assert_string_equal(last, "<4>other 1");

	now_ms = 50999;
	assert_int_equal(log_limited_tell(now_ms), 51000);
	assert_int_equal(lines, 11);
	now_ms = 51000;
	assert_int_equal(log_limited_tell(now_ms), UINT64_MAX);
	assert_int_equal(lines, 12);
	assert_string_equal(last, "<6>… and 4312 more like this in 1.0 s: stranger 10");
	stranger(4323);
	assert_int_equal(lines, 13);
	assert_string_equal(last, "<6>stranger 4323");
}

/* Where nobody waits for it, the count comes before the next line of its kind. */
static void
a_count_without_a_loop(void **state)
{
	(void)state;
	now_ms = 60000;
	log_limited_set_wake(NULL, NULL);
	for (unsigned n = 1; n <= 13; n++)
		other(n);
	lines = 0;
	now_ms = 63500;
	other(14);
	assert_int_equal(lines, 2);
	assert_string_equal(last, "<4>other 14");
	for (unsigned n = 1; n <= 13; n++)
		other(n);
	log_limited_end();
	assert_string_equal(last, "<4>… and 4 more like this in 0.0 s: other 9");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_second_has_eleven),
	    cmocka_unit_test(the_count_has_its_time),
	    cmocka_unit_test(a_flood_is_counted),
	    cmocka_unit_test(a_count_without_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
