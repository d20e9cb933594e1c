/* The peer's record on the disk, in two files of the peer's folder below data_dir, each
 * with two slots (base/slots.h). `epochs` has the epochs that this server promised and
 * followed, and its claim to freshness; `membership` has its instance and the memberships
 * of its group (N1). For the core both are one record: `membership` is written first, and
 * only where it changes; `epochs` then names it, and that counts. All that waits for the
 * disk runs on a thread, one piece at a time; the loop hears of its end.
 *
 * An epoch that is followed with the same memberships is in `epochs` alone: the record's
 * epoch is the larger of what `membership` says and `current`. */
#ifndef PEER_EPOCH_H
#define PEER_EPOCH_H

#include "peer/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define EPOCH_FILE    "epochs"
#define EPOCH_MEMBERS "membership"
#define EPOCH_DAMAGED 1 /* a person must look at the files; `why` says what to do */
/* behind a path, with the NUL */
#define EPOCH_WHY_MAX 512

struct epoch;

struct epoch_ops {
	/* The answer to epoch_read. 0: `record` is on the disk, and will be found again,
	 * with the addresses `hints`; EPOCH_DAMAGED; -errno: try again. `why` says why;
	 * with 0 it is "", or says that this server is now one with a new disk, since a
	 * copy of its folder was put back or a file was gone (N10). */
	void (*on_read)(void *user, int result, const struct role_record *record,
	                const struct members_hints *hints, const char *why);
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
/* Makes the folder and the files where they are missing, with a new instance and all else
 * 0; takes the folder's lock, which is kept; reads the record and makes sure of it.
 * Nothing may be owed. */
void epoch_read(struct epoch *e);
/* Nothing may be owed, and a read must have succeeded. A record that has memberships is
 * kept as of `current` where its own epoch is smaller. */
void epoch_write(struct epoch *e, const struct role_record *record,
                 const struct members_hints *hints);
/* Is an answer owed? */
bool epoch_busy(const struct epoch *e);
/* The file that epoch_read or epoch_write waits for, or waited for last: the one that
 * cannot be written. */
const char *epoch_path(const struct epoch *e);
/* What a write that failed with -errno needs from a person, as the end of a sentence. */
const char *epoch_remedy(int error);

#endif
