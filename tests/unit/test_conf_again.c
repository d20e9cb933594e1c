/* What a reload takes over, and what it refuses. */
#include "config/conf.h"

#include "tests/unit/conf_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* One key on a line: id, version, the folders, the list from line 5 on. */
#define FILE_OF(version, list)                                                           \
	"id = 1;\nversion = " version ";\n" DIRS "servers = (\n" list ");\n"
#define E(id, host, ports, more)                                                         \
	"{ id = " id ";\n  host = \"" host "\";\n  " ports ";\n  " more " }"
#define P "quorum_port = 1; election_port = 2"
#define RUNNING                                                                          \
	FILE_OF("3", E("1", "a", P, "") ",\n" E("2", "b", P, "") ",\n" E("3", "c", P, ""))
#define ONE_TWO        E("1", "a", P, "") ",\n" E("2", "b", P, "")
#define OF_THREE(more) FILE_OF("3", ONE_TWO ",\n" E("3", "c", P, more))

static struct conf running;

static void
run_with(const char *text)
{
	conf_kit_good(text);
	running = conf_got;
	running.self = conf_server(&running, running.id);
}

/* 0, or 1 with `error` filled and conf_got untouched. */
static int
load(const char *text, struct conf_error *error)
{
	struct conf_warnings warnings = {.count = 77};
	int r;

	memset(&conf_got, 0x5a, sizeof(conf_got));
	r = conf_load_again(conf_kit_write("again.conf", text), &running, &conf_got,
	                    error, &warnings);
	for (size_t i = 0; r != 0 && i < sizeof(conf_got); i++)
		assert_int_equal(((const unsigned char *)&conf_got)[i], 0x5a);
	assert_true(r != 0 || warnings.count <= CONF_WARNINGS_MAX);
	return r;
}

static void
must_take(const char *text)
{
	struct conf_error error = {""};

	if (load(text, &error) != 0)
		fail_msg("refused: %s\n%s", error.text, text);
}

static void
all_refused(const struct conf_kit_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct conf_kit_case *c = &cases[i];
		struct conf_error error = {""};
		char where[160];

		if (load(c->text, &error) != 1)
			fail_msg("taken: %s", c->text);
		snprintf(where, sizeof(where),
		         c->line ? "%s/again.conf:%u: " : "%s/again.conf: ", conf_dir,
		         c->line);
		if (strncmp(error.text, where, strlen(where)) != 0)
			fail_msg("%s\nis not of %s", error.text, where);
		for (unsigned k = 0; k < 4 && c->words[k]; k++)
			if (!strstr(error.text, c->words[k]))
				fail_msg("%s\nhas no %s", error.text, c->words[k]);
		if (!strstr(error.text, "; "))
			fail_msg("%s\ndoes not say what to do", error.text);
	}
}

#define ALL_REFUSED(cases) all_refused(cases, sizeof(cases) / sizeof((cases)[0]))

/* One version is one list: another member needs another version. */
static void
same_version(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {FILE_OF("3", ONE_TWO ",\n" E("3", "c", P, "") ",\n" E("4", "d", P, "")),
	     18,
	     {"server 4 is new", "version 3 runs", "write version = 4;"}},
	    {FILE_OF("3", ONE_TWO), 5, {"server 3 is gone", "write version = 4;"}},
	    {OF_THREE("role = \"observer\";"),
	     14,
	     {"server 3 has another role", "write version = 4;"}},
	    {FILE_OF("3", E("1", "a", P, "role = \"observer\";") ",\n" E(
			      "2", "b", P, "") ",\n" E("3", "c", P, "")),
	     6,
	     {"server 1 has another role", "write version = 4;"}},
	    {FILE_OF("3",
	             E("1", "a", P, "group = 1;") ",\n" E(
			 "2", "b", P, "group = 1;") ",\n" E("3", "c", P, "group = 1;")),
	     6,
	     {"server 1 has another group"}},
	    {FILE_OF("3", E("1", "a", P, "") ",\n" E("2", "b", P, "") ",\n" E("4", "c", P,
	                                                                      "")),
	     14,
	     {"server 4 is new"}},
	};
	static const struct conf_kit_case weights[] = {
	    {FILE_OF("3", E("1", "a", P, "group = 1;") ",\n" E("2", "b", P,
	                                                       "group = 1; weight = 2;")),
	     10,
	     {"server 2 has another weight", "write version = 4;"}},
	    {FILE_OF("3",
	             E("1", "a", P, "group = 1;") ",\n" E("2", "b", P, "group = 2;")),
	     10,
	     {"server 2 has another group", "write version = 4;"}},
	};

	(void)state;
	run_with(RUNNING);
	ALL_REFUSED(cases);
	must_take(RUNNING);
	/* another order, and what has its default written out, are the same */
	must_take(FILE_OF("3", E("3", "c", P, "role = \"participant\";") ",\n" E(
				   "1", "a", P, "weight = 1;") ",\n" E("2", "b", P, "")));
	run_with(FILE_OF(
	    "3", E("1", "a", P, "group = 1;") ",\n" E("2", "b", P, "group = 1;")));
	ALL_REFUSED(weights);
}

/* With another version any members are taken: more, fewer, other roles, this server in
 * the list or not. */
static void
other_version(void **state)
{
	static const char *const texts[] = {
	    FILE_OF("4", ONE_TWO ",\n" E("3", "c", P, "") ",\n" E("4", "d", P, "")),
	    FILE_OF("2147483647", E("1", "a", P, "")),
	    FILE_OF("2", ONE_TWO), /* the peer says what the group has */
	    FILE_OF("4", E("1", "a", P, "role = \"observer\";") ",\n" E(
			     "2", "b", P, "") ",\n" E("3", "c", P, "")),
	    FILE_OF("4", E("2", "b", P, "") ",\n" E("3", "c", P, "")),
	    FILE_OF("4", E("1", "a", P, "group = 1;") ",\n" E("2", "b", P,
	                                                      "group = 1; weight = 0;")),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		run_with(RUNNING);
		must_take(texts[i]);
		assert_int_not_equal(conf_got.version, 3);
		conf_take(&running, &conf_got);
		assert_int_equal(running.version, conf_got.version);
		assert_true(conf_same_servers(&running, &conf_got));
		assert_int_equal(running.hierarchical, conf_got.hierarchical);
		assert_ptr_equal(running.self, conf_server(&running, 1));
		/* and back, with the next version; from a list without this server, too
		 */
		must_take(FILE_OF("5", ONE_TWO));
	}
}

/* A reload moves other servers. This one listens where it listens. */
static void
addresses(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {FILE_OF("3", E("1", "z", P, "") ",\n" E("2", "b", P, "") ",\n" E("3", "c", P,
	                                                                      "")),
	     7,
	     {"host of server 1, this one", "restart this server"}},
	    {FILE_OF("4", E("1", "a", "quorum_port = 9; election_port = 2",
	                    "") ",\n" E("2", "b", P, "")),
	     8,
	     {"quorum_port of server 1, this one", "restart this server"}},
	    {FILE_OF("3", E("1", "a", "quorum_port = 1; election_port = 9",
	                    "") ",\n" E("2", "b", P, "") ",\n" E("3", "c", P, "")),
	     8,
	     {"election_port of server 1, this one", "restart this server"}},
	};

	(void)state;
	run_with(RUNNING);
	ALL_REFUSED(cases);
	must_take(FILE_OF("3", E("1", "a", P, "") ",\n" E("2", "x|y", P, "") ",\n" E(
				   "3", "c", "quorum_port = 7; election_port = 8", "")));
	conf_take(&running, &conf_got);
	assert_string_equal(conf_server(&running, 2)->host, "x|y");
	assert_int_equal(conf_server(&running, 3)->election_port, 8);
}

/* All other keys stay; what is wrong by itself is said as at a start. */
static void
other_keys(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {RUNNING "timing = {\n tick_ms = 51; };\n",
	     19,
	     {"timing.tick_ms differs from what runs", "restart this server"}},
	    {"id = 2;\nversion = 4;\n" DIRS "servers = (\n" ONE_TWO ");\n",
	     1,
	     {"id differs from what runs"}},
	    {RUNNING "nonsense = 1;\n", 18, {"unknown key nonsense"}},
	    {FILE_OF("4", E("1", "a", P, "role = \"observer\";")), 5, {"no participant"}},
	};
	static const struct conf_kit_case gone[] = {
	    {RUNNING, 0, {"timing.tick_ms differs from what runs"}},
	};

	(void)state;
	run_with(RUNNING);
	ALL_REFUSED(cases);
	must_take(RUNNING "log_level = \"debug\";\n");
	assert_int_not_equal(running.log_level, conf_got.log_level);
	conf_take(&running, &conf_got);
	assert_int_equal(running.log_level, conf_got.log_level);
	run_with(RUNNING "timing = {\n tick_ms = 51; };\n");
	ALL_REFUSED(gone);
}

/* Without promised epochs nothing separates old members from new ones. */
static void
without_epochs(void **state)
{
	static const struct conf_kit_case zab[] = {
	    {GOOD "zab = true;", 8, {"zab differs"}},
	    {"zab = false;\n" HEAD "servers = (\n" ONE "} );",
	     5,
	     {"with zab = false", "stop all"}},
	    {"zab = false;\n" HEAD "servers = (\n" ONE "}, " TWO
	     "}, { id = 3; host = \"x\"; quorum_port = 1; election_port = 2; } );",
	     5,
	     {"servers differs", "with zab = false", "stop all servers"}},
	};
	static const struct conf_kit_case attached[] = {
	    {"attach = \"zookeeper\";\n" HEAD "servers = (\n" ONE
	     "role = \"observer\"; }, " TWO
	     "}, { id = 9; host = \"x\"; quorum_port = 1; election_port = 2; } );",
	     5,
	     {"with attach = \"zookeeper\""}},
	};

	(void)state;
	run_with(GOOD "zab = false;");
	ALL_REFUSED(zab);
	must_take(GOOD "zab = false; log_level = \"debug\";");
	run_with("attach = \"zookeeper\";\n" HEAD "servers = (\n" ONE
	         "role = \"observer\"; }, " TWO "}, " THREE "} );");
	ALL_REFUSED(attached);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_version),   cmocka_unit_test(other_version),
	    cmocka_unit_test(addresses),      cmocka_unit_test(other_keys),
	    cmocka_unit_test(without_epochs),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
