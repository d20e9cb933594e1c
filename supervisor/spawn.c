/* Starts programs; see spawn.h. */
#include "supervisor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The loop handles exits after the notices of children (notify.c), before all else. */
#define EXIT_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 50)
#define OWN_VARS      4
#define INHERITED_MAX 256 /* descriptors that whoever started us left open */
#define FIRST_FD      3   /* the first descriptor that is handed to a child */
/* The stack of each thread of nng has this size, and counts as data: with the usual 8 MB
 * the children would reach their limit before they begin. */
#define STACK_MAX ((rlim_t)256 << 10)
#ifdef SANITIZED
#define DATA_LIMITED false /* the shadow memory of the sanitizers counts as data */
#else
#define DATA_LIMITED true
#endif

struct spawn {
	sd_event *loop;
	char **env;
	char *own[OWN_VARS];
	/* the last of env: tells a child how many descriptors it was handed */
	char **kept_var;
	rlim_t data_max;
};

/* Variables that are meant for conclaved, not for its children */
static bool
is_ours(const char *var)
{
	static const char *const names[] = {
	    "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID=",   "CONCLAVE_PARENT=",
	    "LISTEN_PID=",    "LISTEN_FDS=",    "LISTEN_FDNAMES=", FDSTORE_VAR "="};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(var, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static int
make_env(struct spawn *s, const char *notify_path, uint64_t watchdog_ms)
{
	size_t count = 0, used = 0;

	while (environ[count] != NULL)
		count++;
	s->env = calloc(count + OWN_VARS + 1, sizeof(*s->env));
	if (s->env == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!is_ours(environ[i]))
			s->env[used++] = environ[i];
	if (asprintf(&s->own[0], "NOTIFY_SOCKET=%s", notify_path) < 0 ||
	    asprintf(&s->own[1], "WATCHDOG_USEC=%" PRIu64, watchdog_ms * 1000) < 0 ||
	    asprintf(&s->own[2], "CONCLAVE_PARENT=%d", (int)getpid()) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < OWN_VARS - 1; i++)
		s->env[used++] = s->own[i];
	s->kept_var = &s->env[used];
	return 0;
}

/* Tells the child how many descriptors it was handed. */
static int
make_kept_var(struct spawn *s, const struct kept *kept)
{
	char **own = &s->own[OWN_VARS - 1];

	free(*own);
	*own = NULL;
	if (kept && kept->count > 0 && asprintf(own, FDSTORE_VAR "=%u", kept->count) < 0)
		return -ENOMEM;
	*s->kept_var = *own;
	return 0;
}

/* Lowers the limit that every child inherits. */
static int
lower_stack(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0)
		return -errno;
	if (limit.rlim_cur <= STACK_MAX)
		return 0;
	limit.rlim_cur = STACK_MAX;
	return setrlimit(RLIMIT_STACK, &limit) < 0 ? -errno : 0;
}

int
spawn_new(struct spawn **out, sd_event *loop, const char *notify_path,
          uint64_t watchdog_ms, uint64_t memory_mb)
{
	struct spawn *s = calloc(1, sizeof(*s));
	int r;

	if (s == NULL)
		return -ENOMEM;
	s->loop = sd_event_ref(loop);
	s->data_max = DATA_LIMITED ? memory_mb << 20 : 0;
	r = make_env(s, notify_path, watchdog_ms);
	if (r == 0 && s->data_max > 0)
		r = lower_stack();
	if (r < 0) {
		spawn_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void
spawn_free(struct spawn *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < OWN_VARS; i++)
		free(s->own[i]);
	free(s->env);
	sd_event_unref(s->loop);
	free(s);
}

static int
watch(sd_event *loop, pid_t pid, sd_event_child_handler_t on_exit, void *user,
      sd_event_source **source)
{
	sd_event_source *child = NULL;
	int fd = pidfd_open(pid, 0), r;

	if (fd < 0)
		return -errno;
	r = sd_event_add_child_pidfd(loop, &child, fd, WEXITED, on_exit, user);
	if (r < 0)
		close(fd);
	if (r < 0 || (r = sd_event_source_set_child_pidfd_own(child, 1)) < 0 ||
	    (r = sd_event_source_set_priority(child, EXIT_PRIORITY)) < 0) {
		sd_event_source_unref(child);
		return r;
	}
	*source = child;
	return 0;
}

/* ---- in the child, which has our memory until it executes the program ---- */

static void
reset_signals(void)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sigaction(sig, &usual, NULL); /* some cannot be set */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Opens /dev/null as `fd`. */
static int
open_null(int fd, int flags)
{
	int null = open("/dev/null", flags | O_CLOEXEC);

	if (null < 0)
		return -errno;
	if (null == fd)
		return fcntl(fd, F_SETFD, 0) < 0 ? -errno : 0;
	return dup2(null, fd) < 0 ? -errno : 0;
}

/* The descriptors of the child: /dev/null, then our own 1 and 2 or, with an `out_fd`,
 * this one and /dev/null; then those of `kept`. The rest is closed by the exec. */
static int
set_files(const struct spawn_how *how)
{
	int r = open_null(0, O_RDONLY), next = FIRST_FD;

	if (r == 0 && how->out_fd >= 0)
		r = dup2(how->out_fd, 1) < 0 ? -errno : open_null(2, O_WRONLY);
	for (unsigned i = 0; how->kept && i < how->kept->count && r == 0; i++)
		r = dup2(how->kept->fds[i], next++) < 0 ? -errno : 0;
	if (r < 0 || close_range((unsigned)next, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
		return r;
	/* an older sandbox around us refuses the call: what we opened has the flag anyway
	 */
	for (; next < INHERITED_MAX; next++)
		(void)fcntl(next, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* The limit of the memory comes last: the program is not there yet. */
static int
limit_data(const struct spawn *s)
{
	const struct rlimit limit = {.rlim_cur = s->data_max, .rlim_max = s->data_max};

	return s->data_max > 0 && setrlimit(RLIMIT_DATA, &limit) < 0 ? -errno : 0;
}

/* Returns only if it fails: -errno. */
static int
execute(const struct spawn *s, const struct spawn_how *how, int exe)
{
	char *no_env[] = {NULL};
	bool is_worker = how->out_fd < 0;
	char *const *env = is_worker ? s->env : no_env;
	/* a ^C in the terminal reaches conclaved alone */
	int r = setpgid(0, 0) < 0 ? -errno : set_files(how);

	reset_signals();
	if (r == 0 && is_worker)
		r = limit_data(s);
	if (r == 0)
		r = guise_become(how->as);
	if (r < 0)
		return r;
	if (exe >= 0)
		execveat(exe, "", how->argv, env, AT_EMPTY_PATH);
	else
		execve(how->argv[0], how->argv, env);
	return -errno;
}

/* ---- in conclaved ---- */

/* A copy of the descriptor, above those that the child is handed; -1 stays. */
static int
lift(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + FDSTORE_MAX);
}

static int
start(struct spawn *s, const struct spawn_how *how, pid_t *pid)
{
	volatile int error = 0;
	int exe = lift(how->exe);
	pid_t child;

	if (how->exe >= 0 && exe < 0)
		return -errno;
	child = vfork();
	if (child == 0) {
		error = execute(s, how, exe);
		_exit(127);
	}
	if (child < 0)
		error = -errno;
	guise_be_seen();
	if (exe >= 0)
		close(exe);
	if (child > 0 && error < 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			continue;
	*pid = child;
	return error;
}

int
spawn_run(struct spawn *s, const struct spawn_how *how, sd_event_child_handler_t on_exit,
          void *user, pid_t *pid, sd_event_source **source)
{
	pid_t child;
	int r;

	if ((r = make_kept_var(s, how->kept)) < 0 || (r = start(s, how, &child)) < 0)
		return r;
	r = watch(s->loop, child, on_exit, user, source);
	if (r == 0) {
		*pid = child;
		return 0;
	}
	/* nobody has reaped it, so that the number is still the child's */
	guise_take(how->as);
	kill(child, SIGKILL);
	guise_drop();
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return r;
}
