/* A leader's term that its peer takes up again after a restart: rule R7. */
#include "tests/unit/role_resumed.h"

/* A peer that was started again: it led epoch 5, and the record is that of `recorded`. */
static void
restart(unsigned voters, int64_t accepted, int64_t current, int64_t recorded,
        uint64_t published_ms)
{
	struct role_event ev = {.type = ROLE_EV_START, .generation = 8};

	make(voters);
	ev.record = kit_record(&k, accepted, current, 3);
	ev.record.members.epoch = recorded;
	ev.memory.led.epoch = 5;
	ev.memory.led.vote = (struct vote){
	    .leader = 1, .round = 9, .epoch = 5, .zxid = 3, .state = NOTIF_LEADING};
	ev.memory.published_ms = published_ms;
	kit_step(&k, ev);
}

static int
set_up_restarted(void **state)
{
	(void)state;
	restart(3, 5, 5, 5, 0);
	return 0;
}

/* ---- R7 ---- */

static void
r7_takes_the_role_with_the_stored_vote(void **state)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_ROLE);

	(void)state;
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_non_null(a);
	assert_int_equal(a->u.role.serial.generation, 8);
	assert_int_equal(a->u.role.vote.state, NOTIF_LEADING);
	assert_int_equal(a->u.role.vote.leader, 1);
	assert_int_equal(a->u.role.vote.round, 9);
	assert_int_equal(a->u.role.vote.epoch, 5);
	assert_false(kit_view(&k).active); /* not without a quorum */
}

static void
r7_a_quorum_establishes_the_epoch_again(void **state)
{
	struct role_lease_view v;

	(void)state;
	role_get_lease(k.role, k.now_ms, &v);
	assert_true(v.resumes && v.patient_ms == k.now_ms + RESUME && v.resumed == 0);
	rejoins(2);
	assert_true(leads());
	assert_int_equal(kit_sent(&k, 2, QPACKET_UPTODATE)->zxid >> 32, 5);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	role_get_lease(k.role, k.now_ms, &v);
	assert_true(!v.resumes && v.patient_ms == 0 && v.resumed == 1);
	kit_pass(&k, RESUME);
	assert_true(leads());
}

/* One that has not been with us yet makes an ordinary promise. */
static void
r7_a_learner_that_was_not_there(void **state)
{
	(void)state;
	joins(3, 4);
	assert_int_equal(offered(3), 5);
	ackepoch(3, 4);
	ack(3, 5);
	assert_true(leads());
}

/* "resume without a quorum" */
static void
r7_without_a_quorum_it_looks(void **state)
{
	(void)state;
	role_free(k.role);
	restart(5, 5, 5, 5, 0);
	rejoins(2);
	assert_false(kit_view(&k).active);
	kit_pass(&k, RESUME - 1);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	assert_true(role_due_ms(k.role) <= k.now_ms + 1);
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_QUORUM);
	assert_int_equal(k.role->demotion.looks, 0); /* D1: it was no vain election */
	assert_int_equal(k.role->lease.memory.led.epoch, 0);
}

static void
r7_until_its_own_published_end(void **state)
{
	(void)state;
	role_free(k.role);
	restart(3, 5, 5, 5, 1000 + 400);
	kit_pass(&k, 399);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_pass(&k, 1);
	expect_look(MSG_LOOK_QUORUM);
}

/* "resume after promising higher", and an epoch that would have two records (N5) */
static void
r7_only_the_epoch_of_the_disk(void **state)
{
	static const int64_t cases[][3] = {{6, 5, 5}, {6, 6, 6}, {5, 4, 4}, {5, 5, 4}};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		role_free(k.role);
		restart(3, cases[i][0], cases[i][1], cases[i][2], 0);
		expect_look(MSG_LOOK_START);
		assert_null(kit_find(&k, ROLE_ACT_ROLE));
		/* nor after another restart */
		assert_int_equal(kit_find(&k, ROLE_ACT_MEMORY)->u.memory.led.epoch, 0);
	}
}

/* Where people want no patience, only a lease that was published is one. */
static void
r7_not_without_resume_ms(void **state)
{
	struct role_event ev = {.type = ROLE_EV_START, .generation = 8};

	(void)state;
	role_free(k.role);
	kit_new(&k, kit_config(&k.members, 1));
	ev.record = kit_record(&k, 5, 5, 3);
	ev.memory.led.epoch = 5;
	ev.memory.led.vote = (struct vote){.leader = 1, .round = 9, .epoch = 5};
	ev.memory.published_ms = k.now_ms;
	kit_step(&k, ev);
	expect_look(MSG_LOOK_START);
	assert_null(kit_find(&k, ROLE_ACT_ROLE));
}

/* A learner promised more: that is an ordinary proposal, with its deadlines. */
static void
r7_a_higher_promise_is_an_ordinary_proposal(void **state)
{
	(void)state;
	joins(2, 7);
	kit_writes(&k, 8, 5);
	assert_int_equal(offered(2), 8);
	assert_int_equal(k.role->handover.resumes, 0);
	kit_pass(&k, RESUME);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_written(&k, 0);
	ackepoch(2, 5);
	kit_written(&k, 0);
	ack(2, 8);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).epoch, 8);
}

static void
r7_ends_when_the_voters_look(void **state)
{
	(void)state;
	looks(2);
	assert_null(kit_find(&k, ROLE_ACT_LOOK)); /* 3 may come */
	looks(3);
	expect_look(MSG_LOOK_QUORUM);
}

static void
r7_a_voter_that_came_back_looks_no_more(void **state)
{
	(void)state;
	looks(2);
	joins(2, 5);
	looks(3);
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	ackepoch(2, -1);
	ack(2, 5);
	assert_true(leads());
}

static void
r7_keeps_on_without_connmgr(void **state)
{
	(void)state;
	kit_step(&k, (struct role_event){.type = ROLE_EV_LOST});
	assert_null(kit_find(&k, ROLE_ACT_LOOK));
	kit_step(&k, (struct role_event){.type = ROLE_EV_AGAIN});
	assert_non_null(kit_find(&k, ROLE_ACT_ROLE));
	rejoins(2);
	assert_true(leads());
}

/* The learners may be there before the record is read. */
static void
r7_learners_that_came_before(void **state)
{
	struct role_event ev = {.type = ROLE_EV_START, .generation = 8};

	(void)state;
	role_free(k.role);
	make(3);
	joins(2, 5);
	ev.record = kit_record(&k, 5, 5, 3);
	ev.memory.led.epoch = 5;
	ev.memory.led.vote = (struct vote){.leader = 1, .round = 9, .epoch = 5};
	kit_step(&k, ev);
	assert_int_equal(offered(2), 5);
	ackepoch(2, -1);
	ack(2, 5);
	assert_true(leads());
}

static void
r7_a_learner_that_came_before_with_more(void **state)
{
	struct role_event ev = {.type = ROLE_EV_START, .generation = 8};

	(void)state;
	role_free(k.role);
	make(3);
	joins(2, 6);
	ev.record = kit_record(&k, 5, 5, 3);
	ev.memory.led.epoch = 5;
	ev.memory.led.vote = (struct vote){.leader = 1, .round = 9, .epoch = 5};
	kit_step(&k, ev);
	assert_int_equal(offered(2), 7);
}

/* A joint record was led, whose second step comes now (N6). */
static void
r7_a_joint_record_goes_on(void **state)
{
	struct role_event ev = {.type = ROLE_EV_START, .generation = 8};

	(void)state;
	role_free(k.role);
	make(3);
	ev.record = kit_record(&k, 5, 5, 3);
	ev.record.members.old = ev.record.members.new;
	ev.record.members.new.version = 2;
	ev.memory.led.epoch = 5;
	ev.memory.led.vote = (struct vote){.leader = 1, .round = 9, .epoch = 5};
	kit_step(&k, ev);
	rejoins(2);
	assert_true(leads());
	kit_writes(&k, 6, 5);
}

static void
r7_a_role_that_ended_is_not_resumed(void **state)
{
	(void)state;
	rejoins(2);
	assert_int_equal(k.role->lease.memory.led.epoch, 5);
	looks(2);
	looks(3);
	kit_down(&k, 2, MSG_REASON_EOF);
	expect_look(MSG_LOOK_QUORUM);
	assert_int_equal(kit_find(&k, ROLE_ACT_MEMORY)->u.memory.led.epoch, 0);
}

#define RESTARTED(f) cmocka_unit_test_setup_teardown(f, set_up_restarted, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    RESTARTED(r7_takes_the_role_with_the_stored_vote),
	    RESTARTED(r7_a_quorum_establishes_the_epoch_again),
	    RESTARTED(r7_a_learner_that_was_not_there),
	    RESTARTED(r7_without_a_quorum_it_looks),
	    RESTARTED(r7_until_its_own_published_end),
	    RESTARTED(r7_only_the_epoch_of_the_disk),
	    RESTARTED(r7_not_without_resume_ms),
	    RESTARTED(r7_a_higher_promise_is_an_ordinary_proposal),
	    RESTARTED(r7_ends_when_the_voters_look),
	    RESTARTED(r7_a_voter_that_came_back_looks_no_more),
	    RESTARTED(r7_keeps_on_without_connmgr),
	    RESTARTED(r7_learners_that_came_before),
	    RESTARTED(r7_a_learner_that_came_before_with_more),
	    RESTARTED(r7_a_joint_record_goes_on),
	    RESTARTED(r7_a_role_that_ended_is_not_resumed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
