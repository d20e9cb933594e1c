/* See follow.h. */
#include "ctl/follow.h"

#include "base/clock.h"
#include "base/paths.h"
#include "view/member.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/param.h>

void
follow_init(struct follow *f, const char *run_dir, int64_t id, int reader)
{
	memset(f, 0, sizeof(*f));
	(void)paths_below(f->path, sizeof(f->path), run_dir, PATHS_PEER, PATHS_DOOR);
	f->id = id;
	f->reader = reader;
}

static void
hang_up(struct follow *f)
{
	if (f->open)
		client_end(&f->client);
	f->open = false;
}

void
follow_deinit(struct follow *f)
{
	hang_up(f);
	json_decref(f->event);
}

static enum follow_result
say_down(struct follow *f)
{
	size_t len;

	f->down = true;
	json_decref(f->event);
	f->event = json_pack(
	    "{s:s, s:b, s:I, s:I, s:s, s:s, s:n, s:n, s:n, s:b, s:s, s:n, s:b, s:n}",
	    "event", "state", "heartbeat", false, "at_us", (json_int_t)clock_us(), "id",
	    (json_int_t)f->id, "state", "down", "phase", "", "leader", "epoch", "round",
	    "active", false, "reason", "the peer does not answer", "lease_end_ms",
	    "resumes", false, "members");
	len = json_dumpb(f->event, f->line, sizeof(f->line) - 1, JSON_COMPACT);
	f->line[len] = '\0';
	return FOLLOW_DOWN;
}

static void
dial(struct follow *f, uint64_t now)
{
	f->open = client_begin(&f->client, f->path, "watch", now, UINT64_MAX) == 0;
	f->heard = false;
	f->hear_by_ms = now + FOLLOW_HEAR_MS;
	f->retry_ms = now + FOLLOW_RETRY_MS;
}

/* True: an event is there. Else there was nothing, or the connection is closed. */
static bool
receive(struct follow *f)
{
	size_t len;
	int r = client_step(&f->client, clock_ms(), f->line, sizeof(f->line), &len);

	if (r == CLIENT_WAITS)
		return false;
	json_decref(f->event);
	f->event = r == 0 ? json_loads(f->line, 0, NULL) : NULL;
	member_make_plain(f->event);
	/* an error: the peer has no room for another subscriber */
	if (r < 0 || json_object_get(f->event, "error")) {
		hang_up(f);
		return false;
	}
	while (len > 0 && f->line[len - 1] == '\n')
		len--;
	f->line[len] = '\0';
	f->heard = true;
	f->down = false;
	return true;
}

enum follow_result
follow_next(struct follow *f, uint64_t until_ms)
{
	for (;;) {
		struct pollfd fds[2] = {{.fd = -1}, {.fd = f->reader}};
		uint64_t now = clock_ms();
		uint64_t wake_ms = until_ms;
		bool silent;

		if (!f->open && now >= f->retry_ms)
			dial(f, now);
		silent = f->open && !f->heard && !f->down;
		if ((!f->open && !f->down) || (silent && now >= f->hear_by_ms))
			return say_down(f);
		wake_ms = MIN(wake_ms, f->open ? client_due_ms(&f->client) : f->retry_ms);
		if (silent)
			wake_ms = MIN(wake_ms, f->hear_by_ms);
		if (f->open && client_events(&f->client))
			fds[0] = (struct pollfd){.fd = f->client.fd, .events = POLLIN};
		if (poll(fds, 2, clock_left_ms(wake_ms)) < 0 && errno != EINTR)
			return FOLLOW_CLOSED;
		if (fds[1].revents & (POLLERR | POLLNVAL))
			return FOLLOW_CLOSED;
		if (f->open && receive(f))
			return FOLLOW_EVENT;
		if (clock_ms() >= until_ms)
			return FOLLOW_LATE;
	}
}
