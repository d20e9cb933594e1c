/* config/: correct files, their canonical form, and the difference between two. */
#include "base/log.h"
#include "config/conf_key.h"
#include "tests/unit/conf_kit.h"
#include "wire/qconfig.h"

/* A value for each key, in the canonical order. make_everything adds the keys that are
 * missing here. */
static const char by_hand[] =
    "id = 2;\n"
    "run_dir = \"/run/x\";\n"
    "data_dir = \"/var/x \\\"quoted\\\" \\\\back\";\n"
    "program_dir = \"/opt/x\";\n"
    "servers = (\n"
    "	{ id = 5000000000L; host = \"a|::1\"; quorum_port = 1; election_port = 65535; "
    "role = \"participant\"; weight = 3; group = 7; },\n"
    "	{ id = 2; host = \"10.0.0.2\"; quorum_port = 2888; election_port = 3888; role = "
    "\"participant\"; weight = 0; group = 7; },\n"
    "	{ id = 0; host = \"c\"; quorum_port = 2888; election_port = 3888; role = "
    "\"observer\"; weight = 1; }\n"
    ");\n"
    "timing = {\n"
    "	tick_ms = 11;\n	init_limit = 12;\n"
    "	sync_limit = 13;\n"
    "	finalize_ms = 14;\n"
    "	notify_min_ms = 15;\n"
    "	notify_max_ms = 16;\n"
    "};\n"
    "links = {\n"
    "	connect_ms = 21;\n"
    "	handshake_ms = 22;\n"
    "	handshakes_max = 23;\n"
    "	retry_min_ms = 24;\n"
    "	retry_max_ms = 25;\n"
    "	keepalive_ms = 2600;\n"
    "	user_timeout_ms = 270;\n"
    "	strangers_max = 28;\n"
    "};\n"
    "tls = {\n"
    "};\n"
    "supervisor = {\n"
    "	watchdog_ms = 310;\n"
    "	abort_ms = 32;\n"
    "	ready_ms = 330;\n"
    "	stop_ms = 34;\n"
    "	hold_stop_ms = 340;\n"
    "	restart_min_ms = 35;\n"
    "	restart_max_ms = 36;\n"
    "	restart_reset_ms = 37;\n"
    "	probation_ms = 380;\n"
    "	memory_mb = 138;\n"
    "};\n"
    "ipc = \"seqpacket\";\n"
    "attach = \"none\";\n"
    "zab = true;\n"
    "early_finalize = false;\n"
    "rights = \"off\";\n"
    "lease = \"always\";\n"
    "lease_ms = 41;\n"
    "lease_max_ms = 42;\n"
    "resume_ms = 43;\n"
    "drift_percent = 14;\n"
    "log_level = \"debug\";\n";

static char everything[CONF_PRINT_MAX], printed[CONF_PRINT_MAX];

/* A value of a key that is not its default. */
static void
other_value(const struct conf_key *k, char out[64])
{
	switch (k->kind) {
	case CONF_INTEGER:
		snprintf(out, 64, "%lld",
		         (long long)(k->standard == k->min ? k->max : k->min));
		break;
	case CONF_TRUTH:
		strcpy(out, k->standard ? "false" : "true");
		break;
	case CONF_WORD:
		snprintf(out, 64, "\"%s\"",
		         k->words[k->words[0].value == k->standard].text);
		break;
	case CONF_PATH:
		strcpy(out, "\"/else/where\"");
		break;
	case CONF_IPC_PATH:
		strcpy(out, "\"ipc:///else/where\"");
		break;
	case CONF_NAME:
		strcpy(out, "\"daemon\""); /* every Debian has it */
		break;
	case CONF_HOSTS:
	case CONF_GROUP:
	case CONF_LIST:
	default:
		fail_msg("%s has no single value", k->path);
	}
}

/* Adds a line for each key of the table that by_hand does not give, so that a key can be
 * added without a change here. */
static int
make_everything(void **state)
{
	const char *rest = by_hand;
	char line[128], value[64];

	for (const struct conf_key *k = conf_keys; k->path; k++) {
		const char *tab = strchr(k->path, '.') ? "\t" : "", *at, *end;

		if (conf_key_is_in(k, "servers") || k->change == CONF_INDIRECT)
			continue;
		snprintf(line, sizeof(line), "\n%s%s = ", tab, conf_key_name(k));
		at = strstr(by_hand, line);
		if (!at && strncmp(by_hand, line + 1, strlen(line + 1)) != 0) {
			other_value(k, value);
			sprintf(everything + strlen(everything), "%s%s;\n", line + 1,
			        value);
			continue;
		}
		/* up to the end of this key's line, or of the list before the next key */
		end = k->kind == CONF_LIST ? strstr(rest, "\n);\n") + 5
		                           : strchr(at ? at + 1 : rest, '\n') + 1;
		strncat(everything, rest, (size_t)(end - rest));
		rest = end;
	}
	strcat(everything, rest);
	return conf_kit_setup(state);
}

static void
every_key(void **state)
{
	const struct conf *c = &conf_got;
	const struct conf_server *s = c->servers;

	(void)state;
	conf_kit_good(everything);
	assert_int_equal(c->id, 2);
	assert_string_equal(c->run_dir, "/run/x");
	assert_string_equal(c->data_dir, "/var/x \"quoted\" \\back");
	assert_string_equal(c->program_dir, "/opt/x");
	assert_int_equal(c->server_count, 3);
	assert_ptr_equal(c->self, &s[1]);
	assert_true(c->hierarchical);
	assert_true(s[0].id == 5000000000 && s[1].id == 2 && s[2].id == 0);
	assert_string_equal(s[0].host, "a|::1");
	assert_true(s[0].quorum_port == 1 && s[0].election_port == 65535);
	assert_true(!s[0].observer && !s[1].observer && s[2].observer);
	assert_true(s[0].weight == 3 && s[1].weight == 0 && s[2].weight == 1);
	assert_true(s[0].has_group && s[1].has_group && !s[2].has_group);
	assert_true(s[0].group == 7 && s[1].group == 7);
	assert_true(c->timing.tick_ms == 11 && c->timing.init_limit == 12);
	assert_true(c->timing.sync_limit == 13 && c->timing.finalize_ms == 14);
	assert_true(c->timing.notify_min_ms == 15 && c->timing.notify_max_ms == 16);
	assert_true(c->links.connect_ms == 21 && c->links.handshake_ms == 22);
	assert_true(c->links.handshakes_max == 23 && c->links.retry_min_ms == 24);
	assert_true(c->links.retry_max_ms == 25 && c->links.keepalive_ms == 2600);
	assert_true(c->links.user_timeout_ms == 270 && c->links.strangers_max == 28);
	assert_true(c->supervisor.watchdog_ms == 310 && c->supervisor.abort_ms == 32);
	assert_true(c->supervisor.ready_ms == 330 && c->supervisor.stop_ms == 34);
	assert_int_equal(c->supervisor.hold_stop_ms, 340);
	assert_true(c->supervisor.restart_min_ms == 35);
	assert_true(c->supervisor.restart_max_ms == 36);
	assert_true(c->supervisor.restart_reset_ms == 37);
	assert_true(c->supervisor.probation_ms == 380);
	assert_true(c->supervisor.memory_mb == 138);
	assert_int_equal(c->ipc, CONF_IPC_SEQPACKET);
	assert_false(c->attach);
	assert_true(c->zab);
	assert_false(c->early_finalize);
	assert_false(c->rights);
	assert_int_equal(c->lease, CONF_LEASE_ALWAYS);
	assert_true(c->lease_ms == 41 && c->lease_max_ms == 42 && c->resume_ms == 43);
	assert_int_equal(c->drift_percent, 14);
	assert_int_equal(c->log_level, LOG_LEVEL_DEBUG);
}

static void
defaults(void **state)
{
	const struct conf *c = &conf_got;

	(void)state;
	conf_kit_good(GOOD "timing = { }; links = { }; supervisor = { };\n");
	assert_string_equal(c->program_dir, "");
	assert_string_equal(c->control_group, "");
	assert_string_equal(c->hold_group, "");
	assert_string_equal(c->events, "");
	assert_int_equal(c->lease, CONF_LEASE_AUTO);
	assert_true(c->lease_ms == 0 && c->lease_max_ms == 60000);
	assert_true(c->resume_ms == 150 && c->drift_percent == 10);
	assert_int_equal(c->version, 1);
	assert_false(c->hierarchical);
	assert_true(!c->self->observer && c->self->weight == 1 && !c->self->has_group);
	assert_true(c->timing.tick_ms == 50 && c->timing.init_limit == 40);
	assert_true(c->timing.sync_limit == 6 && c->timing.finalize_ms == 200);
	assert_true(c->timing.notify_min_ms == 200 && c->timing.notify_max_ms == 1000);
	assert_true(c->links.connect_ms == 1000 && c->links.handshake_ms == 2000);
	assert_true(c->links.handshakes_max == 128 && c->links.retry_min_ms == 20);
	assert_true(c->links.retry_max_ms == 200 && c->links.keepalive_ms == 2000);
	assert_true(c->links.user_timeout_ms == 5000 && c->links.strangers_max == 64);
	assert_true(c->supervisor.watchdog_ms == 2000 && c->supervisor.abort_ms == 500);
	assert_true(c->supervisor.ready_ms == 5000 && c->supervisor.stop_ms == 2000);
	assert_int_equal(c->supervisor.hold_stop_ms, 15000);
	assert_true(c->supervisor.restart_min_ms == 50);
	assert_true(c->supervisor.restart_max_ms == 5000);
	assert_true(c->supervisor.restart_reset_ms == 10000);
	assert_true(c->supervisor.probation_ms == 30000);
	assert_true(c->supervisor.memory_mb == 128);
	assert_int_equal(c->ipc, CONF_IPC_NNG);
	assert_true(c->zab && c->early_finalize && c->rights);
	assert_int_equal(c->log_level, LOG_LEVEL_INFO);
	conf_kit_good(GOOD "early_finalize = true; zab = false;\n");
	assert_true(!c->zab && !c->early_finalize); /* nobody promises an epoch */
	conf_kit_good(HEAD "servers = ( " ONE "role = \"observer\"; }, " TWO "}, " THREE
	                   "} );\nattach = \"zookeeper\"; zab = true;\n");
	assert_true(c->attach && !c->zab && !c->early_finalize);
}

static void
words(void **state)
{
	static const struct {
		const char *word;
		int level;
	} levels[] = {
	    {"err", LOG_LEVEL_ERR},       {"warning", LOG_LEVEL_WARNING},
	    {"notice", LOG_LEVEL_NOTICE}, {"info", LOG_LEVEL_INFO},
	    {"debug", LOG_LEVEL_DEBUG},
	};
	char text[512], want[64];

	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		snprintf(text, sizeof(text), GOOD "log_level = \"%s\";", levels[i].word);
		conf_kit_good(text);
		assert_int_equal(conf_got.log_level, levels[i].level);
		assert_int_not_equal(
		    conf_print(&conf_got, true, printed, sizeof(printed)), 0);
		snprintf(want, sizeof(want), "log_level = \"%s\";\n", levels[i].word);
		assert_non_null(strstr(printed, want));
	}
	conf_kit_good(GOOD "ipc = \"nng\";");
	assert_int_equal(conf_got.ipc, CONF_IPC_NNG);
}

/* The canonical form of each text loads to the same configuration, and is its own
 * canonical form. */
static void
canonical(void **state)
{
	static const char *const texts[] = {
	    everything,
	    GOOD,
	    GOOD "zab = false;\n",
	    GOOD "version = 2147483647;\n",
	    "id = 4; version = 2;\n" DIRS SERVERS,
	    HEAD "servers = ( " ONE "role = \"observer\"; }, " TWO "}, " THREE
		 "} );\nattach = \"zookeeper\";\n",
	    GOOD "program_dir = \"/\";\nlog_level = \"err\";\n",
	    HEAD "servers = ( " ONE "} );\n",
	    HEAD "servers = ( " ONE "group = 0; } );\n",
	    HEAD "servers = ( " ONE
		 "group = 4611686018427387904L; weight = 1000000; } );\n",
	    "id = 4611686018427387904L;\n" DIRS
	    "servers = ( { id = 4611686018427387904L; host = \"[fe80::1]|B\"; "
	    "quorum_port = 65535; election_port = 1; } );\n",
	    "id = 2147483648L;\n" DIRS "servers = ( { id = 2147483648L; host = \"a\"; "
	    "quorum_port = 1; election_port = 2; } );\n",
	    HEAD "servers = ( " THREE "},\n" ONE "},\n" TWO "role = \"observer\"; } );\n",
	    HEAD "servers = ( " ONE "weight = 1; },\n" TWO
		 "role = \"participant\"; } );\n",
	    GOOD "timing = { tick_ms = 60000; sync_limit = 2; };\n"
		 "supervisor = { restart_max_ms = 3600000; };\n",
	};
	static struct conf first;
	static char again[CONF_PRINT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len;

		conf_kit_good(texts[i]);
		first = conf_got;
		len = conf_print(&conf_got, true, printed, sizeof(printed));
		assert_int_equal(len, strlen(printed));
		conf_kit_good(printed);
		assert_string_equal(conf_difference(&first, &conf_got), "");
		assert_int_equal(first.log_level, conf_got.log_level);
		assert_ptr_equal(conf_got.self, conf_server(&conf_got, first.id));
		assert_int_equal(first.hierarchical, conf_got.hierarchical);
		assert_int_equal(conf_print(&conf_got, true, again, sizeof(again)), len);
		assert_string_equal(again, printed);
		assert_int_equal(conf_print(&conf_got, true, again, len), 0);
		assert_int_equal(conf_print(&conf_got, true, again, len + 1), len);
		/* without the defaults it loads to the same */
		assert_int_equal(conf_print(&conf_got, false, again, sizeof(again)) ==
		                     len,
		                 texts[i] == everything);
		conf_kit_good(again);
		conf_print(&conf_got, true, again, sizeof(again));
		assert_string_equal(again, printed);
	}
	/* a worker of another release need not know it */
	conf_kit_good(GOOD);
	conf_print(&conf_got, false, again, sizeof(again));
	assert_null(strstr(again, "version"));
	conf_kit_good(everything);
	conf_print(&conf_got, true, printed, sizeof(printed));
	assert_string_equal(printed, everything);
}

/* The canonical form of the longest configuration fits the bound. */
static void
longest(void **state)
{
	static char text[CONF_PRINT_MAX * 2], path[2 * CONF_PATH_MAX];
	static struct qconfig q;
	char host[CONF_HOST_MAX];
	size_t len;

	(void)state;
	strcpy(path, "/");
	while (strlen(path) < 2 * (CONF_PATH_MAX - 2) + 1)
		strcat(path, "\\\"");
	len = (size_t)snprintf(text, sizeof(text),
	                       "id = 4611686018427387873L;\n"
	                       "run_dir = \"/run/c\";\ndata_dir = \"%s\";\n"
	                       "program_dir = \"%s\";\nservers = (\n",
	                       path, path);
	for (unsigned i = 0; i < CONF_SERVERS_MAX; i++) {
		memset(host, 'a' + (int)(i % 26), sizeof(host));
		host[250] = host[501] = '|';
		host[0] = (char)('A' + i / 26);
		host[251] = host[502] = (char)('0' + i / 26);
		host[511] = '\0';
		len +=
		    (size_t)snprintf(text + len, sizeof(text) - len,
		                     "{ id = %lldL; host = \"%s\"; quorum_port = 65534; "
		                     "election_port = 65535; weight = 1000000; "
		                     "group = 4611686018427387904L; }%s\n",
		                     4611686018427387873LL + i, host,
		                     i + 1 < CONF_SERVERS_MAX ? "," : ");");
	}
	conf_kit_good(text);
	len = conf_print(&conf_got, true, printed, sizeof(printed));
	assert_true(len > 30000);
	conf_kit_good(printed);
	assert_true(conf_qconfig(&conf_got, text, 32768, &q) > 18000);
}

static void
look_ups(void **state)
{
	(void)state;
	conf_kit_good(everything);
	assert_ptr_equal(conf_server(&conf_got, 5000000000), &conf_got.servers[0]);
	assert_ptr_equal(conf_server(&conf_got, 0), &conf_got.servers[2]);
	assert_null(conf_server(&conf_got, 1));
	assert_null(conf_server(&conf_got, -1));
	assert_true(conf_is_voter(&conf_got, 5000000000));
	assert_true(conf_is_voter(&conf_got, 2)); /* weight 0 */
	assert_false(conf_is_voter(&conf_got, 0));
	assert_false(conf_is_voter(&conf_got, 1));
}

static const struct {
	const char *from, *to, *key;
} changes[] = {
    {"id = 2;\nrun", "id = 0;\nrun", "id"},
    {"/run/x", "/run/y", "run_dir"},
    {"/var/x", "/var/y", "data_dir"},
    {"/opt/x", "/opt/y", "program_dir"},
    {"10.0.0.2", "10.0.0.3", ""},
    {"id = 0;", "id = 1;", ""},
    {"election_port = 65535", "election_port = 65534", ""},
    {"quorum_port = 1;", "quorum_port = 2;", ""},
    {"weight = 3", "weight = 4", ""},
    {"weight = 0; group = 7", "weight = 0; group = 7L", ""},
    {"weight = 0; group = 7; }", "weight = 1; group = 8; }", ""},
    {"role = \"observer\"; weight = 1;", "weight = 1; group = 7;", ""},
    {"tick_ms = 11", "tick_ms = 12", "timing.tick_ms"},
    {"init_limit = 12", "init_limit = 1", "timing.init_limit"},
    {"sync_limit = 13", "sync_limit = 2", "timing.sync_limit"},
    {"finalize_ms = 14", "finalize_ms = 2", "timing.finalize_ms"},
    {"notify_min_ms = 15", "notify_min_ms = 2", "timing.notify_min_ms"},
    {"notify_max_ms = 16", "notify_max_ms = 17", "timing.notify_max_ms"},
    {"connect_ms = 21", "connect_ms = 20", "links.connect_ms"},
    {"handshake_ms = 22", "handshake_ms = 20", "links.handshake_ms"},
    {"handshakes_max = 23", "handshakes_max = 20", "links.handshakes_max"},
    {"retry_min_ms = 24", "retry_min_ms = 20", "links.retry_min_ms"},
    {"retry_max_ms = 25", "retry_max_ms = 26", "links.retry_max_ms"},
    {"keepalive_ms = 2600", "keepalive_ms = 2601", "links.keepalive_ms"},
    {"user_timeout_ms = 270", "user_timeout_ms = 271", "links.user_timeout_ms"},
    {"strangers_max = 28", "strangers_max = 29", "links.strangers_max"},
    {"watchdog_ms = 310", "watchdog_ms = 311", "supervisor.watchdog_ms"},
    {"abort_ms = 32", "abort_ms = 33", "supervisor.abort_ms"},
    {"ready_ms = 330", "ready_ms = 331", "supervisor.ready_ms"},
    {"	stop_ms = 34", "	stop_ms = 35", "supervisor.stop_ms"},
    {"hold_stop_ms = 340", "hold_stop_ms = 350", "supervisor.hold_stop_ms"},
    {"restart_min_ms = 35", "restart_min_ms = 1", "supervisor.restart_min_ms"},
    {"restart_max_ms = 36", "restart_max_ms = 37", "supervisor.restart_max_ms"},
    {"restart_reset_ms = 37", "restart_reset_ms = 1", "supervisor.restart_reset_ms"},
    {"probation_ms = 380", "probation_ms = 381", "supervisor.probation_ms"},
    {"memory_mb = 138", "memory_mb = 0", "supervisor.memory_mb"},
    {"seqpacket", "nng", "ipc"},
    {"early_finalize = false", "early_finalize = true", "early_finalize"},
    {"rights = \"off\"", "rights = \"on\"", "rights"},
    {"debug", "info", ""},
};

/* A server that is attached is an observer, so no single change of the text above turns
 * `attach` on. */
static void
difference_of_attach(void **state)
{
	static const char entries[] =
	    HEAD "servers = ( " ONE "role = \"observer\"; }, " TWO "}, " THREE
		 "} ); zab = false;\n";
	static struct conf running;
	char text[1024];

	(void)state;
	conf_kit_good(entries);
	running = conf_got;
	snprintf(text, sizeof(text), "%sattach = \"zookeeper\";\n", entries);
	conf_kit_good(text);
	assert_string_equal(conf_difference(&running, &conf_got), "attach");
}

/* The difference of a key names the key; what a reload takes over names nothing. */
static void
differences(void **state)
{
	static struct conf running;
	char text[4096];

	(void)state;
	conf_kit_good(everything);
	running = conf_got;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *at = strstr(everything, changes[i].from);

		assert_non_null(at);
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - everything),
		         everything, changes[i].to, at + strlen(changes[i].from));
		conf_kit_good(text);
		assert_string_equal(conf_difference(&running, &conf_got), changes[i].key);
		assert_string_equal(conf_difference(&conf_got, &running), changes[i].key);
	}
	conf_kit_good(GOOD "log_level = \"err\";");
	running = conf_got;
	conf_kit_good("version = 2;\n" HEAD "servers = ( " ONE "},\n" TWO "} );\n");
	assert_string_equal(conf_difference(&running, &conf_got), "");
	conf_kit_good(GOOD
	              "zab = false; early_finalize = false;"); /* not with a version */
	assert_string_equal(conf_difference(&running, &conf_got), "zab");
}

/* The installed sample loads, and sets nothing to another value than its default. */
static void
sample(void **state)
{
	static struct conf written;
	struct conf_error error = {""};

	(void)state;
	if (conf_load("etc/conclave.conf", &written, &error) != 0)
		fail_msg("%s", error.text);
	conf_kit_good(
	    "id = 1; run_dir = \"/run/conclave\"; data_dir = \"/var/lib/conclave\";\n"
	    "servers = (\n"
	    "{ id = 1; host = \"10.0.0.1\"; quorum_port = 2888; election_port = 3888; "
	    "},\n"
	    "{ id = 2; host = \"10.0.0.2\"; quorum_port = 2888; election_port = 3888; "
	    "},\n"
	    "{ id = 3; host = \"10.0.0.3\"; quorum_port = 2888; election_port = 3888; } "
	    ");\n");
	assert_string_equal(conf_difference(&written, &conf_got), "");
	assert_int_equal(written.log_level, conf_got.log_level);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key),
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(words),
	    cmocka_unit_test(canonical),
	    cmocka_unit_test(longest),
	    cmocka_unit_test(look_ups),
	    cmocka_unit_test(difference_of_attach),
	    cmocka_unit_test(differences),
	    cmocka_unit_test(sample),
	};

	return cmocka_run_group_tests(tests, make_everything, conf_kit_teardown);
}
