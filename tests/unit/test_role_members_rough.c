/* Memberships in the peer's core where others, or the moment, are not as they should be.
 */
#include "tests/unit/role_members_kit.h"

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
	cluster_found_three();
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
	assert_int_equal(world.nodes[1].disk.members.epoch, 3); /* one renewal more */
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_IN_FORCE);
}

/* N7: the target may be in force already, where others have acknowledged it. */
static void
the_second_step_is_not_given_up(void **state)
{
	(void)state;
	cluster_found_three();
	world.nodes[3].slow = true;
	cluster_file(1, cluster_list(2, "13"));
	cluster_write(3, 0); /* its promise, and the joint record */
	cluster_run();
	cluster_write(3, 0);
	cluster_run();
	cluster_pass(1000);  /* so that 3 stays longer than the leader waits */
	cluster_write(3, 0); /* its promise of the second step, and not the record */
	cluster_run();
	assert_true(cluster_has(1, 2, "13"));
	assert_true(cluster_view(1).active);
	cluster_pass(1100);
	assert_false(cluster_view(1).active);
	assert_true(cluster_has(1, 2, "13"));
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

/* What counts, and what is to count, are said in the step in which the write begins. */
static void
a_joint_record_is_told(void **state)
{
	struct members_record pair = {.old = kit_with_instances(&k.members)};
	const struct role_action *a;

	(void)state;
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 2, 2);
	kit_decided(&k, NOTIF_FOLLOWING, 3);
	kit_up(&k, 3);
	kit_packet(&k, 3, QPACKET_LEADERINFO, (int64_t)3 << 32, QPACKET_PROTOCOL);
	kit_written(&k, 0);
	pair.new = pair.old;
	pair.new.version = 2;
	kit_newleader(&k, 3, (int64_t)3 << 32, &pair);
	a = kit_find(&k, ROLE_ACT_MEMBERS);
	assert_non_null(a);
	assert_false(a->u.members.joins);
	assert_int_equal(a->u.members.current->version, 1);
	assert_non_null(a->u.members.last_seen);
	assert_int_equal(a->u.members.last_seen->version, 2);
}

/* `sid` without a record, and with our file. */
static void
founder_says(int64_t sid, int64_t epoch)
{
	struct members_report report = kit_report(&k, sid);

	memset(&report.record, 0, sizeof(report.record));
	kit_says(&k, sid, 0, 0, epoch, &report);
}

/* N3: an observer lifts the epoch after all have promised the first one: all promise
 * again, and all acknowledge. */
static void
a_founding_takes_all_again(void **state)
{
	(void)state;
	kit_members(&k.members, 3, 1);
	kit_new(&k, kit_config(&k.members, 1));
	kit_step(&k, (struct role_event){.type = ROLE_EV_START,
	                                 .generation = 7,
	                                 .record.instance = kit_instance(1)});
	kit_decided(&k, NOTIF_LEADING, 1);
	for (int64_t sid = 2; sid <= 3; sid++) {
		kit_up(&k, sid);
		kit_info(&k, sid, QPACKET_FOLLOWERINFO, 0);
	}
	kit_written(&k, 0);
	founder_says(2, 1);
	founder_says(3, 1);
	assert_non_null(kit_sent(&k, 3, QPACKET_NEWLEADER));
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 5);
	assert_int_equal(k.offered[2], 6);
	kit_written(&k, 0); /* the record */
	kit_written(&k, 0); /* the promise */
	founder_says(2, 6);
	assert_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
	founder_says(3, 6);
	assert_non_null(kit_sent(&k, 2, QPACKET_NEWLEADER));
	kit_written(&k, 0);
	kit_packet(&k, 2, QPACKET_ACK, (int64_t)6 << 32, 0);
	assert_false(kit_view(&k).active);
	kit_packet(&k, 3, QPACKET_ACK, (int64_t)6 << 32, 0);
	assert_true(kit_view(&k).active);
}

/* N8: 4 has acknowledged the joint step before the second begins, and has not what says
 * that it is removed. */
static void
who_is_removed_learns_it(void **state)
{
	(void)state;
	cluster_start_all(1, "1234");
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

/* A wiped disk makes the target a quorum of one that is gone: the change waits until that
 * server shows its new one. */
static void
a_change_waits_for_a_quorum_that_is_there(void **state)
{
	struct members heavy = cluster_list(2, "123");

	(void)state;
	cluster_start_all(1, "123");
	cluster_elect(3, "12");
	heavy.hierarchical = true;
	for (unsigned i = 0; i < 3; i++) {
		heavy.list[i].has_group = true;
		heavy.list[i].weight = i == 0 ? 5 : 1;
	}
	cluster_kill(1);
	cluster_wipe(1);
	cluster_file(3, heavy);
	assert_true(cluster_view(3).active);
	assert_int_equal(world.nodes[2].disk.members.old.version, 0);
	cluster_pass(10000);
	assert_int_equal(cluster_view(3).epoch, 1);
	world.nodes[1].file = heavy;
	cluster_start(1);
	cluster_decide(1, NOTIF_FOLLOWING, 3);
	cluster_run();
	assert_true(cluster_view(3).active);
	assert_int_equal(cluster_members(3).version, 2);
	assert_memory_equal(&members_find(&world.nodes[2].disk.members.new, 1)->instance,
	                    &world.nodes[1].disk.instance,
	                    sizeof(struct members_instance));
}

/* N9: who comes in the place of the leader has a file without it. */
static void
the_leader_is_replaced(void **state)
{
	struct members next = cluster_list(2, "234");

	(void)state;
	cluster_found_three();
	world.nodes[4].file = next;
	cluster_start(4);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_true(world.nodes[4].looks); /* where is it? */
	for (unsigned i = 0; i < 2; i++)
		cluster_step(4, (struct role_event){.type = ROLE_EV_WHERE, .sid = 1});
	cluster_pass(2000);
	cluster_file(1, next);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_false(cluster_view(1).active);
	for (int64_t sid = 2; sid <= 4; sid++)
		assert_true(cluster_has(sid, 2, "234"));
}

static void
wipe_of_3(int64_t leader)
{
	cluster_kill(3);
	cluster_wipe(3);
	cluster_start(3);
	cluster_decide(3, NOTIF_FOLLOWING, leader);
	cluster_run();
	assert_true(cluster_view(leader).active);
	cluster_pass(1000);
}

/* N6: a follower counts what its leader does, so that a change of leader forgets nothing,
 * and counts nothing twice. */
static void
the_next_leader_counts_on(void **state)
{
	(void)state;
	cluster_found_three();
	wipe_of_3(1);
	wipe_of_3(1);
	cluster_kill(1);
	cluster_elect(2, "3");
	cluster_start(1);
	cluster_decide(1, NOTIF_FOLLOWING, 2);
	cluster_run();
	wipe_of_3(2);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_IN_FORCE);
	wipe_of_3(2);
	assert_int_equal(cluster_members(2).state, ROLE_MEMBERS_DISK_CHANGES);
	assert_int_equal(cluster_members(2).other, 3);
	assert_int_equal(cluster_members(2).times, 4);
}

/* Its own file is the first one that lists it: who must act is the leader's operator. */
static void
a_leader_does_not_know_a_joiner(void **state)
{
	(void)state;
	cluster_found_three();
	world.nodes[4].file = cluster_list(2, "1234");
	cluster_start(4);
	assert_int_equal(cluster_members(4).state, ROLE_MEMBERS_NO_GROUP);
	assert_false(cluster_members(4).has_other);
	for (unsigned i = 0; i < 2; i++) {
		cluster_pass(i * 1000); /* its wait */
		cluster_decide(4, NOTIF_FOLLOWING, 1);
		assert_int_equal(cluster_members(4).has_other, i > 0);
		cluster_turn_away(4, 1);
		assert_int_equal(cluster_members(4).state, ROLE_MEMBERS_NO_GROUP);
		assert_true(cluster_members(4).has_other);
		assert_int_equal(cluster_members(4).other, 1);
	}
	cluster_pass(2000);
	cluster_file(1, world.nodes[4].file);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_run();
	assert_true(cluster_has(4, 2, "1234"));
}

/* N6: a joiner has joined once the present epoch is on its disk. */
static void
a_change_waits_for_a_slow_joiner(void **state)
{
	(void)state;
	cluster_found_three();
	world.nodes[4].file = cluster_list(2, "1234");
	world.nodes[4].slow = true;
	cluster_start(4);
	cluster_file(1, world.nodes[4].file);
	cluster_decide(4, NOTIF_FOLLOWING, 1);
	cluster_run();
	cluster_write(4, 0); /* its promise: its disk is known */
	cluster_run();
	assert_int_equal(cluster_members(1).state, ROLE_MEMBERS_WAITS_JOIN);
	assert_int_equal(cluster_members(1).missing_count, 1);
	assert_int_equal(cluster_members(1).missing[0], 4);
	assert_int_equal(world.nodes[1].disk.members.old.version, 0);
	cluster_write(4, 0); /* the epoch, and its ACK */
	cluster_run();
	assert_int_equal(world.nodes[1].disk.members.new.version, 2);
}

/* Nobody could elect it again. */
static void
who_has_no_weight_any_more_steps_down(void **state)
{
	struct members file;

	(void)state;
	kit_weigh(&file, 1, 1, 1);
	for (int64_t sid = 1; sid <= 3; sid++) {
		world.nodes[sid].file = file;
		cluster_start(sid);
	}
	cluster_elect(1, "23");
	assert_true(cluster_view(1).active);
	kit_weigh(&file, 0, 1, 1);
	file.version = 2;
	cluster_file(1, file);
	assert_false(cluster_view(1).active);
	assert_true(members_same_list(&world.nodes[2].disk.members.new, &file));
	assert_int_equal(world.nodes[2].disk.members.old.version, 0);
}

/* A newer record has no place for it. Whose record that is may give it up (N11), and no
 * other founder may have a weight. */
static void
who_has_no_place_stands_again(void **state)
{
	const struct role_action *look;
	struct members_report report;

	(void)state;
	lead();
	report = kit_report(&k, 2);
	report.record.epoch = 3;
	report.record.new.list[0].sid = 4;
	kit_says(&k, 2, 0, 2, 3, &report);
	look = kit_find(&k, ROLE_ACT_LOOK);
	assert_non_null(look);
	assert_int_equal(look->u.look.zxid, INT64_MIN);
	kit_pass(&k, 10 * KIT_TICK - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	look = kit_find(&k, ROLE_ACT_LOOK);
	assert_non_null(look);
	assert_int_not_equal(look->u.look.zxid, INT64_MIN);
	kit_pass(&k, 100 * KIT_TICK);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
}

/* The leader counts one that joins by its number until it shows its disk. */
static void
a_new_disk_counts_only_until_it_is_seen(void **state)
{
	(void)state;
	cluster_found_three();
	cluster_kill(3);
	cluster_wipe(3);
	world.nodes[3].slow = true;
	cluster_start(3);
	cluster_decide(3, NOTIF_FOLLOWING, 1);
	cluster_run();
	cluster_kill(2);
	assert_true(cluster_view(1).active);
	cluster_write(3, 0); /* its promise */
	cluster_run();
	assert_false(cluster_view(1).active);
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
	    TEST(the_second_step_is_not_given_up),
	    TEST(an_epoch_has_one_record),
	    TEST(a_joint_record_is_told),
	    TEST(a_founding_takes_all_again),
	    TEST(who_is_removed_learns_it),
	    TEST(who_has_no_weight_any_more_steps_down),
	    TEST(who_has_no_place_stands_again),
	    TEST(a_change_waits_for_a_quorum_that_is_there),
	    TEST(the_leader_is_replaced),
	    TEST(the_next_leader_counts_on),
	    TEST(a_leader_does_not_know_a_joiner),
	    TEST(a_change_waits_for_a_slow_joiner),
	    TEST(a_new_disk_counts_only_until_it_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
