/* See run_tree.h. The kernel lists the children of each thread in /proc. */
#include "ctl/run_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEEP  24
#define BLOCK 4096

struct walk {
	pid_t spared;
	bool kills;
	bool lives;
};

static void walk_process(struct walk *w, pid_t pid, unsigned deep);

/* As much of the file as fits, with a final NUL. */
static ssize_t
read_file(const char *path, char *out, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, cap - 1);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n;
}

static bool
is_alive(pid_t pid)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof(text)) <= 0)
		return false;
	/* the name before it may contain anything */
	state = strrchr(text, ')');
	return state && strlen(state) > 2 && state[2] != 'Z' && state[2] != 'X';
}

static void
take(struct walk *w, pid_t pid, unsigned deep)
{
	/* those below first: they would be moved away */
	walk_process(w, pid, deep);
	if (pid == w->spared || !is_alive(pid))
		return;
	w->lives = true;
	if (w->kills)
		kill(pid, SIGKILL);
}

/* A list that is longer than a block is cut: the rest comes when these are dead. */
static void
walk_thread(struct walk *w, pid_t pid, const char *thread, unsigned deep)
{
	char path[96], text[BLOCK], *at = text, *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, thread);
	if (read_file(path, text, sizeof(text)) <= 0)
		return;
	for (long child; (child = strtol(at, &end, 10)) > 0 && *end; at = end)
		take(w, (pid_t)child, deep - 1);
}

struct entry {
	uint64_t number;
	int64_t next;
	unsigned short len;
	unsigned char type;
	char name[];
};

static void
walk_process(struct walk *w, pid_t pid, unsigned deep)
{
	_Alignas(struct entry) char text[1024];
	char path[64];
	long n;
	int fd;

	if (deep == 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	while ((n = syscall(SYS_getdents64, fd, text, sizeof(text))) > 0) {
		for (long i = 0; i < n;) {
			const struct entry *e = (const struct entry *)(text + i);

			if (e->name[0] != '.')
				walk_thread(w, pid, e->name, deep);
			i += e->len;
		}
	}
	close(fd);
}

void
tree_kill(pid_t spared)
{
	struct walk w = {.spared = spared, .kills = true};

	walk_process(&w, getpid(), DEEP);
}

/* The kernel's list may miss one while another ends, so an empty one is read twice. */
bool
tree_is_empty(pid_t spared)
{
	for (int i = 0; i < 2; i++) {
		struct walk w = {.spared = spared};

		walk_process(&w, getpid(), DEEP);
		if (w.lives)
			return false;
	}
	return true;
}
