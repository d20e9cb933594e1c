/* The tests of peer/epoch share this: a record on a real disk. The calls below take the
 * place of libc's; they note what is written and synced, and fail when they are told to.
 */
#ifndef TESTS_UNIT_EPOCH_KIT_H
#define TESTS_UNIT_EPOCH_KIT_H

#include "base/slots_file.h"
#include "peer/epoch.h"

#include <errno.h>
#include <fcntl.h>
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

#define MIRROR_MS   20
#define NEVER_MS    1000000
#define PATIENCE_US 20000000
#define REC(a, c, n)                                                                     \
	(struct role_record)                                                             \
	{                                                                                \
		.accepted = a, .current = c, .claim = n                                  \
	}

static char folder[64];
static char path[96];
static sd_event *loop;
static struct epoch *epoch;

/* What was called, as "w0 s " for a write of slot 0 and a sync; it grows in the thread.
 */
static char calls[4096];
static char blocks_written[64][SLOTS_PAGE];
static unsigned block_count;
static int fail_syncs;      /* so many fail */
static bool fail_folder;    /* the sync of the folder does */
static char *volatile hang; /* while there is this file, no sync returns */

static inline void
note(const char *what)
{
	/* nothing here waits for a disk in the loop */
	assert_int_not_equal(syscall(SYS_gettid), getpid());
	strcat(calls, what);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	note(at == 0 ? "w0 " : "w1 ");
	memcpy(blocks_written[block_count++ % 64], data, SLOTS_PAGE);
	return syscall(SYS_pwrite64, fd, data, len, at);
}

int
fdatasync(int fd)
{
	while (hang && access(hang, F_OK) == 0)
		usleep(1000);
	note("s ");
	if (fail_syncs > 0) {
		fail_syncs--;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	struct stat st;

	note("");
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && fail_folder) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
syncfs(int fd)
{
	(void)fd;
	note("");
	return 0;
}

/* ---- the answers ---- */

static struct {
	unsigned reads;
	unsigned writes;
	int result;
	struct role_record record;
	char why[8192];
} got;

static inline void
on_read(void *user, int result, const struct role_record *record, const char *why)
{
	(void)user;
	got.reads++;
	got.result = result;
	got.record = *record;
	snprintf(got.why, sizeof(got.why), "%s", result == 0 ? "" : why);
}

static inline void
on_written(void *user, int error)
{
	(void)user;
	got.writes++;
	got.result = error;
}

static inline void
turn(void)
{
	assert_true(sd_event_run(loop, PATIENCE_US) > 0);
}

static inline void
open_epoch(uint32_t mirror_ms)
{
	static const struct epoch_ops ops = {on_read, on_written};
	char lock[96];

	snprintf(lock, sizeof(lock), "%s/lock", folder);
	unlink(lock); /* the lock that this process got for the last one stays with it */
	assert_int_equal(epoch_new(&epoch, loop, folder, mirror_ms, &ops, NULL), 0);
}

static inline int
read_it(void)
{
	unsigned before = got.reads;

	epoch_read(epoch);
	assert_true(epoch_busy(epoch));
	while (got.reads == before)
		turn();
	assert_false(epoch_busy(epoch));
	return got.result;
}

static inline void
reads(int64_t accepted, int64_t current, int64_t claim)
{
	assert_int_equal(read_it(), 0);
	assert_int_equal(got.record.accepted, accepted);
	assert_int_equal(got.record.current, current);
	assert_true(got.record.claim == claim);
}

static inline int
write_it(struct role_record r)
{
	unsigned before = got.writes;

	epoch_write(epoch, &r);
	while (got.writes == before)
		turn();
	return got.result;
}

static inline void
again(uint32_t mirror_ms)
{
	epoch_free(epoch);
	open_epoch(mirror_ms);
	calls[0] = '\0';
}

/* ---- the file, past the functions that are tested ---- */

static inline void
get_slot(unsigned slot, char block[SLOTS_PAGE])
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	assert_int_equal(fseek(f, (long)(slot * SLOTS_PAGE), SEEK_SET), 0);
	assert_int_equal(fread(block, 1, SLOTS_PAGE, f), SLOTS_PAGE);
	fclose(f);
}

static inline void
put_slot(unsigned slot, const char block[SLOTS_PAGE])
{
	FILE *f = fopen(path, "r+");

	assert_non_null(f);
	assert_int_equal(fseek(f, (long)(slot * SLOTS_PAGE), SEEK_SET), 0);
	assert_int_equal(fwrite(block, 1, SLOTS_PAGE, f), SLOTS_PAGE);
	assert_int_equal(fclose(f), 0);
}

static inline void
spoil(unsigned slot)
{
	char block[SLOTS_PAGE];

	memset(block, 0, sizeof(block));
	put_slot(slot, block);
}

static inline void
put_text(const char *text)
{
	char block[SLOTS_PAGE];

	assert_true(slots_encode(block, SLOTS_PAGE, 7, text, strlen(text)));
	put_slot(0, block);
	put_slot(1, block);
}

static inline bool
are_equal(void)
{
	char a[SLOTS_PAGE], b[SLOTS_PAGE];

	get_slot(0, a);
	get_slot(1, b);
	return memcmp(a, b, SLOTS_PAGE) == 0;
}

static inline int
set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_epoch.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/" EPOCH_FILE, folder);
	calls[0] = '\0';
	memset(&got, 0, sizeof(got));
	fail_syncs = 0;
	if (sd_event_new(&loop) < 0)
		return -1;
	open_epoch(NEVER_MS);
	return 0;
}

static inline int
tear_down(void **state)
{
	char command[128];

	(void)state;
	epoch_free(epoch);
	sd_event_unref(loop);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
