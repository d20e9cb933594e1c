/* base/file: folders, small files and the lock of a daemon. */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

/* The path of a name in the folder of this test. */
static const char *
at(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", folder, name);
	return path;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void
test_make_dir(void **state)
{
	char too_long[PATH_MAX + 1];

	(void)state;
	umask(077);
	assert_int_equal(file_make_dir(at("a/b/c")), 0);
	assert_int_equal(mode_of(at("a")), 0755);
	assert_int_equal(mode_of(at("a/b")), 0755);
	assert_int_equal(mode_of(at("a/b/c")), 0700);
	assert_int_equal(file_make_dir(at("a/b/c")), 0);
	assert_int_equal(file_make_dir(at("a//b/d//")), 0);
	assert_int_equal(mode_of(at("a/b/d")), 0700);
	assert_int_equal(file_make_dir(at("a/b")), 0); /* 0755 is ours alone to write */
	assert_int_equal(mode_of(at("a/b")), 0755);
	assert_int_equal(chmod(at("a/b/d"), 0770), 0);
	assert_int_equal(file_make_dir(at("a/b/d")), -EPERM);
	assert_int_equal(close(open(at("file"), O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_equal(file_make_dir(at("file")), -ENOTDIR);
	assert_int_equal(file_make_dir(at("file/x")), -ENOTDIR);
	assert_int_equal(symlink(at("a/b/c"), at("link")), 0);
	assert_true(file_make_dir(at("link")) < 0);
	assert_int_equal(file_make_dir(""), -ENOENT);
	memset(too_long, 'x', PATH_MAX);
	too_long[PATH_MAX] = '\0';
	assert_int_equal(file_make_dir(too_long), -ENAMETOOLONG);
	assert_int_equal(file_make_dir("/"), geteuid() == 0 ? 0 : -EPERM);
}

static void
test_make_dir_of_others(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	assert_int_equal(mkdir(at("theirs"), 0700), 0);
	assert_int_equal(chown(at("theirs"), 12345, 12345), 0);
	assert_int_equal(file_make_dir(at("theirs")), -EPERM);
	assert_int_equal(rmdir(at("theirs")), 0);
}

static void
test_write_and_read(void **state)
{
	char text[64];
	size_t len = 0;

	(void)state;
	for (int sync = 0; sync < 2; sync++) {
		assert_int_equal(file_write(at("epoch"), "17\n", 3, sync), 0);
		assert_int_equal(file_read(at("epoch"), text, sizeof(text), &len), 0);
		assert_int_equal(len, 3);
		assert_string_equal(text, "17\n");
		assert_int_equal(mode_of(at("epoch")), 0600);
		assert_int_equal(access(at("epoch.new"), F_OK), -1);
		/* anew, and over what a crash has left */
		assert_int_equal(symlink(at("nowhere"), at("epoch.new")), 0);
		assert_int_equal(file_write(at("epoch"), "", 0, sync), 0);
		assert_int_equal(file_read(at("epoch"), text, sizeof(text), &len), 0);
		assert_int_equal(len, 0);
		assert_int_equal(access(at("nowhere"), F_OK), -1);
	}
	/* in the folder where one is */
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(file_write("here", "x", 1, true), 0);
	assert_int_equal(access(at("here"), F_OK), 0);
	assert_int_equal(chdir("/"), 0);
}

static void
test_read_bounds(void **state)
{
	char text[4];
	size_t len = 99;

	(void)state;
	assert_int_equal(file_write(at("three"), "abc", 3, false), 0);
	assert_int_equal(file_read(at("three"), text, 4, &len), 0);
	assert_string_equal(text, "abc");
	len = 99;
	assert_int_equal(file_read(at("three"), text, 3, &len), -EFBIG);
	assert_int_equal(len, 99);
	assert_int_equal(file_read(at("none"), text, 4, &len), -ENOENT);
	assert_int_equal(file_read(folder, text, 4, &len), -EISDIR);
}

/* Whatever goes wrong, the old content stays and nothing is left behind. */
static void
test_write_fails(void **state)
{
	char too_long[PATH_MAX + 1];
	char text[8];
	size_t len;

	(void)state;
	assert_int_equal(file_write(at("none/x"), "1", 1, true), -ENOENT);
	assert_int_equal(mkdir(at("taken"), 0700), 0);
	assert_int_equal(file_write(at("taken"), "1", 1, true), -EISDIR);
	assert_int_equal(access(at("taken.new"), F_OK), -1);
	assert_int_equal(file_write(at("kept"), "old", 3, true), 0);
	assert_int_equal(mkdir(at("kept.new"), 0700), 0);
	assert_int_equal(file_write(at("kept"), "new", 3, true), -EISDIR);
	assert_int_equal(file_read(at("kept"), text, sizeof(text), &len), 0);
	assert_string_equal(text, "old");
	memset(too_long, 'x', PATH_MAX);
	too_long[PATH_MAX] = '\0';
	assert_int_equal(file_write(too_long, "1", 1, false), -ENAMETOOLONG);
}

/* The same two files change places: nothing is asked for but the first time. */
static void
test_write_spare(void **state)
{
	static const char *const texts[] = {"one", "two and more", "3", ""};
	struct stat st;
	ino_t inodes[2];
	char text[64];
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		const char *want = texts[i % 4];

		assert_int_equal(file_write_spare(at("s"), want, strlen(want)), 0);
		assert_int_equal(file_read(at("s"), text, sizeof(text), &len), 0);
		assert_string_equal(text, want);
		assert_int_equal(mode_of(at("s")), 0640);
		assert_int_equal(stat(at("s"), &st), 0);
		if (i >= 2)
			assert_int_equal(st.st_ino, inodes[i % 2]);
		inodes[i % 2] = st.st_ino;
	}
	assert_int_not_equal(inodes[0], inodes[1]);
	/* what cannot be written leaves the old one */
	assert_int_equal(unlink(at("s.new")), 0);
	assert_int_equal(mkdir(at("s.new"), 0700), 0);
	assert_int_equal(file_write_spare(at("s"), "x", 1), -EISDIR);
	assert_int_equal(file_read(at("s"), text, sizeof(text), &len), 0);
	assert_string_equal(text, "");
}

static void
test_lock(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(file_lock(at("lock")), 0);
	assert_int_equal(file_lock(at("lock")), -EWOULDBLOCK);
	assert_int_equal(file_lock(at("no/lock")), -ENOENT);
	/* kept until exit, and no longer */
	pid = fork();
	if (pid == 0)
		_exit(file_lock(at("other")) != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(file_lock(at("other")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_make_dir),
	    cmocka_unit_test(test_make_dir_of_others),
	    cmocka_unit_test(test_write_and_read),
	    cmocka_unit_test(test_read_bounds),
	    cmocka_unit_test(test_write_fails),
	    cmocka_unit_test(test_write_spare),
	    cmocka_unit_test(test_lock),
	};
	char command[128];
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/test_file.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (system(command) != 0)
		return 1;
	return failed != 0;
}
