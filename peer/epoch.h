/* The peer's record on the disk: the epochs that it accepted and followed, and its claim
 * to freshness, in `epochs` in the peer's folder below data_dir, a file with two slots
 * (base/slots.h). All that waits for the disk runs on a thread, one piece at a time; the
 * loop hears of its end. */
#ifndef PEER_EPOCH_H
#define PEER_EPOCH_H

#include "peer/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define EPOCH_FILE    "epochs"
#define EPOCH_DAMAGED 1 /* a person must look at the files; `why` says what to do */
/* behind a path, with the NUL */
#define EPOCH_WHY_MAX 512

struct epoch;

struct epoch_ops {
	/* The answer to epoch_read. 0: `record` is on the disk, and will be found again;
	 * EPOCH_DAMAGED; -errno: try again. Unless 0, `why` says why. */
	void (*on_read)(void *user, int result, const struct role_record *record,
	                const char *why);
	/* The answer to epoch_write. 0: the record is on the disk; -errno: nobody knows
	 * whether this one or the one before it is, and the next write, of whatever
	 * record, settles it first. It may come before epoch_write returns. */
	void (*on_written)(void *user, int error);
};

/* `mirror_ms`: how long nothing must have been written before the second slot is.
 * Borrowed until epoch_free: loop, ops, user. 0 or -errno. */
int epoch_new(struct epoch **out, sd_event *loop, const char *folder, uint32_t mirror_ms,
              const struct epoch_ops *ops, void *user);
/* NULL ok. While the thread works, it and `e` are left to the end of the process: a disk
 * may hang. */
void epoch_free(struct epoch *e);
/* Makes the folder and the record, all 0, where they are missing; takes the folder's
 * lock, which is kept; reads the record and makes sure of it. Nothing may be owed. */
void epoch_read(struct epoch *e);
/* Nothing may be owed, and a read must have succeeded. */
void epoch_write(struct epoch *e, const struct role_record *record);
/* Is an answer owed? */
bool epoch_busy(const struct epoch *e);

#endif
