/* The groups of the file, who may read and who may hold: which access list its folders
 * and doors get, who counts as a member, and what a member may ask. What needs other
 * users needs root. */
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
#define HOLDERS 4244
#define MEMBER  905

#define ONE(gid)      ((const gid_t[ACL_GROUPS]){gid, ACL_NO_GROUP})
#define BOTH(gid, to) ((const gid_t[ACL_GROUPS]){gid, to})

static char top[64], run_dir[96], folder[128], door_path[160], file[96];

static mode_t
mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static ssize_t
list_size(const char *path)
{
	return getxattr(path, "system.posix_acl_access", NULL, 0);
}

static bool
has_list(const char *path)
{
	return list_size(path) > 0;
}

static void
lists(void **state)
{
	(void)state;
	assert_int_equal(file_write(file, "x", 1, false), 0);
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(acl_grant(file, ONE(ACL_NO_GROUP), ACL_USE), 0);
	assert_int_equal(mode_of(file), 0640);
	assert_false(has_list(file));
	for (unsigned i = 0; i < 2; i++) { /* again: nothing adds up */
		assert_int_equal(acl_grant(file, ONE(READERS), ACL_USE), 0);
		assert_true(has_list(file));
		assert_int_equal(mode_of(file), 0660); /* the mask */
	}
	assert_int_equal(acl_grant(file, BOTH(READERS, OTHERS), ACL_USE), 0);
	assert_int_equal(list_size(file), ACL_BYTES_2);
	assert_int_equal(acl_grant(file, BOTH(READERS, READERS), ACL_USE), 0);
	assert_int_equal(list_size(file), ACL_BYTES); /* each once */
	assert_int_equal(acl_grant(file, BOTH(ACL_NO_GROUP, OTHERS), ACL_USE), 0);
	assert_int_equal(list_size(file), ACL_BYTES);
	assert_int_equal(mode_of(file), 0660);
	assert_int_equal(acl_grant(file, ONE(OTHERS), ACL_ENTER), 0);
	assert_int_equal(mode_of(file), 0650);
	assert_int_equal(acl_grant(file, ONE(ACL_NO_GROUP), 0), 0);
	assert_false(has_list(file));
	assert_int_equal(mode_of(file), 0640); /* as before the first */
	assert_int_equal(acl_grant("/no/such/file", ONE(READERS), 1), -ENOENT);
	unlink(file);
}

/* The mode of a folder with a list can be changed as that of one without. */
static void
modes(void **state)
{
	(void)state;
	assert_int_equal(acl_chmod(run_dir, 0750, ONE(READERS), ACL_LIST), 0);
	assert_int_equal(mode_of(run_dir), 0750);
	assert_false(has_list(run_dir));
	assert_int_equal(chmod(run_dir, 0700), 0);
	assert_int_equal(acl_grant(run_dir, ONE(READERS), ACL_LIST), 0);
	assert_int_equal(acl_chmod(run_dir, 01730, ONE(READERS), ACL_LIST), 0);
	assert_true(has_list(run_dir));
	assert_int_equal(mode_of(run_dir), 01770); /* the mask of both */
	assert_int_equal(acl_grant(run_dir, ONE(ACL_NO_GROUP), 0), 0);
	assert_int_equal(mode_of(run_dir) & 0777, 0730);
	assert_int_equal(acl_grant(run_dir, ONE(READERS), ACL_LIST), 0);
	assert_int_equal(acl_chmod(run_dir, 0710, ONE(ACL_NO_GROUP), 0), 0);
	assert_false(has_list(run_dir));
	assert_int_equal(chmod(run_dir, 0700), 0);
}

static const struct policy policies[] = {
    {.own = 900},
    {.apart = true,
     .own = 900,
     .conclaved = 901,
     .connmgr = 902,
     .elector = 903,
     .peer = 904},
};
static const uint32_t uids[] = {0, 900, 901, 902, 903, 904, MEMBER, POLICY_NOBODY};

static bool
may(unsigned p, uint32_t uid, bool reader, bool holder, enum policy_role role,
    enum policy_what what)
{
	const struct policy_asker who = {
	    .uid = uid, .reader = reader, .holder = holder, .role = role};

	return !policy_refuses(&policies[p], &who, what);
}

/* A member may read where a stranger may not, and nothing else; nobody loses anything. Of
 * the group of holders it may hold, too, but as no worker and no child of conclaved. */
static void
what_members_may(void **state)
{
	(void)state;
	for (unsigned p = 0; p < 2; p++)
		for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++) {
			uint32_t uid = uids[i];
			bool worker = p == 1 && uid >= 902 && uid <= 904;

			assert_true(may(p, uid, true, false, 0, POLICY_READ));
			assert_true(may(p, uid, false, true, 0, POLICY_READ));
			for (unsigned what = 0; what < POLICY_WHATS; what++) {
				bool before = may(p, uid, false, false, 0, what);
				bool child =
				    may(p, uid, false, false, POLICY_CANDIDATE, what);

				assert_int_equal(
				    may(p, uid, true, true, POLICY_CANDIDATE, what),
				    child);
				assert_int_equal(may(p, uid, true, false, 0, what),
				                 before || what == POLICY_READ);
				if (what != POLICY_HOLD)
					assert_int_equal(may(p, uid, true, true, 0, what),
					                 before || what == POLICY_READ);
			}
			assert_int_equal(may(p, uid, true, true, 0, POLICY_HOLD),
			                 !worker && !(p == 1 && uid == 901));
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
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_HOLD), "no");
	assert_string_equal(ask_as(loop, MEMBER, OTHERS, POLICY_READ), "");
	/* who gets through to the door is asked there again */
	assert_int_equal(acl_grant(run_dir, ONE(OTHERS), ACL_ENTER), 0);
	assert_int_equal(acl_grant(folder, ONE(OTHERS), ACL_ENTER), 0);
	assert_int_equal(acl_grant(door_path, ONE(OTHERS), ACL_USE), 0);
	assert_string_equal(ask_as(loop, MEMBER, OTHERS, POLICY_READ), "");
	door_close(door);
	/* holders beside them */
	users_let_hold(HOLDERS);
	assert_int_equal(door_open(&door, loop, door_path, &ops, NULL), 0);
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_READ), "yes");
	assert_string_equal(ask_as(loop, MEMBER, READERS, POLICY_HOLD), "no");
	assert_string_equal(ask_as(loop, MEMBER, HOLDERS, POLICY_READ), "yes");
	assert_string_equal(ask_as(loop, MEMBER, HOLDERS, POLICY_HOLD), "yes");
	assert_string_equal(ask_as(loop, HOLDERS, MEMBER, POLICY_HOLD), "yes");
	assert_string_equal(ask_as(loop, MEMBER, HOLDERS, POLICY_ADMINISTER), "no");
	assert_string_equal(ask_as(loop, MEMBER, OTHERS, POLICY_READ), "");
	door_close(door);
	users_let_hold(ACL_NO_GROUP);
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
