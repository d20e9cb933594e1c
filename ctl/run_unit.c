/* See run_unit.h. */
#include "ctl/run_unit.h"

#include "base/exit.h"
#include "ctl/run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW_MS      5000
#define PAUSE_MIN_NS 50000000u
#define PAUSE_MAX_NS 10000000000u
#define STOP_MS      86400000 /* how long it may take is what the unit says */

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

/* A unit that systemd cannot stop, since there is nothing to stop, is dead too. */
void
unit_stop(struct unit_stop *s, const char *name, uint64_t now_ns)
{
	static const char script[] =
	    "systemctl stop -- \"$0\" || case \"$(systemctl is-active -- \"$0\")\" in "
	    "inactive|failed|unknown) ;; *) exit 1 ;; esac";
	pid_t pid;

	if (s->done || s->pid > 0 || now_ns < s->due_ns)
		return;
	if (s->pause_ns < PAUSE_MAX_NS)
		s->pause_ns = s->pause_ns ? 2 * s->pause_ns : PAUSE_MIN_NS;
	s->due_ns = now_ns + s->pause_ns;
	pid = spawn((const char *const[]){"sh", "-c", script, name, NULL});
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

const char *
unit_unknown(const char *name)
{
	char state[RUN_TEXT_MAX];

	if (!show(name, "LoadState", state))
		return "systemctl does not answer; it needs systemd";
	return strcmp(state, "not-found") == 0 ? "systemd has no such unit" : NULL;
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

/* When it was active last, as systemd says it. */
static void
active_since(const char *name, char out[RUN_TEXT_MAX])
{
	if (!show(name, "ActiveEnterTimestampMonotonic", out))
		out[0] = '\0';
}

/* The exit status of the process that started the unit and waited for its end. */
static int
status_of(const char *name, int status, const char *before)
{
	char after[RUN_TEXT_MAX];

	if (!WIFEXITED(status))
		return 128 + WTERMSIG(status);
	active_since(name, after);
	if (WEXITSTATUS(status) == 0 || strcmp(before, after) != 0)
		return WEXITSTATUS(status);
	fprintf(stderr,
	        "conclave: run: unit %s did not start; systemctl status %s says why\n",
	        name, name);
	return EXIT_NO_ANSWER;
}

_Noreturn void
unit_main(const char *name, struct box_units *out)
{
	const char *const begin[] = {"systemctl", "start", "--wait", "--", name, NULL};
	const char *const end[] = {"systemctl", "stop", "--", name, NULL};
	char mount[256] = "", before[RUN_TEXT_MAX];
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
	active_since(name, before);
	start = spawn(begin);
	if (start < 0)
		_exit(126);
	while (!has_ended(start, &signals, &stop, &status)) {
		if (stop)
			_exit(run_program(end, STOP_MS, NULL, 0) == 0 ? 0 : 1);
		look(out, mount, name);
	}
	_exit(status_of(name, status, before));
}
