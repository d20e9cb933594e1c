/* connmgr's shell: the peer says who the members are, and connmgr links those; see
 * connmgr_kit.h. */
#include "tests/unit/connmgr_kit.h"

#include "wire/members.h"

#define ELECTION MSG_LANE_ELECTION
#define LEARNER  MSG_LANE_LEARNER

/* Server `sid` of the file, at its own ports. */
static void
add_ours(char *text, size_t cap, unsigned sid)
{
	const struct conf_server *s = &conf.servers[sid - 1];

	add_server(text, cap, sid, s->quorum_port, s->election_port);
}

/* How many rows of that lane the status has for `sid` (0: for any). */
static unsigned
rows_of(const char *lane, int64_t sid)
{
	json_t *status = ask("status"), *row;
	unsigned count = 0;
	size_t i;

	json_array_foreach (json_object_get(status, "remotes"), i, row) {
		bool same =
		    sid == 0 || json_integer_value(json_object_get(row, "id")) == sid;

		count += same && strcmp(json_string_value(json_object_get(row, "lane")),
		                        lane) == 0;
	}
	json_decref(status);
	return count;
}

static int64_t
refused(void)
{
	json_t *status = ask("status");
	int64_t n = json_integer_value(
	    json_object_get(json_object_get(status, "drops"), "refused"));

	json_decref(status);
	return n;
}

static bool
said_by(const char *who)
{
	json_t *status = ask("status");
	bool same =
	    strcmp(json_string_value(json_object_get(status, "members")), who) == 0;

	json_decref(status);
	return same;
}

static int
set_up_peer(enum conf_ipc ipc)
{
	set_up(ipc);
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.activations == 1 && peer.heard.synced);
	return 0;
}

static int
peer_nng(void **state)
{
	(void)state;
	return set_up_peer(CONF_IPC_NNG);
}

static int
peer_seqpacket(void **state)
{
	(void)state;
	return set_up_peer(CONF_IPC_SEQPACKET);
}

/* 1, which is kept, sees nothing of it; 4 is dialled; 3, which is none any more, loses
 * its links on both lanes. */
static void
added_kept_dropped(void **state)
{
	char now[512] = "";
	uint16_t q4, e4;
	int four = listen_any(&e4), one = listen_as(1, ELECTION);
	int fd1, fd3, learn3, learn1, nudge;

	(void)state;
	close(listen_any(&q4));
	assert_true(said_by("file"));
	fd1 = accept_one(one);
	expect_hello(fd1, conf.self->election_port);
	UNTIL(link_of(&elector, ELECTION, 1) == MSG_LINK_UP);
	fd3 = dial_as(conf.self->election_port, 3, "vote");
	learn3 = dial_as(conf.self->quorum_port, 3, "info");
	learn1 = dial_as(conf.self->quorum_port, 1, "info");
	UNTIL(elector.heard.frames == 1 && peer.heard.frames == 2);
	expect_end(dial_as(conf.self->quorum_port, 4, "info")); /* no remote yet */

	add_ours(now, sizeof(now), 1);
	add_ours(now, sizeof(now), 2);
	elector.heard = (struct heard){.activations = 1};
	add_server(now, sizeof(now), 4, q4, e4);
	say_members(&peer, now, 2, NULL, NULL);
	UNTIL(elector.heard.synced);
	assert_int_equal(elector.heard.members, 1);
	assert_non_null(strstr(elector.heard.current, "version=2"));
	expect_end(fd3);
	expect_end(learn3);
	assert_int_equal(link_of(&elector, ELECTION, 3), MSG_LINK_DOWN);
	assert_int_equal(elector.heard.remotes[0][3].reason, MSG_REASON_ASKED);
	UNTIL(link_of(&peer, LEARNER, 3) == MSG_LINK_DOWN);
	assert_int_equal(peer.heard.remotes[1][3].reason, MSG_REASON_ASKED);
	assert_int_equal(elector.heard.frames, 0); /* its last frame is not told again */
	nudge = accept_one(four);
	expect_hello(nudge, conf.self->election_port);
	close(nudge);
	nudge = dial_as(conf.self->election_port, 4, "vote");
	UNTIL(link_of(&elector, ELECTION, 4) == MSG_LINK_UP);
	UNTIL(elector.heard.frames == 1 && elector.heard.frame_sid == 4);
	assert_int_equal(link_of(&elector, ELECTION, 1), MSG_LINK_UP);
	assert_int_equal(link_of(&peer, LEARNER, 1), MSG_LINK_UP);
	send_frame(&elector, ELECTION, 1, "still", 5);
	expect_frame(fd1, "still");
	send_frame(&peer, LEARNER, 1, "too", 3);
	expect_frame(learn1, "too");
	assert_true(said_by("peer"));
	assert_int_equal(rows_of("election", 0), 2);
	assert_int_equal(rows_of("election", 3) + rows_of("learner", 3), 0);
	close(fd1);
	close(fd3);
	close(nudge);
	close(one);
	close(four);
}

/* It asks as a stranger, and is answered. */
static void
who_is_no_member_any_more(void **state)
{
	char now[512] = "";
	int fd;

	(void)state;
	add_ours(now, sizeof(now), 1);
	add_ours(now, sizeof(now), 2);
	say_members(&peer, now, 2, NULL, NULL);
	UNTIL(elector.heard.members == 1);
	fd = dial_as(conf.self->election_port, 3, "who");
	UNTIL(elector.heard.frame_sid == 3);
	send_frame(&elector, ELECTION, 3, "4", 1);
	expect_frame(fd, "4");
	expect_end(dial_as(conf.self->quorum_port, 3, "info"));
	close(fd);
}

/* What the peer said outlives the peer, whose successor is not told its own word. */
static void
the_peer_ends(void **state)
{
	char now[512] = "";
	int fd;

	(void)state;
	add_ours(now, sizeof(now), 1);
	add_ours(now, sizeof(now), 2);
	add_server(now, sizeof(now), 4, 1, 2);
	say_members(&peer, now, 2, NULL, NULL);
	UNTIL(elector.heard.members == 1);
	fd = dial_as(conf.self->quorum_port, 1, "info");
	UNTIL(link_of(&peer, LEARNER, 1) == MSG_LINK_UP);
	leave(&peer);
	expect_end(fd);
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.synced);
	assert_int_equal(peer.heard.members, 0);
	assert_int_equal(rows_of("election", 4), 1);
	assert_int_equal(rows_of("election", 3), 0);
}

/* The same bytes change nothing, and a text that is none is refused as a whole. */
static void
said_again_or_wrong(void **state)
{
	char now[512] = "", bad[] = "server.9=nonsense\n";
	unsigned syncs = elector.heard.syncs;

	(void)state;
	for (unsigned sid = 1; sid <= 3; sid++)
		add_ours(now, sizeof(now), sid);
	say_members(&peer, now, 1, NULL, NULL);
	UNTIL(elector.heard.members == 1 && elector.heard.syncs > syncs);
	syncs = elector.heard.syncs;
	say_members(&peer, now, 1, NULL, NULL);
	say_members(&peer, bad, 2, NULL, NULL);
	say_members(&peer, now, 2, bad, NULL);
	say_members(&peer, now, 2, now, bad);
	UNTIL(refused() == 3);
	assert_int_equal(elector.heard.members, 1);
	assert_int_equal(elector.heard.syncs, syncs);
	assert_int_equal(rows_of("election", 0), 2);
	say_members(&peer, now, 2, NULL, NULL);
	UNTIL(elector.heard.members == 2);
}

/* Dialled at the new address once the present link has ended, or at once without one. */
static void
moved(void **state)
{
	int old = listen_as(1, ELECTION), fd1, fresh, newer, learner;
	uint16_t quorum, election;
	char now[512] = "";
	struct msg connect = {.type = MSG_CONNECT,
	                      .u.connect = {.lane = LEARNER, .sid = 1}};

	(void)state;
	fd1 = accept_one(old);
	expect_hello(fd1, conf.self->election_port);
	UNTIL(link_of(&elector, ELECTION, 1) == MSG_LINK_UP);
	fresh = listen_any(&election);
	close(listen_any(&quorum));
	add_ours(now, sizeof(now), 2);
	add_server(now, sizeof(now), 1, quorum, election);
	say_members(&peer, now, 2, NULL, NULL);
	UNTIL(elector.heard.members == 1);
	assert_int_equal(rows_of("election", 3), 0);
	send_frame(&elector, ELECTION, 1, "here", 4);
	expect_frame(fd1, "here");
	assert_false(readable(fresh));
	close(fd1);
	fd1 = accept_one(fresh);
	expect_hello(fd1, conf.self->election_port);
	expect_frame(fd1, "here");
	assert_false(readable(old));
	close(fd1);
	close(fresh);
	UNTIL(link_of(&elector, ELECTION, 1) == MSG_LINK_DOWN);
	/* the learner lane, too: the peer asks for it */
	now[0] = '\0';
	newer = listen_any(&election);
	learner = listen_any(&quorum);
	add_ours(now, sizeof(now), 2);
	add_server(now, sizeof(now), 1, quorum, election);
	say_members(&peer, now, 3, NULL, NULL);
	uplink_send(peer.uplink, &connect);
	UNTIL(link_of(&elector, ELECTION, 1) == MSG_LINK_UP);
	UNTIL(link_of(&peer, LEARNER, 1) == MSG_LINK_UP);
	close(newer);
	close(learner);
	close(old);
}

/* Those that are to join are linked as members are. Its connection as a stranger ends. */
static void
a_stranger_becomes_a_remote(void **state)
{
	char now[512] = "", joins[128] = "";
	uint16_t quorum, election;
	int five = listen_any(&election), guest, nudge;

	(void)state;
	close(listen_any(&quorum));
	guest = dial_as(conf.self->election_port, 5, "a");
	UNTIL(elector.heard.frames == 1);
	assert_int_equal(rows_of("election", 5), 0);
	for (unsigned sid = 1; sid <= 3; sid++)
		add_ours(now, sizeof(now), sid);
	add_server(joins, sizeof(joins), 5, quorum, election);
	say_members(&peer, now, 1, NULL, joins);
	expect_end(guest);
	nudge = accept_one(five);
	expect_hello(nudge, conf.self->election_port);
	guest = dial_as(conf.self->election_port, 5, "b");
	UNTIL(link_of(&elector, ELECTION, 5) == MSG_LINK_UP);
	UNTIL(strcmp(elector.heard.frame, "b") == 0);
	assert_int_equal(elector.heard.frames, 2); /* the first was a stranger's */
	close(nudge);
	nudge = dial_as(conf.self->quorum_port, 5, "info");
	UNTIL(link_of(&peer, LEARNER, 5) == MSG_LINK_UP);

	say_members(&peer, now, 1, NULL, NULL); /* it did not join */
	expect_end(guest);
	expect_end(nudge);
	UNTIL(link_of(&elector, ELECTION, 5) == MSG_LINK_DOWN);
	guest = dial_as(conf.self->election_port, 5, "c");
	UNTIL(strcmp(elector.heard.frame, "c") == 0);
	assert_int_equal(link_of(&elector, ELECTION, 5), MSG_LINK_DOWN);
	close(guest);
	close(five);
}

/* Three lists of the most servers, with eight addresses each. Nobody is at these. */
static void
the_largest(void **state)
{
	static char texts[3][MSG_MEMBERS_MAX / 3 + 1];
	struct msg m = {.type = MSG_MEMBERS};
	struct msg_text *out[] = {&m.u.members.current, &m.u.members.last_seen,
	                          &m.u.members.links};
	char now[512] = "";

	(void)state;
	for (unsigned t = 0; t < 3; t++) {
		size_t len = 0, cap = sizeof(texts[t]);
		char *text = texts[t];

		for (unsigned i = 0; i < MEMBERS_MAX; i++) {
			len += (size_t)snprintf(text + len, cap - len,
			                        "server.%u=", 1000 + t * MEMBERS_MAX + i);
			for (unsigned a = 0; a < QCONFIG_ADDRS_MAX; a++)
				len += (size_t)snprintf(text + len, cap - len,
				                        "%s[2001:db8:1111:2222:3333:4444:"
				                        "5555:%x]:65534:65535",
				                        a ? "|" : "", 0x1000 + i * 8 + a);
			len += (size_t)snprintf(text + len, cap - len, ":participant\n");
		}
		len += (size_t)snprintf(text + len, cap - len, "version=%x", t + 2);
		assert_true(len < cap);
		*out[t] = (struct msg_text){text, len};
	}
	uplink_send(peer.uplink, &m);
	UNTIL(elector.heard.members == 1);
	assert_int_equal(rows_of("election", 0), 3 * MEMBERS_MAX);
	for (unsigned sid = 1; sid <= 3; sid++)
		add_ours(now, sizeof(now), sid);
	say_members(&peer, now, 4, NULL, NULL);
	UNTIL(elector.heard.members == 2);
	assert_int_equal(rows_of("election", 0), 2);
}

/* A flood of members costs an elector that reads nothing but replays. */
static void
many_changes(void **state)
{
	char now[512] = "", want[32];

	(void)state;
	for (unsigned sid = 1; sid <= 3; sid++)
		add_ours(now, sizeof(now), sid);
	for (unsigned version = 2; version < 200; version++) {
		say_members(&peer, now, version, NULL, NULL);
		if (version % 20 == 0)
			assert_true(sd_event_run(loop, 1000) >= 0);
	}
	snprintf(want, sizeof(want), "version=%x", 199);
	UNTIL(strstr(elector.heard.current, want) != NULL);
	assert_int_equal(elector.heard.activations, 1);
	assert_int_equal(rows_of("election", 0), 2);
}

int
main(void)
{
#define NNG(f) cmocka_unit_test_setup_teardown(f, peer_nng, tear_down)
#define SEQ(f) cmocka_unit_test_setup_teardown(f, peer_seqpacket, tear_down)
	const struct CMUnitTest tests[] = {
	    SEQ(added_kept_dropped),
	    NNG(added_kept_dropped),
	    SEQ(who_is_no_member_any_more),
	    SEQ(the_peer_ends),
	    SEQ(said_again_or_wrong),
	    SEQ(moved),
	    NNG(moved),
	    SEQ(a_stranger_becomes_a_remote),
	    SEQ(the_largest),
	    NNG(the_largest),
	    SEQ(many_changes),
	    NNG(many_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
