/* board.c, scripted: what is kept, passed on, replayed, dropped. See board_script.h. */
#include "tests/unit/board_script.h"

/* An elector in place 0 and a peer in place 1, both active, generation 1. */
static int
begin_active(void **state)
{
	begin_empty(state);
	PLAY(
	    {"attach 0 elector main 0", "open0:0"},
	    {"hello 0 0", "welcome0:0 record:elector:main:1 activate0:1 absent0 synced0"},
	    {"hello 0 1", ""}, {"attach 1 peer main 0", "open1:0"},
	    {"hello 1 0", "welcome1:0 record:peer:main:1 activate1:1 synced1"},
	    {"hello 1 1", ""});
	return 0;
}

static void
start(void **state)
{
	(void)state; /* begin_active is the test */
	assert_int_equal(board_open(board, MSG_WHO_ELECTOR), 0);
	assert_int_equal(board_open(board, MSG_WHO_PEER), 1);
	assert_true(board_due_ms(board) == UINT64_MAX);
}

static void
an_election(void **state)
{
	(void)state;
	PLAY({"look 1 1 1 look1", "0<look1"}, {"state 0 st1", "store:st1"},
	     {"state 0 st1", ""}, /* the same is not written again */
	     {"remote e 2 up r2up", "0<r2up 1<r2up"}, {"frame e 2 f2", "0<f2"},
	     {"decided 0 dec1", "1<dec1"}, {"role 1 1 2 role2", "0<role2"},
	     {"doubt 0 doubt2", "1<doubt2"}, {"look 1 1 3 look3", "0<look3"},
	     {"remote l 2 up l2up", "1<l2up"}, {"frame l 2 lf", "1<lf"});
	assert_true(board_may(board, 0, MSG_LANE_ELECTION, false));
	assert_true(board_may(board, 1, MSG_LANE_LEARNER, false));
	assert_true(board_may(board, 1, MSG_LANE_ELECTION, true));
	assert_int_equal(board_counters(board).not_its, 0);
	assert_false(board_may(board, 1, MSG_LANE_ELECTION, false));
	assert_false(board_may(board, 0, MSG_LANE_LEARNER, true));
	assert_int_equal(board_counters(board).not_its, 2);
}

/* Its role is over, and it does not look: no answer in its name, no old decision. */
static void
a_peer_that_cannot_take_part(void **state)
{
	(void)state;
	PLAY({"look 1 1 1 look1", "0<look1"}, {"decided 0 dec1", "1<dec1"},
	     {"role 1 1 2 role2", "0<role2"}, {"silence 1", "absent0"}, {"silence 0", ""},
	     {"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 absent2 synced2"},
	     {"look 1 1 3 look3", "0<look3 2<look3"});
	assert_int_equal(board_counters(board).not_its, 1);
}

static void
the_newer_of_look_and_role_by_serial(void **state)
{
	(void)state;
	PLAY({"role 1 2 5 new", "0<new"}, {"look 1 2 4 old", ""},
	     {"look 1 1 9 older", ""}, {"role 1 2 5 same", "0<same"},
	     {"look 1 3 1 newest", "0<newest"});
	assert_int_equal(board_counters(board).stale, 2);
}

static void
each_says_only_its_own(void **state)
{
	(void)state;
	PLAY({"look 0 1 1 x", ""}, {"role 0 1 1 x", ""}, {"decided 1 x", ""},
	     {"doubt 1 x", ""}, {"state 1 x", ""});
	assert_int_equal(board_counters(board).not_its, 5);
}

static void
a_restarted_elector_gets_everything_in_order(void **state)
{
	(void)state;
	PLAY({"remote e 2 up r2", "0<r2 1<r2"}, {"remote e 3 down r3", "0<r3 1<r3"},
	     {"remote l 3 up l3", "1<l3"}, {"look 1 1 1 look", "0<look"},
	     {"state 0 st", "store:st"}, {"frame e 2 f2a", "0<f2a"},
	     {"frame e 2 f2b", "0<f2b"}, {"guest e 9 g9", "0<g9"},
	     {"decided 0 dec", "1<dec"}, {"gone 0", "cut0"},
	     /* while nobody is there: the newest of each is held */
	     {"frame e 2 f2c", ""}, {"attach 0 elector main 0", "open0:0"},
	     {"frame e 2 f2d", ""},
	     {"hello 0 0", "welcome0:0 record:elector:main:2 activate0:2 0<st 0<look "
	                   "0<dec 0<r2 0<r3 0<f2d synced0 0<g9"},
	     {"frame e 2 f2e", "0<f2e"}, {"role 1 1 2 role", "0<role"}, {"hello 0 2", ""},
	     {"frame e 2 f2f", "0<f2f"}, {"forget 9", ""}, {"down 0", ""},
	     {"attach 0 elector main 2", "open0:2"},
	     {"hello 0 2", "welcome0:2 0<st 0<role 0<dec 0<r2 0<r3 0<f2f synced0"});
}

static void
a_restarted_peer_is_told_links_and_the_elector_is_told_its_end(void **state)
{
	(void)state;
	PLAY({"remote e 2 up r2", "0<r2 1<r2"}, {"look 1 1 1 look", "0<look"},
	     {"decided 0 dec", "1<dec"}, {"remote l 2 up l2", "1<l2"},
	     {"remote l 1 up port", "1<port"}, {"gone 1", "cut1 part absent0"},
	     {"attach 2 peer main 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 record:peer:main:2 activate2:2 2<r2 2<port "
	                   "synced2"},
	     /* neither decided nor a connection of the peer before it */
	     {"hello 2 2", ""}, {"look 2 2 1 again", "0<again"},
	     /* an elector that comes now knows nothing of the dead one */
	     {"gone 2", "cut2 part absent0"}, {"gone 0", "cut0"},
	     {"attach 0 elector main 0", "open0:0"},
	     {"hello 0 0",
	      "welcome0:0 record:elector:main:2 activate0:2 absent0 0<r2 synced0"},
	     {"hello 0 2", ""});
}

static void
a_peer_that_loses_its_link_keeps_its_word(void **state)
{
	(void)state;
	PLAY({"role 1 1 1 role", "0<role"}, {"decided 0 dec", "1<dec"},
	     {"down 1", "part"}, {"decided 0 dec2", ""}, {"frame l 2 lost", ""},
	     {"attach 1 peer main 1", "open1:1"}, {"role 1 1 1 role", "0<role"},
	     {"hello 1 1", "welcome1:1 1<dec2 synced1"}, {"down 1", "part"});
	/* nobody takes learners while it is away */
	assert_int_equal(board_open(board, MSG_WHO_PEER), -1);
	assert_int_equal(board_active(board, MSG_WHO_PEER), 1);
}

static void
last_frames_go_with_their_link(void **state)
{
	(void)state;
	PLAY({"remote e 2 up up", "0<up 1<up"}, {"frame e 2 vote", "0<vote"},
	     {"frame e 3 other", "0<other"}, {"remote e 2 down dn", "0<dn 1<dn"},
	     {"down 0", ""}, {"attach 0 elector main 1", "open0:1"},
	     {"hello 0 1", "welcome0:1 absent0 0<dn 0<other synced0"},
	     /* replaced: told up again */
	     {"remote e 3 up r3", "0<r3 1<r3"}, {"down 0", ""},
	     {"attach 0 elector main 1", "open0:1"},
	     {"hello 0 1", "welcome0:1 absent0 0<dn 0<r3 synced0"});
}

static void
frames_beyond_the_table_are_counted(void **state)
{
	(void)state;
	PLAY({"guest e 11 a", "0<a"}, {"guest e 12 b", "0<b"}, {"guest e 13 c", "0<c"},
	     {"guest e 14 d", "0<d"}, {"guest e 15 e", "0<e"}, {"guest e 16 f", "0<f"},
	     {"forget 12", ""}, {"forget 99", ""}, {"guest e 17 g", "0<g"});
	assert_int_equal(board_counters(board).no_room, 1);
}

static void
the_class_of_what_is_sent(void **state)
{
	struct board_event ev = {.type = BOARD_EV_FRAME,
	                         .lane = MSG_LANE_ELECTION,
	                         .sid = 7,
	                         .member = true,
	                         .data = "x",
	                         .len = 1};
	struct board_actions out;

	(void)state;
	board_step(board, &ev, &out);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.list[0].item.class, BOARD_NEWEST);
	assert_int_equal(out.list[0].item.sid, 7);
	assert_true(out.list[0].item.member);
	ev.lane = MSG_LANE_LEARNER;
	board_step(board, &ev, &out);
	assert_int_equal(out.count, 1);
	assert_int_equal(out.list[0].worker, 1);
	assert_int_equal(out.list[0].item.class, BOARD_FIFO);
	ev.type = BOARD_EV_REMOTE;
	board_step(board, &ev, &out);
	assert_int_equal(out.list[0].item.class, BOARD_LINK);
}

/* Each elector begins anew when the members are linked; who attaches later is told them
 * before anything else. They outlive the peer. */
static void
members_come_first_and_stay(void **state)
{
	(void)state;
	PLAY({"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 absent2 synced2"},
	     {"look 1 1 1 look1", "0<look1 2<look1"}, {"state 0 st1", "store:st1"},
	     {"remote e 2 up r2up", "0<r2up 2<r2up 1<r2up"},
	     {"members 1 m1", "link:m1 0<m1 0<st1 0<look1 0<r2up synced0 "
	                      "2<m1 2<st1 2<look1 2<r2up synced2"},
	     {"members 1 m1", ""}, /* a peer that was started again */
	     {"gone 1", "cut1 part absent0 absent2"}, {"attach 1 peer main 0", "open1:0"},
	     {"hello 1 0", "welcome1:0 record:peer:main:2 activate1:2 1<r2up synced1"},
	     {"hello 1 2", ""}, {"members 1 m1", ""},
	     {"members 1 m2", "link:m2 0<m2 0<st1 absent0 0<r2up synced0 "
	                      "2<m2 2<st1 absent2 2<r2up synced2"},
	     {"down 0", ""},
	     {"members 1 m3", "link:m3 2<m3 2<st1 absent2 2<r2up synced2"},
	     {"attach 0 elector main 1", "open0:1"},
	     {"hello 0 1", "welcome0:1 0<m3 0<st1 absent0 0<r2up synced0"});
}

static void
members_are_the_active_peers(void **state)
{
	(void)state;
	PLAY({"members 0 m1", ""}, {"attach 2 peer main 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 synced2"}, {"members 2 m2", ""});
	assert_int_equal(board_counters(board).not_its, 1);
	assert_int_equal(board_counters(board).not_active, 1);
}

/* What was known of a server that is no remote any more is not told again, and there is
 * room for others however often members change. */
static void
a_remote_that_goes(void **state)
{
	char event[32], want[32];

	(void)state;
	PLAY({"remote e 2 up r2up", "0<r2up 1<r2up"}, {"frame e 2 f2", "0<f2"},
	     {"remote e 3 up r3up", "0<r3up 1<r3up"}, {"frame e 3 f3", "0<f3"},
	     {"remote l 1 up port", "1<port"},
	     {"remote e 2 gone r2gone", "0<r2gone 1<r2gone"},
	     {"remote e 9 gone r9gone", "0<r9gone 1<r9gone"},
	     {"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 absent2 2<r3up 2<f3 synced2"}, {"gone 2", "cut2"});
	for (unsigned sid = 10; sid < 50; sid++) {
		snprintf(event, sizeof(event), "remote e %u up up", sid);
		PLAY({event, "0<up 1<up"});
		snprintf(event, sizeof(event), "remote e %u gone gone%u", sid, sid);
		snprintf(want, sizeof(want), "0<gone%u 1<gone%u", sid, sid);
		PLAY({event, want});
	}
	PLAY({"attach 2 elector b 0", "open2:0"},
	     {"hello 2 0", "welcome2:0 absent2 2<r3up 2<f3 synced2"});
}

int
main(void)
{
#define ACTIVE(f) cmocka_unit_test_setup_teardown(f, begin_active, end_board)
	const struct CMUnitTest tests[] = {
	    ACTIVE(start),
	    ACTIVE(an_election),
	    ACTIVE(a_peer_that_cannot_take_part),
	    ACTIVE(the_newer_of_look_and_role_by_serial),
	    ACTIVE(each_says_only_its_own),
	    ACTIVE(a_restarted_elector_gets_everything_in_order),
	    ACTIVE(a_restarted_peer_is_told_links_and_the_elector_is_told_its_end),
	    ACTIVE(a_peer_that_loses_its_link_keeps_its_word),
	    ACTIVE(last_frames_go_with_their_link),
	    ACTIVE(frames_beyond_the_table_are_counted),
	    ACTIVE(the_class_of_what_is_sent),
	    ACTIVE(members_come_first_and_stay),
	    ACTIVE(members_are_the_active_peers),
	    ACTIVE(a_remote_that_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
