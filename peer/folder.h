/* What tells one data_dir from another: the folder's own marks, and random bytes. */
#ifndef PEER_FOLDER_H
#define PEER_FOLDER_H

#include "wire/members.h"

#include <stdint.h>

/* N10: a copy that is put back is another folder. A file system without a birth time
 * says 0. */
struct folder_id {
	uint64_t inode;
	int64_t born_s;
	uint32_t born_ns;
};

/* May wait for the disk. 0 or -errno. */
int folder_identify(const char *path, struct folder_id *out);
/* N1: may wait until the kernel has random bytes, early after a boot. 0 or -errno. */
int folder_new_instance(struct members_instance *out);

#endif
