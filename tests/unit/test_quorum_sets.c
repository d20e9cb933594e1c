/* wire/quorum: which sets of servers are a quorum of a configuration; the tests' own
 * counting says the same of each. */
#include "tests/oracle.h"
#include "wire/quorum.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TWO   "server.1=a:1:2\nserver.2=b:1:2\n"
#define THREE TWO "server.3=c:1:2\n"
#define FOUR  THREE "server.4=d:1:2\n"
#define SIX   FOUR "server.5=e:1:2\nserver.6=f:1:2\n"

static struct qconfig config;
static struct quorum quorum;

static void
parse(const char *text)
{
	assert_int_equal(qconfig_parse(text, strlen(text), false, &config), QCONFIG_OK);
	assert_int_equal(quorum_init(&quorum, &config), 0);
}

static bool
has(const int64_t *sids, unsigned count)
{
	bool yes = quorum_has(&quorum, sids, count);

	assert_int_equal(oracle_has_quorum(&config, sids, count), yes);
	return yes;
}

static void
sets(void **state)
{
	static const struct {
		const char *config;
		const char *set;
		bool want;
	} rows[] = {
	    {"", "", false},
	    {"server.1=a:1:2", "1", true},
	    {TWO, "1", false},
	    {TWO, "1 2", true},
	    {THREE, "", false},
	    {THREE, "2", false},
	    {THREE, "3 1", true},
	    {THREE, "2 2 2", false},
	    {THREE, "2 9 8", false},
	    {FOUR, "1 2", false},
	    {FOUR, "4 1 2", true},
	    {THREE "server.7=o:1:2:observer", "1 7", false},
	    {THREE "server.7=o:1:2:observer", "1 2", true},
	    /* groups: more than half of the weight in more than half of them */
	    {TWO "group.1=1:2", "1", false},
	    {TWO "group.1=1:2", "1 2", true},
	    {TWO "group.1=1:2\nweight.1=3", "1", true},
	    {TWO "group.1=1:2\nweight.1=3", "2", false},
	    {SIX "group.1=1:2\ngroup.2=3:4\ngroup.3=5:6", "1 2 3 4", true},
	    {SIX "group.1=1:2\ngroup.2=3:4\ngroup.3=5:6", "1 2 3 5", false},
	    {SIX "group.1=1:2:3\ngroup.2=4:5:6", "1 2 4", false},
	    {SIX "group.1=1:2:3\ngroup.2=4:5:6", "1 2 4 5", true},
	    {TWO "group.1=1:2\nweight.1=0\nweight.2=0", "1 2", false},
	    {FOUR "group.1=1:2\ngroup.2=3:4\nweight.3=0\nweight.4=0", "1 2", true},
	    {FOUR "group.1=1:2\ngroup.2=3:4\nweight.3=0\nweight.4=0", "3 4", false},
	    /* a group of nobody counts and cannot be had */
	    {TWO "group.1=1:2\ngroup.2=:", "1 2", false},
	    /* an observer adds to what its group needs, and nothing to what it has */
	    {TWO "server.3=o:1:2:observer\ngroup.1=1:2:3\nweight.3=2", "1 2 3", false},
	    {TWO "server.3=o:1:2:observer\ngroup.1=1:2:3\nweight.3=1", "1 2", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *at = rows[i].set;
		int64_t sids[8];
		unsigned count = 0;
		long long sid;
		int n;

		while (sscanf(at, "%lld%n", &sid, &n) == 1) {
			sids[count++] = sid;
			at += n;
		}
		parse(rows[i].config);
		if (has(sids, count) != rows[i].want)
			fail_msg("%s\n{%s}", rows[i].config, rows[i].set);
	}
}

#define SIDS(...) {__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

struct row {
	const char *config;
	int64_t sids[8];
	unsigned count;
	bool want;
};

#define S(n) "server." #n "=h:1:2:participant\n"
#define O(n) "server." #n "=h:1:2:observer\n"
#define S3   S(1) S(2) S(3)
#define S4   S3 S(4)

static const struct row rows[] = {
    {S3, SIDS(1), false},
    {S3, SIDS(1, 2), true},
    {S3, SIDS(1, 1), false},    /* once each */
    {S3, SIDS(1, 9, 8), false}, /* strangers do not count */
    {S4, SIDS(1, 2), false},    /* a half is not more than a half */
    {S4, SIDS(1, 2, 4), true},
    {S3 O(4), SIDS(1, 4), false}, /* nor do observers, */
    {S3 O(4), SIDS(1, 2), true},  /* on either side */
    {S(5), SIDS(5), true},
    {S(5), SIDS(4), false},
    /* weights 1,1 need both; 3,1 needs the 3 */
    {"group.1=1:2\n" S(1) S(2), SIDS(1), false},
    {"group.1=1:2\n" S(1) S(2), SIDS(1, 2), true},
    {"group.1=1:2\nweight.1=3\n" S(1) S(2), SIDS(1), true},
    {"group.1=1:2\nweight.1=3\n" S(1) S(2), SIDS(2), false},
    /* two of three groups, the majority of each */
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" S4 S(5), SIDS(1, 2), false},
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" S4 S(5), SIDS(1, 2, 4), true},
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" S4 S(5), SIDS(4, 5), true},
    {"group.1=1:2:3\ngroup.2=4\ngroup.3=5\n" S4 S(5), SIDS(1, 4), false},
    /* a group without weight is no group */
    {"group.1=1:2\ngroup.2=3\nweight.3=0\n" S3, SIDS(1, 2), true},
    {"group.1=1:2\ngroup.2=3\nweight.3=0\n" S3, SIDS(3), false},
    {"group.1=1\nweight.1=0\n" S(1), SIDS(1), false},
    /* an observer's weight makes its group heavier, and never counts for it */
    {"group.1=1:2:3\nweight.3=2\n" S(1) S(2) O(3), SIDS(1, 3), false},
    {"group.1=1:2:3\nweight.3=2\n" S(1) S(2) O(3), SIDS(1, 2, 3), false},
    {"group.1=1:2:3\nweight.3=1\n" S(1) S(2) O(3), SIDS(1, 2), true},
};

static void
by_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse(rows[i].config);
		if (has(rows[i].sids, rows[i].count) != rows[i].want)
			fail_msg("row %zu: want %d", i, rows[i].want);
	}
}

static void
nobody_is_no_quorum(void **state)
{
	(void)state;
	config = (struct qconfig){0};
	assert_int_equal(quorum_init(&quorum, &config), 0);
	assert_false(has(NULL, 0)); /* of nobody */
	config.hierarchical = true;
	assert_int_equal(quorum_init(&quorum, &config), 0);
	assert_false(has(NULL, 0));
}

/* A struct made by hand may lack weights, which no parsed configuration does: the oracle
 * gives 1 to a participant, quorum_init refuses. */
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
	assert_int_equal(quorum_init(&quorum, &c), -EINVAL);
	assert_false(oracle_has_quorum(&c, both, 1));
	assert_true(oracle_has_quorum(&c, both, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sets),
	    cmocka_unit_test(by_the_rules),
	    cmocka_unit_test(nobody_is_no_quorum),
	    cmocka_unit_test(without_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
