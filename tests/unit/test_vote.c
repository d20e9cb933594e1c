/* wire/vote: order, equality, the map, the leader check. */
#include "wire/vote.h"

#include "wire/notif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
test_beats(void **state)
{
	static const struct {
		int64_t weight;
		struct vote a, b;
		bool want;
	} cases[] = {
	    {1,
	     {.leader = 2, .zxid = 5, .epoch = 1},
	     {.leader = 1, .zxid = 5, .epoch = 1},
	     true},
	    {1,
	     {.leader = 1, .zxid = 5, .epoch = 1},
	     {.leader = 1, .zxid = 5, .epoch = 1},
	     false},
	    {1,
	     {.leader = 1, .zxid = 6, .epoch = 1},
	     {.leader = 2, .zxid = 5, .epoch = 1},
	     true},
	    {1,
	     {.leader = 9, .zxid = 4, .epoch = 1},
	     {.leader = 2, .zxid = 5, .epoch = 1},
	     false},
	    {1,
	     {.leader = 1, .zxid = 0, .epoch = 2},
	     {.leader = 2, .zxid = 5, .epoch = 1},
	     true},
	    {1,
	     {.leader = 9, .zxid = 9, .epoch = 0},
	     {.leader = 2, .zxid = 5, .epoch = 1},
	     false},
	    /* rounds are not looked at */
	    {1, {.leader = 1, .round = 9}, {.leader = 2, .round = 1}, false},
	    /* a leader without weight never; one with a negative weight, as in Java, may
	     */
	    {0, {.leader = 9, .zxid = 9, .epoch = 9}, {.leader = 1}, false},
	    {-1, {.leader = 9, .zxid = 9, .epoch = 9}, {.leader = 1}, true},
	    /* signed */
	    {1, {.leader = 1, .zxid = -1}, {.leader = 1, .zxid = 0}, false},
	    {1, {.epoch = INT64_MAX}, {.epoch = INT64_MIN}, true},
	    {1, {.leader = INT64_MIN}, {.leader = INT64_MAX}, false},
	    /* the priority is before the leader and behind all else */
	    {1, {.leader = 1, .priority = 1}, {.leader = 2}, true},
	    {1, {.leader = 2}, {.leader = 1, .priority = 1}, false},
	    {1, {.leader = 2, .priority = 3}, {.leader = 1, .priority = 3}, true},
	    {1, {.leader = 1, .priority = 2}, {.leader = 1, .priority = 1}, true},
	    {1, {.leader = 1, .priority = 9}, {.leader = 2, .zxid = 1}, false},
	    {1, {.leader = 1, .priority = 9}, {.leader = 2, .epoch = 1}, false},
	    {0, {.leader = 1, .priority = 9}, {.leader = 2}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (vote_beats(cases[i].weight, &cases[i].a, &cases[i].b) !=
		    cases[i].want)
			fail_msg("case %zu", i);
	}
}

static void
test_equal(void **state)
{
	enum {
		L = NOTIF_LOOKING,
		F = NOTIF_FOLLOWING,
		D = NOTIF_LEADING,
		O = NOTIF_OBSERVING
	};
	static const struct {
		struct vote a, b;
		bool want;
	} cases[] = {
	    {{1, 2, 3, 4, L, 0, 0}, {1, 2, 3, 4, L, 2, 0}, true},
	    {{1, 2, 3, 4, L, 0, 0}, {1, 2, 3, 4, L, 0, 7}, true},
	    {{1, 2, 3, 4, L, 0, 0}, {1, 2, 3, 4, F, 2, 0}, true},
	    {{1, 2, 3, 4, F, 0, 0}, {1, 2, 3, 4, L, 0, 0}, true},
	    {{1, 2, 3, 4, L, 0, 0}, {9, 2, 3, 4, L, 0, 0}, false},
	    {{1, 2, 3, 4, L, 0, 0}, {1, 9, 3, 4, L, 0, 0}, false},
	    {{1, 2, 3, 4, L, 0, 0}, {1, 2, 9, 4, L, 0, 0}, false},
	    {{1, 2, 3, 4, L, 0, 0}, {1, 2, 3, 9, L, 0, 0}, false},
	    {{1, 2, 3, 4, F, 0, 0}, {1, 2, 9, 4, L, 0, 0}, false},
	    /* nobody looks: zxid and round do not count */
	    {{1, 2, 3, 4, F, 0, 0}, {1, 8, 9, 4, D, 0, 0}, true},
	    {{1, 2, 3, 4, F, 2, 0}, {1, 8, 9, 4, O, 1, 0}, true},
	    {{1, 2, 3, 4, F, 0, 0}, {1, 2, 3, 5, F, 0, 0}, false},
	    {{1, 2, 3, 4, F, 1, 0}, {1, 2, 3, 5, F, 2, 0}, false},
	    {{1, 2, 3, 4, F, 0, 0}, {2, 2, 3, 4, F, 0, 0}, false},
	    /* just one has a version: leaders only */
	    {{1, 2, 3, 4, F, 0, 0}, {1, 2, 3, 5, F, 1, 0}, true},
	    {{1, 2, 3, 4, F, -7, 0}, {1, 2, 3, 5, F, 1, 0}, true},
	    {{1, 2, 3, 4, F, -7, 0}, {1, 2, 3, 5, F, 0, 0}, false},
	    {{1, 2, 3, 4, F, 0, 0}, {2, 2, 3, 4, F, 1, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (vote_equal(&cases[i].a, &cases[i].b) != cases[i].want ||
		    vote_equal(&cases[i].b, &cases[i].a) != cases[i].want)
			fail_msg("case %zu", i);
	}
}

static void
test_map(void **state)
{
	static struct vote_map m;
	struct vote v = {.leader = 3, .state = NOTIF_LOOKING};
	struct vote other = {.leader = 4, .state = NOTIF_LOOKING};
	int64_t sids[VOTE_MAP_MAX];

	(void)state;
	m.count = 0;
	assert_null(vote_map_get(&m, 1));
	assert_int_equal(vote_map_acks(&m, &v, sids), 0);
	assert_true(vote_map_put(&m, 1, &v));
	assert_true(vote_map_put(&m, -2, &other));
	assert_true(vote_map_put(&m, 7, &v));
	assert_int_equal(vote_map_acks(&m, &v, sids), 2);
	assert_int_equal(sids[0], 1);
	assert_int_equal(sids[1], 7);
	assert_true(vote_map_put(&m, 7, &other)); /* replaces */
	assert_int_equal(m.count, 3);
	assert_int_equal(vote_map_get(&m, 7)->leader, 4);
	assert_int_equal(vote_map_acks(&m, &v, sids), 1);
	m.count = 0;
	assert_null(vote_map_get(&m, 7));
}

static void
test_map_full(void **state)
{
	static struct vote_map m;
	struct vote v = {.leader = 3};

	(void)state;
	m.count = 0;
	for (int64_t i = 0; i < VOTE_MAP_MAX; i++)
		assert_true(vote_map_put(&m, i, &v));
	assert_false(vote_map_put(&m, VOTE_MAP_MAX, &v));
	assert_null(vote_map_get(&m, VOTE_MAP_MAX));
	v.leader = 5;
	assert_true(vote_map_put(&m, 0, &v));
	assert_int_equal(vote_map_get(&m, 0)->leader, 5);
}

static void
test_confirms(void **state)
{
	static struct vote_map m;
	struct vote leading = {.leader = 3, .state = NOTIF_LEADING};
	struct vote following = {.leader = 3, .state = NOTIF_FOLLOWING};

	(void)state;
	m.count = 0;
	/* another: its own word */
	assert_false(vote_map_confirms(&m, 3, 5, 1, 5));
	assert_true(vote_map_put(&m, 2, &leading));
	assert_false(vote_map_confirms(&m, 3, 5, 1, 5));
	assert_true(vote_map_put(&m, 3, &following));
	assert_false(vote_map_confirms(&m, 3, 5, 1, 5));
	assert_true(vote_map_put(&m, 3, &leading));
	assert_true(vote_map_confirms(&m, 3, 5, 1, 99));
	/* ourselves: the round */
	assert_true(vote_map_confirms(&m, 1, 5, 1, 5));
	assert_false(vote_map_confirms(&m, 1, 4, 1, 5));
	assert_false(vote_map_confirms(&m, 3, 4, 3, 5));
}

static void
test_demoted(void **state)
{
	static const int64_t epochs[] = {INT64_MAX, INT32_MAX, 7, 1, 0, -1, INT32_MIN};
	struct vote low = {.leader = 1}, high = {.leader = 2, .zxid = 9};

	(void)state;
	for (size_t i = 0; i < sizeof(epochs) / sizeof(epochs[0]); i++) {
		int64_t lowered = vote_demoted_epoch(epochs[i]);

		assert_int_equal(vote_claimed_epoch(epochs[i]), epochs[i]);
		if (epochs[i] == INT64_MAX)
			continue; /* no epoch of a server; nothing overflows */
		assert_true(lowered == epochs[i] - (INT64_C(1) << 62));
		assert_true(vote_demoted_epoch(lowered) == lowered);
		assert_true(vote_claimed_epoch(lowered) == epochs[i]);
	}
	assert_true(vote_demoted_epoch(INT64_MIN) == INT64_MIN);
	assert_true(vote_claimed_epoch(INT64_MIN) == INT64_MIN);
	/* behind all that stand, before those that cannot, and in order */
	low.epoch = 3;
	high.epoch = vote_demoted_epoch(INT32_MAX);
	assert_true(vote_beats(1, &low, &high));
	low.epoch = vote_demoted_epoch(3);
	assert_true(vote_beats(1, &high, &low));
	low.epoch = high.epoch;
	assert_true(vote_beats(1, &high, &low));
	low.epoch = INT64_MIN;
	high.epoch = vote_demoted_epoch(0);
	assert_true(vote_beats(1, &high, &low));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_beats),    cmocka_unit_test(test_equal),
	    cmocka_unit_test(test_map),      cmocka_unit_test(test_map_full),
	    cmocka_unit_test(test_confirms), cmocka_unit_test(test_demoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
