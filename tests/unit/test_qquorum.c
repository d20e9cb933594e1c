/* Quorums of a configuration, by the rules of election-semantics section 4. */
#include "wire/qquorum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SIDS(...) {__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

struct row {
	const char *config;
	int64_t sids[8];
	unsigned count;
	bool want;
};

#define S(n)  "server." #n "=h:1:2:participant\n"
#define O(n)  "server." #n "=h:1:2:observer\n"
#define THREE S(1) S(2) S(3)
#define FOUR  THREE S(4)

static const struct row rows[] = {
    {THREE, SIDS(1), false},
    {THREE, SIDS(1, 2), true},
    {THREE, SIDS(1, 1), false},    /* once each */
    {THREE, SIDS(1, 9, 8), false}, /* strangers do not count */
    {FOUR, SIDS(1, 2), false},     /* a half is not more than a half */
    {FOUR, SIDS(1, 2, 4), true},
    {THREE O(4), SIDS(1, 4), false}, /* nor do observers, */
    {THREE O(4), SIDS(1, 2), true},  /* on either side */
    {S(5), SIDS(5), true},
    {S(5), SIDS(4), false},
    /* weights 1,1 need both; 3,1 needs the 3 */
    {"group.1=1:2\n" S(1) S(2), SIDS(1), false},
    {"group.1=1:2\n" S(1) S(2), SIDS(1, 2), true},
    {"group.1=1:2\nweight.1=3\n" S(1) S(2), SIDS(1), true},
    {"group.1=1:2\nweight.1=3\n" S(1) S(2), SIDS(2), false},
    /* two of three groups, the majority of each */
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" FOUR S(5), SIDS(1, 2), false},
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" FOUR S(5), SIDS(1, 2, 4), true},
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" FOUR S(5), SIDS(4, 5), true},
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" FOUR S(5), SIDS(1, 4), false},
    /* a group without weight is no group */
    {"group.1=1:2\ngroup.2=3\nweight.3=0\n" THREE, SIDS(1, 2), true},
    {"group.1=1:2\ngroup.2=3\nweight.3=0\n" THREE, SIDS(3), false},
    {"group.1=1\nweight.1=0\n" S(1), SIDS(1), false},
    /* an observer's weight makes its group heavier, and never counts for it */
    {"group.1=1:2:3\nweight.3=2\n" S(1) S(2) O(3), SIDS(1, 3), false},
    {"group.1=1:2:3\nweight.3=2\n" S(1) S(2) O(3), SIDS(1, 2, 3), false},
    {"group.1=1:2:3\nweight.3=1\n" S(1) S(2) O(3), SIDS(1, 2), true},
};

static void
by_the_rules(void **state)
{
	static struct qconfig c;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		assert_int_equal(
		    qconfig_parse(row->config, strlen(row->config), false, &c),
		    QCONFIG_OK);
		if (qconfig_has_quorum(&c, row->sids, row->count) != row->want)
			fail_msg("row %zu: want %d", i, row->want);
	}
}

static void
nobody_is_no_quorum(void **state)
{
	static struct qconfig c;

	(void)state;
	assert_false(qconfig_has_quorum(&c, NULL, 0)); /* of nobody */
	c.hierarchical = true;
	assert_false(qconfig_has_quorum(&c, NULL, 0));
}

/* A weight that nobody gave, as a struct made by hand may have it: 1 for a participant.
 */
static void
without_weights(void **state)
{
	static struct qconfig c = {
	    .hierarchical = true,
	    .server_count = 2,
	    .servers = {{.sid = 1}, {.sid = 2}},
	    .group_count = 1,
	    .groups = {{.gid = 1, .member_count = 3, .members = {1, 2, 7}}},
	};
	const int64_t both[] = {1, 2};

	(void)state;
	assert_false(qconfig_has_quorum(&c, both, 1));
	assert_true(qconfig_has_quorum(&c, both, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_the_rules),
	    cmocka_unit_test(nobody_is_no_quorum),
	    cmocka_unit_test(without_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
