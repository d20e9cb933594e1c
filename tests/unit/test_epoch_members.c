/* The peer's record in its two files: what each write does to both, and what a crash at
 * each point of it leaves. */
#include "tests/unit/epoch_kit.h"

static void
the_membership_comes_first(void **state)
{
	struct role_record r;

	(void)state;
	reads(0, 0, 0);
	calls[0] = '\0';
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	assert_string_equal(calls, "m1 s w0 s ");
	again(NEVER_MS);
	finds(&r);
	r = record(6, 2, 4);
	r.members.old = got.record.members.new;
	r.may_found = true;
	r.claim = 77;
	assert_int_equal(write_all(&r), 0);
	again(NEVER_MS);
	finds(&r);
}

/* The same memberships in a later epoch: as if there were no such file. */
static void
the_simple_case_costs_nothing(void **state)
{
	struct role_record r;

	(void)state;
	reads(0, 0, 0);
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	calls[0] = '\0';
	for (int64_t number = 6; number < 10; number++) {
		r.accepted = number;
		assert_int_equal(write_all(&r), 0);
		r.current = r.members.epoch = number;
		assert_int_equal(write_all(&r), 0);
	}
	assert_string_equal(calls, "w1 s w0 s w1 s w0 s w1 s w0 s w1 s w0 s ");
	again(NEVER_MS);
	finds(&r);
	/* one that is behind its own `current` is of that epoch all the same */
	r.members.epoch = 7;
	calls[0] = '\0';
	assert_int_equal(write_all(&r), 0);
	assert_string_equal(calls, "");
	r.members.epoch = 9;
	again(NEVER_MS);
	finds(&r);
	/* one that is ahead of it has to be written */
	r.members.epoch = r.accepted = 11;
	calls[0] = '\0';
	assert_int_equal(write_all(&r), 0);
	assert_string_equal(calls, "m0 s w1 s ");
	again(NEVER_MS);
	finds(&r);
}

/* N11: without a record, the epochs as they are. */
static void
a_record_is_dropped(void **state)
{
	struct role_record r, dropped;

	(void)state;
	reads(0, 0, 0);
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	dropped = (struct role_record)REC(5, 5, 0);
	dropped.instance = r.instance;
	dropped.may_found = true;
	snap_begin();
	assert_int_equal(write_all(&dropped), 0);
	snapping = false;
	again(NEVER_MS);
	finds(&dropped);
	for (unsigned i = 0; i < snap_count; i++) {
		snap_put(&snaps[i]);
		again(NEVER_MS);
		assert_int_equal(read_it(), 0);
		assert_string_equal(got.why, "");
		assert_true(is_same(&got.record, &r) || is_same(&got.record, &dropped));
	}
	/* and a new one is founded */
	r = record(6, 1, 2);
	assert_int_equal(write_all(&r), 0);
	again(NEVER_MS);
	finds(&r);
}

/* A crash at each point of a write of both: what was before, what was wanted, or the new
 * memberships with the old epochs (N5: a record counts from the start of its write on).
 */
static void
a_crash_at_each_point(void **state)
{
	struct role_record before, after, between;
	unsigned seen[3] = {0};

	(void)state;
	reads(0, 0, 0);
	before = record(5, 1, 3);
	assert_int_equal(write_all(&before), 0);
	after = record(6, 2, 5);
	after.members.old = before.members.new;
	between = before;
	between.members = after.members;
	snap_begin();
	assert_int_equal(write_all(&after), 0);
	snapping = false;
	assert_int_equal(snap_count, 1 + 2 * 3);
	for (unsigned i = 0; i < snap_count; i++) {
		snap_put(&snaps[i]);
		again(NEVER_MS);
		assert_int_equal(read_it(), 0);
		assert_string_equal(got.why, "");
		seen[0] += is_same(&got.record, &before);
		seen[1] += is_same(&got.record, &between);
		seen[2] += is_same(&got.record, &after);
		assert_int_equal(seen[0] + seen[1] + seen[2], i + 1);
		/* the server goes on from there, as itself */
		assert_int_equal(write_all(&after), 0);
		again(NEVER_MS);
		finds(&after);
	}
	assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
}

/* A start is a write, too: of each of these a start finds the same once more. */
static void
a_crash_of_a_start(void **state)
{
	static struct snap middle[64];
	struct role_record before, after, found;
	unsigned count;

	(void)state;
	reads(0, 0, 0);
	before = record(5, 1, 3);
	assert_int_equal(write_all(&before), 0);
	after = record(6, 2, 5);
	snap_begin();
	assert_int_equal(write_all(&after), 0);
	snapping = false;
	count = snap_count;
	memcpy(middle, snaps, sizeof(middle));
	for (unsigned i = 0; i < count; i++) {
		snap_put(&middle[i]);
		again(NEVER_MS);
		snap_begin();
		assert_int_equal(read_it(), 0);
		snapping = false;
		found = got.record;
		for (unsigned j = 0; j < snap_count; j++) {
			snap_put(&snaps[j]);
			again(NEVER_MS);
			finds(&found);
		}
	}
}

/* Each write of the two files fails, and what the core wants next is the same record, or
 * another one. */
static void
a_write_that_fails(void **state)
{
	struct role_record r, next;

	(void)state;
	reads(0, 0, 0);
	for (int which = 0; which < 2; which++) {
		for (int way = 0; way < 3; way++) {
			r = record(5 + 4 * way + 20 * which, 1 + way, 3);
			assert_int_equal(write_all(&r), 0);
			r = record(r.current + 1, 9, 5);
			after_syncs = which;
			fail_syncs = 1;
			assert_int_equal(write_all(&r), -EIO);
			assert_string_equal(epoch_path(epoch),
			                    which == 0 ? members_path : path);
			next = way == 0 ? r : record(r.current + 1, 7, 2);
			if (way == 2) {
				fail_syncs = 1; /* what is settled first fails, too */
				assert_int_equal(write_all(&next), -EIO);
			}
			assert_int_equal(write_all(&next), 0);
			again(NEVER_MS);
			finds(&next);
		}
	}
}

/* `membership` is never more than one write ahead, so that `epochs` is not taken for an
 * old copy: not even where it cannot be written for long. */
static void
epochs_fail_for_long(void **state)
{
	struct role_record first, r;

	(void)state;
	reads(0, 0, 0);
	first = record(5, 1, 3);
	assert_int_equal(write_all(&first), 0);
	for (int64_t version = 2; version < 6; version++) {
		r = record(4 + version, version, 3);
		after_syncs = version == 2; /* the first of them gets through in part */
		fail_syncs = 1;
		assert_int_equal(write_all(&r), -EIO);
	}
	again(NEVER_MS);
	assert_int_equal(read_it(), 0);
	assert_string_equal(got.why, "");
	assert_int_equal(got.record.members.new.version, 2);
	/* each one of membership is settled, and then the next one fails */
	for (int64_t version = 6; version < 12; version += 2) {
		r = record(4 + version, version, 3);
		fail_syncs = 1;
		assert_int_equal(write_all(&r), -EIO);
		r = record(5 + version, version + 1, 3);
		after_syncs = fail_syncs = 1;
		assert_int_equal(write_all(&r), -EIO);
		again(NEVER_MS);
		assert_int_equal(read_it(), 0);
		assert_string_equal(got.why, "");
	}
}

static void
a_slot_rots_in_each_file(void **state)
{
	struct role_record r;

	(void)state;
	reads(0, 0, 0);
	r = record(5, 1, 3);
	for (unsigned i = 0; i < 4; i++) {
		again(MIRROR_MS);
		assert_int_equal(read_it(), 0);
		assert_int_equal(write_all(&r), 0);
		while (!are_equal())
			turn();
		(i < 2 ? spoil : spoil_members)(i % 2);
		again(NEVER_MS);
		finds(&r);
	}
}

/* ---- the hints ---- */

static void
addresses_are_kept_beside_it(void **state)
{
	struct role_record r;

	(void)state;
	reads(0, 0, 0);
	assert_true(members_hint_put(&hints, 3, "10.0.0.3:2888:3888"));
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	again(NEVER_MS);
	finds(&r);
	assert_string_equal(members_hint_get(&got.hints, 3), "10.0.0.3:2888:3888");
	calls[0] = '\0';
	assert_true(members_hint_put(&hints, 3, "10.0.0.4:2888:3888"));
	assert_int_equal(write_all(&r), 0);
	assert_string_equal(calls, "m0 s w1 s ");
	again(NEVER_MS);
	finds(&r);
	assert_string_equal(members_hint_get(&got.hints, 3), "10.0.0.4:2888:3888");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_membership_comes_first),   TEST(the_simple_case_costs_nothing),
	    TEST(a_record_is_dropped),          TEST(a_crash_at_each_point),
	    TEST(a_crash_of_a_start),           TEST(a_write_that_fails),
	    TEST(epochs_fail_for_long),         TEST(a_slot_rots_in_each_file),
	    TEST(addresses_are_kept_beside_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
