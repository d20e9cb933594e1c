/* wire/qconfig: which texts are a configuration, and what they say. The real ZooKeeper's
 * answers are in tests/vectors/data/config_text; here is each refusal with its reason. */
#include "tests/oracle.h"
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

static struct qconfig config;
static struct qconfig_server server;

static void
expect(const char *text, enum qconfig_result got, enum qconfig_result want)
{
	if (got != want)
		fail_msg("%s: got %s", text, qconfig_result_name(got));
}

static void
server_lines(void **state)
{
	static const struct {
		const char *text;
		bool multi;
		enum qconfig_result want;
	} rows[] = {
	    {"a:1:2", false, QCONFIG_OK},
	    {"a:1:2:", false, QCONFIG_OK},
	    {"a:1:2;", false, QCONFIG_OK},
	    {"a:1:2;;", false, QCONFIG_OK},
	    {"a:1:2|", false, QCONFIG_OK},
	    {"|", false, QCONFIG_OK},
	    {"a:1:2: \tObServer\x01 ;[::1]:0", false, QCONFIG_OK},
	    {"a:1:2|b:1:2", true, QCONFIG_OK},
	    {"a:1:2|b:1:2:observer|c:1:2:OBSERVER", true, QCONFIG_OK},
	    {"", false, QCONFIG_SERVER},
	    {";", false, QCONFIG_SERVER},
	    {";2181", false, QCONFIG_SERVER},
	    {"a", false, QCONFIG_SERVER},
	    {"a:1", false, QCONFIG_SERVER},
	    {"a:1:2:participant:x", false, QCONFIG_SERVER},
	    {"[a:1:2", false, QCONFIG_SERVER},
	    {"a:1:2;1;2", false, QCONFIG_SERVER},
	    {"a:1:2;;2", false, QCONFIG_SERVER},
	    {"a:1:2;b:1:x", false, QCONFIG_SERVER},
	    {"a:1:2;:", false, QCONFIG_SERVER},
	    {"a:1:2;[b", false, QCONFIG_SERVER},
	    {"|a:1:2", true, QCONFIG_SERVER},
	    {"a:1:2||b:1:2", true, QCONFIG_SERVER},
	    {"a:1:2|a:1:3|a:4:3", true, QCONFIG_OK},
	    {"a:1:3|a:2:3", true, QCONFIG_SERVER}, /* two quorum addresses, one other */
	    {"a:x:2", false, QCONFIG_NUMBER},
	    {"a: 1:2", false, QCONFIG_NUMBER},
	    {"a:1:", false, QCONFIG_SERVER},
	    {"a::2", false, QCONFIG_NUMBER},
	    {"a:1:2147483648", false, QCONFIG_NUMBER},
	    {"a:1:2;b:", false, QCONFIG_NUMBER},
	    {"a:1:2;[::1]", false, QCONFIG_NUMBER},
	    {"a:-1:2", false, QCONFIG_PORT},
	    {"a:1:65536", false, QCONFIG_PORT},
	    {"a:7:7", false, QCONFIG_PORT},
	    {"a:1:2;70000", false, QCONFIG_PORT},
	    {"a:1:2|b:3:3", true, QCONFIG_PORT},
	    {"a:1:2:leader", false, QCONFIG_ROLE},
	    {"a:1:2: ", false, QCONFIG_ROLE},
	    {"a:1:2:observer|b:1:2:participant", true, QCONFIG_ROLE},
	    {"a:1:2|b:1:2", false, QCONFIG_MULTI},
	    {"1:2:1|2:2:1|3:2:1|4:2:1|5:2:1|6:2:1|7:2:1|8:2:1", true, QCONFIG_OK},
	    {"1:2:1|2:2:1|3:2:1|4:2:1|5:2:1|6:2:1|7:2:1|8:2:1|9:2:1", true,
	     QCONFIG_TOO_MANY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].text,
		       qconfig_parse_server(7, rows[i].text, strlen(rows[i].text),
		                            rows[i].multi, &server),
		       rows[i].want);
	assert_int_equal(qconfig_parse_server(7, "a\0:1:2", 6, false, &server),
	                 QCONFIG_SYNTAX);
}

static void
a_server_in_full(void **state)
{
	const char *text = "[::1]:2:3|010.1:4:5:observer;:6";

	(void)state;
	assert_int_equal(qconfig_parse_server(-9, text, strlen(text), true, &server),
	                 QCONFIG_OK);
	assert_true(server.sid == -9);
	assert_true(server.observer);
	assert_int_equal(server.addr_count, 2);
	assert_int_equal(server.election_count, 2);
	assert_string_equal(server.quorum[0].host, "0:0:0:0:0:0:0:1");
	assert_int_equal(server.quorum[0].port, 2);
	assert_int_equal(server.election[0].port, 3);
	assert_string_equal(server.election[1].host, "10.0.0.1");
	assert_int_equal(server.quorum[1].port, 4);
	assert_true(server.has_client);
	assert_string_equal(server.client.host, "localhost");
	assert_int_equal(server.client.port, 6);
	/* nothing of it is left in the next one */
	assert_int_equal(qconfig_parse_server(1, "a:1:2", 5, true, &server), QCONFIG_OK);
	assert_false(server.observer || server.has_client);
	assert_int_equal(server.addr_count, 1);
}

static void
a_host_that_does_not_fit(void **state)
{
	char text[QCONFIG_HOST_MAX + 8];

	(void)state;
	memset(text, 'h', sizeof(text));
	memcpy(text + QCONFIG_HOST_MAX - 1, ":1:2", 5);
	assert_int_equal(qconfig_parse_server(1, text, strlen(text), false, &server),
	                 QCONFIG_OK);
	memcpy(text + QCONFIG_HOST_MAX - 1, "h:1:2", 6);
	assert_int_equal(qconfig_parse_server(1, text, strlen(text), false, &server),
	                 QCONFIG_TOO_MANY);
}

static void
texts(void **state)
{
	static const struct {
		const char *text;
		enum qconfig_result want;
	} rows[] = {
	    {"", QCONFIG_OK},
	    {"# nothing\n", QCONFIG_OK},
	    {"server.1=a:1:2", QCONFIG_OK},
	    {TWO "server.3=c:1:2:observer", QCONFIG_OK},
	    {TWO "version=-7fffffffffffffff", QCONFIG_OK},
	    {GROUP, QCONFIG_OK},
	    {TWO "groups.1=1:2:\n", QCONFIG_OK},
	    {GROUP "group.2=:\n", QCONFIG_OK},
	    {GROUP "weight.9=3\n", QCONFIG_OK},
	    {TWO "group.1=1:2:3\nweight.3=1", QCONFIG_OK},
	    {"server.1=a:1:2\\u00", QCONFIG_SYNTAX},
	    {"hello", QCONFIG_KEY},
	    {"server=a:1:2", QCONFIG_KEY},
	    {"Server.1=a:1:2", QCONFIG_KEY},
	    {"versions=1", QCONFIG_KEY},
	    {"clientPort=1", QCONFIG_KEY},
	    {"=1", QCONFIG_KEY},
	    {"server.=a:1:2", QCONFIG_NUMBER},
	    {"server.x=a:1:2", QCONFIG_NUMBER},
	    {"server.1.2=a:1:2", QCONFIG_NUMBER},
	    {"server.9223372036854775808=a:1:2", QCONFIG_NUMBER},
	    {"version=", QCONFIG_NUMBER},
	    {"version=g", QCONFIG_NUMBER},
	    {"version=8000000000000000", QCONFIG_NUMBER},
	    {TWO "group=1:2", QCONFIG_NUMBER},
	    {TWO "group.x=1:2", QCONFIG_NUMBER},
	    {TWO "group.1=", QCONFIG_NUMBER},
	    {TWO "group.1=1: 2", QCONFIG_NUMBER},
	    {TWO "group.1=:1:2", QCONFIG_NUMBER},
	    {GROUP "weight=1", QCONFIG_NUMBER},
	    {GROUP "weight.1=", QCONFIG_NUMBER},
	    {GROUP "weight.1=1 ", QCONFIG_NUMBER},
	    {"server.1=a:1", QCONFIG_SERVER},
	    {"server.1=a:1:1", QCONFIG_PORT},
	    {"server.1=a:1:2:x", QCONFIG_ROLE},
	    {"server.1=a:1:2|b:1:2", QCONFIG_MULTI},
	    {TWO "weight.1=1", QCONFIG_GROUP},
	    {TWO "group.1=1", QCONFIG_GROUP},
	    {GROUP "group.2=2", QCONFIG_GROUP},
	    {TWO "group.1=1:2:1", QCONFIG_GROUP},
	    {TWO "group.1=1:2:3", QCONFIG_WEIGHT},
	    {"server.1=a:1:2:observer", QCONFIG_MEMBERS},
	    {"server.1=a:1:2\nserver.2=b:1:2:observer", QCONFIG_MEMBERS},
	    {"server.1=a:1:2:observer\nserver.2=b:1:2:observer", QCONFIG_MEMBERS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i].text,
		       qconfig_parse(rows[i].text, strlen(rows[i].text), false, &config),
		       rows[i].want);
	assert_int_equal(qconfig_parse("version=1\0", 10, false, &config),
	                 QCONFIG_SYNTAX);
}

static void
multi_is_passed_on(void **state)
{
	const char *text = "server.1=a:1:2|b:1:2";

	(void)state;
	assert_int_equal(qconfig_parse(text, strlen(text), true, &config), QCONFIG_OK);
	assert_int_equal(config.servers[0].addr_count, 2);
}

static void
a_configuration_in_full(void **state)
{
	const char *text = "server.5=c:1:2:observer\nserver.2=b:1:2\nserver.1=a:1:2\n"
			   "group.7=1\ngroup.8=2\nweight.1=4\nversion=1f";

	(void)state;
	assert_int_equal(qconfig_parse(text, strlen(text), false, &config), QCONFIG_OK);
	assert_true(config.hierarchical);
	assert_true(config.version == 0x1f);
	assert_int_equal(config.server_count, 3);
	assert_int_equal(config.group_count, 2);
	assert_int_equal(config.weight_count, 2); /* of participants only */
	for (unsigned i = 0; i < 2; i++)
		assert_true(config.weights[i].weight ==
		            (config.weights[i].sid == 1 ? 4 : 1));
	assert_true(oracle_is_voter(&config, 1));
	assert_true(oracle_is_voter(&config, 2));
	assert_false(oracle_is_voter(&config, 5));
	assert_false(oracle_is_voter(&config, 6));
	/* nothing of it is left in the next one */
	assert_int_equal(qconfig_parse("", 0, false, &config), QCONFIG_OK);
	assert_false(config.hierarchical);
	assert_true(config.version == 0);
	assert_int_equal(config.server_count + config.group_count + config.weight_count,
	                 0);
}

static void
the_last_of_a_key_counts(void **state)
{
	const char *text = "version=1\nserver.1=bad\nserver.1=a:1:2\nversion=2";

	(void)state;
	assert_int_equal(qconfig_parse(text, strlen(text), false, &config), QCONFIG_OK);
	assert_true(config.version == 2);
	assert_int_equal(config.server_count, 1);
	/* two spellings of one sid are two keys of one server */
	text = "server.1=a:1:2\nserver.01=a:1:2\nserver.+1=a:1:2";
	assert_int_equal(qconfig_parse(text, strlen(text), false, &config), QCONFIG_OK);
	assert_int_equal(config.server_count, 1);
}

/* `count` lines of the same form, from `first` on. */
static size_t
put_lines(char *out, size_t used, const char *format, int first, int count)
{
	for (int i = first; i < first + count; i++)
		used += (size_t)sprintf(out + used, format, i, i);
	return used;
}

static void
bounds(void **state)
{
	static char text[2 * QCONFIG_TEXT_MAX];
	size_t len;

	(void)state;
	len = put_lines(text, 0, "server.%d=h%d:1:2\n", 1, QCONFIG_SERVERS_MAX);
	expect("servers", qconfig_parse(text, len, false, &config), QCONFIG_OK);
	len = put_lines(text, len, "server.%d=h%d:1:2\n", 100, 1);
	expect("servers", qconfig_parse(text, len, false, &config), QCONFIG_TOO_MANY);

	len = put_lines(text, 0, "group.%d=%d\n", 1, QCONFIG_GROUPS_MAX);
	len = put_lines(text, len, "weight.%d=%d\n", 1, 2 * QCONFIG_SERVERS_MAX);
	expect("groups", qconfig_parse(text, len, false, &config), QCONFIG_OK);
	expect("weights",
	       qconfig_parse(text, put_lines(text, len, "weight.%d=%d\n", 500, 1), false,
	                     &config),
	       QCONFIG_TOO_MANY);
	expect("groups",
	       qconfig_parse(text, put_lines(text, len, "group.%d=%d\n", 500, 1), false,
	                     &config),
	       QCONFIG_TOO_MANY);

	len = (size_t)sprintf(text, "group.1=");
	for (int i = 0; i <= QCONFIG_SERVERS_MAX; i++)
		len += (size_t)sprintf(text + len, "%d:", i);
	expect("members", qconfig_parse(text, len, false, &config), QCONFIG_TOO_MANY);

	/* a participant without a weight of its own where weights are full */
	len = put_lines(text, 0, "weight.%d=%d\n", 10, 2 * QCONFIG_SERVERS_MAX);
	len += (size_t)sprintf(text + len, GROUP);
	expect("weights", qconfig_parse(text, len, false, &config), QCONFIG_TOO_MANY);

	memset(text, '\n', sizeof(text));
	expect("text", qconfig_parse(text, QCONFIG_TEXT_MAX, false, &config), QCONFIG_OK);
	expect("text", qconfig_parse(text, QCONFIG_TEXT_MAX + 1, false, &config),
	       QCONFIG_TOO_MANY);
}

static void
every_result_has_a_name(void **state)
{
	(void)state;
	for (int r = QCONFIG_OK; r <= QCONFIG_TOO_MANY; r++)
		for (int other = QCONFIG_OK; other < r; other++)
			assert_string_not_equal(
			    qconfig_result_name((enum qconfig_result)r),
			    qconfig_result_name((enum qconfig_result)other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(server_lines),
	    cmocka_unit_test(a_server_in_full),
	    cmocka_unit_test(a_host_that_does_not_fit),
	    cmocka_unit_test(texts),
	    cmocka_unit_test(multi_is_passed_on),
	    cmocka_unit_test(a_configuration_in_full),
	    cmocka_unit_test(the_last_of_a_key_counts),
	    cmocka_unit_test(bounds),
	    cmocka_unit_test(every_result_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
