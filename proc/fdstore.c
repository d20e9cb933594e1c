/* See fdstore.h. */
#include "proc/fdstore.h"

#include "proc/sdnotify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define FIRST_FD 3

bool
fdstore_name(int fd, char out[FDSTORE_NAME_MAX])
{
	union {
		struct sockaddr_storage any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a;
	socklen_t len = sizeof(a);
	char host[INET6_ADDRSTRLEN];
	bool v6;

	if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0 ||
	    getsockname(fd, (struct sockaddr *)&a.any, &len) < 0)
		return false;
	if (a.any.ss_family != AF_INET && a.any.ss_family != AF_INET6)
		return false;
	v6 = a.any.ss_family == AF_INET6;
	inet_ntop(a.any.ss_family, v6 ? (void *)&a.v6.sin6_addr : &a.v4.sin_addr, host,
	          sizeof(host));
	/* sd_notify(3): a name has no colon */
	for (char *colon = host; (colon = strchr(colon, ':'));)
		*colon = '_';
	snprintf(out, FDSTORE_NAME_MAX, "listen-%s-%u", host,
	         ntohs(v6 ? a.v6.sin6_port : a.v4.sin_port));
	return true;
}

unsigned
fdstore_take(int fds[FDSTORE_MAX])
{
	const char *text = getenv(FDSTORE_VAR);
	int given = text ? atoi(text) : 0;
	char name[FDSTORE_NAME_MAX];
	unsigned count = 0;

	unsetenv(FDSTORE_VAR);
	if (given <= 0)
		given = sd_listen_fds(1);
	for (int fd = FIRST_FD; fd < FIRST_FD + given; fd++) {
		if (count == FDSTORE_MAX || !fdstore_name(fd, name) ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
		    fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
			close(fd);
		else
			fds[count++] = fd;
	}
	return count;
}

/* One datagram, with a descriptor if fd >= 0. */
static int
say(const char *text, int fd)
{
	const struct timeval patience = {.tv_usec = 200000};
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.room = {0}};
	struct iovec part = {.iov_base = (char *)text, .iov_len = strlen(text)};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
	int to = sdnotify_dial(), r = 0;

	if (to < 0)
		return to == -ENOENT ? 0 : to;
	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.align = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
		                                 .cmsg_type = SCM_RIGHTS,
		                                 .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	if (setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    sendmsg(to, &m, MSG_NOSIGNAL) < 0)
		r = -errno;
	close(to);
	return r;
}

int
fdstore_put(int fd)
{
	char name[FDSTORE_NAME_MAX], text[FDSTORE_NAME_MAX + 64];

	if (!fdstore_name(fd, name))
		return -EINVAL;
	/* FDPOLL: who stores it need not watch for its end */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	return say(text, fd);
}

int
fdstore_remove(const char *name)
{
	char text[FDSTORE_NAME_MAX + 64];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return say(text, -1);
}
