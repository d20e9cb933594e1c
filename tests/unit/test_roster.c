/* proc/roster: every row can be found, and its folder leads back to it. */
#include "proc/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
test_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ROSTER_COUNT; i++) {
		const struct roster_row *row = &roster[i];
		char folder[ROSTER_FOLDER_MAX], opening[64];
		const char *instance = NULL;

		assert_ptr_equal(roster_find(row->name), row);
		if (row->who)
			assert_ptr_equal(roster_who(row->who), row);
		roster_folder(row, "e2", folder);
		assert_ptr_equal(roster_of_folder(folder, &instance), row);
		assert_string_equal(instance, row->instances ? "e2" : "");
		snprintf(opening, sizeof(opening), "%s: ", row->program);
		assert_memory_equal(row->about, opening, strlen(opening));
		assert_true(row->needs < (int)ROSTER_COUNT && row->needs != (int)i);
		assert_true(row->needs < 0 ||
		            roster[row->needs].stop_turn > row->stop_turn);
	}
	/* a leader that stops keeps its lease until who holds has let go */
	assert_true(roster[ROSTER_PEER].stop_turn < roster[ROSTER_ELECTOR].stop_turn);
	assert_string_equal(roster[ROSTER_ELECTOR].folder, PATHS_ELECTOR);
}

static void
test_nobody(void **state)
{
	static const char *const folders[] = {"",         "conclaved", "elector",
	                                      "elector-", "peer-main", "connmg"};

	(void)state;
	assert_null(roster_find("conclaved"));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		assert_null(roster_of_folder(folders[i], NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
