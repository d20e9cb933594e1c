/* connmgr/shadow: two electors held against each other. */
#include "connmgr/shadow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ON 1000 /* from when on it is compared */

static struct shadow *shadow;
static const struct shadow_report *d;

static int
set_up(void **state)
{
	(void)state;
	shadow = shadow_new();
	if (!shadow)
		return 1;
	d = shadow_report(shadow);
	shadow_begin(shadow, ON - SHADOW_SETTLE_MS, false);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	shadow_free(shadow);
	return 0;
}

static void
hear(uint64_t now_ms, enum shadow_side side, int64_t sid, const char *text)
{
	shadow_hear(shadow, now_ms, side, sid, text, strlen(text));
}

static void
active(int64_t sid, const char *text)
{
	hear(ON, SHADOW_ACTIVE, sid, text);
}

static void
candidate(int64_t sid, const char *text)
{
	hear(ON, SHADOW_CANDIDATE, sid, text);
}

static void
assert_said(enum shadow_side side, const char *text)
{
	const struct shadow_said *said = &d->sides[side];

	assert_int_equal(said->there, text != NULL);
	if (!text)
		return;
	assert_int_equal(said->len, strlen(text));
	assert_int_equal(said->head_len, strlen(text));
	assert_memory_equal(said->head, text, strlen(text));
}

/* In either order, with each remote for itself. */
static void
test_same(void **state)
{
	(void)state;
	active(1, "a");
	active(1, "b");
	candidate(3, "x");
	candidate(1, "a");
	active(3, "x");
	active(SHADOW_DECIDED, "a");
	candidate(1, "b");
	candidate(SHADOW_DECIDED, "a");
	assert_int_equal(d->compared, 4);
	shadow_age(shadow, ON + SHADOW_LATE_MS);
	assert_false(d->found);
	assert_true(d->on);
}

/* Only timers differ: what is said again counts once; but not what comes back. */
static void
test_again(void **state)
{
	(void)state;
	active(1, "a");
	active(1, "a");
	candidate(1, "a");
	active(1, "a");
	candidate(1, "a");
	candidate(1, "a");
	assert_int_equal(d->compared, 1);
	active(1, "b");
	active(1, "a");
	candidate(1, "b");
	candidate(1, "a");
	assert_int_equal(d->compared, 3);
	active(1, "b");
	candidate(1, "ab");
	assert_true(d->found);
}

static void
test_different(void **state)
{
	(void)state;
	active(1, "a");
	candidate(3, "a"); /* another remote's */
	assert_false(d->found);
	candidate(1, "b");
	assert_true(d->found);
	assert_int_equal(d->sid, 1);
	assert_said(SHADOW_ACTIVE, "a");
	assert_said(SHADOW_CANDIDATE, "b");
	/* the first one is kept */
	active(3, "c");
	shadow_age(shadow, ON + 2 * SHADOW_LATE_MS);
	assert_int_equal(d->sid, 1);
	assert_int_equal(d->compared, 0);
}

/* As long as the other, and the same but for what lies behind the part that is kept. */
static void
test_long(void **state)
{
	char text[SHADOW_HEAD_MAX + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[SHADOW_HEAD_MAX + 1] = '\0';
	active(1, text);
	text[SHADOW_HEAD_MAX] = 'y';
	candidate(1, text);
	assert_true(d->found);
	assert_int_equal(d->sides[SHADOW_ACTIVE].len, SHADOW_HEAD_MAX + 1);
	assert_int_equal(d->sides[SHADOW_ACTIVE].head_len, SHADOW_HEAD_MAX);
	assert_true(d->sides[SHADOW_ACTIVE].digest != d->sides[SHADOW_CANDIDATE].digest);
}

/* The oldest that has no answer counts, of whichever side. */
static void
test_missing(void **state)
{
	(void)state;
	candidate(SHADOW_DECIDED, "a");
	hear(ON + 500, SHADOW_ACTIVE, 1, "b");
	shadow_age(shadow, ON + SHADOW_LATE_MS - 1);
	assert_false(d->found);
	shadow_age(shadow, ON + SHADOW_LATE_MS);
	assert_true(d->found);
	assert_true(d->sid == SHADOW_DECIDED);
	assert_said(SHADOW_ACTIVE, NULL);
	assert_said(SHADOW_CANDIDATE, "a");
}

static void
test_missing_then_come(void **state)
{
	(void)state;
	active(1, "a");
	hear(ON + 500, SHADOW_ACTIVE, 3, "b");
	hear(ON + 900, SHADOW_CANDIDATE, 1, "a");
	shadow_age(shadow, ON + 500 + SHADOW_LATE_MS - 1);
	assert_false(d->found);
	shadow_age(shadow, ON + 500 + SHADOW_LATE_MS);
	assert_int_equal(d->sid, 3);
	assert_said(SHADOW_ACTIVE, "b");
	assert_said(SHADOW_CANDIDATE, NULL);
}

static void
test_bounds(void **state)
{
	char text[16];

	(void)state;
	for (int i = 0; i < SHADOW_WAITS_MAX; i++) {
		snprintf(text, sizeof(text), "%d", i);
		active(1, text);
	}
	assert_false(d->found);
	active(1, "too many");
	assert_true(d->found);
	assert_said(SHADOW_ACTIVE, "too many");
	assert_said(SHADOW_CANDIDATE, NULL);
	/* a remote more than there is room for is not compared */
	shadow_begin(shadow, 0, false);
	for (int i = 0; i < SHADOW_REMOTES_MAX; i++) {
		active(i, "a");
		candidate(i, "a");
	}
	active(SHADOW_REMOTES_MAX, "a");
	candidate(SHADOW_REMOTES_MAX, "b");
	assert_false(d->found);
	assert_int_equal(d->compared, SHADOW_REMOTES_MAX);
}

/* What is under way when the candidate comes, and an election that began before. */
static void
test_not_yet(void **state)
{
	(void)state;
	hear(ON - 1, SHADOW_ACTIVE, 1, "early");
	shadow_begin(shadow, 2000, true);
	assert_false(d->on);
	hear(99000, SHADOW_ACTIVE, 1, "vote");
	shadow_word(shadow, 99000, true); /* the next election: still not */
	assert_false(d->on);
	shadow_word(shadow, 99000, false);
	assert_true(d->on);
	hear(99000 + SHADOW_SETTLE_MS - 1, SHADOW_CANDIDATE, 1, "other");
	shadow_age(shadow, 200000);
	assert_false(d->found);
	/* one that begins now is compared */
	shadow_word(shadow, 200000, true);
	assert_true(d->on);
	hear(200000, SHADOW_ACTIVE, 1, "vote");
	hear(200000, SHADOW_CANDIDATE, 1, "vote");
	assert_int_equal(d->compared, 1);
}

static void
test_end(void **state)
{
	(void)state;
	active(1, "a");
	candidate(1, "b");
	assert_true(d->found);
	shadow_end(shadow);
	assert_false(d->found);
	assert_false(d->on);
	shadow_word(shadow, ON, false); /* nobody is there */
	assert_false(d->on);
	active(1, "a");
	candidate(1, "b");
	assert_false(d->found);
	/* begun anew, what was said before does not count */
	shadow_begin(shadow, ON - SHADOW_SETTLE_MS, false);
	candidate(1, "b");
	active(1, "b");
	assert_int_equal(d->compared, 1);
	assert_false(d->found);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(test_same),   TEST(test_again),   TEST(test_different),
	    TEST(test_long),   TEST(test_missing), TEST(test_missing_then_come),
	    TEST(test_bounds), TEST(test_not_yet), TEST(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
