/* The children's $NOTIFY_SOCKET; see notify.h. */
#include "supervisor/notify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BUDGET      64   /* datagrams for each turn of the loop */
#define CONTROL_MAX 1280 /* credentials, and all the descriptors that one can carry */

struct notify {
	sd_event_source *source;
	int (*on_notice)(void *user, pid_t pid, const struct child_notice *n, int fd);
	void *user;
	struct sockaddr_un address;
	int fd;
	struct notify_counts counts;
};

/* The pid of the sender, 0 if it is not known. The first descriptor that came is put into
 * `fd` (-1: none came), the others are closed. */
static pid_t
sender(struct msghdr *m, int *fd)
{
	pid_t pid = 0;

	*fd = -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS &&
		    c->cmsg_len == CMSG_LEN(sizeof(struct ucred))) {
			struct ucred who;

			memcpy(&who, CMSG_DATA(c), sizeof(who));
			pid = who.pid;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

			for (size_t i = 0; i < count; i++) {
				int one;

				memcpy(&one, CMSG_DATA(c) + i * sizeof(one), sizeof(one));
				if (*fd < 0)
					*fd = one;
				else
					close(one);
			}
		}
	}
	return pid;
}

/* 0: one datagram was taken, -EAGAIN: there is none */
static int
take_one(struct notify *n)
{
	char data[CHILD_NOTICE_MAX + 1];
	union {
		char room[CONTROL_MAX];
		struct cmsghdr align;
	} control;
	struct iovec part = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr m = {.msg_iov = &part,
	                   .msg_iovlen = 1,
	                   .msg_control = &control,
	                   .msg_controllen = sizeof(control)};
	struct child_notice notice;
	ssize_t len;
	pid_t pid;
	int fd;

	len = recvmsg(n->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (len < 0)
		return errno == EINTR ? 0 : -errno;
	pid = sender(&m, &fd);
	if ((m.msg_flags & MSG_TRUNC) != 0 ||
	    child_notice_parse(data, (size_t)len, &notice) != 0) {
		n->counts.malformed++;
	} else if (pid > 0 && n->on_notice(n->user, pid, &notice, fd) == 0) {
		return 0;
	} else {
		n->counts.strangers++;
	}
	if (fd >= 0)
		close(fd);
	return 0;
}

static int
on_datagram(sd_event_source *s, int fd, uint32_t events, void *user)
{
	struct notify *n = user;

	(void)s;
	(void)fd;
	(void)events;
	for (unsigned i = 0; i < BUDGET; i++)
		if (take_one(n) < 0)
			break;
	return 0;
}

static int
listen_at(struct notify *n, const char *path)
{
	const int on = 1;

	if (strlen(path) >= sizeof(n->address.sun_path))
		return -ENAMETOOLONG;
	n->address.sun_family = AF_UNIX;
	strcpy(n->address.sun_path, path);
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0)
		return -errno;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if (setsockopt(n->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(n->fd, (const struct sockaddr *)&n->address, sizeof(n->address)) < 0)
		return -errno;
	return chmod(path, 0600) < 0 ? -errno : 0;
}

int
notify_open(struct notify **out, sd_event *loop, const char *path,
            int (*on_notice)(void *user, pid_t pid, const struct child_notice *n, int fd),
            void *user)
{
	struct notify *n = calloc(1, sizeof(*n));
	int r;

	if (n == NULL)
		return -ENOMEM;
	n->fd = -1;
	n->on_notice = on_notice;
	n->user = user;
	if ((r = listen_at(n, path)) < 0 ||
	    (r = sd_event_add_io(loop, &n->source, n->fd, EPOLLIN, on_datagram, n)) < 0 ||
	    (r = sd_event_source_set_priority(n->source, SD_EVENT_PRIORITY_IMPORTANT)) <
	        0) {
		sd_event_source_disable_unref(n->source);
		if (n->fd >= 0)
			close(n->fd);
		free(n);
		return r;
	}
	*out = n;
	return 0;
}

void
notify_close(struct notify *n)
{
	if (n == NULL)
		return;
	sd_event_source_disable_unref(n->source);
	unlink(n->address.sun_path);
	close(n->fd);
	free(n);
}

struct notify_counts
notify_counts(const struct notify *n)
{
	return n->counts;
}
