/* config/zoo: correct and wrong files of ZooKeeper. */
#include "config/zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMITS  "initLimit=10\nsyncLimit=5\n"
#define SERVERS "server.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n"

static struct zoo zoo;
static struct conf conf;
static struct conf_error error;

/* Makes the configuration of server 1 from `text`, and from `dynamic` unless it is NULL.
 */
static int
make(const char *text, const char *dynamic)
{
	memset(&zoo, 0, sizeof(zoo));
	memset(&error, 0, sizeof(error));
	if (zoo_read(&zoo, "zoo.cfg", text, strlen(text), false, &error))
		return 1;
	if (dynamic &&
	    zoo_read(&zoo, zoo.dynamic_file, dynamic, strlen(dynamic), true, &error))
		return 1;
	return zoo_make(&zoo, "zoo.cfg", 1, &conf, &error);
}

static void
need(const char *text)
{
	if (make(text, NULL))
		fail_msg("%s: %s", text, error.text);
}

static void
plain(void **state)
{
	(void)state;
	need("tickTime=2000\n" LIMITS SERVERS);
	assert_int_equal(conf.id, 1);
	assert_int_equal(conf.server_count, 3);
	assert_string_equal(conf.servers[1].host, "b");
	assert_int_equal(conf.servers[1].quorum_port, 2888);
	assert_int_equal(conf.servers[1].election_port, 3888);
	assert_false(conf.servers[1].observer);
	assert_false(conf.servers[1].has_group);
	assert_int_equal(conf.servers[1].weight, 1);
	assert_int_equal(conf.timing.tick_ms, 2000);
	assert_int_equal(conf.timing.init_limit, 10);
	assert_int_equal(conf.timing.sync_limit, 5);
	assert_int_equal(conf.timing.finalize_ms, 200);
	assert_true(conf.zab);
	assert_int_equal(zoo.note_count, 0);
}

static void
tick_by_default(void **state)
{
	(void)state;
	need(LIMITS SERVERS);
	assert_int_equal(conf.timing.tick_ms, 3000);
}

static void
java_syntax(void **state)
{
	(void)state;
	need("! a comment \\\n# another\\\r\n\r\n tickTime : 500\r\n"
	     "initLimit 10\rsyncLimit=\\\n   \\\n 5\n"
	     "server.1 = a:2888:\\\n\t3888\nserver.1=\\u0061:2888:3888\n"
	     "foo=\\\n# no comment\\\nserver.2=x:1:2\n"
	     "server.2=b:1:2:\\\nobserver\nserver.9=c:1:3");
	assert_int_equal(conf.timing.tick_ms, 500);
	assert_int_equal(conf.timing.init_limit, 10);
	assert_int_equal(conf.timing.sync_limit, 5);
	assert_int_equal(conf.server_count, 3);
	assert_string_equal(conf.servers[0].host, "a");
	assert_true(conf.servers[1].observer);
	assert_int_equal(zoo.server_at[2].line, 17);
}

static void
last_value_counts(void **state)
{
	(void)state;
	need("tickTime=1\ntickTime=7\n" LIMITS SERVERS
	     "server.2=z:1:2:observer\ngroup.1=1:2:3\ngroup.1=1\ngroup.2=3\n"
	     "weight.1=9\nweight.1=4\n");
	assert_int_equal(conf.timing.tick_ms, 7);
	assert_string_equal(conf.servers[1].host, "z");
	assert_int_equal(conf.servers[0].weight, 4);
	assert_int_equal(conf.servers[2].group, 2);
}

static void
groups_and_weights(void **state)
{
	(void)state;
	need(LIMITS SERVERS "server.4=d:1:2:observer\ngroup.1=1:2:\ngroup.7=3:4\n"
	                    "weight.3=0\nweight.4=5\nweight.9=1\n");
	assert_true(conf.servers[0].has_group);
	assert_int_equal(conf.servers[1].group, 1);
	assert_int_equal(conf.servers[2].group, 7);
	assert_int_equal(conf.servers[2].weight, 0);
	assert_false(conf.servers[3].has_group);
	assert_int_equal(conf.servers[3].weight, 1);
	assert_int_equal(zoo.note_count, 3);
	assert_string_equal(zoo.notes[0].key, "group.7");
	assert_int_equal(zoo.notes[0].at.line, 8);
	assert_string_equal(zoo.notes[1].key, "weight.4");
	assert_string_equal(zoo.notes[2].key, "weight.9");
}

static void
addresses(void **state)
{
	static const struct {
		const char *line;
		const char *host;
		unsigned quorum, election, notes;
	} cases[] = {
	    {"a:1:2", "a", 1, 2, 0},
	    {" a:1:2 ", "a", 1, 2, 0},
	    {"a:1:2;2181", "a", 1, 2, 1},
	    {"a:1:2:participant;0.0.0.0:2181", "a", 1, 2, 1},
	    {"[::1]:1:2", "0:0:0:0:0:0:0:1", 1, 2, 0},
	    {"a:1:2|b:1:2", "a|b", 1, 2, 0},
	    {"b:1:2|a:1:2|[::1]:1:2:participant;9", "b|a|0:0:0:0:0:0:0:1", 1, 2, 1},
	    {"a:1:2|b:3:2|c:1:4|d:1:2", "a|d", 1, 2, 2},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256] = LIMITS "server.2=z:5:6\nserver.1=";

		strcat(text, cases[i].line);
		need(text);
		assert_string_equal(conf.servers[1].host, cases[i].host);
		assert_int_equal(conf.servers[1].quorum_port, cases[i].quorum);
		assert_int_equal(conf.servers[1].election_port, cases[i].election);
		assert_int_equal(zoo.note_count, cases[i].notes);
	}
}

static void
what_means_nothing_is_noted(void **state)
{
	static const char *const keys[] = {
	    "dataDir",
	    "dataLogDir",
	    "clientPort",
	    "clientPortAddress",
	    "secureClientPort",
	    "maxClientCnxns",
	    "autopurge.purgeInterval",
	    "4lw.commands.whitelist",
	    "standaloneEnabled",
	    "reconfigEnabled",
	    "peerType",
	    "electionAlg",
	    "quorumListenOnAllIPs",
	    "sslQuorum",
	    "quorum.auth.enableSasl",
	    "admin.enableServer",
	    "some.thing.else",
	};
	char text[2048] = LIMITS SERVERS;
	unsigned count = sizeof(keys) / sizeof(keys[0]);

	(void)state;
	for (unsigned i = 0; i < count; i++)
		strcat(strcat(text, keys[i]), "=1\n");
	need(text);
	assert_int_equal(zoo.note_count, count);
	for (unsigned i = 0; i < count; i++) {
		assert_string_equal(zoo.notes[i].key, keys[i]);
		assert_int_equal(zoo.notes[i].at.line, 6 + i);
		assert_true(zoo.notes[i].why[0] != '\0');
	}
	assert_string_equal(zoo.data_dir, "1");
}

static void
dynamic_file(void **state)
{
	(void)state;
	if (make(LIMITS "dynamicConfigFile=d.cfg\n", SERVERS "group.1=1:2:3\n"))
		fail_msg("%s", error.text);
	assert_int_equal(conf.server_count, 3);
	assert_string_equal(zoo.server_at[0].file, "d.cfg");
	assert_int_equal(
	    make(LIMITS "dynamicConfigFile=d.cfg\n", SERVERS "version=100000000"), 0);
	assert_int_equal(conf.version, 1);
	assert_int_equal(zoo.note_count, 1);
	assert_string_equal(zoo.notes[0].key, "version");
	assert_string_equal(zoo.notes[0].at.file, "d.cfg");
	assert_int_equal(make(LIMITS "dynamicConfigFile=d.cfg\n", SERVERS "versions=1"),
	                 1);
	assert_non_null(strstr(error.text, "d.cfg:4: versions does not belong"));
	assert_int_equal(make(LIMITS "dynamicConfigFile=d.cfg\n", SERVERS "tickTime=1"),
	                 1);
	assert_non_null(strstr(error.text, "d.cfg:4: tickTime"));
	assert_int_equal(
	    make("server.1=a:1:2\n" LIMITS "dynamicConfigFile=d.cfg\n", SERVERS), 0);
	assert_int_equal(
	    make("server.9=a:1:2\n" LIMITS "dynamicConfigFile=d.cfg\n", SERVERS), 1);
	assert_non_null(strstr(error.text, "zoo.cfg:1: this must be in d.cfg"));
	assert_int_equal(make("group.1=1\n" LIMITS "dynamicConfigFile=d.cfg\n", SERVERS),
	                 1);
	assert_non_null(strstr(error.text, "zoo.cfg:1: this must be in d.cfg"));
}

static void
wrong(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
	    {"", "zoo.cfg: there is no server line"},
	    {LIMITS, "zoo.cfg: there is no server line"},
	    {LIMITS "server.2=a:1:2", "zoo.cfg: there is no server.1"},
	    {"syncLimit=5\n" SERVERS, "zoo.cfg: initLimit is not set"},
	    {"initLimit=5\n" SERVERS, "zoo.cfg: syncLimit is not set"},
	    {LIMITS "tickTime=soon\n" SERVERS, "zoo.cfg:3: tickTime = soon: write a"},
	    {LIMITS "tickTime=60001\n" SERVERS, "zoo.cfg:3: tickTime = 60001: Conclave"},
	    {"initLimit=0\nsyncLimit=5\n" SERVERS, "zoo.cfg:1: initLimit = 0: Conclave"},
	    {"initLimit=1\nsyncLimit=1\n" SERVERS, "zoo.cfg:2: syncLimit = 1: Conclave"},
	    {"\n\nserver.x=a:1:2", "zoo.cfg:3: server.x = a:1:2: write server.N"},
	    {"server.-1=a:1:2", "zoo.cfg:1: server.-1"},
	    {"server.4611686018427387905=a:1:2", "zoo.cfg:1: server.46116"},
	    {"server.1=a", "zoo.cfg:1: server.1: malformed server line; write server.1="},
	    {"server.1=a:1:70000", "zoo.cfg:1: server.1: port out of range"},
	    {"server.1=a:1:1", "zoo.cfg:1: server.1: port out of range"},
	    {"server.1=a:1:b", "zoo.cfg:1: server.1: not a number"},
	    {"server.1=a:1:2:voter", "zoo.cfg:1: server.1: unknown role"},
	    {"server.1=|", "zoo.cfg:1: server.1"},
	    {"# x\\\nserver.1=\\u00zz", "zoo.cfg:2: a malformed escape"},
	    {"group.x=1", "zoo.cfg:1: group.x = 1: write group.N=SID:SID"},
	    {"group=1", "zoo.cfg:1: group = 1: write group.N=SID:SID"},
	    {"group.1=1:x", "zoo.cfg:1: group.1 = 1:x: not a number"},
	    {"weight.1=", "zoo.cfg:1: weight.1 = : not a number"},
	    {"weight.1=-1", "zoo.cfg:1: weight.1 = -1: not a number"},
	    {LIMITS SERVERS "group.1=1:2", "zoo.cfg:5: server 3 is in no group"},
	    {LIMITS SERVERS "weight.1=2", "zoo.cfg:3: server 1 is in no group"},
	    {LIMITS SERVERS "group.1=1:2:3:9", "zoo.cfg:6: group.1 names server 9"},
	    {LIMITS SERVERS "group.1=1:2\ngroup.2=2:3",
	     "zoo.cfg:7: server 2 is in two groups, 1 and 2"},
	    {"dynamicConfigFile=", "zoo.cfg:1: dynamicConfigFile = : write a path"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (make(cases[i].text, NULL) != 1)
			fail_msg("accepted: %s", cases[i].text);
		if (strncmp(error.text, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: %s", cases[i].text, error.text);
	}
}

static void
more_than_we_take(void **state)
{
	char *text = calloc(1, 65536);

	(void)state;
	assert_non_null(text);
	for (int i = 0; i <= CONF_SERVERS_MAX; i++)
		sprintf(text + strlen(text), "server.%d=h%d:1:2\n", i, i);
	assert_int_equal(make(text, NULL), 1);
	assert_non_null(strstr(error.text, "zoo.cfg:33: server.32"));
	strcpy(text, LIMITS SERVERS);
	for (int i = 0; i < ZOO_NOTES_MAX + 9; i++)
		sprintf(text + strlen(text), "k%d=1\n", i);
	need(text);
	assert_int_equal(zoo.note_count, ZOO_NOTES_MAX);
	strcpy(text, LIMITS SERVERS "group.1=1");
	for (int i = 0; i < ZOO_SHARES_MAX; i++)
		strcat(text, ":1");
	assert_int_equal(make(text, NULL), 1);
	assert_non_null(strstr(error.text, "too many groups"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain),
	    cmocka_unit_test(tick_by_default),
	    cmocka_unit_test(java_syntax),
	    cmocka_unit_test(last_value_counts),
	    cmocka_unit_test(groups_and_weights),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(what_means_nothing_is_noted),
	    cmocka_unit_test(dynamic_file),
	    cmocka_unit_test(wrong),
	    cmocka_unit_test(more_than_we_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
