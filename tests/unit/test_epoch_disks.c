/* The peer's record on a disk that is new, older than memberships, put back from a copy,
 * or without one of the files (N10). */
#include "tests/unit/epoch_kit.h"

static void
a_first_start(void **state)
{
	(void)state;
	reads(0, 0, 0);
	assert_int_equal(got.record.instance.bytes[15], 1);
	assert_int_equal(got.record.members.epoch, 0);
	assert_false(got.record.may_found);
	assert_int_equal(got.hints.count, 0);
	assert_string_equal(got.why, "");
	again(NEVER_MS);
	reads(0, 0, 0);
	assert_int_equal(got.record.instance.bytes[15], 1);
	assert_int_equal(instance_count, 1);
}

static void
a_data_dir_of_an_older_release(void **state)
{
	(void)state;
	reads(0, 0, 0);
	put_text("conclave epochs 1\naccepted 9\ncurrent 8\nclaim 0xf\n");
	assert_int_equal(unlink(members_path), 0);
	again(NEVER_MS);
	reads(9, 8, 15);
	assert_int_equal(got.record.instance.bytes[15], 2);
	assert_int_equal(got.record.members.epoch, 0);
	assert_string_equal(got.why, "");
	/* from now on the file is named: it must not be lost */
	assert_int_equal(unlink(members_path), 0);
	again(NEVER_MS);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
}

static void
a_copy_that_is_put_back(void **state)
{
	static const struct folder_id copies[] = {
	    {8, 1764537600, 5}, {7, 1764537601, 5}, {7, 1764537600, 6}, {7, 0, 0}};
	const struct folder_id was = here;
	struct role_record r, anew;
	struct snap copy;

	(void)state;
	reads(0, 0, 0);
	assert_true(members_hint_put(&hints, 3, "10.0.0.3:2888:3888"));
	r = record(5, 1, 3);
	r.claim = 12;
	r.may_found = true;
	r.accepted = 6;
	assert_int_equal(write_all(&r), 0);
	snap_get(&copy);
	for (unsigned i = 0; i < 4; i++) {
		snap_put(&copy);
		here = copies[i];
		again(NEVER_MS);
		snap_begin();
		is_anew("was put back from a copy");
		snapping = false;
		assert_non_null(strstr(got.why, folder));
		assert_int_equal(got.record.accepted, 6);
		assert_int_equal(got.record.claim, 12);
		assert_non_null(members_hint_get(&got.hints, 3));
		anew = got.record;
		again(NEVER_MS); /* and that is settled */
		finds(&anew);
		for (unsigned j = 0; j < snap_count; j++) {
			snap_put(&snaps[j]);
			again(NEVER_MS);
			assert_int_equal(read_it(), 0);
			assert_int_equal(got.record.members.epoch, 0);
			assert_int_equal(got.record.accepted, 6);
			assert_false(
			    members_instance_equal(&got.record.instance, &r.instance));
		}
	}
	/* a file system without birth times, from the beginning */
	here = (struct folder_id){9, 0, 0};
	again(NEVER_MS);
	is_anew("was put back from a copy");
	r = record(7, 1, 3);
	assert_int_equal(write_all(&r), 0);
	again(NEVER_MS);
	finds(&r);
	here = was;
	again(NEVER_MS);
	is_anew("was put back from a copy");
}

/* A disk that cannot be written takes no new instance, and gives no answer. */
static void
a_new_instance_is_on_the_disk_first(void **state)
{
	struct role_record r;
	struct snap copy;

	(void)state;
	reads(0, 0, 0);
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	snap_get(&copy);
	here.inode++;
	for (int syncs = 0; syncs < 4; syncs++) {
		snap_put(&copy);
		again(NEVER_MS);
		after_syncs = syncs;
		fail_syncs = 1;
		assert_int_equal(read_it(), -EIO);
	}
	assert_int_equal(read_it(), 0);
	assert_int_equal(got.record.members.epoch, 0);
	assert_false(members_instance_equal(&got.record.instance, &r.instance));
	assert_int_equal(got.record.accepted, 5);
}

/* One file alone, though nobody should. */
static void
an_old_copy_of_one_file(void **state)
{
	struct snap old, new;
	struct role_record r;

	(void)state;
	reads(0, 0, 0);
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	snap_get(&old);
	for (int64_t version = 2; version < 4; version++) {
		r = record(4 + version, version, 3);
		assert_int_equal(write_all(&r), 0);
	}
	snap_get(&new);
	put_file(members_path, old.membership, sizeof(old.membership));
	again(NEVER_MS);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_non_null(strstr(got.why, members_path));
	assert_non_null(strstr(got.why, "is older than"));
	snap_put(&new);
	put_file(path, old.epochs, sizeof(old.epochs));
	again(NEVER_MS);
	is_anew("has an old copy of epochs");
	r = got.record;
	again(NEVER_MS);
	finds(&r);
	/* as an older release, or a person, would write it */
	snap_put(&new);
	put_text("conclave epochs 1\naccepted 9\ncurrent 8\nclaim 0xf\n");
	again(NEVER_MS);
	is_anew("has an old copy of epochs");
	assert_int_equal(got.record.accepted, 9);
	/* a current that no write left there */
	snap_put(&new);
	put_text("conclave epochs 2\naccepted 9\ncurrent 9\nclaim 0xf\nmembership 3\n");
	again(NEVER_MS);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_non_null(strstr(got.why, "does not belong to"));
}

static void
epochs_that_are_gone(void **state)
{
	struct role_record r;

	(void)state;
	reads(0, 0, 0);
	r = record(5, 1, 3);
	assert_int_equal(write_all(&r), 0);
	assert_int_equal(unlink(path), 0);
	again(NEVER_MS);
	is_anew("has lost its file epochs");
	assert_int_equal(got.record.accepted, 0);
	assert_false(members_instance_equal(&got.record.instance, &r.instance));
	/* a crash before the other file was made is a first start */
	assert_int_equal(unlink(members_path), 0);
	put_text("conclave epochs 2\naccepted 0\ncurrent 0\nclaim 0x0\nmembership 0\n");
	again(NEVER_MS);
	reads(0, 0, 0);
	assert_int_equal(got.record.instance.bytes[15], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_first_start),           TEST(a_data_dir_of_an_older_release),
	    TEST(a_copy_that_is_put_back), TEST(a_new_instance_is_on_the_disk_first),
	    TEST(an_old_copy_of_one_file), TEST(epochs_that_are_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
