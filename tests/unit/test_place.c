/* supervisor/place and supervisor/notify: what conclaved has in run_dir, when somebody
 * takes it away. */
#include "supervisor/notify.h"
#include "supervisor/place.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static const struct apart one_user;
static char folder[32], run_dir[48], data_dir[48], lock_path[96];
static struct place place;
static char error[PLACE_ERROR_MAX];

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
remove_all(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_place.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(run_dir, sizeof(run_dir), "%s/run", folder);
	snprintf(data_dir, sizeof(data_dir), "%s/data", folder);
	snprintf(lock_path, sizeof(lock_path), "%s/conclaved/lock", run_dir);
	return place_take(&place, &one_user, run_dir, data_dir, error);
}

static int
tear_down(void **state)
{
	(void)state;
	close(place.lock_fd);
	remove_all(folder);
	return 0;
}

/* A lock of flock belongs to the open file, so that the same process is kept out too. */
static void
test_second(void **state)
{
	struct place second;
	char pid[32];

	(void)state;
	assert_true(place_is_ours(&place));
	assert_int_equal(place_take(&second, &one_user, run_dir, data_dir, error), 1);
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	assert_non_null(strstr(error, pid));
	/* run_dir is gone, and its lock with it: data_dir is locked still */
	remove_all(run_dir);
	assert_int_equal(place_take(&second, &one_user, run_dir, data_dir, error), 1);
	assert_non_null(strstr(error, data_dir));
	assert_non_null(strstr(error, "; stop it"));
}

/* Another user who can open data_dir could lock it, and no conclaved would start. */
static void
test_locked_by_others(void **state)
{
	struct place second;
	struct stat st;

	(void)state;
	assert_int_equal(chmod(data_dir, 0755), 0);
	assert_int_equal(place_take(&second, &one_user, run_dir, data_dir, error), 1);
	assert_int_equal(stat(data_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
}

static void
test_removed(void **state)
{
	struct stat st;

	(void)state;
	remove_all(run_dir);
	assert_false(place_is_ours(&place));
	assert_int_equal(place_renew(&place, error), 0);
	assert_true(place_is_ours(&place));
	assert_int_equal(stat(lock_path, &st), 0);
	/* a file of the same name is not the same file */
	assert_int_equal(unlink(lock_path), 0);
	close(open(lock_path, O_CREAT | O_RDWR, 0600));
	assert_false(place_is_ours(&place));
	assert_int_equal(place_renew(&place, error), 0);
	assert_true(place_is_ours(&place));
}

/* Another conclaved has made run_dir anew: it is not ours, and is not taken. */
static void
test_taken_by_another(void **state)
{
	struct place other;
	char other_data[48];

	(void)state;
	remove_all(run_dir);
	snprintf(other_data, sizeof(other_data), "%s/data2", folder);
	assert_int_equal(place_take(&other, &one_user, run_dir, other_data, error), 0);
	assert_false(place_is_ours(&place));
	assert_int_equal(place_renew(&place, error), 1);
	assert_non_null(strstr(error, run_dir));
	assert_false(place_is_ours(&place));
	assert_true(place_is_ours(&other));
	close(other.lock_fd);
}

static void
test_unusable(void **state)
{
	(void)state;
	remove_all(run_dir);
	close(open(run_dir, O_CREAT | O_RDWR, 0600));
	assert_true(place_renew(&place, error) < 0);
	assert_non_null(strstr(error, run_dir));
	assert_false(place_is_ours(&place));
}

/* The copy of the configuration is written once: a full run_dir takes no second one. */
static void
test_config(void **state)
{
	static struct conf conf;
	char path[CONF_PATH_MAX];
	struct stat made, later;

	(void)state;
	strcpy(conf.run_dir, run_dir);
	strcpy(conf.data_dir, data_dir);
	conf.server_count = 1;
	conf.log_level = 6;
	assert_int_equal(place_config(&one_user, &conf, path, sizeof(path)), 0);
	assert_int_equal(stat(path, &made), 0);
	assert_int_equal(place_config(&one_user, &conf, path, sizeof(path)), 0);
	assert_int_equal(stat(path, &later), 0);
	assert_int_equal(made.st_ino, later.st_ino);
	conf.log_level = 7;
	assert_int_equal(place_config(&one_user, &conf, path, sizeof(path)), 0);
	assert_int_equal(stat(path, &later), 0);
	assert_int_not_equal(made.st_ino, later.st_ino);
}

static char heard[CHILD_STATUS_MAX];

static int
on_notice(void *user, pid_t pid, const struct child_notice *n, int fd)
{
	assert_ptr_equal(user, folder);
	assert_int_equal(pid, getpid());
	assert_int_equal(fd, -1);
	snprintf(heard, sizeof(heard), "%s", n->status);
	return 0;
}

static int
dial(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(to.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
say(sd_event *loop, int fd, const char *status)
{
	char text[80];
	int len = snprintf(text, sizeof(text), "STATUS=%s", status);

	assert_int_equal(send(fd, text, (size_t)len, 0), len);
	for (unsigned i = 0; i < 100 && strcmp(heard, status) != 0; i++)
		assert_true(sd_event_run(loop, 100000) >= 0);
	assert_string_equal(heard, status);
}

/* The children of before are connected to a socket that has no path any more. */
static void
test_notify(void **state)
{
	struct notify *n;
	struct stat st;
	sd_event *loop;
	char path[64];
	int old, young;

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", folder);
	assert_int_equal(sd_event_new(&loop), 0);
	assert_int_equal(notify_open(&n, loop, path, on_notice, folder), 0);
	assert_true(notify_is_there(n));
	old = dial(path);
	say(loop, old, "one");
	assert_int_equal(unlink(path), 0);
	assert_false(notify_is_there(n));
	assert_int_equal(notify_renew(n), 0);
	assert_true(notify_is_there(n));
	young = dial(path);
	say(loop, young, "two");
	say(loop, old, "three");
	/* what a successor has there is left alone */
	assert_int_equal(unlink(path), 0);
	close(open(path, O_CREAT | O_RDWR, 0600));
	notify_close(n);
	assert_int_equal(stat(path, &st), 0);
	close(old);
	close(young);
	sd_event_unref(loop);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_second),           TEST(test_locked_by_others), TEST(test_removed),
	    TEST(test_taken_by_another), TEST(test_unusable),         TEST(test_config),
	    TEST(test_notify),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
