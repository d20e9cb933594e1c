/* Preloaded into a server of the tests: a disk that hangs, or fails. As long as the file
 * that $CONCLAVE_TEST_HANG names is there, no sync of a peer's record returns; as long as
 * that of $CONCLAVE_TEST_FAIL is, each one fails. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EPOCHS  "/data/peer/"
#define LOOK_US 10000

int fsync(int fd);
int fdatasync(int fd);

static int
is_epoch(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < 0)
		return 0;
	path[len] = '\0';
	return strstr(path, EPOCHS) != NULL;
}

static int
is_there(const char *name)
{
	const char *flag = getenv(name);

	return flag && access(flag, F_OK) == 0;
}

static int
sync_it(int fd, long call)
{
	while (is_epoch(fd) && is_there("CONCLAVE_TEST_HANG"))
		usleep(LOOK_US);
	if (is_epoch(fd) && is_there("CONCLAVE_TEST_FAIL")) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(call, fd);
}

int
fsync(int fd)
{
	return sync_it(fd, SYS_fsync);
}

int
fdatasync(int fd)
{
	return sync_it(fd, SYS_fdatasync);
}
