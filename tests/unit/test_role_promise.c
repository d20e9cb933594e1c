/* What a follower promises: rule R2, and R6 (b). */
#include "tests/unit/role_lease_follower.h"

#include <errno.h>

static void
without_bound(void)
{
	follows();
	k.role->lease.bound.ms = 0;
	k.role->epochs.record.bound.ms = 0;
}

static void
r2_a_follower_promises(void **state)
{
	const struct role_action *a;

	(void)state;
	follows();
	k.now_ms += 13;
	wants(E5 | 9, LEASE_MS);
	assert_int_equal(answered().flags, LEASE_PROMISED);
	assert_int_equal(answered().ms, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->zxid, E5 | 9);
	a = kit_find(&k, ROLE_ACT_MEMORY);
	assert_true(a < kit_find(&k, ROLE_ACT_SEND)); /* remembered before it is said */
	assert_int_equal(a->u.memory.promise.sid, 3);
	assert_int_equal(a->u.memory.promise.epoch, 5);
	/* the receipt is rounded down, the end is not */
	assert_int_equal(a->u.memory.promise.end_ms, k.now_ms + 1 + LEASE_MS);
	assert_int_equal(kit_lease(&k).promise.end_ms, k.now_ms + 1 + LEASE_MS);
	k.now_ms += 1 + LEASE_MS;
	assert_int_equal(kit_lease(&k).promise.end_ms, 0);
}

static void
r2_nothing_is_promised_without_want(void **state)
{
	(void)state;
	follows();
	kit_ping(&k, 3, E5, 0, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	kit_ping(&k, 3, E5, LEASE_WITHHELD, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	wants(E5, 0);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	assert_null(kit_find(&k, ROLE_ACT_MEMORY));
}

static void
r2_a_ping_without_want_changes_nothing(void **state)
{
	uint64_t end;

	(void)state;
	follows();
	wants(E5, LEASE_MS);
	end = slot()->end_ms;
	k.now_ms += 10;
	kit_ping(&k, 3, E5, 0, 0);
	assert_null(kit_find(&k, ROLE_ACT_MEMORY));
	assert_int_equal(slot()->end_ms, end);
	wants(E5, 20); /* nor does a shorter one */
	assert_int_equal(answered().ms, 20);
	assert_int_equal(slot()->end_ms, end);
	k.now_ms += 20;
	wants(E5, LEASE_MS);
	assert_int_equal(slot()->end_ms, k.now_ms + 1 + LEASE_MS);
}

static void
r2_before_uptodate_nothing_is_promised(void **state)
{
	(void)state;
	decides(false);
	kit_up(&k, 3);
	wants(E5, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	leaderinfo(5);
	kit_written(&k, 0);
	newleader(5);
	kit_written(&k, 0);
	wants(E5, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	uptodate(5);
	wants(E5, LEASE_MS);
	assert_int_equal(answered().flags, LEASE_PROMISED);
}

static void
r2_only_the_established_epoch_is_promised(void **state)
{
	(void)state;
	follows();
	wants(INT64_C(6) << 32, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	wants(INT64_C(4) << 32, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	wants(0, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	assert_int_equal(slot()->end_ms, 0);
}

static void
r2_no_more_than_lease_max_ms_is_promised(void **state)
{
	(void)state;
	follows();
	wants(E5, LEASE_MAX + 1);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	wants(E5, LEASE_MAX);
	assert_int_equal(answered().ms, LEASE_MAX);
}

/* lease = "off" means never to ask. */
static void
r2_who_never_asks_promises(void **state)
{
	(void)state;
	config.lease = ROLE_LEASE_OFF;
	follows();
	wants(E5, LEASE_MS);
	assert_int_equal(answered().flags, LEASE_PROMISED);
}

static void
r2_an_observer_promises_nothing(void **state)
{
	(void)state;
	decides(true);
	kit_up(&k, 3);
	leaderinfo(5);
	kit_written(&k, 0);
	newleader(5);
	kit_written(&k, 0);
	uptodate(5);
	assert_int_equal(kit_view(&k).state, NOTIF_OBSERVING);
	wants(E5, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
}

static void
r2_clocks_that_differ_promise_nothing(void **state)
{
	(void)state;
	follows();
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLOCK, .open = false});
	wants(E5, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	kit_step(&k, (struct role_event){.type = ROLE_EV_CLOCK, .open = true});
	wants(E5, LEASE_MS);
	assert_int_equal(answered().flags, LEASE_PROMISED);
}

/* A promise to an established leader takes the place of one to a leader that is none any
 * more, and is not shorter. */
static void
r2_the_slot_passes_on(void **state)
{
	(void)state;
	promised(2, 900);
	decides(false);
	kit_up(&k, 3);
	kit_ping(&k, 3, E5, 0, 0);
	leaderinfo(5);
	kit_written(&k, 0);
	newleader(5);
	kit_written(&k, 0);
	uptodate(5);
	wants(E5, LEASE_MS);
	assert_int_equal(answered().flags, LEASE_PROMISED);
	assert_int_equal(slot()->sid, 3);
	assert_int_equal(slot()->epoch, 5);
	assert_int_equal(slot()->end_ms, 1900);
}

static void
r6_the_bound_is_on_the_disk_before_a_promise(void **state)
{
	const struct role_action *w;

	(void)state;
	without_bound();
	wants(E5 | 3, LEASE_MS);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	assert_null(kit_find(&k, ROLE_ACT_MEMORY));
	w = kit_find(&k, ROLE_ACT_WRITE);
	assert_int_equal(w->u.write->bound.ms, LEASE_MS);
	assert_memory_equal(w->u.write->bound.boot, kit_boot, sizeof(kit_boot));
	k.now_ms += 4;
	kit_written(&k, 0);
	/* what was asked for is promised now, from now on */
	assert_int_equal(answered().flags, LEASE_PROMISED);
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->zxid, E5 | 3);
	assert_int_equal(slot()->end_ms, k.now_ms + 1 + LEASE_MS);
	assert_true(kit_find(&k, ROLE_ACT_MEMORY) < kit_find(&k, ROLE_ACT_SEND));
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	wants(E5 | 4, LEASE_MS + 1); /* a larger one is another write */
	assert_int_equal(kit_sent(&k, 3, QPACKET_PING)->data_len, 0);
	assert_int_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->bound.ms, LEASE_MS + 1);
	wants(E5 | 5, LEASE_MS);
	assert_int_equal(answered().flags, LEASE_PROMISED);
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_SEND)); /* that PING was answered */
}

static void
r6_a_larger_bound_waits_for_the_write_in_progress(void **state)
{
	(void)state;
	without_bound();
	wants(E5, 100);
	wants(E5 | 1, 200);
	assert_null(kit_find(&k, ROLE_ACT_WRITE));
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_SEND)); /* 100 is on the disk, 200 is asked */
	assert_int_equal(kit_find(&k, ROLE_ACT_WRITE)->u.write->bound.ms, 200);
	kit_written(&k, 0);
	assert_int_equal(answered().ms, 200);
}

static void
r6_a_bound_that_fails_is_tried_again(void **state)
{
	(void)state;
	without_bound();
	wants(E5, LEASE_MS);
	kit_written(&k, -EIO);
	assert_int_equal(kit_view(&k).state, NOTIF_FOLLOWING);
	assert_int_equal(kit_view(&k).reason, ROLE_REASON_NONE);
	for (unsigned i = 0; i < 9; i++) {
		k.now_ms += KIT_TICK;
		wants(E5, LEASE_MS);
		assert_null(kit_find(&k, ROLE_ACT_WRITE));
	}
	k.now_ms += KIT_TICK;
	wants(E5, LEASE_MS);
	assert_non_null(kit_find(&k, ROLE_ACT_WRITE));
	assert_true(kit_lease(&k).promise.end_ms == 0);
}

/* The role may be over by then. */
static void
r6_a_bound_that_comes_late_promises_nothing(void **state)
{
	(void)state;
	without_bound();
	config.resume_ms = 0;
	k.role->config.resume_ms = 0;
	wants(E5, LEASE_MS);
	kit_down(&k, 3, MSG_REASON_EOF);
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_SEND));
	assert_int_equal(slot()->end_ms, 0);
}

/* Nor over another link. */
static void
r6_a_bound_counts_for_the_link_that_asked(void **state)
{
	(void)state;
	without_bound();
	wants(E5, LEASE_MS);
	kit_down(&k, 3, MSG_REASON_EOF);
	kit_up(&k, 3);
	assert_non_null(kit_sent(&k, 3, QPACKET_FOLLOWERINFO));
	kit_written(&k, 0);
	assert_null(kit_find(&k, ROLE_ACT_SEND));
	assert_int_equal(slot()->end_ms, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(r2_a_follower_promises),
	    PROMISE(r2_nothing_is_promised_without_want),
	    PROMISE(r2_a_ping_without_want_changes_nothing),
	    PROMISE(r2_before_uptodate_nothing_is_promised),
	    PROMISE(r2_only_the_established_epoch_is_promised),
	    PROMISE(r2_no_more_than_lease_max_ms_is_promised),
	    PROMISE(r2_who_never_asks_promises),
	    PROMISE(r2_an_observer_promises_nothing),
	    PROMISE(r2_clocks_that_differ_promise_nothing),
	    PROMISE(r2_the_slot_passes_on),
	    PROMISE(r6_the_bound_is_on_the_disk_before_a_promise),
	    PROMISE(r6_a_larger_bound_waits_for_the_write_in_progress),
	    PROMISE(r6_a_bound_that_fails_is_tried_again),
	    PROMISE(r6_a_bound_that_comes_late_promises_nothing),
	    PROMISE(r6_a_bound_counts_for_the_link_that_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
