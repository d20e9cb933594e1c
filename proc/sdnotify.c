/* See sdnotify.h. */
#include "proc/sdnotify.h"

#include "base/buf.h"
#include "base/version.h"
#include "proc/self.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

/* The wait before what is owed is sent. */
#define AGAIN_US 50000
/* At least so often the loop is looked at. */
#define LOOK_US     1000000
#define ACCURACY_US 10000

/* Sends what is owed, in one datagram. False: the queue is full; send it again later. */
static bool
say(struct sdnotify *n, bool beat)
{
	unsigned char text[SDNOTIFY_STATUS_MAX + SDNOTIFY_ERROR_MAX + 256];
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
	if (n->extend_us > 0)
		buf_put_text(&b, "EXTEND_TIMEOUT_USEC=%" PRIu64 "\n", n->extend_us);
	if (n->has_error)
		buf_put_text(&b, "X_CONCLAVE_ERROR=%s\n", n->error);
	assert(!b.bad);
	if (b.len == 0)
		return true;
	if (send(n->fd, text, b.len - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == ENOBUFS))
		return false;
	n->ready = n->stopping = n->has_status = n->detailed = n->has_error = false;
	n->extend_us = 0;
	return true;
}

/* sd-event's own time is that of its last waking: read the clock, since what the loop did
 * after that makes the timer late too. */
static void
see_how_late(struct sdnotify *n)
{
	uint64_t due_us = 0, now_us;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	sd_event_source_get_time(n->timer, &due_us);
	self_late(now_us > due_us + ACCURACY_US ? now_us - due_us - ACCURACY_US : 0);
}

static void
rearm(struct sdnotify *n)
{
	uint64_t wait_us = n->owed ? AGAIN_US : LOOK_US;

	if (!n->owed && n->beat_us > 0 && n->beat_us < LOOK_US)
		wait_us = n->beat_us;
	see_how_late(n);
	sd_event_source_set_time_relative(n->timer, wait_us);
	sd_event_source_set_enabled(n->timer, SD_EVENT_ONESHOT);
}

static int
on_beat(sd_event_source *source, uint64_t usec, void *user)
{
	struct sdnotify *n = user;

	(void)source;
	(void)usec;
	self_beat();
	if (n->fd >= 0)
		n->owed = !say(n, n->beat_us > 0);
	rearm(n);
	return 0;
}

int
sdnotify_dial(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = name ? strlen(name) : 0;
	int fd, r;

	if (!name)
		return -ENOENT;
	if (len < 2 || len >= sizeof(to.sun_path) || (name[0] != '/' && name[0] != '@'))
		return -EINVAL;
	memcpy(to.sun_path, name, len);
	if (name[0] == '@') /* an abstract address */
		to.sun_path[0] = '\0';
	len += offsetof(struct sockaddr_un, sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, (socklen_t)len) == 0)
		return fd < 0 ? -errno : fd;
	r = -errno;
	close(fd);
	return r;
}

static int
open_socket(struct sdnotify *n)
{
	uint64_t usec = 0;
	int r = sd_watchdog_enabled(0, &usec);

	if (r < 0)
		return r;
	n->beat_us = r > 0 ? usec / 2 : 0;
	n->fd = sdnotify_dial();
	return n->fd < 0 ? n->fd : 0;
}

int
sdnotify_open(struct sdnotify *n, sd_event *loop)
{
	int r;

	*n = (struct sdnotify){.fd = -1};
	r = getenv("NOTIFY_SOCKET") ? open_socket(n) : 0;
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(loop, &n->timer, CLOCK_MONOTONIC, LOOK_US,
	                               ACCURACY_US, on_beat, n);
	if (r < 0)
		return r;
	n->owed = n->beat_us > 0 && !say(n, true);
	rearm(n);
	return 0;
}

void
sdnotify_send(struct sdnotify *n)
{
	if (n->fd < 0)
		return;
	if (!say(n, false)) {
		n->owed = true;
		rearm(n);
	}
}

void
sdnotify_later(struct sdnotify *n)
{
	if (n->fd < 0 || n->owed)
		return;
	n->owed = true;
	rearm(n);
}

/* A line break would begin another assignment. */
static void
copy_line(char *out, size_t cap, const char *text)
{
	size_t len = strnlen(text, cap - 1);

	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)text[i] < 0x20 ? ' ' : text[i];
	out[len] = '\0';
}

void
sdnotify_set_status(struct sdnotify *n, const char *status)
{
	copy_line(n->status, sizeof(n->status), status);
	n->has_status = true;
}

void
sdnotify_error(struct sdnotify *n, const char *text)
{
	copy_line(n->error, sizeof(n->error), text);
	n->has_error = true;
	sdnotify_send(n);
}

void
sdnotify_last_words(const char *text)
{
	struct sdnotify n = {.fd = sdnotify_dial()};

	if (n.fd < 0)
		return;
	copy_line(n.error, sizeof(n.error), text);
	n.has_error = true;
	(void)say(&n, false);
	close(n.fd);
}
