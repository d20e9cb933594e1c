/* Connections of servers that are not in the configuration. They are kept and answered as
 * long as there is room; we never dial them, and never tell the workers of them as links.
 * (In ZooKeeper the connection of a stranger has two threads, and no bound.) */
#include "connmgr/lane.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

static struct link_stranger *
place_of(struct lane_guest *g)
{
	return &g->lane->strangers.list[g - g->lane->guests];
}

static void
on_frame(void *user, const unsigned char *data, size_t len)
{
	struct lane_guest *g = user;
	struct lane *l = g->lane;

	link_stranger_heard(&l->strangers, (unsigned)(g - l->guests));
	lane_hear(l, place_of(g)->sid, false, data, len);
}

static void
on_large(void *user)
{
	struct lane_guest *g = user;

	g->lane->counters.large++;
}

/* The connection of `sid` has ended, or ends now: its last frame is dropped with it. */
static void
forget(struct lane_guest *g, int64_t sid)
{
	struct connmgr_event ev = {.kind = EVENT_BOARD,
	                           .u.board = {.type = BOARD_EV_FORGET, .sid = sid}};

	wire_forget(g->wire);
	gate_push(g->lane->config.gate, &ev);
}

static void
drop(struct lane_guest *g)
{
	int64_t sid = place_of(g)->sid;

	link_stranger_drop(&g->lane->strangers, (unsigned)(g - g->lane->guests));
	forget(g, sid);
}

static void
on_closed(void *user, enum msg_reason reason)
{
	(void)reason;
	drop(user);
}

static const struct wire_ops wire_ops = {on_frame, on_large, on_closed};

int
lane_guests_new(struct lane *l)
{
	unsigned max = l->config.conf->links.strangers_max;

	l->strangers.list = calloc(max + 1, sizeof(*l->strangers.list));
	l->guests = calloc(max + 1, sizeof(*l->guests));
	if (!l->strangers.list || !l->guests)
		return -ENOMEM;
	for (unsigned i = 0; i < max; i++)
		l->guests[i].lane = l;
	l->strangers.max = max;
	return 0;
}

void
lane_guests_free(struct lane *l)
{
	for (unsigned i = 0; i < l->strangers.max; i++)
		wire_free(l->guests[i].wire);
	free(l->guests);
	free(l->strangers.list);
}

/* A wire is made when its place is first taken: it is large, and most never are. */
static bool
has_wire(struct lane_guest *g)
{
	return g->wire ||
	       wire_new(&g->wire, g->lane->config.loop, WIRE_GUEST, &wire_ops, g) == 0;
}

void
lane_guest_take(struct lane *l, int64_t sid, struct stream *s, const unsigned char *early,
                size_t early_len)
{
	struct lane_guest *g;
	int64_t old = 0;
	bool evicted = false;
	int at = link_stranger_take(&l->strangers, sid, &evicted, &old);

	if (at >= 0 && !has_wire(&l->guests[at])) {
		link_stranger_drop(&l->strangers, (unsigned)at);
		at = -1;
	}
	if (at < 0) {
		l->counters.turned_away++;
		stream_close(s);
		return;
	}
	g = &l->guests[at];
	if (evicted) {
		l->counters.evicted += old != sid;
		forget(g, old);
	}
	log_debug("%s: stranger sid=%lld", l->name, (long long)sid);
	if (wire_take(g->wire, s, NULL, 0) < 0)
		drop(g);
	else
		wire_feed(g->wire, early, early_len);
}

struct wire *
lane_guest_wire(struct lane *l, int64_t sid)
{
	int at = link_stranger_find(&l->strangers, sid);

	return at < 0 ? NULL : l->guests[at].wire;
}
