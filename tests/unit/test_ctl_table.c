/* ctl/table: what a person reads. */
#include "ctl/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct column columns_of[] = {{"NAME", "name", TABLE_TEXT, NULL, NULL},
                                           {"STATE", "state", TABLE_TEXT, "of", "word"},
                                           {"AGE", "age", TABLE_DURATION, NULL, NULL}};

static void
check_table(const struct table *t, bool colours, const char *want)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	table_print(t, out, colours);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void
columns(void **state)
{
	static const char row_text[] =
	    "[{\"name\":\"a-long-name\",\"of\":{\"state\":\"up\"},\"age\":61000},"
	    "{\"name\":4611686018427387904},{\"name\":\"\\u001b[2Jx\",\"of\":"
	    "{\"state\":\"\",\"word\":\"else\"},\"age\":-1}]";
	static const struct column size = {"SIZE", "kb", TABLE_SIZE, NULL, NULL};
	struct table *t = table_new(columns_of, 3);
	json_t *rows = json_loads(row_text, 0, NULL);
	json_t *kb = json_pack("[{s:i}]", "kb", 2048);

	(void)state;
	assert_non_null(t);
	check_table(t, true, "NAME  STATE  AGE\n");
	for (size_t i = 0; i < 3; i++)
		table_row(t, json_array_get(rows, i));
	table_cell(t, "\033[2Jx");
	table_cell(t, "");
	table_cell(t, "2.0M");
	check_table(t, false,
	            "NAME                 STATE  AGE\n"
	            "a-long-name          up     1m01s\n"
	            "4611686018427387904  -      -\n"
	            "?[2Jx                else   -\n"
	            "?[2Jx                       2.0M\n");
	table_free(t);
	t = table_new(&size, 1);
	table_row(t, json_array_get(kb, 0));
	check_table(t, false, "SIZE\n2.0M\n");
	json_decref(kb);
	json_decref(rows);
	table_free(t);
}

static void
colours(void **state)
{
	struct table *t = table_new(columns_of + 1, 1);

	(void)state;
	for (unsigned i = 0; i < 100; i++) /* more than it has room for at first */
		table_cell(t, i ? "word" : "down");
	assert_string_equal(table_colour("word"), "");
	assert_string_equal(table_colour("down"), "\033[31m");
	assert_string_not_equal(table_colour("leading"), table_colour("following"));
	table_free(t);
	t = table_new(columns_of + 1, 1);
	table_cell(t, "down");
	table_cell(t, "else");
	check_table(t, true, "STATE\n\033[31mdown\033[0m\nelse\n");
	table_free(t);
	table_free(NULL);
}

static void
durations(void **state)
{
	static const struct {
		uint64_t ms;
		const char *want;
	} cases[] = {
	    {0, "0.0s"},          {99, "0.0s"},        {100, "0.1s"},
	    {9999, "9.9s"},       {10000, "10s"},      {59999, "59s"},
	    {60000, "1m00s"},     {3599999, "59m59s"}, {3600000, "1h00m"},
	    {86399999, "23h59m"}, {86400000, "1d00h"}, {1209600000, "14d00h"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(table_duration(cases[i].ms, text, sizeof(text)),
		                    cases[i].want);
}

static void
sizes(void **state)
{
	static const struct {
		uint64_t kb;
		const char *want;
	} cases[] = {
	    {0, "0K"},      {1023, "1023K"},      {1024, "1.0M"},
	    {1536, "1.5M"}, {1048575, "1023.9M"}, {1048576, "1.0G"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(table_size(cases[i].kb, text, sizeof(text)),
		                    cases[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(columns),
	    cmocka_unit_test(colours),
	    cmocka_unit_test(durations),
	    cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
