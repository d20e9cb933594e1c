/* base/plain: what a terminal would obey is taken out, and all else stays. */
#include "base/plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void
made_plain(void **state)
{
	static const char *const rows[][2] = {
	    {"", ""},
	    {"server 3 is silent", "server 3 is silent"},
	    {"a\nREADY=1\r\tb", "a?READY=1??b"},
	    {"\033[2J\033]0;title\007 \177", "?[2J?]0;title? ?"},
	    /* CSI in one character, and in one byte */
	    {"\xc2\x9b"
	     "2J",
	     "?2J"},
	    {"\x9b"
	     "2J",
	     "?2J"},
	    {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"},
	    /* text, the last letter of it in Latin 1, and a character that was cut */
	    {"M\xc3\xbcnchen \xe2\x80\xa6 \xf0\x9f\x90\x98 \xfc", "M\xc3\xbcnchen "
	                                                          "\xe2\x80\xa6 "
	                                                          "\xf0\x9f\x90\x98 "
	                                                          "\xfc"},
	    {"\xe2\x80", "\xe2?"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s", rows[i][0]);
		plain_make(text);
		assert_string_equal(text, rows[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(made_plain)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
