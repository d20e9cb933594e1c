/* Does what link.c decides; see lane.h. Strangers are in lane_guest.c. */
#include "connmgr/lane_impl.h"

#include "base/clock.h"
#include "base/log.h"
#include "ipc/msg.h"
#include "wire/hello.h"

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

/* Our initial message. `s` is a connection of ours: its address serves while our own name
 * has none. 0: it cannot be said. */
static size_t
make_hello(const struct lane *l, const struct stream *s, unsigned char out[HELLO_MAX])
{
	char text[HELLO_TEXT_MAX];
	struct address own;
	size_t len = 0;

	if (greet_addresses(l->greet, text, sizeof(text)))
		len = hello_encode(l->conf->id, text, out, HELLO_MAX);
	if (len == 0 && stream_own_address(s, l->port, &own) == 0) {
		address_text(&own, text);
		len = hello_encode(l->conf->id, text, out, HELLO_MAX);
	}
	return len;
}

static void
tell(struct lane_remote *r, const struct link_action *a)
{
	bool restless = link_is_restless(&r->link, clock_ms());
	struct lane *l = r->lane;

	if (a->status != r->row.status || a->reason != r->row.reason ||
	    a->status == MSG_LINK_UP)
		log_info("%s: link sid=%lld %s→%s%s%s", l->name, (long long)r->sid,
		         msg_link_name(r->row.status), msg_link_name(a->status),
		         a->reason == MSG_REASON_NONE ? "" : " reason=",
		         msg_reason_name(a->reason));
	if (restless && !r->restless)
		log_warning("%s: the link to server %lld comes up and ends again and "
		            "again; two servers may have the same id",
		            l->name, (long long)r->sid);
	r->restless = restless;
	if (a->status != r->row.status)
		r->row.since_ms = clock_ms();
	r->row.status = a->status;
	r->row.reason = a->reason;
	r->row.was_up = a->was_up;
	l->ops->on_remote(l->user, l->which, r->sid, a->status, a->reason, a->was_up);
}

static void
do_nudge(struct lane_remote *r)
{
	unsigned char hello[HELLO_MAX];
	size_t len = make_hello(r->lane, &r->dial.stream, hello);

	dial_nudge(&r->dial, hello, len);
}

static int
use_dialed(struct lane_remote *r)
{
	unsigned char hello[HELLO_MAX];
	size_t len = make_hello(r->lane, &r->dial.stream, hello);

	return wire_take(r->wire, &r->dial.stream, hello, len);
}

/* True: the accepted connection is the link now. */
static bool
apply(struct lane_remote *r, const struct link_actions *todo)
{
	bool taken = false;

	for (unsigned i = 0; i < todo->count; i++) {
		const struct link_action *a = &todo->list[i];

		switch (a->type) {
		case LINK_DO_DIAL:
			dial_start(&r->dial, r->hosts[a->address], r->port);
			break;
		case LINK_DO_CANCEL:
			dial_cancel(&r->dial);
			break;
		case LINK_DO_NUDGE:
			do_nudge(r);
			break;
		case LINK_DO_USE_DIALED:
			r->broken = use_dialed(r) < 0;
			break;
		case LINK_DO_USE_ACCEPTED:
			r->broken = wire_take(r->wire, &r->offered, NULL, 0) < 0;
			taken = !r->broken;
			break;
		case LINK_DO_REFUSE:
			stream_close(&r->offered);
			break;
		case LINK_DO_CLOSE:
			wire_close(r->wire);
			break;
		case LINK_DO_TELL:
			tell(r, a);
			break;
		}
	}
	return taken;
}

static bool
step(struct lane_remote *r, enum link_event_type type, enum msg_reason reason)
{
	struct link_event ev = {.type = type, .now_ms = clock_ms(), .reason = reason};
	struct link_actions todo;
	bool taken;

	link_step(&r->link, &ev, &todo);
	taken = apply(r, &todo);
	if (r->broken) {
		r->broken = false;
		ev = (struct link_event){.type = LINK_EV_CLOSED,
		                         .now_ms = ev.now_ms,
		                         .reason = MSG_REASON_LOCAL};
		link_step(&r->link, &ev, &todo);
		apply(r, &todo);
	}
	return taken;
}

static void
on_stands(void *user)
{
	step(user, LINK_EV_DIALED, MSG_REASON_NONE);
}

static void
on_failed(void *user, enum msg_reason reason)
{
	step(user, LINK_EV_DIAL_FAILED, reason);
}

static void
on_nudge_closed(void *user, enum msg_reason reason)
{
	step(user, LINK_EV_DIAL_CLOSED, reason);
}

static const struct dial_ops dial_ops = {on_stands, on_failed, on_nudge_closed};

static void
on_frame(void *user, const unsigned char *data, size_t len)
{
	struct lane_remote *r = user;
	struct lane *l = r->lane;

	l->counters.frames_in++;
	step(r, LINK_EV_FRAME, MSG_REASON_NONE);
	l->ops->on_frame(l->user, l->which, r->sid, true, data, len);
}

static void
on_large(void *user)
{
	struct lane_remote *r = user;

	r->lane->counters.large++;
}

static void
on_closed(void *user, enum msg_reason reason)
{
	step(user, LINK_EV_CLOSED, reason);
}

static const struct wire_ops wire_ops = {on_frame, on_large, on_closed};

static void
on_greeted(void *user, int64_t sid, struct stream *s, const unsigned char *early,
           size_t early_len)
{
	struct lane *l = user;
	struct lane_remote *r = find(l, sid);

	if (sid == l->conf->id) {
		l->counters.own_sid++;
		stream_close(s);
	} else if (r && l->ops->may_accept(l->user)) {
		r->offered = stream_take(s);
		if (step(r, LINK_EV_ACCEPTED, MSG_REASON_NONE))
			wire_feed(r->wire, early, early_len);
	} else if (!r && l->which == MSG_LANE_ELECTION && sid > l->conf->id) {
		lane_guest_take(l, sid, s, early, early_len);
	} else {
		l->counters.turned_away++;
		stream_close(s);
	}
}

static const struct greet_ops greet_ops = {on_greeted};

/* Cuts `a|b` into texts, in place. */
static unsigned
cut_hosts(char *text, const char *hosts[LANE_ADDRESSES_MAX])
{
	unsigned count = 0;
	char *rest = text, *host;

	while (count < LANE_ADDRESSES_MAX && (host = strsep(&rest, "|")))
		hosts[count++] = host;
	return count;
}

static int
add_remote(struct lane *l, sd_event *loop, struct resolver *resolver,
           const struct conf_server *s)
{
	struct lane_remote *r = &l->remotes[l->remote_count];
	struct link_config config = {
	    .lane = l->which,
	    .larger = l->conf->id > s->id,
	    .connect_ms = l->conf->links.connect_ms,
	    .retry_min_ms = l->conf->links.retry_min_ms,
	    .retry_max_ms = l->conf->links.retry_max_ms,
	};
	int e = wire_new(&r->wire, loop,
	                 l->which == MSG_LANE_ELECTION ? WIRE_ELECTION : WIRE_LEARNER,
	                 &wire_ops, r);

	if (e < 0)
		return e;
	l->remote_count++;
	r->lane = l;
	r->sid = s->id;
	r->port = l->which == MSG_LANE_ELECTION ? s->election_port : s->quorum_port;
	strcpy(r->host_text, s->host);
	config.address_count = cut_hosts(r->host_text, r->hosts);
	r->offered = STREAM_NONE;
	r->row = (struct lane_row){.sid = s->id,
	                           .status = MSG_LINK_DOWN,
	                           .reason = MSG_REASON_NEVER,
	                           .since_ms = clock_ms()};
	dial_init(&r->dial, loop, resolver, l->conf, &dial_ops, r);
	link_init(&r->link, &config);
	return 0;
}

int
lane_new(struct lane **out, sd_event *loop, struct resolver *resolver,
         const struct conf *conf, enum msg_lane which, unsigned greetings_max,
         const struct lane_ops *ops, void *user)
{
	struct lane *l = calloc(1, sizeof(*l));
	int r = 0;

	if (!l)
		return -ENOMEM;
	l->loop = loop;
	l->conf = conf;
	l->which = which;
	l->port_told = MSG_LINK_CONNECTING;
	l->name = which == MSG_LANE_ELECTION ? "election" : "learner";
	l->port = which == MSG_LANE_ELECTION ? conf->self->election_port
	                                     : conf->self->quorum_port;
	l->ops = ops;
	l->user = user;
	for (unsigned i = 0; i < conf->server_count && r == 0; i++)
		if (conf->servers[i].id != conf->id)
			r = add_remote(l, loop, resolver, &conf->servers[i]);
	if (r == 0 && which == MSG_LANE_ELECTION)
		r = lane_guests_new(l);
	if (r == 0)
		r = greet_new(&l->greet, loop, resolver, conf, l->name, l->port,
		              greetings_max, &greet_ops, l);
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
	lane_guests_free(l);
	free(l);
}

void
lane_start(struct lane *l)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		step(&l->remotes[i], LINK_EV_START, MSG_REASON_NONE);
}

static void
count_put(struct lane *l, enum outbox_result r)
{
	if (r == OUTBOX_REPLACED)
		l->counters.replaced++;
	if (r == OUTBOX_FULL)
		l->counters.full++;
	else
		l->counters.frames_out++;
}

void
lane_send(struct lane *l, int64_t sid, const void *data, size_t len)
{
	struct lane_remote *r = find(l, sid);
	struct wire *wire = r ? r->wire : lane_guest_wire(l, sid);
	enum outbox_result result;

	if (!wire || (l->which == MSG_LANE_LEARNER && !wire_is_up(wire))) {
		l->counters.no_link++;
		return;
	}
	result = wire_send(wire, data, len);
	count_put(l, result);
	if (result == OUTBOX_FULL)
		lane_end_soon(l, sid, MSG_REASON_FULL);
}

void
lane_connect(struct lane *l, int64_t sid)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (sid == MSG_ALL || l->remotes[i].sid == sid)
			step(&l->remotes[i], LINK_EV_CONNECT, MSG_REASON_NONE);
}

void
lane_disconnect(struct lane *l, int64_t sid, enum msg_reason reason)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (sid == MSG_ALL || l->remotes[i].sid == sid)
			step(&l->remotes[i], LINK_EV_DISCONNECT, reason);
}

void
lane_end_soon(struct lane *l, int64_t sid, enum msg_reason reason)
{
	struct lane_remote *r = find(l, sid);

	if (r)
		r->end = reason;
}

/* A learner port that cannot be had is the peer's matter: nobody could follow it. */
static void
tell_port(struct lane *l)
{
	const struct greet_listener *list;
	unsigned count = greet_listeners(l->greet, &list);
	enum msg_link status = MSG_LINK_DOWN;

	if (l->which != MSG_LANE_LEARNER)
		return;
	for (unsigned i = 0; i < count; i++) {
		if (list[i].open)
			status = MSG_LINK_UP;
		else if (*list[i].reason == '\0' && status == MSG_LINK_DOWN)
			status = MSG_LINK_CONNECTING; /* not tried yet */
	}
	if (status == MSG_LINK_CONNECTING || status == l->port_told)
		return;
	l->port_told = status;
	l->ops->on_remote(l->user, l->which, l->conf->id, status,
	                  status == MSG_LINK_UP ? MSG_REASON_NONE : MSG_REASON_LOCAL,
	                  false);
}

void
lane_settle(struct lane *l)
{
	tell_port(l);
	for (unsigned i = 0; i < l->remote_count; i++) {
		struct lane_remote *r = &l->remotes[i];
		enum msg_reason reason = r->end;

		r->end = MSG_REASON_NONE;
		if (reason != MSG_REASON_NONE)
			step(r, LINK_EV_DISCONNECT, reason);
	}
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
			step(&l->remotes[i], LINK_EV_DUE, MSG_REASON_NONE);
}

unsigned
lane_rows(const struct lane *l)
{
	return l->remote_count;
}

uint64_t
lane_waiting(const struct lane *l)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < l->remote_count; i++)
		bytes += wire_waiting(l->remotes[i].wire);
	return bytes;
}

struct lane_row
lane_row(const struct lane *l, unsigned index)
{
	return l->remotes[index].row;
}

int64_t
lane_restless(const struct lane *l)
{
	uint64_t now_ms = clock_ms();

	for (unsigned i = 0; i < l->remote_count; i++)
		if (link_is_restless(&l->remotes[i].link, now_ms))
			return l->remotes[i].sid;
	return -1;
}

const struct greet *
lane_greet(const struct lane *l)
{
	return l->greet;
}

struct lane_counters
lane_counters(const struct lane *l)
{
	return l->counters;
}
