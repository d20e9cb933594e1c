/* wire/hello: the initial message. The tables of the real ZooKeeper are in
 * tests/vectors/data/initial_message; here is what they do not ask. */
#include "base/buf.h"
#include "wire/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ROOM (2 * HELLO_MAX)

static struct hello hello;

/* An initial message with this text, and a length of its own. */
static size_t
make(unsigned char *out, int64_t version, int64_t sid, int32_t length, const char *text)
{
	struct buf_out b;

	buf_out_init(&b, out, ROOM);
	buf_put_i64(&b, version);
	buf_put_i64(&b, sid);
	buf_put_i32(&b, length);
	buf_put_bytes(&b, text, strlen(text));
	return b.len;
}

static enum hello_result
decode_text(const char *text)
{
	static unsigned char bytes[ROOM];
	size_t used;

	return hello_decode(bytes, make(bytes, HELLO_V2, 5, (int32_t)strlen(text), text),
	                    &hello, &used);
}

static const struct {
	const char *text;
	enum hello_result want;
	unsigned count;
	const char *host; /* the last one */
	uint16_t port;
} text_rows[] = {
    {"127.0.0.1:3888", HELLO_OK, 1, "127.0.0.1", 3888},
    {"zk1:1|zk2:2", HELLO_OK, 2, "zk2", 2},
    {"zk1:1|zk1:1", HELLO_OK, 2, "zk1", 1},
    {"zk1:1||", HELLO_OK, 1, "zk1", 1},
    {"zk1:1:", HELLO_OK, 1, "zk1", 1},
    {":1", HELLO_OK, 1, "", 1},
    {"[::1]:3888", HELLO_OK, 1, "::1", 3888},
    {"[::1]x3888", HELLO_OK, 1, "::1", 3888},
    {"[]:9", HELLO_OK, 1, "", 9},
    {"a:0", HELLO_OK, 1, "a", 0},
    {"a:65535", HELLO_OK, 1, "a", 65535},
    {"a:+00080", HELLO_OK, 1, "a", 80},
    {"|", HELLO_OK, 0, NULL, 0},
    {"0.0.0.0:1|[::]:2|0:3|0.0:4|[::ffff:0.0.0.0]:5", HELLO_OK, 0, NULL, 0},
    {"0.0.0.0:70000", HELLO_OK, 0, NULL, 0},
    {"0.0.0.0:1|b:2", HELLO_OK, 1, "b", 2},
    {"0.0.0.1:1", HELLO_OK, 1, "0.0.0.1", 1},
    {"\xc3\xa9:1", HELLO_OK, 1, "\xc3\xa9", 1},
    {"a", HELLO_ADDRESS, 0, NULL, 0},
    {":", HELLO_ADDRESS, 0, NULL, 0},
    {"a:", HELLO_ADDRESS, 0, NULL, 0},
    {"a:1:2", HELLO_ADDRESS, 0, NULL, 0},
    {"::1:3888", HELLO_ADDRESS, 0, NULL, 0},
    {"[::1", HELLO_ADDRESS, 0, NULL, 0},
    {"[::1]", HELLO_ADDRESS, 0, NULL, 0},
    {"[::1]:", HELLO_ADDRESS, 0, NULL, 0},
    {"[::1]::", HELLO_ADDRESS, 0, NULL, 0},
    {"|a:1", HELLO_ADDRESS, 0, NULL, 0},
    {"a:1||b:2", HELLO_ADDRESS, 0, NULL, 0},
    {"a:x", HELLO_PORT, 0, NULL, 0},
    {"a:+", HELLO_PORT, 0, NULL, 0},
    {"a: 1", HELLO_PORT, 0, NULL, 0},
    {"a:-1", HELLO_PORT, 0, NULL, 0},
    {"a:65536", HELLO_PORT, 0, NULL, 0},
    {"a:4294967297", HELLO_PORT, 0, NULL, 0},
    {"0.0.0.0:2147483648", HELLO_PORT, 0, NULL, 0},
};

static void
texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text_rows) / sizeof(text_rows[0]); i++) {
		enum hello_result r = decode_text(text_rows[i].text);
		const struct hello_addr *last;

		if (r != text_rows[i].want)
			fail_msg("%s: got %s", text_rows[i].text, hello_result_name(r));
		if (r != HELLO_OK)
			continue;
		assert_int_equal(hello.addr_count, text_rows[i].count);
		if (text_rows[i].count == 0)
			continue;
		last = &hello.addrs[text_rows[i].count - 1];
		assert_int_equal(last->host_len, strlen(text_rows[i].host));
		assert_memory_equal(last->host, text_rows[i].host, last->host_len);
		assert_int_equal(last->port, text_rows[i].port);
	}
}

static void
fields_and_what_follows(void **state)
{
	unsigned char bytes[ROOM];
	size_t used = 0, len = make(bytes, HELLO_V1, -7, 3, "a:1rest");

	(void)state;
	assert_int_equal(hello_decode(bytes, len, &hello, &used), HELLO_OK);
	assert_true(hello.version == HELLO_V1);
	assert_true(hello.sid == -7);
	assert_int_equal(hello.addr_count, 1);
	assert_int_equal(used, len - 4);
}

/* In whatever pieces it comes: no answer before the last byte, one with it. */
static void
comes_in_pieces(void **state)
{
	unsigned char bytes[ROOM];
	size_t used = 99, len = make(bytes, HELLO_V2, 3, 11, "10.0.0.1:80");

	(void)state;
	memset(&hello, 0x5a, sizeof(hello));
	for (size_t have = 0; have < len; have++) {
		assert_int_equal(hello_decode(bytes, have, &hello, &used), HELLO_MORE);
		assert_int_equal(used, 99);
		assert_true(hello.sid == 0x5a5a5a5a5a5a5a5a);
	}
	assert_int_equal(hello_decode(bytes, len, &hello, &used), HELLO_OK);
	assert_int_equal(used, len);
}

static void
versions(void **state)
{
	static const struct {
		int64_t version;
		enum hello_result want;
	} rows[] = {
	    {-1, HELLO_VERSION},        {-65534, HELLO_VERSION}, {-65537, HELLO_VERSION},
	    {INT64_MIN, HELLO_VERSION}, {0, HELLO_OK},           {1, HELLO_OK},
	    {INT64_MAX, HELLO_OK},
	};
	unsigned char bytes[ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t used = 0, len = make(bytes, rows[i].version, 1, 3, "a:1");

		assert_int_equal(hello_decode(bytes, 7, &hello, &used), HELLO_MORE);
		assert_int_equal(hello_decode(bytes, len, &hello, &used), rows[i].want);
		/* eight bytes are enough to know */
		assert_int_equal(hello_decode(bytes, 8, &hello, &used), rows[i].want);
		if (rows[i].want != HELLO_OK)
			continue;
		assert_true(hello.version == 0);
		assert_true(hello.sid == rows[i].version);
		assert_int_equal(hello.addr_count, 0);
		assert_int_equal(used, 8);
	}
}

static void
lengths(void **state)
{
	static const int32_t refused[] = {0, -1, INT32_MIN, 2049, INT32_MAX};
	unsigned char bytes[ROOM];
	char text[HELLO_TEXT_MAX + 1];
	size_t used, len;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		make(bytes, HELLO_V1, 1, refused[i], "");
		/* before any of the text is there */
		assert_int_equal(hello_decode(bytes, 20, &hello, &used), HELLO_LENGTH);
	}
	memset(text, 'a', sizeof(text));
	memcpy(text + HELLO_TEXT_MAX - 3, ":80", 4);
	len = make(bytes, HELLO_V1, 1, HELLO_TEXT_MAX, text);
	assert_int_equal(len, HELLO_MAX);
	assert_int_equal(hello_decode(bytes, len, &hello, &used), HELLO_OK);
	assert_int_equal(hello.addrs[0].host_len, HELLO_TEXT_MAX - 3);
	assert_int_equal(used, HELLO_MAX);
}

static void
as_many_addresses_as_fit(void **state)
{
	char text[HELLO_TEXT_MAX + 1] = "";

	(void)state;
	for (size_t at = 0; at + 3 <= HELLO_TEXT_MAX; at += 3)
		memcpy(text + at, ":1|", 4);
	assert_int_equal(decode_text(text), HELLO_OK);
	assert_int_equal(hello.addr_count, HELLO_TEXT_MAX / 3);
}

static void
encodes_what_zookeeper_sends(void **state)
{
	static const char one[] = "\xff\xff\xff\xff\xff\xff\x00\x00"
				  "\x00\x00\x00\x00\x00\x00\x00\x02"
				  "\x00\x00\x00\x0e"
				  "127.0.0.1:3888";
	static const char two[] = "\xff\xff\xff\xff\xff\xff\x00\x01"
				  "\xff\xff\xff\xff\xff\xff\xff\xff"
				  "\x00\x00\x00\x0f"
				  "[::1]:1|b:65535";
	unsigned char bytes[HELLO_MAX];

	(void)state;
	assert_int_equal(hello_encode(2, "127.0.0.1:3888", bytes, sizeof(bytes)),
	                 sizeof(one) - 1);
	assert_memory_equal(bytes, one, sizeof(one) - 1);
	assert_int_equal(hello_encode(-1, "[::1]:1|b:65535", bytes, sizeof(bytes)), 35);
	assert_memory_equal(bytes, two, sizeof(two) - 1);
	assert_int_equal(hello_encode(1, "0.0.0.0:3888", bytes, sizeof(bytes)), 32);
}

/* Real servers do not survive some of these. */
static void
encodes_nothing_doubtful(void **state)
{
	static const char *const refused[] = {
	    "",      "|",          "a",
	    "a:",    "a:0",        "a:65536",
	    "a:-1",  "a:+1",       "a:x",
	    ":1",    "[]:1",       "a:1|",
	    "|a:1",  "a:1||b:1",   "a:1|b",
	    "a:1:",  "a:1:2",      "[::1]x1",
	    "[::1",  "0.0.0.0:0",  "0.0.0.0:70000",
	    "a b:1", "a:1 ",       " a:1",
	    "a\n:1", "\xc3\xa9:1", "a:1|b:0",
	};
	unsigned char bytes[HELLO_MAX];
	char text[HELLO_TEXT_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (hello_encode(1, refused[i], bytes, sizeof(bytes)) != 0)
			fail_msg("sent: %s", refused[i]);
	memset(text, 'a', sizeof(text));
	memcpy(text + sizeof(text) - 3, ":1", 3);
	assert_int_equal(hello_encode(1, text, bytes, sizeof(bytes)), 0); /* 2049 */
	assert_int_equal(hello_encode(1, text + 1, bytes, sizeof(bytes)), HELLO_MAX);
	assert_int_equal(hello_encode(1, text + 1, bytes, sizeof(bytes) - 1), 0);
}

static void
every_result_has_a_name(void **state)
{
	(void)state;
	for (int r = HELLO_OK; r <= HELLO_PORT; r++)
		for (int other = HELLO_OK; other < r; other++)
			assert_string_not_equal(
			    hello_result_name((enum hello_result)r),
			    hello_result_name((enum hello_result)other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts),
	    cmocka_unit_test(fields_and_what_follows),
	    cmocka_unit_test(comes_in_pieces),
	    cmocka_unit_test(versions),
	    cmocka_unit_test(lengths),
	    cmocka_unit_test(as_many_addresses_as_fit),
	    cmocka_unit_test(encodes_what_zookeeper_sends),
	    cmocka_unit_test(encodes_nothing_doubtful),
	    cmocka_unit_test(every_result_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
