/* see beat.h. */
#include "proc/beat.h"

#include "base/buf.h"
#include "base/version.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#define AGAIN_US 50000 /* to what is owed, for whatever reason */

/* The address that $NOTIFY_SOCKET names: a path, or with `@` an abstract one. */
static int
connect_to(int fd, const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = strlen(name);

	if (len < 2 || len >= sizeof(to.sun_path) || (name[0] != '/' && name[0] != '@'))
		return -EINVAL;
	memcpy(to.sun_path, name, len);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	return connect(fd, (struct sockaddr *)&to, (socklen_t)len) < 0 ? -errno : 0;
}

/* What is owed, in one datagram. False: it was not taken, and has to be said again. */
static bool
say(struct beat *n, bool beat)
{
	unsigned char text[BEAT_STATUS_MAX + 256];
	struct buf_out b;

	buf_out_init(&b, text, sizeof(text));
	if (beat)
		buf_put_text(&b, "WATCHDOG=1\n");
	if (n->ready)
		buf_put_text(&b, "READY=1\n");
	if (n->stopping)
		buf_put_text(&b, "STOPPING=1\n");
	if (n->has_status)
		buf_put_text(&b, "STATUS=%s\n", n->status);
	if (n->detailed)
		buf_put_text(&b,
		             "X_CONCLAVE_VERSION=%s\nX_CONCLAVE_GENERATION=%llu\n"
		             "X_CONCLAVE_ACTIVE=%d\n",
		             CONCLAVE_VERSION, n->generation, n->active);
	assert(!b.bad);
	if (b.len == 0)
		return true;
	if (send(n->fd, text, b.len - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == ENOBUFS))
		return false;
	n->ready = n->stopping = n->has_status = n->detailed = false;
	return true;
}

static void
rearm(struct beat *n)
{
	uint64_t wait_us = n->owed ? AGAIN_US : n->beat_us;

	if (wait_us == 0) {
		sd_event_source_set_enabled(n->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(n->timer, wait_us);
	sd_event_source_set_time_accuracy(n->timer, wait_us / 8);
	sd_event_source_set_enabled(n->timer, SD_EVENT_ONESHOT);
}

static int
on_beat(sd_event_source *source, uint64_t usec, void *user)
{
	struct beat *n = user;

	(void)source;
	(void)usec;
	n->owed = !say(n, n->beat_us > 0);
	rearm(n);
	return 0;
}

int
beat_dial(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int fd, r;

	if (!name)
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_to(fd, name);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int
beat_open(struct beat *n, sd_event *loop)
{
	uint64_t usec = 0;
	int r;

	*n = (struct beat){.fd = -1};
	if (!getenv("NOTIFY_SOCKET"))
		return 0;
	r = sd_watchdog_enabled(0, &usec);
	if (r < 0)
		return r;
	n->beat_us = r > 0 ? usec / 2 : 0;
	n->fd = beat_dial();
	if (n->fd < 0)
		return n->fd;
	r = sd_event_add_time_relative(loop, &n->timer, CLOCK_MONOTONIC, 0, 1, on_beat,
	                               n);
	if (r < 0)
		return r;
	n->owed = n->beat_us > 0 && !say(n, true);
	rearm(n);
	return 0;
}

void
beat_send(struct beat *n)
{
	if (n->fd < 0)
		return;
	if (!say(n, false)) {
		n->owed = true;
		rearm(n);
	}
}

void
beat_later(struct beat *n)
{
	if (n->fd < 0 || n->owed)
		return;
	n->owed = true;
	rearm(n);
}

void
beat_set_status(struct beat *n, const char *status)
{
	size_t len = strnlen(status, sizeof(n->status) - 1);

	/* a line break would begin another assignment */
	for (size_t i = 0; i < len; i++)
		n->status[i] = (unsigned char)status[i] < 0x20 ? ' ' : status[i];
	n->status[len] = '\0';
	n->has_status = true;
}
