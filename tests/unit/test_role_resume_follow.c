/* A follower whose link to its leader ended, and who waits for it: rule R8. */
#include "peer/role_impl.h"
#include "tests/unit/role_follower.h"

#define RESUME 150

static int
set_up_patient(void **state)
{
	struct role_config config;

	(void)state;
	kit_members(&k.members, 3, 0);
	config = kit_config(&k.members, 1);
	config.resume_ms = RESUME;
	kit_new(&k, config);
	kit_start(&k, 4, 4);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	follow(5);
	return 0;
}

static bool
follows(void)
{
	struct role_view v = kit_view(&k);

	return v.has_leader && v.leader == 3 && v.state == NOTIF_FOLLOWING &&
	       v.epoch == 5 && !kit_find(&k, ROLE_ACT_LOOK);
}

static bool
dials(void)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_CONNECT);

	return a && a->sid == 3;
}

static void
doubt(void)
{
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DOUBT, .serial = {7, k.role_count}, .sid = 3});
}

static void
r8_stays_and_dials_again(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(follows());
	assert_true(dials());
	assert_null(kit_find(&k, ROLE_ACT_EVENT)); /* nobody is told of it */
	kit_up(&k, 3);
	assert_int_equal(kit_sent(&k, 3, QPACKET_FOLLOWERINFO)->zxid >> 32, 5);
	leaderinfo(5);
	assert_int_equal(kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH)), -1);
	newleader(5);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK)); /* it is on the disk */
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	uptodate(5);
	assert_true(follows());
	kit_pass(&k, RESUME);
	assert_true(follows());
}

/* Two are at once, the next ones wait a little longer each. */
static void
r8_backs_off(void **state)
{
	static const uint64_t waits[] = {2, 4, 8, 16, 16};

	(void)state;
	kit_down(&k, 3, MSG_REASON_RESET);
	assert_true(dials());
	kit_down(&k, 3, MSG_REASON_UNREACHABLE);
	assert_true(dials());
	for (unsigned i = 0; i < 5; i++) {
		kit_down(&k, 3, MSG_REASON_UNREACHABLE);
		assert_false(dials());
		assert_int_equal(role_due_ms(k.role), k.now_ms + waits[i]);
		kit_pass(&k, waits[i]);
		assert_true(dials());
		assert_true(follows());
	}
}

/* A replay is no reason to dial before it is time. */
static void
r8_a_replay_while_it_backs_off(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_down(&k, 3, MSG_REASON_UNREACHABLE);
	kit_down(&k, 3, MSG_REASON_UNREACHABLE);
	kit_step(&k, (struct role_event){.type = ROLE_EV_SYNCED});
	assert_false(dials());
	kit_pass(&k, 2);
	assert_true(dials());
}

/* A leader that is up and turns us away at once is no reason to ask without a pause. */
static void
r8_a_link_that_ends_again(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(dials());
	kit_up(&k, 3);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(follows());
	assert_false(dials());
	kit_pass(&k, 2);
	assert_true(dials());
}

/* "Patience must not end in a look without gave_up" */
static void
r8_ends_with_gave_up(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_pass(&k, 1);
	kit_up(&k, 3); /* and nobody speaks */
	kit_pass(&k, RESUME - 2);
	assert_true(follows());
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
r8_ends_in_the_middle_of_a_join(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	leaderinfo(5);
	kit_pass(&k, RESUME - 1);
	assert_true(follows());
	newleader(5);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
r8_and_not_longer(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	kit_pass(&k, RESUME - 1);
	kit_down(&k, 3, MSG_REASON_EOF); /* a new loss is no new patience */
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
r8_until_the_end_of_its_promise(void **state)
{
	(void)state;
	k.role->lease.memory.promise = (struct role_promise){3, 5, k.now_ms + 2 * RESUME};
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_pass(&k, 2 * RESUME - 1);
	assert_true(follows());
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
r8_not_for_a_promise_to_another(void **state)
{
	(void)state;
	k.role->lease.memory.promise = (struct role_promise){2, 4, k.now_ms + 2 * RESUME};
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_pass(&k, RESUME);
	expect_look(MSG_LOOK_LEADER, true);
}

/* The listening socket outlives connmgr: its whole server is gone. */
static void
r8_a_refused_dial_ends_it(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_down(&k, 3, MSG_REASON_REFUSED);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
fails_at_the_election_port(int64_t sid, enum msg_reason reason)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_REMOTE,
	                                 .sid = sid,
	                                 .lane = MSG_LANE_ELECTION,
	                                 .link = MSG_LINK_DOWN,
	                                 .reason = reason});
}

static void
refused_at_the_election_port(int64_t sid)
{
	fails_at_the_election_port(sid, MSG_REASON_REFUSED);
}

/* The leader runs, so it is waited for, whichever of its ports said so. */
static void
r8_a_failed_handshake_does_not(void **state)
{
	(void)state;
	fails_at_the_election_port(3, MSG_REASON_EOF);
	fails_at_the_election_port(3, MSG_REASON_TLS);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(follows());
	kit_down(&k, 3, MSG_REASON_TLS);
	assert_true(follows());
	kit_down(&k, 3, MSG_REASON_IDENTITY);
	fails_at_the_election_port(3, MSG_REASON_IDENTITY);
	assert_true(follows());
	kit_pass(&k, 2);
	assert_true(dials());
	kit_down(&k, 3, MSG_REASON_REFUSED);
	expect_look(MSG_LOOK_LEADER, true);
}

/* Which of the two is heard of first is not ours to choose. */
static void
r8_so_does_the_election_port(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	refused_at_the_election_port(2);
	assert_true(follows());
	refused_at_the_election_port(3);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
r8_so_did_the_election_port(void **state)
{
	(void)state;
	refused_at_the_election_port(3);
	assert_true(follows());
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_look(MSG_LOOK_LEADER, true);
}

/* It may be closed by a filter, and have been for days. */
static void
r8_not_if_that_is_long_ago(void **state)
{
	(void)state;
	refused_at_the_election_port(3);
	kit_pass(&k, 17);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_true(follows());
}

static void
r8_a_doubt_ends_it(void **state)
{
	(void)state;
	doubt(); /* with its link it knows better */
	assert_true(follows());
	kit_down(&k, 3, MSG_REASON_EOF);
	doubt();
	expect_look(MSG_LOOK_DOUBT, true);
}

static void
r8_a_doubt_after_the_join_does_not(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	leaderinfo(5);
	newleader(5);
	uptodate(5);
	doubt();
	assert_true(follows());
}

static void
r8_not_after_silence(void **state)
{
	(void)state;
	kit_pass(&k, 6 * KIT_TICK);
	expect_look(MSG_LOOK_LEADER, true);
}

/* A link that stands and is silent is what it was before. */
static void
r8_silence_after_the_join(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	leaderinfo(5);
	newleader(5);
	uptodate(5);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_true(follows());
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
r8_not_before_it_is_established(void **state)
{
	(void)state;
	role_free(k.role);
	kit_new(&k, kit_config(&k.members, 1));
	k.role->config.resume_ms = RESUME;
	kit_start(&k, 4, 4);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	leaderinfo(5);
	kit_written(&k, 0);
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_look(MSG_LOOK_EPOCH, false);
}

static void
r8_its_own_connmgr(void **state)
{
	(void)state;
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_true(follows());
	assert_false(dials());
	kit_pass(&k, 20);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.leader, 3);
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.epoch, 5);
	assert_false(dials()); /* nobody would tell us what became of it */
	kit_step(&k, (struct role_event){.type = ROLE_EV_SYNCED});
	assert_true(dials());
	kit_step(&k, (struct role_event){.type = ROLE_EV_SYNCED});
	assert_false(dials());
	kit_up(&k, 3);
	leaderinfo(5);
	newleader(5);
	uptodate(5);
	kit_step(&k, (struct role_event){.type = ROLE_EV_SYNCED});
	assert_false(dials());
	kit_pass(&k, RESUME);
	assert_true(follows());
}

static void
r8_a_connmgr_that_stays_away(void **state)
{
	(void)state;
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_pass(&k, RESUME - 1);
	assert_true(follows());
	kit_pass(&k, 1);
	assert_false(kit_view(&k).has_leader);
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_LEADER, true);
}

/* It resumed an epoch, and had to renew it. */
static void
r8_the_leader_comes_back_with_more(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	leaderinfo(6);
	kit_writes(&k, 6, 5);
	kit_written(&k, 0);
	newleader(6);
	kit_written(&k, 0);
	uptodate(6);
	assert_int_equal(kit_view(&k).epoch, 6);
	assert_true(kit_view(&k).has_leader);
	kit_pass(&k, RESUME);
	assert_true(kit_view(&k).has_leader);
}

static void
r8_a_bad_packet_ends_it(void **state)
{
	(void)state;
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_BAD_PACKET, .sid = 3, .number = k.numbers[3]});
	expect_look(MSG_LOOK_LEADER, true);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_patient, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(r8_stays_and_dials_again),
	    TEST(r8_backs_off),
	    TEST(r8_a_replay_while_it_backs_off),
	    TEST(r8_a_link_that_ends_again),
	    TEST(r8_ends_with_gave_up),
	    TEST(r8_ends_in_the_middle_of_a_join),
	    TEST(r8_and_not_longer),
	    TEST(r8_until_the_end_of_its_promise),
	    TEST(r8_not_for_a_promise_to_another),
	    TEST(r8_a_refused_dial_ends_it),
	    TEST(r8_a_failed_handshake_does_not),
	    TEST(r8_so_does_the_election_port),
	    TEST(r8_so_did_the_election_port),
	    TEST(r8_not_if_that_is_long_ago),
	    TEST(r8_a_doubt_ends_it),
	    TEST(r8_a_doubt_after_the_join_does_not),
	    TEST(r8_not_after_silence),
	    TEST(r8_silence_after_the_join),
	    TEST(r8_not_before_it_is_established),
	    TEST(r8_its_own_connmgr),
	    TEST(r8_a_connmgr_that_stays_away),
	    TEST(r8_the_leader_comes_back_with_more),
	    TEST(r8_a_bad_packet_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
