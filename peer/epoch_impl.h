/* The state of the peer's record (epoch.h), for peer/epoch*.c: epoch.c, which writes,
 * calls epoch_read.c, which reads. */
#ifndef PEER_EPOCH_IMPL_H
#define PEER_EPOCH_IMPL_H

#include "peer/epoch.h"
#include "peer/epoch_file.h"
#include "peer/membership.h"
#include "proc/errand.h"

/* In the order of their writes. */
enum epoch_which { EPOCH_MEMBERSHIP, EPOCH_EPOCHS, EPOCH_FILES };

/* What the thread does. */
enum epoch_work { EPOCH_READ, EPOCH_WRITE, EPOCH_MIRROR };

struct epoch {
	const struct epoch_ops *ops;
	void *user;
	struct errand *errand;
	sd_event_source *timer;
	uint64_t mirror_us;
	char folder[PATH_MAX];
	/* epoch_free was called while the thread worked: nothing more happens. */
	bool left;
	/* The answers that we owe. */
	bool reading;
	bool writing;
	/* The slots hold what is in the files. */
	bool known;
	/* the file that is being written, or was written last; the same without mirrors
	 */
	enum epoch_which at;
	enum epoch_which told;

	/* The rest is the thread's while it works. */
	enum epoch_work work;
	struct slots_write write;
	bool locked;
	struct epoch_file files[EPOCH_FILES];
	/* the newest text of `membership`, and what the file shall have; the number that
	 * the newest text of `epochs` names, and the one that it shall name */
	struct membership held;
	struct membership wanted;
	uint64_t named;
	uint64_t wanted_named;
	/* what was read */
	struct role_record record;
	struct members_hints hints;
	char why[PATH_MAX + EPOCH_WHY_MAX];
};

/* In the thread: takes the lock, opens and makes the files, and judges what they hold.
 * 0: `record` and `hints` are what this server begins with, `folder` in `wanted` is what
 * the folder is now, and `why` is "" or says that the server is one with a new disk;
 * else as epoch_ops.on_read. */
int epoch_read_all(struct epoch *e);

#endif
