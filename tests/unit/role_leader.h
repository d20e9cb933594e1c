/* A leader's core for the tests, and what its learners say to it. */
#ifndef TESTS_UNIT_ROLE_LEADER_H
#define TESTS_UNIT_ROLE_LEADER_H

#include "tests/unit/role_kit.h"

static struct kit k;

/* Server 1 of `voters`, with one observer, looking; the epochs are as given. */
static inline void
looking(unsigned voters, int64_t accepted, int64_t current)
{
	kit_members(&k.members, voters, 1);
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, accepted, current);
}

static inline void
lead(void)
{
	kit_decided(&k, NOTIF_LEADING, 1);
}

static inline void
joins(int64_t sid, int64_t accepted)
{
	kit_up(&k, sid);
	kit_info(&k, sid, QPACKET_FOLLOWERINFO, accepted);
}

static inline void
ackepoch(int64_t sid, int32_t current)
{
	kit_ackepoch(&k, sid, 0, current, k.offered[sid]);
}

static inline void
ack(int64_t sid, int64_t epoch)
{
	kit_packet(&k, sid, QPACKET_ACK, epoch << 32, 0);
}

/* Takes a looking core with epochs 4 to an established leader of 5, which 2 follows. */
static inline void
establish(void)
{
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).epoch, 5);
}

static inline int64_t
offered(int64_t sid)
{
	const struct role_packet *p = kit_sent(&k, sid, QPACKET_LEADERINFO);

	return p ? p->zxid >> 32 : 0;
}

static inline void
expect_look(enum msg_look_reason reason)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	assert_int_equal(a->u.look.reason, reason);
	assert_false(a->u.look.gave_up);
}

static inline int
set_up(void **state)
{
	(void)state;
	looking(3, 4, 4);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Of the newest connection to `sid`. */
static inline uint64_t
number_of(int64_t sid)
{
	return k.numbers[sid];
}

/* Did the last step close this connection, for that reason? */
static inline bool
closed(uint64_t number, enum role_close why)
{
	for (unsigned i = 0; i < k.todo.count; i++)
		if (k.todo.list[i].type == ROLE_ACT_DISCONNECT &&
		    k.todo.list[i].number == number)
			return k.todo.list[i].u.close == why;
	return false;
}

static inline bool
taken(uint64_t number)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_TAKE);

	return a && a->number == number;
}

/* Takes a looking core with epochs 4 to a follower of 3, with epoch 5. */
static inline void
follows_3(void)
{
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, 5LL << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_NEWLEADER, 5LL << 32, 0);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_UPTODATE, 5LL << 32, 0);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
}

#endif
