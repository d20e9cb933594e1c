/* What /proc says of a process: memory, processor time, threads, descriptors. */
#ifndef PROC_PROCFS_H
#define PROC_PROCFS_H

#include "base/buf.h"

#include <stdint.h>
#include <sys/types.h>

/* -1: /proc does not say. */
struct procfs_use {
	/* Resident memory. */
	int64_t rss_kb;
	/* User and system time since the start. */
	int64_t cpu_ms;
	int64_t threads;
	int64_t descriptors;
};

struct procfs_use procfs_read(pid_t pid);
/* Opens what procfs_read reads of this process, to be called before privileges are
 * dropped: afterwards nothing in /proc may be opened. */
void procfs_open_self(void);
/* Members of a JSON object: `rss_kb`, `cpu_ms`, `threads`, `descriptors`; null where
 * /proc does not say. */
void procfs_put(struct buf_out *out, const struct procfs_use *use);

#endif
