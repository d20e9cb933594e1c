/* See self.h. It includes of proc/ only procfs and lag, so that the simulator can link it
 * beside its own proc. */
#include "proc/self.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "proc/lag.h"
#include "proc/procfs.h"

#include <limits.h>
#include <unistd.h>

static struct {
	uint64_t started_us;
	/* When the loop last came to its beat. */
	uint64_t beat_us;
	struct lag lag;
	char program[PATH_MAX];
} self;

void
self_init(void)
{
	ssize_t n = readlink("/proc/self/exe", self.program, sizeof(self.program) - 1);

	self.program[n > 0 ? n : 0] = '\0';
	procfs_open_self();
	self.started_us = self.beat_us = clock_us();
}

void
self_late(uint64_t late_us)
{
	lag_note(&self.lag, clock_us(), late_us);
}

void
self_beat(void)
{
	self.beat_us = clock_us();
}

void
self_put_use(struct buf_out *out)
{
	uint64_t now_us = clock_us();
	struct procfs_use use = procfs_read(getpid());

	procfs_put(out, &use);
	json_put_u64(out, "lag_ms", lag_worst_us(&self.lag, now_us) / 1000);
	json_put_u64(out, "beat_age_ms", (now_us - self.beat_us) / 1000);
}

void
self_put(struct buf_out *out, const char *who, const char *name, uint64_t generation)
{
	json_put_text(out, "who", who);
	json_put_text(out, "name", name);
	json_put_i64(out, "pid", getpid());
	json_put_text(out, "version", CONCLAVE_VERSION);
	json_put_text(out, "program", self.program);
	json_put_u64(out, "generation", generation);
	json_put_u64(out, "uptime_ms", (clock_us() - self.started_us) / 1000);
	self_put_use(out);
}

void
self_put_queues(struct buf_out *out, const char *key, const struct self_queue *list,
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
