/* The connections of strangers on the election lane; see election.h. */
#include "connmgr/election.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>

static struct link_stranger *
place_of(struct election_guest *g)
{
	return &g->election->strangers.list[g - g->election->guests];
}

static void
on_guest_frame(void *user, const unsigned char *data, size_t len)
{
	struct election_guest *g = user;
	struct election *e = g->election;

	link_stranger_heard(&e->strangers, (unsigned)(g - e->guests));
	lane_hear(&e->lane, place_of(g)->sid, 0, false, data, len);
}

/* The connection of `sid` has ended, or ends now: its last frame is dropped with it. */
static void
forget(struct election_guest *g, int64_t sid)
{
	struct connmgr_event ev = {.kind = EVENT_BOARD,
	                           .u.board = {.type = BOARD_EV_FORGET, .sid = sid}};

	wire_forget(g->wire);
	gate_push(g->election->lane.config.gate, &ev);
}

static void
on_guest_closed(void *user, enum msg_reason reason)
{
	struct election_guest *g = user;
	int64_t sid = place_of(g)->sid;

	(void)reason;
	link_stranger_drop(&g->election->strangers, (unsigned)(g - g->election->guests));
	forget(g, sid);
}

/* A wire is made when its place is first taken: it is large, and most never are. */
static bool
has_wire(struct election_guest *g)
{
	static const struct wire_ops ops = {on_guest_frame, on_guest_closed};
	struct lane *l = &g->election->lane;

	return g->wire || wire_new(&g->wire, l->config.loop, WIRE_GUEST, &ops, g,
	                           &l->counters.large) == 0;
}

void
election_guest_take(struct election *e, int64_t sid, struct stream *s,
                    const unsigned char *early, size_t early_len)
{
	struct election_guest *g;
	int64_t old = 0;
	bool evicted = false;
	int at = link_stranger_take(&e->strangers, sid, &evicted, &old);

	if (at >= 0 && !has_wire(&e->guests[at])) {
		link_stranger_drop(&e->strangers, (unsigned)at);
		at = -1;
	}
	if (at < 0) {
		e->lane.counters.turned_away++;
		stream_close(s);
		return;
	}
	g = &e->guests[at];
	if (evicted) {
		e->lane.counters.evicted += old != sid;
		forget(g, old);
	}
	log_debug("election: stranger sid=%lld", (long long)sid);
	if (wire_take(g->wire, s, NULL, 0) < 0)
		on_guest_closed(g, MSG_REASON_LOCAL);
	else
		wire_feed(g->wire, early, early_len);
}

void
election_guest_part(struct election *e, int64_t sid)
{
	int at = link_stranger_find(&e->strangers, sid);

	if (at < 0)
		return;
	link_stranger_drop(&e->strangers, (unsigned)at);
	wire_close(e->guests[at].wire);
	forget(&e->guests[at], sid);
}

int
election_guests_make(struct election *e)
{
	unsigned max = e->lane.config.conf->links.strangers_max;

	e->strangers.list = calloc(max + 1, sizeof(*e->strangers.list));
	e->guests = calloc(max + 1, sizeof(*e->guests));
	if (!e->strangers.list || !e->guests)
		return -ENOMEM;
	for (unsigned i = 0; i < max; i++)
		e->guests[i].election = e;
	e->strangers.max = max;
	return 0;
}

void
election_guests_free(struct election *e)
{
	for (unsigned i = 0; i < e->strangers.max; i++)
		wire_free(e->guests[i].wire);
	free(e->guests);
	free(e->strangers.list);
}
