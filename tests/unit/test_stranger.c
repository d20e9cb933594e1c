/* link_stranger.c: a bounded table, the longest silent makes room. */
#include "connmgr/link_stranger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct link_stranger places[3];

static void
full_table_evicts_the_longest_silent(void **state)
{
	struct link_strangers t = {.max = 3, .list = places};
	bool evicted;
	int64_t old;
	int a, b, c;

	(void)state;
	a = link_stranger_take(&t, 10, &evicted, &old);
	assert_false(evicted);
	b = link_stranger_take(&t, 20, &evicted, &old);
	c = link_stranger_take(&t, 30, &evicted, &old);
	assert_int_equal(t.count, 3);
	assert_true(a != b && b != c && a != c);
	link_stranger_heard(&t, (unsigned)a);
	assert_int_equal(link_stranger_take(&t, 40, &evicted, &old), b);
	assert_true(evicted);
	assert_int_equal(old, 20);
	assert_int_equal(link_stranger_find(&t, 20), -1);
	assert_int_equal(link_stranger_find(&t, 40), b);
	assert_int_equal(t.count, 3);

	link_stranger_drop(&t, (unsigned)c);
	assert_int_equal(t.count, 2);
	assert_int_equal(link_stranger_find(&t, 30), -1);
	assert_int_equal(link_stranger_take(&t, 50, &evicted, &old), c);
	assert_false(evicted);
}

static void
the_same_sid_takes_its_own_place(void **state)
{
	struct link_stranger list[2] = {{0}};
	struct link_strangers t = {.max = 2, .list = list};
	bool evicted;
	int64_t old;
	int a;

	(void)state;
	a = link_stranger_take(&t, INT64_MAX, &evicted, &old);
	assert_int_equal(link_stranger_take(&t, INT64_MAX, &evicted, &old), a);
	assert_true(evicted);
	assert_int_equal(old, INT64_MAX);
	assert_int_equal(t.count, 1);
}

static void
no_places_no_strangers(void **state)
{
	struct link_strangers t = {.max = 0};
	bool evicted;
	int64_t old;

	(void)state;
	assert_int_equal(link_stranger_take(&t, 1, &evicted, &old), -1);
	assert_int_equal(link_stranger_find(&t, 1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(full_table_evicts_the_longest_silent),
	    cmocka_unit_test(the_same_sid_takes_its_own_place),
	    cmocka_unit_test(no_places_no_strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
