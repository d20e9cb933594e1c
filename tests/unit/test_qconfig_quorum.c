/* wire/qquorum: which sets of servers are a quorum of a configuration. */
#include "wire/qconfig.h"
#include "wire/qquorum.h"

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
	static struct qconfig config;

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
		assert_int_equal(
		    qconfig_parse(rows[i].config, strlen(rows[i].config), false, &config),
		    QCONFIG_OK);
		if (qconfig_has_quorum(&config, sids, count) != rows[i].want)
			fail_msg("%s\n{%s}", rows[i].config, rows[i].set);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
