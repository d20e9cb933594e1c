/* view/members_text: the sentence of each state, and how bad the state is. */
#include "view/members_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	struct members_said said;
	const char *word;
	enum members_level level;
	const char *text;
} cases[] = {
    {{.state = MEMBERS_IN_FORCE, .version = 3, .wished = 3},
     "in-force",
     MEMBERS_WELL,
     ""},
    {{.state = MEMBERS_FOUNDING_WAITS, .wished = 1, .missing_count = 1, .missing = {3}},
     "founding-waits",
     MEMBERS_NOTED,
     "founding: waits for server 3; a group is founded by all its servers, once"},
    {{.state = MEMBERS_FOUNDING_WAITS,
      .wished = 1,
      .missing_count = 2,
      .missing = {2, 3}},
     "founding-waits",
     MEMBERS_NOTED,
     "founding: waits for servers 2, 3; a group is founded by all its servers, once"},
    {{.state = MEMBERS_FOUNDING_WAITS, .wished = 1},
     "founding-waits",
     MEMBERS_NOTED,
     "founding: under way; a group is founded by all its servers, once"},
    {{.state = MEMBERS_FOUNDING_DIFFERS, .wished = 1, .other = 2},
     "founding-differs",
     MEMBERS_STUCK,
     "server 2 has another file of version 1; make them equal"},
    {{.state = MEMBERS_NO_GROUP, .wished = 4},
     "no-group",
     MEMBERS_STUCK,
     "this file has version 4, which joins a group and founds none; no server of a "
     "group answers"},
    {{.state = MEMBERS_NO_GROUP, .wished = 4, .has_other = true, .other = 0},
     "no-group",
     MEMBERS_STUCK,
     "this file has version 4, which joins a group and founds none; server 0 leads one, "
     "and its file does not list this server: reload there"},
    {{.state = MEMBERS_WAITS_JOIN,
      .version = 3,
      .wished = 4,
      .from = 3,
      .to = 4,
      .missing_count = 1,
      .missing = {5}},
     "waits-join",
     MEMBERS_WARNED,
     "members 4 wait for server 5, which has not joined; still members 3"},
    {{.state = MEMBERS_WAITS_JOIN,
      .version = 3,
      .from = 3,
      .to = 4,
      .missing_count = 2,
      .missing = {4, 5}},
     "waits-join",
     MEMBERS_WARNED,
     "members 4 wait for servers 4, 5, which have not joined; still members 3"},
    {{.state = MEMBERS_WAITS_JOIN, .version = 3, .wished = 4},
     "waits-join",
     MEMBERS_WARNED,
     "members 4 wait for the leader, which says for whom; still members 3"},
    {{.state = MEMBERS_WAITS_JOIN,
      .version = 3,
      .wished = 4,
      .has_other = true,
      .other = 1},
     "waits-join",
     MEMBERS_WARNED,
     "members 4 wait for the leader, server 1: it says for whom, or has not read this "
     "file; still members 3"},
    {{.state = MEMBERS_WAITS_JOIN, .wished = 4},
     "waits-join",
     MEMBERS_WARNED,
     "members 4 wait for the leader, which says for whom"},
    {{.state = MEMBERS_UNDER_WAY,
      .version = 3,
      .from = 3,
      .to = 4,
      .missing_count = 2,
      .missing = {4, 5}},
     "under-way",
     MEMBERS_NOTED,
     "members 3 → 4: under way, a quorum of 4 is missing: 4, 5"},
    {{.state = MEMBERS_UNDER_WAY, .wished = 1, .to = 1},
     "under-way",
     MEMBERS_NOTED,
     "members 1: under way"},
    {{.state = MEMBERS_UNDER_WAY, .version = 3, .from = 3, .to = 4},
     "under-way",
     MEMBERS_NOTED,
     "members 3 → 4: under way"},
    {{.state = MEMBERS_UNDER_WAY, .version = 4, .from = 4, .to = 4},
     "under-way",
     MEMBERS_NOTED,
     "members 4 with a new disk: under way"},
    {{.state = MEMBERS_GIVEN_UP,
      .from = 3,
      .to = 4,
      .patience_ms = 2000,
      .missing_count = 2,
      .missing = {4, 5}},
     "given-up",
     MEMBERS_WARNED,
     "members 3 → 4: given up after 2 s: 4, 5 did not answer; still members 3"},
    {{.state = MEMBERS_GIVEN_UP, .version = 3, .wished = 4, .patience_ms = 1250},
     "given-up",
     MEMBERS_WARNED,
     "members 3 → 4: given up after 1.3 s; still members 3"},
    {{.state = MEMBERS_LEFT_JOINT,
      .from = 3,
      .to = 4,
      .missing_count = 2,
      .missing = {4, 5}},
     "left-joint",
     MEMBERS_STUCK,
     "members 3 → 4 were under way when a leader ended: quorums of both are needed; "
     "missing 4, 5. Start them; if they are lost for ever: conclave refound"},
    {{.state = MEMBERS_LEFT_JOINT, .from = 3, .to = 4},
     "left-joint",
     MEMBERS_STUCK,
     "members 3 → 4 were under way when a leader ended: quorums of both are needed"},
    {{.state = MEMBERS_FILE_OLDER, .version = 4, .wished = 3},
     "file-older",
     MEMBERS_WARNED,
     "file has version 3, the group 4: write version 5 to change back"},
    {{.state = MEMBERS_TWO_FILES, .version = 3, .wished = 4, .other = 2},
     "two-files",
     MEMBERS_WARNED,
     "two files of version 4 differ: here and server 2"},
    {{.state = MEMBERS_NEW_DISK, .version = 4, .wished = 4, .other = 3},
     "new-disk",
     MEMBERS_NOTED,
     "server 3 has a new disk: being taken in again"},
    {{.state = MEMBERS_NEW_DISK_WAITS,
      .version = 4,
      .other = 3,
      .missing_count = 1,
      .missing = {2}},
     "new-disk-waits",
     MEMBERS_STUCK,
     "server 3 has a new disk and waits: no quorum without it; missing 2. Start them; if "
     "they are lost for ever: conclave refound"},
    {{.state = MEMBERS_NEW_DISK_WAITS, .version = 4, .other = 0},
     "new-disk-waits",
     MEMBERS_STUCK,
     "server 0 has a new disk and waits: no quorum without it; if the old disks are lost "
     "for ever: conclave refound"},
    {{.state = MEMBERS_REMOVED, .version = 4, .wished = 3},
     "removed",
     MEMBERS_NOTED,
     "removed at members 4; may be stopped"},
    {{.state = MEMBERS_DISK_CHANGES, .version = 4, .other = 3, .times = 4},
     "disk-changes",
     MEMBERS_WARNED,
     "server 3 has changed its disk 4 times in 10 min: is its id used twice?"},
};

static void
sentences(void **state)
{
	unsigned seen = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct members_said *s = &cases[i].said;
		char text[MEMBERS_SENTENCE_MAX];

		assert_string_equal(members_text_put(s, text, sizeof(text)),
		                    cases[i].text);
		assert_string_equal(members_text_word(s->state), cases[i].word);
		assert_int_equal(members_text_state(cases[i].word), s->state);
		assert_int_equal(members_text_level(s->state), cases[i].level);
		seen |= 1u << s->state;
	}
	assert_int_equal(seen, (1u << MEMBERS_STATES) - 1);
}

/* As many servers as there can be, of the largest ids, have room; less room cuts. */
static void
room(void **state)
{
	struct members_said s = {.state = MEMBERS_LEFT_JOINT,
	                         .from = MEMBERS_VERSION_MAX - 1,
	                         .to = MEMBERS_VERSION_MAX,
	                         .missing_count = MEMBERS_MAX};
	char text[MEMBERS_SENTENCE_MAX], small[100];

	(void)state;
	for (unsigned i = 0; i < MEMBERS_MAX; i++)
		s.missing[i] = MEMBERS_SID_MAX;
	members_text_put(&s, text, sizeof(text));
	assert_non_null(strstr(text, "conclave refound"));
	members_text_put(&s, small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
	assert_memory_equal(small, text, sizeof(small) - 1);
}

static void
unknown_words(void **state)
{
	struct members_said s = {.state = MEMBERS_STATES};
	char text[MEMBERS_SENTENCE_MAX] = "old";

	(void)state;
	assert_string_equal(members_text_word(MEMBERS_STATES), "?");
	assert_string_equal(members_text_put(&s, text, sizeof(text)), "");
	assert_int_equal(members_text_level(MEMBERS_STATES), MEMBERS_WELL);
	assert_int_equal(members_text_state("of-a-later-version"), MEMBERS_IN_FORCE);
	assert_int_equal(members_text_state(""), MEMBERS_IN_FORCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sentences),
	    cmocka_unit_test(room),
	    cmocka_unit_test(unknown_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
