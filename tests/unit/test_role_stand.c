/* A server that could not lead (its quorum port is not open, or no epoch is left) does
 * not stand: its vote is below all others, and it follows. */
#include "tests/unit/role_kit.h"

static struct kit k;

static int
set_up(void **state)
{
	(void)state;
	kit_members(&k.members, 3, 1);
	kit_new(&k, kit_config(&k.members, 1));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	return 0;
}

static void
port(bool open)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_PORT, .open = open});
}

static void
start(int64_t accepted, int64_t claim)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_START,
	                                 .generation = 7,
	                                 .record = kit_record(&k, accepted, 4, claim)});
}

static void
expect_vote(int64_t epoch, int64_t zxid)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	assert_true(a->u.look.epoch == epoch);
	assert_true(a->u.look.zxid == zxid);
}

static enum role_reason
reason(void)
{
	struct role_view view;

	role_get_view(k.role, &view);
	return view.reason;
}

static void
follow(int64_t epoch, int64_t zxid)
{
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DECIDED,
			 .serial = {7, k.look_count},
			 .vote = {.leader = 3,
	                          .round = 9,
	                          .epoch = epoch,
	                          .zxid = zxid,
	                          .state = NOTIF_FOLLOWING},
		     });
	kit_up(&k, 3);
}

/* The answer to LEADERINFO: its current epoch, or -1, which is no promise. */
static int32_t
answer(int64_t epoch)
{
	kit_packet(&k, 3, QPACKET_LEADERINFO, epoch << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	return kit_answer(kit_sent(&k, 3, QPACKET_ACKEPOCH));
}

static void
a_port_that_is_shut(void **state)
{
	(void)state;
	port(false);
	start(4, 9);
	expect_vote(INT64_MIN, INT64_MIN);
	assert_int_equal(reason(), ROLE_REASON_PORT);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	expect_vote(INT64_MIN, INT64_MIN);
	port(false);
	assert_int_equal(k.todo.count, 0);
	port(true); /* another look */
	expect_vote(4, 9);
	assert_int_equal(reason(), ROLE_REASON_NONE);
	port(false);
	expect_vote(INT64_MIN, INT64_MIN);
}

static void
not_known_is_open(void **state)
{
	(void)state;
	start(4, 9);
	expect_vote(4, 9);
	port(true);
	assert_int_equal(k.todo.count, 0);
}

static void
elected_all_the_same(void **state)
{
	(void)state;
	port(false);
	start(4, 9);
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_null(kit_find(&k, ROLE_ACT_ROLE));
	expect_vote(INT64_MIN, INT64_MIN); /* the first time at once, then after a wait */
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	port(true);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, kit_wait_ms(&k, 1));
	expect_vote(4, 9);
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_non_null(kit_find(&k, ROLE_ACT_ROLE));
	port(false); /* its learners tell what that means */
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* A server that is not fresher than the leader promises like any other. */
static void
it_promises(void **state)
{
	(void)state;
	port(false);
	start(4, 9);
	follow(4, 9);
	assert_int_equal(answer(5), 4);
}

/* A fresher server would depose the leader, and could not lead itself. */
static void
fresher_makes_no_promise(void **state)
{
	(void)state;
	port(false);
	start(4, 9);
	follow(4, 8);
	assert_int_equal(answer(5), -1);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, 5LL << 32, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	assert_int_equal(reason(), ROLE_REASON_PORT);
	/* what it may follow now is no less fresh */
	assert_int_equal(answer(6), 5);
}

/* It looks again when its port opens: the leader may have no other follower. */
static void
withheld_until_the_port_is_open(void **state)
{
	(void)state;
	port(false);
	start(4, 9);
	follow(4, 8);
	assert_int_equal(answer(5), -1);
	port(false);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	port(true);
	expect_vote(4, 9);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_EPOCH);
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_ENDED));

	port(false);
	follow(4, 9); /* nothing was withheld from this one */
	assert_int_equal(answer(6), 4);
	port(true);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* The state of the port counts when the promise is asked for, not at the look. */
static void
opened_or_shut_since_the_look(void **state)
{
	(void)state;
	port(false);
	start(4, 9);
	follow(4, 8);
	port(true);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_int_equal(answer(5), 4);
	kit_down(&k, 3, MSG_REASON_EOF);
	expect_vote(4, 9);

	follow(4, 8);
	port(false);
	assert_int_equal(answer(6), -1);
	port(true);
	expect_vote(4, 9);
}

/* A fresher server that stands makes the leader look again, and looks again at once
 * itself, however often it was turned away before. */
static void
fresher_deposes_without_a_wait(void **state)
{
	(void)state;
	start(4, 9);
	for (int64_t epoch = 5; epoch < 9; epoch++) {
		follow(4, 8);
		assert_int_equal(answer(epoch), 4);
		kit_down(&k, 3, MSG_REASON_EOF);
		expect_vote(4, 9);
		assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason,
		                 MSG_LOOK_EPOCH);
	}
	follow(4, 9); /* as fresh: it was turned away for another reason */
	assert_int_equal(answer(9), 4);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_int_equal(kit_find(&k, ROLE_ACT_LOOK)->u.look.reason, MSG_LOOK_REFUSED);
}

static void
fresher_by_its_epoch(void **state)
{
	(void)state;
	port(false);
	start(4, 0);
	follow(3, 8);
	assert_int_equal(answer(5), -1);
}

static void
one_that_stands_is_heard(void **state)
{
	(void)state;
	start(4, 9);
	follow(4, 8);
	assert_int_equal(answer(5), 4);
}

static void
no_epoch_is_left(void **state)
{
	(void)state;
	start(ROLE_EPOCH_MAX, 9);
	expect_vote(INT64_MIN, INT64_MIN);
	assert_int_equal(reason(), ROLE_REASON_USED_UP);
	port(true);
	assert_int_equal(k.todo.count, 0);
}

/* A server without learners needs no quorum port. */
static void
restart_without_port(struct role_config config)
{
	role_free(k.role);
	kit_new(&k, config);
	port(false);
	start(4, 9);
	assert_int_equal(reason(), ROLE_REASON_NONE);
}

static void
a_port_that_nobody_needs(void **state)
{
	struct role_config config = kit_config(&k.members, 1);

	(void)state;
	kit_members(&k.members, 1, 0);
	restart_without_port(config);
	expect_vote(4, 9);

	kit_members(&k.members, 3, 0);
	config.zab = false;
	restart_without_port(config);
	expect_vote(0, 9); /* without zab no epoch counts */

	kit_members(&k.members, 3, 1);
	config = kit_config(&k.members, 4);
	restart_without_port(config);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_port_that_is_shut),
	    TEST(not_known_is_open),
	    TEST(elected_all_the_same),
	    TEST(it_promises),
	    TEST(fresher_makes_no_promise),
	    TEST(fresher_by_its_epoch),
	    TEST(withheld_until_the_port_is_open),
	    TEST(opened_or_shut_since_the_look),
	    TEST(fresher_deposes_without_a_wait),
	    TEST(one_that_stands_is_heard),
	    TEST(no_epoch_is_left),
	    TEST(a_port_that_nobody_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
