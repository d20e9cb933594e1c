/* Does what places.c decides; see learner.h. */
#include "connmgr/learner.h"

#include "base/clock.h"
#include "base/log_limited.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static struct learner_remote *
find(struct learner *l, int64_t sid)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (l->remotes[i]->sid == sid)
			return l->remotes[i];
	return NULL;
}

static void
push(struct learner_remote *r, struct places_event ev)
{
	struct connmgr_event event = {.kind = EVENT_LEARNER, .u.learner = {r->sid, ev}};

	gate_push(r->learner->lane.config.gate, &event);
}

static void
on_dial(void *user, enum dial_outcome outcome, enum msg_reason reason)
{
	struct learner_remote *r = user;

	if (outcome == DIAL_STANDS)
		push(r, (struct places_event){.type = PLACES_EV_DIALED,
		                              .number = ++r->learner->number});
	else
		push(r, (struct places_event){.type = PLACES_EV_DIAL_FAILED,
		                              .reason = reason});
}

/* What status shows of the remote. */
static void
note(struct learner_remote *r, uint64_t now_ms, enum msg_reason reason)
{
	enum msg_link link = MSG_LINK_DOWN;

	if (places_used(&r->places) >= 0)
		link = MSG_LINK_UP;
	else if (r->places.dialing)
		link = MSG_LINK_CONNECTING;
	if (link != r->link)
		r->since_ms = now_ms;
	r->link = link;
	if (link == MSG_LINK_UP)
		r->reason = MSG_REASON_NONE;
	else if (reason != MSG_REASON_NONE)
		r->reason = reason;
}

static void
tell(struct learner_remote *r, const struct places_action *a)
{
	const struct msg_remote told = {.lane = MSG_LANE_LEARNER,
	                                .sid = r->sid,
	                                .link = (uint8_t)a->status,
	                                .reason = (uint8_t)a->reason,
	                                .was_up = a->was_up,
	                                .number = a->number,
	                                .dialled = a->dialled};

	log_limited(
	    LOG_LEVEL_INFO, "learner: link sid=%" PRId64 " %s%s%s number=%" PRIu64 "%s",
	    r->sid, msg_link_name(a->status),
	    a->reason == MSG_REASON_NONE ? "" : " reason=", msg_reason_name(a->reason),
	    a->number, a->dialled ? " dialled" : "");
	lane_tell(&r->learner->lane, &told);
}

static void
use(struct learner_remote *r, unsigned place, struct stream *s, const void *hello,
    size_t hello_len)
{
	if (wire_take(r->conns[place].wire, s, hello, hello_len) < 0)
		push(r, (struct places_event){.type = PLACES_EV_CLOSED,
		                              .number = r->places.list[place].number,
		                              .reason = MSG_REASON_LOCAL});
}

static void
close_conn(struct learner_remote *r, const struct places_action *a)
{
	struct lane_counters *n = &r->learner->lane.counters;

	wire_close(r->conns[a->place].wire);
	n->evicted += a->reason == MSG_REASON_REPLACED;
	n->silent += a->reason == MSG_REASON_TIMEOUT;
}

static void
apply(struct learner_remote *r, const struct places_action *a)
{
	unsigned char hello[HELLO_MAX];
	size_t len;

	switch (a->type) {
	case PLACES_DO_DIAL:
		dial_start(&r->dial, r->hosts.list[a->address],
		           r->hosts.ports[a->address]);
		break;
	case PLACES_DO_CANCEL:
		dial_cancel(&r->dial);
		break;
	case PLACES_DO_USE_DIALED:
		len = lane_hello(&r->learner->lane, &r->dial.stream, hello);
		use(r, a->place, &r->dial.stream, hello, len);
		break;
	case PLACES_DO_USE_ACCEPTED:
		use(r, a->place, &r->offered, NULL, 0);
		break;
	case PLACES_DO_CLOSE:
		close_conn(r, a);
		break;
	case PLACES_DO_TELL:
		tell(r, a);
		break;
	}
}

static void
step(struct learner_remote *r, uint64_t now_ms, struct places_event *ev)
{
	struct places_actions todo;

	ev->now_ms = now_ms;
	if ((ev->type == PLACES_EV_TAKE || ev->type == PLACES_EV_DISCONNECT) &&
	    ev->number > 0 && places_find(&r->places, ev->number) < 0)
		r->learner->lane.counters.no_link++;
	places_step(&r->places, ev, &todo);
	for (unsigned i = 0; i < todo.count; i++)
		apply(r, &todo.list[i]);
	note(r, now_ms, ev->reason);
}

void
learner_step(struct learner *l, int64_t sid, uint64_t now_ms, struct places_event *ev)
{
	struct learner_remote *r = find(l, sid);

	if (r)
		step(r, now_ms, ev);
}

static const struct places_conn *
place_of(const struct learner_conn *c)
{
	return &c->remote->places.list[c - c->remote->conns];
}

/* The core hears of each frame before it is passed on, and may close the connection. */
static void
on_frame(void *user, const unsigned char *data, size_t len)
{
	struct learner_conn *c = user;
	struct learner_remote *r = c->remote;
	uint64_t number = place_of(c)->number;

	push(r, (struct places_event){.type = PLACES_EV_FRAME, .number = number});
	if (place_of(c)->number != number) {
		r->learner->lane.counters.full++;
		return;
	}
	lane_hear(&r->learner->lane, r->sid, number, true, data, len);
}

static void
on_closed(void *user, enum msg_reason reason)
{
	struct learner_conn *c = user;

	push(c->remote, (struct places_event){.type = PLACES_EV_CLOSED,
	                                      .number = place_of(c)->number,
	                                      .reason = reason});
}

/* ---- what comes at our port ---- */

/* Tells the peer whether its port listens, since nobody can follow it else: as the link
 * of our own sid, up, or down and LOCAL. */
static void
on_port(void *user)
{
	struct learner *l = user;
	const struct greet_view *view = greet_view(l->lane.greet);
	const struct greet_listener *list = view->listeners;
	enum msg_link link = MSG_LINK_DOWN;
	struct msg_remote told = {.lane = MSG_LANE_LEARNER,
	                          .sid = l->lane.config.conf->id};

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
	lane_tell(&l->lane, &told);
}

static void
accept_remote(struct learner_remote *r, struct stream *s, const unsigned char *early,
              size_t early_len)
{
	uint64_t number = ++r->learner->number;
	int at;

	r->offered = stream_take(s);
	push(r, (struct places_event){.type = PLACES_EV_ACCEPTED, .number = number});
	stream_close(&r->offered); /* where the core did not take it */
	at = places_find(&r->places, number);
	if (at >= 0)
		wire_feed(r->conns[at].wire, early, early_len);
}

static bool
hears(const struct learner *l)
{
	return board_open(l->lane.config.board, MSG_WHO_PEER) >= 0;
}

/* A learner that has gone meanwhile has not come. */
static void
let_in(struct learner_remote *r)
{
	struct waiting w = r->waiting;

	r->waiting = WAITING_NONE;
	if (!stream_has_ended(&w.stream))
		accept_remote(r, &w.stream, w.early, w.early_len);
	waiting_close(&w);
}

static uint64_t
waiting_due_ms(const struct learner_remote *r)
{
	if (!waiting_has(&r->waiting))
		return UINT64_MAX;
	return hears(r->learner) ? 0 : r->waiting.due_ms;
}

static void
on_waiting_due(struct learner_remote *r)
{
	if (hears(r->learner)) {
		let_in(r);
		return;
	}
	r->learner->lane.counters.turned_away++;
	waiting_close(&r->waiting);
}

static void
on_greeted(void *user, int64_t sid, struct stream *s, const unsigned char *early,
           size_t early_len)
{
	struct learner *l = user;
	struct learner_remote *r = find(l, sid);

	if (sid == l->lane.config.conf->id) {
		l->lane.counters.own_sid++;
		stream_close(s);
	} else if (r && hears(l)) {
		accept_remote(r, s, early, early_len);
	} else if (r) {
		waiting_put(&r->waiting, s, early, early_len,
		            clock_ms() + l->lane.config.conf->links.handshake_ms);
	} else {
		l->lane.counters.turned_away++;
		stream_close(s);
	}
}

/* ---- who is a remote ---- */

static void
free_remote(struct learner_remote *r)
{
	dial_cancel(&r->dial);
	waiting_close(&r->waiting);
	for (unsigned i = 0; i < PLACES_MAX; i++)
		wire_free(r->conns[i].wire);
	free(r);
}

static int
make_wires(struct learner_remote *r)
{
	static const struct wire_ops ops = {on_frame, on_closed};
	struct lane *l = &r->learner->lane;
	int error = 0;

	for (unsigned i = 0; i < PLACES_MAX && error == 0; i++) {
		r->conns[i].remote = r;
		error = wire_new(&r->conns[i].wire, l->config.loop, WIRE_LEARNER, &ops,
		                 &r->conns[i], &l->counters.large);
	}
	return error;
}

static int
add_remote(struct learner *l, const struct qconfig_server *s, struct learner_remote **out)
{
	const struct lane_config *c = &l->lane.config;
	struct places_config config = {.connect_ms = c->conf->links.connect_ms,
	                               .first_ms = c->conf->links.handshake_ms};
	struct learner_remote *r;

	if (l->remote_count == LANE_REMOTES_MAX)
		return -ENOSPC;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->learner = l;
	r->sid = s->sid;
	lane_hosts_init(&r->hosts, s->quorum, s->addr_count);
	config.address_count = r->hosts.count;
	places_init(&r->places, &config);
	r->offered = STREAM_NONE;
	r->waiting = WAITING_NONE;
	r->link = MSG_LINK_DOWN;
	r->reason = MSG_REASON_NEVER;
	r->since_ms = clock_ms();
	r->dial = (struct dial){.loop = c->loop,
	                        .resolver = c->resolver,
	                        .conf = c->conf,
	                        .secure = c->secure,
	                        .sid = s->sid,
	                        .report = on_dial,
	                        .user = r,
	                        .stream = STREAM_NONE};
	if (make_wires(r) < 0) {
		free_remote(r);
		return -ENOMEM;
	}
	*out = l->remotes[l->remote_count++] = r;
	return 0;
}

void
learner_keep(struct learner *l, int64_t sid)
{
	struct learner_remote *r = find(l, sid);

	if (r)
		r->kept = true;
}

/* No event of its connections waits in the gate: see election.c. */
void
learner_drop(struct learner *l, uint64_t now_ms)
{
	for (unsigned i = l->remote_count; i-- > 0;) {
		struct learner_remote *r = l->remotes[i];
		struct places_event part = {.type = PLACES_EV_PART,
		                            .reason = MSG_REASON_ASKED};

		if (r->kept) {
			r->kept = r->wanted = false;
			continue;
		}
		step(r, now_ms, &part);
		free_remote(r);
		l->remotes[i] = l->remotes[--l->remote_count];
	}
}

int
learner_want(struct learner *l, uint64_t now_ms, const struct qconfig_server *s)
{
	struct learner_remote *r = find(l, s->sid);
	struct places_event ev = {.type = PLACES_EV_MOVED};
	int error = 0;

	if (s->sid == l->lane.config.conf->id)
		lane_listen(&l->lane, s->quorum, s->addr_count);
	if (s->sid == l->lane.config.conf->id || s->addr_count == 0 || (r && r->wanted))
		return 0;
	if (!r)
		error = add_remote(l, s, &r);
	if (error < 0)
		return error;
	r->wanted = true;
	if (lane_hosts_same(&r->hosts, s->quorum, s->addr_count))
		return 0;
	lane_hosts_init(&r->hosts, s->quorum, s->addr_count);
	ev.address_count = r->hosts.count;
	step(r, now_ms, &ev);
	return 0;
}

/* ---- making ---- */

int
learner_new(struct learner **out, const struct lane_config *config)
{
	static const struct greet_ops ops = {on_greeted, on_port};
	struct learner *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->port_told = MSG_LINK_CONNECTING;
	l->number = clock_us();
	r = lane_init(&l->lane, MSG_LANE_LEARNER, config, &ops, l);
	if (r < 0) {
		learner_free(l);
		return r;
	}
	*out = l;
	return 0;
}

void
learner_free(struct learner *l)
{
	if (!l)
		return;
	lane_deinit(&l->lane);
	for (unsigned i = 0; i < l->remote_count; i++)
		free_remote(l->remotes[i]);
	free(l);
}

void
learner_start(struct learner *l)
{
	greet_start(l->lane.greet);
}

void
learner_push(struct learner *l, int64_t sid, const struct places_event *ev)
{
	for (unsigned i = 0; i < l->remote_count; i++)
		if (sid == MSG_ALL || l->remotes[i]->sid == sid)
			push(l->remotes[i], *ev);
}

void
learner_send(struct learner *l, int64_t sid, uint64_t number, const void *data,
             size_t len)
{
	struct learner_remote *r = find(l, sid);
	int at = r ? places_find(&r->places, number) : -1;

	if (at < 0) {
		l->lane.counters.no_link++;
	} else if (wire_send(r->conns[at].wire, data, len) == OUTBOX_FULL) {
		l->lane.counters.full++;
		push(r, (struct places_event){.type = PLACES_EV_DISCONNECT,
		                              .number = number,
		                              .reason = MSG_REASON_FULL});
	} else {
		l->lane.counters.frames_out++;
	}
}

uint64_t
learner_due_ms(const struct learner *l)
{
	uint64_t due = greet_due_ms(l->lane.greet);

	for (unsigned i = 0; i < l->remote_count; i++) {
		uint64_t d = places_due_ms(&l->remotes[i]->places);

		due = d < due ? d : due;
		d = waiting_due_ms(l->remotes[i]);
		due = d < due ? d : due;
	}
	return due;
}

void
learner_on_due(struct learner *l, uint64_t now_ms)
{
	greet_on_due(l->lane.greet, now_ms);
	for (unsigned i = 0; i < l->remote_count; i++)
		if (now_ms >= waiting_due_ms(l->remotes[i]))
			on_waiting_due(l->remotes[i]);
	for (unsigned i = 0; i < l->remote_count; i++)
		if (now_ms >= places_due_ms(&l->remotes[i]->places))
			push(l->remotes[i], (struct places_event){.type = PLACES_EV_DUE});
}
