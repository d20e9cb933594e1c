/* swap/swap_text: every phase, note and turn has its own words. */
#include "swap/swap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *
phase(unsigned i)
{
	return swap_phase_name((enum swap_phase)i);
}

static const char *
note(unsigned i)
{
	return swap_note_text((enum swap_note)i);
}

static void
assert_own_words(const char *(*text)(unsigned), unsigned first, unsigned last)
{
	for (unsigned i = first; i <= last; i++) {
		assert_true(text(i)[0] != '\0');
		for (unsigned j = first; j < i; j++)
			assert_string_not_equal(text(i), text(j));
	}
}

static void
test_words(void **state)
{
	(void)state;
	assert_own_words(phase, SWAP_IDLE, SWAP_ACCEPTING);
	assert_own_words(note, SWAP_NOTE_BEGUN, SWAP_NOTE_ACCEPTED);
	for (unsigned i = SWAP_WHY_NONE; i <= SWAP_WHY_STOPPED; i++)
		assert_non_null(swap_why_text((enum swap_why)i)); /* "": it has its own */
	assert_string_equal(swap_why_text(SWAP_WHY_BUSY), "another swap is under way");
}

static void
test_turns(void **state)
{
	struct swap s = {.why = SWAP_WHY_DIED};

	(void)state;
	assert_string_equal(swap_turn(&s, false), "forward");
	assert_string_equal(swap_turn(&s, true), "back");
	s.why = SWAP_WHY_ASKED;
	assert_string_equal(swap_turn(&s, true), "undo");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
