/* The core's start, decisions, the link to connmgr, and the role without Zab. */
#include "tests/unit/role_kit.h"

static struct kit k;

static int
make(bool zab, bool observer, bool start)
{
	struct role_config config;

	kit_members(&k.members, 3, 1);
	config = kit_config(&k.members, observer ? 4 : 1);
	config.zab = zab;
	kit_new(&k, config);
	if (start)
		kit_start(&k, 4, 3);
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	return make(true, false, true);
}

static int
set_up_new(void **state)
{
	(void)state;
	return make(true, false, false);
}

static int
set_up_bare(void **state)
{
	(void)state;
	return make(false, false, true);
}

static int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	return 0;
}

static void
expect_look(enum msg_look_reason reason, bool gave_up)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	assert_int_equal(a->u.look.reason, reason);
	assert_int_equal(a->u.look.gave_up, gave_up);
}

static void
the_first_look(void **state)
{
	const struct role_action *a;

	(void)state;
	/* no write, since both files are there; an event, since the epoch is known */
	assert_int_equal(k.todo.count, 3);
	assert_int_equal(k.todo.list[0].type, ROLE_ACT_MEMBERS);
	assert_non_null(kit_find(&k, ROLE_ACT_EVENT));
	expect_look(MSG_LOOK_START, false);
	a = kit_find(&k, ROLE_ACT_LOOK);
	assert_int_equal(a->u.look.serial.generation, 7);
	assert_int_equal(a->u.look.serial.count, 1);
	assert_int_equal(a->u.look.epoch, 3);
	assert_int_equal(a->u.look.zxid, 0);
	assert_int_equal(a->u.look.last_round, 0);
	kit_start(&k, 9, 9); /* once is enough */
	assert_int_equal(k.todo.count, 0);
	assert_int_equal(role_accepted(k.role), 4);
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
}

static void
a_fresh_server(void **state)
{
	(void)state;
	kit_start(&k, 0, 0);
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch, 0);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_int_equal(role_accepted(k.role), 0);
}

static void
unusable_epochs(void **state)
{
	const struct role_action *a;

	(void)state;
	kit_up(&k, 2); /* it waits until we have decided */
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 4);
	assert_non_null(kit_find(&k, ROLE_ACT_TAKE));
	assert_int_equal(k.todo.count, 1);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_START, .generation = 7, .unusable = true});
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_NO_ROLE));
	a = kit_find(&k, ROLE_ACT_EVENT);
	assert_int_equal(a->u.view.reason, ROLE_REASON_EPOCHS);
	kit_up(&k, 3);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_NO_ROLE));
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_int_equal(k.todo.count, 0);
	kit_start(&k, 4, 3); /* a person has repaired the files */
	expect_look(MSG_LOOK_START, false);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
}

static void
only_an_answer_to_this_look(void **state)
{
	struct role_event ev = {.type = ROLE_EV_DECIDED,
	                        .serial = {7, 2},
	                        .vote = {.leader = 2, .state = NOTIF_FOLLOWING}};

	(void)state;
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.serial = (struct msg_serial){6, 1};
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.serial = (struct msg_serial){7, 1};
	kit_step(&k, ev);
	assert_non_null(kit_find(&k, ROLE_ACT_ROLE));
	kit_step(&k, ev); /* a new elector repeats it */
	assert_int_equal(k.todo.count, 0);
}

static void
impossible_decisions(void **state)
{
	static const struct {
		bool observer;
		enum notif_state state;
		int64_t leader;
	} rows[] = {
	    {false, NOTIF_LOOKING, 2},   {false, NOTIF_OBSERVING, 2},
	    {false, NOTIF_LEADING, 2},   {false, NOTIF_FOLLOWING, 1},
	    {false, NOTIF_FOLLOWING, 9}, {false, (enum notif_state)7, 2},
	    {true, NOTIF_FOLLOWING, 2},  {true, NOTIF_LEADING, 4},
	    {true, NOTIF_OBSERVING, 4},  {true, NOTIF_OBSERVING, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		role_free(k.role);
		make(true, rows[i].observer, true);
		kit_decided(&k, rows[i].state, rows[i].leader);
		if (!kit_find(&k, ROLE_ACT_LOOK) || kit_find(&k, ROLE_ACT_ROLE))
			fail_msg("row %zu", i);
		expect_look(MSG_LOOK_REFUSED, false);
	}
}

/* Both servers elected each other: we close the link that the other opened, and make
 * ours. */
static void
each_others_leader(void **state)
{
	(void)state;
	kit_up(&k, 2);
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 4);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_OTHERWISE));
	assert_int_equal(kit_find(&k, ROLE_ACT_CONNECT)->sid, 2);
	kit_up(&k, 2);
	assert_non_null(kit_sent(&k, 2, QPACKET_FOLLOWERINFO));
}

static void
connmgr_is_lost_while_looking(void **state)
{
	const struct role_action *a;

	(void)state;
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_int_equal(k.todo.count, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	a = kit_find(&k, ROLE_ACT_LOOK);
	assert_int_equal(a->u.look.serial.count,
	                 1); /* the same look: it may be answered already */
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_int_equal(k.todo.count, 0);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	assert_non_null(kit_find(&k, ROLE_ACT_ROLE));
}

static void
connmgr_is_lost_in_a_role(void **state)
{
	const struct role_action *a;

	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_up(&k, 2);
	kit_packet(&k, 2, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_null(kit_find(&k, ROLE_ACT_LOOK));       /* there is nobody to ask */
	assert_null(kit_find(&k, ROLE_ACT_DISCONNECT)); /* and nothing to close */
	assert_int_equal(kit_view(&k).phase, ROLE_ELECTION);
	kit_written(&k, 0); /* the write ends meanwhile */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_LEADER, false);
	a = kit_find(&k, ROLE_ACT_LOOK);
	assert_int_equal(a->u.look.serial.count, 3);

	kit_decided(&k, NOTIF_LEADING, 1);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_QUORUM, false);
}

static void
connmgr_is_lost_in_a_wait(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		kit_decided(&k, NOTIF_FOLLOWING, 2);
		kit_down(&k, 2, MSG_REASON_TIMEOUT);
	}
	assert_int_equal(role_due_ms(k.role), k.now_ms + kit_wait_ms(&k, 1));
	kit_up(&k, 3); /* who has elected us waits with us */
	assert_int_equal(k.todo.count, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_REFUSED, true);
}

static void
names(void **state)
{
	(void)state;
	assert_string_equal(role_phase_name(ROLE_SYNCHRONIZATION), "synchronization");
	assert_string_equal(role_phase_name((enum role_phase)99), "?");
	assert_string_equal(role_close_name(ROLE_CLOSE_SILENT), "silent");
	role_free(NULL);
}

/* ---- without Zab ---- */

static void
election(int64_t sid, enum msg_link link, enum msg_reason reason)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_REMOTE,
	                                 .sid = sid,
	                                 .lane = MSG_LANE_ELECTION,
	                                 .link = link,
	                                 .reason = reason});
}

static void
bare_follows(void **state)
{
	const struct role_view *v;

	(void)state;
	election(2, MSG_LINK_UP, MSG_REASON_NEVER);
	kit_up(&k, 3);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_NO_ROLE));
	assert_null(kit_find(&k, ROLE_ACT_CONNECT));
	v = &kit_find(&k, ROLE_ACT_EVENT)->u.view;
	assert_int_equal(v->state, NOTIF_FOLLOWING);
	assert_int_equal(v->leader, 2);
	assert_false(v->active);
	kit_up(&k, 3);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_NO_ROLE));

	election(2, MSG_LINK_DOWN, MSG_REASON_EOF); /* dialled again, and back */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	election(2, MSG_LINK_CONNECTING, MSG_REASON_EOF);
	election(2, MSG_LINK_DOWN, MSG_REASON_EOF); /* the larger sid calls back */
	election(2, MSG_LINK_UP, MSG_REASON_NEVER);
	kit_pass(&k, 6 * KIT_TICK);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	election(3, MSG_LINK_DOWN, MSG_REASON_REFUSED); /* not our leader */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	election(2, MSG_LINK_DOWN,
	         MSG_REASON_TIMEOUT); /* keepalive; may be dialled again */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	election(2, MSG_LINK_DOWN, MSG_REASON_TIMEOUT); /* in vain */
	expect_look(MSG_LOOK_LEADER, true);
	assert_false(kit_view(&k).has_leader);
}

static void
bare_refused_ends_at_once(void **state)
{
	(void)state;
	election(2, MSG_LINK_UP, MSG_REASON_NEVER);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	election(2, MSG_LINK_DOWN, MSG_REASON_REFUSED);
	expect_look(MSG_LOOK_LEADER, true);
}

static void
bare_waits_for_the_link_so_long(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 2); /* though its link is not up just now */
	assert_int_equal(role_due_ms(k.role), k.now_ms + 6 * KIT_TICK);
	kit_pass(&k, 6 * KIT_TICK - 1);
	assert_int_equal(k.todo.count, 0);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_LEADER, true);
}

/* It runs: its link is waited for as long as any other, and no longer. */
static void
bare_waits_after_a_failed_handshake(void **state)
{
	static const enum msg_reason reasons[] = {MSG_REASON_TLS, MSG_REASON_IDENTITY};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		election(2, MSG_LINK_UP, MSG_REASON_NEVER);
		kit_decided(&k, NOTIF_FOLLOWING, 2);
		election(2, MSG_LINK_DOWN, MSG_REASON_EOF);
		kit_pass(&k, 3 * KIT_TICK);
		election(2, MSG_LINK_DOWN, reasons[i]);
		election(2, MSG_LINK_DOWN, reasons[i]);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_pass(&k, 3 * KIT_TICK - 1);
		assert_null(kit_find(&k, ROLE_ACT_LOOK));
		kit_pass(&k, 1);
		expect_look(MSG_LOOK_LEADER, true);
	}
}

static void
bare_leads_while_it_has_a_quorum(void **state)
{
	(void)state;
	election(2, MSG_LINK_UP, MSG_REASON_NEVER);
	election(3, MSG_LINK_UP, MSG_REASON_NEVER);
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_int_equal(kit_view(&k).state, NOTIF_LEADING);
	assert_false(kit_view(&k).active);
	kit_pass(&k,
	         6 * KIT_TICK); /* the observer never came: no matter, and said once */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(role_due_ms(k.role), UINT64_MAX);
	election(2, MSG_LINK_DOWN, MSG_REASON_REFUSED);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	election(3, MSG_LINK_DOWN, MSG_REASON_EOF);
	kit_pass(&k, 6 * KIT_TICK);
	expect_look(MSG_LOOK_QUORUM, false);
}

static void
bare_doubt_and_loss(void **state)
{
	(void)state;
	election(2, MSG_LINK_UP, MSG_REASON_NEVER);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DOUBT, .sid = 2, .serial = {7, k.role_count}});
	expect_look(MSG_LOOK_DOUBT, false);
	kit_decided(&k, NOTIF_LEADING, 1);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DOUBT, .sid = 1, .serial = {7, k.role_count}});
	assert_int_equal(k.todo.count, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_look(MSG_LOOK_QUORUM, false);
}

/* An observer of ZooKeeper is told the new epoch after the leader. */
static void
bare_learns_the_epoch(void **state)
{
	struct role_event ev = {.type = ROLE_EV_DECIDED,
	                        .serial = {7, k.look_count},
	                        .vote = {.leader = 2,
	                                 .zxid = 1,
	                                 .round = 5,
	                                 .epoch = 8,
	                                 .state = NOTIF_FOLLOWING}};

	(void)state;
	election(2, MSG_LINK_UP, MSG_REASON_NEVER);
	kit_step(&k, ev);
	kit_step(&k, ev); /* repeated */
	assert_int_equal(k.todo.count, 0);
	ev.vote.epoch = 9;
	kit_step(&k, ev);
	assert_int_equal(kit_find(&k, ROLE_ACT_ROLE)->u.role.vote.epoch, 9);
	assert_int_equal(kit_find(&k, ROLE_ACT_EVENT)->u.view.epoch, 9);
	assert_int_equal(kit_view(&k).leader, 2);
	ev.vote.leader = 3; /* another leader needs another look */
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.vote.leader = 2;
	ev.vote.state = NOTIF_LEADING;
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
	ev.vote.state = NOTIF_FOLLOWING;
	ev.serial.count--;
	ev.vote.epoch = 10;
	kit_step(&k, ev);
	assert_int_equal(k.todo.count, 0);
}

#define TEST(f)      cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define TEST_NEW(f)  cmocka_unit_test_setup_teardown(f, set_up_new, tear_down)
#define TEST_BARE(f) cmocka_unit_test_setup_teardown(f, set_up_bare, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_first_look),
	    TEST_NEW(a_fresh_server),
	    TEST_NEW(unusable_epochs),
	    TEST(only_an_answer_to_this_look),
	    TEST(impossible_decisions),
	    TEST(each_others_leader),
	    TEST(connmgr_is_lost_while_looking),
	    TEST(connmgr_is_lost_in_a_role),
	    TEST(connmgr_is_lost_in_a_wait),
	    TEST(names),
	    TEST_BARE(bare_follows),
	    TEST_BARE(bare_refused_ends_at_once),
	    TEST_BARE(bare_waits_for_the_link_so_long),
	    TEST_BARE(bare_waits_after_a_failed_handshake),
	    TEST_BARE(bare_leads_while_it_has_a_quorum),
	    TEST_BARE(bare_doubt_and_loss),
	    TEST_BARE(bare_learns_the_epoch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
