/* See run_guard.h. What runs in the new processes is in run_watch.c and here. */
#include "ctl/run_guard.h"

#include "ctl/run_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_PATIENCE_MS 1000

static void
forget(struct guard *g)
{
	if (g->sock >= 0)
		close(g->sock);
	if (g->go >= 0)
		close(g->go);
	*g = (struct guard){.sock = -1, .go = -1};
}

/* Waits for the pid of the command. 0 or -errno. */
static int
await_ready(struct guard *g, struct box *b, uint64_t due_ns)
{
	struct pollfd in = {.fd = g->sock, .events = POLLIN};
	uint64_t now_ns = watch_now_ns();
	struct watch_word word;
	int wait_ms = due_ns > now_ns ? (int)((due_ns - now_ns) / 1000000) : 0;

	if (poll(&in, 1, wait_ms) != 1)
		return -ETIMEDOUT;
	if (recv(g->sock, &word, sizeof(word), MSG_DONTWAIT) != sizeof(word) ||
	    word.what != WATCH_READY)
		return -ECHILD;
	b->pidfd = (int)syscall(SYS_pidfd_open, word.value, 0);
	if (b->pidfd < 0)
		return -errno;
	g->command = word.value;
	return 0;
}

static void
end(struct guard *g, struct box *b)
{
	if (g->pid > 0) {
		kill(g->pid, SIGKILL);
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	b->spared = 0;
	forget(g);
}

int
guard_start(struct guard *g, struct box *b, const struct guard_task *task,
            uint64_t due_ns)
{
	int socks[2], go[2], r;

	*g = (struct guard){.sock = -1, .go = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return -errno;
	if (pipe2(go, O_CLOEXEC) < 0) {
		r = -errno;
		close(socks[0]);
		close(socks[1]);
		return r;
	}
	g->sock = socks[0];
	g->go = go[1];
	g->pid = fork();
	r = g->pid < 0 ? -errno : 0;
	if (g->pid == 0) {
		close(socks[0]);
		close(go[1]);
		watch_main(b, task, socks[1], go[0]);
	}
	close(socks[1]);
	close(go[0]);
	if (b->kind == BOX_TREE)
		b->spared = g->pid;
	if (r == 0)
		r = await_ready(g, b, due_ns);
	if (r == 0)
		return 0;
	/* the process that waits gets no word to start, and ends */
	end(g, b);
	if (b->pidfd >= 0)
		close(b->pidfd);
	b->pidfd = -1;
	return r;
}

void
guard_go(struct guard *g)
{
	(void)!write(g->go, "g", 1);
	close(g->go);
	g->go = -1;
}

enum guard_word
guard_hear(struct guard *g, int *status)
{
	struct watch_word word;
	ssize_t n;

	if (g->sock < 0)
		return GUARD_NOTHING;
	n = recv(g->sock, &word, sizeof(word), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return GUARD_NOTHING;
	if (n != sizeof(word))
		return GUARD_GONE;
	if (word.what == WATCH_KILLS)
		return GUARD_KILLS;
	if (word.what != WATCH_DEAD)
		return GUARD_NOTHING;
	*status = word.value;
	return GUARD_DEAD;
}

void
guard_end(struct guard *g, struct box *b)
{
	struct pollfd in = {.fd = g->sock, .events = POLLIN};
	struct watch_word word;

	if (g->sock >= 0 && send(g->sock, "e", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
		while (poll(&in, 1, END_PATIENCE_MS) == 1 &&
		       recv(g->sock, &word, sizeof(word), MSG_DONTWAIT) > 0)
			;
	end(g, b);
	if (b->pidfd >= 0)
		close(b->pidfd);
	b->pidfd = -1;
}
