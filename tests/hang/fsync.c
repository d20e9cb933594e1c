/* Preloaded into a server of the tests: a disk that hangs. As long as the file that
 * $CONCLAVE_TEST_HANG names is there, no fsync of a peer's epoch returns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EPOCHS  "/data/peer/"
#define LOOK_US 10000

int fsync(int fd);

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

int
fsync(int fd)
{
	const char *flag = getenv("CONCLAVE_TEST_HANG");

	while (flag && is_epoch(fd) && access(flag, F_OK) == 0)
		usleep(LOOK_US);
	return (int)syscall(SYS_fsync, fd);
}
