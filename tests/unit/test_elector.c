/* elector's shell under connmgr's: the peer says who the members are, and the election
 * goes on by those; see connmgr_kit.h. Remotes are sockets that read and write
 * notifications, and hold each vote of ours against the one before. */
#include "tests/unit/connmgr_kit.h"

#include "connmgr/shell_impl.h"
#include "elector/shell.h"
#include "wire/notif.h"
#include "wire/vote.h"

static struct proc *proc;
static struct elector active, shadow;

/* The far end of an election link. */
struct far {
	int fd;
	unsigned char bytes[1 << 16];
	size_t len;
	unsigned heard;
	struct vote vote;    /* the last one that was heard */
	char text[1024];     /* that came with it */
	struct vote looking; /* the last LOOKING one; version 0: none */
};

static struct far three, four;

static int
start(void **state)
{
	(void)state;
	loop = proc_loop(proc);
	fill_conf(CONF_IPC_SEQPACKET);
	conf.early_finalize = true;
	conf.timing.notify_min_ms = 50;
	conf.timing.notify_max_ms = 200;
	conf.timing.finalize_ms = 50;
	open_board();
	memset(&active, 0, sizeof(active));
	memset(&shadow, 0, sizeof(shadow));
	memset(&three, 0, sizeof(three));
	memset(&four, 0, sizeof(four));
	assert_int_equal(elector_open(&active, &conf, "main", proc), 0);
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.activations == 1 && uplink_active(active.uplink));
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	if (three.fd > 0)
		close(three.fd);
	if (four.fd > 0)
		close(four.fd);
	elector_close(&active);
	if (shadow.uplink)
		elector_close(&shadow);
	leave(&peer);
	close_board();
	return 0;
}

/* S5: in a round a vote only gets better; and no round falls. */
static void
check_vote(struct far *f, const struct vote *v)
{
	if (v->state != NOTIF_LOOKING)
		return;
	if (f->looking.version > 0) {
		assert_true(v->round >= f->looking.round);
		assert_true(v->round > f->looking.round ||
		            vote_same_claim(v, &f->looking) ||
		            vote_beats(1, v, &f->looking));
	}
	f->looking = *v;
}

/* Takes what has come. */
static void
listen_to(struct far *f)
{
	ssize_t n;
	size_t len;

	while ((n = recv(f->fd, f->bytes + f->len, sizeof(f->bytes) - f->len,
	                 MSG_DONTWAIT)) > 0)
		f->len += (size_t)n;
	while (f->len >= 4 &&
	       f->len >= 4 + (len = (size_t)f->bytes[2] << 8 | f->bytes[3])) {
		struct notif notif;

		assert_int_equal(notif_decode(f->bytes + 4, len, &notif), NOTIF_OK);
		check_vote(f, &notif.vote);
		f->vote = notif.vote;
		snprintf(f->text, sizeof(f->text), "%.*s", (int)notif.config_len,
		         notif.config);
		f->heard++;
		f->len -= 4 + len;
		memmove(f->bytes, f->bytes + 4 + len, f->len);
	}
}

/* That far end has heard this. */
static bool
heard(struct far *f, int32_t state, int64_t leader, int64_t round)
{
	listen_to(f);
	return f->heard > 0 && f->vote.state == state && f->vote.leader == leader &&
	       f->vote.round == round;
}

static void
speak(struct far *f, int32_t state, int64_t leader, int64_t round, const char *text)
{
	unsigned char frame[2048] = {0};
	struct notif n = {.vote = {.leader = leader,
	                           .zxid = 9,
	                           .round = round,
	                           .epoch = 1,
	                           .state = state},
	                  .has_config = true,
	                  .config = text,
	                  .config_len = strlen(text)};
	size_t len = notif_encode(&n, frame + 4, sizeof(frame) - 4);

	assert_true(len > 0);
	frame[2] = (unsigned char)(len >> 8);
	frame[3] = (unsigned char)len;
	put(f->fd, frame, len + 4);
}

static void
look(uint64_t count)
{
	struct msg m = {.type = MSG_LOOK,
	                .u.look = {.serial = {uplink_generation(peer.uplink), count},
	                           .sid = SELF,
	                           .zxid = 5,
	                           .epoch = 1}};

	uplink_send(peer.uplink, &m);
}

/* Servers 1 to 3 as the file has them. */
static const char *
file_text(void)
{
	static char text[512];

	text[0] = '\0';
	for (unsigned i = 0; i < 3; i++)
		add_server(text, sizeof(text), i + 1, conf.servers[i].quorum_port,
		           conf.servers[i].election_port);
	return text;
}

static bool
goes_by(const struct elector *s, int64_t version, bool joint)
{
	struct elect_view v;

	elector_view(s, &v);
	return s->members_len > 0 && v.synced && s->config.version == version &&
	       s->quorums.has_last_seen == joint;
}

/* The vote has come, and its state, or nothing of it yet, has reached connmgr: what
 * connmgr has when it is told of the members may be older than what we have said. */
static void
turn_until_on_the_way(unsigned more)
{
	uint64_t frames = connmgr->election->lane.counters.frames_in;

	UNTIL(connmgr->election->lane.counters.frames_in > frames);
	while (more-- > 0)
		assert_true(sd_event_run(loop, 1000) >= 0);
}

/* What was decided is decided by other members, too; and so is the role. */
static void
keep_decision(const char *members, int64_t round)
{
	struct msg role = {.type = MSG_ROLE};
	struct elect_view v;

	say_members(&peer, members, 30, NULL, NULL);
	UNTIL(goes_by(&active, 30, false));
	UNTIL(peer.heard.decisions == 2); /* said again */
	assert_int_equal(peer.heard.decided.vote.leader, 4);
	elector_view(&active, &v);
	assert_int_equal(v.state, NOTIF_FOLLOWING);
	role.u.role = peer.heard.decided;
	role.u.role.serial.count = 2;
	role.u.role.vote.epoch = 5;
	uplink_send(peer.uplink, &role);
	say_members(&peer, members, 31, NULL, NULL);
	UNTIL(goes_by(&active, 31, false));
	elector_view(&active, &v);
	assert_int_equal(v.current.epoch, 5);
	speak(&three, NOTIF_LOOKING, 3, round + 1, "version=0");
	UNTIL(heard(&three, NOTIF_FOLLOWING, 4, round));
}

/* Members change again and again while an election runs: the candidate and the round
 * stay, and the election ends by the members of its end. */
static void
no_vote_falls(void **state)
{
	char next[512] = "";
	struct elect_view v;
	uint16_t quorum, election;
	int four_port = listen_any(&election);
	int64_t round = 7;

	(void)state;
	close(listen_any(&quorum));
	say_members(&peer, file_text(), 1, NULL, NULL);
	look(1);
	three.fd = dial_as(conf.self->election_port, 3, "");
	UNTIL(heard(&three, NOTIF_LOOKING, SELF, 1));
	speak(&three, NOTIF_LOOKING, 4, 7, "version=0"); /* 4 is no voter yet */
	snprintf(next, sizeof(next), "%s", file_text());
	add_server(next, sizeof(next), 4, quorum, election);
	say_members(&peer, file_text(), 1, next, NULL);
	UNTIL(goes_by(&active, 1, true));
	speak(&three, NOTIF_LOOKING, 4, 7, "version=0"); /* now it is */
	UNTIL(heard(&three, NOTIF_LOOKING, 4, 7));
	for (unsigned version = 2; version < 30; version++) {
		bool joint = version % 2;

		speak(&three, NOTIF_LOOKING, 4, ++round, "version=0");
		turn_until_on_the_way(version % 4);
		say_members(&peer, joint ? file_text() : next, version,
		            joint ? next : NULL, NULL);
		if (version % 3 == 0) {
			UNTIL(goes_by(&active, version, joint));
			UNTIL(heard(&three, NOTIF_LOOKING, 4, round));
		}
	}
	UNTIL(goes_by(&active, 29, true));
	UNTIL(heard(&three, NOTIF_LOOKING, 4, round));
	elector_view(&active, &v);
	assert_int_equal(v.clock, round);
	assert_int_equal(v.proposal.leader, 4);
	assert_int_equal(peer.heard.decisions, 0);
	/* a quorum of the old is 2 and 3, of the new 2, 3 and 4 */
	speak(&three, NOTIF_LOOKING, 4, round, "version=0");
	four.fd = dial_as(conf.self->election_port, 4, "");
	UNTIL(heard(&four, NOTIF_LOOKING, 4, round));
	assert_int_equal(peer.heard.decisions, 0);
	speak(&four, NOTIF_LOOKING, 4, round, "version=0");
	UNTIL(peer.heard.decisions == 1);
	assert_int_equal(peer.heard.decided.vote.leader, 4);
	assert_int_equal(peer.heard.decided.vote.round, round);
	keep_decision(next, round);
	close(four_port);
}

/* A shadow goes by the same members, and has the same election. */
static void
a_shadow_is_told_too(void **state)
{
	struct elect_view ours, its;

	(void)state;
	say_members(&peer, file_text(), 3, NULL, NULL);
	look(1);
	UNTIL(goes_by(&active, 3, false));
	assert_int_equal(elector_open(&shadow, &conf, "next", proc), 0);
	UNTIL(goes_by(&shadow, 3, false));
	say_members(&peer, file_text(), 4, NULL, NULL);
	UNTIL(goes_by(&active, 4, false) && goes_by(&shadow, 4, false));
	elector_view(&active, &ours);
	elector_view(&shadow, &its);
	assert_false(uplink_active(shadow.uplink));
	assert_int_equal(its.clock, ours.clock);
	assert_true(vote_same_claim(&its.proposal, &ours.proposal));
	/* a peer that was started again says the same */
	leave(&peer);
	elector_view(&active, &ours);
	UNTIL((elector_view(&active, &ours), ours.silent));
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.activations == 1 && peer.heard.synced);
	say_members(&peer, file_text(), 4, NULL, NULL);
	look(1);
	UNTIL(
	    (elector_view(&active, &ours), ours.state == NOTIF_LOOKING && !ours.silent));
	assert_true(goes_by(&active, 4, false));
}

/* N9; who is only linked is asked, hears our members and their version, and may be
 * followed. */
static void
a_newer_leader_is_followed(void **state)
{
	char links[128] = "", newer[512];
	uint16_t quorum, election;
	int port = listen_any(&election);

	(void)state;
	close(listen_any(&quorum));
	add_server(links, sizeof(links), 4, quorum, election);
	say_members(&peer, file_text(), 31, NULL, links);
	look(1);
	UNTIL(goes_by(&active, 31, false));
	four.fd = dial_as(conf.self->election_port, 4, "");
	UNTIL(heard(&four, NOTIF_LOOKING, SELF, 1));
	three.heard = four.heard; /* when its link came up; then with each broadcast */
	UNTIL((listen_to(&four), four.heard > three.heard));
	assert_non_null(strstr(four.text, "server.3="));
	assert_null(strstr(four.text, "server.4="));
	assert_string_equal(four.text + strlen(four.text) - 10, "version=1f");
	snprintf(newer, sizeof(newer), "%sversion=1f", links);
	speak(&four, NOTIF_LEADING, 4, 40, newer); /* not newer */
	snprintf(newer, sizeof(newer), "%sversion=20", links);
	speak(&four, NOTIF_FOLLOWING, 3, 40, newer);
	three.heard = four.heard;
	UNTIL((listen_to(&four), four.heard > three.heard + 1));
	assert_int_equal(peer.heard.decisions, 0);
	speak(&four, NOTIF_LEADING, 4, 40, newer);
	UNTIL(peer.heard.decisions == 1);
	assert_int_equal(peer.heard.decided.vote.leader, 4);
	assert_int_equal(peer.heard.decided.vote.state, NOTIF_FOLLOWING);
	close(port);
}

/* Members without us, and none at all: it elects nobody, and goes on when it can. */
static void
not_listed(void **state)
{
	char others[512] = "";
	struct elect_view v;

	(void)state;
	for (unsigned i = 0; i < 3; i += 2)
		add_server(others, sizeof(others), i + 1, conf.servers[i].quorum_port,
		           conf.servers[i].election_port);
	say_members(&peer, others, 2, NULL, NULL);
	look(1);
	three.fd = dial_as(conf.self->election_port, 3, "");
	UNTIL(heard(&three, NOTIF_LOOKING, INT64_MIN, 1));
	speak(&three, NOTIF_LOOKING, 3, 1, "version=0");
	UNTIL(heard(&three, NOTIF_LOOKING, 3, 1));
	say_members(&peer, "\n", 3, NULL, NULL);
	UNTIL(goes_by(&active, 3, false));
	expect_end(three.fd);
	memset(&three, 0, sizeof(three));
	elector_view(&active, &v);
	assert_false(v.silent);
	assert_int_equal(v.phase, ELECT_PHASE_WAIT);
	say_members(&peer, file_text(), 4, NULL, NULL);
	UNTIL(goes_by(&active, 4, false));
	three.fd = dial_as(conf.self->election_port, 3, "");
	UNTIL((listen_to(&three), three.heard > 0));
	elector_view(&active, &v);
	speak(&three, NOTIF_LOOKING, 3, v.clock + 1, "version=0");
	UNTIL(peer.heard.decisions == 1);
	assert_int_equal(peer.heard.decided.vote.leader, 3);
}

static void
status_says_the_members(void **state)
{
	static char text[DOOR_REPLY_MAX];
	char next[512];
	json_t *json, *members;
	size_t len;

	(void)state;
	len = elector_status(&active, text, sizeof(text));
	json = json_loadb(text, len, 0, NULL);
	assert_false(
	    json_is_true(json_object_get(json_object_get(json, "members"), "told")));
	json_decref(json);
	snprintf(next, sizeof(next), "%s", file_text());
	add_server(next, sizeof(next), 4, 1, 2);
	add_server(next, sizeof(next), 5, 1, 2);
	say_members(&peer, file_text(), 3, next, NULL);
	UNTIL(goes_by(&active, 3, true));
	len = elector_status(&active, text, sizeof(text));
	json = json_loadb(text, len, 0, NULL);
	assert_non_null(json);
	members = json_object_get(json, "members");
	assert_true(json_is_true(json_object_get(members, "told")));
	assert_int_equal(json_integer_value(json_object_get(members, "version")), 3);
	members = json_object_get(members, "next");
	assert_int_equal(json_integer_value(json_object_get(members, "version")), 4);
	assert_int_equal(json_array_size(json_object_get(members, "voters")), 5);
	assert_int_equal(json_integer_value(json_object_get(members, "quorum")), 3);
	assert_int_equal(json_array_size(json_object_get(json, "voters")), 3);
	assert_int_equal(json_array_size(json_object_get(json, "remotes")), 4);
	json_decref(json);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
	    T(no_vote_falls), T(a_shadow_is_told_too),    T(a_newer_leader_is_followed),
	    T(not_listed),    T(status_says_the_members),
	};

	if (proc_init(&proc, "elector", LOG_LEVEL_INFO, NULL, NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
