/* See vital.h. It stands on nothing of proc/ but lag, so that the simulator can have it
 * beside its own proc; and not on sysconf, which ipc/chan_nng_share answers in the
 * daemons. */
#include "proc/vital.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "proc/lag.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define TEXT_MAX 1024

enum { STAT, STATM, FILES };
static const char *const names[FILES] = {[STAT] = "stat", [STATM] = "statm"};

static struct vital {
	uint64_t started_us; /* 0: vital_init was not called */
	uint64_t beat_us;    /* the last one */
	struct lag lag;
	int files[FILES];
	DIR *descriptors;
	char program[PATH_MAX];
} self;

/* ---- /proc ---- */

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

static struct vital_use
take(const int files[FILES], DIR *descriptors)
{
	struct vital_use use = {-1, -1, -1, count_entries(descriptors)};
	char text[TEXT_MAX];
	uint64_t user, sys;
	const char *at;
	int64_t pages;

	/* not of `stat`: it counts the pages late */
	if (read_file(files[STATM], text) && sscanf(text, "%*u %" SCNd64, &pages) == 1)
		use.rss_kb = pages * (int64_t)getauxval(AT_PAGESZ) / 1024;
	/* the name, in parentheses, may hold anything: the last one ends it */
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

struct vital_use
vital_read(pid_t pid)
{
	struct vital_use use = {-1, -1, -1, -1};
	int files[FILES];
	char who[16];
	DIR *dir;

	if (pid <= 0)
		return use;
	if (self.started_us != 0 && pid == getpid())
		return take(self.files, self.descriptors);
	snprintf(who, sizeof(who), "%d", (int)pid);
	dir = open_files(who, files);
	use = take(files, dir);
	close_files(files, dir);
	return use;
}

/* ---- ourselves ---- */

void
vital_init(void)
{
	ssize_t n = readlink("/proc/self/exe", self.program, sizeof(self.program) - 1);

	self.program[n > 0 ? n : 0] = '\0';
	if (self.started_us != 0)
		close_files(self.files, self.descriptors);
	self.descriptors = open_files("self", self.files);
	self.started_us = self.beat_us = clock_us();
}

void
vital_late(uint64_t late_us)
{
	lag_note(&self.lag, clock_us(), late_us);
}

void
vital_beat(void)
{
	self.beat_us = clock_us();
}

/* ---- as JSON ---- */

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
vital_put_use(struct buf_out *out, const struct vital_use *use)
{
	put_known(out, "rss_kb", use->rss_kb);
	put_known(out, "cpu_ms", use->cpu_ms);
	put_known(out, "threads", use->threads);
	put_known(out, "descriptors", use->descriptors);
}

void
vital_put_self(struct buf_out *out)
{
	uint64_t now_us = clock_us();
	struct vital_use use = vital_read(getpid());

	vital_put_use(out, &use);
	json_put_u64(out, "lag_ms", lag_worst_us(&self.lag, now_us) / 1000);
	json_put_u64(out, "beat_age_ms", (now_us - self.beat_us) / 1000);
}

void
vital_put(struct buf_out *out, const char *who, const char *name, uint64_t generation)
{
	json_put_text(out, "who", who);
	json_put_text(out, "name", name);
	json_put_i64(out, "pid", getpid());
	json_put_text(out, "version", CONCLAVE_VERSION);
	json_put_text(out, "program", self.program);
	json_put_u64(out, "generation", generation);
	json_put_u64(out, "uptime_ms", (clock_us() - self.started_us) / 1000);
	vital_put_self(out);
}

void
vital_put_queues(struct buf_out *out, const char *key, const struct vital_queue *list,
                 unsigned count)
{
	json_put_key(out, key);
	buf_put_u8(out, '[');
	for (unsigned i = 0; i < count; i++) {
		json_put_next(out);
		buf_put_u8(out, '{');
		json_put_text(out, "name", list[i].name);
		json_put_u64(out, "length", list[i].length);
		json_put_u64(out, "bound", list[i].bound);
		json_put_u64(out, "drops", list[i].drops);
		buf_put_u8(out, '}');
	}
	buf_put_u8(out, ']');
}
