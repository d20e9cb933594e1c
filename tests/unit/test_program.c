/* swap/program: which files may become an elector, and what they have to say of
 * themselves. Real files, in a folder of ours. */
#include "ipc/msg.h"
#include "swap/program.h"

#include <elf.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static Elf64_Ehdr own; /* our own program's head */

static const char *
in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void
make(const char *name, const void *data, size_t len, mode_t mode)
{
	const char *path = in_folder(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
make_program(const char *name, mode_t mode)
{
	make(name, &own, sizeof(own), mode);
}

static void
assert_fit(const char *name, const char *real)
{
	char out[RECORD_PATH_MAX], why[PROGRAM_WHY_MAX] = "";
	int fd;

	if (program_open(in_folder(name), &fd, out, why) != 0)
		fail_msg("%s", why);
	close(fd);
	assert_string_equal(out, in_folder(real));
}

/* The reason of the refusal contains `words`. */
static void
assert_unfit(const char *path, const char *words)
{
	char out[RECORD_PATH_MAX] = "untouched", why[PROGRAM_WHY_MAX];
	int fd = -1;

	assert_int_equal(program_open(path, &fd, out, why), 1);
	assert_int_equal(fd, -1);
	if (!strstr(why, words))
		fail_msg("%s", why);
	assert_string_equal(out, "untouched");
}

static void
test_fit(void **state)
{
	(void)state;
	make_program("good", 0755);
	make_program("mine", 0500);
	assert_fit("good", "good");
	assert_fit("mine", "mine");
	/* the path that comes out has no links */
	assert_int_equal(symlink("good", in_folder("link")), 0);
	assert_fit("link", "good");
}

static void
test_no_program(void **state)
{
	static const char script[] = "#!/bin/sh\nexec conclave-elector \"$@\" # and on\n";

	(void)state;
	assert_unfit("good", "must begin with /");
	assert_unfit("", "must begin with /");
	assert_unfit(in_folder("none"), "No such file");
	assert_int_equal(symlink("none", in_folder("dangling")), 0);
	assert_unfit(in_folder("dangling"), "No such file");
	assert_unfit(folder, "is no file");
	assert_unfit("/dev/null", "is no file");
	make_program("plain", 0644);
	assert_unfit(in_folder("plain"), "not executable");
	make("script", script, sizeof(script) - 1, 0755);
	assert_unfit(in_folder("script"), "no program");
	make("short", &own, sizeof(own) - 1, 0755);
	assert_unfit(in_folder("short"), "no program");
	make("empty", "", 0, 0755);
	assert_unfit(in_folder("empty"), "no program");
}

/* A good program where the unit of systemd, or the file system, lets nothing run. */
static void
test_place(void **state)
{
	static const char place[] = "noexec";

	(void)state;
	assert_int_equal(mkdir(in_folder(place), 0755), 0);
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", in_folder(place), "tmpfs", MS_NOEXEC, "mode=0755") < 0)
		skip();
	make_program("noexec/good", 0755);
	assert_unfit(in_folder("noexec/good"), "NoExecPaths= of the unit");
	make_program("noexec/plain", 0644);
	assert_unfit(in_folder("noexec/plain"), "chmod +x");
	assert_int_equal(umount(in_folder(place)), 0);
}

static void
test_architecture(void **state)
{
	Elf64_Ehdr head = own;

	(void)state;
	head.e_machine = EM_S390;
	make("machine", &head, sizeof(head), 0755);
	assert_unfit(in_folder("machine"), "another architecture");
	head = own;
	head.e_ident[EI_CLASS] = 3 - own.e_ident[EI_CLASS];
	make("class", &head, sizeof(head), 0755);
	assert_unfit(in_folder("class"), "another architecture");
	head = own;
	head.e_ident[EI_DATA] = 3 - own.e_ident[EI_DATA];
	make("order", &head, sizeof(head), 0755);
	assert_unfit(in_folder("order"), "another architecture");
}

/* No other user may change the file or its folder. */
static void
test_writable(void **state)
{
	(void)state;
	make_program("group", 0775);
	assert_unfit(in_folder("group"), "writable by others");
	make_program("all", 0757);
	assert_unfit(in_folder("all"), "writable by others");
	assert_int_equal(mkdir(in_folder("open"), 0700), 0);
	make_program("open/program", 0755);
	assert_int_equal(chmod(in_folder("open"), 0777), 0);
	assert_unfit(in_folder("open/program"), "open is writable by others");
	assert_int_equal(symlink("open/program", in_folder("way")), 0);
	assert_unfit(in_folder("way"), "open is writable by others");
	/* sticky, as /tmp is: nobody can replace the files of others there */
	assert_int_equal(chmod(in_folder("open"), 01777), 0);
	assert_fit("open/program", "open/program");
}

static void
test_owner(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	make_program("given", 0755);
	assert_int_equal(chown(in_folder("given"), 65534, 65534), 0);
	assert_unfit(in_folder("given"),
	             "given belongs to the user with the number 65534");
	assert_int_equal(mkdir(in_folder("theirs"), 0755), 0);
	make_program("theirs/program", 0755);
	assert_int_equal(chown(in_folder("theirs"), 65534, 65534), 0);
	assert_unfit(in_folder("theirs/program"),
	             "theirs belongs to the user with the number 65534");
}

/* Every folder and every link on the way counts, not only the last. */
static void
test_way(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_folder("far"), 0755), 0);
	assert_int_equal(mkdir(in_folder("far/near"), 0755), 0);
	make_program("far/near/program", 0755);
	assert_fit("far/near/program", "far/near/program");
	assert_fit("far//./near/../near/program", "far/near/program");
	assert_int_equal(chmod(in_folder("far"), 0775), 0);
	assert_unfit(in_folder("far/near/program"), "far is writable by others");
	assert_unfit(in_folder("far/../far/near/program"), "far is writable by others");
	assert_int_equal(chmod(in_folder("far"), 0755), 0);
	assert_int_equal(symlink("far/near", in_folder("brief")), 0);
	assert_fit("brief/program", "far/near/program");
	assert_unfit(in_folder("brief/program/"), "Not a directory");
	assert_unfit(in_folder("brief/program/x"), "Not a directory");
	assert_int_equal(symlink("circle", in_folder("circle")), 0);
	assert_unfit(in_folder("circle"), "Too many levels");
	if (geteuid() != 0)
		skip();
	/* in a sticky folder anybody may make a link, and its owner may change it */
	assert_int_equal(mkdir(in_folder("sticky"), 0700), 0);
	assert_int_equal(chmod(in_folder("sticky"), 01777), 0);
	assert_int_equal(symlink("../far", in_folder("sticky/link")), 0);
	assert_fit("sticky/link/near/program", "far/near/program");
	assert_int_equal(lchown(in_folder("sticky/link"), 65534, 65534), 0);
	assert_unfit(in_folder("sticky/link/near/program"), "chown -h root");
}

static void
test_kinds(void **state)
{
	(void)state;
	make_program("user", 04755);
	assert_unfit(in_folder("user"), "set-user-ID");
	make_program("group-id", 02755);
	assert_unfit(in_folder("group-id"), "set-group-ID");
	assert_int_equal(mkfifo(in_folder("fifo"), 0700), 0);
	assert_unfit(in_folder("fifo"), "is no file"); /* and nobody waits for a writer */
}

/* What was checked is executed, whatever has its path by then. */
static void
test_replaced(void **state)
{
	char real[RECORD_PATH_MAX], why[PROGRAM_WHY_MAX] = "";
	char *argv[] = {(char *)"true", NULL}, *env[] = {NULL};
	char command[200];
	int fd, status;
	pid_t child;

	(void)state;
	snprintf(command, sizeof(command), "cp /bin/true %s/run && cp /bin/false %s/new",
	         folder, folder);
	assert_int_equal(system(command), 0);
	if (program_open(in_folder("run"), &fd, real, why) != 0)
		fail_msg("%s", why);
	snprintf(command, sizeof(command), "mv %s/new %s/run", folder, folder);
	assert_int_equal(system(command), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		execveat(fd, "", argv, env, AT_EMPTY_PATH);
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fd);
}

/* The path must fit into one line of a record. */
static void
test_path(void **state)
{
	char deep[RECORD_PATH_MAX + 300] = "", name[201];

	(void)state;
	make_program("odd\nname", 0755);
	assert_unfit(in_folder("odd\nname"), "odd characters; give");
	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	while (strlen(deep) < RECORD_PATH_MAX) {
		strcat(deep, name);
		assert_int_equal(mkdir(in_folder(deep), 0700), 0);
		strcat(deep, "/");
	}
	strcat(deep, "program");
	make_program(deep, 0755);
	assert_unfit(in_folder(deep), "too long (more than 1023 bytes)");
	assert_unfit(in_folder(deep), folder);
}

/* The line that names the message set. */
#define TEXT(number)   #number
#define NUMBER(number) TEXT(number)
#define SET            "message-set " NUMBER(MSG_SET) "\n"

static void
test_judge(void **state)
{
	static const struct {
		const char *says, *version, *words;
	} cases[] = {
	    {"program conclave-elector\nversion 0.1.0+x~1\n" SET, "0.1.0+x~1", NULL},
	    {"program conclave-elector\nversion 2\n" SET "more to come\n", "2", NULL},
	    {"program conclave-peer\nversion 1\n" SET, NULL,
	     "calls itself conclave-peer"},
	    {"program conclave-elector\nversion 1\nmessage-set 1\n", NULL,
	     "message set 1, and connmgr speaks " NUMBER(MSG_SET)},
	    {"", NULL, "no elector"},
	    {"conclave-elector 1 (message set 1)\n", NULL, "no elector"},
	    {"program conclave-elector\n" SET "version 1\n", NULL, "no elector"},
	    {"program conclave-elector\nversion 1\n", NULL, "no elector"},
	    {"program conclave-elector\nversion 0123456789abcdef0123456789abcdef\n" SET,
	     NULL, "no elector"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char version[PROGRAM_VERSION_MAX] = "untouched", why[PROGRAM_WHY_MAX];
		bool good = cases[i].version != NULL;

		assert_int_equal(program_judge(cases[i].says, version, why), !good);
		assert_string_equal(version, good ? cases[i].version : "untouched");
		if (!good && !strstr(why, cases[i].words))
			fail_msg("%s", why);
	}
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fit),          cmocka_unit_test(test_no_program),
	    cmocka_unit_test(test_architecture), cmocka_unit_test(test_writable),
	    cmocka_unit_test(test_owner),        cmocka_unit_test(test_path),
	    cmocka_unit_test(test_way),          cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_replaced),     cmocka_unit_test(test_place),
	    cmocka_unit_test(test_judge),
	};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), failed;

	if (fd < 0 || read(fd, &own, sizeof(own)) != (ssize_t)sizeof(own))
		return 1;
	close(fd);
	snprintf(folder, sizeof(folder), "/tmp/test_program.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		return 1;
	return failed != 0;
}
