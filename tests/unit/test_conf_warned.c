/* config/: what is allowed and seldom meant, and the group tls. */
#include "tests/unit/conf_kit.h"

#define LINE(n)                                                                          \
	"{ id = " #n "; host = \"h" #n "\"; quorum_port = 1; election_port = 2; },\n"
#define LAST "{ id = 9; host = \"h9\"; quorum_port = 1; election_port = 2; } );\n"
#define HOST(n, host)                                                                    \
	"{ id = " #n "; host = \"" host "\"; quorum_port = 1; election_port = 2; }"

#define PRIOR HEAD "servers = (\n" ONE "},\n" TWO "priority = 3; },\n" THREE "} );\n"

#define PSK "tls = { mode = \"psk\"; key_file = \"/etc/conclave/tls/group.key\"; };\n"

/* What is allowed and seldom meant: each text has one warning, or none (line 0). A text
 * that says nothing of tls gets a key, so that no group is warned of for being plain. */
static const struct conf_kit_case warned[] = {
    {GOOD, 0, {NULL}},
    {"id = 9;\n" DIRS "servers = (\n" LAST, 0, {NULL}},
    {"id = 9;\n" DIRS "servers = (\n" LINE(1) LAST,
     4,
     {"warning: 2 voters stand the loss of 0, no more than 1 do", "; add one"}},
    {"id = 9;\n" DIRS "servers = (\n" LINE(1) LINE(2) LINE(3) LAST,
     4,
     {"4 voters stand the loss of 1, no more than 3 do", "\"observer\""}},
    /* an observer is no voter; groups and ZooKeeper's servers are not judged */
    {HEAD "servers = (\n" ONE "},\n" TWO "},\n" THREE "role = \"observer\"; } );\n",
     4,
     {"2 voters"}},
    {HEAD "servers = (\n" ONE "group = 1; },\n" TWO "group = 1; } );\n", 0, {NULL}},
    {"id = 9;\nattach = \"zookeeper\";\n" DIRS "servers = (\n" LINE(1)
         LINE(2) "{ id = 9; host = \"x\"; quorum_port = 1; election_port = 2; role = "
                 "\"observer\"; } );\n",
     0,
     {NULL}},
    {HEAD "servers = (\n" HOST(1, "127.0.0.1") "," HOST(2, "127.0.0.2") ",\n" HOST(
	 3, "10.0.0.3") ");\n",
     5,
     {"warning: host = \"127.0.0.1\" of server 1, this one,", "server 3", "10.0.0.3",
      "; write the address"}},
    {HEAD
     "servers = (\n" HOST(1, "localhost|::1") ",\n" HOST(2, "b") "," HOST(3, "c") ");\n",
     5,
     {"server 1, this one,", "server 2"}},
    {HEAD "servers = (\n" HOST(1, "10.0.0.1") "," HOST(2, "b") ",\n" HOST(
	 3, "127.0.0.1") ");\n",
     6,
     {"server 3 is reached"}},
    {HEAD "servers = (\n" HOST(1, "127.0.0.1|10.0.0.1") "," HOST(2, "b") "," HOST(
	 3, "c") ");\n",
     0,
     {NULL}},
    {HEAD "servers = (\n" HOST(1, "127.0.0.1") "," HOST(2, "127.0.0.2") "," HOST(
	 3, "localhost") ");\n",
     0,
     {NULL}},
    {HEAD "servers = (\n" HOST(1, "0.0.0.0") "," HOST(2, "b") "," HOST(3, "c") ");\n",
     0,
     {NULL}},
    {GOOD "timing = {\ntick_ms = 9; };\n",
     9,
     {"warning: with tick_ms = 9", "54 ms", "; write 10 or more", "50"}},
    {GOOD "timing = { tick_ms = 10; };\n", 0, {NULL}},
    {GOOD "lease = \"always\";\n", 0, {NULL}},
    {GOOD "zab = false;\nlease = \"always\";\n",
     9,
     {"warning: with zab = false", "lease has no effect"}},
    {GOOD "zab = false;\nlease_ms = 500;\n", 9, {"lease_ms has no effect"}},
    {GOOD "zab = false;\nlease = \"off\";\n", 0, {NULL}},
    {PRIOR, 0, {NULL}},
    {PRIOR "zab = false;\n",
     6,
     {"warning: with zab = false priorities", "of server 2 out"}},
    {GOOD "tls = { mode = \"off\"; };\n",
     4,
     {"warning: server 1 (a) is reached over a network, and tls.mode is \"off\"",
      "conclave keygen", "mode = \"psk\""}},
    {HEAD "servers = (\n" HOST(1, "127.0.0.1") "," HOST(2, "127.0.0.2") "," HOST(
	 3, "localhost") ");\ntls = { mode = \"off\"; };\n",
     0,
     {NULL}},
    {HEAD "servers = (\n" HOST(1, "127.0.0.1") "," HOST(2, "127.0.0.2") "," HOST(
	 3, "localhost") ");\ntls = { mode = \"off\";\nkey_file = \"\"; };\n",
     0,
     {NULL}},
    {HEAD "servers = (\n" HOST(1, "127.0.0.1") "," HOST(2, "127.0.0.2") "," HOST(
	 3, "localhost") ");\ntls = { mode = \"off\";\nkey_file = \"/k\"; };\n",
     7,
     {"warning: key_file is not read with mode = \"off\"", "mode = \"psk\""}},
};

static void
tls(void **state)
{
	static const struct conf_kit_case cases[] = {
	    {GOOD "tls = {\nmode = \"psk\"; };\n",
	     9,
	     {"mode = \"psk\" needs key_file", "/etc/conclave/tls/group.key"}},
	    {GOOD "tls = { mode = \"tls\"; };\n", 8, {"unknown", "\"psk\""}},
	    {GOOD "tls = { key_file = \"group.key\"; };\n", 8, {"not absolute"}},
	    {"id = 9;\nattach = \"zookeeper\";\n" DIRS "servers = (\n" LINE(1)
	         LINE(2) "{ id = 9; host = \"x\"; quorum_port = 1; election_port = 2; "
	                 "role = \"observer\"; } );\n" PSK,
	     9,
	     {"ZooKeeper has no such keys"}},
	};

	(void)state;
	CONF_KIT_REFUSED(cases);
}

static void
warnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(warned) / sizeof(warned[0]); i++) {
		const struct conf_kit_case *c = &warned[i];
		bool plain = strstr(c->text, "tls = ") || strstr(c->text, "attach = ");
		struct conf_warnings got = {.count = 77};
		struct conf_error error;
		char where[160], text[4096];
		const char *path;

		snprintf(text, sizeof(text), "%s%s", c->text, plain ? "" : PSK);
		path = conf_kit_write("warned.conf", text);

		if (conf_load_warned(path, &conf_got, &error, &got) != 0)
			fail_msg("refused: %s\n%s", error.text, c->text);
		if (got.count != (c->line > 0))
			fail_msg("%u warnings for %s", got.count, c->text);
		snprintf(where, sizeof(where), "%s:%u: warning: ", path, c->line);
		if (c->line > 0 && strncmp(got.list[0].text, where, strlen(where)) != 0)
			fail_msg("%s\nis not of %s", got.list[0].text, where);
		for (unsigned w = 0; w < 4 && c->words[w]; w++)
			if (!strstr(got.list[0].text, c->words[w]))
				fail_msg("%s\nhas no %s", got.list[0].text, c->words[w]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tls),
	    cmocka_unit_test(warnings),
	};

	return cmocka_run_group_tests(tests, conf_kit_setup, conf_kit_teardown);
}
