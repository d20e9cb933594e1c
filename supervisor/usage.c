/* Memory and time of a process, proc(5); see usage.h. */
#include "supervisor/usage.h"

#include "proc/proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 1024

static int
read_text(pid_t pid, const char *name, char *out, size_t cap)
{
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return proc_read_file(path, out, cap, &len);
}

struct usage
usage_read(pid_t pid)
{
	struct usage use = {0};
	uint64_t pages, user, sys;
	char text[TEXT_MAX];
	const char *at;

	if (pid <= 0)
		return use;
	if (read_text(pid, "statm", text, sizeof(text)) == 0 &&
	    sscanf(text, "%*u %" SCNu64, &pages) == 1)
		use.rss_kb = pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	/* the name, in parentheses, may hold anything: the last one ends it */
	if (read_text(pid, "stat", text, sizeof(text)) == 0 &&
	    (at = strrchr(text, ')')) != NULL &&
	    sscanf(at + 1,
	           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
	           &user, &sys) == 2)
		use.cpu_ms = (user + sys) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return use;
}
