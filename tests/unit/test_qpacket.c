/* wire/qpacket: QuorumPacket records. The bytes here were put together by hand from
 * jute's rules: integers big-endian, a buffer or string its length first, -1 for none. */
#include "base/buf.h"
#include "wire/qpacket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                             \
	"\0\0\0\x05"                                                                     \
	"\0\0\0\x07\0\0\0\x09" /* PING, epoch 7, counter 9 */
#define NONE "\xff\xff\xff\xff"

/* A literal and its length, without the final NUL. */
#define BYTES(s) (s), sizeof(s) - 1

static void
records(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum qpacket_result want;
		size_t data_len;
		bool data;
		int32_t auth_count;
	} rows[] = {
	    {BYTES(HEAD NONE NONE), QPACKET_OK, 0, false, -1},
	    {BYTES(HEAD "\0\0\0\0" NONE), QPACKET_OK, 0, true, -1},
	    {BYTES(HEAD "\0\0\0\x02xy"
	                "\0\0\0\0"),
	     QPACKET_OK, 2, true, 0},
	    {BYTES(HEAD NONE "\0\0\0\x01"
	                     "\0\0\0\x02ip"
	                     "\0\0\0\x01z"),
	     QPACKET_OK, 0, false, 1},
	    {BYTES(HEAD NONE "\0\0\0\x02" NONE NONE "\0\0\0\0" NONE), QPACKET_OK, 0,
	     false, 2},
	    {BYTES(""), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD NONE), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD NONE "\xff\xff\xff"), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD "\0\0\0\x05xy" NONE), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD "\x7f\xff\xff\xffxy"), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD NONE "\0\0\0\x01"), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD NONE "\0\0\0\x01" NONE), QPACKET_SHORT, 0, false, 0},
	    {BYTES(HEAD NONE "\x7f\xff\xff\xff" NONE NONE NONE), QPACKET_SHORT, 0, false,
	     0},
	    {BYTES(HEAD "\xff\xff\xff\xfe" NONE), QPACKET_LENGTH, 0, false, 0},
	    {BYTES(HEAD "\x80\0\0\0" NONE), QPACKET_LENGTH, 0, false, 0},
	    {BYTES(HEAD NONE "\xff\xff\xff\xfe"), QPACKET_LENGTH, 0, false, 0},
	    {BYTES(HEAD NONE "\0\0\0\x01"
	                     "\xff\xff\xff\xfe" NONE),
	     QPACKET_LENGTH, 0, false, 0},
	    {BYTES(HEAD NONE NONE "\0"), QPACKET_LONG, 0, false, 0},
	    {BYTES(HEAD NONE "\0\0\0\0" NONE), QPACKET_LONG, 0, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct qpacket p = {.zxid = -1};
		enum qpacket_result r = qpacket_decode(rows[i].bytes, rows[i].len, &p);

		if (r != rows[i].want)
			fail_msg("row %zu: got %s", i, qpacket_result_name(r));
		if (r != QPACKET_OK) {
			assert_true(p.zxid == -1);
			continue;
		}
		assert_int_equal(p.type, QPACKET_PING);
		assert_true(p.zxid == ((int64_t)7 << 32 | 9));
		assert_int_equal(p.data_len, rows[i].data_len);
		assert_int_equal(p.data != NULL, rows[i].data);
		assert_int_equal(p.auth_count, rows[i].auth_count);
	}
}

/* Short at every length below its own. */
static void
cut_off_anywhere(void **state)
{
	static const char bytes[] = HEAD "\0\0\0\x02xy"
					 "\0\0\0\x01"
					 "\0\0\0\x02ip"
					 "\0\0\0\x01z";
	struct qpacket p;

	(void)state;
	for (size_t len = 0; len < sizeof(bytes) - 1; len++)
		assert_int_equal(qpacket_decode(bytes, len, &p), QPACKET_SHORT);
	assert_int_equal(qpacket_decode(bytes, sizeof(bytes) - 1, &p), QPACKET_OK);
}

static void
types(void **state)
{
	unsigned char bytes[64];
	struct qpacket p = {.zxid = 3}, back;

	(void)state;
	for (p.type = -2; p.type <= 22; p.type++) {
		size_t len = qpacket_encode(&p, bytes, sizeof(bytes));
		bool known = p.type >= 1 && p.type <= 19;

		assert_int_equal(len, 20);
		assert_int_equal(qpacket_decode(bytes, len, &back),
		                 known ? QPACKET_OK : QPACKET_TYPE);
		if (known)
			assert_int_equal(back.type, p.type);
	}
	p.type = INT32_MIN;
	assert_int_equal(qpacket_decode(bytes, qpacket_encode(&p, bytes, 64), &back),
	                 QPACKET_TYPE);
	p.type = INT32_MAX;
	assert_int_equal(qpacket_decode(bytes, qpacket_encode(&p, bytes, 64), &back),
	                 QPACKET_TYPE);
}

/* FOLLOWERINFO of server 2 that has accepted epoch 1. */
static void
follower_info(void **state)
{
	static const char want[] = "\0\0\0\x0b"
				   "\0\0\0\x01\0\0\0\0"
				   "\0\0\0\x14"
				   "\0\0\0\0\0\0\0\x02"
				   "\0\x01\0\1"
				   "\0\0\0\x01\0\0\0\x03" NONE;
	const struct qpacket_learner info = {.sid = 2,
	                                     .protocol = QPACKET_PROTOCOL,
	                                     .config_version = (int64_t)1 << 32 | 3};
	unsigned char data[20], bytes[64];
	struct qpacket p = {.type = QPACKET_FOLLOWERINFO, .zxid = (int64_t)1 << 32}, back;
	struct qpacket_learner got;

	(void)state;
	assert_int_equal(qpacket_put_learner(&info, data, 19), 0);
	p.data = data;
	p.data_len = qpacket_put_learner(&info, data, sizeof(data));
	assert_int_equal(p.data_len, 20);
	assert_int_equal(qpacket_encode(&p, bytes, sizeof(bytes)), sizeof(want) - 1);
	assert_memory_equal(bytes, want, sizeof(want) - 1);
	assert_int_equal(qpacket_decode(bytes, sizeof(want) - 1, &back), QPACKET_OK);
	assert_int_equal(qpacket_get_learner(&back, &got), QPACKET_OK);
	assert_true(got.sid == 2);
	assert_int_equal(got.protocol, QPACKET_PROTOCOL);
	assert_true(got.config_version == info.config_version);
}

static void
learner_info_lengths(void **state)
{
	static const unsigned char data[24] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	                                       0xfe, 0,    1,    0,    0,    0,    0,
	                                       0,    0,    0,    0,    0,    9};

	(void)state;
	for (size_t len = 0; len <= sizeof(data); len++) {
		struct qpacket p = {.data = data, .data_len = len};
		struct qpacket_learner got = {.sid = 5, .config_version = 5};
		bool fine = len == 12 || len == 20;

		assert_int_equal(qpacket_get_learner(&p, &got),
		                 fine ? QPACKET_OK : QPACKET_DATA);
		assert_true(got.sid == (fine ? -2 : 5));
		if (fine)
			assert_true(got.config_version == (len == 20 ? 9 : 0));
		p.data = NULL;
		assert_int_equal(qpacket_get_learner(&p, &got), QPACKET_DATA);
	}
}

static void
needs_room(void **state)
{
	static unsigned char data[QPACKET_MAX + 1], bytes[QPACKET_MAX + 64];
	struct qpacket p = {.type = QPACKET_PING, .data = data, .data_len = 3};

	(void)state;
	for (size_t cap = 0; cap < 23; cap++)
		assert_int_equal(qpacket_encode(&p, bytes, cap), 0);
	assert_int_equal(qpacket_encode(&p, bytes, 23), 23);
	p.data_len = QPACKET_MAX;
	assert_int_equal(qpacket_encode(&p, bytes, sizeof(bytes)), QPACKET_MAX + 20);
	p.data_len = QPACKET_MAX + 1;
	assert_int_equal(qpacket_encode(&p, bytes, sizeof(bytes)), 0);
}

static void
every_result_has_a_name(void **state)
{
	(void)state;
	for (int r = QPACKET_OK; r <= QPACKET_DATA; r++)
		for (int other = QPACKET_OK; other < r; other++)
			assert_string_not_equal(
			    qpacket_result_name((enum qpacket_result)r),
			    qpacket_result_name((enum qpacket_result)other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records),
	    cmocka_unit_test(cut_off_anywhere),
	    cmocka_unit_test(types),
	    cmocka_unit_test(follower_info),
	    cmocka_unit_test(learner_info_lengths),
	    cmocka_unit_test(needs_room),
	    cmocka_unit_test(every_result_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
