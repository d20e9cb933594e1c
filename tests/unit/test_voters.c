/* view/voters: who votes by the configuration, and how many make a quorum. */
#include "view/voters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BIG_ID "4611686018427387904"

static struct conf conf;

static void
add_server(int64_t id, bool observer)
{
	conf.servers[conf.server_count++] = (struct conf_server){.id = id,
	                                                         .host = "10.0.0.1",
	                                                         .quorum_port = 2888,
	                                                         .election_port = 3888,
	                                                         .observer = observer,
	                                                         .weight = 1};
}

static void
observers_are_no_voters(void **state)
{
	json_t *voters;
	char *text;

	(void)state;
	add_server(1, false);
	add_server(2, false);
	add_server(CONF_ID_MAX, false);
	add_server(4, true);
	add_server(5, true);
	voters = voters_list(&conf);
	text = json_dumps(voters, JSON_COMPACT);
	assert_string_equal(text, "[1,2," BIG_ID "]");
	assert_int_equal(voters_needed(&conf), 2);
	free(text);
	json_decref(voters);
	assert_false(voters_suffice(&conf, (int64_t[]){1, 4, 5}, 3));
	assert_true(voters_suffice(&conf, (int64_t[]){1, CONF_ID_MAX}, 2));
}

static void
quorums(void **state)
{
	static const struct {
		const char *groups; /* of servers 1, 2 …; a digit each */
		const char *weights;
		unsigned want;
	} cases[] = {
	    {"", "1", 1},
	    {"", "11", 2},
	    {"", "111", 2},
	    {"", "1111", 3},
	    {"", "11111", 3},
	    {"111222333", "111111111", 4}, /* two of three, in two groups */
	    {"112233", "111111", 4},
	    {"111222333", "311111111", 3}, /* a heavy one suffices in its group */
	    {"1112", "1110", 2},           /* a group without weight counts for nothing */
	    {"1111", "0001", 1},
	    {"11112", "11115", 4}, /* both of two groups */
	    {"11", "00", 0},       /* nobody can make one */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&conf, 0, sizeof(conf));
		for (size_t k = 0; k < strlen(cases[i].weights); k++) {
			struct conf_server *s = &conf.servers[k];

			add_server((int64_t)k + 1, false);
			s->weight = cases[i].weights[k] - '0';
			s->has_group = cases[i].groups[0] != 0;
			s->group = s->has_group ? cases[i].groups[k] - '0' : 0;
			conf.hierarchical |= s->has_group;
		}
		if (voters_needed(&conf) != cases[i].want)
			fail_msg("groups %s weights %s: %u, want %u", cases[i].groups,
			         cases[i].weights, voters_needed(&conf), cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(observers_are_no_voters),
	    cmocka_unit_test(quorums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
