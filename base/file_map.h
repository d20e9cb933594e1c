/* Small files that are mapped. This is the only place that maps one for writing: where
 * run_dir is full, the first touch of a page that has no block would end the process
 * (docs/STYLE.md, section Ownership). */
#ifndef BASE_FILE_MAP_H
#define BASE_FILE_MAP_H

#include <stdbool.h>
#include <stddef.h>

/* Maps the file `path` of `len` bytes to read and write; 0600. It is made, filled with
 * zeros and with all its blocks, if it is missing. What is there but no regular file of
 * this user and length, with one name, is removed before. 0 or -errno. */
int file_map(const char *path, size_t len, void **out);
/* Maps `fd` to read only; `at`: over that place, which is mapped already; NULL: anywhere.
 * -EINVAL: the file is shorter than `len`. */
int file_map_read(int fd, size_t len, void *at, const void **out);
/* Memory of its own, filled with zeros, in whole pages. 0 or -errno. */
int file_map_zeros(size_t len, bool writable, void **out);
/* The same, shared with the children of this process. `fd`, if it is not NULL, becomes a
 * descriptor of it for reading. */
int file_map_shared(size_t len, int *fd, void **out);
void file_unmap(const void *at, size_t len);

#endif
