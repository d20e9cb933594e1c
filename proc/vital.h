/* What a process knows of its own health, and what /proc says of any; the part of its
 * `status` that is alike in all of them (docs/DOORS.md). */
#ifndef PROC_VITAL_H
#define PROC_VITAL_H

#include "base/buf.h"

#include <stdint.h>
#include <sys/types.h>

struct vital_use {      /* -1: /proc does not say */
	int64_t rss_kb; /* resident memory */
	int64_t cpu_ms; /* user and system time since its start */
	int64_t threads;
	int64_t descriptors;
};

/* Of another process; of our own once vital_init has been called. */
struct vital_use vital_read(pid_t pid);

/* Our life begins. It opens what it reads later: a program that has dropped its rights
 * may not open anything in /proc. */
void vital_init(void);
/* The loop came this late to a timer, or one handler kept it for so long. */
void vital_late(uint64_t late_us);
/* The loop turns: it has come to its beat. */
void vital_beat(void);

/* The first members of the answer to `status`: `who`, `name`, `pid`, `version`,
 * `program`, `generation`, `uptime_ms`; and then what vital_put_self says. */
void vital_put(struct buf_out *out, const char *who, const char *name,
               uint64_t generation);
/* `rss_kb`, `cpu_ms`, `threads`, `descriptors`; null where it is not known. */
void vital_put_use(struct buf_out *out, const struct vital_use *use);
/* The same of ourselves, and `lag_ms` (the worst of the last minute), `beat_age_ms`. */
void vital_put_self(struct buf_out *out);

struct vital_queue {
	char name[64];
	uint64_t length;
	uint64_t bound;
	uint64_t drops; /* so far */
};
/* An array of them, as the member `key`. */
void vital_put_queues(struct buf_out *out, const char *key,
                      const struct vital_queue *list, unsigned count);

#endif
