/* The peer's record: what a start refuses. */
#include "tests/unit/epoch_kit.h"

static void
damage_stops_it(void **state)
{
	(void)state;
	reads(0, 0, 0);
	assert_int_equal(write_it(REC(3, 2, 1)), 0);
	spoil(0);
	spoil(1);
	again(NEVER_MS);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_string_equal(calls, ""); /* nothing is made good by itself */
	assert_non_null(strstr(got.why, path));
	assert_non_null(strstr(got.why, "conclave leader"));
	assert_int_equal(got.record.accepted, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(members_path), 0);
	reads(0, 0, 0);
	assert_string_equal(got.why, "");
}

static void
so_does_that_of_the_membership(void **state)
{
	(void)state;
	reads(0, 0, 0);
	assert_int_equal(write_it(REC(3, 2, 1)), 0);
	spoil_members(0);
	spoil_members(1);
	again(NEVER_MS);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_string_equal(calls, "");
	assert_non_null(strstr(got.why, members_path));
	assert_non_null(strstr(got.why, "damaged"));
	assert_non_null(strstr(got.why, "conclave restart peer"));
	/* gone, though `epochs` names it: another word */
	assert_int_equal(unlink(members_path), 0);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_non_null(strstr(got.why, members_path));
	assert_non_null(strstr(got.why, "is missing"));
	assert_int_not_equal(access(members_path, F_OK), 0);
	/* what both say to do */
	assert_int_equal(unlink(path), 0);
	reads(0, 0, 0);
	assert_int_equal(got.record.instance.bytes[15], 2);
}

#define BOOT "000102030405060708090a0b0c0d0eff"
#define TWO(version)                                                                     \
	"conclave epochs " version "\naccepted 1\ncurrent 1\nclaim 0x0\nmembership 1\n"

static void
a_text_that_is_no_record(void **state)
{
	static const char *const bad[] = {
	    "x\n",
	    "conclave epochs 2\naccepted 1\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim 0x0\nmembership 1\n",
	    "conclave epochs 2\naccepted 1\ncurrent 1\nclaim 0x0\nmembership -1\n",
	    "conclave epochs 3\naccepted 1\ncurrent 1\nclaim 0x0\nmembership 1\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\n",
	    "conclave epochs 1\naccepted 1\ncurrent 2\nclaim 0x0\n",
	    "conclave epochs 1\naccepted -1\ncurrent -1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 2147483648\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 99999999999999999999\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim 0x8000000000000000\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim -0x1\n",
	    "conclave epochs 1\naccepted 01\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim 0x0\nmore 1\n",
	    TWO("2") "lease 300 boot " BOOT "\n",
	    TWO("4") "lease 300 boot " BOOT "\n",
	    TWO("3") "lease 0 boot " BOOT "\n",
	    TWO("3") "lease -1 boot " BOOT "\n",
	    TWO("3") "lease 0300 boot " BOOT "\n",
	    TWO("3") "lease 4294967296 boot " BOOT "\n",
	    TWO("3") "lease 300 boot " BOOT "00\n",
	    TWO("3") "lease 300 boot " BOOT "\nmore 1\n",
	    TWO("3") "lease 300 boot 0001020304\n",
	    TWO("3") "lease 300 boot 000102030405060708090A0b0c0d0eff\n",
	    TWO("3") "lease 300\n",
	    "conclave epochs 3\naccepted 1\ncurrent 1\nclaim 0x0\n"
	    "lease 300 boot " BOOT "\n",
	};

	(void)state;
	reads(0, 0, 0);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put_text(bad[i]);
		again(NEVER_MS);
		assert_int_equal(read_it(), EPOCH_DAMAGED);
		assert_non_null(strstr(got.why, path));
	}
	put_text("conclave epochs 1\naccepted 9\ncurrent 8\nclaim 0xf\n");
	again(NEVER_MS);
	reads(9, 8, 15);
	put_text("conclave epochs 2\naccepted 9\ncurrent 9\nclaim 0xf\nmembership 1\n");
	again(NEVER_MS);
	reads(9, 9, 15);
}

/* What the release before leases wrote is read, and a promise makes it the new text. */
static void
a_record_of_before_leases(void **state)
{
	struct role_record r = REC(9, 9, 15);
	char file[SLOTS_COUNT * SLOTS_PAGE];

	(void)state;
	reads(0, 0, 0);
	put_text("conclave epochs 2\naccepted 9\ncurrent 9\nclaim 0xf\nmembership 1\n");
	again(NEVER_MS);
	reads(9, 9, 15);
	assert_int_equal(got.record.bound.ms, 0);
	r.instance = got.record.instance;
	r.bound.ms = 300;
	assert_int_equal(write_it(r), 0);
	get_file(path, file, sizeof(file));
	assert_non_null(memmem(file, sizeof(file), "conclave epochs 3\n", 18));
	again(NEVER_MS);
	reads(9, 9, 15);
	assert_int_equal(got.record.bound.ms, 300);
}

/* Nothing is damaged, and nothing needs to be moved: the newer program is to be put back.
 */
static void
a_record_of_a_newer_program(void **state)
{
	(void)state;
	reads(0, 0, 0);
	put_text(TWO("4") "lease 300 boot " BOOT "\nmore 1\n");
	again(NEVER_MS);
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_non_null(strstr(got.why, path));
	assert_non_null(strstr(got.why, "is of version 4, and this program reads the "
	                                "versions 1 to 3"));
	assert_non_null(strstr(got.why, "a newer program"));
	assert_non_null(strstr(got.why, "conclave restart peer"));
	assert_null(strstr(got.why, "move"));
	put_text(TWO("3") "lease 0 boot " BOOT "\n");
	assert_int_equal(read_it(), EPOCH_DAMAGED);
	assert_null(strstr(got.why, "a newer program"));
	assert_non_null(strstr(got.why, "move"));
}

static void
old_files_are_refused(void **state)
{
	static const char *const names[] = {"acceptedEpoch", "currentEpoch", "claim"};
	char old[128];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		snprintf(old, sizeof(old), "%s/%s", folder, names[i]);
		fclose(fopen(old, "w"));
		assert_int_equal(read_it(), EPOCH_DAMAGED);
		assert_non_null(strstr(got.why, old));
		assert_int_not_equal(access(path, F_OK), 0);
		assert_int_equal(unlink(old), 0);
	}
	reads(0, 0, 0);
}

static void
what_cannot_be_used(void **state)
{
	const char *const paths[] = {path, members_path};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(mkdir(paths[i], 0700), 0);
		assert_int_equal(read_it(), -EISDIR);
		assert_non_null(strstr(got.why, paths[i]));
		assert_int_equal(rmdir(paths[i]), 0);
	}
	reads(0, 0, 0);
}

/* Disk full is not disk broken. */
static void
each_error_has_its_remedy(void **state)
{
	static const struct {
		int error;
		const char *words;
	} cases[] = {
	    {ENOSPC, "No space left on device; make room"},
	    {EDQUOT, "make room"},
	    {EROFS, "writable"},
	    {EACCES, "give the user"},
	    {EIO, "repair the disk"},
	};

	(void)state;
	reads(0, 0, 0);
	fails = ENOSPC;
	fail_syncs = 1;
	assert_int_equal(read_it(), -ENOSPC);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		again(NEVER_MS);
		fails = cases[i].error;
		fail_syncs = 1;
		assert_int_equal(read_it(), -cases[i].error);
		assert_non_null(strstr(got.why, path));
		assert_non_null(strstr(got.why, cases[i].words));
		assert_string_equal(epoch_path(epoch), path);
		fail_syncs = after_syncs = 1;
		assert_int_equal(read_it(), -cases[i].error);
		assert_non_null(strstr(got.why, members_path));
		assert_string_equal(epoch_path(epoch), members_path);
		reads(0, 0, 0);
		fail_syncs = 1;
		assert_int_equal(write_it(REC(1 + i, 0, 0)), -cases[i].error);
		assert_string_equal(epoch_path(epoch), path);
		assert_int_equal(write_it(REC(1 + i, 0, 0)), 0);
		assert_int_equal(write_it(REC(0, 0, 0)), 0);
	}
}

static void
a_lock_that_another_holds(void **state)
{
	static const struct epoch_ops ops = {on_read, on_written};
	struct epoch *first = epoch;

	(void)state;
	reads(0, 0, 0);
	assert_int_equal(epoch_new(&epoch, loop, folder, NEVER_MS, &ops, NULL), 0);
	assert_int_equal(read_it(), -EWOULDBLOCK);
	assert_non_null(strstr(got.why, "another peer holds it"));
	epoch_free(epoch);
	epoch = first;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(damage_stops_it),
	    TEST(so_does_that_of_the_membership),
	    TEST(a_text_that_is_no_record),
	    TEST(a_record_of_before_leases),
	    TEST(a_record_of_a_newer_program),
	    TEST(old_files_are_refused),
	    TEST(what_cannot_be_used),
	    TEST(each_error_has_its_remedy),
	    TEST(a_lock_that_another_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
