/* The core in the largest configuration: when 63 learners are at the same step and go on
 * in one event, the list of actions has room for all of them. */
#include "tests/unit/role_leader.h"

#define OTHERS (MEMBERS_MAX - 1)

static unsigned
sent(int32_t type)
{
	unsigned count = 0;

	for (unsigned i = 0; i < k.todo.count; i++)
		count += k.todo.list[i].type == ROLE_ACT_SEND &&
		         k.todo.list[i].u.packet.type == type;
	assert_true(k.todo.count < ROLE_ACTIONS_MAX);
	return count;
}

static void
all_learners_at_once(void **state)
{
	(void)state;
	kit_members(&k.members, MEMBERS_MAX, 0);
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 4, 4);
	for (int64_t sid = 2; sid <= MEMBERS_MAX; sid++)
		joins(sid, 4);
	lead();
	assert_int_equal(sent(QPACKET_PING), OTHERS);
	assert_int_equal(sent(QPACKET_LEADERINFO), OTHERS);
	kit_written(&k, 0);
	for (int64_t sid = 2; sid <= 16; sid++) {
		ackepoch(sid, 4);
		assert_int_equal(sent(QPACKET_NEWLEADER), 0);
	}
	ackepoch(17, 4); /* 16 of them and we are a quorum */
	assert_int_equal(sent(QPACKET_NEWLEADER), 16);
	for (int64_t sid = 18; sid <= MEMBERS_MAX; sid++)
		ackepoch(sid, 4);
	for (int64_t sid = 2; sid <= MEMBERS_MAX; sid++)
		ack(sid, 5);
	assert_false(kit_view(&k).active);
	kit_written(&k, 0); /* ours came last */
	assert_true(kit_view(&k).active);
	assert_int_equal(sent(QPACKET_UPTODATE), OTHERS);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_non_null(kit_find(&k, ROLE_ACT_EVENT));
	role_free(k.role);
}

/* All learners are silent: we close all links and look again. */
static void
all_learners_are_silent(void **state)
{
	unsigned closed = 0;

	(void)state;
	kit_members(&k.members, MEMBERS_MAX, 0);
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 4, 4);
	for (int64_t sid = 2; sid <= MEMBERS_MAX; sid++)
		joins(sid, 4);
	lead();
	k.now_ms += 10 * KIT_TICK; /* before that others may come (D6) */
	kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
	for (int64_t sid = 2; sid <= MEMBERS_MAX; sid++)
		closed += kit_closed(&k, sid, ROLE_CLOSE_SILENT);
	assert_int_equal(closed, OTHERS);
	expect_look(MSG_LOOK_QUORUM);
	role_free(k.role);
}

/* Each has promised another epoch. What a quorum has promised is believed, and what is
 * within the budget beyond that: of three that lie near each other the third is not. */
static void
all_promises_differ(void **state)
{
	const int64_t far = INT64_C(1) << 21, half = MEMBERS_MAX / 2;
	int64_t promised[MEMBERS_MAX + 1];

	(void)state;
	kit_members(&k.members, MEMBERS_MAX, 0);
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 4, 4);
	for (int64_t sid = 2; sid <= MEMBERS_MAX; sid++)
		promised[sid] = sid * far;
	promised[half + 1] = half * far + 5;
	promised[half + 2] = half * far + (1 << 20) + 3;
	for (int64_t sid = MEMBERS_MAX; sid > 1; sid--)
		joins(sid, promised[sid]);
	lead();
	for (int64_t sid = half + 2; sid <= MEMBERS_MAX; sid++)
		assert_true(kit_closed(&k, sid, ROLE_CLOSE_TOO_HIGH));
	for (int64_t sid = 2; sid <= half + 1; sid++) {
		assert_false(kit_closed(&k, sid, ROLE_CLOSE_TOO_HIGH));
		assert_int_equal(offered(sid), half * far + 6);
	}
	role_free(k.role);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_learners_at_once),
	    cmocka_unit_test(all_learners_are_silent),
	    cmocka_unit_test(all_promises_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
