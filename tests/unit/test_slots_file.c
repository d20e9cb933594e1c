/* The file of a record with two slots: that each sync happens, in its order, and that its
 * error is used. The calls below take the place of libc's, write a line of what was
 * asked, and fail when they are told to. */
#include "base/slots_file.h"

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

#define BODY "value 1\n"
#define SIZE (16 * SLOTS_PAGE)

static char folder[] = "/tmp/test_slots_file.XXXXXX";
static char path[64];
static char calls[1024];
static char room[SLOTS_COUNT * SIZE];
static const char *fails = ""; /* the call that does */
static unsigned short_writes;  /* how many write one byte only */

static int
call(const char *what)
{
	strcat(strcat(calls, what), " ");
	if (strcmp(what, fails) != 0)
		return 0;
	errno = EIO;
	return -1;
}

int
fsync(int fd)
{
	struct stat st;
	bool is_folder = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

	if (call(is_folder ? "sync-folder" : "sync-file") < 0)
		return -1;
	return (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	if (call("sync") < 0)
		return -1;
	return (int)syscall(SYS_fdatasync, fd);
}

int
syncfs(int fd)
{
	(void)fd;
	return call("sync-all");
}

int
rename(const char *from, const char *to)
{
	if (call("rename") < 0)
		return -1;
	return (int)syscall(SYS_rename, from, to);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (call(at < SIZE ? "write-0" : "write-1") < 0)
		return -1;
	if (short_writes > 0) {
		short_writes--;
		len = 1;
	}
	return syscall(SYS_pwrite64, fd, data, len, at);
}

ssize_t
pread(int fd, void *data, size_t len, off_t at)
{
	if (strcmp(fails, "read") == 0 ||
	    strcmp(fails, at < SIZE ? "read-0" : "read-1") == 0) {
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, data, len, at);
}

static void
begin(const char *failing)
{
	calls[0] = '\0';
	fails = failing;
}

static int
make(const char *failing)
{
	begin(failing);
	return slots_file_make(path, SIZE, room, BODY, strlen(BODY));
}

static bool
exists(void)
{
	return access(path, F_OK) == 0;
}

static bool
is_value(const char block[SIZE], uint64_t count)
{
	const char *body;
	uint64_t found;
	size_t len;

	return slots_decode(block, SIZE, &found, &body, &len) && found == count;
}

static void
made_with_every_byte(void **state)
{
	static char blocks[SLOTS_COUNT][SIZE];
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(make(""), 0);
	assert_string_equal(calls, "sync-file sync-all rename sync-folder ");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, sizeof(blocks));
	assert_true(st.st_blocks * 512 >= st.st_size); /* no holes */
	assert_int_equal(st.st_mode & 0777, 0600);
	begin("");
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), 0);
	assert_string_equal(calls, "sync-folder ");
	assert_true(is_value(blocks[0], 1) && is_value(blocks[1], 1));
	slots_file_close(fd);
}

/* Where a sync fails there is no file, or one that the next start reads and syncs. */
static void
made_or_not(void **state)
{
	static const char *const before[] = {"sync-file", "sync-all", "rename"};
	static char blocks[SLOTS_COUNT][SIZE];
	char fresh[80];
	int fd;

	(void)state;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(make(before[i]), -EIO);
		assert_false(exists());
		assert_int_not_equal(access(fresh, F_OK), 0);
		assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]),
		                 SLOTS_FILE_NONE);
	}
	assert_int_equal(make("sync-folder"), -EIO);
	assert_true(exists());
	assert_int_equal(make(""), 0);
	assert_int_equal(slots_file_make("x", SIZE, room, BODY, strlen(BODY)), -EINVAL);
	assert_int_equal(slots_file_make(path, SIZE, room, "x", 1), -EINVAL);
}

static void
opened_only_with_a_synced_name(void **state)
{
	static char blocks[SLOTS_COUNT][SIZE];
	int fd = -7;

	(void)state;
	assert_int_equal(make(""), 0);
	begin("sync-folder");
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), -EIO);
	assert_int_equal(fd, -7);
}

static void
a_slot_that_cannot_be_read(void **state)
{
	static char blocks[SLOTS_COUNT][SIZE];
	int fd;

	(void)state;
	assert_int_equal(make(""), 0);
	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		begin(i == 0 ? "read-0" : "read-1");
		assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), 0);
		assert_false(is_value(blocks[i], 1));
		assert_true(is_value(blocks[1 - i], 1));
		slots_file_close(fd);
	}
	begin("read");
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), -EIO);
	begin("");
	assert_int_equal(truncate(path, SIZE + 100), 0);
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), 0);
	assert_true(is_value(blocks[0], 1));
	assert_false(is_value(blocks[1], 1));
	slots_file_close(fd);
}

static void
no_regular_file(void **state)
{
	static char blocks[SLOTS_COUNT][SIZE];
	int fd;

	(void)state;
	begin("");
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), -EISDIR);
	assert_int_equal(rmdir(path), 0);
}

static void
written_and_synced(void **state)
{
	static char blocks[SLOTS_COUNT][SIZE], block[SIZE];
	struct slots_write w = {1, SIZE, block};
	int fd;

	(void)state;
	assert_int_equal(make(""), 0);
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), 0);
	assert_true(slots_encode(block, SIZE, 2, "value 2\n", 8));
	begin("");
	assert_int_equal(slots_file_write(fd, &w), 0);
	assert_string_equal(calls, "write-1 sync ");
	begin("");
	w.slot = 0;
	short_writes = 2;
	assert_int_equal(slots_file_write(fd, &w), 0);
	assert_string_equal(calls, "write-0 write-0 write-0 sync ");
	slots_file_close(fd);
	assert_int_equal(slots_file_open(path, SIZE, &fd, blocks[0]), 0);
	assert_true(is_value(blocks[0], 2) && is_value(blocks[1], 2));
	begin("write-0");
	assert_int_equal(slots_file_write(fd, &w), -EIO);
	assert_string_equal(calls, "write-0 ");
	begin("sync");
	assert_int_equal(slots_file_write(fd, &w), -EIO);
	slots_file_close(fd);
}

static void
removed_once(void **state)
{
	(void)state;
	assert_int_equal(make(""), 0);
	assert_int_equal(slots_file_remove(path), 0);
	assert_false(exists());
	assert_int_equal(slots_file_remove(path), SLOTS_FILE_NONE);
	assert_int_equal(slots_file_remove(folder), -EISDIR);
}

static int
set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/record", folder);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int
clear(void **state)
{
	(void)state;
	return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(made_with_every_byte),
	    TEST(made_or_not),
	    TEST(opened_only_with_a_synced_name),
	    TEST(a_slot_that_cannot_be_read),
	    TEST(no_regular_file),
	    TEST(written_and_synced),
	    TEST(removed_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
