/* Reads the control group's count of kills; see memory.h. */
#include "supervisor/memory.h"

#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 8192
#define COUNT    "oom_kill "

/* The count in one of the two files; false: it has none. */
static bool
read_kills(const char *path, uint64_t *kills)
{
	char text[TEXT_MAX];
	char *line, *rest = text;
	size_t len;

	if (*path == '\0' || file_read(path, text, sizeof(text), &len) < 0)
		return false;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (strncmp(line, COUNT, strlen(COUNT)) == 0)
			return sscanf(line, COUNT "%" SCNu64, kills) == 1;
	return false;
}

/* `4:memory:/group` and `0::/group` are lines of /proc/self/cgroup. */
static bool
try_line(struct memory *m, const char *root, const char *line)
{
	static const struct {
		const char *controllers;
		const char *mount;
		const char *file;
	} kinds[] = {
	    {":memory:", "/sys/fs/cgroup/memory", "memory.oom_control"},
	    {"::", "/sys/fs/cgroup", "memory.events"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *at = strstr(line, kinds[i].controllers);

		if (at == NULL)
			continue;
		snprintf(m->path, sizeof(m->path), "%s%s%s/%s", root, kinds[i].mount,
		         at + strlen(kinds[i].controllers), kinds[i].file);
		if (read_kills(m->path, &m->kills))
			return true;
	}
	return false;
}

void
memory_open(struct memory *m, const char *root)
{
	char path[PATH_MAX], text[TEXT_MAX];
	char *line, *rest = text;
	size_t len;

	memset(m, 0, sizeof(*m));
	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	if (file_read(path, text, sizeof(text), &len) < 0)
		return;
	while ((line = strsep(&rest, "\n")) != NULL)
		if (try_line(m, root, line))
			return;
	m->path[0] = '\0';
}

bool
memory_was_short(struct memory *m)
{
	uint64_t before = m->kills;

	return read_kills(m->path, &m->kills) && m->kills > before;
}
