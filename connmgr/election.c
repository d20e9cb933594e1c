/* Does what link.c decides; see election.h. */
#include "connmgr/election.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_limited.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct election_remote *
find(struct election *e, int64_t sid)
{
	for (unsigned i = 0; i < e->remote_count; i++)
		if (e->remotes[i]->sid == sid)
			return e->remotes[i];
	return NULL;
}

/* To the log and the workers. */
static void
tell(struct election_remote *r, uint64_t now_ms, const struct link_action *a)
{
	bool restless = link_is_restless(&r->link, now_ms);
	struct msg_remote *told = &r->told;

	if (a->status != told->link || a->reason != told->reason ||
	    a->status == MSG_LINK_UP)
		log_limited(LOG_LEVEL_INFO, "election: link sid=%lld %s→%s%s%s",
		            (long long)r->sid, msg_link_name(told->link),
		            msg_link_name(a->status),
		            a->reason == MSG_REASON_NONE ? "" : " reason=",
		            msg_reason_name(a->reason));
	if (restless && !r->restless)
		log_limited(LOG_LEVEL_WARNING,
		            "election: the link to server %lld comes up and ends again "
		            "and again",
		            (long long)r->sid);
	r->restless = restless;
	if (a->status != told->link)
		r->since_ms = now_ms;
	told->link = (uint8_t)a->status;
	told->reason = (uint8_t)a->reason;
	told->was_up = a->was_up;
	lane_tell(&r->election->lane, told);
}

static void
push(void *user, enum link_event_type type, enum msg_reason reason)
{
	struct election_remote *r = user;
	struct connmgr_event ev = {
	    .kind = EVENT_ELECTION,
	    .u.election = {r->sid, {.type = type, .reason = reason}},
	};

	gate_push(r->election->lane.config.gate, &ev);
}

static void
on_dial(void *user, enum dial_outcome outcome, enum msg_reason reason)
{
	static const enum link_event_type events[] = {
	    [DIAL_STANDS] = LINK_EV_DIALED,
	    [DIAL_FAILED] = LINK_EV_DIAL_FAILED,
	    [DIAL_CLOSED] = LINK_EV_DIAL_CLOSED,
	};

	push(user, events[outcome], reason);
}

static void
far_text(const struct stream *s, char out[ADDRESS_TEXT_MAX])
{
	struct address a;

	out[0] = '\0';
	if (stream_far_address(s, &a) == 0)
		address_text(&a, out);
}

/* This connection is in use from now on. */
static void
begin_use(struct election_remote *r, const struct stream *s)
{
	char text[ADDRESS_TEXT_MAX];

	far_text(s, text);
	twin_begin(&r->twin, text);
}

static void
apply(struct election_remote *r, uint64_t now_ms, const struct link_action *a)
{
	const struct lane *l = &r->election->lane;
	unsigned char hello[HELLO_MAX];
	size_t len;
	int e = 0;

	switch (a->type) {
	case LINK_DO_DIAL:
		dial_start(&r->dial, r->hosts.list[a->address],
		           r->hosts.ports[a->address]);
		break;
	case LINK_DO_CANCEL:
		dial_cancel(&r->dial);
		break;
	case LINK_DO_NUDGE:
		len = lane_hello(l, &r->dial.stream, hello);
		dial_nudge(&r->dial, hello, len);
		break;
	case LINK_DO_USE_DIALED:
		len = lane_hello(l, &r->dial.stream, hello);
		begin_use(r, &r->dial.stream);
		e = wire_take(r->wire, &r->dial.stream, hello, len);
		break;
	case LINK_DO_USE_ACCEPTED:
		begin_use(r, &r->offered);
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

static void
step(struct election_remote *r, uint64_t now_ms, struct link_event *ev)
{
	struct link_actions todo;

	ev->now_ms = now_ms;
	link_step(&r->link, ev, &todo);
	for (unsigned i = 0; i < todo.count; i++)
		apply(r, now_ms, &todo.list[i]);
}

void
election_step(struct election *e, int64_t sid, uint64_t now_ms, struct link_event *ev)
{
	struct election_remote *r = find(e, sid);

	if (r)
		step(r, now_ms, ev);
}

static void
on_frame(void *user, const unsigned char *data, size_t len)
{
	struct election_remote *r = user;

	twin_heard(&r->twin, clock_ms());
	if (!r->link.proved)
		push(r, LINK_EV_FRAME, MSG_REASON_NONE);
	lane_hear(&r->election->lane, r->sid, 0, true, data, len);
}

static void
on_closed(void *user, enum msg_reason reason)
{
	push(user, LINK_EV_CLOSED, reason);
}

static const struct wire_ops wire_ops = {on_frame, on_closed};

/* ---- what comes at our port ---- */

static void
on_port(void *user)
{
	(void)user; /* health shows the listeners */
}

/* Another server greets as this remote while that is linked? Connections of both sides
 * cross when a link comes up, so that one from a server that does not keep its own
 * connection counts only later. */
static void
look_for_twin(struct election_remote *r, const struct stream *s)
{
	uint64_t now_ms = clock_ms();
	char text[ADDRESS_TEXT_MAX];
	bool proved;

	if (!r->link.up || wire_has_ended(r->wire) ||
	    (r->link.config.larger && now_ms - r->link.up_ms < LINK_SETTLE_MS))
		return;
	far_text(s, text);
	twin_greeted(&r->twin, now_ms, text);
	proved = twin_is_proved(&r->twin, now_ms);
	if (proved && !r->twin_told)
		log_limited(LOG_LEVEL_WARNING,
		            "election: server %lld is linked at %s and greets from %s at "
		            "the same time; two servers may have the same id",
		            (long long)r->sid, r->twin.one, r->twin.other);
	r->twin_told = proved;
}

/* Somebody else has our sid, unless it is we who dialled ourselves. */
static void
note_namesake(struct election *e, const struct stream *s)
{
	struct address far, own;

	if (stream_far_address(s, &far) < 0 ||
	    stream_own_address(s, address_port(&far), &own) < 0 ||
	    address_same(&far, &own))
		return;
	address_text(&far, e->namesake);
	e->namesake_ms = clock_ms();
	log_limited(LOG_LEVEL_WARNING,
	            "election: the server at %s says that it is server %lld, "
	            "which we are; two servers have the same id",
	            e->namesake, (long long)e->lane.config.conf->id);
}

static void
on_greeted(void *user, int64_t sid, struct stream *s, const unsigned char *early,
           size_t early_len)
{
	struct election *e = user;
	struct election_remote *r = find(e, sid);
	int64_t self = e->lane.config.conf->id;

	if (sid == self) {
		e->lane.counters.own_sid++;
		note_namesake(e, s);
		stream_close(s);
	} else if (r && stream_is_stranger(s)) {
		e->lane.counters.turned_away++;
		stream_close(s);
	} else if (r) {
		look_for_twin(r, s);
		r->offered = stream_take(s);
		r->taken = false;
		push(r, LINK_EV_ACCEPTED, MSG_REASON_NONE);
		if (r->taken)
			wire_feed(r->wire, early, early_len);
	} else if (sid > self) {
		election_guest_take(e, sid, s, early, early_len);
	} else {
		e->lane.counters.turned_away++;
		stream_close(s);
	}
}

/* ---- who is a remote ---- */

static int
add_remote(struct election *e, const struct qconfig_server *s,
           struct election_remote **out)
{
	const struct lane_config *c = &e->lane.config;
	struct link_config config = {
	    .larger = c->conf->id > s->sid,
	    .connect_ms = c->conf->links.connect_ms,
	    .retry_min_ms = c->conf->links.retry_min_ms,
	    .retry_max_ms = c->conf->links.retry_max_ms,
	};
	struct election_remote *r;

	if (e->remote_count == LANE_REMOTES_MAX)
		return -ENOSPC;
	r = calloc(1, sizeof(*r));
	if (!r || wire_new(&r->wire, c->loop, WIRE_ELECTION, &wire_ops, r,
	                   &e->lane.counters.large) < 0) {
		free(r);
		return -ENOMEM;
	}
	r->election = e;
	r->sid = s->sid;
	lane_hosts_init(&r->hosts, s->election, s->election_count);
	config.address_count = r->hosts.count;
	r->offered = STREAM_NONE;
	r->told = (struct msg_remote){.lane = MSG_LANE_ELECTION,
	                              .sid = s->sid,
	                              .link = MSG_LINK_DOWN,
	                              .reason = MSG_REASON_NEVER};
	r->since_ms = clock_ms();
	r->dial = (struct dial){.loop = c->loop,
	                        .resolver = c->resolver,
	                        .conf = c->conf,
	                        .secure = c->secure,
	                        .sid = s->sid,
	                        .report = on_dial,
	                        .user = r,
	                        .stream = STREAM_NONE};
	link_init(&r->link, &config);
	election_guest_part(e, s->sid);
	*out = e->remotes[e->remote_count++] = r;
	return 0;
}

static void
free_remote(struct election_remote *r)
{
	dial_cancel(&r->dial);
	wire_free(r->wire);
	free(r);
}

/* No event of the link to that remote waits in the gate: a worker's message is its only
 * one when it comes. */
static void
drop_remote(struct election *e, unsigned at)
{
	struct election_remote *r = e->remotes[at];
	struct msg_remote told = r->told;

	log_info("election: server %lld is no member and none that is to join any more",
	         (long long)r->sid);
	told.link = MSG_LINK_DOWN;
	told.reason = MSG_REASON_ASKED;
	lane_tell_gone(&e->lane, &told);
	free_remote(r);
	e->remotes[at] = e->remotes[--e->remote_count];
}

void
election_keep(struct election *e, int64_t sid)
{
	struct election_remote *r = find(e, sid);

	if (r)
		r->kept = true;
}

void
election_drop(struct election *e)
{
	for (unsigned i = e->remote_count; i-- > 0;) {
		struct election_remote *r = e->remotes[i];

		if (!r->kept)
			drop_remote(e, i);
		else
			r->kept = r->wanted = false;
	}
}

int
election_want(struct election *e, uint64_t now_ms, const struct qconfig_server *s)
{
	struct election_remote *r = find(e, s->sid);
	struct link_event ev = {.type = LINK_EV_START};
	bool fresh = !r;
	int error = 0;

	if (s->sid == e->lane.config.conf->id)
		lane_listen(&e->lane, s->election, s->election_count);
	if (s->sid == e->lane.config.conf->id || s->election_count == 0 ||
	    (r && r->wanted))
		return 0;
	if (fresh)
		error = add_remote(e, s, &r);
	if (error < 0)
		return error;
	r->wanted = true;
	if (!fresh && !lane_hosts_same(&r->hosts, s->election, s->election_count)) {
		lane_hosts_init(&r->hosts, s->election, s->election_count);
		ev.type = LINK_EV_MOVED;
		ev.address_count = r->hosts.count;
		step(r, now_ms, &ev);
	} else if (fresh && e->started) {
		step(r, now_ms, &ev);
	}
	return 0;
}

/* ---- making ---- */

int
election_new(struct election **out, const struct lane_config *config)
{
	static const struct greet_ops ops = {on_greeted, on_port};
	struct election *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return -ENOMEM;
	r = lane_init(&e->lane, MSG_LANE_ELECTION, config, &ops, e);
	if (r == 0)
		r = election_guests_make(e);
	if (r < 0) {
		election_free(e);
		return r;
	}
	*out = e;
	return 0;
}

void
election_free(struct election *e)
{
	if (!e)
		return;
	lane_deinit(&e->lane);
	for (unsigned i = 0; i < e->remote_count; i++)
		free_remote(e->remotes[i]);
	election_guests_free(e);
	free(e);
}

void
election_push(struct election *e, int64_t sid, enum link_event_type type,
              enum msg_reason reason)
{
	for (unsigned i = 0; i < e->remote_count; i++)
		if (sid == MSG_ALL || e->remotes[i]->sid == sid)
			push(e->remotes[i], type, reason);
}

void
election_start(struct election *e)
{
	greet_start(e->lane.greet);
	e->started = true;
	election_push(e, MSG_ALL, LINK_EV_START, MSG_REASON_NONE);
}

void
election_send(struct election *e, int64_t sid, const void *data, size_t len)
{
	struct election_remote *r = find(e, sid);
	int guest = r ? -1 : link_stranger_find(&e->strangers, sid);
	struct wire *wire = r ? r->wire : guest >= 0 ? e->guests[guest].wire : NULL;

	if (!wire) {
		e->lane.counters.no_link++;
		return;
	}
	e->lane.counters.replaced += wire_send(wire, data, len) == OUTBOX_REPLACED;
	e->lane.counters.frames_out++;
}

uint64_t
election_due_ms(const struct election *e)
{
	uint64_t due = greet_due_ms(e->lane.greet);

	for (unsigned i = 0; i < e->remote_count; i++) {
		uint64_t d = link_due_ms(&e->remotes[i]->link);

		due = d < due ? d : due;
	}
	return due;
}

void
election_on_due(struct election *e, uint64_t now_ms)
{
	greet_on_due(e->lane.greet, now_ms);
	for (unsigned i = 0; i < e->remote_count; i++)
		if (now_ms >= link_due_ms(&e->remotes[i]->link))
			push(e->remotes[i], LINK_EV_DUE, MSG_REASON_NONE);
}
