/* Finds out whether the kernel has killed a process of our control group because memory
 * ran out, from the count in memory.events (cgroup 2) or memory.oom_control (cgroup 1).
 * If neither file exists the answer is always no. */
#ifndef SUPERVISOR_MEMORY_H
#define SUPERVISOR_MEMORY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct memory {
	/* "": there is no such count */
	char path[PATH_MAX];
	/* as it was read last */
	uint64_t kills;
};

/* `root`: "", or a folder that stands for / (in tests). */
void memory_open(struct memory *m, const char *root);
/* True if the count has grown since the last call, or since memory_open. */
bool memory_was_short(struct memory *m);

#endif
