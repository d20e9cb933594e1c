/* Memory and processor time from /proc/PID/stat. */
#include "ctl/usage.h"

#include "ctl/exact.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
read_stat(int64_t pid, int64_t *rss_kb, int64_t *cpu_ms)
{
	char path[64];
	char line[1024];
	const char *after;
	FILE *f;
	unsigned long user;
	unsigned long kernel;
	long pages;
	bool read;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	read = fgets(line, sizeof(line), f);
	fclose(f);
	after = read ? strrchr(line, ')') : NULL; /* the name may hold anything */
	if (!after ||
	    sscanf(after,
	           ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d "
	           "%*d %*d %*d %*d %*u %*u %ld",
	           &user, &kernel, &pages) != 3)
		return -1;
	*rss_kb = pages * (sysconf(_SC_PAGESIZE) / 1024);
	*cpu_ms = (int64_t)(user + kernel) * 1000 / sysconf(_SC_CLK_TCK);
	return 0;
}

static bool
is_null(const cJSON *row, const char *key)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(row, key);

	return !node || cJSON_IsNull(node);
}

static void
fill(cJSON *row, const char *key, int64_t value)
{
	if (is_null(row, key))
		cJSON_ReplaceItemInObjectCaseSensitive(row, key, exact_create(value));
}

void
usage_fill(cJSON *processes)
{
	cJSON *row;

	cJSON_ArrayForEach(row, processes)
	{
		int64_t pid;
		int64_t rss_kb;
		int64_t cpu_ms;

		if (!is_null(row, "rss_kb") && !is_null(row, "cpu_ms"))
			continue;
		if (!exact_i64(cJSON_GetObjectItemCaseSensitive(row, "pid"), &pid) ||
		    pid <= 0)
			continue;
		if (read_stat(pid, &rss_kb, &cpu_ms))
			continue;
		fill(row, "rss_kb", rss_kb);
		fill(row, "cpu_ms", cpu_ms);
	}
}
