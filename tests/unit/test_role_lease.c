/* When a leader asks for a lease, and that its bound is on the disk before: rules R1 and
 * R6. */
#include "tests/unit/role_lease_leader.h"

#include <errno.h>

static void
r1_nobody_holds_and_nothing_is_said(void **state)
{
	(void)state;
	leads(3);
	kit_pass(&k, 2 * KIT_TICK);
	assert_int_equal(pinged(2)->data_len, 0);
	kit_ping(&k, 2, pinged(2)->zxid, 0, 0);
	assert_int_equal(page_end(), 0);
	assert_null(kit_find(&k, ROLE_ACT_MEMORY));
	assert_false(kit_lease(&k).wants);
}

static void
r1_all_are_pinged_when_somebody_holds(void **state)
{
	(void)state;
	leads(5);
	holds(1);
	for (int64_t sid = 2; sid <= 3; sid++) {
		assert_int_equal(kit_said(pinged(sid)).flags, LEASE_WANT);
		assert_int_equal(kit_said(pinged(sid)).ms, LEASE_MS);
	}
	holds(2); /* it is wanted already */
	assert_null(pinged(2));
	assert_true(kit_lease(&k).wants);
	holds(0);
	kit_pass(&k, KIT_TICK);
	assert_int_equal(pinged(2)->data_len, 0);
	holds(1);
	assert_non_null(pinged(2));
}

static void
r1_always_asks_without_a_hold(void **state)
{
	(void)state;
	config.lease = ROLE_LEASE_ALWAYS;
	leads(3);
	kit_pass(&k, KIT_TICK);
	assert_int_equal(kit_said(pinged(2)).flags, LEASE_WANT);
}

static void
r1_a_leader_asks_as_it_is_established(void **state)
{
	(void)state;
	config.lease = ROLE_LEASE_ALWAYS;
	starts(3, LEASE_MS);
	joins(2, 4);
	lead();
	assert_int_equal(pinged(2)->data_len, 0);
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5);
	kit_written(&k, 0);
	assert_int_equal(asked(2) >> 32, 5);
}

static void
r1_off_never_asks(void **state)
{
	(void)state;
	config.lease = ROLE_LEASE_OFF;
	leads(3);
	holds(1);
	assert_null(pinged(2));
	kit_pass(&k, KIT_TICK);
	assert_int_equal(pinged(2)->data_len, 0);
	assert_false(kit_lease(&k).wants);
}

static void
r1_clocks_that_differ_end_the_asking(void **state)
{
	uint64_t end;

	(void)state;
	leads(3);
	holds(1);
	promises(2, asked(2), LEASE_MS);
	end = page_end();
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLOCK, .open = false});
	kit_pass(&k, KIT_TICK);
	assert_int_equal(pinged(2)->data_len, 0);
	promises(2, pinged(2)->zxid, LEASE_MS);
	assert_int_equal(page_end(), 0);
	assert_int_equal(kit_lease(&k).end_ms, end); /* what was published stays */
	assert_true(kit_lease(&k).clocks_differ);
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLOCK, .open = true});
	asked(2);
}

/* A restarted peer does not know who holds: until what it published has ended. */
static void
r1_a_restarted_peer_asks_until_its_own_end(void **state)
{
	struct role_event ev;

	(void)state;
	starts(3, LEASE_MS);
	ev = kit_lease_start(&k, 4, LEASE_MS);
	ev.memory.published_ms = k.now_ms + 200;
	role_free(k.role);
	kit_new(&k, config);
	kit_step(&k, ev);
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5);
	kit_written(&k, 0);
	asked(2);
	kit_pass(&k, 199);
	asked(2);
	kit_pass(&k, 75);
	assert_int_equal(pinged(2)->data_len, 0);
}

/* R5: those who hold keep the lease until they have let go, and nobody else. */
static void
r1_who_steps_down_asks_for_its_holders(void **state)
{
	(void)state;
	config.lease = ROLE_LEASE_ALWAYS;
	leads(3);
	holds(1);
	kit_step(&k, (struct role_event){.type = ROLE_EV_STEP_DOWN});
	kit_pass(&k, KIT_TICK);
	asked(2);
	kit_step(&k, (struct role_event){.type = ROLE_EV_HOLDS, .holds = 0});
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
}

/* A short lease is renewed in time, with PINGs that come more often than each tick. */
static void
r1_a_short_lease_has_more_pings(void **state)
{
	(void)state;
	config.lease_ms = 40;
	leads(3);
	holds(1);
	promises(2, asked(2), 40);
	assert_int_equal(page_end(), k.now_ms + 32);
	kit_pass(&k, 9);
	assert_null(pinged(2));
	kit_pass(&k, 1);
	promises(2, asked(2), 40);
	assert_int_equal(page_end(), k.now_ms + 32);
	holds(0);
	kit_pass(&k, 10);
	assert_int_equal(pinged(2)->data_len, 0);
	kit_ping(&k, 2, pinged(2)->zxid, 0, 0);
	kit_pass(&k, 2 * KIT_TICK - 1); /* the peace of a tick is back */
	assert_null(pinged(2));
}

static void
r1_a_group_of_one_needs_no_answer(void **state)
{
	uint64_t end;

	(void)state;
	kit_members(&k.members, 1, 0);
	config.file = &k.members;
	kit_new(&k, config);
	kit_step(&k, kit_lease_start(&k, 4, LEASE_MS));
	lead();
	kit_written(&k, 0);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	assert_int_equal(page_end(), 0);
	holds(1);
	end = page_end();
	assert_int_equal(end, k.now_ms + LEASE_LEFT);
	for (unsigned i = 0; i < 10; i++) { /* and again before it ends */
		uint64_t due = role_due_ms(k.role);

		assert_true(due > k.now_ms && due < end);
		kit_pass(&k, due - k.now_ms);
		assert_true(page_end() > end);
		end = page_end();
	}
	holds(0);
	assert_true(role_due_ms(k.role) > end);
}

static void
r6_nothing_is_published_before_the_bound_is_on_the_disk(void **state)
{
	const struct role_record *w;

	(void)state;
	starts(3, 0);
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5);
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	holds(1);
	w = kit_find(&k, ROLE_ACT_WRITE)->u.write;
	assert_int_equal(w->bound.ms, LEASE_MS);
	assert_memory_equal(w->bound.boot, kit_boot, sizeof(kit_boot));
	assert_int_equal(w->accepted, 5);
	assert_int_equal(w->current, 5);
	promises(2, asked(2), LEASE_MS);
	assert_int_equal(page_end(), 0);
	kit_written(&k, 0);
	assert_int_equal(page_end(), k.now_ms + LEASE_LEFT);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
}

static void
r6_a_bound_that_fails_deposes_nobody(void **state)
{
	int64_t zxid;

	(void)state;
	starts(3, 0);
	joins(2, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5);
	kit_written(&k, 0);
	holds(1);
	zxid = asked(2);
	kit_written(&k, -EIO);
	assert_true(kit_view(&k).active);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	promises(2, zxid, LEASE_MS);
	assert_null(kit_find(&k, ROLE_ACT_WRITE)); /* not at once again */
	assert_int_equal(page_end(), 0);
	for (unsigned i = 0; i < 9; i++) {
		kit_pass(&k, KIT_TICK);
		promises(2, asked(2), LEASE_MS);
		assert_null(kit_find(&k, ROLE_ACT_WRITE));
	}
	kit_pass(&k, KIT_TICK);
	promises(2, asked(2), LEASE_MS);
	assert_non_null(kit_find(&k, ROLE_ACT_WRITE));
	kit_written(&k, 0);
	assert_true(page_end() > 0);
}

/* An epoch in the same write makes it an ordinary one (D7). */
static void
r6_a_bound_of_another_boot_is_written_anew(void **state)
{
	struct role_event ev;

	(void)state;
	kit_members(&k.members, 3, 1);
	config.file = &k.members;
	kit_new(&k, config);
	ev = kit_lease_start(&k, 4, 5000);
	ev.record.bound.boot[0] ^= 1;
	kit_step(&k, ev);
	joins(2, 4);
	lead();
	assert_int_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->bound.ms, 5000);
	kit_written(&k, 0);
	ackepoch(2, 4);
	ack(2, 5);
	kit_written(&k, 0);
	holds(1);
	/* the largest that was ever promised stays */
	assert_int_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->bound.ms, 5000);
	assert_memory_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->bound.boot, kit_boot,
	                    sizeof(kit_boot));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LEASE(r1_nobody_holds_and_nothing_is_said),
	    LEASE(r1_all_are_pinged_when_somebody_holds),
	    LEASE(r1_always_asks_without_a_hold),
	    LEASE(r1_a_leader_asks_as_it_is_established),
	    LEASE(r1_off_never_asks),
	    LEASE(r1_clocks_that_differ_end_the_asking),
	    LEASE(r1_a_restarted_peer_asks_until_its_own_end),
	    LEASE(r1_who_steps_down_asks_for_its_holders),
	    LEASE(r1_a_short_lease_has_more_pings),
	    LEASE(r1_a_group_of_one_needs_no_answer),
	    LEASE(r6_nothing_is_published_before_the_bound_is_on_the_disk),
	    LEASE(r6_a_bound_that_fails_deposes_nobody),
	    LEASE(r6_a_bound_of_another_boot_is_written_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
