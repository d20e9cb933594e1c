/* The copy of connmgr's record in data_dir (connmgr/copy.h), with both transports of a
 * link: when it is written, and what is made of it when run_dir is lost. */
#include "base/file.h"
#include "connmgr/copy.h"
#include "tests/unit/connmgr_swap_kit.h"

#include <limits.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int fsync(int fd);

/* What was synced below data_dir: files and folders. */
static _Atomic unsigned file_syncs, folder_syncs;
static _Atomic int sync_error;

int
fsync(int fd)
{
	char link[64], path[PATH_MAX] = "";
	struct stat st;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) < 0 || fstat(fd, &st) < 0)
		return -1;
	if (strstr(path, "/data/")) {
		if (sync_error) {
			errno = sync_error;
			return -1;
		}
		if (S_ISDIR(st.st_mode))
			folder_syncs++;
		else
			file_syncs++;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* A promotion and an acceptance are on the disk when they are answered. */
static void
synced_before_the_answer(void **state)
{
	static const char *const requests[] = {"promote forward b", "accept b"};

	(void)state;
	attach_candidate();
	expect_copy("main", true);
	for (size_t i = 0; i < 2; i++) {
		UNTIL((json_decref(ask("status")), true) && file_syncs == folder_syncs);
		file_syncs = folder_syncs = 0;
		assert_ok(requests[i]);
		assert_true(file_syncs > 0 && folder_syncs > 0);
	}
	assert_record(2, "b", "main", true);
}

/* What may not be on the disk is not done. */
static void
a_sync_that_fails(void **state)
{
	(void)state;
	attach_candidate();
	expect_copy("main", true);
	sync_error = EIO;
	assert_refused("promote forward b");
	assert_int_equal(other.heard.activations, 0);
	sync_error = 0;
	UNTIL(!says("cannot be written"));
	assert_ok("promote forward b");
	UNTIL(other.heard.activations == 1);
	sync_error = EIO;
	json_decref(ask("accept b"));
	assert_record(2, "b", "main", false);
	sync_error = 0;
	UNTIL(flag("accept b", "ok"));
	assert_record(2, "b", "main", true);
}

static void
a_disk_that_takes_no_record(void **state)
{
	char path[sizeof(conf.data_dir) + 32];

	(void)state;
	attach_candidate();
	expect_copy("main", true);
	snprintf(path, sizeof(path), "%s/connmgr/elector.new", conf.data_dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused("promote forward b");
	assert_int_equal(other.heard.activations, 0);
	assert_true(says("cannot be written"));
	/* a restarted elector needs no disk */
	leave(&elector);
	attach(&elector, MSG_WHO_ELECTOR);
	UNTIL(elector.heard.activations == 1 && elector.heard.synced);
	assert_int_equal(rmdir(path), 0);
	UNTIL(!says("cannot be written"));
	assert_ok("promote forward b");
	assert_record(3, "b", "main", false);
	assert_int_equal(mkdir(path, 0700), 0);
	json_decref(ask("accept b"));
	assert_record(3, "b", "main", false);
	assert_int_equal(rmdir(path), 0);
	UNTIL(flag("accept b", "ok"));
	assert_record(3, "b", "main", true);
}

/* The candidate ends while its record is written, so it is not promoted, and a restart of
 * the machine must not begin with it. */
static void
the_candidate_ends_meanwhile(void **state)
{
	char path[128];
	struct client c;

	(void)state;
	attach_candidate();
	expect_copy("main", true);
	snprintf(path, sizeof(path), "%s/connmgr/" PATHS_DOOR, conf.run_dir);
	assert_int_equal(client_begin(&c, path, "promote forward b", 0, 0), 0);
	leave(&other);
	client_end(&c);
	UNTIL(!flag("shadow b", "attached"));
	expect_copy("main", true);
	assert_record(1, "main", "", true);
	assert_false(elector.heard.superseded);
}

/* connmgr begins again with a new run_dir. Here the same process has the lock still. */
static void
restart_in_new_run_dir(void)
{
	char lock[sizeof(conf.data_dir) + 32];

	connmgr_close(connmgr);
	snprintf(lock, sizeof(lock), "%s/connmgr/lock", conf.data_dir);
	assert_int_equal(unlink(lock), 0);
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s/run2", folder);
	assert_int_equal(connmgr_open(&connmgr, loop, &conf, "main"), 0);
}

/* run_dir is lost with what was in force. Whoever lives has a generation of before. */
static void
another_life_of_run_dir(void **state)
{
	struct record r;

	(void)state;
	attach_candidate();
	assert_ok("promote forward b");
	UNTIL(other.heard.activations == 1 && elector.heard.superseded);
	expect_copy("b", false);
	leave(&elector);
	leave(&other);
	restart_in_new_run_dir();
	attach(&elector, MSG_WHO_ELECTOR);
	attach_as(&other, MSG_WHO_ELECTOR, "b");
	UNTIL(other.heard.activations == 1 && elector.heard.synced);
	assert_int_equal(elector.heard.activations, 0);
	assert_record(COPY_RANGE + 1, "b", "main", false);
	UNTIL((json_decref(ask("status")), true) &&
	      store_read_record(conf.data_dir, MSG_WHO_ELECTOR, &r) == 0 &&
	      r.generation == COPY_RANGE + 1);
	attach(&peer, MSG_WHO_PEER);
	UNTIL(peer.heard.activations == 1);
	assert_int_equal(uplink_generation(peer.uplink), COPY_RANGE + 1);
}

/* The copy is damaged too: no generation of before can be as large. */
static void
the_copy_is_damaged(void **state)
{
	char path[sizeof(conf.data_dir) + 32];

	(void)state;
	expect_copy("main", true);
	leave(&elector);
	snprintf(path, sizeof(path), "%s/connmgr/elector", conf.data_dir);
	assert_int_equal(file_write(path, "?", 1, false), 0);
	restart_in_new_run_dir();
	attach(&elector, MSG_WHO_ELECTOR);
	UNTIL(elector.heard.activations == 1);
	assert_true(uplink_generation(elector.uplink) > 1000000000ULL * COPY_RANGE);
	expect_copy("main", true);
}

/* The folder below data_dir is another's: this connmgr ends. */
static void
data_dir_is_taken(void **state)
{
	struct connmgr *second;
	char own[sizeof(conf.run_dir)];

	(void)state;
	expect_copy("main", true);
	strcpy(own, conf.run_dir);
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s/run2", folder);
	assert_int_equal(connmgr_open(&second, loop, &conf, "main"), 0);
	for (unsigned i = 0; sd_event_get_state(loop) != SD_EVENT_FINISHED; i++) {
		assert_true(i < 5000);
		(void)sd_event_run(loop, 1000);
	}
	connmgr_close(second);
	strcpy(conf.run_dir, own);
}

int
main(void)
{
#define NNG(f)  cmocka_unit_test_setup_teardown(f, set_up_nng, end)
#define SEQ(f)  cmocka_unit_test_setup_teardown(f, set_up_seqpacket, end)
#define BOTH(f) NNG(f), SEQ(f)
	const struct CMUnitTest tests[] = {
	    BOTH(synced_before_the_answer),
	    BOTH(a_sync_that_fails),
	    BOTH(a_disk_that_takes_no_record),
	    BOTH(the_candidate_ends_meanwhile),
	    BOTH(another_life_of_run_dir),
	    SEQ(the_copy_is_damaged),
	    SEQ(data_dir_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
