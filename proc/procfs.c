/* See procfs.h. It does not call sysconf, which ipc/chan_nng_share answers in the
 * daemons. */
#include "proc/procfs.h"

#include "base/json.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define TEXT_MAX 1024

enum { STAT, STATM, FILES };
static const char *const names[FILES] = {[STAT] = "stat", [STATM] = "statm"};

static struct {
	bool open;
	int files[FILES];
	DIR *descriptors;
} self;

static bool
read_file(int fd, char out[TEXT_MAX])
{
	ssize_t n = lseek(fd, 0, SEEK_SET) < 0 ? -1 : read(fd, out, TEXT_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static int64_t
count_entries(DIR *dir)
{
	const struct dirent *e;
	int64_t count = 0;

	if (!dir)
		return -1;
	rewinddir(dir);
	while ((e = readdir(dir)) != NULL)
		count += e->d_name[0] != '.';
	return count;
}

static struct procfs_use
take(const int files[FILES], DIR *descriptors)
{
	struct procfs_use use = {-1, -1, -1, count_entries(descriptors)};
	char text[TEXT_MAX];
	uint64_t user, sys;
	const char *at;
	int64_t pages;

	/* `stat` has the number of pages too, but counts them late */
	if (read_file(files[STATM], text) && sscanf(text, "%*u %" SCNd64, &pages) == 1)
		use.rss_kb = pages * (int64_t)getauxval(AT_PAGESZ) / 1024;
	/* the program's name may hold anything: the last parenthesis ends it */
	if (read_file(files[STAT], text) && (at = strrchr(text, ')')) != NULL &&
	    sscanf(at + 1,
	           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
	           " %*d %*d %*d %*d %" SCNd64,
	           &user, &sys, &use.threads) == 3)
		use.cpu_ms = (int64_t)((user + sys) * 1000 / getauxval(AT_CLKTCK));
	return use;
}

/* `who`: a process id, or "self" */
static DIR *
open_files(const char *who, int files[FILES])
{
	char path[64];

	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/proc/%s/%s", who, names[i]);
		files[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
	snprintf(path, sizeof(path), "/proc/%s/fd", who);
	return opendir(path);
}

static void
close_files(int files[FILES], DIR *descriptors)
{
	for (int i = 0; i < FILES; i++)
		if (files[i] >= 0)
			close(files[i]);
	if (descriptors)
		closedir(descriptors);
}

struct procfs_use
procfs_read(pid_t pid)
{
	struct procfs_use use = {-1, -1, -1, -1};
	int files[FILES];
	char who[16];
	DIR *dir;

	if (pid <= 0)
		return use;
	if (self.open && pid == getpid())
		return take(self.files, self.descriptors);
	snprintf(who, sizeof(who), "%d", (int)pid);
	dir = open_files(who, files);
	use = take(files, dir);
	close_files(files, dir);
	return use;
}

void
procfs_open_self(void)
{
	if (self.open)
		close_files(self.files, self.descriptors);
	self.descriptors = open_files("self", self.files);
	self.open = true;
}

static void
put_known(struct buf_out *out, const char *key, int64_t value)
{
	if (value >= 0) {
		json_put_i64(out, key, value);
		return;
	}
	json_put_key(out, key);
	buf_put_text(out, "null");
}

void
procfs_put(struct buf_out *out, const struct procfs_use *use)
{
	put_known(out, "rss_kb", use->rss_kb);
	put_known(out, "cpu_ms", use->cpu_ms);
	put_known(out, "threads", use->threads);
	put_known(out, "descriptors", use->descriptors);
}
