/* wire/notif: the one message of the election. */
#include "base/buf.h"
#include "wire/notif.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The start of every frame in these tests, then what the test wants. */
static void
begin(struct buf_out *b, unsigned char *room, size_t cap)
{
	memset(room, 0, cap);
	buf_out_init(b, room, cap);
	buf_put_i32(b, 2);
	buf_put_i64(b, -3);
	buf_put_i64(b, (int64_t)5 << 32 | 7);
	buf_put_i64(b, 11);
	buf_put_i64(b, 13);
}

static void
lengths(void **state)
{
	unsigned char frame[64];
	struct buf_out b;

	(void)state;
	for (int32_t version = -1; version <= 3; version++) {
		begin(&b, frame, sizeof(frame));
		buf_put_i32(&b, version);
		for (size_t len = 0; len <= sizeof(frame); len++) {
			struct notif n = {.vote = {.leader = 99}};
			enum notif_result want = NOTIF_OK;

			if (len < 28)
				want = NOTIF_SHORT;
			else if ((len > 28 && len < 40) ||
			         (version >= 2 && len > 40 && len < 44))
				want = NOTIF_PARTIAL;
			assert_int_equal(notif_decode(frame, len, &n), want);
			if (want != NOTIF_OK) {
				assert_true(n.vote.leader == 99);
				continue;
			}
			assert_true(n.vote.leader == -3);
			assert_true(n.vote.zxid == ((int64_t)5 << 32 | 7));
			assert_true(n.vote.round == 11);
			assert_true(n.vote.epoch == (len == 28 ? 5 : 13));
			assert_int_equal(n.vote.state, 2);
			assert_int_equal(n.vote.version, len > 40 ? version : 0);
			assert_int_equal(n.has_config, version >= 2 && len >= 44);
			assert_int_equal(n.config_len, 0);
		}
	}
}

static void
old_epoch_has_the_sign_of_the_zxid(void **state)
{
	unsigned char frame[28];
	struct buf_out b;
	struct notif n;

	(void)state;
	buf_out_init(&b, frame, sizeof(frame));
	buf_put_i32(&b, 0);
	buf_put_i64(&b, 1);
	buf_put_i64(&b, INT64_MIN);
	buf_put_i64(&b, 1);
	assert_int_equal(notif_decode(frame, sizeof(frame), &n), NOTIF_OK);
	assert_true(n.vote.epoch == INT32_MIN);
}

static void
configuration_lengths(void **state)
{
	static const struct {
		int32_t length;
		enum notif_result want;
	} rows[] = {
	    {0, NOTIF_OK},
	    {1, NOTIF_OK},
	    {6, NOTIF_OK},
	    {7, NOTIF_CONFIG_LENGTH},
	    {50, NOTIF_CONFIG_LENGTH},
	    {51, NOTIF_CONFIG_LENGTH},
	    {-1, NOTIF_CONFIG_LENGTH},
	    {INT32_MIN, NOTIF_CONFIG_LENGTH},
	    {INT32_MAX, NOTIF_CONFIG_LENGTH},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned char frame[50];
		struct notif n;
		struct buf_out b;

		begin(&b, frame, sizeof(frame));
		buf_put_i32(&b, 2);
		buf_put_i32(&b, rows[i].length);
		buf_put_bytes(&b, "abcdef", 6);
		assert_int_equal(notif_decode(frame, b.len, &n), rows[i].want);
		if (rows[i].want != NOTIF_OK)
			continue;
		assert_true(n.has_config);
		assert_int_equal(n.config_len, rows[i].length);
		assert_ptr_equal(n.config, frame + NOTIF_HEAD);
	}
}

/* Behind the text, and only where there is one; what else stands there is passed over. */
static void
priority_behind_the_text(void **state)
{
	unsigned char plain[NOTIF_HEAD + 6], frame[sizeof(plain) + NOTIF_TAIL + 1] = {0};
	struct notif n = {.config = "abcdef", .config_len = 6}, back;

	(void)state;
	n.vote = (struct vote){.leader = 7, .zxid = 8, .round = 9, .epoch = 1};
	assert_int_equal(notif_encode(&n, plain, sizeof(plain)), sizeof(plain));
	n.vote.priority = 0x0102;
	assert_int_equal(notif_encode(&n, frame, sizeof(plain)), 0);
	assert_int_equal(notif_encode(&n, frame, sizeof(frame)), sizeof(frame) - 1);
	assert_memory_equal(frame, plain, sizeof(plain));
	assert_int_equal(frame[sizeof(frame) - 3], 1);
	assert_int_equal(frame[sizeof(frame) - 2], 2);
	for (size_t len = sizeof(plain); len <= sizeof(frame); len++) {
		assert_int_equal(notif_decode(frame, len, &back), NOTIF_OK);
		assert_int_equal(back.vote.priority,
		                 len == sizeof(frame) - 1 ? 0x0102 : 0);
		assert_int_equal(back.config_len, 6);
	}
}

static void
any_state_and_version_passes(void **state)
{
	unsigned char frame[NOTIF_HEAD];
	struct buf_out b;
	struct notif n;

	(void)state;
	begin(&b, frame, sizeof(frame));
	buf_put_i32(&b, INT32_MIN);
	buf_put_i32(&b, -1);
	buf_out_init(&b, frame, 4);
	buf_put_i32(&b, -7);
	assert_int_equal(notif_decode(frame, sizeof(frame), &n), NOTIF_OK);
	assert_int_equal(n.vote.state, -7);
	assert_int_equal(n.vote.version, INT32_MIN);
	assert_false(n.has_config);
}

static void
encodes_version_2(void **state)
{
	static const char want[] = "\x00\x00\x00\x01"
				   "\xff\xff\xff\xff\xff\xff\xff\xff"
				   "\x00\x00\x00\x01\x00\x00\x00\x02"
				   "\x7f\xff\xff\xff\xff\xff\xff\xff"
				   "\x80\x00\x00\x00\x00\x00\x00\x00"
				   "\x00\x00\x00\x02"
				   "\x00\x00\x00\x09"
				   "version=0";
	struct notif n = {.vote = {.state = NOTIF_FOLLOWING,
	                           .leader = -1,
	                           .zxid = (int64_t)1 << 32 | 2,
	                           .round = INT64_MAX,
	                           .epoch = INT64_MIN},
	                  .config = "version=0",
	                  .config_len = 9};
	unsigned char bytes[64];
	struct notif back;

	(void)state;
	assert_int_equal(notif_encode(&n, bytes, sizeof(bytes)), sizeof(want) - 1);
	assert_memory_equal(bytes, want, sizeof(want) - 1);
	assert_int_equal(notif_decode(bytes, sizeof(want) - 1, &back), NOTIF_OK);
	assert_int_equal(back.vote.version, 2);
	assert_true(back.vote.epoch == INT64_MIN);
	assert_int_equal(notif_encode(&n, bytes, sizeof(want) - 1), sizeof(want) - 1);
	assert_int_equal(notif_encode(&n, bytes, sizeof(want) - 2), 0);
}

static void
encodes_no_empty_configuration(void **state)
{
	struct notif n = {.config = "", .config_len = 0};
	unsigned char bytes[64];

	(void)state;
	assert_int_equal(notif_encode(&n, bytes, sizeof(bytes)), 0);
	n.config_len = (size_t)INT32_MAX + 1;
	assert_int_equal(notif_encode(&n, bytes, sizeof(bytes)), 0);
}

static void
names(void **state)
{
	(void)state;
	assert_string_equal(notif_state_name(NOTIF_LOOKING), "LOOKING");
	assert_string_equal(notif_state_name(NOTIF_FOLLOWING), "FOLLOWING");
	assert_string_equal(notif_state_name(NOTIF_LEADING), "LEADING");
	assert_string_equal(notif_state_name(NOTIF_OBSERVING), "OBSERVING");
	assert_string_equal(notif_state_name(-1), "?");
	assert_string_equal(notif_state_name(4), "?");
	assert_string_equal(notif_state_word(NOTIF_LOOKING), "looking");
	assert_string_equal(notif_state_word(NOTIF_OBSERVING), "observing");
	assert_string_equal(notif_state_word(-1), "unknown");
	assert_string_equal(notif_state_word(4), "unknown");
	for (int r = NOTIF_OK; r <= NOTIF_CONFIG_LENGTH; r++)
		for (int other = NOTIF_OK; other < r; other++)
			assert_string_not_equal(
			    notif_result_name((enum notif_result)r),
			    notif_result_name((enum notif_result)other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lengths),
	    cmocka_unit_test(old_epoch_has_the_sign_of_the_zxid),
	    cmocka_unit_test(configuration_lengths),
	    cmocka_unit_test(priority_behind_the_text),
	    cmocka_unit_test(any_state_and_version_passes),
	    cmocka_unit_test(encodes_version_2),
	    cmocka_unit_test(encodes_no_empty_configuration),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
