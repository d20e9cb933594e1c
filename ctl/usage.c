/* See usage.h. */
#include "ctl/usage.h"

#include "proc/procfs.h"
#include "view/member.h"

static void
fill(json_t *row, const char *key, int64_t value)
{
	if (value >= 0 && json_is_null(json_object_get(row, key)))
		json_object_set_new(row, key, json_integer(value));
}

void
usage_fill(json_t *processes)
{
	size_t at;
	json_t *row;

	json_array_foreach (processes, at, row) {
		struct procfs_use use;
		int64_t pid;

		if (!member_i64(row, "pid", &pid))
			continue;
		use = procfs_read((pid_t)pid);
		fill(row, "rss_kb", use.rss_kb);
		fill(row, "cpu_ms", use.cpu_ms);
		fill(row, "threads", use.threads);
		fill(row, "descriptors", use.descriptors);
	}
}
