/* See pass.h. */
#include "ipc/pass.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one descriptor. The kernel aligns it, and may put two there. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int
pass_send(int sock, const void *data, size_t len, int fd)
{
	struct iovec part = {(void *)data, len};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	union control control;
	struct cmsghdr *rights = &control.header;

	if (fd != PASS_NONE) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	return sendmsg(sock, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* How many descriptors came; the first is kept in `*fd`, and the others are closed. */
static unsigned
take(struct msghdr *m, int *fd)
{
	unsigned count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len;
		     at += sizeof(int)) {
			int one;

			memcpy(&one, (const char *)c + at, sizeof(one));
			if (count++ == 0)
				*fd = one;
			else
				close(one);
		}
	}
	return count;
}

int
pass_receive(int sock, void *data, size_t cap, size_t *len, int *fd)
{
	struct iovec part = {data, cap};
	union control control;
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = &control,
	                   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);
	int first = PASS_NONE;
	unsigned count;

	if (n < 0)
		return -errno;
	count = take(&m, &first);
	if (count > 1 || (m.msg_flags & MSG_CTRUNC)) {
		if (count > 0)
			close(first);
		return -EBADMSG;
	}
	*len = (size_t)n;
	*fd = first;
	return 0;
}
