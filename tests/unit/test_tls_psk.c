/* tls/psk: the file of keys, identities, and what is derived. */
#include "tls/psk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX2 "f00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct psk_keys keys;

static const char *
parse(const char *text, unsigned *line)
{
	return psk_parse(text, strlen(text), &keys, line);
}

static void
good_files(void **state)
{
	unsigned line;

	(void)state;
	assert_null(parse("new " HEX "\nold " HEX2, &line));
	assert_int_equal(keys.count, 2);
	assert_string_equal(keys.list[0].id, "new");
	assert_int_equal(keys.list[0].secret[31], 0x1f);
	assert_int_equal(keys.list[1].secret[0], 0xf0);
	assert_ptr_equal(psk_find(&keys, "old"), &keys.list[1]);
	assert_null(psk_find(&keys, "ol"));
	assert_null(
	    parse("# made today\r\n\n  \nabcdefghij-12345 \t" HEX " \r\n", &line));
	assert_int_equal(keys.count, 1);
}

static void
wrong_files(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *words;
	} cases[] = {
	    {"", 0, "no key"},
	    {"# nothing\n\n", 2, "no key"},
	    {"a " HEX "\nb " HEX "0", 2, "64 hexadecimal digits"},
	    {"a 00", 1, "64 hexadecimal digits"},
	    {"a", 1, "64 hexadecimal digits"},
	    {"a " HEX " b", 1, "64 hexadecimal digits"},
	    {"a 0001020304050607 8090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00", 1,
	     "64 hexadecimal digits"},
	    {"a 0G0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1,
	     "other characters"},
	    {"A " HEX, 1, "a-z, 0-9"},
	    {"a_b " HEX, 1, "a-z, 0-9"},
	    {" " HEX, 1, "1 to 16"},
	    {"abcdefghij-123456 " HEX, 1, "1 to 16"},
	    {"a " HEX "\n\n#\na " HEX2, 4, "same id"},
	    {"1 " HEX "\n2 " HEX "\n3 " HEX "\n4 " HEX "\n5 " HEX "\n6 " HEX "\n7 " HEX
	     "\n8 " HEX "\n9 " HEX,
	     9, "more than 8"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned line = 77;
		const char *wrong = parse(cases[i].text, &line);

		assert_non_null(wrong);
		if (!strstr(wrong, cases[i].words) || line != cases[i].line)
			fail_msg("%s: line %u: %s", cases[i].text, line, wrong);
		assert_int_equal(keys.count, 0);
		assert_int_equal(keys.list[0].secret[1], 0);
	}
}

static void
new_keys(void **state)
{
	char first[PSK_LINE_MAX], second[PSK_LINE_MAX];
	unsigned line;

	(void)state;
	assert_int_equal(psk_make(first), 0);
	assert_int_equal(psk_make(second), 0);
	assert_string_not_equal(first, second);
	assert_null(parse(first, &line));
	assert_int_equal(strlen(first), 8 + 1 + 64 + 1);
}

static void
identities(void **state)
{
	static const struct psk_who good[] = {
	    {.key = "a", .from = 0, .to = 4611686018427387904},
	    {.key = "abcdefghij-12345", .from = 5, .to = 3},
	    {.key = "k", .probe = true},
	};
	static const char *const bad[] = {
	    "",
	    "conclave1 ",
	    "conclave1 a",
	    "conclave1 a 1",
	    "conclave1 a 1 2 ",
	    "conclave1 a  1 2",
	    "conclave1 a 1 02",
	    "conclave1 a +1 2",
	    "conclave1 a -1 2",
	    "conclave1 a 1 -2",
	    "conclave1 a 1 *",
	    "conclave1 a probe 2",
	    "conclave1 a probe *x",
	    "conclave1 A 1 2",
	    "conclave2 a 1 2",
	    "conclave1 a 1 9223372036854775808",
	    "conclave1 abcdefghij-123456 1 2",
	};
	char text[PSK_IDENTITY_MAX], long_text[200];
	struct psk_who who;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		psk_identity(&good[i], text);
		assert_true(psk_identity_parse(text, strlen(text), &who));
		assert_string_equal(who.key, good[i].key);
		assert_int_equal(who.probe, good[i].probe);
		assert_true(who.from == good[i].from && who.to == good[i].to);
		/* neither with a NUL, nor cut */
		assert_false(psk_identity_parse(text, strlen(text) + 1, &who));
	}
	assert_string_equal(text, "conclave1 k probe *");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (psk_identity_parse(bad[i], strlen(bad[i]), &who))
			fail_msg("taken: %s", bad[i]);
	memset(long_text, ' ', sizeof(long_text));
	memcpy(long_text, "conclave1 a 1 2", 15);
	assert_false(psk_identity_parse(long_text, sizeof(long_text), &who));
}

/* HKDF-SHA256 without a salt (RFC 5869); the two bytes are those of Python's hmac. */
static void
derived(void **state)
{
	unsigned char one[PSK_SECRET_LEN], other[PSK_SECRET_LEN];
	unsigned line;

	(void)state;
	assert_null(parse("k " HEX "\n", &line));
	assert_int_equal(psk_derive(&keys.list[0], "conclave1 k 1 2", one), 0);
	assert_int_equal(one[0], 0x86);
	assert_int_equal(one[31], 0x85);
	assert_int_equal(psk_derive(&keys.list[0], "conclave1 k 2 1", other), 0);
	assert_memory_not_equal(one, other, sizeof(one));
	assert_int_equal(psk_derive(&keys.list[0], "conclave1 k 1 2", other), 0);
	assert_memory_equal(one, other, sizeof(one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_files), cmocka_unit_test(wrong_files),
	    cmocka_unit_test(new_keys),   cmocka_unit_test(identities),
	    cmocka_unit_test(derived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
