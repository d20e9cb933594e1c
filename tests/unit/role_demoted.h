/* For the tests of who should not lead: server 1 of three, whose epoch is 4 and whose
 * claim is more than that of the leaders that it follows. */
#ifndef TESTS_UNIT_ROLE_DEMOTED_H
#define TESTS_UNIT_ROLE_DEMOTED_H

#include "tests/unit/role_kit.h"

#define CLAIM 9

static struct kit k;

static inline void
start(unsigned voters, unsigned observers)
{
	kit_members(&k.members, voters, observers);
	kit_new(&k, kit_config(&k.members, 1));
	kit_step(&k, (struct role_event){.type = ROLE_EV_START,
	                                 .generation = 7,
	                                 .record = kit_record(&k, 4, 4, CLAIM)});
}

static inline int
set_up(void **state)
{
	(void)state;
	start(3, 0);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	return 0;
}

static inline bool
is_demoted(void)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	assert_true(a->u.look.zxid == CLAIM);
	return a->u.look.epoch < 0;
}

static inline void
expect_vote(int64_t epoch)
{
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(kit_find(&k, ROLE_ACT_LOOK)->u.look.epoch == epoch);
}

static inline void
joins(int64_t sid, int64_t accepted)
{
	kit_up(&k, sid);
	kit_info(&k, sid, QPACKET_FOLLOWERINFO, accepted);
}

static inline void
lead(void)
{
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_non_null(kit_find(&k, ROLE_ACT_ROLE));
}

/* We are elected, and nobody comes. */
static inline void
demote(void)
{
	lead();
	kit_pass(&k, 10 * KIT_TICK);
	assert_true(is_demoted());
}

/* Follows `leader`, whose vote has this epoch and zxid. */
static inline void
follow(int64_t leader, int64_t epoch, int64_t zxid)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_DECIDED,
	                                 .serial = {7, k.look_count},
	                                 .vote = {.leader = leader,
	                                          .round = 9,
	                                          .epoch = epoch,
	                                          .zxid = zxid,
	                                          .state = NOTIF_FOLLOWING}});
	kit_up(&k, leader);
}

static inline void
leaderinfo(int64_t leader, int64_t epoch)
{
	kit_packet(&k, leader, QPACKET_LEADERINFO, epoch << 32, QPACKET_PROTOCOL);
}

/* The value of the ACKEPOCH that answers `epoch`. */
static inline int32_t
answer(int64_t leader, int64_t epoch)
{
	leaderinfo(leader, epoch);
	kit_written(&k, 0);
	return kit_answer(kit_sent(&k, leader, QPACKET_ACKEPOCH));
}

/* The next look, after one that ended with a refused dial. Two leaders in turn, so that
 * there is no wait. */
static inline void
next_look(void)
{
	static int64_t leader = 2;

	leader = 5 - leader;
	kit_decided(&k, NOTIF_FOLLOWING, leader);
	kit_down(&k, leader, MSG_REASON_REFUSED);
}

static inline void
establish(void)
{
	int64_t epoch;

	joins(2, 4);
	lead();
	epoch = kit_find(&k, ROLE_ACT_WRITE)->u.write->accepted;
	kit_written(&k, 0);
	kit_ackepoch(&k, 2, 0, 4, epoch);
	kit_packet(&k, 2, QPACKET_ACK, epoch << 32, 0);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
