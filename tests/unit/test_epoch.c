/* The peer's record: what is written and synced when, and that the thread does it. */
#include "tests/unit/epoch_kit.h"

static void
a_first_start(void **state)
{
	char file[SLOTS_COUNT * SLOTS_PAGE];
	static const char want[] =
	    "conclave epochs 2\naccepted 0\ncurrent 0\nclaim 0x0\nmembership 1\n";

	(void)state;
	again(MIRROR_MS);
	reads(0, 0, 0);
	while (!are_equal())
		turn();
	get_file(path, file, sizeof(file));
	assert_memory_equal(strstr(file, "conclave"), want, strlen(want));
	again(NEVER_MS);
	reads(0, 0, 0);
}

static void
what_is_written_is_read(void **state)
{
	(void)state;
	reads(0, 0, 0);
	assert_int_equal(write_it(REC(1, 0, 0)), 0);
	again(NEVER_MS);
	reads(1, 0, 0);
	assert_int_equal(write_it(REC(1, 1, 0)), 0);
	assert_int_equal(write_it(REC(INT32_MAX, 1, INT64_MAX)), 0);
	reads(INT32_MAX, 1, INT64_MAX); /* the same process becomes active again */
	again(NEVER_MS);
	reads(INT32_MAX, 1, INT64_MAX);
}

/* The longest lease (R6 b) is in the text from the first one on; a server that never
 * promised one has the text of programs without leases. */
static void
a_lease_is_kept(void **state)
{
	struct role_record r = REC(5, 4, 3);
	char file[SLOTS_COUNT * SLOTS_PAGE];

	(void)state;
	reads(0, 0, 0);
	assert_int_equal(got.record.bound.ms, 0);
	assert_int_equal(write_it(r), 0);
	get_file(path, file, sizeof(file));
	assert_null(memmem(file, sizeof(file), "lease", strlen("lease")));
	r.bound.ms = UINT32_MAX;
	for (unsigned i = 0; i < ROLE_BOOT_LEN; i++)
		r.bound.boot[i] = (unsigned char)(0xf8 + i);
	calls[0] = '\0';
	assert_int_equal(write_it(r), 0);
	assert_string_equal(calls, "w1 s "); /* `epochs` alone */
	again(NEVER_MS);
	reads(5, 4, 3);
	assert_int_equal(got.record.bound.ms, UINT32_MAX);
	assert_memory_equal(got.record.bound.boot, r.bound.boot, ROLE_BOOT_LEN);
	assert_int_equal(write_it(REC(5, 4, 3)), 0); /* none again: the old text */
	again(NEVER_MS);
	reads(5, 4, 3);
	assert_int_equal(got.record.bound.ms, 0);
	get_file(path, file, sizeof(file));
	assert_non_null(strstr(file, "conclave epochs 2\n"));
}

/* One write and one sync each, by turns; nothing for what is there already. */
static void
one_sync_each(void **state)
{
	(void)state;
	reads(0, 0, 0);
	calls[0] = '\0';
	for (int i = 1; i <= 4; i++)
		assert_int_equal(write_it(REC(i, 0, 0)), 0);
	assert_string_equal(calls, "w0 s w1 s w0 s w1 s ");
	assert_int_equal(write_it(REC(4, 0, 0)), 0);
	assert_int_equal(sd_event_run(loop, 1000 * MIRROR_MS), 0); /* no mirror yet */
	assert_string_equal(calls, "w0 s w1 s w0 s w1 s ");
}

/* (d): what a start reads is written again where it is, before it counts. */
static void
a_start_makes_sure(void **state)
{
	(void)state;
	reads(0, 0, 0);
	assert_int_equal(write_it(REC(1, 0, 0)), 0);
	again(NEVER_MS);
	reads(1, 0, 0);
	assert_string_equal(calls, "w0 s m0 s ");
	again(NEVER_MS);
	fail_syncs = 1;
	assert_int_equal(read_it(), -EIO);
	assert_non_null(strstr(got.why, path));
	fail_syncs = after_syncs = 1;
	assert_int_equal(read_it(), -EIO);
	assert_non_null(strstr(got.why, members_path));
	reads(1, 0, 0);
	again(NEVER_MS);
	fail_folder = true;
	assert_int_equal(read_it(), -EIO);
	fail_folder = false;
	reads(1, 0, 0);
}

/* (c) */
static void
a_failed_sync_is_written_again(void **state)
{
	unsigned first;

	(void)state;
	reads(0, 0, 0);
	calls[0] = '\0';
	first = block_count;
	fail_syncs = 2;
	assert_int_equal(write_it(REC(5, 0, 0)), -EIO);
	assert_int_equal(write_it(REC(5, 0, 0)), -EIO);
	assert_int_equal(write_it(REC(5, 0, 0)), 0);
	assert_string_equal(calls, "w0 s w0 s w0 s ");
	assert_memory_equal(blocks_written[first], blocks_written[first + 1], SLOTS_PAGE);
	assert_memory_equal(blocks_written[first], blocks_written[first + 2], SLOTS_PAGE);
	calls[0] = '\0';
	first = block_count;
	fail_syncs = 1;
	assert_int_equal(write_it(REC(6, 0, 9)), -EIO);
	assert_int_equal(write_it(REC(6, 0, 0)), 0); /* another one */
	assert_string_equal(calls, "w1 s w1 s w0 s ");
	assert_memory_equal(blocks_written[first], blocks_written[first + 1], SLOTS_PAGE);
	again(NEVER_MS);
	reads(6, 0, 0);
}

/* (e) */
static void
the_mirror_comes_when_nothing_is_wanted(void **state)
{
	(void)state;
	again(MIRROR_MS);
	reads(0, 0, 0);
	while (!are_equal())
		turn();
	calls[0] = '\0';
	for (int i = 1; i <= 3; i++)
		assert_int_equal(write_it(REC(i, 0, 0)), 0);
	while (strlen(calls) < strlen("w0 s w1 s w0 s w1 s "))
		turn();
	assert_true(are_equal());
	assert_int_equal(write_it(REC(4, 0, 0)), 0);
	calls[0] = '\0';
	fail_syncs = 1; /* of the mirror, which is then written again */
	while (strlen(calls) < strlen("w0 s w0 s "))
		turn();
	assert_true(are_equal());
	for (unsigned slot = 0; slot < SLOTS_COUNT; slot++) {
		spoil(slot);
		again(MIRROR_MS);
		reads(4, 0, 0);
		while (!are_equal())
			turn();
	}
}

static void
a_write_waits_for_a_mirror(void **state)
{
	char flag[96];

	(void)state;
	snprintf(flag, sizeof(flag), "%s/hang", folder);
	again(MIRROR_MS);
	reads(0, 0, 0);
	while (!are_equal())
		turn();
	calls[0] = '\0';
	assert_int_equal(write_it(REC(1, 0, 0)), 0);
	fclose(fopen(flag, "w"));
	hang = flag;
	while (!strstr(calls, "w1 "))
		assert_true(sd_event_run(loop, 1000) >= 0);
	begin_write(REC(2, 0, 0));
	assert_true(epoch_busy(epoch));
	unlink(flag);
	while (got.writes == 1)
		turn();
	hang = NULL;
	assert_int_equal(got.result, 0);
	/* never the slot of the old value */
	assert_string_equal(calls, "w0 s w1 s w1 s ");
}

static void
an_end_waits_for_no_disk(void **state)
{
	char flag[96];

	(void)state;
	reads(0, 0, 0);
	snprintf(flag, sizeof(flag), "%s/hang", folder);
	fclose(fopen(flag, "w"));
	hang = flag;
	calls[0] = '\0';
	begin_write(REC(1, 0, 0));
	while (!strstr(calls, "w0 "))
		usleep(1000);
	epoch_free(epoch); /* leaves it to the end of the process */
	unlink(flag);
	while (!strstr(calls, "s "))
		usleep(1000);
	hang = NULL;
	open_epoch(NEVER_MS);
	reads(1, 0, 0);
	assert_int_equal(got.writes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_first_start),
	    TEST(what_is_written_is_read),
	    TEST(a_lease_is_kept),
	    TEST(one_sync_each),
	    TEST(a_start_makes_sure),
	    TEST(a_failed_sync_is_written_again),
	    TEST(the_mirror_comes_when_nothing_is_wanted),
	    TEST(a_write_waits_for_a_mirror),
	    TEST(an_end_waits_for_no_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
