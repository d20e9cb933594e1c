/* Until when a leader has a lease: rule R3, and its own side of R2. */
#include "tests/unit/role_lease_leader.h"

static void
r3_the_lease_counts_from_the_sending(void **state)
{
	const struct role_action *a;
	uint64_t sent;
	int64_t zxid;

	(void)state;
	leads(3);
	holds(1);
	sent = k.now_ms;
	zxid = asked(2);
	k.now_ms += 30;
	promises(2, zxid, LEASE_MS);
	assert_int_equal(page_end(), sent + LEASE_LEFT);
	assert_int_equal(kit_find(&k, ROLE_ACT_PAGE)->u.page.epoch, 5);
	assert_int_equal(kit_lease(&k).end_ms, sent + LEASE_LEFT);
	assert_int_equal(kit_lease(&k).promised, 1);
	/* its own promise is remembered first, and lasts as long */
	assert_true(kit_place(&k, ROLE_ACT_MEMORY) < kit_place(&k, ROLE_ACT_PAGE));
	a = kit_find(&k, ROLE_ACT_MEMORY);
	assert_int_equal(a->u.memory.promise.sid, 1);
	assert_int_equal(a->u.memory.promise.epoch, 5);
	assert_true(a->u.memory.promise.end_ms >= sent + LEASE_LEFT);
	assert_int_equal(a->u.memory.published_ms, sent + LEASE_LEFT);
	assert_int_equal(a->u.memory.led.epoch, 5);
	k.now_ms = sent + LEASE_LEFT - 1;
	assert_int_equal(kit_lease(&k).end_ms, sent + LEASE_LEFT);
	k.now_ms++;
	assert_int_equal(kit_lease(&k).end_ms, 0);
}

static void
r3_the_end_is_rounded_down(void **state)
{
	(void)state;
	config.lease_ms = 333;
	config.drift_percent = 7;
	leads(3);
	holds(1);
	promises(2, asked(2), 333);
	assert_int_equal(page_end(), k.now_ms + 286); /* 286.38 */
}

static void
r3_the_shortest_promise_counts(void **state)
{
	(void)state;
	leads(3);
	holds(1);
	promises(2, asked(2), 100);
	assert_int_equal(page_end(), k.now_ms + 80);
}

static void
r3_a_promise_of_nothing_is_none(void **state)
{
	(void)state;
	leads(3);
	holds(1);
	promises(2, asked(2), 0);
	assert_int_equal(page_end(), 0);
	assert_int_equal(kit_lease(&k).promised, 0);
}

/* Of five, two others are needed: the lease counts from the older of their PINGs. */
static void
r3_a_quorum_must_have_promised(void **state)
{
	uint64_t first;
	int64_t third;

	(void)state;
	leads(5);
	holds(1);
	first = k.now_ms;
	third = asked(3);
	promises(2, asked(2), LEASE_MS);
	assert_int_equal(page_end(), 0);
	k.now_ms += 60;
	kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
	promises(2, asked(2), LEASE_MS);
	assert_int_equal(page_end(), 0);
	/* 3 answers the older PING only */
	promises(3, third, LEASE_MS);
	assert_int_equal(page_end(), first + LEASE_LEFT);
}

static void
r3_an_echo_without_a_promise_does_not_count(void **state)
{
	(void)state;
	leads(3);
	holds(1);
	kit_ping(&k, 2, asked(2), 0, 0);
	assert_int_equal(page_end(), 0);
	kit_pass(&k, KIT_TICK);
	kit_ping(&k, 2, asked(2), LEASE_WITHHELD, 100);
	assert_int_equal(page_end(), 0);
	promises(2, INT64_C(5) << 32 | 1234567, LEASE_MS);
	assert_int_equal(page_end(), 0); /* no PING of ours */
}

/* The promise may come with a second answer to the same PING: the bound was written
 * first. */
static void
r3_a_late_promise_counts_from_its_ping(void **state)
{
	int64_t zxid;
	uint64_t sent;

	(void)state;
	leads(3);
	holds(1);
	sent = k.now_ms;
	zxid = asked(2);
	kit_ping(&k, 2, zxid, 0, 0);
	k.now_ms += 5;
	promises(2, zxid, LEASE_MS);
	assert_int_equal(page_end(), sent + LEASE_LEFT);
}

/* Server 3 has joined and has not acknowledged: it may promise nothing, and does not
 * count if it says so. */
static void
r3_before_uptodate_nobody_counts(void **state)
{
	int64_t second;

	(void)state;
	leads(5);
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, 4);
	holds(1);
	second = asked(2);
	promises(3, asked(3), LEASE_MS);
	promises(2, second, LEASE_MS);
	assert_int_equal(page_end(), 0);
	assert_int_equal(kit_lease(&k).promised, 1);
}

/* Also if UPTODATE has gone out by the time that it answers. */
static void
r3_a_ping_before_uptodate_does_not_count(void **state)
{
	int64_t zxid;

	(void)state;
	leads(5);
	holds(1);
	promises(2, asked(2), LEASE_MS);
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, 4);
	kit_pass(&k, KIT_TICK);
	zxid = asked(3);
	ackepoch(3, 4);
	ack(3, 5);
	assert_non_null(kit_sent(&k, 3, QPACKET_UPTODATE));
	promises(3, zxid, LEASE_MS);
	assert_int_equal(page_end(), 0);
	kit_pass(&k, KIT_TICK);
	promises(3, asked(3), LEASE_MS);
	assert_true(page_end() > 0);
}

static void
r3_an_observer_does_not_count(void **state)
{
	(void)state;
	leads(3);
	kit_up(&k, 4);
	kit_info(&k, 4, QPACKET_OBSERVERINFO, 4);
	ackepoch(4, 4);
	ack(4, 5);
	assert_non_null(kit_sent(&k, 4, QPACKET_UPTODATE));
	holds(1);
	promises(4, asked(4), LEASE_MS);
	assert_int_equal(page_end(), 0);
}

/* A promise over a link that ended counts for what was published, and for no more. */
static void
r3_only_present_links_count(void **state)
{
	uint64_t end;

	(void)state;
	leads(5);
	holds(1);
	promises(2, asked(2), LEASE_MS);
	kit_down(&k, 3, MSG_REASON_EOF);
	joins(3, 4);
	ackepoch(3, 4);
	ack(3, 5);
	kit_down(&k, 2, MSG_REASON_EOF);
	joins(2, 4);
	ackepoch(2, 4);
	ack(2, 5);
	kit_pass(&k, KIT_TICK);
	promises(3, asked(3), LEASE_MS);
	assert_int_equal(page_end(), 0);
	end = kit_lease(&k).end_ms;
	assert_int_equal(end, 0);
}

/* Neither a later answer nor the end of the role takes back what programs have read. */
static void
r3_the_end_never_falls(void **state)
{
	uint64_t end;
	int64_t zxid;

	(void)state;
	leads(3);
	holds(1);
	promises(2, asked(2), LEASE_MS);
	end = page_end();
	kit_pass(&k, KIT_TICK);
	zxid = asked(2);
	promises(2, zxid, 10);
	assert_int_equal(page_end(), 0);
	assert_int_equal(kit_lease(&k).end_ms, end);
	k.now_ms = end - 1;
	kit_step(&k, (struct role_event){.type = ROLE_EV_DUE});
	assert_int_equal(kit_lease(&k).end_ms, end);
	kit_step(&k, (struct role_event){.type = ROLE_EV_REFOUND}); /* the role ends */
	assert_int_equal(kit_view(&k).state, NOTIF_LOOKING);
	assert_null(kit_find(&k, ROLE_ACT_PAGE));
	assert_int_equal(kit_lease(&k).end_ms, end);
	assert_int_equal(kit_find(&k, ROLE_ACT_MEMORY)->u.memory.led.epoch, 0);
	assert_int_equal(kit_find(&k, ROLE_ACT_MEMORY)->u.memory.promise.sid, 1);
}

static void
r3_nobody_holds_and_nothing_is_published(void **state)
{
	int64_t zxid;

	(void)state;
	leads(3);
	holds(1);
	zxid = asked(2);
	holds(0);
	promises(2, zxid, LEASE_MS);
	assert_int_equal(page_end(), 0);
}

/* Only so many PINGs are noted while they are on their way; the oldest keep their places.
 */
static void
r3_answers_count_however_many_pings_are_on_their_way(void **state)
{
	int64_t zxid;
	uint64_t sent;

	(void)state;
	leads(3);
	holds(1);
	sent = k.now_ms;
	zxid = asked(2);
	for (unsigned i = 0; i < 40; i++) {
		k.now_ms++;
		holds(0);
		holds(1);
		asked(2);
	}
	promises(2, zxid, LEASE_MS);
	assert_int_equal(page_end(), sent + LEASE_LEFT);
	promises(2, zxid + ROLE_PINGS - 1, LEASE_MS);
	assert_int_equal(page_end(), sent + ROLE_PINGS - 1 + LEASE_LEFT);
	promises(2, zxid + 20, LEASE_MS);
	assert_int_equal(page_end(), 0); /* it was not noted */
	k.now_ms++;
	holds(0);
	holds(1);
	promises(2, asked(2), LEASE_MS);
	assert_int_equal(page_end(), k.now_ms + LEASE_LEFT);
}

static void
r3_the_count_of_pings_wraps(void **state)
{
	(void)state;
	leads(3);
	k.role->lead.ping_count = INT32_MAX;
	holds(1);
	assert_int_equal(asked(2) & UINT32_MAX, INT32_MAX);
	promises(2, asked(2), LEASE_MS);
	assert_true(page_end() > 0);
	k.now_ms += 20;
	holds(0);
	holds(1);
	assert_int_equal(asked(2), (int64_t)5 << 32);
	promises(2, asked(2), LEASE_MS);
	assert_int_equal(page_end(), k.now_ms + LEASE_LEFT);
}

/* Weights: the leader's alone is no majority, with 2 it is. */
static void
r3_weights_count(void **state)
{
	(void)state;
	kit_weigh(&k.members, 2, 1, 2);
	config.file = &k.members;
	kit_new(&k, config);
	kit_step(&k, kit_lease_start(&k, 4, LEASE_MS));
	joins(2, 4);
	joins(3, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	ackepoch(3, 4);
	ack(2, 5);
	ack(3, 5);
	kit_written(&k, 0);
	holds(1);
	k.now_ms += 10;
	kit_pass(&k, KIT_TICK);
	promises(2, asked(2), LEASE_MS);
	assert_true(page_end() > 0); /* 2 + 1 of 5 */
}

static void
r3_a_renewal_keeps_the_lease(void **state)
{
	uint64_t end;
	int64_t old;

	(void)state;
	leads(3);
	holds(1);
	promises(2, asked(2), LEASE_MS);
	end = page_end();
	kit_pass(&k, KIT_TICK);
	old = asked(2);
	joins(3, 7); /* it promised more elsewhere: epoch 8 */
	kit_written(&k, 0);
	ackepoch(2, 4);
	assert_true(kit_view(&k).active);
	ack(2, 8);
	kit_written(&k, 0);
	assert_int_equal(kit_view(&k).epoch, 8);
	assert_int_equal(page_end(), end);
	assert_int_equal(kit_find(&k, ROLE_ACT_PAGE)->u.page.epoch, 8);
	assert_int_equal(kit_find(&k, ROLE_ACT_MEMORY)->u.memory.led.epoch, 8);
	assert_int_equal(asked(2) >> 32, 8); /* all are pinged at once */
	promises(2, old, LEASE_MS);          /* of the epoch before */
	assert_int_equal(page_end(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LEASE(r3_the_lease_counts_from_the_sending),
	    LEASE(r3_the_end_is_rounded_down),
	    LEASE(r3_the_shortest_promise_counts),
	    LEASE(r3_a_promise_of_nothing_is_none),
	    LEASE(r3_a_quorum_must_have_promised),
	    LEASE(r3_an_echo_without_a_promise_does_not_count),
	    LEASE(r3_a_late_promise_counts_from_its_ping),
	    LEASE(r3_before_uptodate_nobody_counts),
	    LEASE(r3_a_ping_before_uptodate_does_not_count),
	    LEASE(r3_an_observer_does_not_count),
	    LEASE(r3_only_present_links_count),
	    LEASE(r3_the_end_never_falls),
	    LEASE(r3_nobody_holds_and_nothing_is_published),
	    LEASE(r3_answers_count_however_many_pings_are_on_their_way),
	    LEASE(r3_the_count_of_pings_wraps),
	    LEASE(r3_weights_count),
	    LEASE(r3_a_renewal_keeps_the_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
