/* The lab's processes: start, stop, kill, and who is who. */
#include "base/clock.h"
#include "base/paths.h"
#include "ctl/ask.h"
#include "ipc/door.h"
#include "tests/lab/lab_own.h"
#include "view/member.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASK_MS        300
#define GONE_MS       5000 /* a killed process is gone within; else something is very wrong */
#define PROCESSES_MAX 16

struct lab_server *
lab_server(struct lab *l, unsigned id)
{
	assert(id > 0 && id <= l->count);
	return &l->servers[id - 1];
}

json_t *
lab_request(struct lab *l, unsigned id, const char *folder, const char *request,
            uint64_t timeout_ms)
{
	const struct lab_server *s = lab_server(l, id);
	static char reply[DOOR_REPLY_MAX + 1];
	char path[LAB_PATH_MAX + 64];
	size_t len;

	snprintf(path, sizeof(path), "%s/%s/" PATHS_DOOR, s->run_dir, folder);
	if (ask_door(path, request, timeout_ms, reply, sizeof(reply), &len) < 0)
		return NULL;
	return json_loads(reply, 0, NULL);
}

json_t *
lab_ask(struct lab *l, unsigned id, const char *folder)
{
	return lab_request(l, id, folder, "status", ASK_MS);
}

static void
run_conclaved(const struct lab *l, const struct lab_server *s, pid_t parent)
{
	char program[LAB_PATH_MAX + 16];
	char text[24];
	sigset_t none;
	int log = open(s->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int nothing = open("/dev/null", O_RDONLY);

	if (log < 0 || nothing < 0)
		_exit(127);
	dup2(nothing, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	close(log);
	close(nothing);
	setpgid(0, 0); /* a terminal's ^C is for us; we stop them in order */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(text, sizeof(text), "%d", (int)parent);
	setenv("CONCLAVE_PARENT", text, 1);
	unsetenv("NOTIFY_SOCKET");
	snprintf(program, sizeof(program), "%s/conclaved", l->program_dir);
	execl(program, program, "-c", s->config, (char *)NULL);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

int
lab_start(struct lab *l, unsigned id)
{
	struct lab_server *s = lab_server(l, id);
	pid_t self = getpid();
	pid_t pid;

	if (s->pid && !lab_reap(s))
		return -EALREADY;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_conclaved(l, s, self);
	s->pid = pid;
	s->retry_ms = 0;
	return 0;
}

bool
lab_reap(struct lab_server *s)
{
	if (!s->pid || waitpid(s->pid, NULL, WNOHANG) == 0)
		return false;
	s->pid = 0;
	return true;
}

bool
lab_running(const struct lab *l, unsigned id)
{
	return l->servers[id - 1].pid != 0;
}

/* All of conclaved's table, itself first; also of a conclaved that a person has started.
 * Returns how many. */
static unsigned
pids_of(struct lab *l, const struct lab_server *s, pid_t out[PROCESSES_MAX])
{
	size_t at;
	json_t *answer = lab_ask(l, s->id, "conclaved");
	const json_t *row;
	unsigned n = 0;

	if (s->pid)
		out[n++] = s->pid;
	json_array_foreach (json_object_get(answer, "processes"), at, row) {
		int64_t pid;

		if (member_i64(row, "pid", &pid) && pid > 1 && pid != s->pid &&
		    n < PROCESSES_MAX)
			out[n++] = (pid_t)pid;
	}
	json_decref(answer);
	return n;
}

/* Ended; a zombie of ours is taken, one of somebody else (who has died as well) is
 * init's. */
static bool
is_gone(struct lab_server *s, pid_t pid)
{
	if (pid == s->pid)
		return lab_reap(s);
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static int
wait_gone(struct lab_server *s, const pid_t *pids, unsigned count, uint64_t until_ms)
{
	for (unsigned i = 0; i < count; i++) {
		while (!is_gone(s, pids[i])) {
			if (clock_ms() >= until_ms)
				return -ETIMEDOUT;
			poll(NULL, 0, 1);
		}
	}
	return 0;
}

int
lab_kill(struct lab *l, unsigned id, uint64_t *at_us)
{
	struct lab_server *s = lab_server(l, id);
	pid_t pids[PROCESSES_MAX];
	unsigned count = pids_of(l, s, pids);

	if (count == 0)
		return -ESRCH;
	if (at_us)
		*at_us = clock_us();
	for (unsigned i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	return wait_gone(s, pids, count, clock_ms() + GONE_MS);
}

/* Sends SIGTERM; the pid to wait for, 0: nobody there. */
static pid_t
ask_to_stop(struct lab *l, unsigned id)
{
	struct lab_server *s = lab_server(l, id);
	pid_t pid = s->pid ? s->pid : lab_pid(l, id, "conclaved");

	if (pid)
		kill(pid, SIGTERM);
	return pid;
}

static int
await_stop(struct lab *l, unsigned id, pid_t pid, uint64_t until_ms)
{
	int r = pid ? wait_gone(lab_server(l, id), &pid, 1, until_ms) : 0;

	if (r)
		lab_kill(l, id, NULL);
	return r;
}

int
lab_stop(struct lab *l, unsigned id, uint64_t timeout_ms)
{
	return await_stop(l, id, ask_to_stop(l, id), clock_ms() + timeout_ms);
}

int
lab_stop_all(struct lab *l, uint64_t timeout_ms)
{
	uint64_t until_ms = clock_ms() + timeout_ms;
	pid_t pids[LAB_SERVERS_MAX];
	int result = 0;

	for (unsigned id = 1; id <= l->count; id++)
		pids[id - 1] = ask_to_stop(l, id);
	for (unsigned id = 1; id <= l->count; id++) {
		int r = await_stop(l, id, pids[id - 1], until_ms);

		if (r)
			result = r;
	}
	return result;
}

void
lab_pids(struct lab *l, unsigned id, const char *const *names, unsigned count, pid_t *out)
{
	size_t at;
	json_t *answer = lab_ask(l, id, "conclaved");
	const json_t *row;

	memset(out, 0, count * sizeof(*out));
	json_array_foreach (json_object_get(answer, "processes"), at, row) {
		int64_t pid;

		if (!member_i64(row, "pid", &pid) || pid <= 0)
			continue;
		for (unsigned i = 0; i < count; i++) {
			if (strcmp(member_string(row, "name"), names[i]) == 0)
				out[i] = (pid_t)pid;
		}
	}
	json_decref(answer);
}

pid_t
lab_pid(struct lab *l, unsigned id, const char *name)
{
	pid_t pid;

	lab_pids(l, id, &name, 1, &pid);
	return pid;
}

pid_t
lab_kill_worker(struct lab *l, unsigned id, const char *name, uint64_t *at_us)
{
	pid_t pid = lab_pid(l, id, name);

	*at_us = clock_us();
	if (pid == 0 || kill(pid, SIGKILL) < 0)
		return -ESRCH;
	return pid;
}

int
lab_links(struct lab *l, unsigned id)
{
	size_t at;
	json_t *answer = lab_ask(l, id, "connmgr");
	const json_t *row;
	int up = answer ? 0 : -1;

	json_array_foreach (json_object_get(answer, "remotes"), at, row) {
		if (strcmp(member_string(row, "lane"), "election") == 0 &&
		    strcmp(member_string(row, "link"), "up") == 0)
			up++;
	}
	json_decref(answer);
	return up;
}
