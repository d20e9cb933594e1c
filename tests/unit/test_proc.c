/* proc/proc: each test starts a daemon in a child, and hears what the child sends to
 * $NOTIFY_SOCKET and how it ends. */
#include "base/clock.h"
#include "base/exit.h"
#include "base/log_limited.h"
#include "base/version.h"
#include "ipc/msg.h"
#include "proc/proc.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static char folder[64];
static int notify_fd;
static struct proc *proc; /* in the child */
static int reloads;

/* The next notification; fails when none comes. */
static const char *
told(void)
{
	static char text[2048];
	struct pollfd look = {.fd = notify_fd, .events = POLLIN};
	ssize_t n;

	assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
	n = recv(notify_fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static int
ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
assert_exit(pid_t pid, int want)
{
	int status = ended(pid);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
}

static pid_t
start(void (*body)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		_exit(99);
	}
	return pid;
}

static void
begin(const struct proc_ops *ops)
{
	if (proc_init(&proc, "test", LOG_LEVEL_ERR, ops, &reloads) != 0)
		_exit(98);
}

static int
set_up(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", folder);
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(notify_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	       setenv("NOTIFY_SOCKET", address.sun_path, 1) < 0;
}

static int
tear_down(void **state)
{
	struct pollfd look = {.fd = notify_fd, .events = POLLIN};
	bool silent = poll(&look, 1, 0) == 0;

	(void)state;
	unlink(getenv("NOTIFY_SOCKET"));
	close(notify_fd);
	unsetenv("WATCHDOG_USEC");
	unsetenv("CONCLAVE_PARENT");
	return !silent; /* each test must have heard all that was sent */
}

static void
run_plain(void)
{
	begin(NULL);
	proc_say(proc, "knocking");
	proc_ready(proc, "attached\nREADY=0", 7, true);
	proc_ready(proc, "again", 18446744073709551615ULL, false);
	proc_ready(proc, "fine", 18446744073709551615ULL, false);
	_exit(proc_run(proc));
}

static void
test_says(void **state)
{
	pid_t pid = start(run_plain);

	(void)state;
	/* a newer status takes the place of one that was not said yet */
	assert_string_equal(told(), "READY=1\nSTATUS=attached READY=0\n"
	                            "X_CONCLAVE_VERSION=" CONCLAVE_VERSION "\n"
	                            "X_CONCLAVE_GENERATION=7\nX_CONCLAVE_ACTIVE=1");
	assert_string_equal(told(),
	                    "STATUS=fine\nX_CONCLAVE_VERSION=" CONCLAVE_VERSION "\n"
	                    "X_CONCLAVE_GENERATION=18446744073709551615\n"
	                    "X_CONCLAVE_ACTIVE=0");
	kill(pid, SIGHUP); /* nobody reloads: it goes on */
	kill(pid, SIGPIPE);
	kill(pid, SIGTERM);
	assert_string_equal(told(), "STOPPING=1");
	assert_exit(pid, 0);
}

static void
stop_with_3(void *user)
{
	if (user != &reloads)
		_exit(97);
	proc_say(proc, "releasing");
	proc_exit(proc, 3);
}

static void
count_reload(void *user)
{
	++*(int *)user;
	proc_say(proc, "reloaded");
}

static void
run_with_ops(void)
{
	static const struct proc_ops ops = {.on_reload = count_reload,
	                                    .on_stop = stop_with_3};

	/* as nohup leaves it: an ignored signal would not reach the loop */
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	begin(&ops);
	proc_say(proc, "up");
	_exit(proc_run(proc) == 3 ? reloads : 96);
}

static void
test_signals(void **state)
{
	pid_t pid = start(run_with_ops);

	(void)state;
	assert_string_equal(told(), "STATUS=up");
	for (int i = 0; i < 2; i++) {
		kill(pid, SIGHUP);
		assert_string_equal(told(), "STATUS=reloaded");
	}
	kill(pid, SIGINT);
	assert_string_equal(told(), "STOPPING=1");
	assert_string_equal(told(), "STATUS=releasing");
	assert_exit(pid, 2);
}

static void
run_looking_around(void)
{
	static const int open_ones[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
	                                SIGILL,  SIGTRAP, SIGSYS};
	static const int blocked_ones[] = {SIGTERM, SIGINT,  SIGHUP,
	                                   SIGCHLD, SIGUSR1, SIGQUIT};
	sigset_t now;

	umask(0);
	begin(NULL);
	sigprocmask(SIG_SETMASK, NULL, &now);
	for (size_t i = 0; i < sizeof(open_ones) / sizeof(open_ones[0]); i++)
		if (sigismember(&now, open_ones[i]))
			_exit(1);
	for (size_t i = 0; i < sizeof(blocked_ones) / sizeof(blocked_ones[0]); i++)
		if (!sigismember(&now, blocked_ones[i]))
			_exit(2);
	if (umask(0) != 077 || signal(SIGPIPE, SIG_DFL) != SIG_IGN)
		_exit(3);
	if (!proc_loop(proc))
		_exit(4);
	proc_exit(proc, 42); /* before the loop turns */
	_exit(proc_run(proc));
}

static void
test_surroundings(void **state)
{
	pid_t pid = start(run_looking_around);

	(void)state;
	assert_exit(pid, 42);
	assert_string_equal(told(), "STOPPING=1");
}

static void
test_watchdog(void **state)
{
	uint64_t before_ms;
	pid_t pid;
	int status;

	(void)state;
	setenv("WATCHDOG_USEC", "100000", 1);
	pid = start(run_with_ops);
	assert_string_equal(told(), "WATCHDOG=1");
	before_ms = clock_ms();
	assert_string_equal(told(), "WATCHDOG=1\nSTATUS=up"); /* owed: it goes along */
	for (int i = 0; i < 3; i++)
		assert_string_equal(told(), "WATCHDOG=1");
	assert_in_range(clock_ms() - before_ms, 100, 5000);
	kill(pid, SIGABRT); /* what a watchdog does to one that hangs */
	status = ended(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	while (recv(notify_fd, &status, sizeof(status), MSG_DONTWAIT) > 0)
		; /* a last beat, perhaps */
}

static void
run_into_an_error(void)
{
	begin(NULL);
	log_err("the folder %s\ncannot be used", "x");
	_exit(73);
}

/* Who started it learns why it ended. */
static void
test_last_error(void **state)
{
	pid_t pid = start(run_into_an_error);

	(void)state;
	assert_string_equal(told(), "X_CONCLAVE_ERROR=the folder x?cannot be used");
	assert_exit(pid, 73);
}

static void
run_flood(void)
{
	begin(NULL);
	log_set_level(LOG_LEVEL_INFO);
	for (int i = 0; i < 30; i++)
		log_limited(LOG_LEVEL_INFO, "stranger %d", i);
	log_warning("the flood is over");
	_exit(proc_run(proc));
}

/* The count comes by itself: nobody logs after the flood. */
static void
test_counts_held_back_lines(void **state)
{
	char text[4096];
	size_t len = 0;
	int out[2], real = dup(STDERR_FILENO);
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(out), 0);
	dup2(out[1], STDERR_FILENO);
	pid = start(run_flood);
	dup2(real, STDERR_FILENO);
	close(real);
	close(out[1]);
	do {
		struct pollfd look = {.fd = out[0], .events = POLLIN};
		ssize_t n;

		assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
		n = read(out[0], text + len, sizeof(text) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
		text[len] = '\0';
	} while (!strstr(text, "… and 20 more like this in "));
	assert_non_null(
	    strstr(text, "<6>test: stranger 9\n<4>test: the flood is over\n"));
	kill(pid, SIGTERM);
	assert_string_equal(told(), "STOPPING=1");
	assert_exit(pid, 0);
	close(out[0]);
}

/* Starts a child of the child with the given $CONCLAVE_PARENT; its end ends the pipe. */
static int life[2];

static void
run_parent(void)
{
	char text[32];
	pid_t me = getpid();

	snprintf(text, sizeof(text), "%d", me);
	setenv("CONCLAVE_PARENT", text, 1);
	if (fork() != 0) {
		close(life[1]);
		pause();
	}
	run_plain();
}

static void
test_dies_with_parent(void **state)
{
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(life), 0);
	pid = start(run_parent);
	close(life[1]);
	for (int i = 0; i < 2; i++)
		told();
	kill(pid, SIGKILL);
	ended(pid);
	assert_int_equal(read(life[0], &byte, 1),
	                 0); /* comes when the grandchild is dead */
	close(life[0]);
}

static void
run_plain_once(void)
{
	if (getenv("CONCLAVE_PARENT") == NULL)
		_exit(95);
	begin(NULL);
	proc_exit(proc, getenv("CONCLAVE_PARENT") ? 1 : 7);
	_exit(proc_run(proc));
}

static void
test_parent(void **state)
{
	char text[32];

	(void)state;
	snprintf(text, sizeof(text), "%d", getpid());
	setenv("CONCLAVE_PARENT", text, 1);
	assert_exit(start(run_plain_once), 7); /* and it is not handed on */
	assert_string_equal(told(), "STOPPING=1");
	setenv("CONCLAVE_PARENT", "1", 1); /* gone, so that init is the parent: not we */
	assert_exit(start(run_plain_once), EXIT_FAILED);
	setenv("CONCLAVE_PARENT", "12x", 1); /* says nothing */
	assert_exit(start(run_plain_once), 1);
	assert_string_equal(told(), "STOPPING=1");
}

static void
test_options(void **state)
{
	static const struct {
		const char *args[6];
		int want;
		const char *config, *name;
	} cases[] = {
	    {{"x"}, -1, "/etc/conclave/conclave.conf", "main"},
	    {{"/usr/bin/x", "-c", "a.conf"}, -1, "a.conf", "main"},
	    {{"x", "--config=b", "--name", "swap-1"}, -1, "b", "swap-1"},
	    {{"x", "--name", "0123456789abcdef0123456789abcde"},
	     -1,
	     "/etc/conclave/conclave.conf",
	     "0123456789abcdef0123456789abcde"},
	    {{"x", "--name", "0123456789abcdef0123456789abcdef"}, 64, NULL, NULL},
	    {{"x", "--name", ""}, 64, NULL, NULL},
	    {{"x", "--name", "a/b"}, 64, NULL, NULL},
	    {{"x", "-c"}, 64, NULL, NULL},
	    {{"x", "--bogus"}, 64, NULL, NULL},
	    {{"x", "stray"}, 64, NULL, NULL},
	    {{"x", "--help"}, 0, NULL, NULL},
	    {{"x", "-V"}, 0, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proc_options found = {NULL, NULL};
		char *args[7] = {NULL};
		int count = 0;

		for (; count < 6 && cases[i].args[count]; count++)
			args[count] = (char *)cases[i].args[count];
		assert_int_equal(proc_parse_options(count, args, "a test", &found),
		                 cases[i].want);
		if (cases[i].want == -1) {
			assert_string_equal(found.config, cases[i].config);
			assert_string_equal(found.name, cases[i].name);
		} else {
			assert_null(found.config);
		}
	}
}

static void
run_describe(void)
{
	char *args[] = {"/opt/e2/another-name", "--describe", NULL};
	struct proc_options found;
	int status;

	dup2(life[1], STDOUT_FILENO);
	status =
	    proc_parse_options(2, args, "conclave-test: does this and that.", &found);
	fflush(stdout);
	_exit(status);
}

/* --describe prints the own name of the program, whatever its file is called, and opens
 * nothing else. */
static void
test_describe(void **state)
{
	char said[256], want[256];
	ssize_t n;

	(void)state;
	snprintf(want, sizeof(want),
	         "program conclave-test\nversion %s\nmessage-set %d\n", CONCLAVE_VERSION,
	         MSG_SET);
	assert_int_equal(pipe(life), 0);
	assert_exit(start(run_describe), EXIT_OK);
	n = read(life[0], said, sizeof(said) - 1);
	assert_true(n > 0);
	said[n] = '\0';
	assert_string_equal(said, want);
	close(life[0]);
	close(life[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_says, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_surroundings, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_watchdog, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_dies_with_parent, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_last_error, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_counts_held_back_lines, set_up,
	                                    tear_down),
	    cmocka_unit_test_setup_teardown(test_parent, set_up, tear_down),
	    cmocka_unit_test(test_options),
	    cmocka_unit_test(test_describe),
	};
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/test_proc.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed != 0;
}
