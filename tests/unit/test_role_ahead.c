/* The connection to the server that will probably lead is dialled while the election runs
 * (peer/role_look.c). */
#include "tests/unit/role_leader.h"

static bool
dials(int64_t sid)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_CONNECT);

	return a && a->sid == sid;
}

/* Follows 3 of three servers, and loses it: 2 is the likely leader. */
static void
loses_3(void)
{
	follows_3();
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(dials(2));
}

static void
the_connection_waits_for_the_election(void **state)
{
	(void)state;
	loses_3();
	kit_up(&k, 2);
	assert_int_equal(k.todo.count, 0);
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	assert_true(taken(number_of(2)));
	assert_non_null(kit_sent(&k, 2, QPACKET_FOLLOWERINFO));
	assert_null(kit_find(&k, ROLE_ACT_CONNECT));
	assert_null(kit_find(&k, ROLE_ACT_DISCONNECT));
}

static void
the_election_waits_for_the_connection(void **state)
{
	(void)state;
	loses_3();
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	assert_null(kit_find(&k, ROLE_ACT_CONNECT));
	kit_up(&k, 2);
	assert_non_null(kit_sent(&k, 2, QPACKET_FOLLOWERINFO));
}

static void
dialled_again_if_it_ends_before(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		loses_3();
		if (i == 0)
			kit_up(&k, 2);
		kit_down(&k, 2, i == 0 ? MSG_REASON_EOF : MSG_REASON_REFUSED);
		assert_int_equal(k.todo.count, 0);
		kit_decided(&k, NOTIF_FOLLOWING, 2);
		assert_true(dials(2));
		kit_up(&k, 2);
		assert_non_null(kit_sent(&k, 2, QPACKET_FOLLOWERINFO));
		tear_down(state);
		set_up(state);
	}
}

/* With our link to connmgr that connection is gone, too. */
static void
gone_with_the_link_to_connmgr(void **state)
{
	(void)state;
	loses_3();
	kit_up(&k, 2);
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	kit_decided(&k, NOTIF_FOLLOWING, 2);
	assert_null(kit_sent(&k, 2, QPACKET_FOLLOWERINFO));
	assert_true(dials(2));
}

/* We lead, or the old leader is back after all. */
static void
closed_if_another_is_elected(void **state)
{
	uint64_t ahead;

	loses_3();
	kit_up(&k, 2);
	ahead = number_of(2);
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_true(closed(ahead, ROLE_CLOSE_OTHERWISE));
	tear_down(state);
	set_up(state);
	loses_3();
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	assert_true(closed(0, ROLE_CLOSE_OTHERWISE));
	assert_true(dials(3));
}

/* It has elected us, and what it says about that counts. */
static void
the_likely_leader_follows_us(void **state)
{
	uint64_t ahead;

	(void)state;
	loses_3();
	kit_up(&k, 2);
	ahead = number_of(2);
	kit_up(&k, 2);
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 5);
	assert_true(taken(number_of(2)));
	kit_decided(&k, NOTIF_LEADING, 1);
	assert_true(closed(ahead, ROLE_CLOSE_OTHERWISE));
	assert_non_null(kit_sent(&k, 2, QPACKET_LEADERINFO));
}

/* The largest sid expects to lead, unless it cannot. */
static void
who_dials_ahead(void **state)
{
	(void)state;
	for (unsigned shut = 0; shut < 2; shut++) {
		role_free(k.role);
		kit_members(&k.members, 3, 0);
		kit_new(&k, kit_config(&k.members, 3));
		kit_start(&k, 4, 4);
		kit_decided(&k, NOTIF_FOLLOWING, 1);
		if (shut)
			kit_step(&k, (struct role_event){.type = ROLE_EV_PORT});
		kit_down(&k, 1, MSG_REASON_REFUSED);
		assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
		assert_int_equal(dials(2), shut);
		assert_false(dials(1));
	}
}

/* The largest priority goes before the largest sid, ours or another's. */
static void
a_priority_is_dialled(void **state)
{
	static const struct {
		int64_t own, other;
		bool dials_1, dials_3;
	} cases[] = {{0, 0, false, true}, {0, 5, true, false}, {6, 5, false, false}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		role_free(k.role);
		kit_members(&k.members, 4, 0);
		k.members.list[0].priority = cases[i].other;
		k.members.list[1].priority = cases[i].own;
		kit_new(&k, kit_config(&k.members, 2));
		kit_start(&k, 4, 4);
		kit_decided(&k, NOTIF_FOLLOWING, 4);
		kit_down(&k, 4, MSG_REASON_REFUSED);
		assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
		assert_int_equal(dials(1), cases[i].dials_1);
		assert_int_equal(dials(3), cases[i].dials_3);
	}
}

/* Without a link to connmgr nobody dials; without zab nobody has learners. */
static void
who_does_not(void **state)
{
	struct role_config config;

	(void)state;
	follows_3();
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_null(kit_find(&k, ROLE_ACT_CONNECT));
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	role_free(k.role);
	kit_members(&k.members, 3, 0);
	config = kit_config(&k.members, 1);
	config.zab = false;
	kit_new(&k, config);
	kit_start(&k, 0, 0);
	kit_decided(&k, NOTIF_OBSERVING, 3); /* we are no observer */
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_null(kit_find(&k, ROLE_ACT_CONNECT));
}

/* A leader that is in doubt, and not given up, may lead after all. */
static void
the_same_leader_again(void **state)
{
	(void)state;
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_DOUBT, .serial = {7, k.role_count}, .sid = 3});
	assert_non_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(dials(3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_does_not),
	    TEST(the_same_leader_again),
	    TEST(gone_with_the_link_to_connmgr),
	    TEST(the_connection_waits_for_the_election),
	    TEST(the_election_waits_for_the_connection),
	    TEST(dialled_again_if_it_ends_before),
	    TEST(closed_if_another_is_elected),
	    TEST(the_likely_leader_follows_us),
	    TEST(who_dials_ahead),
	    TEST(a_priority_is_dialled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
