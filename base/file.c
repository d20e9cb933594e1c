/* See file.h. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARENT_MODE 0755
#define OWN_MODE    0700
#define FILE_MODE   0600
#define SHARED_MODE 0640

/* mkdir obeys the umask, so a folder that we have just made gets its mode by chmod. */
static int
make_one(const char *path, mode_t mode)
{
	if (mkdir(path, OWN_MODE) < 0)
		return errno == EEXIST ? 0 : -errno;
	if (mode != OWN_MODE && chmod(path, mode) < 0)
		return -errno;
	return 0;
}

/* Who may write into our folder could replace our sockets and files. */
int
file_check_dir(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		r = -EPERM;
	close(fd);
	return r;
}

int
file_make_dir(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	int r;

	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len + 1);
	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	if (file_check_dir(part) == 0)
		return 0; /* mkdir would have to wait for a disk that hangs */
	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		r = make_one(part, PARENT_MODE);
		*at = '/';
		if (r < 0)
			return r;
	}
	r = make_one(part, OWN_MODE);
	return r < 0 ? r : file_check_dir(part);
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int
file_sync_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* The new name of a file is on the disk only once its folder is. */
static int
sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
	         slash ? path : ".");
	return file_sync_dir(folder);
}

static int
write_new(const char *path, const void *data, size_t len, bool sync, mode_t mode)
{
	int fd, r;

	/* a crash may have left this file; nobody else writes it */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return -errno;
	r = write_all(fd, data, len);
	if (r == 0 && mode != FILE_MODE && fchmod(fd, mode) < 0) /* the umask took more */
		r = -errno;
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

int
file_write_new(const char *path, const void *data, size_t len, bool sync)
{
	return write_new(path, data, len, sync, FILE_MODE);
}

static int
write_by_rename(const char *path, const void *data, size_t len, bool sync, mode_t mode)
{
	char fresh[PATH_MAX];
	int r, n;

	n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || (size_t)n >= sizeof(fresh))
		return -ENAMETOOLONG;
	r = write_new(fresh, data, len, sync, mode);
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(fresh);
		return r;
	}
	return sync ? sync_folder_of(path) : 0;
}

/* Writes a file anew in place: its pages stay, and are not asked for again. */
static int
write_over(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, SHARED_MODE);
	int r;

	if (fd < 0)
		return -errno;
	r = fchmod(fd, SHARED_MODE) < 0 ? -errno : write_all(fd, data, len);
	if (r == 0 && ftruncate(fd, (off_t)len) < 0)
		r = -errno;
	close(fd);
	return r;
}

int
file_write_spare(const char *path, const void *data, size_t len)
{
	char spare[PATH_MAX];
	int n = snprintf(spare, sizeof(spare), "%s.new", path), r;

	if (n < 0 || (size_t)n >= sizeof(spare))
		return -ENAMETOOLONG;
	r = write_over(spare, data, len);
	if (r < 0 || renameat2(AT_FDCWD, spare, AT_FDCWD, path, RENAME_EXCHANGE) == 0)
		return r;
	/* the first time there is none to change places with */
	if (rename(spare, path) < 0)
		return -errno;
	(void)write_over(spare, data, len);
	return 0;
}

/* The descriptor of a regular file, or -errno. An open of a FIFO would wait for a
 * writer; that of a device may do anything, so the kind is looked at before it, too. */
static int
open_to_read(const char *path)
{
	struct stat st;
	int fd, r = 0;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = S_ISDIR(st.st_mode) ? -EISDIR : -ENOTSUP;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

const char *
file_strerror(int error)
{
	return error == -ENOTSUP ? "it is a FIFO, a socket or a device, and no file"
	                         : strerror(-error);
}

int
file_write(const char *path, const void *data, size_t len, bool sync)
{
	return write_by_rename(path, data, len, sync, FILE_MODE);
}

int
file_write_shared(const char *path, const void *data, size_t len, bool sync)
{
	return write_by_rename(path, data, len, sync, SHARED_MODE);
}

int
file_read(const char *path, char *out, size_t cap, size_t *len)
{
	size_t have = 0;
	ssize_t n;
	int fd, r = 0;

	fd = open_to_read(path);
	if (fd < 0)
		return fd;
	do {
		n = read(fd, out + have, cap - have);
		if (n > 0)
			have += (size_t)n;
		else if (n < 0 && errno != EINTR)
			r = -errno;
	} while (r == 0 && n != 0 && have < cap);
	close(fd);
	if (r < 0)
		return r;
	if (have == cap)
		return -EFBIG;
	out[have] = '\0';
	*len = have;
	return 0;
}

int
file_lock_open(const char *path, bool is_dir)
{
	int flags = is_dir ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT;
	int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = -errno;

		if (r == -EINTR)
			continue;
		close(fd);
		return r;
	}
	return fd;
}

int
file_lock(const char *path)
{
	/* the descriptor stays open, and with it the lock, until the process ends */
	int fd = file_lock_open(path, false);

	return fd < 0 ? fd : 0;
}
