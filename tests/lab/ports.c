/* Free loopback ports: a lock file for each block, and a look whether somebody else has
 * one. */
#include "tests/lab/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST  10000
#define BLOCKS 340

static bool
is_free(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ok =
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 && listen(fd, 1) == 0;
	close(fd);
	return ok;
}

static bool
all_free(uint16_t first)
{
	for (unsigned i = 0; i < PORTS_BLOCK; i++) {
		if (!is_free((uint16_t)(first + i)))
			return false;
	}
	return true;
}

int
ports_take(uint16_t *first)
{
	char path[64];
	unsigned start = (unsigned)getpid(); /* so that few meet */

	snprintf(path, sizeof(path), "/tmp/conclave-ports-%u", (unsigned)getuid());
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	for (unsigned i = 0; i < BLOCKS; i++) {
		unsigned block = (start + i) % BLOCKS;
		uint16_t port = (uint16_t)(FIRST + block * PORTS_BLOCK);
		int fd;

		snprintf(path, sizeof(path), "/tmp/conclave-ports-%u/%u",
		         (unsigned)getuid(), block);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 && all_free(port)) {
			*first = port;
			return fd;
		}
		close(fd);
	}
	return -EADDRINUSE;
}
