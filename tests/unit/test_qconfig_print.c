/* wire/qconfig: what is printed, in which order, and which configurations are equal. The
 * orders come from tests/vectors/data/config_text and from java.util.HashMap. */
#include "wire/qconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TWO   "server.1=a:1:2\nserver.2=b:1:2\n"
#define GROUP TWO "group.1=1:2\n"

static struct qconfig config, other;
static char printed[QCONFIG_TEXT_MAX];

static void
parse(const char *text, bool multi, struct qconfig *out)
{
	if (qconfig_parse(text, strlen(text), multi, out) != QCONFIG_OK)
		fail_msg("refused: %s", text);
}

static void
expect_print(const char *text, const char *want)
{
	parse(text, true, &config);
	assert_int_equal(qconfig_print(&config, printed, sizeof(printed)), strlen(want));
	assert_string_equal(printed, want);
}

static void
prints_what_is_meant(void **state)
{
	(void)state;
	expect_print("", "version=0");
	expect_print("version=-1", "version=ffffffffffffffff");
	expect_print("version=ABCDEF012", "version=abcdef012");
	expect_print("server.1=127.1:1:2",
	             "server.1=127.0.0.1:1:2:participant\nversion=0");
	expect_print("server.-1=[::1]:1:2;[::ffff:1.2.3.4]:3\nversion=a",
	             "server.-1=[0:0:0:0:0:0:0:1]:1:2:participant;1.2.3.4:3\nversion=a");
	expect_print("server.1=[x:y]:1:2;5",
	             "server.1=[x:y]:1:2:participant;0.0.0.0:5\nversion=0");
	expect_print("server.1=|;2181", "server.1=:participant;0.0.0.0:2181\nversion=0");
	expect_print("server.1=10.0.0.9:1:2|z:3:4|10.0.0.100:5:6",
	             "server.1=10.0.0.100:5:6|10.0.0.9:1:2|z:3:4:participant\nversion=0");
	/* seen in tests/vectors/captures/notif_multiaddr_two: by hash, pairs torn apart
	 */
	expect_print("server.2=127.0.0.1:22171:22271|127.0.0.1:22471:22571",
	             "server.2=127.0.0.1:22471:22271|127.0.0.1:22171:22571:participant\n"
	             "version=0");
	/* of two addresses that differ in the election port only, one is printed */
	expect_print("server.1=a:1:3|a:1:2", "server.1=a:1:2:participant\nversion=0");
	expect_print(TWO "server.3=c:1:2:observer\n"
	                 "group.2=3:1\ngroup.1=2\nweight.3=5\nweight.9=0",
	             "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	             "server.3=c:1:2:observer\ngroup.1=2\ngroup.2=1:3\n"
	             "weight.1=1\nweight.2=1\nweight.3=5\nweight.9=0\nversion=0");
	/* groups that share a bucket come as their members do */
	expect_print(TWO "group.1=1\ngroup.17=2",
	             "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	             "group.1=1\ngroup.17=2\nweight.1=1\nweight.2=1\nversion=0");
	expect_print(TWO "group.1=2\ngroup.17=1",
	             "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	             "group.17=1\ngroup.1=2\nweight.1=1\nweight.2=1\nversion=0");
	/* two keys of one group; a group of nobody is not printed */
	expect_print(TWO "group.1=1\ngroup.01=2\ngroup.3=:",
	             "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n"
	             "group.1=1:2\nweight.1=1\nweight.2=1\nversion=0");
}

/* Prints the sids only, in their order. */
static void
expect_order(const char *sids, const char *want)
{
	static char text[4096];
	char got[512] = "";
	size_t used = 0, len = 0;
	long long sid;
	int n;

	while (sscanf(sids, "%lld%n", &sid, &n) == 1) {
		len += (size_t)sprintf(text + len, "server.%lld=h:1:2\n", sid);
		sids += n;
	}
	parse(text, false, &config);
	assert_true(qconfig_print(&config, printed, sizeof(printed)) > 0);
	for (const char *at = strstr(printed, "server."); at;
	     at = strstr(at + 1, "server.")) {
		assert_int_equal(sscanf(at, "server.%lld", &sid), 1);
		used += (size_t)sprintf(got + used, "%s%lld", used ? " " : "", sid);
	}
	assert_string_equal(got, want);
}

static void
in_the_order_of_java(void **state)
{
	(void)state;
	expect_order("5 3 15 0", "0 3 5 15");
	/* one bucket: as the properties are walked, not as they are written */
	expect_order("17 1 33 2", "33 1 17 2");
	expect_order("1 17 33 2", "33 1 17 2");
	/* 12 fill a table of 16, the 13th doubles it */
	expect_order("16 0 1 2 3 4 5 6 7 8 9 10", "16 0 1 2 3 4 5 6 7 8 9 10");
	expect_order("16 0 1 2 3 4 5 6 7 8 9 10 11", "0 1 2 3 4 5 6 7 8 9 10 11 16");
	/* both halves of the key count */
	expect_order("4294967297 1 2", "4294967297 1 2");
	expect_order("65536 2 0", "0 65536 2");
	expect_order("-1 3 1", "-1 1 3");
}

/* Java gives the default weights as it walks the 13 members, in a table of 32; the 12
 * weights are in one of 16, where 1 and 17 share a bucket. */
static void
default_weights_in_the_order_of_java(void **state)
{
	char text[1024] = "server.17=h:1:2\nserver.1=h:1:2\nserver.33=h:1:2:observer\n"
			  "group.1=17:1:2:3:4:5:6:7:8:9:10:11\n";

	(void)state;
	for (int i = 2; i < 12; i++)
		sprintf(text + strlen(text), "server.%d=h:1:2\n", i);
	parse(text, false, &config);
	assert_true(qconfig_print(&config, printed, sizeof(printed)) > 0);
	assert_non_null(strstr(printed,
	                       "\ngroup.1=17:1:2:3:4:5:6:7:8:9:10:11\nweight.1=1\n"
	                       "weight.17=1\nweight.2=1\n"));
}

static void
needs_room(void **state)
{
	struct buf_out out;
	size_t len;

	(void)state;
	parse(GROUP, false, &config);
	len = qconfig_print(&config, printed, sizeof(printed));
	assert_true(len > 0);
	assert_int_equal(qconfig_print(&config, printed, len + 1), len);
	for (size_t cap = 0; cap <= len; cap++)
		assert_int_equal(qconfig_print(&config, printed, cap), 0);
	parse("server.1=a:1:2", false, &config);
	len = strlen("a:1:2:participant");
	for (size_t cap = 0; cap <= len + 1; cap++) {
		buf_out_init(&out, printed, cap);
		qconfig_put_server(&out, &config.servers[0]);
		assert_int_equal(out.bad, cap <= len);
	}
	assert_int_equal(out.len, len);
	assert_memory_equal(printed, "a:1:2:participant", len);
}

static void
the_largest_prints(void **state)
{
	static char text[QCONFIG_TEXT_MAX];
	size_t len = 0;

	(void)state;
	for (int i = 1; i <= QCONFIG_SERVERS_MAX; i++)
		len += (size_t)sprintf(text + len, "server.%d=h:1:2\n", i);
	for (int i = 1; i <= QCONFIG_GROUPS_MAX; i++)
		len += (size_t)sprintf(text + len, "group.%d=%d:%d\n", i, i, i + 64);
	for (int i = 65; i <= 128; i++)
		len += (size_t)sprintf(text + len, "weight.%d=0\n", i);
	parse(text, false, &config);
	len = qconfig_print(&config, printed, sizeof(printed));
	assert_true(len > 0);
	parse(printed, false, &other);
	assert_true(qconfig_equal(&config, &other));
	assert_int_equal(qconfig_print(&other, text, sizeof(text)), len);
	assert_string_equal(text, printed);
}

static void
equality(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
	    {"", "", true},
	    {"", "version=7", true},
	    {TWO, "version=9\nserver.2=b:1:2:participant\nserver.1=a:1:2", true},
	    {TWO, "server.1=a:1:2", false},
	    {TWO, "server.1=a:1:2\nserver.3=b:1:2", false},
	    {TWO, "server.1=a:1:2\nserver.2=c:1:2", false},
	    {TWO, "server.1=a:1:2\nserver.2=b:3:2", false},
	    {TWO, "server.1=a:1:2\nserver.2=b:1:3", false},
	    {TWO, "server.1=a:1:2\nserver.2=b:1:2;5", false},
	    {"server.1=a:1:2;5", "server.1=a:1:2;0.0.0.0:5", true},
	    {"server.1=a:1:2;5", "server.1=a:1:2;6", false},
	    {"server.1=a:1:2;5", "server.1=a:1:2;b:5", false},
	    {TWO "server.3=c:1:2", TWO "server.3=c:1:2:observer", false},
	    {"server.1=a:1:2|b:1:2", "server.1=b:1:2|a:1:2", true},
	    {"server.1=a:1:2|b:1:2", "server.1=a:1:2", false},
	    {"server.1=a:1:2|a:1:3", "server.1=a:1:2", false},
	    {"server.1=1:1:2|1:17:2|1:1:18", "server.1=1:1:18|1:17:2|1:1:2", true},
	    {"server.1=1:1:2|1:17:2|1:1:18", "server.1=1:1:18|1:33:2|1:1:2", false},
	    {"server.1=127.1:1:2", "server.1=127.0.0.1:1:2", true},
	    {TWO, GROUP, false},
	    {GROUP, GROUP "weight.1=1\nweight.2=+1", true},
	    {GROUP, GROUP "weight.1=2", false},
	    {GROUP, GROUP "weight.3=1", false},
	    {GROUP "weight.3=1", GROUP "weight.4=1", false},
	    {GROUP, TWO "group.2=1:2", false},
	    {GROUP, TWO "group.1=2:1", true},
	    {GROUP, TWO "group.1=1\ngroup.2=2", false},
	    {GROUP "weight.3=1", TWO "weight.3=1\ngroup.1=1:2:3", false},
	    {TWO "weight.3=1\ngroup.1=1:2:3", GROUP "weight.3=1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		parse(rows[i].a, true, &config);
		parse(rows[i].b, true, &other);
		if (qconfig_equal(&config, &other) != rows[i].want ||
		    qconfig_equal(&other, &config) != rows[i].want)
			fail_msg("%s\nand\n%s", rows[i].a, rows[i].b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prints_what_is_meant),
	    cmocka_unit_test(in_the_order_of_java),
	    cmocka_unit_test(default_weights_in_the_order_of_java),
	    cmocka_unit_test(needs_room),
	    cmocka_unit_test(the_largest_prints),
	    cmocka_unit_test(equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
