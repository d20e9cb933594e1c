/* See local.h. */
#include "ipc/local.h"

#include "ipc/users.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
open_socket(const char *path, int type, struct sockaddr_un *address)
{
	size_t len = strlen(path);
	int fd;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len == 0)
		return -ENOENT;
	if (len >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memcpy(address->sun_path, path, len);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return fd < 0 ? -errno : fd;
}

static int
fail(int fd)
{
	int r = -errno;

	close(fd);
	return r;
}

static int
listen_at(const char *path, int type, int backlog)
{
	struct sockaddr_un address;
	struct stat st;
	int fd;

	fd = open_socket(path, type, &address);
	if (fd < 0)
		return fd;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	/* bind makes the file with this mode and our umask, so there is no moment in
	 * which others may connect; the umask is too narrow where the workers have users
	 */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, users_socket_mode()) < 0 || listen(fd, backlog) < 0)
		return fail(fd);
	return fd;
}

int
local_listen(const char *path, int backlog)
{
	return listen_at(path, SOCK_SEQPACKET, backlog);
}

int
local_listen_stream(const char *path, int backlog)
{
	return listen_at(path, SOCK_STREAM, backlog);
}

void
local_note(const char *path, struct local_name *out)
{
	struct stat st;

	*out = (struct local_name){0};
	if (lstat(path, &st) == 0)
		*out = (struct local_name){st.st_dev, st.st_ino};
}

bool
local_is_there(const char *path, const struct local_name *noted)
{
	struct local_name now;

	local_note(path, &now);
	return now.number != 0 && now.device == noted->device &&
	       now.number == noted->number;
}

int
local_connect(const char *path)
{
	struct sockaddr_un address;
	int fd;

	fd = open_socket(path, SOCK_SEQPACKET, &address);
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(fd);
	return fd;
}

void
local_widen(int fd, int bytes)
{
	/* if refused: the default holds three of the largest messages */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}
