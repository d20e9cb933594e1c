/* A subscription to the peer's events that outlives the peer. */
#include "ctl/follow.h"

#include "base/clock.h"
#include "base/paths.h"
#include "ctl/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
follow_init(struct follow *f, const char *run_dir, int64_t id, int reader)
{
	memset(f, 0, sizeof(*f));
	snprintf(f->path, sizeof(f->path), "%s/peer/" PATHS_DOOR, run_dir);
	f->id = id;
	f->reader = reader;
	f->fd = -1;
}

static void
hang_up(struct follow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void
follow_deinit(struct follow *f)
{
	hang_up(f);
}

static enum follow_result
say_down(struct follow *f)
{
	f->down = true;
	snprintf(
	    f->line, sizeof(f->line),
	    "{\"event\":\"state\",\"at_us\":%" PRIu64 ",\"id\":%" PRId64
	    ",\"state\":\"down\",\"phase\":\"\",\"leader\":null,\"epoch\":null,"
	    "\"round\":null,\"active\":false,\"reason\":\"the peer does not answer\"}",
	    clock_us(), f->id);
	return FOLLOW_DOWN;
}

static void
dial(struct follow *f, uint64_t now)
{
	f->fd = ask_dial(f->path, "watch");
	f->heard = false;
	f->hear_by_ms = now + FOLLOW_HEAR_MS;
	f->retry_ms = now + FOLLOW_RETRY_MS;
}

/* One packet; true if it is an event, else the connection is at its end, or there was
 * nothing. */
static bool
receive(struct follow *f)
{
	ssize_t n = recv(f->fd, f->line, sizeof(f->line) - 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		hang_up(f);
		return false;
	}
	while (n > 0 && f->line[n - 1] == '\n')
		n--;
	f->line[n] = 0;
	if (strncmp(f->line, "{\"error\"", 8) == 0) { /* no room for another subscriber */
		hang_up(f);
		return false;
	}
	f->heard = true;
	f->down = false;
	return true;
}

static int
wait_ms(uint64_t now, uint64_t until_ms)
{
	if (until_ms <= now)
		return 0;
	return until_ms - now > INT_MAX ? INT_MAX : (int)(until_ms - now);
}

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

enum follow_result
follow_next(struct follow *f, uint64_t until_ms)
{
	for (;;) {
		struct pollfd fds[2];
		uint64_t now = clock_ms();
		uint64_t wake_ms = until_ms;

		if (f->fd < 0 && now >= f->retry_ms)
			dial(f, now);
		if (f->fd < 0 && !f->down)
			return say_down(f);
		if (f->fd < 0)
			wake_ms = sooner(wake_ms, f->retry_ms);
		else if (!f->heard && !f->down && now >= f->hear_by_ms)
			return say_down(f);
		else if (!f->heard && !f->down)
			wake_ms = sooner(wake_ms, f->hear_by_ms);

		fds[0] = (struct pollfd){.fd = f->fd, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = f->reader};
		if (poll(fds, 2, wait_ms(now, wake_ms)) < 0 && errno != EINTR)
			return FOLLOW_CLOSED;
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return FOLLOW_CLOSED;
		if (f->fd >= 0 && fds[0].revents && receive(f))
			return FOLLOW_EVENT;
		if (clock_ms() >= until_ms)
			return FOLLOW_LATE;
	}
}
