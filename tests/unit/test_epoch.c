/* The epoch files on a real disk: what epoch_read takes and refuses, and what the thread
 * writes. */
#include "peer/epoch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_epoch.XXXXXX";
static char path_accepted[64];
static char path_current[64];
static unsigned folder_syncs;

/* Takes the place of libc's fsync and counts the syncs of the folder. */
int
fsync(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		folder_syncs++;
	return (int)syscall(SYS_fsync, fd);
}

/* `text` NULL: there is no such file. */
static void
put(const char *path, const char *text)
{
	FILE *f;

	if (!text) {
		assert_true(unlink(path) == 0 || errno == ENOENT);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static const struct {
	const char *accepted;
	const char *current;
	int want;
	int64_t want_accepted;
	int64_t want_current;
} rows[] = {
    {NULL, NULL, 0, EPOCH_NONE, EPOCH_NONE}, /* a fresh server */
    {"0", NULL, 0, 0, EPOCH_NONE},           /* whose first start was cut short */
    {"0\n", "0\n", 0, 0, 0},
    {"7", "7", 0, 7, 7}, /* ZooKeeper writes no line break */
    {"7\n", "3\n", 0, 7, 3},
    {"2147483647\n", "0", 0, INT32_MAX, 0},
    {"00012", "012", 0, 12, 12},
    /* lost files */
    {"1\n", NULL, EPOCH_DAMAGED, 0, 0},
    {NULL, "0\n", EPOCH_DAMAGED, 0, 0},
    {NULL, "5\n", EPOCH_DAMAGED, 0, 0},
    /* damaged ones */
    {"", "0\n", EPOCH_DAMAGED, 0, 0},
    {"\n", "0\n", EPOCH_DAMAGED, 0, 0},
    {"x", "0", EPOCH_DAMAGED, 0, 0},
    {"-1", "0", EPOCH_DAMAGED, 0, 0},
    {"+1", "0", EPOCH_DAMAGED, 0, 0},
    {" 1", "0", EPOCH_DAMAGED, 0, 0},
    {"1 ", "0", EPOCH_DAMAGED, 0, 0},
    {"1\n\n", "0", EPOCH_DAMAGED, 0, 0},
    {"1\n2\n", "0", EPOCH_DAMAGED, 0, 0},
    {"0x10", "0", EPOCH_DAMAGED, 0, 0},
    {"2147483648", "0", EPOCH_DAMAGED, 0, 0},
    {"18446744073709551617", "0", EPOCH_DAMAGED, 0, 0},
    {"7", "junk", EPOCH_DAMAGED, 0, 0},
    {"3", "4", EPOCH_DAMAGED, 0, 0}, /* current above accepted */
    {"000000000000000000000000000000000000000000000000000000000000000000001", "0",
     EPOCH_DAMAGED, 0, 0},
};

static void
reads_or_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t accepted = -7, current = -7;
		char why[512] = "";
		int r;

		put(path_accepted, rows[i].accepted);
		put(path_current, rows[i].current);
		r = epoch_read(folder, &accepted, &current, why, sizeof(why));
		if (r != rows[i].want)
			fail_msg("row %zu: %d (%s)", i, r, why);
		if (r != 0) {
			assert_non_null(
			    strstr(why, folder)); /* says which, and what to do */
			assert_non_null(strstr(why, "write there"));
			assert_int_equal(accepted, -7);
			assert_int_equal(current, -7);
			continue;
		}
		assert_int_equal(accepted, rows[i].want_accepted);
		assert_int_equal(current, rows[i].want_current);
	}
	put(path_accepted, NULL);
	put(path_current, NULL);
}

/* A killed peer may have left a rename that is not on the disk yet: the reader syncs it
 * before it answers with that number. */
static void
what_is_read_is_on_the_disk(void **state)
{
	int64_t accepted, current;
	char why[512];
	unsigned before = folder_syncs;

	(void)state;
	assert_int_equal(epoch_read(folder, &accepted, &current, why, sizeof(why)), 0);
	assert_int_equal(folder_syncs, before + 1);
}

static void
reads_a_claim(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: damaged */
	} claims[] = {
	    {NULL, 0}, /* none was ever made */
	    {"0\n", 0},
	    {"77", 77},
	    {"9223372036854775807\n", INT64_MAX},
	    {"9223372036854775808\n", -1},
	    {"18446744073709551617", -1},
	    {"", -1},
	    {"-1", -1},
	    {"0x1f", -1},
	    {"7 ", -1},
	};
	char path[64];
	char why[512];
	int64_t claim;

	(void)state;
	snprintf(path, sizeof(path), "%s/" EPOCH_CLAIM, folder);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		int r;

		claim = -7;
		put(path, claims[i].text);
		r = epoch_read_claim(folder, &claim, why, sizeof(why));
		if (r != (claims[i].want < 0 ? EPOCH_DAMAGED : 0))
			fail_msg("claim %zu: %d (%s)", i, r, why);
		assert_true(claim == (r ? -7 : claims[i].want));
		assert_true(r == 0 || strstr(why, "conclave claim N"));
	}
	put(path, NULL);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(epoch_read_claim(folder, &claim, why, sizeof(why)), -EISDIR);
	assert_int_equal(rmdir(path), 0);
}

static void
unreadable_is_no_damage(void **state)
{
	int64_t accepted, current;
	char why[512] = "";
	char deep[5000];

	(void)state;
	assert_int_equal(mkdir(path_accepted, 0700), 0);
	assert_int_equal(epoch_read(folder, &accepted, &current, why, sizeof(why)),
	                 -EISDIR);
	assert_non_null(strstr(why, "cannot be read"));
	assert_int_equal(rmdir(path_accepted), 0);
	memset(deep, 'x', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(epoch_read(deep, &accepted, &current, why, sizeof(why)),
	                 -ENAMETOOLONG);
}

struct done {
	unsigned count;
	int error;
};

static void
on_done(void *user, int error)
{
	struct done *d = user;

	d->count++;
	d->error = error;
}

static int
write_and_wait(sd_event *loop, struct epoch_writer *w, struct done *d, const char *where,
               const char *name, int64_t epoch)
{
	unsigned before = d->count;

	assert_false(epoch_writer_busy(w));
	assert_int_equal(epoch_write(w, where, name, epoch), 0);
	assert_true(epoch_writer_busy(w));
	while (d->count == before)
		assert_true(sd_event_run(loop, 10000000) > 0);
	assert_int_equal(d->count, before + 1);
	assert_false(epoch_writer_busy(w));
	return d->error;
}

static void
writes_one_after_the_other(void **state)
{
	struct epoch_writer *w;
	struct done done = {0};
	int64_t accepted, current;
	char why[512];
	char deep[5000];
	sd_event *loop;

	(void)state;
	assert_int_equal(sd_event_new(&loop), 0);
	assert_int_equal(epoch_writer_open(&w, loop, on_done, &done), 0);
	for (int64_t e = 1; e <= 20; e++) {
		assert_int_equal(
		    write_and_wait(loop, w, &done, folder, EPOCH_ACCEPTED, e), 0);
		assert_int_equal(
		    write_and_wait(loop, w, &done, folder, EPOCH_CURRENT, e - 1), 0);
		assert_int_equal(
		    epoch_read(folder, &accepted, &current, why, sizeof(why)), 0);
		assert_int_equal(accepted, e);
		assert_int_equal(current, e - 1);
	}
	/* failures are told, and the old number stays */
	assert_int_equal(write_and_wait(loop, w, &done, "/nonexistent/peer", "x", 1),
	                 -ENOENT);
	assert_int_equal(write_and_wait(loop, w, &done, "/dev/null", EPOCH_ACCEPTED, 1),
	                 -ENOTDIR);
	memset(deep, 'x', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(epoch_write(w, deep, "x", 1), -ENAMETOOLONG);
	assert_false(epoch_writer_busy(w));
	assert_int_equal(epoch_read(folder, &accepted, &current, why, sizeof(why)), 0);
	assert_int_equal(accepted, 20);
	epoch_writer_close(w);
	epoch_writer_close(NULL);
	sd_event_unref(loop);
}

/* A write that was started before the close is finished, and nobody is told. */
static void
closes_behind_a_write(void **state)
{
	struct epoch_writer *w;
	struct done done = {0};
	int64_t accepted, current;
	char why[512];
	sd_event *loop;

	(void)state;
	assert_int_equal(sd_event_new(&loop), 0);
	assert_int_equal(epoch_writer_open(&w, loop, on_done, &done), 0);
	assert_int_equal(epoch_write(w, folder, EPOCH_ACCEPTED, 99), 0);
	epoch_writer_close(w);
	assert_int_equal(done.count, 0);
	assert_int_equal(epoch_read(folder, &accepted, &current, why, sizeof(why)), 0);
	assert_int_equal(accepted, 99);
	sd_event_unref(loop);
}

static int
make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path_accepted, sizeof(path_accepted), "%s/" EPOCH_ACCEPTED, folder);
	snprintf(path_current, sizeof(path_current), "%s/" EPOCH_CURRENT, folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	put(path_accepted, NULL);
	put(path_current, NULL);
	return rmdir(folder); /* nothing else may be left in it */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_or_refuses),
	    cmocka_unit_test(reads_a_claim),
	    cmocka_unit_test(what_is_read_is_on_the_disk),
	    cmocka_unit_test(unreadable_is_no_damage),
	    cmocka_unit_test(writes_one_after_the_other),
	    cmocka_unit_test(closes_behind_a_write),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
