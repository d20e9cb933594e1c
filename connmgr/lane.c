/* Does what link.c decides; see lane.h. */
#include "connmgr/lane.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/msg.h"
#include "wire/hello.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct lane_remote *
find(struct lane *l, int64_t sid)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (l->remotes[i].sid == sid)
			return &l->remotes[i];
	return NULL;
}

/* Our initial message. While our own host name has no address, that of our connection `s`
 * serves. Returns the length; 0: no address is known. */
static size_t
make_hello(const struct lane *l, const struct stream *s, unsigned char out[HELLO_MAX])
{
	char text[HELLO_TEXT_MAX];
	struct address own;
	size_t len = 0;

	if (greet_addresses(l->greet, text, sizeof(text)))
		len = hello_encode(l->config.conf->id, text, out, HELLO_MAX);
	if (len == 0 && stream_own_address(s, l->port, &own) == 0) {
		address_text(&own, text);
		len = hello_encode(l->config.conf->id, text, out, HELLO_MAX);
	}
	return len;
}

static void
push_remote(struct lane *l, const struct msg_remote *told)
{
	struct connmgr_event ev = {.kind = EVENT_TELL, .u.remote = *told};

	gate_push(l->config.gate, &ev);
}

/* To the log and the workers. */
static void
tell(struct lane_remote *r, uint64_t now_ms, const struct link_action *a)
{
	bool restless = link_is_restless(&r->link, now_ms);
	struct msg_remote *told = &r->told;
	struct lane *l = r->lane;

	if (a->status != told->link || a->reason != told->reason ||
	    a->status == MSG_LINK_UP)
		log_info("%s: link sid=%lld %s→%s%s%s", l->name, (long long)r->sid,
		         msg_link_name(told->link), msg_link_name(a->status),
		         a->reason == MSG_REASON_NONE ? "" : " reason=",
		         msg_reason_name(a->reason));
	if (restless && !r->restless)
		log_warning("%s: the link to server %lld comes up and ends again and "
		            "again; two servers may have the same id",
		            l->name, (long long)r->sid);
	r->restless = restless;
	if (a->status != told->link)
		r->since_ms = now_ms;
	told->link = (uint8_t)a->status;
	told->reason = (uint8_t)a->reason;
	told->was_up = a->was_up;
	push_remote(l, told);
}

static void
push(void *user, enum link_event_type type, enum msg_reason reason)
{
	struct lane_remote *r = user;
	struct connmgr_event ev = {
	    .kind = EVENT_LINK,
	    .u.link = {r, {.type = type, .reason = reason}},
	};

	gate_push(r->lane->config.gate, &ev);
}

static void
apply(struct lane_remote *r, uint64_t now_ms, const struct link_action *a)
{
	unsigned char hello[HELLO_MAX];
	size_t len;
	int e = 0;

	switch (a->type) {
	case LINK_DO_DIAL:
		dial_start(&r->dial, r->hosts[a->address], r->port);
		break;
	case LINK_DO_CANCEL:
		dial_cancel(&r->dial);
		break;
	case LINK_DO_NUDGE:
		len = make_hello(r->lane, &r->dial.stream, hello);
		dial_nudge(&r->dial, hello, len);
		break;
	case LINK_DO_USE_DIALED:
		len = make_hello(r->lane, &r->dial.stream, hello);
		e = wire_take(r->wire, &r->dial.stream, hello, len);
		break;
	case LINK_DO_USE_ACCEPTED:
		e = wire_take(r->wire, &r->offered, NULL, 0);
		r->taken = e == 0;
		break;
	case LINK_DO_REFUSE:
		stream_close(&r->offered);
		break;
	case LINK_DO_CLOSE:
		wire_close(r->wire);
		break;
	case LINK_DO_TELL:
		tell(r, now_ms, a);
		break;
	}
	if (e < 0)
		push(r, LINK_EV_CLOSED, MSG_REASON_LOCAL);
}

void
lane_step(struct lane_remote *r, uint64_t now_ms, struct link_event *ev)
{
	struct link_actions todo;

	ev->now_ms = now_ms;
	link_step(&r->link, ev, &todo);
	for (unsigned i = 0; i < todo.count; i++)
		apply(r, now_ms, &todo.list[i]);
}

/* A frame from a remote, or a stranger (not a `member`), for the board. */
static void
hear(struct lane *l, int64_t sid, bool member, const unsigned char *frame,
     size_t frame_len)
{
	static unsigned char data[MSG_MAX];
	struct msg m = {.type = MSG_FRAME_IN,
	                .u.frame = {.lane = (uint8_t)l->which,
	                            .sid = sid,
	                            .data = frame,
	                            .data_len = frame_len}};
	struct connmgr_event ev = {.kind = EVENT_BOARD,
	                           .u.board = {.type = BOARD_EV_FRAME,
	                                       .lane = l->which,
	                                       .sid = sid,
	                                       .member = member,
	                                       .data = data}};

	l->counters.frames_in++;
	ev.u.board.len = msg_encode(&m, data, sizeof(data));
	assert(ev.u.board.len > 0 && gate_idle(l->config.gate)); /* it is read now */
	gate_push(l->config.gate, &ev);
}

static void
on_frame(void *user, const unsigned char *data, size_t len)
{
	struct lane_remote *r = user;

	if (!r->link.proved)
		push(r, LINK_EV_FRAME, MSG_REASON_NONE);
	hear(r->lane, r->sid, true, data, len);
}

static void
on_closed(void *user, enum msg_reason reason)
{
	push(user, LINK_EV_CLOSED, reason);
}

static const struct wire_ops wire_ops = {on_frame, on_closed};

/* ---- strangers ---- */

static struct link_stranger *
place_of(struct lane_guest *g)
{
	return &g->lane->strangers.list[g - g->lane->guests];
}

static void
on_guest_frame(void *user, const unsigned char *data, size_t len)
{
	struct lane_guest *g = user;
	struct lane *l = g->lane;

	link_stranger_heard(&l->strangers, (unsigned)(g - l->guests));
	hear(l, place_of(g)->sid, false, data, len);
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
on_guest_closed(void *user, enum msg_reason reason)
{
	struct lane_guest *g = user;
	int64_t sid = place_of(g)->sid;

	(void)reason;
	link_stranger_drop(&g->lane->strangers, (unsigned)(g - g->lane->guests));
	forget(g, sid);
}

/* A wire is made when its place is first taken: it is large, and most never are. */
static bool
has_wire(struct lane_guest *g)
{
	static const struct wire_ops ops = {on_guest_frame, on_guest_closed};
	struct lane *l = g->lane;

	return g->wire || wire_new(&g->wire, l->config.loop, WIRE_GUEST, &ops, g,
	                           &l->counters.large) == 0;
}

static void
take_guest(struct lane *l, int64_t sid, struct stream *s, const unsigned char *early,
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
		on_guest_closed(g, MSG_REASON_LOCAL);
	else
		wire_feed(g->wire, early, early_len);
}

/* ---- what comes at our port ---- */

/* Tells the peer whether its learner port listens, since nobody can follow it else: as
 * the link of our own sid, up, or down and LOCAL. */
static void
on_port(void *user)
{
	struct lane *l = user;
	const struct greet_view *view = greet_view(l->greet);
	const struct greet_listener *list = view->listeners;
	enum msg_link link = MSG_LINK_DOWN;
	struct msg_remote told = {.lane = MSG_LANE_LEARNER, .sid = l->config.conf->id};

	if (l->which != MSG_LANE_LEARNER)
		return;
	for (unsigned i = 0; i < view->listener_count; i++) {
		if (list[i].open)
			link = MSG_LINK_UP;
		else if (*list[i].reason == '\0' && link == MSG_LINK_DOWN)
			link = MSG_LINK_CONNECTING; /* not tried yet */
	}
	if (link == MSG_LINK_CONNECTING || link == l->port_told)
		return;
	l->port_told = link;
	told.link = (uint8_t)link;
	told.reason = link == MSG_LINK_UP ? MSG_REASON_NONE : MSG_REASON_LOCAL;
	push_remote(l, &told);
}

static void
on_greeted(void *user, int64_t sid, struct stream *s, const unsigned char *early,
           size_t early_len)
{
	struct lane *l = user;
	struct lane_remote *r = find(l, sid);
	bool accepts = l->which == MSG_LANE_ELECTION ||
	               board_open(l->config.board, MSG_WHO_PEER) >= 0;

	if (sid == l->config.conf->id) {
		l->counters.own_sid++;
		stream_close(s);
	} else if (r && accepts) {
		r->offered = stream_take(s);
		r->taken = false;
		push(r, LINK_EV_ACCEPTED, MSG_REASON_NONE);
		if (r->taken)
			wire_feed(r->wire, early, early_len);
	} else if (!r && l->which == MSG_LANE_ELECTION && sid > l->config.conf->id) {
		take_guest(l, sid, s, early, early_len);
	} else {
		l->counters.turned_away++;
		stream_close(s);
	}
}

static const struct greet_ops greet_ops = {on_greeted, on_port};

static int
add_remote(struct lane *l, const struct conf_server *s)
{
	struct lane_remote *r = &l->remotes[l->remote_count];
	struct link_config config = {
	    .lane = l->which,
	    .larger = l->config.conf->id > s->id,
	    .connect_ms = l->config.conf->links.connect_ms,
	    .retry_min_ms = l->config.conf->links.retry_min_ms,
	    .retry_max_ms = l->config.conf->links.retry_max_ms,
	};
	bool election = l->which == MSG_LANE_ELECTION;
	char *rest = r->host_text, *host;
	int e =
	    wire_new(&r->wire, l->config.loop, election ? WIRE_ELECTION : WIRE_LEARNER,
	             &wire_ops, r, &l->counters.large);

	if (e < 0)
		return e;
	l->remote_count++;
	r->lane = l;
	r->sid = s->id;
	r->port = election ? s->election_port : s->quorum_port;
	strcpy(r->host_text, s->host);
	while (config.address_count < LANE_ADDRESSES_MAX && (host = strsep(&rest, "|")))
		r->hosts[config.address_count++] = host;
	r->offered = STREAM_NONE;
	r->told = (struct msg_remote){.lane = (uint8_t)l->which,
	                              .sid = s->id,
	                              .link = MSG_LINK_DOWN,
	                              .reason = MSG_REASON_NEVER};
	r->since_ms = clock_ms();
	r->dial = (struct dial){.loop = l->config.loop,
	                        .resolver = l->config.resolver,
	                        .conf = l->config.conf,
	                        .report = push,
	                        .user = r,
	                        .stream = STREAM_NONE};
	link_init(&r->link, &config);
	return 0;
}

static int
make_guests(struct lane *l)
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

int
lane_new(struct lane **out, enum msg_lane which, const struct lane_config *config)
{
	struct lane *l = calloc(1, sizeof(*l));
	const struct conf *conf = config->conf;
	bool election = which == MSG_LANE_ELECTION;
	int r = 0;

	if (!l)
		return -ENOMEM;
	l->config = *config;
	l->which = which;
	l->port_told = MSG_LINK_CONNECTING;
	l->name = election ? "election" : "learner";
	l->port = election ? conf->self->election_port : conf->self->quorum_port;
	for (unsigned i = 0; i < conf->server_count && r == 0; i++)
		if (conf->servers[i].id != conf->id)
			r = add_remote(l, &conf->servers[i]);
	if (r == 0 && election)
		r = make_guests(l);
	if (r == 0)
		r = greet_new(&l->greet, l->config.loop, config->resolver, conf, l->name,
		              l->port, config->greetings_max, &greet_ops, l);
	if (r < 0) {
		lane_free(l);
		return r;
	}
	*out = l;
	return 0;
}

void
lane_free(struct lane *l)
{
	if (!l)
		return;
	greet_free(l->greet);
	for (unsigned i = 0; i < l->remote_count; i++) {
		dial_cancel(&l->remotes[i].dial);
		wire_free(l->remotes[i].wire);
	}
	for (unsigned i = 0; i < l->strangers.max; i++)
		wire_free(l->guests[i].wire);
	free(l->guests);
	free(l->strangers.list);
	free(l);
}

void
lane_push(struct lane *l, int64_t sid, enum link_event_type type, enum msg_reason reason)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (sid == MSG_ALL || l->remotes[i].sid == sid)
			push(&l->remotes[i], type, reason);
}

void
lane_start(struct lane *l)
{
	greet_start(l->greet);
	lane_push(l, MSG_ALL, LINK_EV_START, MSG_REASON_NONE);
}

void
lane_send(struct lane *l, int64_t sid, const void *data, size_t len)
{
	struct lane_remote *r = find(l, sid);
	int guest = r ? -1 : link_stranger_find(&l->strangers, sid);
	struct wire *wire = r ? r->wire : guest >= 0 ? l->guests[guest].wire : NULL;
	enum outbox_result result;

	if (!wire || (l->which == MSG_LANE_LEARNER && !wire_is_up(wire))) {
		l->counters.no_link++;
		return;
	}
	result = wire_send(wire, data, len);
	l->counters.replaced += result == OUTBOX_REPLACED;
	l->counters.full += result == OUTBOX_FULL;
	l->counters.frames_out += result != OUTBOX_FULL;
	if (result == OUTBOX_FULL)
		lane_push(l, sid, LINK_EV_DISCONNECT, MSG_REASON_FULL);
}

uint64_t
lane_due_ms(const struct lane *l)
{
	uint64_t due = greet_due_ms(l->greet);

	for (unsigned i = 0; i < l->remote_count; i++) {
		uint64_t d = link_due_ms(&l->remotes[i].link);

		due = d < due ? d : due;
	}
	return due;
}

void
lane_on_due(struct lane *l, uint64_t now_ms)
{
	greet_on_due(l->greet, now_ms);
	for (unsigned i = 0; i < l->remote_count; i++)
		if (now_ms >= link_due_ms(&l->remotes[i].link))
			push(&l->remotes[i], LINK_EV_DUE, MSG_REASON_NONE);
}
