/* The process that becomes the command of `conclave run`. */
#include "ctl/run_watch.h"

#include "ctl/run_unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND   127
#define NOT_STARTED 126

static void
set_number(const char *name, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	setenv(name, text, 1);
}

static _Noreturn void
become(const struct guard_task *task)
{
	int lease = fcntl(task->lease_fd, F_DUPFD, 3), status;

	set_number("CONCLAVE_ID", task->id);
	set_number("CONCLAVE_EPOCH", task->epoch);
	set_number("CONCLAVE_LEASE_FD", lease);
	if (task->unit)
		unit_main(task->unit, task->units);
	execvp(task->argv[0], task->argv);
	status = errno == ENOENT ? NOT_FOUND : NOT_STARTED;
	dprintf(STDERR_FILENO, "conclave: run: %s: %s\n", task->argv[0], strerror(errno));
	_exit(status);
}

static void
reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (i == SIGCHLD || i == SIGPIPE)
			signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The first process of a pid namespace must reap, and gets only the signals for which it
 * asks; so it is ours, and the command is its child. When it ends, all others die. */
static _Noreturn void
be_first(const struct guard_task *task)
{
	int status, signal;
	pid_t pid, command;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	command = fork();
	if (command == 0) {
		reset_signals();
		become(task);
	}
	if (command < 0)
		_exit(NOT_STARTED);
	prctl(PR_SET_NAME, "conclave-first");
	close_range(3, ~0u, 0);
	while (sigwait(&all, &signal) == 0) {
		if (signal != SIGCHLD) {
			kill(command, signal);
			continue;
		}
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == command) {
				atomic_store(&task->shared->first_status, status + 1);
				_exit(NOT_STARTED);
			}
	}
	_exit(NOT_STARTED);
}

_Noreturn void
command_main(const struct box *b, const struct guard_task *task, int go)
{
	char word;

	/* the guard kills when we are killed, and we die with it */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (box_enter(b) < 0 || read(go, &word, 1) != 1)
		_exit(NOT_STARTED);
	if (b->kind == BOX_PIDS)
		be_first(task);
	reset_signals();
	become(task);
}
