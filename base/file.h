/* Folders and small files that one program owns and others must not touch. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Makes `path` (0700) and its parents (0755) where they are missing; refuses a folder
 * that another user owns or may write to (-EPERM). 0 or -errno. */
int file_make_dir(const char *path);
/* 0: nobody else owns the folder `path` or may write there; -EPERM: somebody does; else
 * -errno. It changes nothing, so a disk that hangs does not hang it. */
int file_check_dir(const char *path);

/* Writes `path` anew by a temporary file and a rename; `sync`: file and folder are on the
 * disk when it returns. 0 or -errno. */
int file_write(const char *path, const void *data, size_t len, bool sync);
/* The same; the group of this process may read the file. */
int file_write_shared(const char *path, const void *data, size_t len, bool sync);
/* All renames in the folder `path` so far are on the disk when it returns. */
int file_sync_dir(const char *path);
/* Makes the file `path` anew, under its own name; `sync`: its content is on the disk. */
int file_write_new(const char *path, const void *data, size_t len, bool sync);
/* The same for run_dir, which may be full: the file that goes becomes PATH.new, and the
 * next content is written into it. So a file of one page needs no room but at first. Not
 * synced; the group may read it. */
int file_write_spare(const char *path, const void *data, size_t len);
/* Reads at most cap - 1 bytes, NUL-terminated. 0 or -errno: -EFBIG: the file is longer;
 * -EISDIR: it is a folder; -ENOTSUP: it is no file, but a FIFO, a socket or a device,
 * which are not waited for. */
int file_read(const char *path, char *out, size_t cap, size_t *len);
/* What file_read returned, in words. */
const char *file_strerror(int error);
/* flock(LOCK_EX | LOCK_NB) on `path`, kept until exit. 0, -EWOULDBLOCK, -errno. */
int file_lock(const char *path);
/* The same lock, of a file that is made, or of a folder that is there. The descriptor,
 * whose close gives the lock back, or -EWOULDBLOCK, or -errno. */
int file_lock_open(const char *path, bool is_dir);

#endif
