/* The file of a record with two slots (slots.h). All of this waits for the disk, so no
 * loop calls it. The file is made once, with all its bytes; a write then changes bytes
 * that are there, and its sync waits for nothing else: no space, no size, no folder. On a
 * file system that copies what is written anew a write may still find no space; that is
 * an error like any other. */
#ifndef BASE_SLOTS_FILE_H
#define BASE_SLOTS_FILE_H

#include "base/slots.h"

#define SLOTS_FILE_NONE 1 /* there is no such file */

/* Makes the file with `body` in both slots: when this returns 0, its content, its name
 * and the folders above it are on the disk. `size` is that of a slot, `blocks` room for
 * SLOTS_COUNT slots. 0 or -errno; then there may be such a file, or none. -EINVAL: `body`
 * is no text for slots_encode. */
int slots_file_make(const char *path, size_t size, char *blocks, const char *body,
                    size_t len);
/* Opens the file and reads the slots into `blocks`, one behind the other: one that cannot
 * be read is filled with zeros. The name of the file is on the disk when it returns: who
 * made the file may have died before that. 0; SLOTS_FILE_NONE; -errno. */
int slots_file_open(const char *path, size_t size, int *fd, char *blocks);
/* Removes the file; that is on the disk once another is made in its folder. 0;
 * SLOTS_FILE_NONE; -errno. */
int slots_file_remove(const char *path);
/* Writes and syncs. 0 or -errno: then nobody knows what the slot holds. */
int slots_file_write(int fd, const struct slots_write *w);
void slots_file_close(int fd);

#endif
