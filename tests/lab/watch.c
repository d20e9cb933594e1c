/* The lab's ears: a subscription to every peer, dialled again whenever it ends. */
#include "base/clock.h"
#include "base/paths.h"
#include "client/door.h"
#include "tests/lab/lab_own.h"
#include "view/member.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 5

void
lab_unwatch(struct lab_server *s)
{
	if (s->watch >= 0)
		close(s->watch);
	s->watch = -1;
}

static int64_t
number(const json_t *event, const char *key, int64_t otherwise)
{
	int64_t v = otherwise;

	member_i64(event, key, &v);
	return v;
}

static void
set_state(struct lab_server *s, const char *line)
{
	json_t *event = json_loads(line, 0, NULL);
	struct lab_state *st = &s->state;

	snprintf(st->state, sizeof(st->state), "%s", member_string(event, "state"));
	snprintf(st->phase, sizeof(st->phase), "%s", member_string(event, "phase"));
	snprintf(st->reason, sizeof(st->reason), "%s", member_string(event, "reason"));
	st->leader = number(event, "leader", LAB_NOBODY);
	st->epoch = number(event, "epoch", 0);
	st->round = number(event, "round", 0);
	st->active = json_is_true(json_object_get(event, "active"));
	st->at_us = (uint64_t)number(event, "at_us", (int64_t)clock_us());
	json_decref(event);
}

/* The subscription has ended; true if that is news. */
static bool
set_down(struct lab_server *s)
{
	bool news = strcmp(s->state.state, "down") != 0;

	lab_unwatch(s);
	if (news) {
		memset(&s->state, 0, sizeof(s->state));
		strcpy(s->state.state, "down");
		s->state.leader = LAB_NOBODY;
		s->state.at_us = clock_us();
	}
	return news;
}

static void
dial(struct lab_server *s, uint64_t now)
{
	char path[LAB_PATH_MAX + 16];
	struct client c;

	if (s->watch >= 0 || now < s->retry_ms)
		return;
	snprintf(path, sizeof(path), "%s/peer/" PATHS_DOOR, s->run_dir);
	s->watch = client_begin(&c, path, "watch", now, now) == 0 ? c.fd : -1;
	s->retry_ms = now + RETRY_MS;
}

/* True if there was news. */
static bool
receive(struct lab_server *s)
{
	char line[4096];
	ssize_t n = recv(s->watch, line, sizeof(line) - 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		return set_down(s);
	line[n] = 0;
	set_state(s, line);
	return true;
}

/* News that is there already. The one after the last heard comes first, so that nobody
 * who talks much keeps the others from being heard. */
static enum lab_next
look(struct lab *l, const struct pollfd *fds, unsigned *id)
{
	for (unsigned i = 0; i < l->count; i++) {
		unsigned at = (l->turn + i) % l->count;
		struct lab_server *s = &l->servers[at];

		*id = s->id;
		if (fds[at].revents && s->watch == fds[at].fd && receive(s)) {
			l->turn = at + 1;
			return LAB_EVENT;
		}
		if (lab_reap(s))
			return LAB_DIED;
	}
	return fds[l->count].revents ? LAB_WOKEN : LAB_LATE;
}

enum lab_next
lab_next(struct lab *l, uint64_t until_ms, unsigned *id)
{
	struct pollfd fds[LAB_SERVERS_MAX + 1];
	unsigned whose = 0;

	for (;;) {
		uint64_t now = clock_ms();
		uint64_t wake_ms = until_ms;
		enum lab_next r;

		for (unsigned i = 0; i < l->count; i++) {
			struct lab_server *s = &l->servers[i];

			dial(s, now);
			if (s->watch < 0 && s->retry_ms < wake_ms)
				wake_ms = s->retry_ms;
			fds[i] = (struct pollfd){.fd = s->watch, .events = POLLIN};
		}
		fds[l->count] = (struct pollfd){.fd = l->wake_fd, .events = POLLIN};
		if (wake_ms > now + 1000)
			wake_ms = now + 1000;
		if (poll(fds, l->count + 1, wake_ms > now ? (int)(wake_ms - now) : 0) < 0)
			continue;
		r = look(l, fds, &whose);
		if (r != LAB_LATE && id)
			*id = whose;
		if (r != LAB_LATE || clock_ms() >= until_ms)
			return r;
	}
}

const struct lab_state *
lab_state(const struct lab *l, unsigned id)
{
	assert(id > 0 && id <= l->count);
	return &l->servers[id - 1].state;
}

unsigned
lab_leader(const struct lab *l)
{
	unsigned leader = 0;

	for (unsigned i = 0; i < l->count; i++) {
		if (l->servers[i].state.active)
			leader = l->servers[i].id;
	}
	for (unsigned i = 0; leader && i < l->count; i++) {
		const struct lab_state *st = &l->servers[i].state;

		if (strcmp(st->state, "down") != 0 && st->leader != (int64_t)leader)
			return 0;
	}
	return leader;
}

static bool
all_heard(const struct lab *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (l->servers[i].pid && strcmp(l->servers[i].state.state, "down") == 0)
			return false;
	}
	return true;
}

unsigned
lab_wait_leader(struct lab *l, uint64_t until_ms)
{
	for (;;) {
		unsigned leader = all_heard(l) ? lab_leader(l) : 0;

		if (leader)
			return leader;
		if (lab_next(l, until_ms, NULL) == LAB_LATE)
			return 0;
	}
}
