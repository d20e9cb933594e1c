/* view/member, and that jansson keeps every digit of an integer. */
#include "view/member.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
check_print(const char *text, const char *want)
{
	json_t *root = json_loads(text, JSON_DECODE_ANY, NULL);
	char *got;

	assert_non_null(root);
	got = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_string_equal(got, want);
	free(got);
	json_decref(root);
}

static void
printed_to_the_last_digit(void **state)
{
	static const char *const same[] = {
	    "4611686018427387904",
	    "-4611686018427387904",
	    "9223372036854775807",
	    "-9223372036854775808",
	    "9007199254740993",
	    "1000000000000000",
	    "999999999999999",
	    "-999999999999999",
	    "123456789012345",
	    "0",
	    "-1",
	    "{\"round\":9007199254740993,\"id\":4611686018427387904}",
	    "[1,9007199254740993,[4611686018427387904,{\"a\":[9007199254740993]}],2]",
	    "\"9007199254740993\"",
	    "{\"reason\":\"9007199254740993 is \\\" 9007199254740993\",\"b\":true}",
	    "{\"a\\\\\":9007199254740993}",
	    "\"\\\\\\\"9007199254740993\"",
	    "1.5",
	    "null",
	    "{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		check_print(same[i], same[i]);
}

static void
long_fractions_stay_doubles(void **state)
{
	json_t *root =
	    json_loads("[0.12345678901234567, 1e300, 12345678901234567.5]", 0, NULL);
	int64_t v = 7;

	(void)state;
	assert_non_null(root);
	for (unsigned i = 0; i < 3; i++) {
		json_t *o = json_pack("{s:O}", "n", json_array_get(root, i));

		assert_true(json_is_number(json_array_get(root, i)));
		assert_false(member_i64(o, "n", &v));
		json_decref(o);
	}
	assert_int_equal(v, 7);
	json_decref(root);
}

static void
refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "{",
	    "{\"a\":}",
	    "1 2",
	    "[1,]",
	    "{\"a\":1}x",
	    "-",

	    "nothing",
	    "\"open",
	    "--9007199254740993",
	    "\"\\",
	    "18446744073709551615",
	    "9223372036854775808",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *root = json_loads(bad[i], JSON_DECODE_ANY, NULL);

		if (root)
			fail_msg("taken: %s", bad[i]);
	}
}

static void
escapes_stay(void **state)
{
	(void)state;
	check_print("\"\\u0001abc\"", "\"\\u0001abc\"");
	check_print("\"\\u0001\"", "\"\\u0001\"");
	check_print("\"\\u0001-\"", "\"\\u0001-\"");
}

static void
integers_read(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t want;
	} cases[] = {
	    {"4611686018427387904", true, INT64_C(4611686018427387904)},
	    {"9007199254740993", true, INT64_C(9007199254740993)},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"0", true, 0},
	    {"-3", true, -3},
	    {"2.5", false, 0},
	    {"1e20", false, 0},
	    {"-1e20", false, 0},
	    {"\"3\"", false, 0},
	    {"null", false, 0},
	    {"true", false, 0},
	    {"{}", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *node = json_loads(cases[i].text, JSON_DECODE_ANY, NULL);
		int64_t v = 42;

		assert_non_null(node);
		node = json_pack("{s:o}", "n", node);
		assert_int_equal(member_i64(node, "n", &v), cases[i].ok);
		assert_true(v == (cases[i].ok ? cases[i].want : 42));
		json_decref(node);
	}
	assert_false(member_i64(NULL, "n", NULL));
}

static void
members(void **state)
{
	json_t *o =
	    json_loads("{\"n\":4611686018427387904,\"s\":\"word\",\"e\":\"\",\"z\":null,"
	               "\"u\":9223372036854775807,\"f\":12.5}",
	               0, NULL);
	char text[32];

	(void)state;
	assert_string_equal(member_text(o, "n", text, sizeof(text)),
	                    "4611686018427387904");
	assert_string_equal(member_text(o, "u", text, sizeof(text)),
	                    "9223372036854775807");
	assert_string_equal(member_text(o, "f", text, sizeof(text)), "12.500");
	assert_string_equal(member_text(o, "s", text, sizeof(text)), "word");
	assert_string_equal(member_text(o, "e", text, sizeof(text)), "-");
	assert_string_equal(member_text(o, "z", text, sizeof(text)), "-");
	assert_string_equal(member_text(o, "none", text, sizeof(text)), "-");
	assert_string_equal(member_text(NULL, "none", text, sizeof(text)), "-");
	assert_string_equal(member_text(o, "s", text, 3), "wo");
	assert_string_equal(member_string(o, "s"), "word");
	assert_string_equal(member_string(o, "n"), "");
	assert_string_equal(member_string(NULL, "n"), "");
	json_object_set_new(o, "n", json_integer(INT64_MIN));
	json_object_set_new(o, "new", json_integer(INT64_MAX));
	assert_string_equal(member_text(o, "n", text, sizeof(text)),
	                    "-9223372036854775808");
	assert_string_equal(member_text(o, "new", text, sizeof(text)),
	                    "9223372036854775807");
	assert_int_equal(json_object_size(o), 7);
	json_decref(o);
}

/* Of a path or a file: whatever it holds, there is a string. */
static void
bytes_that_are_no_text(void **state)
{
	json_t *good = member_of_bytes("gr\xc3\xbc\xc3\x9f \"\n"),
	       *bad = member_of_bytes("a\xfc\\");

	(void)state;
	assert_string_equal(json_string_value(good), "gr\xc3\xbc\xc3\x9f \"\n");
	assert_string_equal(json_string_value(bad), "a\xc3\xbc\\");
	json_decref(good);
	json_decref(bad);
}

static void
strings_made_plain(void **state)
{
	json_t *node = json_loads("{\"a\":\"\\u001b[2J\",\"b\":[1,{\"c\":\"x\\ny\"},"
	                          "\"z\\u009b\"],\"d\":null}",
	                          0, NULL);
	char *got;

	(void)state;
	member_make_plain(NULL);
	member_make_plain(node);
	got = json_dumps(node, JSON_COMPACT);
	assert_string_equal(
	    got, "{\"a\":\"?[2J\",\"b\":[1,{\"c\":\"x?y\"},\"z?\"],\"d\":null}");
	free(got);
	json_decref(node);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(printed_to_the_last_digit),
	    cmocka_unit_test(long_fractions_stay_doubles),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(escapes_stay),
	    cmocka_unit_test(integers_read),
	    cmocka_unit_test(members),
	    cmocka_unit_test(bytes_that_are_no_text),
	    cmocka_unit_test(strings_made_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
