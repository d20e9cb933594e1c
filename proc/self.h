/* What this process knows of itself: the part of the answer to `status` that is alike in
 * all programs (docs/DOORS.md). */
#ifndef PROC_SELF_H
#define PROC_SELF_H

#include "base/buf.h"

#include <stdint.h>

/* The process has started. To be called before privileges are dropped. */
void self_init(void);
/* The loop came this late to a timer, or one handler kept it for so long. */
void self_late(uint64_t late_us);
/* The loop has come to its beat: it turns. */
void self_beat(void);

/* The first members of the answer to `status`: `who`, `name`, `pid`, `version`,
 * `program`, `generation`, `uptime_ms`; then what self_put_use writes. */
void self_put(struct buf_out *out, const char *who, const char *name,
              uint64_t generation);
/* What procfs_put writes of this process, `lag_ms` (the worst of the last minute) and
 * `beat_age_ms`. */
void self_put_use(struct buf_out *out);

struct self_queue {
	char name[64];
	uint64_t length;
	uint64_t bound;
	/* Since the start of the process. */
	uint64_t drops;
};
/* The member `key`: an array of queues. */
void self_put_queues(struct buf_out *out, const char *key, const struct self_queue *list,
                     unsigned count);

#endif
