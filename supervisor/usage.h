/* What a process uses, from /proc. */
#ifndef SUPERVISOR_USAGE_H
#define SUPERVISOR_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
	uint64_t rss_kb; /* resident memory */
	uint64_t cpu_ms; /* user and system time since its start */
};

/* All zero where /proc does not say (the process is gone). */
struct usage usage_read(pid_t pid);

#endif
