/* What the library reads of answers, every one cut at every byte. */
#include "lib/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char whole[] =
    " {\"a\" : 1 ,\"deep\":{\"b\":[2,{\"b\":3}],\"c\":\"}\"},\n\"s\":\"x\\\"y\","
    "\"b\":-4,\"t\":true,\"f\":false,\"n\":null,\"w\":\"word\"} ";

static int64_t
number(const char *text, const char *key)
{
	int64_t value = 1234567;

	(void)answer_i64(text, key, &value);
	return value;
}

static void
members(void **state)
{
	char word[8] = "-";
	bool b = false;

	(void)state;
	assert_int_equal(number(whole, "a"), 1);
	assert_int_equal(number(whole, "b"), -4);
	/* not of the object itself, not there, of another type */
	assert_int_equal(number(whole, "c"), 1234567);
	assert_int_equal(number(whole, "n"), 1234567);
	assert_int_equal(number(whole, "s"), 1234567);
	assert_true(answer_has(whole, "deep"));
	assert_true(answer_has(whole, "n"));
	assert_false(answer_has(whole, "de"));
	assert_false(answer_has(whole, "deeper"));
	assert_false(answer_has(whole, ""));
	assert_true(answer_bool(whole, "t", &b) && b);
	assert_true(answer_bool(whole, "f", &b) && !b);
	assert_false(answer_bool(whole, "a", &b));
	assert_true(answer_text(whole, "w", word, 5));
	assert_string_equal(word, "word");
	assert_false(answer_text(whole, "w", word, 4));
	assert_false(answer_text(whole, "s", word, sizeof(word)));
	assert_false(answer_text(whole, "a", word, sizeof(word)));
	assert_string_equal(word, "word");
}

static void
half_is_none(void **state)
{
	char text[sizeof(whole)];

	(void)state;
	for (size_t len = 0; len < sizeof(whole) - 2; len++) {
		memcpy(text, whole, len);
		text[len] = '\0';
		assert_false(answer_has(text, "a"));
	}
	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		for (unsigned c = 1; c < 256; c++) {
			memcpy(text, whole, sizeof(whole));
			text[i] = (char)c;
			(void)answer_has(text, "w");
		}
}

static void
no_json(void **state)
{
	static const char *const texts[] = {
	    "",           "[]",          "1",          "{\"a\":1",
	    "{\"a\":1}x", "{\"a\" 1}",   "{\"a\":}",   "{\"a\":1 \"b\":2}",
	    "{a:1}",      "{\"a\":[1}",  "{\"a\":{]}", "{\"a\":\"\n\"}",
	    "{\"a\":1\"", "{\"a\":\"\\",
	};
	char deep[200];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(answer_has(texts[i], "a"));
	for (int depth = 31; depth < 34; depth++) {
		snprintf(deep, sizeof(deep), "{\"a\":%.*s%.*s}", depth,
		         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", depth,
		         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
		assert_int_equal(answer_has(deep, "a"), depth <= 32);
	}
	assert_true(answer_has("{}", "a") == false);
}

static void
ranges(void **state)
{
	uint64_t hex = 7;

	(void)state;
	assert_int_equal(number("{\"x\":9223372036854775807}", "x"), INT64_MAX);
	assert_int_equal(number("{\"x\":-9223372036854775808}", "x"), INT64_MIN);
	assert_int_equal(number("{\"x\":9223372036854775808}", "x"), 1234567);
	assert_int_equal(number("{\"x\":-9223372036854775809}", "x"), 1234567);
	assert_int_equal(number("{\"x\":92233720368547758070}", "x"), 1234567);
	assert_int_equal(number("{\"x\":-}", "x"), 1234567);
	assert_int_equal(number("{\"x\":1.5}", "x"), 1234567);
	assert_int_equal(number("{\"x\":1e3}", "x"), 1234567);
	assert_true(answer_hex("{\"x\":\"00000000000000ff\"}", "x", &hex));
	assert_int_equal(hex, 255);
	assert_true(answer_hex("{\"x\":\"ffffffffffffffff\"}", "x", &hex));
	assert_true(hex == UINT64_MAX);
	assert_false(answer_hex("{\"x\":\"\"}", "x", &hex));
	assert_false(answer_hex("{\"x\":\"0x1\"}", "x", &hex));
	assert_false(answer_hex("{\"x\":\"12345678123456781\"}", "x", &hex));
	assert_false(answer_hex("{\"x\":12}", "x", &hex));
	assert_true(hex == UINT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(members),
	    cmocka_unit_test(half_is_none),
	    cmocka_unit_test(no_json),
	    cmocka_unit_test(ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
