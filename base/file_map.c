/* See file_map.h. */
#include "base/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600

static bool
is_ours(int fd, size_t len)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       st.st_nlink == 1 && (size_t)st.st_size == len &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

/* The descriptor of a file that has all its blocks, or -errno. */
static int
open_whole(const char *path, size_t len)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags), r;

	if (fd >= 0 && !is_ours(fd, len)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0) {
		if (unlink(path) < 0 && errno != ENOENT)
			return -errno;
		fd = open(path, flags | O_CREAT | O_EXCL, FILE_MODE);
		if (fd < 0)
			return -errno;
	}
	/* a process may have died between the two steps: its file has the length, and
	 * holes; what is there already costs nothing */
	r = -posix_fallocate(fd, 0, (off_t)len);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int
file_map(const char *path, size_t len, void **out)
{
	int fd = open_whole(path, len), r = 0;
	void *at;

	if (fd < 0)
		return fd;
	at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		r = -errno;
	else
		*out = at;
	close(fd);
	return r;
}

int
file_map_read(int fd, size_t len, void *at, const void **out)
{
	struct stat st;
	void *found;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)len)
		return -EINVAL;
	found = mmap(at, len, PROT_READ, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
	if (found == MAP_FAILED)
		return -errno;
	*out = found;
	return 0;
}

int
file_map_zeros(size_t len, bool writable, void **out)
{
	void *at = mmap(NULL, len, writable ? PROT_READ | PROT_WRITE : PROT_READ,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -errno;
	*out = at;
	return 0;
}

int
file_map_shared(size_t len, int *fd, void **out)
{
	char path[64];
	void *at;
	int r = 0, whole = memfd_create("conclave", MFD_CLOEXEC);

	if (whole < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", whole);
	if (fd && (*fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		r = -errno;
	if (r == 0)
		r = -posix_fallocate(whole, 0, (off_t)len);
	if (r == 0) {
		at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, whole, 0);
		if (at == MAP_FAILED)
			r = -errno;
		else
			*out = at;
	}
	close(whole);
	if (r < 0 && fd && *fd >= 0)
		close(*fd);
	return r;
}

void
file_unmap(const void *at, size_t len)
{
	munmap((void *)at, len);
}
