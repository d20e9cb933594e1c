/* config/: the checks between keys, id_file, groups and weights, and the configuration
 * text of notifications. */
#include "tests/unit/conf_kit.h"

#include "tests/oracle.h"
#include "wire/qconfig.h"
#include "wire/quorum.h"

#include <sys/stat.h>

static void
missing(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"", 1, {"id is missing", "id = 1;", "id_file"}},
	    {"# nothing\n", 1, {"id is missing"}},
	    {DIRS SERVERS, 1, {"id is missing"}},
	    {"\n\nid = 1;\ndata_dir = \"/var/c\";\n" SERVERS, 1, {"run_dir is missing"}},
	    {"id = 1; run_dir = \"/run/c\";\n" SERVERS, 1, {"data_dir is missing"}},
	    {HEAD, 1, {"servers is missing", "a list", "election_port"}},
	    {HEAD "\nservers = ( );\n", 5, {"no participant"}},
	    {HEAD "servers = (\n{ } );\n", 5, {"id is missing in this entry", "id = 1;"}},
	    {HEAD "servers = (\n" ONE
	          "},\n{ host = \"b\"; quorum_port = 1;\n election_port = 2; } );\n",
	     6,
	     {"id is missing in this entry"}},
	    {HEAD "servers = ( { id = 1; quorum_port = 1; election_port = 2; } );\n",
	     4,
	     {"host is missing", "host = \"10.0.0.1\";"}},
	    {HEAD "servers = ( { id = 1; host = \"a\"; election_port = 2; } );\n",
	     4,
	     {"quorum_port is missing", "quorum_port = 2888;"}},
	    {HEAD "servers = ( { id = 1; host = \"a\"; quorum_port = 2; } );\n",
	     4,
	     {"election_port is missing", "election_port = 3888;"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

#define S(id, host, rest) "{ id = " id "; host = \"" host "\";\n" rest " }"
#define P                 "quorum_port = 1; election_port = 2;"
#define LIST(entries)     HEAD "servers = (\n" entries " );\n"

static void
servers(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"id = 1;\nid = 2;\n", 2, {"duplicate setting name", "once"}},
	    {"id = 4;\n" DIRS SERVERS, 1, {"id 4 is not in servers", "add this server"}},
	    {"id = 4; version = 1;\n" DIRS SERVERS, 1, {"id 4 is not in servers"}},
	    {LIST(ONE "},\n" TWO "},\n{ host = \"c\"; " P "\nid = 1; }"),
	     8,
	     {"id = 1", "earlier"}},
	    {LIST(S("1", "a", "quorum_port = 7;\n election_port = 7;")),
	     7,
	     {"both 7", "two ports"}},
	    {LIST(S("1", "a", P) ",\n" S("2", "a",
	                                 "quorum_port = 1;\nelection_port = 3;")),
	     8,
	     {"server 1 has port 1 of host a", "another quorum_port for server 2"}},
	    {LIST(S("1", "a", P) ",\n" S("2", "a",
	                                 "quorum_port = 2;\nelection_port = 3;")),
	     8,
	     {"port 2 of host a"}},
	    {LIST(S("1", "a", P) ",\n" S("2", "a",
	                                 "quorum_port = 3;\nelection_port = 2;")),
	     9,
	     {"port 2 of host a", "another election_port"}},
	    {LIST(S("1", "a", P) ",\n" S("2", "a",
	                                 "quorum_port = 3;\nelection_port = 1;")),
	     9,
	     {"port 1 of host a"}},
	    {LIST(S("1", "x|Aa|y", P) ",\n" S("2", "z|aA", P)),
	     8,
	     {"port 1 of host z|aA"}},
	    {LIST(S("1", "[::1]", P) ",\n" S("2", "0:0::1", P)),
	     8,
	     {"port 1 of host 0:0::1"}},
	    {LIST(S("1", "a", P) ",\n" S("2", "0.0.0.0", P)),
	     7,
	     {"0.0.0.0", "write its address"}},
	    {LIST(S("1", "a", P) ",\n" S("2", "b|::", P)),
	     7,
	     {"b|::", "write its address"}},
	    {LIST(ONE "role = \"observer\"; }"), 4, {"no participant"}},
	    {LIST(ONE "},\n" TWO "role = \"observer\"; }"),
	     4,
	     {"only one participant", "two"}},
	};
	static const char *const good[] = {
	    LIST(S("1", "a", P) "," S("2", "a", "quorum_port = 3; election_port = 4;")),
	    LIST(S("1", "a|b", P) "," S("2", "c|d", P)),
	    LIST(S("1", "a", P) "," S("2", "b", P) "," S("3", "c",
	                                                 P " role = \"observer\";")),
	    LIST(S("1", "0.0.0.0", P) "," S("2", "b", P)),
	    LIST(S("1", "::", P) "," S("2", "b", P)),
	    LIST(ONE "}"),
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		conf_kit_good(good[i]);
}

/* A server that is attached is an observer. */
static void
attached_voter(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"attach = \"zookeeper\";\n" LIST(ONE "},\n" TWO "},\n" THREE
	                                          "role = \"observer\"; }"),
	     6,
	     {"server 1, this one, is a participant", "could not lead",
	      "role = \"observer\"; in its entry", "attach"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

static void
number_of_servers(void **state)
{
	static char text[8192];
	struct conf_kit_case c = {text, 36 + 1, {"33 servers", "at most 32"}};
	size_t len;

	(void)state;
	for (unsigned count = CONF_SERVERS_MAX; count <= CONF_SERVERS_MAX + 1; count++) {
		len = (size_t)snprintf(text, sizeof(text), HEAD "servers = (\n");
		for (unsigned i = 1; i <= count; i++)
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			                        "{ id = %u; host = \"h%u\"; %s }%s\n", i,
			                        i, P, i < count ? "," : ");");
		if (count == CONF_SERVERS_MAX) {
			conf_kit_good(text);
			assert_int_equal(conf_got.server_count, CONF_SERVERS_MAX);
		} else {
			conf_kit_all_refused(&c, 1);
		}
	}
}

#define G(one, two, three)                                                               \
	HEAD "servers = (\n" ONE "\n" one "},\n" TWO "\n" two "},\n" THREE "\n" three    \
	     "} );\n"

static void
groups_and_weights(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {G("weight = 2;", "", ""), 6, {"weight = 2 of server 1", "group = 1;"}},
	    {G("", "weight = 0;", ""), 8, {"weight = 0 of server 2", "group = 1;"}},
	    {G("group = 1;", "group = 1;", ""),
	     9,
	     {"server 3 has no group", "each participant"}},
	    {G("", "group = 1;", "group = 1;"), 5, {"server 1 has no group"}},
	    {G("group = 1;", "group = 2;", "group = 2; role = \"observer\";"),
	     10,
	     {"server 3 is an observer", "leave its group out"}},
	    {G("group = 1;", "group = 2;", "weight = 2; role = \"observer\";"),
	     10,
	     {"server 3 is an observer", "leave its weight out"}},
	    {G("", "", "weight = 0; role = \"observer\";"), 10, {"leave its weight out"}},
	    {G("group = 1; weight = 0;", "group = 2;", "group = 1; weight = 0;"),
	     6,
	     {"group 1 have weight 0", "never be won"}},
	    {G("group = 1;", "group = 2;", "group = 7; weight = 0;"),
	     10,
	     {"group 7 have weight 0"}},
	    {G("", "priority = 1;", "priority = 1; role = \"observer\";"),
	     10,
	     {"server 3 is an observer", "leave its priority out"}},
	    {G("priority = 1000001;", "", ""), 6, {"priority", "1000000"}},
	    {G("", "", "") "lease_ms = 9;\n",
	     11,
	     {"lease_ms = 9", "write 10 or more", "300 ms"}},
	    {G("", "", "") "lease_max_ms = 400;\nlease_ms = 401;\n",
	     12,
	     {"lease_ms = 401 is above lease_max_ms = 400"}},
	    {G("group = 0; weight = 0;", "group = 0; weight = 0;",
	       "group = 0; weight = 0;"),
	     6,
	     {"group 0 have weight 0"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
	conf_kit_good(
	    G("group = 1; weight = 0;", "group = 1;", "group = 5; weight = 9;"));
	assert_true(conf_got.hierarchical);
	assert_int_equal(conf_got.self->weight, 0);
	conf_kit_good(G("weight = 1;", "", "role = \"observer\"; weight = 1;"));
	assert_false(conf_got.hierarchical);
	conf_kit_good(
	    G("group = 4611686018427387904L;", "group = 0;", "role = \"observer\";"));
	assert_true(conf_got.hierarchical);
	assert_false(conf_got.servers[2].has_group);
}

static void
least_and_most(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {GOOD "timing = {\nnotify_min_ms = 300; notify_max_ms = 299; };\n",
	     9,
	     {"notify_min_ms = 300 is above notify_max_ms = 299"}},
	    {GOOD "timing = {\nnotify_min_ms = 1001; };\n",
	     9,
	     {"notify_min_ms = 1001", "notify_max_ms = 1000 (the default)"}},
	    {GOOD "timing = {\n\nnotify_max_ms = 199; };\n",
	     10,
	     {"notify_min_ms = 200 (the default) is above notify_max_ms = 199"}},
	    {GOOD "links = {\nretry_max_ms = 4;\nretry_min_ms = 5; };\n",
	     10,
	     {"retry_min_ms = 5 is above retry_max_ms = 4",
	      "write a retry_min_ms of at most"}},
	    {GOOD "supervisor = {\nrestart_min_ms = 5001; };\n",
	     9,
	     {"restart_min_ms = 5001", "restart_max_ms = 5000 (the default)"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
	conf_kit_good(GOOD "timing = { notify_min_ms = 1000; };\n"
	                   "links = { retry_min_ms = 200; };\n"
	                   "supervisor = { restart_min_ms = 5000; };\n");
}

static void
id_file(void **state)
{
	static const struct {
		const char *holds;
		int64_t id; /* -1: refused */
	} files[] = {
	    {"1", 1},
	    {"2\n", 2},
	    {" \t3 \r\n\n", 3},
	    {"0003", 3},
	    {"", -1},
	    {"\n", -1},
	    {"one", -1},
	    {"1 2", -1},
	    {"1\n2\n", -1},
	    {"1x", -1},
	    {"-1", -1},
	    {"+1", -1},
	    {"0x1", -1},
	    {"4611686018427387905", -1},
	    {"99999999999999999999", -1},
	    {"1                                                                ", -1},
	};
	char text[1024], path[160];
	struct conf_kit_case c = {
	    text, 2, {"id_file", path, "write the id of this server into it"}};

	(void)state;
	snprintf(path, sizeof(path), "%s/id", conf_dir);
	snprintf(text, sizeof(text), "\nid_file = \"%s\";\n" DIRS SERVERS, path);
	c.words[3] = "cannot be read: No such file";
	conf_kit_all_refused(&c, 1);
	assert_int_equal(mkdir(path, 0700), 0);
	c.words[3] = "cannot be read: Is a directory";
	conf_kit_all_refused(&c, 1);
	assert_int_equal(rmdir(path), 0);
	c.words[3] = "does not hold one number";
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		conf_kit_write("id", files[i].holds);
		if (files[i].id < 0) {
			conf_kit_all_refused(&c, 1);
			continue;
		}
		conf_kit_good(text);
		assert_int_equal(conf_got.id, files[i].id);
		assert_ptr_equal(conf_got.self, &conf_got.servers[files[i].id - 1]);
	}
	conf_kit_write_bytes("id", "1\0", 2);
	conf_kit_all_refused(&c, 1);
	conf_kit_write("id", "4");
	c = (struct conf_kit_case){text, 2, {"id 4 is not in servers"}};
	conf_kit_all_refused(&c, 1);
	snprintf(text, sizeof(text), "id = 1;\nid_file = \"%s\";\n" DIRS SERVERS, path);
	c = (struct conf_kit_case){text, 2, {"both given", "write one of them"}};
	conf_kit_all_refused(&c, 1);
	snprintf(text, sizeof(text), "id_file = \"%s\";\n\n\nid = 1;\n" DIRS SERVERS,
	         path);
	c.line = 4;
	conf_kit_all_refused(&c, 1);
}

/* The text that notifications carry is what ZooKeeper's QuorumVerifier.toString gives. */
static void
zookeepers_text(void **state)
{
	static const struct {
		const char *conf, *text;
	} cases[] = {
	    {HEAD "servers = ( " ONE "} );\n", "server.1=a:1:2:participant\nversion=1"},
	    {GOOD, "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	           "server.3=c:1:2:participant\nversion=1"},
	    {LIST(S("3", "c", P " role = \"observer\";") "," S("2", "b",
	                                                       P) "," S("1", "a", P)),
	     "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	     "server.3=c:1:2:observer\nversion=1"},
	    {LIST(S("1", "b|[::1]|a", P) "," S("2", "fe80::a", P)),
	     "server.1=[0:0:0:0:0:0:0:1]:1:2|a:1:2|b:1:2:participant\n"
	     "server.2=[fe80:0:0:0:0:0:0:a]:1:2:participant\nversion=1"},
	    {LIST(S("1", "::ffff:10.0.0.1", P) "," S("2", "B.Example.", P)),
	     "server.1=10.0.0.1:1:2:participant\nserver.2=B.Example.:1:2:"
	     "participant\nversion=1"},
	    {G("group = 2; weight = 0;", "group = 2; weight = 3;", "group = 1;"),
	     "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	     "server.3=c:1:2:participant\ngroup.1=3\ngroup.2=1:2\n"
	     "weight.1=0\nweight.2=3\nweight.3=1\nversion=1"},
	    {G("group = 1;", "group = 1;", "role = \"observer\";"),
	     "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	     "server.3=c:1:2:observer\ngroup.1=1:2\nweight.1=1\nweight.2=1\nversion=1"},
	    {"version = 2147483647;\n" GOOD,
	     "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	     "server.3=c:1:2:participant\nversion=7fffffff"},
	    /* members change only where epochs are promised */
	    {"zab = false;\n" HEAD "servers = ( " ONE "} );\n",
	     "server.1=a:1:2:participant\nversion=0"},
	    /* the ensemble that we are attached to need not know us */
	    {"attach = \"zookeeper\";\n" LIST(S("3", "c", P) "," S(
		 "1", "a", P " role = \"observer\";") "," S("2", "b", P)),
	     "server.2=b:1:2:participant\nserver.3=c:1:2:participant\nversion=0"},
	};
	static struct qconfig q;
	struct quorum quorum;
	char text[QCONFIG_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len;
		int64_t all[CONF_SERVERS_MAX];

		conf_kit_good(cases[i].conf);
		len = conf_qconfig(&conf_got, text, sizeof(text), &q);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(len, strlen(text));
		assert_int_equal(qconfig_parse(text, len, true, &q), QCONFIG_OK);
		for (unsigned k = 0; k < conf_got.server_count; k++) {
			all[k] = conf_got.servers[k].id;
			assert_int_equal(oracle_is_voter(&q, all[k]),
			                 conf_is_voter(&conf_got, all[k]));
		}
		assert_int_equal(quorum_init(&quorum, &q), 0);
		assert_true(quorum_has(&quorum, all, conf_got.server_count));
		assert_int_equal(conf_qconfig(&conf_got, text, len, &q), 0);
		assert_int_equal(conf_qconfig(&conf_got, text, len + 1, &q), len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(missing),           cmocka_unit_test(servers),
	    cmocka_unit_test(number_of_servers), cmocka_unit_test(groups_and_weights),
	    cmocka_unit_test(least_and_most),    cmocka_unit_test(id_file),
	    cmocka_unit_test(zookeepers_text),   cmocka_unit_test(attached_voter),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
