/* Memberships in the peer's core: founding, changes, removal, readmission, adoption and
 * giving up (rules N3 to N8 of docs/MEMBERSHIP.md), by several cores that talk. */
#include "tests/unit/role_cluster.h"

static int
set_up(void **state)
{
	(void)state;
	cluster_clear();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	cluster_clear();
	return 0;
}

static void
a_group_is_founded_by_all(void **state)
{
	(void)state;
	cluster_start_all(1, "123");
	cluster_elect(1, "2");
	assert_int_equal(world.nodes[1].disk.members.epoch, 0);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_FOUNDING_WAITS);
	assert_int_equal(cluster_members(1).missing_count, 1);
	assert_int_equal(cluster_members(1).missing[0], 3);
	assert_false(cluster_view(1).active);
	cluster_decide(3, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_true(cluster_view(1).active);
	for (int64_t sid = 1; sid <= 3; sid++) {
		assert_true(cluster_has(sid, 1, "123"));
		assert_int_equal(cluster_view(sid).epoch, 1);
		assert_int_equal(cluster_members(sid).state, ROLE_MEMBERS_IN_FORCE);
		assert_int_equal(cluster_members(sid).version, 1);
	}
}

static void
a_group_of_one(void **state)
{
	(void)state;
	cluster_start_all(1, "1");
	cluster_elect(1, "");
	assert_true(cluster_view(1).active);
	assert_true(cluster_has(1, 1, "1"));
}

static void
founders_have_equal_files(void **state)
{
	(void)state;
	cluster_start_all(1, "123");
	cluster_file(3, cluster_list(1, "1234"));
	cluster_elect(1, "23");
	assert_false(cluster_view(1).active);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_FOUNDING_DIFFERS);
	assert_int_equal(cluster_members(1).other, 3);
}

static void
a_later_version_founds_nothing(void **state)
{
	(void)state;
	cluster_start_all(2, "123");
	cluster_decide(1, NOTIF_LEADING, 1); /* it does not stand */
	assert_true(world.nodes[1].looks);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_NO_GROUP);
}

/* One founder has lost its disk afterwards: the others have a record, and it counts for
 * nothing until it is taken in again. */
static void
a_wiped_founder_founds_nothing(void **state)
{
	(void)state;
	cluster_found_three();
	cluster_kill(1);
	cluster_kill(2);
	cluster_wipe(2);
	cluster_start(2);
	cluster_kill(3);
	cluster_start(3);
	cluster_elect(3, "2"); /* 2 promises, and does not count */
	cluster_pass(400);
	assert_false(cluster_view(3).active);
	assert_true(cluster_has(3, 1, "123"));
	/* its file would found a group, and the others have one */
	cluster_pass(30000);
	assert_true(world.nodes[2].looks);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_NEW_DISK_WAITS);
	assert_int_equal(cluster_members(2).other, 2);
	assert_int_equal(cluster_members(2).missing[0], 1);
	cluster_start(1);
	cluster_pass(30000); /* waits are over */
	cluster_elect(3, "12");
	assert_true(cluster_view(3).active);
	/* and is taken in again by itself, with two renewals */
	assert_memory_equal(&members_find(&world.nodes[1].disk.members.new, 2)->instance,
	                    &world.nodes[2].disk.instance,
	                    sizeof(struct members_instance));
	assert_int_equal(world.nodes[2].disk.members.old.version, 0);
}

/* A leader that resumes its term (R7) has given it the record, in which it has its old
 * disk: nothing is under way. */
static void
a_wiped_server_with_a_record_waits(void **state)
{
	(void)state;
	world.lease.resume_ms = 200;
	cluster_found_three();
	for (int64_t sid = 1; sid <= 3; sid++)
		cluster_kill(sid);
	cluster_wipe(2);
	cluster_start(1);
	cluster_start(2);
	cluster_decide(2, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_true(cluster_has(2, 1, "123"));
	cluster_pass(30000);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_NEW_DISK_WAITS);
	assert_int_equal(cluster_members(2).other, 2);
	assert_int_equal(cluster_members(2).missing[0], 1);
}

static void
three_become_five(void **state)
{
	struct members five = cluster_list(2, "12345");

	(void)state;
	cluster_found_three();
	cluster_file(3, five); /* nothing begins before the leader has it */
	assert_int_equal(cluster_members(3).state, ROLE_MEMBERS_WAITS_JOIN);
	assert_int_equal(cluster_members(3).other, 1);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_IN_FORCE);
	cluster_file(1, five);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_WAITS_JOIN);
	assert_int_equal(cluster_members(1).missing_count, 2);
	for (int64_t sid = 4; sid <= 5; sid++) {
		world.nodes[sid].file = five;
		cluster_start(sid);
		cluster_decide(sid, NOTIF_FOLLOWING, 1);
		cluster_run();
	}
	for (int64_t sid = 1; sid <= 5; sid++)
		assert_true(cluster_has(sid, 2, "12345"));
	assert_true(cluster_view(1).active);
	assert_int_equal(cluster_view(1).epoch, 3);
	assert_int_equal(cluster_view(4).state, NOTIF_FOLLOWING);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_FILE_OLDER);
	assert_int_equal(cluster_members(2).version, 2);
	cluster_file(2, five);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_IN_FORCE);
	/* two of five are no quorum any more */
	cluster_kill(3);
	cluster_kill(4);
	assert_true(cluster_view(1).active);
	cluster_kill(5);
	assert_false(cluster_view(1).active);
}

static void
one_becomes_three(void **state)
{
	struct members three = cluster_list(2, "123");

	(void)state;
	cluster_start_all(1, "1");
	cluster_elect(1, "");
	cluster_start_with(&three, "23");
	cluster_file(1, three);
	assert_true(cluster_view(1).active);
	cluster_decide(2, NOTIF_FOLLOWING, 1);
	cluster_decide(3, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_true(cluster_view(1).active);
	for (int64_t sid = 1; sid <= 3; sid++)
		assert_true(cluster_has(sid, 2, "123"));
}

/* N8. */
static void
the_leader_is_removed(void **state)
{
	(void)state;
	cluster_found_three();
	for (int64_t sid = 1; sid <= 3; sid++)
		cluster_file(sid, cluster_list(2, "23"));
	assert_false(cluster_view(1).active);
	assert_true(cluster_has(2, 2, "23") && cluster_has(3, 2, "23"));
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_REMOVED);
	cluster_pass(5000);
	cluster_elect(3, "2");
	assert_true(cluster_view(3).active);
	assert_int_equal(cluster_members(3).version, 2);
	/* it cannot be elected any more */
	cluster_decide(1, NOTIF_LEADING, 1);
	assert_true(world.nodes[1].looks);
}

/* Those who are removed hear it before their links end, however slow their disks are. */
static void
who_is_removed_knows_it(void **state)
{
	(void)state;
	cluster_start_all(1, "12345");
	cluster_elect(1, "2345");
	for (int64_t sid = 4; sid <= 5; sid++)
		world.nodes[sid].slow = true;
	for (int64_t sid = 1; sid <= 5; sid++)
		cluster_file(sid, cluster_list(2, "123"));
	assert_true(cluster_has(1, 2, "123"));
	for (int64_t sid = 4; sid <= 5; sid++) {
		while (world.nodes[sid].writing) {
			cluster_write(sid, 0);
			cluster_run();
		}
		assert_true(cluster_has(sid, 2, "123"));
		assert_int_equal(cluster_members(sid).state, ROLE_MEMBERS_REMOVED);
		assert_int_equal(cluster_members(sid).version, 2);
		assert_false(cluster_view(sid).has_leader);
	}
	assert_true(cluster_view(1).active);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_IN_FORCE);
}

/* One that was down meanwhile has its file, and a leader that turns it away. */
static void
who_was_down_is_told_too(void **state)
{
	struct members two = cluster_list(2, "12");

	(void)state;
	cluster_found_three();
	cluster_kill(3);
	cluster_file(1, two);
	cluster_file(2, two);
	assert_true(cluster_has(1, 2, "12"));
	world.nodes[3].file = two;
	cluster_start(3);
	assert_int_equal(cluster_members(3).state, ROLE_MEMBERS_WAITS_JOIN);
	cluster_decide(3, NOTIF_FOLLOWING, 1);
	cluster_turn_away(3, 1);
	assert_int_equal(cluster_members(3).state, ROLE_MEMBERS_REMOVED);
	assert_int_equal(cluster_members(3).version, 2);
}

static void
three_become_one(void **state)
{
	(void)state;
	cluster_found_three();
	for (int64_t sid = 1; sid <= 3; sid++)
		cluster_file(sid, cluster_list(2, "1"));
	assert_true(cluster_view(1).active);
	assert_true(cluster_has(1, 2, "1"));
	cluster_kill(2);
	cluster_kill(3);
	assert_true(cluster_view(1).active);
}

/* The leader dies in the joint step: the next one, which has a joint record, needs both
 * quorums and goes on. */
static void
a_joint_record_is_carried_through(void **state)
{
	struct members five = cluster_list(2, "12345");

	(void)state;
	cluster_found_three();
	cluster_start_with(&five, "45");
	cluster_file(1, five);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_run();
	world.nodes[1].slow = true; /* it never gets to establish the joint step */
	cluster_decide(5, NOTIF_FOLLOWING, 1);
	cluster_run();
	cluster_write(1, 0); /* its promise */
	cluster_run();
	assert_true(world.nodes[2].disk.members.old.version == 1);
	assert_int_equal(cluster_view(1).epoch, 1);
	cluster_kill(1);
	cluster_pass(5000);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_LEFT_JOINT);
	cluster_kill(3);
	cluster_elect(2, "45"); /* three of five, but one of three */
	assert_false(cluster_view(2).active);
	cluster_start(3);
	cluster_pass(30000);
	cluster_elect(2, "345");
	assert_true(cluster_view(2).active);
	for (int64_t sid = 2; sid <= 5; sid++)
		assert_true(cluster_has(sid, 2, "12345"));
}

/* N4: the leader itself has an older record. One with a newer record is fresher as a
 * rule, and leads; not where it died between the two writes. */
static void
a_reported_record_is_adopted(void **state)
{
	struct members five = cluster_list(2, "12345");

	(void)state;
	cluster_found_three();
	cluster_kill(3); /* misses the change */
	cluster_start_with(&five, "45");
	cluster_file(1, five);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_decide(5, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_true(cluster_has(1, 2, "12345"));
	cluster_kill(1);
	cluster_kill(2);
	world.nodes[2].disk.current = 1;
	cluster_start(2);
	world.nodes[3].file = five;
	cluster_start(3);
	cluster_pass(5000);
	assert_true(cluster_has(3, 1, "123"));
	cluster_elect(3, "2"); /* two of three, and two of five */
	assert_false(cluster_view(3).active);
	assert_int_equal(world.nodes[3].disk.members.epoch, 1); /* not enough promised */
	cluster_kill(2);
	cluster_kill(4);
	world.nodes[4].disk.current = world.nodes[2].disk.current = 1;
	cluster_start(2);
	cluster_start(4);
	cluster_pass(30000);
	cluster_elect(3, "24");
	assert_true(cluster_view(3).active);
	assert_true(cluster_has(3, 2, "12345"));
}

/* N7. */
static void
a_change_is_given_up(void **state)
{
	struct members five = cluster_list(2, "12345");

	(void)state;
	cluster_found_three();
	cluster_start_with(&five, "45");
	cluster_file(1, five);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_run();
	world.nodes[2].slow = world.nodes[3].slow = world.nodes[5].slow = true;
	cluster_decide(5, NOTIF_FOLLOWING, 1);
	cluster_run();
	/* 5 needs its record to have joined */
	while (world.nodes[5].writing) {
		cluster_write(5, 0);
		cluster_run();
	}
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_UNDER_WAY);
	assert_int_equal(cluster_members(1).to, 2);
	assert_true(cluster_view(1).active);
	cluster_kill(4);
	cluster_kill(5);
	world.nodes[2].slow = false;
	cluster_write(2, 0);
	cluster_run();
	cluster_pass(2100);
	assert_true(cluster_view(1).active);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_GIVEN_UP);
	assert_true(cluster_has(1, 1, "123") && cluster_has(2, 1, "123"));
	assert_true(world.nodes[1].disk.members.epoch > 2);
}

static void
a_disk_that_changes_too_often(void **state)
{
	(void)state;
	cluster_found_three();
	for (unsigned i = 0; i < 4; i++) {
		cluster_kill(3);
		cluster_wipe(3);
		cluster_start(3);
		cluster_decide(3, NOTIF_FOLLOWING, 1);
		cluster_run();
		assert_true(cluster_view(1).active);
		cluster_pass(1000);
	}
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_DISK_CHANGES);
	assert_int_equal(cluster_members(1).other, 3);
	assert_int_equal(cluster_members(1).times, 4);
	assert_memory_not_equal(
	    &members_find(&world.nodes[1].disk.members.new, 3)->instance,
	    &world.nodes[3].disk.instance, sizeof(struct members_instance));
	cluster_pass(10 * 60 * 1000);
	assert_memory_equal(&members_find(&world.nodes[1].disk.members.new, 3)->instance,
	                    &world.nodes[3].disk.instance,
	                    sizeof(struct members_instance));
}

/* 2 was not told to refound. */
static void
waits_for_refound(void)
{
	cluster_pass(5000);
	cluster_elect(1, "2");
	assert_false(cluster_view(1).active);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_FOUNDING_WAITS);
	assert_int_equal(cluster_members(1).version, 0);
	assert_int_equal(cluster_members(1).missing_count, 1);
	assert_int_equal(cluster_members(1).missing[0], 2);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_NO_GROUP);
	cluster_pass(5000);
}

/* N11. */
static void
a_group_is_founded_again(void **state)
{
	struct members two = cluster_list(3, "12");

	(void)state;
	cluster_found_three();
	cluster_kill(2);
	cluster_wipe(2);
	cluster_kill(3); /* for ever */
	cluster_file(1, two);
	world.nodes[2].file = two;
	cluster_start(2);
	for (int64_t sid = 1; sid <= 2; sid++) {
		cluster_step(sid, (struct role_event){.type = ROLE_EV_REFOUND});
		cluster_run();
		assert_int_equal(world.nodes[sid].refounded, 0);
		assert_int_equal(world.nodes[sid].disk.members.epoch, 0);
		assert_true(world.nodes[sid].disk.may_found);
		if (sid == 2)
			break;
		assert_int_equal(world.nodes[1].disk.accepted, 1);
		waits_for_refound(); /* and asks for a promise */
	}
	cluster_pass(5000);
	cluster_elect(1, "2");
	assert_true(cluster_view(1).active);
	assert_int_equal(cluster_view(1).epoch, 3);
	assert_true(cluster_has(1, 3, "12") && cluster_has(2, 3, "12"));
	assert_false(world.nodes[1].disk.may_found);
}

/* N14. */
static void
followers_go_by_the_leaders_timing(void **state)
{
	static struct role_config config;

	(void)state;
	cluster_start_all(1, "123");
	config = kit_config(&world.nodes[3].file, 3);
	config.tick_ms = 500;
	role_free(world.nodes[3].role);
	assert_int_equal(role_new(&world.nodes[3].role, &config), 0);
	cluster_step(3, (struct role_event){.type = ROLE_EV_START,
	                                    .generation = 7,
	                                    .record = world.nodes[3].disk});
	cluster_elect(1, "23");
	assert_true(cluster_members(3).other_timing);
	assert_false(cluster_members(2).other_timing);
	world.nodes[1].down = true; /* silent for sync_limit ticks of the leader */
	cluster_pass(7 * KIT_TICK);
	assert_false(cluster_view(3).has_leader);
	assert_false(cluster_members(3).other_timing);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_group_is_founded_by_all),
	    TEST(a_group_of_one),
	    TEST(founders_have_equal_files),
	    TEST(a_later_version_founds_nothing),
	    TEST(a_wiped_founder_founds_nothing),
	    TEST(a_wiped_server_with_a_record_waits),
	    TEST(three_become_five),
	    TEST(one_becomes_three),
	    TEST(the_leader_is_removed),
	    TEST(who_is_removed_knows_it),
	    TEST(who_was_down_is_told_too),
	    TEST(three_become_one),
	    TEST(a_joint_record_is_carried_through),
	    TEST(a_reported_record_is_adopted),
	    TEST(a_change_is_given_up),
	    TEST(a_disk_that_changes_too_often),
	    TEST(a_group_is_founded_again),
	    TEST(followers_go_by_the_leaders_timing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
