/* Who has lost its weight by a newer record than others have, in the peer's core. */
#include "tests/unit/role_members_kit.h"

/* By its record it has no weight; others may have an older one, by which it has. */
static void
who_has_no_weight_does_not_stand(void **state)
{
	const struct role_action *look;

	(void)state;
	kit_weigh(&k.members, 0, 1, 1);
	kit_new(&k, kit_config(&k.members, 1));
	kit_start(&k, 2, 2);
	look = kit_find(&k, ROLE_ACT_LOOK);
	assert_non_null(look);
	assert_int_equal(look->u.look.epoch, INT64_MIN);
	assert_int_equal(look->u.look.zxid, INT64_MIN);
}

/* The one with the newest record has lost its weight by it: it is no better leader. */
static void
a_fresher_server_without_a_weight_ends_nothing(void **state)
{
	struct members file;

	(void)state;
	cluster_found_three();
	cluster_kill(3); /* misses the change */
	kit_weigh(&file, 0, 2, 1);
	file.version = 2;
	for (int64_t sid = 1; sid <= 2; sid++)
		cluster_file(sid, file);
	assert_int_equal(world.nodes[1].disk.members.new.version, 2);
	assert_int_equal(world.nodes[1].disk.members.old.version, 0);
	for (int64_t sid = 1; sid <= 2; sid++)
		cluster_kill(sid);
	cluster_start(1);
	cluster_start(3);
	cluster_elect(3, "1");
	assert_false(world.nodes[3].looks);
	assert_false(cluster_view(3).active);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(who_has_no_weight_does_not_stand),
	    TEST(a_fresher_server_without_a_weight_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
