/* Memberships in the peer's core where others, or the moment, are not as they should be.
 */
#include "tests/unit/role_cluster.h"

static struct kit k;

static int
set_up(void **state)
{
	(void)state;
	cluster_clear();
	memset(&k, 0, sizeof(k));
	kit_members(&k.members, 3, 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	role_free(k.role);
	cluster_clear();
	return 0;
}

/* 1 leads, and 2 has joined it, with 3 as the epoch that is proposed. */
static void
lead(void)
{
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 2, 2);
	kit_decided(&k, NOTIF_LEADING, 1);
	kit_up(&k, 2);
	kit_info(&k, 2, QPACKET_FOLLOWERINFO, 2);
	assert_int_equal(k.offered[2], 3);
	kit_written(&k, 0);
}

/* N4: its epoch would be above those of all that come, and nothing newer be adopted. */
static void
a_record_of_an_epoch_to_come_is_refused(void **state)
{
	struct members_report report;

	(void)state;
	lead();
	report = kit_report(&k, 2);
	report.record.epoch = 4;
	kit_says(&k, 2, 0, 2, 3, &report);
	assert_true(kit_closed(&k, 2, ROLE_CLOSE_BAD));
	assert_int_equal(kit_view(&k).phase, ROLE_DISCOVERY);
}

/* A learner that has lost its link after its ACK. */
static void
a_record_of_the_proposed_epoch_is_taken(void **state)
{
	struct members_report report;

	(void)state;
	lead();
	report = kit_report(&k, 2);
	report.record.epoch = 3;
	kit_says(&k, 2, 0, 2, 3, &report);
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
}

/* N12: the file cannot take away the leader of a role that is what the election says. */
static void
without_zab_the_file_changes_nobody(void **state)
{
	struct role_config config = kit_config(&k.members, 1);
	struct members alone;

	(void)state;
	config.zab = false;
	kit_new(&k, config);
	kit_step(&k, (struct role_event){.type = ROLE_EV_START, .generation = 7});
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	assert_int_equal(kit_view(&k).leader, 3);
	kit_members(&alone, 1, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_FILE, .file = &alone});
	assert_null(kit_find(&k, ROLE_ACT_MEMBERS));
	kit_pass(&k, 100);
	assert_int_equal(kit_view(&k).leader, 3);
}

/* The file goes back to what is in force while the first renewal is given up: until that
 * is done the record is joint, and nothing is in force again. */
static void
giving_up_is_not_in_force(void **state)
{
	const struct members three = cluster_list(1, "123");

	(void)state;
	for (int64_t sid = 1; sid <= 3; sid++) {
		world.nodes[sid].file = three;
		cluster_start(sid);
	}
	cluster_elect(1, "23");
	assert_true(cluster_view(1).active);
	world.nodes[2].slow = world.nodes[3].slow = true;
	cluster_file(1, cluster_list(2, "13"));
	cluster_write(3, 0); /* its promise */
	cluster_run();
	cluster_write(2, 0);
	cluster_run();
	assert_int_equal(world.nodes[1].disk.members.old.version, 1);
	cluster_file(1, three);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_UNDER_WAY);
	cluster_write(2, 0); /* the joint record, which 3 never writes */
	cluster_run();
	cluster_pass(2050); /* init_limit */
	assert_true(cluster_view(1).active);
	assert_int_equal(world.nodes[1].disk.members.old.version, 1);
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_GIVEN_UP);
	assert_int_equal(cluster_members(1).to, 2);
	while (world.nodes[2].writing) {
		cluster_write(2, 0);
		cluster_run();
	}
	assert_true(cluster_has(1, 1, "123"));
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_IN_FORCE);
}

/* N5: a second membership in one epoch would be acknowledged, and never kept. */
static void
an_epoch_has_one_record(void **state)
{
	struct members_record pair;

	(void)state;
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 2, 2);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, (int64_t)3 << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	kit_packet(&k, 3, QPACKET_NEWLEADER, (int64_t)3 << 32, 0);
	kit_written(&k, 0);
	assert_non_null(kit_sent(&k, 3, QPACKET_ACK));
	pair = (struct members_record){.new = kit_with_instances(&k.members)};
	pair.new.version = 2;
	kit_newleader(&k, 3, (int64_t)3 << 32, &pair);
	assert_null(kit_sent(&k, 3, QPACKET_ACK));
	assert_true(kit_closed(&k, 3, ROLE_CLOSE_UNEXPECTED));
}

/* N8: 4 has acknowledged the joint step before the second begins, and has not what says
 * that it is removed. */
static void
who_is_removed_learns_it(void **state)
{
	const struct members four = cluster_list(1, "1234");

	(void)state;
	for (int64_t sid = 1; sid <= 4; sid++) {
		world.nodes[sid].file = four;
		cluster_start(sid);
	}
	cluster_elect(1, "234");
	world.nodes[1].slow = true;
	cluster_file(1, cluster_list(2, "123"));
	cluster_write(1, 0); /* its promise of the joint step; the others acknowledge */
	cluster_run();
	world.nodes[4].slow = true; /* it promises the second step late */
	while (world.nodes[1].writing) {
		cluster_write(1, 0);
		cluster_run();
	}
	while (world.nodes[4].writing) {
		cluster_write(4, 0);
		cluster_run();
	}
	assert_true(cluster_has(4, 2, "123"));
	assert_int_equal(cluster_members(4).state, ROLE_MEMBERS_REMOVED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_record_of_an_epoch_to_come_is_refused),
	    TEST(a_record_of_the_proposed_epoch_is_taken),
	    TEST(without_zab_the_file_changes_nobody),
	    TEST(giving_up_is_not_in_force),
	    TEST(an_epoch_has_one_record),
	    TEST(who_is_removed_learns_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
