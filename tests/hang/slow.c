/* Preloaded into the processes of a server of the tests: a slow disk. In the program that
 * $CONCLAVE_TEST_SLOW names, each call that changes what is below a folder `data`, opens
 * a file there for writing, or syncs it takes a second longer, and while the file
 * $CONCLAVE_TEST_STUCK is there it does not return. Each call is told to standard error:
 *
 *     slow: conclave-connmgr main rename     (or `other`: a thread beside the loop's) */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000L
#define LOOK_NS   10000000L

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* The functions of libc that are replaced here have no other declaration in all cases. */
int open64(const char *path, int flags, ...);
int openat64(int dir, const char *path, int flags, ...);
int creat64(const char *path, mode_t mode);
int ftruncate64(int fd, off_t len);
int posix_fallocate64(int fd, off_t from, off_t len);
int fallocate64(int fd, int mode, off_t from, off_t len);
ssize_t pwrite64(int fd, const void *data, size_t len, off_t at);

static void
nap(long ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000L, .tv_nsec = ns % 1000000000L};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		continue;
}

/* One line, by one write, which is no call of ours. */
static void
tell(const char *call)
{
	char line[160];
	int len = snprintf(
	    line, sizeof(line), "slow: %s %s %s\n", program_invocation_short_name,
	    (pid_t)syscall(SYS_gettid) == getpid() ? "main" : "other", call);

	(void)!syscall(SYS_write, STDERR_FILENO, line, (size_t)len);
}

static void
wait_for_disk(const char *call)
{
	const char *stuck = getenv("CONCLAVE_TEST_STUCK");
	int error = errno;

	tell(call);
	nap(SECOND_NS);
	while (stuck && access(stuck, F_OK) == 0)
		nap(LOOK_NS);
	errno = error;
}

static int
is_below(const char *path)
{
	const char *who = getenv("CONCLAVE_TEST_SLOW");

	return who && strcmp(who, program_invocation_short_name) == 0 &&
	       strstr(path, "/data/") != NULL;
}

static int
is_slow_fd(int fd)
{
	char link[64], path[PATH_MAX];
	int error = errno;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	errno = error;
	if (len < 0)
		return 0;
	path[len] = '\0';
	return is_below(path);
}

/* A path that is relative to a folder below counts by that folder. */
static int
is_slow_at(int dir, const char *path)
{
	return path[0] == '/' ? is_below(path) : dir != AT_FDCWD && is_slow_fd(dir);
}

static int
writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

#define WAIT_AT(dir, path) (is_slow_at(dir, path) ? wait_for_disk(__func__) : (void)0)
#define WAIT_FD(fd)        (is_slow_fd(fd) ? wait_for_disk(__func__) : (void)0)

#define OPEN(name, dirs, args, at, from)                                                 \
	int name dirs                                                                    \
	{                                                                                \
		mode_t mode = 0;                                                         \
		va_list list;                                                            \
                                                                                         \
		va_start(list, flags);                                                   \
		if (flags & (O_CREAT | O_TMPFILE))                                       \
			mode = va_arg(list, mode_t);                                     \
		va_end(list);                                                            \
		if (writes(flags))                                                       \
			WAIT_AT(at, path);                                               \
		return NEXT(name) args;                                                  \
	}

OPEN(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD, path)
OPEN(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD, path)
OPEN(openat, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir,
     path)
OPEN(openat64, (int dir, const char *path, int flags, ...), (dir, path, flags, mode), dir,
     path)

#define ON_PATH(type, name, params, args, ...)                                           \
	type name params                                                                 \
	{                                                                                \
		WAIT_AT(__VA_ARGS__);                                                    \
		return NEXT(name) args;                                                  \
	}
#define ON_FD(type, name, params, args)                                                  \
	type name params                                                                 \
	{                                                                                \
		WAIT_FD(fd);                                                             \
		return NEXT(name) args;                                                  \
	}

ON_PATH(int, creat, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ON_PATH(int, creat64, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ON_PATH(int, unlink, (const char *path), (path), AT_FDCWD, path)
ON_PATH(int, unlinkat, (int dir, const char *path, int flags), (dir, path, flags), dir,
        path)
ON_PATH(int, rmdir, (const char *path), (path), AT_FDCWD, path)
ON_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ON_PATH(int, mkdirat, (int dir, const char *path, mode_t mode), (dir, path, mode), dir,
        path)
ON_PATH(int, chmod, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
ON_PATH(int, truncate, (const char *path, off_t len), (path, len), AT_FDCWD, path)
ON_PATH(int, rename, (const char *from, const char *to), (from, to), AT_FDCWD, to)
ON_PATH(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to),
        b, to)
ON_PATH(int, link, (const char *from, const char *to), (from, to), AT_FDCWD, to)
ON_PATH(int, symlink, (const char *text, const char *path), (text, path), AT_FDCWD, path)

ON_FD(ssize_t, write, (int fd, const void *data, size_t len), (fd, data, len))
ON_FD(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t at),
      (fd, data, len, at))
ON_FD(ssize_t, pwrite64, (int fd, const void *data, size_t len, off_t at),
      (fd, data, len, at))
ON_FD(ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
ON_FD(ssize_t, pwritev, (int fd, const struct iovec *v, int n, off_t at), (fd, v, n, at))
ON_FD(int, fsync, (int fd), (fd))
ON_FD(int, fdatasync, (int fd), (fd))
ON_FD(int, syncfs, (int fd), (fd))
ON_FD(int, ftruncate, (int fd, off_t len), (fd, len))
ON_FD(int, ftruncate64, (int fd, off_t len), (fd, len))
ON_FD(int, fallocate, (int fd, int mode, off_t from, off_t len), (fd, mode, from, len))
ON_FD(int, fallocate64, (int fd, int mode, off_t from, off_t len), (fd, mode, from, len))
ON_FD(int, posix_fallocate, (int fd, off_t from, off_t len), (fd, from, len))
ON_FD(int, posix_fallocate64, (int fd, off_t from, off_t len), (fd, from, len))
ON_FD(int, fchmod, (int fd, mode_t mode), (fd, mode))
