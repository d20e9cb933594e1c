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
	assert_int_equal(unlink(path), 0);
	reads(0, 0, 0);
}

static void
a_text_that_is_no_record(void **state)
{
	static const char *const bad[] = {
	    "x\n",
	    "conclave epochs 2\naccepted 1\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\n",
	    "conclave epochs 1\naccepted 1\ncurrent 2\nclaim 0x0\n",
	    "conclave epochs 1\naccepted -1\ncurrent -1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 2147483648\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 99999999999999999999\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim 0x8000000000000000\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim -0x1\n",
	    "conclave epochs 1\naccepted 01\ncurrent 1\nclaim 0x0\n",
	    "conclave epochs 1\naccepted 1\ncurrent 1\nclaim 0x0\nmore 1\n",
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
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(read_it(), -EISDIR);
	assert_non_null(strstr(got.why, path));
	assert_int_equal(rmdir(path), 0);
	reads(0, 0, 0);
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
	    TEST(damage_stops_it),           TEST(a_text_that_is_no_record),
	    TEST(old_files_are_refused),     TEST(what_cannot_be_used),
	    TEST(a_lock_that_another_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
