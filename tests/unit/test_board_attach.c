/* board_attach.c, scripted: who counts, through starts, deaths, restarts, promotions. */
#include "tests/unit/board_script.h"

/* An active elector in place 0, generation 1, with a state. */
static int
begin_elector(void **state)
{
	begin_empty(state);
	PLAY(
	    {"attach 0 elector main 0", "open0:0"},
	    {"hello 0 0", "welcome0:0 record:elector:main:1 activate0:1 absent0 synced0"},
	    {"hello 0 1", ""}, {"state 0 st", "store:st"});
	return 0;
}

static void
a_shadow_gets_copies_and_is_not_heard(void **state)
{
	(void)state;
	PLAY({"attach 2 elector main 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"frame e 2 vote", "0<vote 2<vote"}, {"remote e 3 up r3", "0<r3 2<r3"},
	     {"state 2 mine", ""}, {"decided 2 mine", ""},
	     {"attach 1 peer main 0", "open1:0"},
	     {"hello 1 0", "welcome1:0 record:peer:main:1 activate1:1 1<r3 synced1"},
	     {"hello 1 1", ""}, {"look 1 1 1 look", "0<look 2<look"},
	     {"decided 2 mine", ""}, {"decided 0 dec", "1<dec"},
	     {"gone 1", "cut1 part absent0 absent2"});
	assert_int_equal(board_counters(board).not_active, 3);
	assert_false(board_may(board, 2, MSG_LANE_ELECTION, false));
	assert_int_equal(board_counters(board).not_active, 4);
}

static void
the_longest_waiting_shadow_takes_over(void **state)
{
	(void)state;
	PLAY({"attach 4 elector main 0", "open4:0"},
	     {"attach 3 elector main 0", "open3:0"},
	     {"attach 2 elector other 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"hello 3 0", "welcome3:0 3<st absent3 synced3"},
	     {"hello 4 0", "welcome4:0 4<st absent4 synced4"},
	     /* a new link of it does not cost it its turn */
	     {"down 4", ""}, {"attach 4 elector main 0", "open4:0"},
	     {"hello 4 0", "welcome4:0 4<st absent4 synced4"},
	     {"gone 0", "cut0 record:elector:main:2 activate4:2 4<st absent4 synced4"},
	     {"state 4 early", ""}, /* before hello with that generation */
	     {"hello 4 2", ""}, {"state 4 st2", "store:st2"},
	     {"gone 4", "cut4 record:elector:main:3 activate3:3 3<st2 absent3 synced3"},
	     {"gone 3", "cut3"},
	     /* another name comes in by promotion alone */
	     {"due", ""}, {"frame e 2 v", "2<v"});
	assert_int_equal(board_counters(board).too_early, 1);
	assert_int_equal(board_active(board, MSG_WHO_ELECTOR), -1);
	PLAY({"promote other", "prepare:other:4"},
	     {"prepared",
	      "record:elector:other:4:prepared activate2:4 2<st2 absent2 2<v synced2"},
	     {"hello 2 4", ""});
	assert_int_equal(board_open(board, MSG_WHO_ELECTOR), 2);
}

static void
a_shadow_that_has_not_said_hello_is_not_chosen(void **state)
{
	(void)state;
	PLAY({"attach 2 elector main 0", "open2:0"}, {"gone 0", "cut0"},
	     {"attach 3 elector main 0", "open3:0"},
	     {"hello 3 0",
	      "welcome3:0 record:elector:main:2 activate3:2 3<st absent3 synced3"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"gone 3", "cut3 record:elector:main:3 activate2:3 2<st absent2 synced2"});
}

static void
promotion(void **state)
{
	(void)state;
	PLAY({"promote b", "refused"}, {"attach 2 elector b 0", "open2:0"},
	     {"promote b", "refused"}, /* not synced */
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"promote main", "refused"}, {"promote b", "prepare:b:2"},
	     {"state 0 st1", "store:st1"},
	     {"promote b", "refused"}, /* that is under way */
	     {"prepared",
	      "record:elector:b:2:prepared activate2:2 2<st1 absent2 synced2 cut0"},
	     {"promote b", "refused"}, {"state 0 late", ""}, {"state 2 early", ""},
	     {"hello 2 2", ""}, {"state 2 st2", "store:st2"},
	     /* the old one, whenever it wakes up: another name holds its role */
	     {"attach 0 elector main 1", "super0:other"}, {"gone 0", ""},
	     {"attach 3 elector main 1", "super3:other"},
	     /* a new process of the old name is a shadow, and stays one */
	     {"attach 0 elector main 0", "open0:0"},
	     {"hello 0 0", "welcome0:0 0<st2 absent0 synced0"}, {"gone 2", "cut2"},
	     {"promote main", "prepare:main:3"},
	     {"prepared",
	      "record:elector:main:3:prepared activate0:3 0<st2 absent0 synced0"});
	assert_int_equal(board_counters(board).not_active, 1);
	assert_int_equal(board_counters(board).too_early, 1);
}

/* Its record is on its way to the disk, and what it stood on is no more. */
static void
a_promotion_that_came_too_late(void **state)
{
	(void)state;
	PLAY({"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     /* it has ended, and another has its place */
	     {"promote b", "prepare:b:2"}, {"gone 2", "cut2"},
	     {"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"}, {"prepared", "refused"},
	     /* its link */
	     {"promote b", "prepare:b:2"}, {"down 2", ""}, {"prepared", "refused"},
	     {"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"promote b", "prepare:b:2"}, {"unprepared", "refused"},
	     /* the old one, and nobody waited for the disk */
	     {"attach 3 elector main 0", "open3:0"},
	     {"hello 3 0", "welcome3:0 3<st absent3 synced3"},
	     {"promote b", "prepare:b:2"},
	     {"gone 0", "cut0 record:elector:main:2 activate3:2 3<st absent3 synced3"},
	     {"prepared", "refused"}, {"promote b", "prepare:b:3"},
	     {"prepared",
	      "record:elector:b:3:prepared activate2:3 2<st absent2 synced2 cut3"});
}

static void
a_record_that_cannot_be_written_activates_nobody(void **state)
{
	(void)state;
	records_fail = true;
	PLAY({"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"promote b", "prepare:b:2"}, {"prepared", "record:elector:b:2:prepared"},
	     {"state 0 st2", "store:st2"});
	assert_int_equal(board_active(board, MSG_WHO_ELECTOR), 0);
	PLAY({"at 2000", ""}, {"due", ""}, {"gone 0", "cut0"},
	     {"attach 0 elector main 0", "open0:0"},
	     /* told as a shadow, once, and tried again */
	     {"hello 0 0", "welcome0:0 record:elector:main:2 0<st2 absent0 synced0"},
	     {"frame e 2 v", "0<v 2<v"}, {"at 2999", ""}, {"due", ""}, {"at 3000", ""},
	     {"due", "record:elector:main:2"});
	assert_int_equal(board_due_ms(board), 4000);
	records_fail = false;
	PLAY({"at 4000", ""},
	     {"due", "record:elector:main:2 activate0:2 0<st2 absent0 0<v synced0"},
	     {"hello 0 2", ""});
}

static void
connmgr_restarts_and_the_old_ones_come_back(void **state)
{
	(void)state;
	begin_with(7, 4, "saved");
	PLAY({"attach 0 peer main 4", "open0:4"}, {"attach 1 elector main 7", "open1:7"},
	     /* what they last said as active goes before hello, and counts */
	     {"role 0 4 9 role", ""}, {"hello 0 4", "welcome0:4 synced0"},
	     {"state 1 newer", "store:newer"}, {"decided 1 dec", "0<dec"},
	     {"hello 1 7", "welcome1:7 1<newer 1<role 1<dec synced1"});
	assert_int_equal(board_open(board, MSG_WHO_ELECTOR), 1);
	assert_int_equal(board_open(board, MSG_WHO_PEER), 0);
}

static void
connmgr_restarts_and_a_new_one_comes(void **state)
{
	(void)state;
	begin_with(7, 4, "saved");
	PLAY({"attach 1 elector fresh 0", "open1:0"},
	     {"hello 1 0",
	      "welcome1:0 1<saved absent1 synced1"}, /* not the recorded name */
	     {"attach 2 elector main 0", "open2:0"},
	     {"hello 2 0",
	      "welcome2:0 record:elector:main:8 activate2:8 2<saved absent2 synced2"},
	     {"hello 2 8", ""},
	     /* the old holder was only slow */
	     {"attach 3 elector main 7", "super3"},
	     {"attach 3 elector main 9", "super3"});
}

static void
a_lost_record_gives_no_generation_twice(void **state)
{
	(void)state;
	begin_with(0, 0, NULL);
	PLAY({"attach 0 elector main 12", "super0"},
	     {"attach 0 elector main 0", "open0:0"},
	     {"hello 0 0",
	      "welcome0:0 record:elector:main:13 activate0:13 absent0 synced0"});
}

/* 2^64 - 1, which nobody can have: the next one would be 0, which is none. */
static void
a_generation_beyond_counting_is_not_believed(void **state)
{
	(void)state;
	begin_with(0, 0, NULL);
	PLAY({"attach 0 elector main 18446744073709551615", "super0"},
	     {"attach 0 elector main 18446744073709551614", "super0"},
	     {"attach 0 elector main 0", "open0:0"},
	     {"hello 0 0",
	      "welcome0:0 record:elector:main:1 activate0:1 absent0 synced0"});
	board_free(board);
	begin_from(0, 0, UINT64_MAX, NULL); /* a serial in a state that was kept */
	PLAY({"attach 0 peer main 0", "open0:0"},
	     {"hello 0 0", "welcome0:0 record:peer:main:1 activate0:1 synced0"});
}

static void
one_generation_has_one_holder(void **state)
{
	(void)state;
	PLAY({"attach 3 elector main 1", "super3"}, {"frame e 2 v", "0<v"});
}

static void
a_hello_that_does_not_come(void **state)
{
	(void)state;
	PLAY({"at 5000", ""}, {"attach 2 elector main 0", "open2:0"});
	assert_int_equal(board_due_ms(board), 6000);
	PLAY({"at 5999", ""}, {"due", ""}, {"at 6000", ""}, {"due", "cut2"}, {"due", ""},
	     {"hello 2 0", ""}, /* of the link that was cut */
	     {"attach 2 elector main 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"});
	assert_true(board_due_ms(board) == UINT64_MAX);
	PLAY({"gone 0", "cut0 record:elector:main:2 activate2:2 2<st absent2 synced2"});
	assert_int_equal(board_due_ms(board), 7000);
	PLAY({"at 7000", ""}, {"due", "cut2"},
	     /* it never heard of its generation: once more by the same path */
	     {"attach 2 elector main 0", "open2:0"},
	     {"hello 2 0",
	      "welcome2:0 record:elector:main:3 activate2:3 2<st absent2 synced2"},
	     {"down 2", ""},
	     /* it did, and its link broke before it could say so */
	     {"attach 2 elector main 3", "open2:3"},
	     {"hello 2 3", "welcome2:3 2<st absent2 synced2"});
}

static void
a_wrong_hello_costs_the_link(void **state)
{
	(void)state;
	PLAY({"hello 0 1", "cut0"}, {"attach 0 elector main 1", "open0:1"},
	     {"hello 0 2", "cut0"}, {"attach 2 elector main 0", "open2:0"},
	     {"hello 2 5", "cut2"}, {"hello 5 0", ""});
	assert_int_equal(board_active(board, MSG_WHO_ELECTOR), 0);
}

static void
attach_again_on_a_link_that_stands(void **state)
{
	(void)state;
	PLAY({"attach 1 peer main 0", "open1:0"},
	     {"hello 1 0", "welcome1:0 record:peer:main:1 activate1:1 synced1"},
	     {"hello 1 1", ""}, {"attach 1 peer main 1", "cut1 part open1:1"},
	     {"hello 1 1", "welcome1:1 synced1"},
	     {"attach 0 elector main 1", "cut0 open0:1"},
	     {"hello 0 1", "welcome0:1 0<st absent0 synced0"},
	     /* the same connection in another role: the old one has ended */
	     {"attach 1 elector b 0", "cut1 part absent0 open1:0"});
	assert_int_equal(board_active(board, MSG_WHO_PEER), -1);
	assert_string_equal(board_worker(board, 1)->name, "b");
}

static void
a_holder_that_forgot_makes_room_for_a_shadow(void **state)
{
	(void)state;
	PLAY({"attach 2 elector main 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 2<st absent2 synced2"},
	     {"attach 0 elector main 0",
	      "cut0 open0:0 record:elector:main:2 activate2:2 2<st absent2 synced2"},
	     {"hello 0 0", "welcome0:0 0<st absent0 synced0"});
}

static void
a_peer_of_an_old_generation_is_cut_off(void **state)
{
	(void)state;
	PLAY({"attach 1 peer main 0", "open1:0"},
	     {"hello 1 0", "welcome1:0 record:peer:main:1 activate1:1 synced1"},
	     {"hello 1 1", ""}, {"look 1 1 1 look", "0<look"},
	     {"attach 2 peer main 0", "open2:0"}, {"hello 2 0", "welcome2:0 synced2"},
	     {"remote l 3 up l3", "1<l3 2<l3"}, {"frame l 3 f", "1<f 2<f"},
	     {"gone 1", "cut1 part absent0 record:peer:main:2 activate2:2 synced2"},
	     {"look 1 1 2 late", ""}, {"hello 2 2", ""});
	assert_int_equal(board_counters(board).not_active, 1);
	assert_int_equal(board_open(board, MSG_WHO_PEER), 2);
}

/* The record is written, so its generation is used up; nobody is active until the worker
 * attaches again. */
static void
a_link_that_breaks_while_its_record_is_written(void **state)
{
	(void)state;
	PLAY({"attach 4 peer main 0", "open4:0"});
	link_breaks = true;
	PLAY({"hello 4 0", "welcome4:0 record:peer:main:1"});
	link_breaks = false;
	assert_int_equal(board_active(board, MSG_WHO_PEER), -1);
	PLAY({"attach 4 peer main 0", "open4:0"},
	     {"hello 4 0", "welcome4:0 record:peer:main:2 activate4:2 synced4"});
}

/* A new life of run_dir. What lives carries its generation, and none of these counts. */
static void
nobody_is_active_before_the_record_is_read(void **state)
{
	(void)state;
	begin_unread();
	PLAY({"attach 0 elector main 0", "open0:0"},
	     {"hello 0 0", "welcome0:0 absent0 synced0"},
	     {"attach 1 peer main 0", "open1:0"}, {"hello 1 0", "welcome1:0 synced1"},
	     {"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 absent2 synced2"}, {"promote b", "refused"},
	     {"attach 3 elector main 2005", "super3"}, {"frame e 2 v", "0<v 2<v"},
	     {"at 9000", ""}, {"due", ""}, {"state 0 early", ""},
	     {"read elector b 2000",
	      "record:elector:b:2006 activate2:2006 absent2 2<v synced2"},
	     {"read peer - 2000", "record:peer:main:2001 activate1:2001 synced1"},
	     {"hello 2 2006", ""}, {"hello 1 2001", ""},
	     {"attach 3 elector main 2000", "super3:other"},
	     {"promote main", "prepare:main:2007"},
	     /* it comes once */
	     {"read elector main 5000", ""}, {"gone 1", "cut1 part absent0 absent2"},
	     {"attach 1 peer other 0", "open1:0"}, {"hello 1 0", "welcome1:0 synced1"});
	assert_int_equal(board_counters(board).not_active, 1);
}

/* No record was ever written: whoever waits longest becomes active. */
static void
there_is_no_record_to_be_read(void **state)
{
	(void)state;
	begin_unread();
	PLAY({"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 absent2 synced2"},
	     {"attach 0 elector main 0", "open0:0"},
	     {"hello 0 0", "welcome0:0 absent0 synced0"},
	     {"read elector - 0", "record:elector:b:1 activate2:1 absent2 synced2"},
	     {"hello 2 1", ""}, {"read peer - 9223372036854775808", ""},
	     {"attach 1 peer main 0", "open1:0"},
	     {"hello 1 0", "welcome1:0 record:peer:main:1 activate1:1 synced1"});
}

int
main(void)
{
#define ELECTOR(f) cmocka_unit_test_setup_teardown(f, begin_elector, end_board)
#define OWN(f)     cmocka_unit_test_teardown(f, end_board)
	const struct CMUnitTest tests[] = {
	    ELECTOR(a_shadow_gets_copies_and_is_not_heard),
	    ELECTOR(the_longest_waiting_shadow_takes_over),
	    ELECTOR(a_shadow_that_has_not_said_hello_is_not_chosen),
	    ELECTOR(promotion),
	    ELECTOR(a_promotion_that_came_too_late),
	    ELECTOR(a_record_that_cannot_be_written_activates_nobody),
	    ELECTOR(a_link_that_breaks_while_its_record_is_written),
	    OWN(connmgr_restarts_and_the_old_ones_come_back),
	    OWN(connmgr_restarts_and_a_new_one_comes),
	    OWN(a_lost_record_gives_no_generation_twice),
	    OWN(nobody_is_active_before_the_record_is_read),
	    OWN(there_is_no_record_to_be_read),
	    OWN(a_generation_beyond_counting_is_not_believed),
	    ELECTOR(one_generation_has_one_holder),
	    ELECTOR(a_hello_that_does_not_come),
	    ELECTOR(a_wrong_hello_costs_the_link),
	    ELECTOR(attach_again_on_a_link_that_stands),
	    ELECTOR(a_holder_that_forgot_makes_room_for_a_shadow),
	    ELECTOR(a_peer_of_an_old_generation_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
