/* N4 in the peer's core: a voter of the new membership of a joint record alone, which
 * whoever has an older record does not elect. */
#include "tests/unit/role_members_kit.h"

static struct members_record joint;

/* 1, 2 and 3 become `first` … `last`; this is `sid`. */
static void
begin(int64_t sid, unsigned count, unsigned first)
{
	struct role_record record;
	struct members *n = &joint.new;

	kit_members(&k.members, count, 0);
	kit_new(&k, kit_config(&k.members, sid));
	record = kit_record(&k, 4, 4, 0);
	joint = record.members;
	joint.old = joint.new;
	joint.old.count = 3;
	n->version = 2;
	n->count -= first - 1;
	memmove(n->list, &n->list[first - 1], n->count * sizeof(n->list[0]));
	record.members = joint;
	kit_step(&k, (struct role_event){
			 .type = ROLE_EV_START, .generation = 7, .record = record});
}

static int64_t
says(void)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_LOOK);

	assert_non_null(a);
	return a->u.look.epoch;
}

/* It would beat the voters of the old where all claim the same, and half of the group
 * never elect it. */
static void
it_votes_as_a_demoted_server(void **state)
{
	(void)state;
	begin(4, 4, 2);
	assert_int_equal(says(), vote_demoted_epoch(4));
	role_free(k.role);
	begin(3, 4, 2); /* in both */
	assert_int_equal(says(), 4);
	role_free(k.role);
	begin(1, 4, 2); /* who is to go may be the only one that all know */
	assert_int_equal(says(), 4);
	role_free(k.role);
	kit_members(&k.members, 4, 0); /* it is no newcomer any more */
	kit_new(&k, kit_config(&k.members, 4));
	kit_start(&k, 4, 4);
	assert_int_equal(says(), 4);
}

static void
join(int64_t sid)
{
	kit_up(&k, sid);
	kit_info(&k, sid, QPACKET_FOLLOWERINFO, 4);
}

/* Does `self` look again when `from` promises that is fresher? */
static bool
is_deposed(int64_t self, int64_t from)
{
	struct members_report report;
	bool looks;

	begin(self, 5, 2);
	kit_decided(&k, NOTIF_LEADING, self);
	for (int64_t sid = 1; sid <= 5; sid++)
		if (sid != self)
			join(sid);
	kit_written(&k, 0);
	report = kit_report(&k, from);
	report.record = joint;
	kit_says(&k, from, 9, 4, 5, &report);
	looks = kit_find(&k, ROLE_ACT_LOOK) != NULL;
	role_free(k.role);
	k.role = NULL;
	return looks;
}

static void
fresh_as_it_is_it_deposes_no_other(void **state)
{
	(void)state;
	assert_false(is_deposed(2, 4));
	assert_false(is_deposed(1, 4));
	assert_true(is_deposed(2, 3));
	assert_true(is_deposed(4, 3));
	assert_true(is_deposed(4, 5)); /* the others elect no other either */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(it_votes_as_a_demoted_server),
	    TEST(fresh_as_it_is_it_deposes_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
