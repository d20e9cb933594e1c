/* See run.h. */
#include "ctl/run.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

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
	int n = 0;

	while (n <= 0) {
		uint64_t now_ms = clock_ms();

		if (now_ms >= due_ms)
			break;
		n = poll(&end, 1, (int)(due_ms - now_ms));
		if (n < 0 && errno != EINTR)
			break;
	}
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
