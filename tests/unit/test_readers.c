/* The control group: which access list its folders and doors get, who counts as a member,
 * and what a member may ask. What needs other users needs root. */
#include "base/clock.h"
#include "base/file.h"
#include "ipc/acl.h"
#include "ipc/users.h"
#include "tests/unit/door_kit.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define READERS 4242
#define OTHERS  4243
#define MEMBER  905

static char top[64], run_dir[96], folder[128], door_path[160], file[96];

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static bool
has_list(const char *path)
{
	return getxattr(path, "system.posix_acl_access", NULL, 0) > 0;
}

static void
lists(void **state)
{
	(void)state;
	assert_int_equal(file_write(file, "x", 1, false), 0);
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(acl_grant(file, ACL_NO_GROUP, ACL_USE), 0);
	assert_int_equal(mode_of(file), 0640);
	assert_false(has_list(file));
	for (unsigned i = 0; i < 2; i++) { /* again: nothing adds up */
		assert_int_equal(acl_grant(file, READERS, ACL_USE), 0);
		assert_true(has_list(file));
		assert_int_equal(mode_of(file), 0660); /* the mask */
	}
	assert_int_equal(acl_grant(file, OTHERS, ACL_ENTER), 0);
	assert_int_equal(mode_of(file), 0650);
	assert_int_equal(acl_grant(file, ACL_NO_GROUP, 0), 0);
	assert_false(has_list(file));
	assert_int_equal(mode_of(file), 0640); /* as before the first */
	assert_int_equal(acl_grant("/no/such/file", READERS, 1), -ENOENT);
	unlink(file);
}

/* The mode of a folder with a list can be changed as that of one without. */
static void
modes(void **state)
{
	(void)state;
	assert_int_equal(acl_chmod(run_dir, 0750, READERS, ACL_LIST), 0);
	assert_int_equal(mode_of(run_dir), 0750);
	assert_false(has_list(run_dir));
	assert_int_equal(chmod(run_dir, 0700), 0);
	assert_int_equal(acl_grant(run_dir, READERS, ACL_LIST), 0);
	assert_int_equal(acl_chmod(run_dir, 01730, READERS, ACL_LIST), 0);
	assert_true(has_list(run_dir));
	assert_int_equal(mode_of(run_dir), 01770); /* the mask of both */
	assert_int_equal(acl_grant(run_dir, ACL_NO_GROUP, 0), 0);
	assert_int_equal(mode_of(run_dir) & 0777, 0730);
	assert_int_equal(acl_grant(run_dir, READERS, ACL_LIST), 0);
	assert_int_equal(acl_chmod(run_dir, 0710, ACL_NO_GROUP, 0), 0);
	assert_false(has_list(run_dir));
	assert_int_equal(chmod(run_dir, 0700), 0);
}

/* A member may read where a stranger may not, and nothing else; nobody loses anything. */
static void
what_members_may(void **state)
{
	static const struct policy policies[] = {
	    {.own = 900},
	    {.apart = true,
	     .own = 900,
	     .conclaved = 901,
	     .connmgr = 902,
	     .elector = 903,
	     .peer = 904},
	};
	static const uint32_t uids[] = {0,   900, 901,    902,
	                                903, 904, MEMBER, POLICY_NOBODY};

	(void)state;
	for (unsigned p = 0; p < 2; p++)
		for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
			const struct policy_asker without = {.uid = uids[i]};
			const struct policy_asker with = {.uid = uids[i], .reader = true};

			const struct policy_asker child = {
			    .uid = uids[i], .reader = true, .role = POLICY_CANDIDATE};

			assert_int_equal(
			    !policy_refuses(&policies[p], &child, POLICY_READ),
			    !policy_refuses(&policies[p],
			                    &(struct policy_asker){
						.uid = uids[i], .role = POLICY_CANDIDATE},
			                    POLICY_READ));
			assert_null(policy_refuses(&policies[p], &with, POLICY_READ));
			for (unsigned what = POLICY_READ + 1; what < POLICY_WHATS; what++)
				assert_int_equal(
				    !policy_refuses(&policies[p], &with, what),
				    !policy_refuses(&policies[p], &without, what));
		}
}

static void
groups_of_a_file(void **state)
{
	static const char text[] = "root:x:0:\nadm:x:4:x,y\nadm2:x:5:\n";
	uint32_t gid = 77;

	(void)state;
	assert_int_equal(file_write(file, text, sizeof(text) - 1, false), 0);
	assert_int_equal(users_group(file, "adm", &gid), 0);
	assert_int_equal(gid, 4);
	assert_int_equal(users_group(file, "ad", &gid), -ENOENT);
	assert_int_equal(users_group("/no/such/file", "adm", &gid), -ENOENT);
	assert_int_equal(users_group("/etc/group/adm", "adm", &gid), -ENOTDIR);
	assert_int_equal(gid, 4);
	unlink(file);
}

/* What a process with that user and these groups is told; "": nobody answers. */
static const char *
ask_as(sd_event *loop, gid_t gid, gid_t more, enum policy_what what)
{
	return door_kit_ask(loop, door_path, MEMBER, gid, &more, what);
}

/* The folders and the door let the group in, and nobody else. */
static void
a_door(void **state)
{
	static const struct door_ops ops = {.on_request = door_kit_on_request};
	struct door *door;
	sd_event *loop;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	assert_int_equal(chmod(top, 0755), 0);
	users_let_read(READERS);
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(door_open(&door, loop, door_path, &ops, NULL), 0);
	assert_false(has_list(top));
	assert_int_equal(mode_of(run_dir), 0750);
	assert_int_equal(mode_of(folder), 0710);
	assert_int_equal(mode_of(door_path), 0660);
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_READ), "yes");
	assert_string_equal(ask_as(loop, READERS, MEMBER, POLICY_READ), "yes");
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_ADMINISTER), "no");
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_BE_PEER), "no");
	assert_string_equal(ask_as(loop, MEMBER, OTHERS, POLICY_READ), "");
	/* who gets through to the door is asked there again */
	assert_int_equal(acl_grant(run_dir, OTHERS, ACL_ENTER), 0);
	assert_int_equal(acl_grant(folder, OTHERS, ACL_ENTER), 0);
	assert_int_equal(acl_grant(door_path, OTHERS, ACL_USE), 0);
	assert_string_equal(ask_as(loop, MEMBER, OTHERS, POLICY_READ), "");
	door_close(door);
	/* the key has gone: so has the list */
	users_let_read(ACL_NO_GROUP);
	assert_int_equal(door_open(&door, loop, door_path, &ops, NULL), 0);
	assert_false(has_list(run_dir) || has_list(folder) || has_list(door_path));
	assert_int_equal(mode_of(run_dir), 0700);
	assert_int_equal(mode_of(folder), 0700);
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_READ), "");
	door_close(door);
	sd_event_unref(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists),
	    cmocka_unit_test(modes),
	    cmocka_unit_test(what_members_may),
	    cmocka_unit_test(groups_of_a_file),
	    cmocka_unit_test(a_door),
	};
	int failed;

	snprintf(top, sizeof(top), "/tmp/test_readers.XXXXXX");
	if (!mkdtemp(top))
		return 1;
	snprintf(file, sizeof(file), "%s/file", top);
	snprintf(run_dir, sizeof(run_dir), "%s/run", top);
	snprintf(folder, sizeof(folder), "%s/peer", run_dir);
	snprintf(door_path, sizeof(door_path), "%s/door", folder);
	if (mkdir(run_dir, 0700) < 0 || mkdir(folder, 0700) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	rmdir(run_dir);
	rmdir(top);
	return failed;
}
