/* swap/record: the text of a record is read and written. */
#include "swap/record.h"

#include "base/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "conclave record 2\n"
#define OLD  "conclave record 1\n"

static bool
parse(const char *text, struct record *out)
{
	char copy[RECORD_TEXT_MAX + 1];

	snprintf(copy, sizeof(copy), "%s", text);
	return record_parse(copy, out);
}

static void
test_whole(void **state)
{
	struct record r;

	(void)state;
	assert_true(
	    parse(HEAD "generation 12\nname e2\nbefore main\naccepted no\nend\n", &r));
	assert_int_equal(r.generation, 12);
	assert_string_equal(r.now.name, "e2");
	assert_string_equal(r.before.name, "main");
	assert_false(r.accepted);
}

/* Nobody obeys the paths of an older record. */
static void
test_old(void **state)
{
	struct record r;

	(void)state;
	assert_true(parse(OLD "generation 12\nname e2\npath /opt/a b/elector\n"
	                      "before main /usr/old one\naccepted no\nend\n",
	                  &r));
	assert_int_equal(r.generation, 12);
	assert_string_equal(r.now.name, "e2");
	assert_string_equal(r.now.path, "");
	assert_string_equal(r.before.name, "main");
	assert_string_equal(r.before.path, "");
	assert_false(r.accepted);
	assert_false(parse(OLD "generation 1\nname a\nbefore b/ /c\nend\n", &r));
}

/* Unknown lines, and bytes behind the end. */
static void
test_lenient(void **state)
{
	static const char *const cases[] = {
	    HEAD "generation 9223372036854775807\nname main\nend\n",
	    HEAD "name main\ngeneration 9223372036854775807\nend",
	    HEAD "colour blue\n\ngeneration 9223372036854775807\nname main\n"
		 "generations 1\npath /x\nend\nname other\n",
	    HEAD "generation 9223372036854775807\nname main\naccepted yes\nend\n",
	};
	struct record r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(parse(cases[i], &r));
		assert_true(r.generation == RECORD_GENERATION_MAX);
		assert_string_equal(r.now.name, "main");
		assert_string_equal(r.now.path, "");
		assert_string_equal(r.before.name, "");
		assert_true(r.accepted);
	}
	assert_true(parse(HEAD "generation 1\nname a\nbefore b\nend\n", &r));
	assert_string_equal(r.before.name, "b");
	assert_string_equal(r.before.path, "");
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {
	    "",
	    "\n",
	    "conclave record 3\ngeneration 1\nname a\nend\n",
	    "generation 1\nname a\nend\n",
	    HEAD "generation 1\nname a\n", /* cut */
	    HEAD "generation 1\nname a\nen",
	    HEAD "generation 1\nend\n",
	    HEAD "name a\nend\n",
	    HEAD "generation 0\nname a\nend\n",
	    HEAD "generation -1\nname a\nend\n",
	    HEAD "generation +1\nname a\nend\n",
	    HEAD "generation  1\nname a\nend\n",
	    HEAD "generation 1x\nname a\nend\n",
	    HEAD "generation \nname a\nend\n",
	    HEAD "generation 9223372036854775808\nname a\nend\n",
	    HEAD "generation 99999999999999999999\nname a\nend\n",
	    HEAD "generation 1\nname \nend\n",
	    HEAD "generation 1\nname a/b\nend\n",
	    HEAD "generation 1\nname a b\nend\n",
	    HEAD "generation 1\nname 0123456789abcdef0123456789abcdef\nend\n",
	    HEAD "generation 1\nname a\nbefore \nend\n",
	    HEAD "generation 1\nname a\nbefore b \nend\n",
	    HEAD "generation 1\nname a\nbefore b c\nend\n",
	    HEAD "generation 1\nname a\nbefore b/ /c\nend\n",
	};
	struct record r, before;

	(void)state;
	memset(&r, 0x5a, sizeof(r));
	before = r;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i], &r))
			fail_msg("taken: %s", cases[i]);
		assert_memory_equal(&r, &before, sizeof(r));
	}
}

static void
test_print(void **state)
{
	static const struct {
		struct record r;
		const char *want;
	} cases[] = {
	    {{.generation = 3, .now = {.name = "main"}, .accepted = true},
	     HEAD "generation 3\nname main\nend\n"},
	    {{.generation = 4, .now = {.name = "b"}, .before = {.name = "main"}},
	     HEAD "generation 4\nname b\nbefore main\naccepted no\nend\n"},
	};
	char text[RECORD_TEXT_MAX];
	struct record again;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct record *r = &cases[i].r;
		size_t len = record_print(r, text, sizeof(text));

		assert_string_equal(text, cases[i].want);
		assert_int_equal(len, strlen(text));
		assert_int_equal(record_print(r, text, len + 1), len);
		assert_true(parse(text, &again));
		assert_memory_equal(&again, r, sizeof(again));
		assert_int_equal(record_print(r, text, len), 0);
	}
}

static void
test_largest(void **state)
{
	struct record r = {.generation = RECORD_GENERATION_MAX}, again;
	char text[RECORD_TEXT_MAX];

	(void)state;
	memset(r.now.name, 'n', PATHS_NAME_MAX - 1);
	r.before = r.now;
	assert_true(record_print(&r, text, sizeof(text)) > 0);
	assert_true(parse(text, &again));
	assert_memory_equal(&again, &r, sizeof(again));
}

static void
test_promote(void **state)
{
	struct record r = {.generation = 7,
	                   .now = {.name = "main"},
	                   .before = {.name = "older"},
	                   .accepted = true};

	(void)state;
	record_promote(&r, "e2", RECORD_FORWARD);
	assert_string_equal(r.now.name, "e2");
	assert_string_equal(r.before.name, "main");
	assert_false(r.accepted);
	assert_int_equal(r.generation, 7); /* record_promote leaves it to connmgr */
	record_promote(&r, "main", RECORD_UNDO);
	assert_string_equal(r.now.name, "main");
	assert_string_equal(r.before.name, "e2");
	assert_true(r.accepted);
	record_promote(&r, "e3", RECORD_FORWARD);
	record_promote(&r, "main", RECORD_BACK);
	assert_string_equal(r.now.name, "main");
	assert_string_equal(r.before.name, "");
	assert_true(r.accepted);
}

static void
test_names_and_paths(void **state)
{
	char path[RECORD_PATH_MAX + 1];

	(void)state;
	assert_true(paths_name_ok("aZ09._-"));
	assert_true(paths_name_ok("0123456789abcdef0123456789abcde"));
	assert_false(paths_name_ok("0123456789abcdef0123456789abcdef"));
	assert_false(paths_name_ok(""));
	assert_false(paths_name_ok("a\n"));
	assert_true(record_path_ok("/"));
	assert_true(record_path_ok("/\xc3\xbc ber"));
	assert_false(record_path_ok(""));
	assert_false(record_path_ok("a"));
	memset(path, '/', sizeof(path));
	path[RECORD_PATH_MAX] = '\0';
	assert_false(record_path_ok(path));
	path[RECORD_PATH_MAX - 1] = '\0';
	assert_true(record_path_ok(path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),   cmocka_unit_test(test_old),
	    cmocka_unit_test(test_lenient), cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_print),   cmocka_unit_test(test_largest),
	    cmocka_unit_test(test_promote), cmocka_unit_test(test_names_and_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
