/* Starts programs with posix_spawn; see spawn.h. */
#include "supervisor/spawn.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
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
#define FIRST_FD      3 /* the first descriptor that is handed to a child */
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
	posix_spawnattr_t attr;
	bool attr_ready;
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

static int
make_attr(posix_spawnattr_t *attr)
{
	const short flags =
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	r = posix_spawnattr_init(attr);
	if (r != 0)
		return -r;
	if ((r = posix_spawnattr_setflags(attr, flags)) != 0 ||
	    (r = posix_spawnattr_setsigmask(attr, &none)) != 0 ||
	    (r = posix_spawnattr_setsigdefault(attr, &all)) != 0 ||
	    (r = posix_spawnattr_setpgroup(attr, 0)) != 0)
		posix_spawnattr_destroy(attr);
	return -r;
}

/* The descriptors of the child: /dev/null, then our own 1 and 2 or, with an `out_fd`,
 * this one and /dev/null; then those of `kept`. `exe`, by which it executes, is closed on
 * exec. */
static int
make_files(posix_spawn_file_actions_t *files, const struct kept *kept, int out_fd,
           int exe)
{
	int r = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
	int next = FIRST_FD;

	if (r == 0 && out_fd >= 0)
		r = posix_spawn_file_actions_adddup2(files, out_fd, 1);
	if (r == 0 && out_fd >= 0)
		r = posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_WRONLY, 0);
	for (unsigned i = 0; kept && i < kept->count && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(files, kept->fds[i], next++);
	for (; next < exe && r == 0; next++)
		r = posix_spawn_file_actions_addclose(files, next);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files,
		                                             exe >= 0 ? exe + 1 : next);
	return -r;
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
	if ((r = make_env(s, notify_path, watchdog_ms)) == 0 &&
	    (r = make_attr(&s->attr)) == 0) {
		s->attr_ready = true;
		r = s->data_max > 0 ? lower_stack() : 0;
	}
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
	if (s->attr_ready)
		posix_spawnattr_destroy(&s->attr);
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

/* From outside, after the start: until then the child uses far less. */
static void
limit_data(const struct spawn *s, pid_t child)
{
	const struct rlimit limit = {.rlim_cur = s->data_max, .rlim_max = s->data_max};

	if (s->data_max > 0 && prlimit(child, RLIMIT_DATA, &limit, NULL) < 0)
		log_warning("pid %d has no memory limit: %s", (int)child,
		            strerror(errno));
}

int
spawn_run(struct spawn *s, const struct spawn_how *how, sd_event_child_handler_t on_exit,
          void *user, pid_t *pid, sd_event_source **source)
{
	char *no_env[] = {NULL};
	char open_file[32];
	posix_spawn_file_actions_t files;
	pid_t child;
	int r;

	snprintf(open_file, sizeof(open_file), "/proc/self/fd/%d", how->exe);
	if ((r = make_kept_var(s, how->kept)) < 0 ||
	    (r = -posix_spawn_file_actions_init(&files)) < 0)
		return r;
	r = make_files(&files, how->kept, how->out_fd, how->exe);
	if (r == 0)
		r = -posix_spawn(&child, how->exe >= 0 ? open_file : how->argv[0], &files,
		                 &s->attr, how->argv, how->out_fd >= 0 ? no_env : s->env);
	posix_spawn_file_actions_destroy(&files);
	if (r < 0)
		return r;
	if (how->out_fd < 0)
		limit_data(s, child);
	r = watch(s->loop, child, on_exit, user, source);
	if (r == 0) {
		*pid = child;
		return 0;
	}
	/* nobody has reaped it, so that the number is still the child's */
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return r;
}
