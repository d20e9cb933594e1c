/* base/file: what is synced, and in which order. fsync, rename and unlink are ours here:
 * they note what they are asked for, and can fail. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[PATH_MAX];
static char calls[1024];        /* a word for each call */
static const char *failing;     /* the sync of this name fails */
static const char *put_between; /* a file that appears behind an unlink */

/* The last part of a path. */
static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void
note(const char *verb, const char *path)
{
	size_t used = strlen(calls);

	snprintf(calls + used, sizeof(calls) - used, "%s %s; ", verb, name_of(path));
}

int
fsync(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	note("sync", path);
	if (failing && strcmp(name_of(path), failing) == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	note("rename", to);
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	int r = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	int error = errno;

	if (put_between)
		close(open(put_between, O_CREAT | O_WRONLY | O_CLOEXEC, 0666));
	errno = error;
	return r;
}

static const char *
at(const char *name)
{
	static char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
expect_content(const char *text)
{
	char content[64];
	size_t len;

	assert_int_equal(file_read(at("epoch"), content, sizeof(content), &len), 0);
	assert_string_equal(content, text);
}

static int
begin(void **state)
{
	(void)state;
	calls[0] = '\0';
	failing = put_between = NULL;
	snprintf(folder, sizeof(folder), "/tmp/conclave-sync-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int
end(void **state)
{
	char command[PATH_MAX + 16];

	(void)state;
	failing = put_between = NULL;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

/* First the bytes, then the name, then the folder that has the name. */
static void
test_order(void **state)
{
	char expected[PATH_MAX + 64];

	(void)state;
	assert_int_equal(file_write(at("epoch"), "1\n", 2, true), 0);
	snprintf(expected, sizeof(expected), "sync epoch.new; rename epoch; sync %s; ",
	         name_of(folder));
	assert_string_equal(calls, expected);
	expect_content("1\n");
	calls[0] = '\0';
	assert_int_equal(file_write(at("epoch"), "2\n", 2, false), 0);
	assert_string_equal(calls, "rename epoch; ");
	expect_content("2\n");
}

static void
test_file_fails(void **state)
{
	(void)state;
	assert_int_equal(file_write(at("epoch"), "1\n", 2, true), 0);
	failing = "epoch.new";
	calls[0] = '\0';
	assert_int_equal(file_write(at("epoch"), "2\n", 2, true), -EIO);
	assert_string_equal(calls, "sync epoch.new; ");
	expect_content("1\n");
	assert_int_equal(access(at("epoch.new"), F_OK), -1);
}

static void
test_folder_fails(void **state)
{
	(void)state;
	failing = name_of(folder);
	assert_int_equal(file_write(at("epoch"), "1\n", 2, true), -EIO);
	assert_int_equal(file_sync_dir(folder), -EIO);
}

/* Somebody puts a file into the place of the new one while we make it. */
static void
test_not_ours(void **state)
{
	char path[PATH_MAX + 16];

	(void)state;
	snprintf(path, sizeof(path), "%s", at("epoch.new"));
	put_between = path;
	assert_int_equal(file_write_new(path, "1\n", 2, true), -EEXIST);
	assert_int_equal(file_write(at("epoch"), "1\n", 2, true), -EEXIST);
	assert_string_equal(calls, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_order, begin, end),
	    cmocka_unit_test_setup_teardown(test_file_fails, begin, end),
	    cmocka_unit_test_setup_teardown(test_folder_fails, begin, end),
	    cmocka_unit_test_setup_teardown(test_not_ours, begin, end),
	};

	return cmocka_run_group_tests_name("file_sync", tests, NULL, NULL);
}
