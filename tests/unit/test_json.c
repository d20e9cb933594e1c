/* base/json: what is written is JSON, to the last digit and whatever the bytes are. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void
strings(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} cases[] = {
	    {"", "\"\""},
	    {"a b", "\"a b\""},
	    {"a\"b\\c", "\"a\\\"b\\\\c\""},
	    {"\n\x1f\x7f", "\"\\u000a\\u001f\\u007f\""},
	    {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
	    {"\xe2\x86\x92\xf0\x9f\x98\x80", "\"\xe2\x86\x92\xf0\x9f\x98\x80\""},
	    {"\xc3", "\"\\u00c3\""},                       /* cut */
	    {"\xc0\xaf", "\"\\u00c0\\u00af\""},            /* too long a form */
	    {"\xed\xa0\x80", "\"\\u00ed\\u00a0\\u0080\""}, /* half of a pair */
	    {"\xff"
	     "a\xc3\xbc",
	     "\"\\u00ffa\xc3\xbc\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char room[64];
		struct buf_out out;

		buf_out_init(&out, room, sizeof(room) - 1);
		json_put_string(&out, cases[i].text);
		assert_false(out.bad);
		room[out.len] = '\0';
		assert_string_equal((char *)room, cases[i].want);
	}
}

static void
members(void **state)
{
	static const struct json_count counts[] = {{"a", 0}, {"b", UINT64_MAX}};
	static const char want[] = "{\"t\":\"x\",\"u\":18446744073709551615,"
				   "\"i\":-9223372036854775808,\"b\":true,"
				   "\"c\":{\"a\":0,\"b\":18446744073709551615},"
				   "\"e\":{},\"l\":[1,2]}";
	unsigned char room[256];
	struct buf_out out;

	(void)state;
	buf_out_init(&out, room, sizeof(room));
	buf_put_u8(&out, '{');
	json_put_text(&out, "t", "x");
	json_put_u64(&out, "u", UINT64_MAX);
	json_put_i64(&out, "i", INT64_MIN);
	json_put_bool(&out, "b", true);
	json_put_counts(&out, "c", counts, 2);
	json_put_counts(&out, "e", counts, 0);
	json_put_key(&out, "l");
	buf_put_u8(&out, '[');
	for (int i = 1; i <= 2; i++) {
		json_put_next(&out);
		buf_put_text(&out, "%d", i);
	}
	buf_put_text(&out, "]}");
	assert_false(out.bad);
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(room, want, out.len);
}

static void
an_error_fits_or_is_none(void **state)
{
	char room[32];
	size_t len = json_error("no \"x\"", room, sizeof(room));

	(void)state;
	assert_int_equal(len, strlen("{\"error\":\"no \\\"x\\\"\"}"));
	assert_memory_equal(room, "{\"error\":\"no \\\"x\\\"\"}", len);
	assert_int_equal(json_error("no \"x\"", room, len), len);
	assert_int_equal(json_error("no \"x\"", room, len - 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strings),
	    cmocka_unit_test(members),
	    cmocka_unit_test(an_error_fits_or_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
