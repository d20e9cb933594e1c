/* The version of the list of servers, and the membership that a file describes. */
#include "tests/unit/conf_kit.h"
#include "wire/members.h"

#define S(id, host, rest) "{ id = " id "; host = \"" host "\";\n" rest " }"
#define P                 "quorum_port = 1; election_port = 2;"
#define LIST(entries)     HEAD "servers = (\n" entries " );\n"
#define G(one, two, three)                                                               \
	HEAD "servers = (\n" ONE one "}, " TWO two "}, " THREE three "} );\n"

/* What counts goes into the membership, and where a server is into the hints. */
static void
memberships(void **state)
{
	static struct members_hints hints;
	struct members m;

	(void)state;
	memset(&m, 0x5a, sizeof(m));
	conf_kit_good("version = 7;\n" LIST(S("3", "c", P " role = \"observer\";") "," S(
	    "2", "b|::1", P) "," S("1", "a", P)));
	members_hint_put(&hints, 9, "z:1:2");
	members_hint_put(&hints, 2, "old:1:2");
	assert_true(conf_members(&conf_got, &m, &hints));
	assert_int_equal(m.version, 7);
	assert_int_equal(m.count, 3);
	assert_true(members_may_lead(&m, 1) && members_may_lead(&m, 2));
	assert_true(members_find(&m, 3)->observer);
	assert_int_equal(hints.count, 4);
	assert_string_equal(members_hint_get(&hints, 2), "[0:0:0:0:0:0:0:1]:1:2|b:1:2");
	assert_string_equal(members_hint_get(&hints, 3), "c:1:2");
	assert_string_equal(members_hint_get(&hints, 9), "z:1:2");
	/* where this server listens is no address for others */
	conf_kit_good(LIST(S("2", "b", P) "," S("1", "0.0.0.0", P)));
	hints.count = 0;
	assert_true(conf_members(&conf_got, &m, &hints));
	assert_int_equal(m.count, 2);
	assert_int_equal(hints.count, 1);
	assert_string_equal(members_hint_get(&hints, 2), "b:1:2");
	/* the list of who counts no epochs is version 1, whatever its text says */
	conf_kit_good(G("group = 2; weight = 0;", "group = 2; weight = 3;",
	                "group = 1;") "zab = false;");
	assert_true(conf_members(&conf_got, &m, &hints));
	assert_int_equal(m.version, 1);
	assert_true(m.hierarchical && members_find(&m, 2)->weight == 3);
	assert_false(members_may_lead(&m, 1));
}

/* One list has one text, in whatever order the file names its servers, and that of its
 * membership: Java walks 1 and 129 as they came. */
static void
one_text(void **state)
{
	static struct qconfig read;
	static struct members_hints hints;
	char text[2][1024], again[1024];
	struct members m;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		conf_kit_good(
		    i == 0 ? LIST(S("129", "b", P " group = 1;") "," S(
				 "1", "a|::1", P " group = 17; weight = 2;"))
			   : LIST(S("1", "a|::1", P " group = 17; weight = 2;") "," S(
				 "129", "b", P " group = 1;")));
		len = conf_qconfig(&conf_got, text[i], sizeof(text[i]), &read);
		assert_in_range(len, 1, sizeof(text[i]));
		assert_true(conf_members(&conf_got, &m, &hints));
		assert_int_equal(members_text(&m, &hints, again, sizeof(again), &read),
		                 len);
		assert_string_equal(again, text[i]);
	}
	assert_string_equal(text[0], text[1]);
}

/* Where members cannot change, the list has no later version. */
static void
versions(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {GOOD "\nversion = 2; zab = false;\n",
	     9,
	     {"version = 2 with zab = false", "leave version out"}},
	    {"attach = \"zookeeper\";\nversion = 3;\n" LIST(S("3", "c", P) "," S(
		 "1", "a", P " role = \"observer\";") "," S("2", "b", P)),
	     2,
	     {"version = 3 with attach = \"zookeeper\"", "leave version out"}},
	    {GOOD "version = 0;\n", 8, {"version = 0", "from 1 to 2147483647"}},
	    {GOOD "version = 2147483648L;\n", 8, {"from 1 to 2147483647"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
	conf_kit_good(GOOD "version = 1; zab = false;\n");
	conf_kit_good(GOOD "version = 2;\n");
	assert_int_equal(conf_got.version, 2);
	/* a server that was removed has the file of all others */
	conf_kit_good("id = 4; version = 2;\n" DIRS SERVERS);
	assert_null(conf_got.self);
	assert_false(conf_is_voter(&conf_got, 4));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(versions),
	    cmocka_unit_test(memberships),
	    cmocka_unit_test(one_text),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
