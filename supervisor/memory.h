/* Has the kernel killed somebody of our control group because memory ran out? Read from
 * the group's own count, of cgroup 2 (memory.events) or 1 (memory.oom_control). Where
 * there is none, nobody was. */
#ifndef SUPERVISOR_MEMORY_H
#define SUPERVISOR_MEMORY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct memory {
	char path[PATH_MAX]; /* "": there is no such count */
	uint64_t kills;      /* as it was last seen */
};

/* `root`: "", or a folder that stands for / (in tests). */
void memory_open(struct memory *m, const char *root);
/* True if the count has grown since it was last looked at. */
bool memory_was_short(struct memory *m);

#endif
