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

static struct voters
read_members(const char *text)
{
	json_t *members = json_loads(text, JSON_DECODE_ANY, NULL);
	struct voters v;

	assert_non_null(members);
	voters_read(&conf, members, &v);
	json_decref(members);
	return v;
}

#define SERVER(id, role, weight, group)                                                  \
	"{\"id\":" #id ",\"role\":\"" role "\",\"weight\":" #weight ",\"group\":" #group \
	"}"
#define OLD                                                                              \
	"{\"version\":3,\"servers\":[" SERVER(1, "participant", 1, null) "," SERVER(     \
	    2, "participant", 1, null) "," SERVER(3, "observer", 0, null) "]}"
#define NEW                                                                              \
	"{\"version\":4,\"servers\":[" SERVER(1, "participant", 3,                       \
	                                      7) "," SERVER(9, "participant", 2, 8) "]}"

/* What is stored counts; where nothing is, the file. */
static void
who_counts(void **state)
{
	struct voters v;

	(void)state;
	memset(&conf, 0, sizeof(conf));
	conf.zab = true;
	conf.version = 1;
	add_server(1, false);
	add_server(5, false);
	v = read_members("null");
	assert_int_equal(v.count, 1);
	assert_int_equal(v.lists[0].count, 2);
	assert_int_equal(v.lists[0].list[1].sid, 5);
	v = read_members("{\"record\":null}");
	assert_int_equal(v.lists[0].list[1].sid, 5);
	v = read_members("{\"record\":{\"epoch\":7,\"old\":null,\"new\":" OLD "}}");
	assert_int_equal(v.count, 1);
	assert_int_equal(v.lists[0].version, 3);
	assert_int_equal(v.lists[0].count, 3);
	assert_true(v.lists[0].list[2].observer);
	assert_false(v.lists[0].hierarchical);
	v = read_members("{\"record\":{\"epoch\":7,\"old\":" OLD ",\"new\":" NEW "}}");
	assert_int_equal(v.count, 2);
	assert_int_equal(v.lists[0].version, 3);
	assert_int_equal(v.lists[1].version, 4);
	assert_true(v.lists[1].hierarchical);
	assert_int_equal(v.lists[1].list[0].weight, 3);
	assert_int_equal(v.lists[1].list[1].group, 8);
	assert_true(v.lists[1].list[1].has_group);
}

/* A peer of another version may say what it likes. */
static void
too_many(void **state)
{
	json_t *servers = json_array(), *members;
	struct voters v;

	(void)state;
	for (int i = 0; i < MEMBERS_MAX + 5; i++)
		json_array_append_new(servers,
		                      json_pack("{s:i, s:s, s:i}", "id", i, "role",
		                                "participant", "weight", 1));
	members = json_pack("{s:{s:{s:i, s:o}}}", "record", "new", "version", 2,
	                    "servers", servers);
	voters_read(&conf, members, &v);
	assert_int_equal(v.lists[0].count, MEMBERS_MAX);
	json_decref(members);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(observers_are_no_voters),
	    cmocka_unit_test(quorums),
	    cmocka_unit_test(who_counts),
	    cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
