/* wire/qaddr: how ZooKeeper and Java read addresses. What is expected of hosts was seen
 * with java.net.InetAddress of OpenJDK 17. */
#include "wire/qaddr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct qaddr_text
text_of(const char *s)
{
	return (struct qaddr_text){s, strlen(s)};
}

static void
splits(void **state)
{
	static const struct {
		const char *text;
		int count;
		const char *parts[QADDR_PARTS_MAX];
	} rows[] = {
	    {"", 1, {""}},
	    {":", 0, {0}},
	    {":::", 0, {0}},
	    {"a", 1, {"a"}},
	    {"a:", 1, {"a"}},
	    {":a", 2, {"", "a"}},
	    {"a:b::c::", 4, {"a", "b", "", "c"}},
	    {"1:2:3:4:5:6", 6, {"1", "2", "3", "4", "5", "6"}},
	    {"1:2:3:4:5:6:7:8", 8, {"1", "2", "3", "4", "5", "6"}},
	    {"a[b]:c", 2, {"a[b]", "c"}},
	    {"[::1]:2:3", 3, {"::1", "2", "3"}},
	    {"[::1]x2:3", 3, {"::1", "2", "3"}},
	    {"[]:2", 2, {"", "2"}},
	    {"[a]", 1, {"a"}},
	    {"[a]::", 1, {"a"}},
	    {"[a]::b", 3, {"a", "", "b"}},
	    {"[a]x", -1, {0}},
	    {"[a]:", -1, {0}},
	    {"[a", -1, {0}},
	    {"[", -1, {0}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct qaddr_text parts[QADDR_PARTS_MAX];
		int count = qaddr_split(text_of(rows[i].text), parts);

		if (count != rows[i].count)
			fail_msg("%s: %d parts", rows[i].text, count);
		for (int k = 0; k < count && k < QADDR_PARTS_MAX; k++) {
			assert_int_equal(parts[k].len, strlen(rows[i].parts[k]));
			assert_memory_equal(parts[k].at, rows[i].parts[k], parts[k].len);
		}
	}
}

static void
numbers(void **state)
{
	static const struct {
		const char *text;
		int radix;
		bool fine;
		int64_t value;
	} rows[] = {
	    {"0", 10, true, 0},
	    {"-0", 10, true, 0},
	    {"+12", 10, true, 12},
	    {"-007", 10, true, -7},
	    {"9223372036854775807", 10, true, INT64_MAX},
	    {"-9223372036854775808", 10, true, INT64_MIN},
	    {"7fffffffffffffff", 16, true, INT64_MAX},
	    {"-8000000000000000", 16, true, INT64_MIN},
	    {"aBcDeF", 16, true, 0xabcdef},
	    {"9223372036854775808", 10, false, 0},
	    {"-9223372036854775809", 10, false, 0},
	    {"92233720368547758070", 10, false, 0},
	    {"8000000000000000", 16, false, 0},
	    {"", 10, false, 0},
	    {"+", 10, false, 0},
	    {"-", 16, false, 0},
	    {"+-1", 10, false, 0},
	    {" 1", 10, false, 0},
	    {"1 ", 10, false, 0},
	    {"a", 10, false, 0},
	    {"g", 16, false, 0},
	    {"0x1", 16, false, 0},
	    {"1.5", 10, false, 0},
	};
	int64_t value = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool fine = qaddr_number(text_of(rows[i].text), rows[i].radix, INT64_MIN,
		                         INT64_MAX, &value);

		if (fine != rows[i].fine)
			fail_msg("%s: %d", rows[i].text, fine);
		if (fine)
			assert_true(value == rows[i].value);
	}
	value = 42;
	assert_false(qaddr_number(text_of("11"), 10, 0, 10, &value));
	assert_false(qaddr_number(text_of("-1"), 10, 0, 10, &value));
	assert_true(value == 42);
	assert_true(qaddr_number(text_of("10"), 10, 0, 10, &value));
	assert_true(value == 10);
}

static const struct {
	const char *host;
	const char *canonical; /* NULL: as written */
	bool wildcard;
} host_rows[] = {
    {"", "localhost", false},
    {"zk1.example", NULL, false},
    {"face", NULL, false},
    {"127.0.0.1", NULL, false},
    {"127.1", "127.0.0.1", false},
    {"1", "0.0.0.1", false},
    {"0", "0.0.0.0", true},
    {"0.0", "0.0.0.0", true},
    {"00.000.0.0", "0.0.0.0", true},
    {"010.0.0.1", "10.0.0.1", false},
    {"1.2.3", "1.2.0.3", false},
    {"1.2.65535", "1.2.255.255", false},
    {"1.16777215", "1.255.255.255", false},
    {"4294967295", "255.255.255.255", false},
    {"4294967296", NULL, false},
    {"1.16777216", NULL, false},
    {"1.2.65536", NULL, false},
    {"1.2.3.256", NULL, false},
    {"256.1.1.1", NULL, false},
    {"1.2.3.4.5", NULL, false},
    {"1.2.3.", NULL, false},
    {".1.2.3", NULL, false},
    {"1..2", NULL, false},
    {"0000000000127.1", "127.0.0.1", false}, /* 15 characters */
    {"00000000000127.1", NULL, false},
    {"::", "0:0:0:0:0:0:0:0", true},
    {"0:0:0:0:0:0:0:0", "0:0:0:0:0:0:0:0", true},
    {"::0.0.0.0", "0:0:0:0:0:0:0:0", true},
    {"::%3", "0:0:0:0:0:0:0:0%3", true},
    {"::1", "0:0:0:0:0:0:0:1", false},
    {"1::", "1:0:0:0:0:0:0:0", false},
    {"2001:DB8::00001", "2001:db8:0:0:0:0:0:1", false},
    {"1:2:3:4:5:6:7:8", NULL, false},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", false},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8", false},
    {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304", false},
    {"::1.2.3.4", "0:0:0:0:0:0:102:304", false},
    {"::ffff:1.2.3.4", "1.2.3.4", false},
    {"::ffff:0", "0:0:0:0:0:0:ffff:0", false},
    {"::FFFF:a00:1", "10.0.0.1", false},
    {"::ffff:0.0.0.0", "0.0.0.0", true},
    {"fe80::1%2", "fe80:0:0:0:0:0:0:1%2", false},
    {"fe80::1%007", "fe80:0:0:0:0:0:0:1%7", false},
    {"fe80::1%", NULL, false},
    {"fe80::1%-2", NULL, false},
    {"fe80::1%+2", NULL, false},
    {"fe80::1%eth0", NULL, false},
    {"::ffff:1.2.3.4%1", NULL, false},
    {"%1", NULL, false},
    {":", NULL, false},
    {":1", NULL, false},
    {":::", NULL, false},
    {"1:", NULL, false},
    {"1::2::3", NULL, false},
    {"1:2:3:4:5:6:7:8:", NULL, false},
    {"1:2:3:4:5:6:7:8:9", NULL, false},
    {"1:2:3:4:5:6:7", NULL, false},
    {"1:2:3:4::5:6:7:8", NULL, false},
    {"1:2:3:4:5:6:7:1.2.3.4", NULL, false},
    {"::10000", NULL, false},
    {"::g", NULL, false},
    {"::1.2.3", NULL, false},
    {"::1.2.3.256", NULL, false},
    {"::a.2.3.4", NULL, false},
};

static void
hosts(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(host_rows) / sizeof(host_rows[0]); i++) {
		const char *host = host_rows[i].host;

		assert_true(qaddr_canonical(text_of(host), out, sizeof(out)));
		assert_string_equal(out, host_rows[i].canonical ? host_rows[i].canonical
		                                                : host);
		if (qaddr_is_wildcard(text_of(host)) != host_rows[i].wildcard)
			fail_msg("wildcard: %s", host);
	}
}

static void
room_and_nul(void **state)
{
	char out[64];

	(void)state;
	assert_false(qaddr_canonical(text_of("abcd"), out, 4));
	assert_true(qaddr_canonical(text_of("abcd"), out, 5));
	assert_false(qaddr_canonical(text_of("1"), out, 7));
	assert_false(qaddr_canonical(text_of("::1"), out, 15));
	assert_true(qaddr_canonical(text_of("::1"), out, 16));
	assert_false(qaddr_canonical(text_of(""), out, 9));
	assert_false(qaddr_canonical((struct qaddr_text){"a\0b", 3}, out, sizeof(out)));
}

static void
hashes(void **state)
{
	static const struct {
		const char *host;
		uint32_t want;
	} rows[] = {
	    {"127.0.0.1", 0x7f000001},
	    {"255.255.255.254", 0xfffffffe},
	    {"::", 0x0},
	    {"::1", 0x1},
	    {"fe80::80ff:7f81", 0x7d7f7e81},
	    {"ffff:fffe:8000:1:2:3:4:ff05", 0x7f04fe07},
	    {"::ffff:10.0.0.1", 0xa000001},
	    {"fe80::1%2", 0xfd800001},
	    {"", 0x0},
	    {"zk1.Example", 0xcc63d89c},
	    {"H-\x01~", 0x2ff022},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (qaddr_hash(text_of(rows[i].host)) != rows[i].want)
			fail_msg("%s", rows[i].host);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(splits), cmocka_unit_test(numbers),
	    cmocka_unit_test(hosts),  cmocka_unit_test(room_and_nul),
	    cmocka_unit_test(hashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
