/* See slots_file.h. */
#include "base/slots_file.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
folder_of(const char *path, char folder[PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path || slash - path >= PATH_MAX)
		return -EINVAL;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	return 0;
}

/* The folders above ours may be new as well, and a process that has dropped its
 * privileges cannot open them; so all of the file system is synced, this once. */
static int
sync_all(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = syncfs(fd) < 0 ? -errno : 0;
	close(fd);
	return r;
}

int
slots_file_make(const char *path, size_t size, char *blocks, const char *body, size_t len)
{
	char folder[PATH_MAX], fresh[PATH_MAX];
	int r = folder_of(path, folder);

	if (r < 0)
		return r;
	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	if (!slots_encode(blocks, size, 1, body, len))
		return -EINVAL;
	memcpy(blocks + size, blocks, size);
	r = file_write_new(fresh, blocks, SLOTS_COUNT * size, true);
	if (r == 0)
		r = sync_all(folder);
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(fresh);
		return r;
	}
	return file_sync_dir(folder);
}

static int
read_slot(int fd, off_t at, size_t size, char *block)
{
	size_t have = 0;
	ssize_t n = 1;

	memset(block, 0, size);
	while (have < size && n != 0) {
		n = pread(fd, block + have, size - have, at + (off_t)have);
		if (n < 0 && errno != EINTR)
			return -errno;
		have += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int
slots_file_open(const char *path, size_t size, int *fd, char *blocks)
{
	char folder[PATH_MAX];
	int r = folder_of(path, folder);
	int opened, first, second;

	if (r < 0)
		return r;
	opened = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (opened < 0)
		return errno == ENOENT ? SLOTS_FILE_NONE : -errno;
	r = file_sync_dir(folder);
	first = read_slot(opened, 0, size, blocks);
	second = read_slot(opened, (off_t)size, size, blocks + size);
	if (r == 0 && first < 0 && second < 0)
		r = first;
	if (r < 0) {
		close(opened);
		return r;
	}
	*fd = opened;
	return 0;
}

int
slots_file_remove(const char *path)
{
	if (unlink(path) == 0)
		return 0;
	return errno == ENOENT ? SLOTS_FILE_NONE : -errno;
}

int
slots_file_write(int fd, const struct slots_write *w)
{
	size_t done = 0;

	while (done < w->size) {
		ssize_t n = pwrite(fd, w->block + done, w->size - done,
		                   (off_t)(w->slot * w->size + done));

		if (n == 0)
			return -EIO;
		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

void
slots_file_close(int fd)
{
	close(fd);
}
