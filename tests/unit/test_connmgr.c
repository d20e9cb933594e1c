/* connmgr's shell, with both transports of a link; see connmgr_kit.h. */
#include "tests/unit/connmgr_kit.h"

#include "base/clock.h"
#include "wire/notif.h"

static void
links_of_both_kinds_carry_frames(void **state)
{
	int one = listen_as(1, MSG_LANE_ELECTION), fd1, fd3, nudge;
	int three = listen_as(3, MSG_LANE_ELECTION);

	(void)state;
	assert_true(elector.heard.absent);
	assert_int_equal(elector.heard.activations, 1);
	fd1 = accept_one(one); /* the smaller: we keep what we dialled */
	expect_hello(fd1, conf.self->election_port);
	UNTIL(link_of(&elector, MSG_LANE_ELECTION, 1) == MSG_LINK_UP);
	nudge = accept_one(three); /* the larger: we only knock */
	expect_hello(nudge, conf.self->election_port);
	close(nudge);
	fd3 = dial_as(conf.self->election_port, 3, "early");
	UNTIL(elector.heard.frames == 1);
	assert_int_equal(link_of(&elector, MSG_LANE_ELECTION, 3), MSG_LINK_UP);
	assert_string_equal(elector.heard.frame, "early");
	send_frame(&elector, MSG_LANE_ELECTION, 1, "to one", 6);
	send_frame(&elector, MSG_LANE_ELECTION, 3, "to three", 8);
	expect_frame(fd1, "to one");
	expect_frame(fd3, "to three");
	/* replaced: the last message is sent again on the new link */
	nudge = dial_as(conf.self->election_port, 3, "");
	expect_frame(nudge, "to three");
	expect_end(fd3);
	/* a bad length ends the link, and it is dialled again */
	put(fd1, (unsigned char[]){0, 0, 0, 0}, 4);
	expect_end(fd1);
	fd1 = accept_one(one);
	expect_hello(fd1, conf.self->election_port);
	expect_frame(fd1, "to one");
	close(fd1);
	close(one);
	UNTIL(link_of(&elector, MSG_LANE_ELECTION, 1) == MSG_LINK_DOWN);
	assert_int_equal(elector.heard.remotes[0][1].reason, MSG_REASON_REFUSED);
	assert_true(elector.heard.remotes[0][1].was_up);
	close(three);
	close(nudge);
}

static void
strangers_are_bounded_and_answered(void **state)
{
	uint16_t port = conf.self->election_port;
	int a, b, c, quiet[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		quiet[i] = dial(port); /* more than there is room for */
	a = dial_as(port, 100, "a");
	UNTIL(elector.heard.frames == 1);
	assert_int_equal(elector.heard.frame_sid, 100);
	b = dial_as(port, INT64_MAX, "b");
	UNTIL(elector.heard.frames == 2);
	send_frame(&elector, MSG_LANE_ELECTION, 100, "to a", 4);
	expect_frame(a, "to a");
	put(a, "\0\0\0\1x", 5);
	UNTIL(elector.heard.frames == 3);
	c = dial_as(port, 101, "c");
	UNTIL(elector.heard.frames == 4);
	expect_end(b); /* silent for longest */
	expect_end(dial_as(port, 0, "smaller"));
	expect_end(dial_as(port, SELF, "ourselves"));
	expect_end(dial_as(conf.self->quorum_port, 100, "not there"));
	for (unsigned i = 0; i < 6; i++)
		expect_end(quiet[i]); /* four of them at their deadline */
	assert_int_equal(elector.heard.frames, 4);
	close(a);
	close(c);
}

static void
the_learner_lane_is_the_peers(void **state)
{
	static char big[60000];
	uint16_t port = conf.self->quorum_port;
	int fd, listener = listen_as(3, MSG_LANE_LEARNER);
	struct msg m = {.type = MSG_CONNECT};

	(void)state;
	expect_end(dial_as(port, 1, "too early")); /* no peer came in time */
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	fd = dial_as(port, 1, "info");
	UNTIL(peer.heard.frames == 1);
	assert_string_equal(peer.heard.frame, "info");
	assert_int_equal(elector.heard.frames, 0);
	send_frame(&peer, MSG_LANE_LEARNER, 1, "x", 1);
	send_frame(&peer, MSG_LANE_LEARNER, 1, "y", 1);
	expect_frame(fd, "x");
	expect_frame(fd, "y");
	/* it does not read: closed, not dropped */
	while (link_of(&peer, MSG_LANE_LEARNER, 1) == MSG_LINK_UP) {
		send_frame(&peer, MSG_LANE_LEARNER, 1, big, sizeof(big));
		assert_true(sd_event_run(loop, 1000) >= 0);
	}
	assert_int_equal(peer.heard.remotes[1][1].reason, MSG_REASON_FULL);
	close(fd);

	m.u.connect = (struct msg_connect){.lane = MSG_LANE_LEARNER, .sid = 3};
	uplink_send(peer.uplink, &m);
	fd = accept_one(listener);
	UNTIL(link_of(&peer, MSG_LANE_LEARNER, 3) == MSG_LINK_UP);
	assert_true(peer.heard.remotes[1][3].dialled);
	send_frame(&peer, MSG_LANE_LEARNER, 3, "info", 4);
	expect_hello(fd, port); /* with the first frame, */
	expect_frame(fd, "info");
	leave(&peer);
	expect_end(fd); /* the other side knows at once */
	elector.heard.absent = false;
	UNTIL(elector.heard.absent);

	close(listener);
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	uplink_send(peer.uplink, &m);
	UNTIL(link_of(&peer, MSG_LANE_LEARNER, 3) == MSG_LINK_DOWN);
	assert_int_equal(peer.heard.remotes[1][3].reason, MSG_REASON_REFUSED);
}

/* A peer that is started again finds who came while it was away: of each server the
 * newest connection, if that has not ended. */
static void
learners_wait_for_a_peer(void **state)
{
	uint16_t port = conf.self->quorum_port;
	int a, b, gone;

	(void)state;
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	leave(&peer);
	elector.heard.absent = false;
	UNTIL(elector.heard.absent);
	a = dial_as(port, 1, "older");
	gone = dial_as(port, 3, "gone");
	b = dial_as(port, 1, "newer");
	expect_end(a);
	close(gone);
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.frames == 1);
	assert_string_equal(peer.heard.frame, "newer");
	assert_int_equal(peer.heard.frame_sid, 1);
	assert_true(peer.heard.synced);
	send_frame(&peer, MSG_LANE_LEARNER, 1, "x", 1);
	expect_frame(b, "x");
	assert_int_equal(peer.heard.told[1][3], 0);
	close(b);
}

/* The connection in use stays, whoever greets with its sid, and however often; frames and
 * answers go by the number of the connection. */
static void
connections_have_numbers(void **state)
{
	uint16_t port = conf.self->quorum_port;
	struct msg m = {.type = MSG_TAKE};
	uint64_t first, second;
	int a, b, bare[3];
	json_t *json, *row;

	(void)state;
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	bare[0] = dial_as(port, 1, "");
	a = dial_as(port, 1, "a");
	UNTIL(peer.heard.frames == 1);
	assert_int_equal(peer.heard.told[1][1], 1); /* not of the bare one */
	assert_false(peer.heard.remotes[1][1].dialled);
	first = peer.heard.remotes[1][1].number;
	assert_true(first > 0 && peer.heard.frame_number == first);
	m.u.take = (struct msg_take){.sid = 1, .number = first};
	uplink_send(peer.uplink, &m);
	b = dial_as(port, 1, "b");
	UNTIL(peer.heard.frames == 2);
	second = peer.heard.remotes[1][1].number;
	assert_true(second > first && peer.heard.frame_number == second);
	bare[1] = dial_as(port, 1, "");
	expect_end(bare[0]); /* the oldest that is not in use makes room, */
	bare[2] = dial_as(port, 1, "");
	expect_end(bare[1]); /* and a bare one before another */
	json = ask("status");
	row = json_array_get(json_object_get(json, "remotes"), 2);
	assert_string_equal(json_string_value(json_object_get(row, "lane")), "learner");
	assert_string_equal(json_string_value(json_object_get(row, "link")), "up");
	assert_true(json_is_false(json_object_get(row, "dialled")));
	assert_true(json_integer_value(json_object_get(row, "number")) ==
	            (json_int_t)first);
	assert_int_equal(json_integer_value(json_object_get(row, "beside")), 2);
	json_decref(json);
	send_frame(&peer, MSG_LANE_LEARNER, 1, "to b", 4);
	expect_frame(b, "to b");
	peer.heard.remotes[1][1].number = first;
	send_frame(&peer, MSG_LANE_LEARNER, 1, "to a", 4);
	expect_frame(a, "to a");
	m = (struct msg){
	    .type = MSG_DISCONNECT,
	    .u.connect = {.lane = MSG_LANE_LEARNER, .sid = 1, .number = second}};
	uplink_send(peer.uplink, &m);
	expect_end(b);
	peer.heard.remotes[1][1].number = second;
	send_frame(&peer, MSG_LANE_LEARNER, 1, "gone", 4); /* for nobody */
	peer.heard.remotes[1][1].number = first;
	send_frame(&peer, MSG_LANE_LEARNER, 1, "more", 4);
	expect_frame(a, "more");
	expect_end(bare[2]); /* it brought no frame in time */
	peer.heard.remotes[1][1] = (struct msg_remote){0};
	close(a);
	UNTIL(link_of(&peer, MSG_LANE_LEARNER, 1) == MSG_LINK_DOWN);
	assert_true(peer.heard.remotes[1][1].number == first);
}

static void
status_says_what_there_is(void **state)
{
	json_t *json = ask("status"), *row;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(json, "who")), "connmgr");
	assert_string_equal(json_string_value(json_object_get(json, "degraded")), "");
	row = json_array_get(json_object_get(json, "listeners"), 1);
	assert_string_equal(json_string_value(json_object_get(row, "lane")), "learner");
	assert_string_equal(json_string_value(json_object_get(row, "state")), "open");
	assert_int_equal(json_array_size(json_object_get(json, "remotes")), 2);
	row = json_array_get(json_object_get(json, "workers"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "name")), "main");
	assert_int_equal(json_integer_value(json_object_get(row, "generation")), 1);
	assert_true(json_is_true(json_object_get(row, "active")));
	assert_int_equal(json_integer_value(json_object_get(
			     json_object_get(json, "counters"), "attaches")),
	                 1);
	json_decref(json);
	for (unsigned i = 0; i < 3; i++) {
		static const char *const wrong[] = {"stauts", "promote forward nobody",
		                                    "\x43\x6c"};

		json = ask(wrong[i]);
		assert_non_null(json_object_get(json, "error"));
		json_decref(json);
	}
}

/* A worker of an older version: it is told, and counts as refused. */
static void
another_message_set_is_refused(void **state)
{
	json_t *json = ask("\x43\x6c\x01\x01");
	char want[64];

	(void)state;
	snprintf(want, sizeof(want), "message set %d, and this process speaks 1",
	         MSG_SET);
	assert_non_null(strstr(json_string_value(json_object_get(json, "error")), want));
	json_decref(json);
	json = ask("status");
	assert_int_equal(json_integer_value(
			     json_object_get(json_object_get(json, "drops"), "refused")),
	                 1);
	json_decref(json);
}

static void
state_and_generations_outlive_the_worker(void **state)
{
	struct msg m = {.type = MSG_STATE};
	struct record record;
	unsigned char data[BOARD_SMALL_MAX];
	struct msg_serial serial;
	struct player other = {0};

	(void)state;
	m.u.state.serial = (struct msg_serial){7, 8};
	m.u.state.vote.round = 99;
	uplink_send(elector.uplink, &m);
	send_frame(&elector, MSG_LANE_ELECTION, 1, "v", 1);
	attach(&other, MSG_WHO_ELECTOR); /* a shadow of the same name */
	UNTIL(other.heard.synced);
	assert_int_equal(other.heard.activations, 0);
	UNTIL(store_load_state(&conf, data, &serial) > 0);
	leave(&elector);
	other.heard.synced = false;
	UNTIL(other.heard.synced);
	assert_int_equal(other.heard.activations, 1);
	assert_int_equal(other.heard.state.vote.round, 99);
	assert_int_equal(uplink_generation(other.uplink), 2);
	assert_int_equal(store_read_record(conf.run_dir, MSG_WHO_ELECTOR, &record), 0);
	assert_int_equal(record.generation, 2);
	assert_string_equal(record.now.name, "main");
	assert_true(serial.generation == 7 && serial.count == 8);
	uplink_close(other.uplink);
}

static void
promoted_by_name(void **state)
{
	struct player other = {0};
	struct record record;
	json_t *json;

	(void)state;
	attach_as(&other, MSG_WHO_ELECTOR, "b");
	UNTIL(other.heard.synced);
	json = ask("promote forward b");
	assert_true(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	UNTIL(other.heard.activations == 1 && elector.heard.superseded);
	assert_int_equal(store_read_record(conf.run_dir, MSG_WHO_ELECTOR, &record), 0);
	assert_int_equal(record.generation, 2);
	assert_string_equal(record.now.name, "b");
	uplink_close(other.uplink);
}

int
main(void)
{
#define NNG(f) cmocka_unit_test_setup_teardown(f, set_up_nng, tear_down)
#define SEQ(f) cmocka_unit_test_setup_teardown(f, set_up_seqpacket, tear_down)
	const struct CMUnitTest tests[] = {
	    SEQ(links_of_both_kinds_carry_frames),
	    NNG(links_of_both_kinds_carry_frames),
	    SEQ(strangers_are_bounded_and_answered),
	    SEQ(the_learner_lane_is_the_peers),
	    NNG(the_learner_lane_is_the_peers),
	    SEQ(learners_wait_for_a_peer),
	    NNG(learners_wait_for_a_peer),
	    SEQ(connections_have_numbers),
	    NNG(connections_have_numbers),
	    SEQ(status_says_what_there_is),
	    SEQ(another_message_set_is_refused),
	    SEQ(state_and_generations_outlive_the_worker),
	    NNG(state_and_generations_outlive_the_worker),
	    SEQ(promoted_by_name),
	    NNG(promoted_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
