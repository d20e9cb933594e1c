/* One of the two files of the peer's record, on base/slots: what it holds, and what it
 * shall hold. */
#ifndef PEER_EPOCH_FILE_H
#define PEER_EPOCH_FILE_H

#include "base/slots.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/* the two slots are bad, or contradict each other */
#define EPOCH_FILE_BAD 2

struct epoch_file {
	char path[PATH_MAX];
	/* of a slot */
	size_t size;
	int fd;
	struct slots slots;
	/* room for a slot: of `slots`, and for the lines that the file shall hold */
	char *block;
	char *wanted;
	size_t wanted_len;
	/* the slots that could not be read at the last epoch_file_open */
	bool bad[SLOTS_COUNT];
	/* The last mirror failed, and the log says so. */
	bool unmirrored;
};

/* Neither exists yet. -ENOMEM, -ENAMETOOLONG; epoch_file_deinit is allowed all the same,
 * and on zeros. */
int epoch_file_init(struct epoch_file *f, const char *folder, const char *name,
                    size_t size);
void epoch_file_deinit(struct epoch_file *f);

/* These wait for the disk. Makes the file with what is wanted, and opens it as below. */
int epoch_file_make(struct epoch_file *f);
/* 0: `slots` has what is in the file, and what is wanted is the same; SLOTS_FILE_NONE;
 * EPOCH_FILE_BAD; -errno. */
int epoch_file_open(struct epoch_file *f);

/* Is what is wanted the newest value? */
bool epoch_file_is_newest(const struct epoch_file *f);

#endif
