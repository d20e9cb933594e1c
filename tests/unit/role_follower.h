/* A follower's core for the tests: what its leader, server 3, says to it. */
#ifndef TESTS_UNIT_ROLE_FOLLOWER_H
#define TESTS_UNIT_ROLE_FOLLOWER_H

#include "tests/unit/role_kit.h"

static struct kit k;

/* Follows 3 of three servers, with the epochs given; no link is up yet. */
static inline int
decided(int64_t accepted, int64_t current, bool observer)
{
	struct role_config config;

	kit_members(&k.members, 3, observer ? 1 : 0);
	config = kit_config(&k.members, observer ? 4 : 1);
	kit_new(&k, config);
	kit_start(&k, accepted, current);
	kit_decided(&k, observer ? NOTIF_OBSERVING : NOTIF_FOLLOWING, 3);
	return 0;
}

static inline int
set_up(void **state)
{
	(void)state;
	return decided(4, 4, false);
}

static inline int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	return 0;
}

static inline void
leaderinfo(int64_t epoch)
{
	kit_packet(&k, 3, QPACKET_LEADERINFO, epoch << 32, QPACKET_PROTOCOL);
}

static inline void
newleader(int64_t epoch)
{
	kit_packet(&k, 3, QPACKET_NEWLEADER, epoch << 32, 0);
}

static inline void
uptodate(int64_t epoch)
{
	kit_packet(&k, 3, QPACKET_UPTODATE, epoch << 32, 0);
}

static inline void
follow(int64_t epoch)
{
	kit_up(&k, 3);
	leaderinfo(epoch);
	kit_written(&k, 0);
	newleader(epoch);
	kit_written(&k, 0);
	uptodate(epoch);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
}

static inline void
expect_look(enum msg_look_reason reason, bool gave_up)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	assert_int_equal(a->u.look.reason, reason);
	assert_int_equal(a->u.look.gave_up, gave_up);
	assert_int_equal(a->u.look.leader, 3);
	assert_int_equal(a->u.look.last_round, 9);
}

#endif
