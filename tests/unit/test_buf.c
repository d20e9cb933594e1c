/* base/buf: cursors that never leave their bytes. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
reads_big_endian(void **state)
{
	static const unsigned char bytes[] = {
	    0xff, 0xff, 0xff, 0xff, 0xfe, 0x80, 0, 0, 0, 1, 2, 3, 4,
	    5,    6,    7,    8,    0xff, 0,    0, 0, 0, 0, 0, 9};
	struct buf_in in;

	(void)state;
	buf_in_init(&in, bytes, sizeof(bytes));
	assert_int_equal(buf_left(&in), sizeof(bytes));
	assert_int_equal(buf_get_u8(&in), 0xff);
	assert_int_equal(buf_get_i32(&in), -2);
	assert_int_equal(buf_get_u32(&in), 0x80000000);
	assert_true(buf_get_i64(&in) == 0x0102030405060708);
	assert_true(buf_get_u64(&in) == 0xff00000000000009);
	assert_int_equal(buf_left(&in), 0);
	assert_false(in.bad);
}

static void
reads_nothing_past_the_end(void **state)
{
	static const unsigned char bytes[] = {1, 2, 3};
	struct buf_in in;

	(void)state;
	buf_in_init(&in, bytes, sizeof(bytes));
	assert_int_equal(buf_get_u8(&in), 1);
	assert_int_equal(buf_get_i32(&in), 0);
	assert_true(in.bad);
	/* it stays so, though what is left would do */
	assert_int_equal(buf_get_u8(&in), 0);
	assert_true(buf_get_i64(&in) == 0);
	assert_null(buf_get_bytes(&in, 0));
	assert_int_equal(buf_left(&in), 0);
	assert_int_equal(in.pos, 1);
}

static void
lends_bytes_in_place(void **state)
{
	static const unsigned char bytes[] = "abcd";
	struct buf_in in;

	(void)state;
	buf_in_init(&in, bytes, 4);
	assert_ptr_equal(buf_get_bytes(&in, 0), bytes);
	assert_ptr_equal(buf_get_bytes(&in, 3), bytes);
	assert_ptr_equal(buf_get_bytes(&in, 1), bytes + 3);
	assert_ptr_equal(buf_get_bytes(&in, 0), bytes + 4);
	assert_false(in.bad);
	assert_null(buf_get_bytes(&in, SIZE_MAX));
	assert_true(in.bad);
}

static void
an_empty_input_has_nothing(void **state)
{
	struct buf_in in;

	(void)state;
	buf_in_init(&in, NULL, 0);
	assert_null(buf_get_bytes(&in, 0));
	assert_false(in.bad);
	assert_int_equal(buf_get_u8(&in), 0);
	assert_true(in.bad);
}

static void
writes_big_endian(void **state)
{
	static const unsigned char want[] = {
	    7, 0xff, 0xff, 0xff, 0xfe, 0x80, 0,    0,    0,    0x80, 0,   0,   0,   0,  0,
	    0, 0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd, 'x', 'y', '-', '5'};
	unsigned char bytes[sizeof(want) + 1];
	struct buf_out out;

	(void)state;
	buf_out_init(&out, bytes, sizeof(bytes));
	buf_put_u8(&out, 7);
	buf_put_i32(&out, -2);
	buf_put_u32(&out, 0x80000000);
	buf_put_i64(&out, INT64_MIN);
	buf_put_u64(&out, UINT64_MAX - 2);
	buf_put_bytes(&out, "xy", 2);
	buf_put_bytes(&out, NULL, 0);
	buf_put_text(&out, "%d", -5);
	assert_false(out.bad);
	assert_int_equal(out.len, sizeof(want));
	assert_memory_equal(bytes, want, sizeof(want));
}

static void
writes_nothing_past_the_room(void **state)
{
	unsigned char bytes[8] = "........";
	struct buf_out out;

	(void)state;
	buf_out_init(&out, bytes, 7);
	buf_put_u32(&out, 0x41414141);
	buf_put_i64(&out, 1);
	assert_true(out.bad);
	assert_int_equal(out.len, 4);
	buf_put_u8(&out, 'z'); /* would fit, but what went before is missing */
	buf_put_text(&out, "z");
	assert_int_equal(out.len, 4);
	assert_memory_equal(bytes, "AAAA....", 8);
}

static void
text_needs_room_for_its_nul(void **state)
{
	unsigned char bytes[4];
	struct buf_out out;

	(void)state;
	buf_out_init(&out, bytes, sizeof(bytes));
	buf_put_text(&out, "%s", "abc");
	assert_false(out.bad);
	assert_int_equal(out.len, 3);
	buf_out_init(&out, bytes, sizeof(bytes));
	buf_put_text(&out, "%s", "abcd");
	assert_true(out.bad);
	assert_int_equal(out.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_big_endian),
	    cmocka_unit_test(reads_nothing_past_the_end),
	    cmocka_unit_test(lends_bytes_in_place),
	    cmocka_unit_test(an_empty_input_has_nothing),
	    cmocka_unit_test(writes_big_endian),
	    cmocka_unit_test(writes_nothing_past_the_room),
	    cmocka_unit_test(text_needs_room_for_its_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
