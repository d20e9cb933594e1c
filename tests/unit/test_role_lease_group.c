/* Leases among several servers: what would go wrong without rules R1 to R4 and R6 of
 * docs/LEASE.md. */
#include "tests/unit/role_lease_group.h"

/* A group of 1, 2 and 3, which 1 leads with a lease. */
static void
leads_three(void)
{
	cluster_start_all(1, "123");
	cluster_elect(1, "23");
	group_pass(10);
	group_holds(1, 1);
	assert_true(group_relies(1));
	assert_false(s3_is_broken);
}

/* Passes until `sid` is established, and returns how long that took. */
static uint64_t
until_established(int64_t sid, uint64_t most)
{
	uint64_t from = world.now_ms;

	while (!cluster_view(sid).active) {
		assert_true(world.now_ms - from < most);
		group_pass(1);
	}
	return world.now_ms - from;
}

static void
elect_3(void)
{
	cluster_decide(3, NOTIF_LEADING, 3);
	cluster_decide(2, NOTIF_FOLLOWING, 3);
	group_run();
}

/* R8: who lost its leader waits for it for a moment, until it is refused. */
static void
without_hold_nobody_waits(void **state)
{
	(void)state;
	cluster_start_all(1, "123");
	cluster_elect(1, "23");
	group_pass(10);
	cluster_kill(1);
	elect_3();
	assert_true(cluster_view(3).active); /* in no time */
	assert_int_equal(world.nodes[3].disk.bound.ms, 0);
}

static void
the_next_leader_is_there_when_the_promise_ends(void **state)
{
	uint64_t end, waited;

	(void)state;
	leads_three();
	end = world.nodes[1].relied.end_ms;
	cluster_kill(1); /* whoever holds lives on */
	assert_true(group_relies(1));
	elect_3();
	assert_false(cluster_view(3).active);
	/* all that can be done is done */
	assert_true(world.nodes[2].disk.current == 2 && world.nodes[3].disk.current == 2);
	waited = until_established(3, 302);
	assert_int_equal(waited, 301); /* receipt + 300, rounded up */
	assert_true(world.now_ms >= end);
	assert_false(s3_is_broken);
	group_holds(3, 1);
	assert_true(group_relies(3));
	assert_false(s3_is_broken);
}

/* The promise outlives the process. */
static void
restarted_followers_keep_their_promises(void **state)
{
	(void)state;
	leads_three();
	cluster_kill(1);
	cluster_kill(2);
	cluster_kill(3);
	cluster_start(2);
	cluster_start(3);
	elect_3();
	until_established(3, 310);
	assert_false(s3_is_broken);
}

/* And the leader its own: it helps nobody else. */
static void
a_restarted_leader_keeps_its_own_promise(void **state)
{
	(void)state;
	leads_three();
	group_cut(1, 3, true);
	group_break(1, 3);
	group_pass(305); /* what 3 promised has ended */
	assert_true(group_relies(1));
	cluster_kill(1);
	cluster_kill(2);
	world.nodes[1].memory.led.epoch = 0; /* it cannot resume */
	cluster_start(1);
	group_cut(1, 3, false);
	cluster_decide(3, NOTIF_LEADING, 3);
	cluster_decide(1, NOTIF_FOLLOWING, 3);
	group_run();
	assert_false(cluster_view(3).active);
	until_established(3, 310);
	assert_false(s3_is_broken);
}

/* Servers 1 and 2 are the quorum of a lease; 3 knows nothing of it. */
static void
only_2_has_promised(void)
{
	cluster_start_all(1, "123");
	cluster_elect(1, "23");
	group_cut(1, 3, true);
	group_break(1, 3);
	group_pass(10);
	group_holds(1, 1);
	assert_true(group_relies(1));
	assert_int_equal(world.nodes[3].memory.promise.end_ms, 0);
}

static void
follows_3_after(void (*loss)(int64_t))
{
	only_2_has_promised();
	loss(2);
	group_isolate(1);
	cluster_start(2);
	group_pass(1);
	if (!world.nodes[3].looks)
		group_pass(160);
	elect_3();
	until_established(3, 310);
	assert_false(s3_is_broken);
}

static void
a_reboot_binds(void **state)
{
	(void)state;
	follows_3_after(group_lose_power);
}

static void
a_lost_memory_binds(void **state)
{
	(void)state;
	follows_3_after(group_lose_memory);
}

/* These tests would see it if they were not bound. */
static void
forget(int64_t sid)
{
	group_lose_memory(sid);
	world.nodes[sid].unknown_ms = 0;
}

static void
without_r6_two_would_lead(void **state)
{
	(void)state;
	only_2_has_promised();
	forget(2);
	group_isolate(1);
	cluster_start(2);
	if (!world.nodes[3].looks)
		group_pass(160);
	elect_3();
	assert_true(cluster_view(3).active);
	group_check();
	assert_true(s3_is_broken);
}

/* The leader's clock is slow, and those of the others fast, by so many thousandths. */
static void
drift(uint64_t slow, uint64_t fast)
{
	world.nodes[1].rate = slow;
	world.nodes[2].rate = world.nodes[3].rate = fast;
	world.now_ms = 10000;
	leads_three();
	cluster_kill(1);
	elect_3();
	until_established(3, 400);
	group_check();
	group_holds(3, 1);
}

static void
clocks_may_drift(void **state)
{
	(void)state;
	drift(900, 1100);
	assert_false(s3_is_broken);
	assert_int_equal(group_set_up(NULL), 0);
	drift(1100, 900);
	assert_false(s3_is_broken);
}

static void
but_not_by_more(void **state)
{
	(void)state;
	drift(820, 1220);
	assert_true(s3_is_broken);
}

/* ---- a change of members ---- */

/* 1 has a lease with 2; the new members 4 and 5 have promised nothing. */
static void
change_to_1_4_5(void)
{
	struct members next = cluster_list(2, "145");

	world.nodes[1].file = next;
	cluster_step(1, (struct role_event){.type = ROLE_EV_FILE, .file = &next});
	for (int64_t sid = 4; sid <= 5; sid++) {
		world.nodes[sid].file = next;
		cluster_start(sid);
		cluster_decide(sid, NOTIF_FOLLOWING, 1);
		group_run();
	}
}

static void
a_change_waits_until_the_new_members_have_promised(void **state)
{
	uint64_t from;

	(void)state;
	leads_three();
	change_to_1_4_5();
	from = world.now_ms;
	while (!cluster_has(4, 2, "145")) {
		group_pass(1);
		assert_true(world.now_ms - from < 5);
	}
	group_pass(100);
	assert_true(group_relies(1));
	assert_false(s3_is_broken);
}

static void
or_until_the_lease_is_over(void **state)
{
	uint64_t end;

	(void)state;
	leads_three();
	end = world.nodes[1].relied.end_ms;
	group_holds(1, 0); /* nobody asks any more, and who held may act */
	change_to_1_4_5();
	assert_true(world.nodes[4].disk.members.old.version > 0);
	while (world.now_ms < end - 1) {
		group_pass(1);
		assert_true(world.nodes[4].disk.members.old.version > 0);
	}
	group_pass(1);
	assert_true(cluster_has(4, 2, "145"));
	assert_false(s3_is_broken);
}

/* What would go wrong otherwise: 4 and 5 alone elect another. */
static void
the_new_members_cannot_lead_beside_a_lease(void **state)
{
	(void)state;
	leads_three();
	group_holds(1, 0);
	change_to_1_4_5();
	cluster_kill(1);
	group_pass(1);
	for (unsigned i = 0; i < 200 && !(world.nodes[4].looks && world.nodes[5].looks);
	     i++)
		group_pass(1);
	cluster_decide(5, NOTIF_LEADING, 5);
	cluster_decide(4, NOTIF_FOLLOWING, 5);
	group_run();
	assert_false(cluster_view(5).active);
	assert_false(s3_is_broken);
}

/* ---- a crash at each step ---- */

/* Server `dies` is killed behind step `at` of a time in which the leader gets a lease,
 * renews it and is followed by another. In the end there is a leader with a lease. */
static bool
crash(unsigned voters, int64_t dies, unsigned at, void (*loss)(int64_t))
{
	struct members file;
	bool crashed;

	group_set_up(NULL);
	kit_members(&file, voters, 0);
	for (int64_t sid = 1; sid <= (int64_t)voters; sid++) {
		world.nodes[sid].file = file;
		cluster_start(sid);
	}
	group_go_on(voters, 2);
	victim = dies;
	steps_left = at;
	for (int64_t sid = 1; sid <= (int64_t)voters; sid++)
		if (group_leads(sid))
			group_holds(sid, 1);
	group_go_on(voters, 110);
	crashed = steps_left == UINT_MAX;
	steps_left = UINT_MAX;
	if (!crashed)
		return false;
	if (loss)
		loss(dies);
	cluster_start(dies);
	for (unsigned i = 0; i < 20000; i++) {
		group_go_on(voters, 1);
		for (int64_t sid = 1; sid <= (int64_t)voters; sid++) {
			if (group_leads(sid) && world.nodes[sid].role->lease.holds == 0)
				group_holds(sid, 1);
			if (group_leads(sid) &&
			    cluster_clock(sid) < world.nodes[sid].page.end_ms)
				return true;
		}
	}
	fail_msg("%u voters, %d dies at %u: no lease", voters, (int)dies, at);
	return false;
}

static void
crash_at_each_step(unsigned voters, void (*loss)(int64_t))
{
	unsigned at, most = voters > 3 ? 150 : 400, crashes = 0;

	for (int64_t dies = 1; dies <= (int64_t)voters; dies++) {
		for (at = 0; at < most; at++) {
			bool crashed = crash(voters, dies, at, loss);

			assert_false(s3_is_broken);
			if (!crashed)
				break;
			crashes++;
		}
		assert_true(at > 6);
	}
	assert_true(crashes > 6 * voters);
}

static void
two_servers(void **state)
{
	(void)state;
	crash_at_each_step(2, NULL);
	crash_at_each_step(2, group_lose_power);
}

static void
three_servers(void **state)
{
	(void)state;
	crash_at_each_step(3, NULL);
	crash_at_each_step(3, group_lose_power);
	crash_at_each_step(3, group_lose_memory);
}

static void
five_servers(void **state)
{
	(void)state;
	crash_at_each_step(5, NULL);
}

#define GROUP(f) cmocka_unit_test_setup_teardown(f, group_set_up, group_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    GROUP(without_hold_nobody_waits),
	    GROUP(the_next_leader_is_there_when_the_promise_ends),
	    GROUP(restarted_followers_keep_their_promises),
	    GROUP(a_restarted_leader_keeps_its_own_promise),
	    GROUP(a_reboot_binds),
	    GROUP(a_lost_memory_binds),
	    GROUP(without_r6_two_would_lead),
	    GROUP(clocks_may_drift),
	    GROUP(but_not_by_more),
	    GROUP(a_change_waits_until_the_new_members_have_promised),
	    GROUP(or_until_the_lease_is_over),
	    GROUP(the_new_members_cannot_lead_beside_a_lease),
	    GROUP(two_servers),
	    GROUP(three_servers),
	    GROUP(five_servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
