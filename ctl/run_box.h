/* What a command is kept in, so that all that it starts can be killed at one time. The
 * functions behind box_open take no memory, so the guard may call them.
 *
 * - BOX_CGROUP: a cgroup of its own below ours. Only a process that may write to other
 *   cgroups (root) can leave it.
 * - BOX_PIDS: a pid namespace, whose first process dies with the guard and takes all
 *   others with it. Only a process of another namespace, which one of these asked to work
 *   for it, is not reached; no more than in a cgroup.
 * - BOX_TREE: the descendants, which stay ours since runner and guard are subreapers.
 *   Those of another user (of a set-uid program) cannot be killed, and when runner and
 *   guard are killed at one instant nobody is left to do it. */
#ifndef CTL_RUN_BOX_H
#define CTL_RUN_BOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum box_kind { BOX_CGROUP, BOX_PIDS, BOX_TREE };

#define BOX_UNITS_MAX 32

/* The cgroups of the units of systemd that belong to it, which grow in number only;
 * shared memory. */
struct box_units {
	_Atomic unsigned count;
	char folders[BOX_UNITS_MAX][256];
};

struct box {
	enum box_kind kind;
	/* BOX_CGROUP: the folder, and files of it; -1: none. */
	char folder[512];
	int kill;
	int events;
	int enter;
	/* The process that was started in it, by pidfd; -1: none. */
	int pidfd;
	/* BOX_TREE: the guard, which is spared, and those below it are not. */
	pid_t spared;
	/* NULL: no units of systemd belong to it */
	const struct box_units *units;
};

/* Finds the best kind that there is; `most`: none that is better than this. */
void box_open(struct box *b, enum box_kind most);
/* Removes the cgroup, which is empty. */
void box_close(struct box *b);
/* One line for people. */
const char *box_about(const struct box *b);

/* By the process that is to be the command, before it becomes that. 0 or -errno. */
int box_enter(const struct box *b);
/* SIGKILL to all that is in it and may be killed. Not all is dead when it returns. */
void box_kill(const struct box *b);
/* Nothing in it lives. */
bool box_is_empty(const struct box *b);
/* Where the second version of cgroups is mounted; false: nowhere. */
bool box_find_mount(char *out, size_t cap);
/* A file of a cgroup, close-on-exec; -1: it cannot be opened. */
int box_open_in(const char *folder, const char *file, int flags);

#endif
