/* See run.h. */
#include "ctl/run.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* This is more than TimeoutStartSec and TimeoutStopSec of the units. */
#define PATIENCE_MS 30000
#define UNIT_MAX    80
#define UNIT_FORMAT "conclave-elector@%s.service"

static int
start(const char *const argv[], int out_fd, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	int r = posix_spawn_file_actions_init(&files);

	if (r != 0)
		return -r;
	r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (r == 0 && out_fd >= 0)
		r = posix_spawn_file_actions_adddup2(&files, out_fd, 1);
	if (r == 0)
		r = posix_spawnp(pid, argv[0], &files, NULL, (char *const *)argv,
		                 environ);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* True: the process has ended; false: the time is over. */
static bool
await_end(pid_t pid, uint64_t timeout_ms)
{
	uint64_t due_ms = clock_ms() + timeout_ms;
	struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	int n;

	do
		n = poll(&end, 1, clock_left_ms(due_ms));
	while (n <= 0 && clock_ms() < due_ms && (n == 0 || errno == EINTR));
	if (end.fd >= 0)
		close(end.fd);
	return n > 0;
}

static int
reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

int
run_program(const char *const argv[], uint64_t timeout_ms, char *out, size_t cap)
{
	int fds[2] = {-1, -1}, r;
	ssize_t n;
	pid_t pid;

	if (out && pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	r = start(argv, fds[1], &pid);
	if (r == 0 && !await_end(pid, timeout_ms)) {
		kill(pid, SIGKILL); /* not reaped yet: the pid is still the child's */
		(void)reap(pid);
		r = -ETIMEDOUT;
	} else if (r == 0) {
		r = reap(pid);
	}
	if (out) {
		n = read(fds[0], out, cap - 1);
		out[n < 0 ? 0 : n] = '\0';
		close(fds[0]);
		close(fds[1]);
	}
	return r;
}

int
systemctl(const char *verb, const char *name)
{
	char unit[UNIT_MAX], said[RUN_TEXT_MAX];
	const char *argv[] = {"systemctl", "--quiet", verb, unit, NULL};

	snprintf(unit, sizeof(unit), UNIT_FORMAT, name);
	return run_program(argv, PATIENCE_MS, said, sizeof(said));
}

/* The value of a property, without the end of its line. Other than 0: `out` is "". */
static int
show(const char *name, const char *property, char *out, size_t cap)
{
	char unit[UNIT_MAX];
	const char *argv[] = {"systemctl", "show", "--value", "-p", property, unit, NULL};
	int r;

	snprintf(unit, sizeof(unit), UNIT_FORMAT, name);
	r = run_program(argv, PATIENCE_MS, out, cap);
	if (r != 0)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return r;
}

/* { path=/usr/libexec/…/conclave-elector ; argv[]=… ; … } */
int
systemctl_program(const char *name, char *out, size_t cap)
{
	static const char key[] = "path=";
	char text[RUN_TEXT_MAX];
	const char *at, *end;
	int r = show(name, "ExecStart", text, sizeof(text));

	out[0] = '\0';
	at = strstr(text, key);
	if (r != 0 || !at)
		return r != 0 ? r : -ENOENT;
	at += strlen(key);
	end = strstr(at, " ;");
	if (!end || (size_t)(end - at) >= cap)
		return -ENAMETOOLONG;
	memcpy(out, at, (size_t)(end - at));
	out[end - at] = '\0';
	return 0;
}

long
systemctl_restarts(const char *name)
{
	char text[64];

	if (show(name, "ActiveState", text, sizeof(text)) != 0 ||
	    (strcmp(text, "active") != 0 && strcmp(text, "reloading") != 0))
		return -1;
	if (show(name, "NRestarts", text, sizeof(text)) != 0)
		return -1;
	return strtol(text, NULL, 10);
}
