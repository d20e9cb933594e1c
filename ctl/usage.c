/* What a process uses, where nobody has said it. */
#include "ctl/usage.h"

#include "ctl/exact.h"
#include "proc/vital.h"

static void
fill(cJSON *row, const char *key, int64_t value)
{
	if (value >= 0 && cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(row, key)))
		cJSON_ReplaceItemInObjectCaseSensitive(row, key, exact_create(value));
}

void
usage_fill(cJSON *processes)
{
	cJSON *row;

	cJSON_ArrayForEach(row, processes)
	{
		struct vital_use use;
		int64_t pid;

		if (!exact_i64(cJSON_GetObjectItemCaseSensitive(row, "pid"), &pid))
			continue;
		use = vital_read((pid_t)pid);
		fill(row, "rss_kb", use.rss_kb);
		fill(row, "cpu_ms", use.cpu_ms);
		fill(row, "threads", use.threads);
		fill(row, "descriptors", use.descriptors);
	}
}
