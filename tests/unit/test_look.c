/* swap/look: the words for a reason. */
#include "swap/look.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define EVERY_MS 500

static struct look look;

static const char *
reason(enum swap_note note, enum swap_why why)
{
	const struct swap_action a = {.type = SWAP_DO_NOTE, .note = note, .why = why};

	return look_reason(&look, &a);
}

/* During a return connmgr is asked about the old elector, which is not attached at first.
 */
static void
a_return_ends_with_the_reason_it_began_with(void **state)
{
	struct swap_event ev;

	(void)state;
	snprintf(look.words, sizeof(look.words), "it ended: hung");
	assert_string_equal(reason(SWAP_NOTE_RETURNING, SWAP_WHY_DIED), "it ended: hung");
	ev = look_event(&look, "{\"ok\":true,\"attached\":false}", EVERY_MS);
	assert_false(ev.attached);
	assert_string_not_equal(look.words, "it ended: hung");
	assert_string_equal(reason(SWAP_NOTE_RETURNED, SWAP_WHY_DIED), "it ended: hung");
	assert_string_equal(reason(SWAP_NOTE_BEGUN, SWAP_WHY_NONE), "");
}

static void
a_reason_of_the_core_needs_no_words(void **state)
{
	(void)state;
	snprintf(look.words, sizeof(look.words), "of another time");
	assert_string_equal(reason(SWAP_NOTE_GIVEN_UP, SWAP_WHY_DIFFERS),
	                    swap_why_text(SWAP_WHY_DIFFERS));
	assert_string_not_equal(look.reason, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_return_ends_with_the_reason_it_began_with),
	    cmocka_unit_test(a_reason_of_the_core_needs_no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
