/* swap/drive: which program has which seat, what connmgr is asked, and what is answered.
 * A shell whose operations all succeed at once, and a connmgr that answers as `replies`
 * says. */
#include "swap/drive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HERE         "{\"ok\":true,\"attached\":true,\"synced\":true,\"difference\":null}"
#define OTHER        "{\"ok\":true,\"attached\":true,\"synced\":true,\"difference\":{\"a\":1}}"
#define DONE         "{\"ok\":true}"
#define LOOK_MS      500
#define PROBATION_MS 30000
#define NEWEST       "/opt/new"

/* What happened, in words with a blank behind each. */
static char happened[1024], answer[1024], reason[512];
static struct drive drive;
static struct record record;
static uint64_t now_ms;
static unsigned event_count;
static struct swap_event events[16];
/* by request: its first word decides */
static const char *shadow_reply, *promote_reply;

static void
log_it(const char *what, const char *detail)
{
	size_t len = strlen(happened);

	snprintf(happened + len, sizeof(happened) - len, "%s%s%s ", what,
	         *detail ? ":" : "", detail);
}

static void
on_push(void *user, const struct swap_event *ev)
{
	(void)user;
	assert_true(event_count < 16);
	events[event_count++] = *ev;
}

static bool
on_read(void *user, struct record *out)
{
	(void)user;
	*out = record;
	return true;
}

static void
on_describe(void *user, unsigned seat)
{
	log_it("describe", drive.programs[seat].path);
	strcpy(drive.version, "2.0");
	on_push(user, &(struct swap_event){.type = SWAP_EV_DESCRIBED, .ok = true});
}

static bool
on_start(void *user, unsigned seat)
{
	log_it("start", drive.programs[seat].name);
	on_push(user, &(struct swap_event){.type = SWAP_EV_READY, .seat = seat});
	return true;
}

static bool
on_seat(void *user, enum swap_action_type what, unsigned seat)
{
	(void)user;
	log_it(what == SWAP_DO_STOP   ? "stop"
	       : what == SWAP_DO_KEEP ? "keep"
	                              : "watch",
	       drive.programs[seat].name);
	return true;
}

static void
on_ask(void *user, enum swap_action_type asked, unsigned seat, const char *request)
{
	(void)user;
	(void)seat;
	log_it("ask", request);
	if (asked == SWAP_DO_PROMOTE && promote_reply) {
		record.generation++;
		record.before = record.now;
		record.now = drive.programs[seat];
		record.accepted = false;
	}
	drive_replied(&drive, asked,
	              asked == SWAP_DO_LOOK      ? shadow_reply
	              : asked == SWAP_DO_PROMOTE ? promote_reply
	                                         : DONE);
}

static void
on_answer(void *user, bool ok, const char *why)
{
	struct buf_out out;

	(void)user;
	buf_out_init(&out, answer, sizeof(answer) - 1);
	drive_put_answer(&drive, ok, why, &drive.programs[drive.core.active],
	                 drive.version, &out);
	answer[out.len] = '\0';
	log_it(ok ? "yes" : "no", "");
}

static void
on_note(void *user, enum swap_note note, const char *why)
{
	(void)user;
	snprintf(reason, sizeof(reason), "%s", why);
	if (note == SWAP_NOTE_RETURNED)
		log_it("returned", "");
}

static const struct drive_ops ops = {.push = on_push,
                                     .read = on_read,
                                     .describe = on_describe,
                                     .start = on_start,
                                     .seat = on_seat,
                                     .ask = on_ask,
                                     .answer = on_answer,
                                     .note = on_note};

static void
run(void)
{
	for (unsigned i = 0; i < event_count; i++)
		drive_step(&drive, now_ms, &events[i]);
	event_count = 0;
}

static int
set_up(void **state)
{
	(void)state;
	happened[0] = answer[0] = '\0';
	event_count = 0;
	now_ms = 1000;
	shadow_reply = HERE;
	promote_reply = DONE;
	record =
	    (struct record){.generation = 7, .now = {.name = "main"}, .accepted = true};
	assert_true(drive_init(&drive, 5000, LOOK_MS, PROBATION_MS, &ops, NULL));
	return 0;
}

static void
a_swap_is_promoted_and_accepted(void **state)
{
	(void)state;
	drive_swap(&drive, NULL, NEWEST, 0, false);
	run();
	assert_string_equal(happened, "describe:" NEWEST " start:e8 ask:shadow e8 "
	                              "ask:promote forward e8 yes stop:main ");
	assert_string_equal(answer, "{\"ok\":true,\"program\":{\"name\":\"e8\",\"path\":"
	                            "\"" NEWEST "\"},\"version\":\"2.0\","
	                            "\"difference\":null}");
	assert_string_equal(drive.record.before.name, "main");
	happened[0] = '\0';
	now_ms += PROBATION_MS;
	on_push(NULL, &(struct swap_event){.type = SWAP_EV_DUE});
	run();
	assert_string_equal(happened, "ask:accept e8 keep:e8 ");
}

static void
a_death_brings_the_program_before_back(void **state)
{
	(void)state;
	drive_swap(&drive, "b", "", 0, false);
	run();
	happened[0] = '\0';
	on_push(NULL, &(struct swap_event){.type = SWAP_EV_DIED, .seat = 1});
	run();
	assert_string_equal(happened, "start:main ask:shadow main ask:promote back main "
	                              "returned keep:main ");
}

static void
an_undo_names_the_program_of_the_record(void **state)
{
	(void)state;
	strcpy(record.before.name, "old");
	drive_undo(&drive);
	run();
	assert_string_equal(happened, "start:old ask:shadow old ask:promote undo old yes "
	                              "returned stop:main keep:old ");
}

static void
a_difference_is_in_the_answer(void **state)
{
	(void)state;
	shadow_reply = OTHER;
	drive_swap(&drive, NULL, NEWEST, 0, false);
	run();
	assert_string_equal(happened,
	                    "describe:" NEWEST " start:e8 ask:shadow e8 no stop:e8 ");
	assert_string_equal(answer,
	                    "{\"error\":\"it said something else than the one in use\","
	                    "\"difference\":{\"a\":1}}");
}

/* During a return connmgr is asked about the old elector, which is not attached at first.
 */
static void
a_return_ends_with_the_reason_it_began_with(void **state)
{
	(void)state;
	drive_swap(&drive, "b", "", 0, false);
	run();
	assert_string_equal(reason, "");
	shadow_reply = "{\"ok\":true,\"attached\":false}";
	snprintf(drive.words, sizeof(drive.words), "it ended: hung");
	on_push(NULL, &(struct swap_event){.type = SWAP_EV_DIED, .seat = 1});
	run();
	assert_string_equal(reason, "it ended: hung");
	assert_string_not_equal(drive.words, "it ended: hung");
	shadow_reply = HERE;
	now_ms += LOOK_MS;
	on_push(NULL, &(struct swap_event){.type = SWAP_EV_DUE});
	run();
	assert_non_null(strstr(happened, "returned"));
	assert_string_equal(reason, "it ended: hung");
}

static void
a_reason_of_the_core_needs_no_words(void **state)
{
	(void)state;
	snprintf(drive.words, sizeof(drive.words), "of another time");
	shadow_reply = OTHER;
	drive_swap(&drive, "b", "", 0, false);
	run();
	assert_string_equal(reason, swap_why_text(SWAP_WHY_DIFFERS));
	assert_string_not_equal(drive.reason, "");
}

static void
without_an_answer_the_record_decides(void **state)
{
	(void)state;
	promote_reply = NULL;
	drive_swap(&drive, NULL, NEWEST, 0, false);
	run();
	assert_non_null(strstr(happened, "stop:e8 no "));
	assert_string_equal(answer,
	                    "{\"error\":\"connmgr did not answer\",\"difference\":null}");
}

/* It would end conclaved, whose stack is small. */
static void
an_answer_that_nests_deeply_is_none(void **state)
{
	char deep[2048] = "{\"ok\":true,\"attached\":true,\"synced\":true,\"x\":";
	size_t len = strlen(deep);

	(void)state;
	memset(deep + len, '[', 900);
	memset(deep + len + 900, ']', 900);
	strcpy(deep + len + 1800, "}");
	shadow_reply = deep;
	drive_swap(&drive, NULL, NEWEST, 0, false);
	run();
	assert_string_equal(happened, "describe:" NEWEST " start:e8 ask:shadow e8 ");
}

static void
a_probation_is_taken_up_again(void **state)
{
	(void)state;
	drive_resume(&drive);
	assert_int_equal(event_count, 0);
	record.accepted = false;
	strcpy(record.before.name, "old");
	assert_true(drive_init(&drive, 5000, LOOK_MS, PROBATION_MS, &ops, NULL));
	drive_resume(&drive);
	run();
	assert_string_equal(happened, "watch:main ");
	assert_int_equal(drive.core.phase, SWAP_PROBATION);
	/* the shell of units stops and disables the other one by its name */
	assert_string_equal(drive.programs[1].name, "old");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(a_swap_is_promoted_and_accepted, set_up),
	    cmocka_unit_test_setup(a_death_brings_the_program_before_back, set_up),
	    cmocka_unit_test_setup(an_undo_names_the_program_of_the_record, set_up),
	    cmocka_unit_test_setup(a_difference_is_in_the_answer, set_up),
	    cmocka_unit_test_setup(a_return_ends_with_the_reason_it_began_with, set_up),
	    cmocka_unit_test_setup(a_reason_of_the_core_needs_no_words, set_up),
	    cmocka_unit_test_setup(without_an_answer_the_record_decides, set_up),
	    cmocka_unit_test_setup(an_answer_that_nests_deeply_is_none, set_up),
	    cmocka_unit_test_setup(a_probation_is_taken_up_again, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
