/* The children's $NOTIFY_SOCKET; see notify.h. */
#include "supervisor/notify.h"

#include "ipc/local.h"
#include "ipc/users.h"

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
	sd_event *loop;
	/* The sources own their sockets. Those before the present one; NULL: none. */
	sd_event_source *earlier[NOTIFY_EARLIER_MAX];
	unsigned turn;
	sd_event_source *source;
	int (*on_notice)(void *user, pid_t pid, const struct child_notice *n, int fd);
	void *user;
	struct sockaddr_un address;
	struct local_name name;
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
take_one(struct notify *n, int from)
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

	len = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
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
	(void)events;
	for (unsigned i = 0; i < BUDGET; i++)
		if (take_one(n, fd) < 0)
			break;
	return 0;
}

/* A socket that is bound to the path, or -errno. */
static int
bind_socket(const struct sockaddr_un *address)
{
	const char *path = address->sun_path;
	const int on = 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -errno;
	if ((unlink(path) < 0 && errno != ENOENT) ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    chmod(path, users_socket_mode()) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int
listen_anew(struct notify *n)
{
	sd_event_source *source = NULL;
	int fd = bind_socket(&n->address), r;

	if (fd < 0)
		return fd;
	r = sd_event_add_io(n->loop, &source, fd, EPOLLIN, on_datagram, n);
	if (r < 0)
		close(fd);
	if (r < 0 || (r = sd_event_source_set_io_fd_own(source, 1)) < 0 ||
	    (r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT)) < 0) {
		sd_event_source_disable_unref(source);
		return r;
	}
	n->source = source;
	local_note(n->address.sun_path, &n->name);
	return 0;
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
	n->loop = loop;
	n->on_notice = on_notice;
	n->user = user;
	n->address.sun_family = AF_UNIX;
	r = -ENAMETOOLONG;
	if (strlen(path) < sizeof(n->address.sun_path)) {
		strcpy(n->address.sun_path, path);
		r = listen_anew(n);
	}
	if (r < 0) {
		free(n);
		return r;
	}
	*out = n;
	return 0;
}

bool
notify_is_there(const struct notify *n)
{
	return local_is_there(n->address.sun_path, &n->name);
}

int
notify_renew(struct notify *n)
{
	sd_event_source *before = n->source, **place;
	int r = listen_anew(n);

	if (r < 0)
		return r;
	place = &n->earlier[n->turn++ % NOTIFY_EARLIER_MAX];
	sd_event_source_disable_unref(*place);
	*place = before;
	return 0;
}

void
notify_close(struct notify *n)
{
	if (n == NULL)
		return;
	if (notify_is_there(n))
		unlink(n->address.sun_path);
	for (unsigned i = 0; i < NOTIFY_EARLIER_MAX; i++)
		sd_event_source_disable_unref(n->earlier[i]);
	sd_event_source_disable_unref(n->source);
	free(n);
}

struct notify_counts
notify_counts(const struct notify *n)
{
	return n->counts;
}
