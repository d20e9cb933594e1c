/* config/: errors of a single key. The message names the line, and says what to write
 * instead. */
#include "tests/unit/conf_kit.h"

#include <time.h>

static void
unknown_keys(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {GOOD "nonsense = 1;\n",
	     8,
	     {"unknown key nonsense", "write one of id, id_file"}},
	    {GOOD "nonsense = { a = 1; };\n", 8, {"unknown key nonsense"}},
	    {GOOD "log_levle = \"info\";\n",
	     8,
	     {"unknown key log_levle", "write log_level"}},
	    {GOOD "server = 1;\n", 8, {"write servers"}},
	    {GOOD "Zab = true;\n", 8, {"write zab"}},
	    {"idd = 1;\n" DIRS SERVERS, 1, {"unknown key idd", "write id"}},
	    {GOOD "tick_ms = 50;\n", 8, {"unknown key tick_ms", "within timing"}},
	    {GOOD "priority_of_all_servers_here = 50;\n",
	     8,
	     {"write one of", "log_level"}},
	    {GOOD "timing = {\n tick = 50; };\n",
	     9,
	     {"tick in timing", "write one of tick_ms"}},
	    {GOOD "timing = { tik_ms = 50; };\n",
	     8,
	     {"tik_ms in timing", "write tick_ms"}},
	    {GOOD "timing = { tickms = 50; };\n", 8, {"write tick_ms"}},
	    {GOOD "timing = { itnit_limit = 50; };\n", 8, {"write init_limit"}},
	    {GOOD "timing = { retry_min_ms = 50; };\n", 8, {"in timing", "within links"}},
	    {GOOD "timing = { zab = true; };\n",
	     8,
	     {"zab in timing", "outside of all groups"}},
	    {GOOD "links = { strangers = 1; };\n", 8, {"in links", "strangers_max"}},
	    {GOOD "supervisor = { watchdog = 1; };\n",
	     8,
	     {"in supervisor", "watchdog_ms"}},
	    {HEAD "servers = (\n" ONE "\nrank = 1; } );\n",
	     6,
	     {"rank in servers", "weight"}},
	    {HEAD "servers = ( " ONE "hots = \"b\"; } );\n",
	     4,
	     {"hots in servers", "write host"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

static const struct conf_kit_case types[] = {
    {"id = \"one\";\n" DIRS SERVERS, 1, {"id is a string", "an integer", "id = 1;"}},
    {"id = 1.5;\n" DIRS SERVERS, 1, {"id is a number with a fraction", "an integer"}},
    {"id = true;\n" DIRS SERVERS, 1, {"id is true or false", "an integer"}},
    {"id = [ 1 ];\n" DIRS SERVERS, 1, {"id is an array", "an integer"}},
    {"id = ( 1 );\n" DIRS SERVERS, 1, {"id is a list", "an integer"}},
    {"id = { };\n" DIRS SERVERS, 1, {"id is a group", "an integer"}},
    {"id_file = 1;\n" DIRS SERVERS, 1, {"id_file is an integer", "a string"}},
    {"run_dir = 5;\n", 1, {"run_dir is an integer", "\"/run/conclave\""}},
    {"id=1;data_dir = true;\n", 1, {"data_dir is true or false", "/var/lib/conclave"}},
    {GOOD "program_dir = 7L;\n", 8, {"program_dir is an integer", "a string"}},
    {GOOD "timing = 1;\n", 8, {"timing is an integer", "a group", "tick_ms = 50;"}},
    {GOOD "links = { strangers_max = true; };\n", 8, {"strangers_max = 64;"}},
    {GOOD "supervisor = { memory_mb = { a = 1; }; };\n",
     8,
     {"memory_mb is a group", "memory_mb = 128;"}},
    {GOOD "ipc = ( { a = 1; } );\n", 8, {"ipc is a group", "\"nng\""}},
    {GOOD "links = ( );\n", 8, {"links is a list", "a group"}},
    {GOOD "supervisor = \"\";\n", 8, {"supervisor is a string", "a group"}},
    {GOOD "timing = {\n tick_ms = \"50\"; };\n",
     9,
     {"tick_ms is a string", "tick_ms = 50;"}},
    {GOOD "links = {\n retry_max_ms = 2.0; };\n", 9, {"retry_max_ms", "an integer"}},
    {GOOD "ipc = 1;\n", 8, {"ipc is an integer", "\"nng\", \"seqpacket\""}},
    {GOOD "attach = true;\n", 8, {"attach is true or false", "\"zookeeper\""}},
    {GOOD "rights = true;\n", 8, {"rights is true or false", "\"on\""}},
    {GOOD "log_level = 6;\n", 8, {"log_level is an integer", "\"debug\""}},
    {GOOD "control_group = 4;\n", 8, {"control_group is an integer", "\"adm\""}},
    {GOOD "zab = 1;\n", 8, {"zab is an integer", "true or false"}},
    {GOOD "zab = \"true\";\n", 8, {"zab is a string", "true or false"}},
    {GOOD "early_finalize = 0;\n", 8, {"early_finalize is an integer", "true or false"}},
    {HEAD "servers = 3;\n", 4, {"servers is an integer", "a list in parentheses"}},
    {HEAD "servers = { a = 1; };\n", 4, {"servers is a group", "a list"}},
    {HEAD "servers = [ 1 ];\n", 4, {"servers is an array", "a list"}},
    {HEAD "servers = ( 3 );\n", 4, {"an entry of servers is an integer", "a group"}},
    {HEAD "servers = (\n" ONE "},\n ( ) );\n", 6, {"is a list", "a group"}},
    {HEAD "servers = ( { id = \"1\"; } );\n", 4, {"id is a string"}},
    {HEAD "servers = ( { host = 1; } );\n", 4, {"host is an integer", "\"10.0.0.1\""}},
    {HEAD "servers = ( { quorum_port = \"1\"; } );\n", 4, {"quorum_port is a string"}},
    {HEAD "servers = ( { election_port = 1.; } );\n",
     4,
     {"election_port is a number with"}},
    {HEAD "servers = ( { role = true; } );\n", 4, {"role is true", "\"observer\""}},
    {HEAD "servers = ( { weight = \"1\"; } );\n",
     4,
     {"weight is a string", "an integer"}},
    {HEAD "servers = ( { group = ( ); } );\n", 4, {"group is a list", "an integer"}},
};

/* Thousands of keys that are unknown cost no more than to read them, wherever they stand:
 * libconfig compares each with all before it. */
static void
a_million_bytes_of_unknown_keys(void **state)
{
	static const struct {
		const char *before, *said;
	} places[] = {
	    {"", "unknown key k000000; write one of id,"},
	    {GOOD "links = {", "unknown key k000000 in links"},
	    {GOOD "servers = ( {", "unknown key k000000 in servers"},
	    {GOOD "id = {", "id is a group"},
	    {GOOD "servers = ( { id = ( {", "id is a group"},
	    {GOOD "zab = ( {", "zab is a group"},
	};
	static char text[1 << 20];

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct conf_kit_case c = {text, 1, {places[i].said}};
		int used = snprintf(text, sizeof(text), "%s", places[i].before);
		clock_t began = clock();

		for (const char *at = text; *at; at++)
			c.line += *at == '\n';
		for (unsigned n = 0; used < (int)sizeof(text) - 20; n++)
			used += snprintf(text + used, sizeof(text) - (size_t)used,
			                 "k%06u=1;\n", n);
		conf_kit_all_refused(&c, 1);
		/* of this process: 50 ms here, and minutes if each were compared with all
		 */
		assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
	}
}

static void
wrong_types(void **state)
{

	(void)state;
	CONF_KIT_REFUSED(types);
}

static void
out_of_range(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {"id = -1;\n" DIRS SERVERS, 1, {"id = -1", "0 to 4611686018427387904"}},
	    {"id = 4611686018427387905L;\n" DIRS SERVERS,
	     1,
	     {"id = 4611686018427387905", "range"}},
	    {"id = 9223372036854775807L;\n" DIRS SERVERS,
	     1,
	     {"id = 9223372036854775807"}},
	    {HEAD "servers = ( { id = -2; } );\n", 4, {"id = -2"}},
	    {HEAD "servers = ( { quorum_port = 0; } );\n",
	     4,
	     {"quorum_port = 0", "1 to 65535"}},
	    {HEAD "servers = (\n{\nelection_port = 65536; } );\n",
	     6,
	     {"election_port = 65536", "65535"}},
	    {HEAD "servers = ( { quorum_port = -1; } );\n", 4, {"quorum_port = -1"}},
	    {HEAD "servers = ( { quorum_port = 4294967297L; } );\n",
	     4,
	     {"4294967297", "65535"}},
	    {HEAD "servers = ( { weight = -1; } );\n",
	     4,
	     {"weight = -1", "0 to 1000000"}},
	    {HEAD "servers = ( { weight = 1000001; } );\n", 4, {"weight = 1000001"}},
	    {HEAD "servers = ( { group = -1; } );\n", 4, {"group = -1", "0 to"}},
	    {HEAD "servers = ( { role = \"leader\"; } );\n",
	     4,
	     {"role = \"leader\"", "\"participant\""}},
	    {HEAD "servers = ( { role = \"Observer\"; } );\n",
	     4,
	     {"\"Observer\" is unknown"}},
	    {GOOD "ipc = \"tcp\";\n", 8, {"ipc = \"tcp\"", "\"nng\", \"seqpacket\""}},
	    {GOOD "rights = \"some\";\n", 8, {"rights = \"some\"", "\"off\", \"on\""}},
	    {GOOD "log_level = \"all\";\n",
	     8,
	     {"log_level = \"all\"", "\"err\", \"warning\", \"notice\""}},
	    {GOOD "timing = { tick_ms = 4294967296L; };\n",
	     8,
	     {"4294967296", "1 to 60000 ms"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

static const struct {
	const char *group, *name;
	uint32_t min, max, standard;
} ranges[] = {
    {"timing", "tick_ms", 1, 60000, 50},
    {"timing", "init_limit", 1, 10000, 40},
    {"timing", "sync_limit", 2, 10000, 6},
    {"timing", "finalize_ms", 1, 60000, 200},
    {"timing", "notify_min_ms", 1, 60000, 200},
    {"timing", "notify_max_ms", 1, 600000, 1000},
    {"links", "connect_ms", 10, 60000, 1000},
    {"links", "handshake_ms", 10, 60000, 2000},
    {"links", "handshakes_max", 4, 4096, 128},
    {"links", "retry_min_ms", 1, 60000, 20},
    {"links", "retry_max_ms", 1, 600000, 200},
    {"links", "keepalive_ms", 1000, 3600000, 2000},
    {"links", "user_timeout_ms", 100, 3600000, 5000},
    {"links", "strangers_max", 1, 4096, 64},
    {"supervisor", "watchdog_ms", 50, 3600000, 2000},
    {"supervisor", "abort_ms", 10, 600000, 500},
    {"supervisor", "ready_ms", 50, 3600000, 5000},
    {"supervisor", "stop_ms", 10, 600000, 2000},
    {"supervisor", "hold_stop_ms", 10, 600000, 15000},
    {"supervisor", "restart_min_ms", 1, 600000, 50},
    {"supervisor", "restart_max_ms", 1, 3600000, 5000},
    {"supervisor", "restart_reset_ms", 1, 3600000, 10000},
    {"supervisor", "probation_ms", 100, 3600000, 30000},
    {"supervisor", "memory_mb", 0, 1048576, 128},
};

/* Both ends of the range of a number are accepted; one below and one above are refused.
 */
static void
ranges_of_numbers(void **state)
{
	char text[1024], said[64], line[64], good[64], print[8192];

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const uint32_t values[] = {ranges[i].min - 1, ranges[i].max + 1,
		                           ranges[i].min, ranges[i].max};
		struct conf_kit_case c = {text, 8, {said, line, good}};
		char partner[64] = "";
		size_t len = strlen(ranges[i].name);

		for (unsigned v = ranges[i].min == 0; v < 4; v++) {
			/* the other end of the pair makes room for this value */
			if (len > 7 && strcmp(ranges[i].name + len - 7, "_min_ms") == 0)
				snprintf(partner, sizeof(partner),
				         "%.*s_max_ms = 600000;", (int)len - 7,
				         ranges[i].name);
			if (len > 7 && strcmp(ranges[i].name + len - 7, "_max_ms") == 0)
				snprintf(partner, sizeof(partner), "%.*s_min_ms = 1;",
				         (int)len - 7, ranges[i].name);
			/* nothing is too much for connmgr's memory */
			snprintf(text, sizeof(text), GOOD "%s = { %s = %u; %s }; %s\n",
			         ranges[i].group, ranges[i].name, values[v], partner,
			         strcmp(ranges[i].group, "links") == 0
			             ? "supervisor = { memory_mb = 0; };"
			             : "");
			snprintf(said, sizeof(said), "%s = %u is out of range",
			         ranges[i].name, values[v]);
			snprintf(line, sizeof(line), "%u to %u", ranges[i].min,
			         ranges[i].max);
			snprintf(good, sizeof(good), "write %u, the default,",
			         ranges[i].standard);
			if (v < 2) {
				conf_kit_all_refused(&c, 1);
				continue;
			}
			conf_kit_good(text);
			assert_int_not_equal(
			    conf_print(&conf_got, true, print, sizeof(print)), 0);
			snprintf(line, sizeof(line), "\t%s = %u;\n", ranges[i].name,
			         values[v]);
			assert_non_null(strstr(print, line));
		}
	}
}

#define LONG                                                                             \
	"/2345678901234567890123456789012345678901234567890123456789012345678901234567"  \
	"8901234567890123456789012345678"

static void
events(void **state)
{
	const struct conf_kit_case cases[] = {
	    {GOOD "events = \"/run/x\";\n",
	     8,
	     {"events", "ipc://", "ipc:///run/conclave"}},
	    {GOOD "events = \"ipc://x\";\n", 8, {"events", "from the root"}},
	    {GOOD "events = \"tcp://127.0.0.1:1\";\n", 8, {"events", "local socket"}},
	    {GOOD "events = \"ipc://" LONG "\";\n", 8, {"events is 108 bytes long"}},
	    {GOOD "events = \"ipc:///a\tb\";\n", 8, {"control character"}},
	    {GOOD "events = 1;\n", 8, {"events is an integer"}},
	};

	(void)state;
	conf_kit_all_refused(cases, sizeof(cases) / sizeof(cases[0]));
	conf_kit_good(GOOD "events = \"ipc:///a//\";\n");
	assert_string_equal(conf_got.events, "ipc:///a");
}

static void
leases(void **state)
{
	const struct conf_kit_case cases[] = {
	    {GOOD "hold_group = \"no-such-group\";\n",
	     8,
	     {"hold_group = \"no-such-group\" is no group", "groupadd no-such-group"}},
	    {GOOD "hold_group = \"nogroup\";\n",
	     8,
	     {"the group of strangers", "hold_group = \"postgres\""}},
	    {GOOD "lease = \"on\";\n", 8, {"lease", "\"auto\"", "\"always\"", "\"off\""}},
	    {GOOD "lease_ms = 600001;\n", 8, {"lease_ms", "range"}},
	    {GOOD "lease_ms = 60001;\n", 8, {"lease_ms", "lease_max_ms"}},
	    {GOOD "lease_max_ms = 0;\n", 8, {"lease_max_ms", "range"}},
	    {GOOD "resume_ms = 60001;\n", 8, {"resume_ms", "range"}},
	    {GOOD "drift_percent = 41;\n", 8, {"drift_percent", "range"}},
	};

	(void)state;
	conf_kit_all_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

#define A63       "/23456789012345678901234567890123456789012345678901234567890123"
#define RUN(path) "id = 1;\nrun_dir = \"" path "\";\ndata_dir = \"/var/c\";\n" SERVERS

static void
paths(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {RUN("relative"),
	     2,
	     {"run_dir = \"relative\"", "not absolute", "/run/conclave"}},
	    {RUN(""), 2, {"run_dir", "not absolute"}},
	    {RUN("./x"), 2, {"not absolute"}},
	    {RUN(A63 "4"), 2, {"run_dir is 64 bytes", "at most 63"}},
	    {RUN("/a\\nb"), 2, {"run_dir has a control character"}},
	    {RUN("/a\\x7f"), 2, {"run_dir has a control character"}},
	    {"data_dir = \"d\";\n",
	     1,
	     {"data_dir = \"d\"", "not absolute", "/var/lib/conclave"}},
	    {GOOD "program_dir = \"bin\";\n", 8, {"program_dir", "not absolute"}},
	    {GOOD "control_group = \"no-such-group\";\n",
	     8,
	     {"\"no-such-group\" is no group of /etc/group", "groupadd no-such-group"}},
	    {GOOD "control_group = \"nogroup\";\n",
	     8,
	     {"the group of strangers", "\"adm\""}},
	    {GOOD "\ncontrol_group = \"a b\";\n", 9, {"\"a b\" is no name", "letters"}},
	    {GOOD "control_group = \"a234567890123456789012345678901234\";\n",
	     8,
	     {"is no name", "at most 32"}},
	    {"id_file = \"id\";\n", 1, {"id_file", "not absolute", "/etc/conclave/id"}},
	    {"id = 1;\nrun_dir = \"/x\";\ndata_dir = \"/x//\";\n" SERVERS,
	     3,
	     {"same folder"}},
	    {"id = 1;\nrun_dir = \"/x\";\ndata_dir = \"/x/y\";\n" SERVERS,
	     3,
	     {"data_dir /x/y is within run_dir", "/var/lib/conclave"}},
	};
	char text[CONF_PATH_MAX + 512], path[CONF_PATH_MAX + 1];
	struct conf_kit_case longer = {
	    text, 8, {"program_dir is 4096 bytes", "at most 4095"}};

	(void)state;
	CONF_KIT_REFUSED(cases);
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[CONF_PATH_MAX] = '\0';
	snprintf(text, sizeof(text), GOOD "program_dir = \"%s\";\n", path);
	conf_kit_all_refused(&longer, 1);
	path[CONF_PATH_MAX - 1] = '\0';
	snprintf(text, sizeof(text), GOOD "program_dir = \"%s\";\n", path);
	conf_kit_good(text);
	assert_string_equal(conf_got.program_dir, path);
	conf_kit_good("id = 1; run_dir = \"/x\"; data_dir = \"/xy\";" SERVERS);
	conf_kit_good(RUN(A63));
	assert_string_equal(conf_got.run_dir, A63);
	conf_kit_good(RUN(A63 "///"));
	assert_string_equal(conf_got.run_dir, A63);
	conf_kit_good(RUN("/"));
	assert_string_equal(conf_got.run_dir, "/");
}

#define HOST(host)                                                                       \
	HEAD "servers = ( {\nhost = \"" host                                             \
	     "\"; id = 1; quorum_port = 1; election_port = 2; } );\n"
#define TEN  "0123456789"
#define L63  TEN TEN TEN TEN TEN TEN "abc"
#define H255 "a." L63 "." L63 "." L63 "." TEN TEN TEN TEN TEN TEN "a" /* 255 bytes */

static void
hosts(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {HOST(""), 5, {"host = \"\"", "empty"}},
	    {HOST("a|"), 5, {"host = \"a|\"", "empty"}},
	    {HOST("|a"), 5, {"empty"}},
	    {HOST("a||b"), 5, {"empty"}},
	    {HOST("a;b"), 5, {"a;b", "not of a name"}},
	    {HOST("a b"), 5, {"not of a name"}},
	    {HOST(" a"), 5, {"not of a name"}},
	    {HOST("a\\nb"), 5, {"host = \"a?b\"", "not of a name"}},
	    {HOST("a\\tb"), 5, {"not of a name"}},
	    {HOST("a\\\\b"), 5, {"not of a name"}},
	    {HOST("a=b"), 5, {"not of a name"}},
	    {HOST("b\xc3\xbc"), 5, {"not of a name"}},
	    {HOST("a:2888"), 5, {"no IPv6 address", "quorum_port"}},
	    {HOST("10.0.0.1:2888"), 5, {"no IPv6 address"}},
	    {HOST("fe80::1%eth0"), 5, {"no IPv6 address"}},
	    {HOST("::1::"), 5, {"no IPv6 address"}},
	    {HOST("[::1"), 5, {"no ]"}},
	    {HOST("["), 5, {"no ]"}},
	    {HOST("[]"), 5, {"no IPv6 address"}},
	    {HOST("[a]"), 5, {"no IPv6 address"}},
	    {HOST("[10.0.0.1]"), 5, {"no IPv6 address"}},
	    {HOST("[::1]:2888"), 5, {"without a port"}},
	    {HOST("1"), 5, {"no IPv4 address", "four numbers"}},
	    {HOST("10.1"), 5, {"no IPv4 address"}},
	    {HOST("10.0.0.256"), 5, {"no IPv4 address"}},
	    {HOST("010.0.0.1"), 5, {"no IPv4 address", "leading zeros"}},
	    {HOST("10.0.0.1."), 5, {"no IPv4 address"}},
	    {HOST("a|A"), 5, {"named twice"}},
	    {HOST("::1|b|0:0::1"), 5, {"named twice"}},
	    {HOST("[::ffff:10.0.0.1]|10.0.0.1"), 5, {"named twice"}},
	    {HOST("a|b|c|d|e|f|g|h|i"), 5, {"at most 8"}},
	    {HOST(H255), 5, {"longer than 253"}},
	    {HOST("a" L63 L63 L63 L63 "|a" L63 L63 L63 "|b" L63 "|cd"),
	     5,
	     {"too long together"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
	conf_kit_good(
	    HOST("a|B.example.|x-1_y|10.0.0.1|[::1]|fe80::2|[::FFFF:1.2.3.4]|0x1"));
	assert_string_equal(conf_got.servers[0].host,
	                    "a|B.example.|x-1_y|10.0.0.1|::1|fe80::2|::FFFF:1.2.3.4|0x1");
	conf_kit_good(HOST("0.0.0.0"));
	conf_kit_good(HOST("::"));
	conf_kit_good(HOST("a" L63 L63 L63 L63 "|a" L63 L63 L63 "|b" L63 "|c"));
	assert_int_equal(strlen(conf_got.servers[0].host), CONF_HOST_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unknown_keys),
	    cmocka_unit_test(wrong_types),
	    cmocka_unit_test(out_of_range),
	    cmocka_unit_test(ranges_of_numbers),
	    cmocka_unit_test(a_million_bytes_of_unknown_keys),
	    cmocka_unit_test(events),
	    cmocka_unit_test(leases),
	    cmocka_unit_test(paths),
	    cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
