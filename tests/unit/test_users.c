/* The users of the processes: how they are found, and how a door with real sockets takes
 * them. The latter needs root, to be somebody else. */
#include "base/clock.h"
#include "base/file.h"
#include "ipc/users.h"
#include "proc/roster.h"
#include "tests/unit/door_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], passwd[96], group[96], door_path[96];

#define GOOD_PASSWD                                                                      \
	"root:x:0:0:root:/root:/bin/sh\n"                                                \
	"conclave:x:901:900::/:/usr/sbin/nologin\n"                                      \
	"conclave-connmgr:x:902:900::/:/usr/sbin/nologin\n"                              \
	"conclave-elector:x:903:900::/:/usr/sbin/nologin\n"                              \
	"conclave-peer:x:904:900::/:/usr/sbin/nologin\n"
#define GOOD_GROUP "root:x:0:\nconclave:x:900:\n"

static void
read_them(const char *passwd_text, const char *group_text, struct users *out)
{
	assert_int_equal(file_write(passwd, passwd_text, strlen(passwd_text), false), 0);
	assert_int_equal(file_write(group, group_text, strlen(group_text), false), 0);
	users_read(passwd, group, out);
}

static void
test_read(void **state)
{
	struct users u;

	(void)state;
	read_them(GOOD_PASSWD, GOOD_GROUP, &u);
	assert_true(u.complete);
	assert_int_equal(u.conclaved, 901);
	assert_int_equal(u.connmgr, 902);
	assert_int_equal(u.elector, 903);
	assert_int_equal(u.peer, 904);
	assert_int_equal(u.group, 900);
}

/* The table of the workers names the same users. */
static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(roster[ROSTER_CONNMGR].user, USERS_CONNMGR);
	assert_string_equal(roster[ROSTER_ELECTOR].user, USERS_ELECTOR);
	assert_string_equal(roster[ROSTER_PEER].user, USERS_PEER);
}

static void
test_incomplete(void **state)
{
	static const char *const passwds[] = {
	    "",
	    "root:x:0:0:root:/root:/bin/sh\n"
	    "conclave:x:901:900::/:/bin/false\n",
	    /* no peer */
	    "conclave:x:901:900::/:\nconclave-connmgr:x:902:900::/:\n"
	    "conclave-elector:x:903:900::/:\n",
	    /* two are one */
	    "conclave:x:901:900::/:\nconclave-connmgr:x:902:900::/:\n"
	    "conclave-elector:x:903:900::/:\nconclave-peer:x:903:900::/:\n",
	    "conclave:x:904:900::/:\nconclave-connmgr:x:902:900::/:\n"
	    "conclave-elector:x:903:900::/:\nconclave-peer:x:904:900::/:\n",
	    /* one is root */
	    "conclave:x:901:900::/:\nconclave-connmgr:x:0:900::/:\n"
	    "conclave-elector:x:903:900::/:\nconclave-peer:x:904:900::/:\n",
	};
	struct users u;

	(void)state;
	for (size_t i = 0; i < sizeof(passwds) / sizeof(passwds[0]); i++) {
		read_them(passwds[i], GOOD_GROUP, &u);
		assert_false(u.complete);
	}
	read_them(GOOD_PASSWD, "root:x:0:\n", &u);
	assert_false(u.complete);
	read_them(GOOD_PASSWD, "conclave:x:0:\n", &u);
	assert_false(u.complete);
	users_read("/no/such/file", "/no/such/file", &u);
	assert_false(u.complete);
}

/* All who were children make room for others, who end as well. */
static void
forget_children(void)
{
	struct users_child other = {.pid = 4000000, .role = POLICY_PEER};

	for (unsigned i = 0; i <= USERS_ENDED_MAX; i++, other.pid++)
		(void)users_keep_children("/no/such/folder", &other, 1);
	(void)users_keep_children("/no/such/folder", NULL, 0);
}

/* A worker reads who is a child from the file, and takes what it cannot read for no
 * reason to refuse. */
static void
test_children(void **state)
{
	const struct users_child list[] = {{getpid(), POLICY_ELECTOR}, {77, POLICY_PEER}};
	const struct users_process we = {.uid = geteuid(), .pid = getpid()};
	char path[96], text[64] = "";
	size_t len;

	(void)state;
	snprintf(path, sizeof(path), "%s/conclaved", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(users_keep_children(folder, list, 2), 0);
	assert_string_equal(users_refuse(&we, POLICY_READ) ? "no" : "yes", "yes");
	assert_non_null(users_refuse(&we, POLICY_ADMINISTER));
	assert_non_null(users_refuse(&we, POLICY_BE_PEER));
	assert_null(users_refuse(&we, POLICY_BE_ELECTOR));
	strcat(path, "/children");
	assert_int_equal(file_read(path, text, sizeof(text), &len), 0);
	assert_non_null(strstr(text, "\n77 3\n"));
	/* another process, which has only the file */
	for (unsigned i = 0; i < 2; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			forget_children();
			setenv("CONCLAVE_PARENT", "1", 1);
			users_open(folder);
			_exit(users_refuse(&we, POLICY_ADMINISTER) ? 1 : 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, i == 0 ? 1 << 8 : 0);
		assert_int_equal(users_keep_children(folder, NULL, 0), 0);
		forget_children();
		assert_null(users_refuse(&we, POLICY_ADMINISTER));
	}
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

/* A worker has the user of all, and can take the right to read the list from it. */
static void
test_hidden_children(void **state)
{
	const struct users_child other = {77, POLICY_PEER};
	const struct users_process we = {.uid = geteuid(), .pid = getpid()};
	char path[96];
	int status;
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "%s/conclaved", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(users_keep_children(folder, &other, 1), 0);
	assert_int_equal(chmod(path, 0), 0);
	pid = fork();
	if (pid == 0) {
		forget_children();
		setenv("CONCLAVE_PARENT", "1", 1);
		/* root may read what nobody may */
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		users_open(folder);
		_exit(users_refuse(&we, POLICY_ADMINISTER) &&
		              users_refuse(&we, POLICY_BE_ELECTOR)
		          ? 0
		          : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(users_keep_children(folder, NULL, 0), 0);
	assert_int_equal(rmdir(path), 0);
}

/* What a child has asked may be heard after its end, and what it has connected may belong
 * to another process by then. Neither counts as an administrator's. */
static void
test_ended_children(void **state)
{
	const struct users_child we = {getpid(), POLICY_ELECTOR},
				 other = {77, POLICY_PEER};
	struct users_process early, late;
	char path[96], text[1024];
	int pair[2];
	size_t len;

	(void)state;
	snprintf(path, sizeof(path), "%s/conclaved", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	strcat(path, "/children");
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(users_keep_children(folder, &we, 1), 0);
	assert_int_equal(users_of(pair[0], &early), 0);
	assert_int_equal(users_keep_children(folder, &other, 1), 0);
	assert_int_equal(users_of(pair[0], &late), 0);
	assert_non_null(users_refuse(&late, POLICY_ADMINISTER));
	assert_non_null(users_refuse(&late, POLICY_BE_PEER));
	assert_int_equal(file_read(path, text, sizeof(text), &len), 0);
	snprintf(path, sizeof(path), "\n%d 2\n", (int)we.pid);
	assert_ptr_equal(strstr(text, "77 3\n"), text);
	assert_non_null(strstr(text, path));
	/* the number may come again, as a child of another kind */
	assert_int_equal(
	    users_keep_children(folder, &(struct users_child){we.pid, POLICY_PEER}, 1),
	    0);
	assert_int_equal(users_of(pair[0], &late), 0);
	assert_null(users_refuse(&late, POLICY_BE_PEER));
	forget_children();
	assert_int_equal(users_of(pair[0], &late), 0);
	assert_null(users_refuse(&late, POLICY_ADMINISTER));
	assert_non_null(users_refuse(&early, POLICY_ADMINISTER));
	assert_int_equal(users_keep_children(folder, NULL, 0), 0);
	snprintf(path, sizeof(path), "%s/conclaved", folder);
	assert_int_equal(rmdir(path), 0);
	close(pair[0]);
	close(pair[1]);
}

/* ---- a door, asked by processes of several users ---- */

/* What a process with that uid is told: "yes", "no", or "" where nobody answers. */
static const char *
ask_as(sd_event *loop, uid_t uid, enum policy_what what)
{
	return door_kit_ask(loop, door_path, uid, uid, NULL, what);
}

static void
test_door(void **state)
{
	static const struct door_ops ops = {.on_request = door_kit_on_request};
	static const struct {
		uid_t uid;
		const char *says[POLICY_WHATS];
	} rows[] = {
	    {0, {"yes", "yes", "no", "no", "yes", "yes"}},
	    {901, {"yes", "yes", "no", "no", "no", "no"}},
	    {902, {"yes", "no", "no", "no", "yes", "no"}},
	    {903, {"yes", "no", "yes", "no", "no", "no"}},
	    {904, {"yes", "no", "no", "yes", "no", "no"}},
	    {905, {"", "", "", "", "", ""}},
	};
	struct door *door;
	sd_event *loop;
	struct users u;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root: skipped\n");
		skip();
	}
	read_them(GOOD_PASSWD, GOOD_GROUP, &u);
	users_keep_apart(&u);
	assert_int_equal(chmod(folder, 0711), 0);
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(door_open(&door, loop, door_path, &ops, NULL), 0);
	assert_int_equal(chmod(door_path, 0666), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned what = 0; what < POLICY_WHATS; what++)
			assert_string_equal(ask_as(loop, rows[i].uid, what),
			                    rows[i].says[what]);
	door_close(door);
	sd_event_unref(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),
	    cmocka_unit_test(test_incomplete),
	    cmocka_unit_test(test_children),
	    cmocka_unit_test(test_ended_children),
	    cmocka_unit_test(test_hidden_children),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_door),
	};
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/test_users.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	snprintf(passwd, sizeof(passwd), "%s/passwd", folder);
	snprintf(group, sizeof(group), "%s/group", folder);
	snprintf(door_path, sizeof(door_path), "%s/door", folder);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(passwd);
	unlink(group);
	rmdir(folder);
	return failed;
}
