/* See run_unit.h. */
#include "ctl/run_unit.h"

#include "ctl/run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW_MS 5000
#define STOP_MS 86400000 /* how long it may take is what the unit says */

static pid_t
spawn(const char *const argv[])
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

void
unit_stop(struct unit_stop *s, const char *name)
{
	pid_t pid;

	if (s->done || s->pid > 0)
		return;
	pid = spawn((const char *const[]){"systemctl", "stop", "--", name, NULL});
	s->pid = pid > 0 ? pid : 0;
}

void
unit_reaped(struct unit_stop *s, pid_t pid, int status)
{
	if (pid != s->pid)
		return;
	s->pid = 0;
	s->done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* One property. False: it is not known, or empty. */
static bool
show(const char *name, const char *property, char out[RUN_TEXT_MAX])
{
	const char *const argv[] = {"systemctl", "show", "--value", "-p",
	                            property,    "--",   name,      NULL};

	if (run_program(argv, SHOW_MS, out, RUN_TEXT_MAX) != 0)
		return false;
	out[strcspn(out, "\n")] = '\0';
	return out[0] != '\0';
}

bool
unit_is_known(const char *name, char why[RUN_TEXT_MAX])
{
	char state[RUN_TEXT_MAX];

	if (!show(name, "LoadState", state))
		strcpy(why, "systemctl does not answer; it needs systemd");
	else if (strcmp(state, "not-found") == 0)
		strcpy(why, "systemd has no such unit");
	else
		return true;
	return false;
}

static void
add(struct box_units *u, const char *mount, const char *name)
{
	char own[RUN_TEXT_MAX], folder[sizeof(u->folders[0])];
	unsigned count = atomic_load(&u->count);

	if (count == BOX_UNITS_MAX || !show(name, "ControlGroup", own))
		return;
	if ((size_t)snprintf(folder, sizeof(folder), "%s%s", mount, own) >=
	    sizeof(folder))
		return;
	for (unsigned i = 0; i < count; i++)
		if (strcmp(u->folders[i], folder) == 0)
			return;
	strcpy(u->folders[count], folder);
	atomic_store(&u->count, count + 1);
}

static void
look(struct box_units *u, const char *mount, const char *name)
{
	char parts[RUN_TEXT_MAX], *rest = parts, *part;

	add(u, mount, name);
	if (!show(name, "ConsistsOf", parts))
		return;
	while ((part = strsep(&rest, " ")) != NULL)
		if (*part)
			add(u, mount, part);
}

/* Waits for a second at most. True: the unit has ended, with that status. */
static bool
has_ended(pid_t start, const sigset_t *signals, bool *stop, int *status)
{
	struct timespec second = {1, 0};
	int got = sigtimedwait(signals, NULL, &second);

	*stop |= got > 0 && got != SIGCHLD;
	return waitpid(start, status, WNOHANG) == start;
}

_Noreturn void
unit_main(const char *name, struct box_units *out)
{
	const char *const begin[] = {"systemctl", "start", "--wait", "--", name, NULL};
	const char *const end[] = {"systemctl", "stop", "--", name, NULL};
	char mount[256] = "";
	bool stop = false;
	sigset_t signals;
	int status = 0;
	pid_t start;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)box_find_mount(mount, sizeof(mount));
	start = spawn(begin);
	if (start < 0)
		_exit(126);
	while (!has_ended(start, &signals, &stop, &status)) {
		if (stop)
			_exit(run_program(end, STOP_MS, NULL, 0) == 0 ? 0 : 1);
		look(out, mount, name);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
