/* wire/quorum: majorities, hierarchies, two configurations at once. */
#include "wire/quorum.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct qconfig config;

static void
begin(bool hierarchical)
{
	memset(&config, 0, sizeof(config));
	config.hierarchical = hierarchical;
}

static void
add_server(int64_t sid, bool observer)
{
	config.servers[config.server_count++] =
	    (struct qconfig_server){.sid = sid, .observer = observer};
}

static void
add_weight(int64_t sid, int64_t weight)
{
	config.weights[config.weight_count++] =
	    (struct qconfig_weight){.sid = sid, .weight = weight};
}

static void
add_group(int64_t gid, unsigned count, const int64_t *members)
{
	struct qconfig_group *g = &config.groups[config.group_count++];

	g->gid = gid;
	g->member_count = count;
	for (unsigned i = 0; i < count; i++)
		g->members[i] = members[i];
}

static struct quorum
compiled(void)
{
	struct quorum q;

	assert_int_equal(quorum_init(&q, &config), 0);
	return q;
}

static void
test_majority(void **state)
{
	static const int64_t sids[] = {1, 2, 3, 4, 5, 6};
	struct quorum q;
	int64_t weight;

	(void)state;
	for (unsigned n = 1; n <= 6; n++) {
		begin(false);
		for (unsigned i = n; i > 0; i--)
			add_server((int64_t)i, false);
		add_server(77, true);
		q = compiled();
		assert_int_equal(q.voter_count, n);
		assert_int_equal(quorum_smallest(&q), n / 2 + 1);
		for (unsigned have = 0; have <= n; have++)
			assert_int_equal(quorum_contains(&q, sids, have), have > n / 2);
	}
	assert_true(quorum_is_voter(&q, 6));
	assert_false(quorum_is_voter(&q, 77));
	assert_false(quorum_is_voter(&q, 7));
	assert_true(quorum_weight(&q, 12345, &weight));
	assert_int_equal(weight, 1);
	assert_int_equal(q.voters[0], 1); /* ascending, though added downwards */
	assert_int_equal(q.voters[5], 6);
}

static void
test_majority_of_none(void **state)
{
	struct quorum q;

	(void)state;
	begin(false);
	q = compiled();
	assert_false(quorum_contains(&q, NULL, 0));
	assert_int_equal(quorum_smallest(&q), 0);
}

static void
test_filter(void **state)
{
	int64_t sids[] = {9, 2, -1, 1};
	struct quorum q;

	(void)state;
	begin(false);
	add_server(1, false);
	add_server(2, false);
	add_server(9, true);
	q = compiled();
	assert_true(quorum_contains(&q, sids, 2)); /* the verifier itself just counts */
	assert_int_equal(quorum_filter(&q, sids, 4, sids), 2);
	assert_int_equal(sids[0], 2);
	assert_int_equal(sids[1], 1);
}

/* Three groups of three, the third without weight. */
static void
nine(void)
{
	begin(true);
	for (int64_t i = 1; i <= 9; i++) {
		add_server(i, false);
		add_weight(i, i <= 6 ? 1 : 0);
	}
	add_group(1, 3, (int64_t[]){1, 2, 3});
	add_group(2, 3, (int64_t[]){4, 5, 6});
	add_group(3, 3, (int64_t[]){7, 8, 9});
}

static void
test_hierarchy(void **state)
{
	static const struct {
		unsigned count;
		int64_t set[9];
		bool want;
	} cases[] = {
	    {0, {0}, false},
	    {2, {1, 2}, false}, /* one group of two that count */
	    {4, {1, 2, 4, 5}, true},
	    {4, {1, 2, 4, 7}, false},
	    {6, {1, 2, 3, 7, 8, 9}, false}, /* a group without weight is never had */
	    {5, {1, 4, 7, 8, 9}, false},
	    {9, {1, 2, 3, 4, 5, 6, 7, 8, 9}, true},
	    {5, {1, 2, 4, 5, 1000}, true}, /* in no group: skipped */
	    {2, {1000, 1001}, false},
	};
	struct quorum q;
	int64_t weight = 5;

	(void)state;
	nine();
	q = compiled();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (quorum_contains(&q, cases[i].set, cases[i].count) != cases[i].want)
			fail_msg("case %zu", i);
	}
	assert_int_equal(quorum_smallest(&q), 4);
	assert_true(quorum_weight(&q, 9, &weight));
	assert_int_equal(weight, 0);
	assert_false(quorum_weight(&q, 1000, &weight));
}

static void
test_hierarchy_weights(void **state)
{
	struct quorum q;

	(void)state;
	begin(true); /* 1,1 needs both; 3,1 needs the 3 */
	add_server(1, false);
	add_server(2, false);
	add_weight(1, 1);
	add_weight(2, 1);
	add_group(1, 2, (int64_t[]){1, 2});
	q = compiled();
	assert_false(quorum_contains(&q, (int64_t[]){1}, 1));
	assert_true(quorum_contains(&q, (int64_t[]){1, 2}, 2));
	assert_int_equal(quorum_smallest(&q), 2);
	config.weights[0].weight = 3;
	q = compiled();
	assert_true(quorum_contains(&q, (int64_t[]){1}, 1));
	assert_false(quorum_contains(&q, (int64_t[]){2}, 1));
	assert_int_equal(quorum_smallest(&q), 1);
	config.weights[0].weight = 0; /* all weigh nothing: no quorum at all */
	config.weights[1].weight = 0;
	q = compiled();
	assert_false(quorum_contains(&q, (int64_t[]){1, 2}, 2));
	assert_int_equal(quorum_smallest(&q), 0);
}

static void
test_hierarchy_wraps(void **state)
{
	struct quorum q;

	(void)state;
	begin(true);
	add_server(1, false);
	add_server(2, false);
	add_weight(1, INT64_MAX);
	add_weight(2, INT64_MAX);
	add_group(1, 2, (int64_t[]){1, 2}); /* -2 in all, half of it -1 */
	q = compiled();
	assert_int_equal(q.group_weights[0], -2);
	assert_true(quorum_contains(&q, (int64_t[]){1}, 1));
	assert_false(quorum_contains(&q, (int64_t[]){1, 2}, 2));
}

/* `group.1` and `group.01`: one group, counted twice; and one without members. */
static void
test_hierarchy_odd_groups(void **state)
{
	struct quorum q;

	(void)state;
	begin(true);
	add_server(1, false);
	add_server(2, false);
	add_weight(1, 1);
	add_weight(2, 1);
	add_group(1, 1, (int64_t[]){1});
	add_group(1, 1, (int64_t[]){2});
	q = compiled();
	assert_int_equal(q.group_count, 1);
	assert_int_equal(q.counted_groups, 2);
	assert_false(quorum_contains(&q, (int64_t[]){1, 2}, 2));
	assert_int_equal(quorum_smallest(&q), 0);
	begin(true);
	add_server(1, false);
	add_weight(1, 1);
	add_group(1, 1, (int64_t[]){1});
	add_group(2, 0, NULL);
	q = compiled();
	assert_false(quorum_contains(&q, (int64_t[]){1}, 1));
	begin(true);
	q = compiled();
	assert_int_equal(quorum_smallest(&q), 0);
}

static void
test_refused(void **state)
{
	struct quorum q;

	(void)state;
	nine();
	config.groups[0].members[0] = 1000; /* without weight */
	assert_int_equal(quorum_init(&q, &config), -EINVAL);
	nine();
	config.groups[1].member_count = QCONFIG_SERVERS_MAX + 1;
	assert_int_equal(quorum_init(&q, &config), -EINVAL);
	nine();
	config.weight_count = QUORUM_MEMBERS_MAX + 1;
	assert_int_equal(quorum_init(&q, &config), -EINVAL);
	nine();
	config.group_count = QCONFIG_GROUPS_MAX + 1;
	assert_int_equal(quorum_init(&q, &config), -EINVAL);
	nine();
	config.server_count = QCONFIG_SERVERS_MAX + 1;
	assert_int_equal(quorum_init(&q, &config), -EINVAL);
}

static void
test_same_sid_twice(void **state)
{
	struct quorum q;

	(void)state;
	begin(false);
	add_server(1, false);
	add_server(1, false);
	add_server(2, false);
	q = compiled();
	assert_int_equal(q.voter_count, 2);
}

static void
test_pair(void **state)
{
	static struct quorum_pair p;
	int64_t voters[2 * QUORUM_VOTERS_MAX];
	int64_t many[2 * QUORUM_VOTERS_MAX + 1] = {0};

	(void)state;
	begin(false);
	for (int64_t i = 1; i <= 3; i++)
		add_server(i, false);
	config.version = 5;
	p = (struct quorum_pair){.current = compiled()};
	assert_false(quorum_pair_joint(&p));
	assert_true(quorum_pair_agree(&p, (int64_t[]){1, 2}, 2));
	assert_false(quorum_pair_agree(&p, (int64_t[]){1, 8, 9}, 3)); /* voters only */
	assert_false(quorum_pair_is_voter(&p, 4));

	begin(false);
	for (int64_t i = 3; i <= 5; i++)
		add_server(i, false);
	config.version = 5;
	p.has_last_seen = true;
	p.last_seen = compiled();
	assert_false(quorum_pair_joint(&p)); /* not newer: voters, but no say */
	assert_true(quorum_pair_is_voter(&p, 4));
	assert_true(quorum_pair_agree(&p, (int64_t[]){1, 2}, 2));
	assert_int_equal(quorum_pair_voters(&p, voters), 5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(voters[i], i + 1);

	p.last_seen.version = 6;
	assert_true(quorum_pair_joint(&p));
	assert_false(quorum_pair_agree(&p, (int64_t[]){1, 2}, 2));
	assert_false(quorum_pair_agree(&p, (int64_t[]){4, 5}, 2));
	assert_true(quorum_pair_agree(&p, (int64_t[]){1, 3, 4}, 3));
	assert_false(quorum_pair_agree(&p, many, 2 * QUORUM_VOTERS_MAX + 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_majority),
	    cmocka_unit_test(test_majority_of_none),
	    cmocka_unit_test(test_filter),
	    cmocka_unit_test(test_hierarchy),
	    cmocka_unit_test(test_hierarchy_weights),
	    cmocka_unit_test(test_hierarchy_wraps),
	    cmocka_unit_test(test_hierarchy_odd_groups),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_same_sid_twice),
	    cmocka_unit_test(test_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
