/* ctl/exact: every integer comes out as it went in. */
#include "ctl/exact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
check_print(const char *text, const char *want)
{
	cJSON *root = exact_parse(text);
	char *got;

	assert_non_null(root);
	got = cJSON_PrintUnformatted(root);
	assert_string_equal(got, want);
	cJSON_free(got);
	cJSON_Delete(root);
}

static void
printed_to_the_last_digit(void **state)
{
	static const char *const same[] = {
	    "4611686018427387904",
	    "-4611686018427387904",
	    "9223372036854775807",
	    "-9223372036854775808",
	    "18446744073709551615",
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
	cJSON *root = exact_parse("[0.12345678901234567, 1e300, 12345678901234567.5]");
	int64_t v = 7;

	(void)state;
	assert_non_null(root);
	for (int i = 0; i < 3; i++) {
		assert_true(cJSON_IsNumber(cJSON_GetArrayItem(root, i)));
		assert_false(exact_i64(cJSON_GetArrayItem(root, i), &v));
	}
	assert_int_equal(v, 7);
	cJSON_Delete(root);
}

static void
refused(void **state)
{
	static const char *const bad[] = {
	    "",        "{",      "{\"a\":}",           "1 2",  "[1,]", "{\"a\":1}x", "-",

	    "nothing", "\"open", "--9007199254740993", "\"\\",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cJSON *root = exact_parse(bad[i]);

		if (root)
			fail_msg("taken: %s", bad[i]);
	}
}

static void
a_string_with_the_mark_stays_one(void **state)
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
	    {"9223372036854775808", false, 0},
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
		cJSON *node = exact_parse(cases[i].text);
		int64_t v = 42;

		assert_non_null(node);
		assert_int_equal(exact_i64(node, &v), cases[i].ok);
		assert_true(v == (cases[i].ok ? cases[i].want : 42));
		cJSON_Delete(node);
	}
	assert_false(exact_i64(NULL, NULL));
}

static void
members(void **state)
{
	cJSON *o =
	    exact_parse("{\"n\":4611686018427387904,\"s\":\"word\",\"e\":\"\",\"z\":null,"
	                "\"u\":18446744073709551615}");
	char text[32];

	(void)state;
	assert_string_equal(exact_text(o, "n", text, sizeof(text)),
	                    "4611686018427387904");
	assert_string_equal(exact_text(o, "u", text, sizeof(text)),
	                    "18446744073709551615");
	assert_string_equal(exact_text(o, "s", text, sizeof(text)), "word");
	assert_string_equal(exact_text(o, "e", text, sizeof(text)), "-");
	assert_string_equal(exact_text(o, "z", text, sizeof(text)), "-");
	assert_string_equal(exact_text(o, "none", text, sizeof(text)), "-");
	assert_string_equal(exact_text(NULL, "none", text, sizeof(text)), "-");
	assert_string_equal(exact_text(o, "s", text, 3), "wo");
	assert_string_equal(exact_string(o, "s"), "word");
	assert_string_equal(exact_string(o, "n"), "");
	assert_string_equal(exact_string(NULL, "n"), "");
	exact_set(o, "n", INT64_MIN);
	exact_set(o, "new", INT64_MAX);
	assert_string_equal(exact_text(o, "n", text, sizeof(text)),
	                    "-9223372036854775808");
	assert_string_equal(exact_text(o, "new", text, sizeof(text)),
	                    "9223372036854775807");
	assert_int_equal(cJSON_GetArraySize(o), 6);
	cJSON_Delete(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(printed_to_the_last_digit),
	    cmocka_unit_test(long_fractions_stay_doubles),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(a_string_with_the_mark_stays_one),
	    cmocka_unit_test(integers_read),
	    cmocka_unit_test(members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
