/* Does what link.c decides; see lane.h. Strangers are the matter of lane_guest.c. */
#include "connmgr/lane.h"

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
push(struct lane_remote *r, enum link_event_type type, enum msg_reason reason)
{
	struct connmgr_event ev = {
	    .kind = EVENT_LINK,
	    .u.link = {r, {.type = type, .reason = reason}},
	};

	gate_push(r->lane->config.gate, &ev);
}

static int
use_dialed(struct lane_remote *r)
{
	unsigned char hello[HELLO_MAX];
	size_t len = make_hello(r->lane, &r->dial.stream, hello);

	return wire_take(r->wire, &r->dial.stream, hello, len);
}

static void
nudge(struct lane_remote *r)
{
	unsigned char hello[HELLO_MAX];
	size_t len = make_hello(r->lane, &r->dial.stream, hello);

	dial_nudge(&r->dial, hello, len);
}

static void
apply(struct lane_remote *r, uint64_t now_ms, const struct link_action *a)
{
	int e = 0;

	switch (a->type) {
	case LINK_DO_DIAL:
		dial_start(&r->dial, r->hosts[a->address], r->port);
		break;
	case LINK_DO_CANCEL:
		dial_cancel(&r->dial);
		break;
	case LINK_DO_NUDGE:
		nudge(r);
		break;
	case LINK_DO_USE_DIALED:
		e = use_dialed(r);
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

static void
on_stands(void *user)
{
	push(user, LINK_EV_DIALED, MSG_REASON_NONE);
}

static void
on_failed(void *user, enum msg_reason reason)
{
	push(user, LINK_EV_DIAL_FAILED, reason);
}

static void
on_nudge_closed(void *user, enum msg_reason reason)
{
	push(user, LINK_EV_DIAL_CLOSED, reason);
}

static const struct dial_ops dial_ops = {on_stands, on_failed, on_nudge_closed};

static void
on_frame(void *user, const unsigned char *data, size_t len)
{
	struct lane_remote *r = user;

	if (!r->link.proved)
		push(r, LINK_EV_FRAME, MSG_REASON_NONE);
	lane_hear(r->lane, r->sid, true, data, len);
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
	push(user, LINK_EV_CLOSED, reason);
}

static const struct wire_ops wire_ops = {on_frame, on_large, on_closed};

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

	if (l->config.which != MSG_LANE_LEARNER)
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
	bool accepts = l->config.which == MSG_LANE_ELECTION ||
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
	} else if (!r && l->config.which == MSG_LANE_ELECTION &&
	           sid > l->config.conf->id) {
		lane_guest_take(l, sid, s, early, early_len);
	} else {
		l->counters.turned_away++;
		stream_close(s);
	}
}

static const struct greet_ops greet_ops = {on_greeted, on_port};

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
add_remote(struct lane *l, struct resolver *resolver, const struct conf_server *s)
{
	struct lane_remote *r = &l->remotes[l->remote_count];
	struct link_config config = {
	    .lane = l->config.which,
	    .larger = l->config.conf->id > s->id,
	    .connect_ms = l->config.conf->links.connect_ms,
	    .retry_min_ms = l->config.conf->links.retry_min_ms,
	    .retry_max_ms = l->config.conf->links.retry_max_ms,
	};
	int e =
	    wire_new(&r->wire, l->config.loop,
	             l->config.which == MSG_LANE_ELECTION ? WIRE_ELECTION : WIRE_LEARNER,
	             &wire_ops, r);

	if (e < 0)
		return e;
	l->remote_count++;
	r->lane = l;
	r->sid = s->id;
	r->port =
	    l->config.which == MSG_LANE_ELECTION ? s->election_port : s->quorum_port;
	strcpy(r->host_text, s->host);
	config.address_count = cut_hosts(r->host_text, r->hosts);
	r->offered = STREAM_NONE;
	r->told = (struct msg_remote){.lane = (uint8_t)l->config.which,
	                              .sid = s->id,
	                              .link = MSG_LINK_DOWN,
	                              .reason = MSG_REASON_NEVER};
	r->since_ms = clock_ms();
	dial_init(&r->dial, l->config.loop, resolver, l->config.conf, &dial_ops, r);
	link_init(&r->link, &config);
	return 0;
}

int
lane_new(struct lane **out, const struct lane_config *config)
{
	struct lane *l = calloc(1, sizeof(*l));
	const struct conf *conf = config->conf;
	bool election = config->which == MSG_LANE_ELECTION;
	int r = 0;

	if (!l)
		return -ENOMEM;
	l->config = *config;
	l->port_told = MSG_LINK_CONNECTING;
	l->name = election ? "election" : "learner";
	l->port = election ? conf->self->election_port : conf->self->quorum_port;
	for (unsigned i = 0; i < conf->server_count && r == 0; i++)
		if (conf->servers[i].id != conf->id)
			r = add_remote(l, config->resolver, &conf->servers[i]);
	if (r == 0 && election)
		r = lane_guests_new(l);
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
	lane_guests_free(l);
	free(l);
}

void
lane_start(struct lane *l)
{
	greet_start(l->greet);
	for (unsigned i = 0; i < l->remote_count; i++)
		push(&l->remotes[i], LINK_EV_START, MSG_REASON_NONE);
}

void
lane_send(struct lane *l, int64_t sid, const void *data, size_t len)
{
	struct lane_remote *r = find(l, sid);
	struct wire *wire = r ? r->wire : lane_guest_wire(l, sid);
	enum outbox_result result;

	if (!wire || (l->config.which == MSG_LANE_LEARNER && !wire_is_up(wire))) {
		l->counters.no_link++;
		return;
	}
	result = wire_send(wire, data, len);
	l->counters.replaced += result == OUTBOX_REPLACED;
	l->counters.full += result == OUTBOX_FULL;
	l->counters.frames_out += result != OUTBOX_FULL;
	if (result == OUTBOX_FULL)
		lane_disconnect(l, sid, MSG_REASON_FULL);
}

static void
push_to(struct lane *l, int64_t sid, enum link_event_type type, enum msg_reason reason)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (sid == MSG_ALL || l->remotes[i].sid == sid)
			push(&l->remotes[i], type, reason);
}

void
lane_connect(struct lane *l, int64_t sid)
{
	push_to(l, sid, LINK_EV_CONNECT, MSG_REASON_NONE);
}

void
lane_disconnect(struct lane *l, int64_t sid, enum msg_reason reason)
{
	push_to(l, sid, LINK_EV_DISCONNECT, reason);
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
