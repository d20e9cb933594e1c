/* The answer to `status`; see shell_impl.h. */
#include "connmgr/shell_impl.h"

#include "base/clock.h"
#include "base/json.h"
#include "connmgr/outbox.h"
#include "proc/roster.h"
#include "proc/self.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEGRADED_MAX (CONF_PATH_MAX + 256)
#define SLOW_MS      5000 /* until an operator is told that the disk does not answer */

static void
open_array(struct buf_out *out, const char *key)
{
	json_put_key(out, key);
	buf_put_u8(out, '[');
}

static void
put_listeners(struct buf_out *out, const struct lane *l)
{
	const struct greet_view *view = greet_view(l->greet);

	for (unsigned i = 0; i < view->listener_count; i++) {
		const struct greet_listener *one = &view->listeners[i];

		json_put_next(out);
		buf_put_u8(out, '{');
		json_put_text(out, "lane", l->name);
		json_put_text(out, "address", one->text);
		json_put_text(out, "state", one->open ? "open" : "waiting");
		json_put_text(out, "reason", one->reason);
		buf_put_u8(out, '}');
	}
}

/* The members that links of both lanes have; the object stays open. */
static void
put_link(struct buf_out *out, int64_t sid, const struct lane *l, enum msg_link link,
         enum msg_reason reason, uint64_t since_ms)
{
	json_put_next(out);
	buf_put_u8(out, '{');
	json_put_i64(out, "id", sid);
	json_put_text(out, "lane", l->name);
	json_put_text(out, "link", msg_link_name(link));
	json_put_text(out, "reason", msg_reason_name(reason));
	json_put_u64(out, "since_ms", clock_ms() - since_ms);
}

/* How the connection proves who is there. */
static void
put_tls(struct buf_out *out, const struct wire *w)
{
	const struct tls_engine *tls = wire_tls(w);
	char text[PSK_ID_MAX + 8] = "";

	if (tls)
		snprintf(text, sizeof(text), "psk %s", tls_engine_who(tls)->key);
	else if (wire_is_up(w))
		snprintf(text, sizeof(text), "plain");
	json_put_text(out, "tls", text);
}

/* Adds a link that stands without TLS, or with another key than `first`. */
static void
count_link(const struct wire *w, const char *first, unsigned *plain, unsigned *older)
{
	const struct tls_engine *tls = wire_tls(w);

	*plain += !tls && wire_is_up(w);
	*older += tls && strcmp(tls_engine_who(tls)->key, first) != 0;
}

static void
count_links(const struct connmgr *s, unsigned *plain, unsigned *older)
{
	const char *first = tls_context_key(s->secure->context, 0);

	*plain = *older = 0;
	for (unsigned i = 0; i < s->election->remote_count; i++)
		count_link(s->election->remotes[i]->wire, first, plain, older);
	for (unsigned i = 0; i < s->learner->remote_count; i++) {
		const struct learner_remote *r = s->learner->remotes[i];
		int used = places_used(&r->places);

		if (used >= 0)
			count_link(r->conns[used].wire, first, plain, older);
	}
}

/* What is to be known of TLS, and is no fault; "": nothing. */
static const char *
tls_text(const struct connmgr *s, char *out, size_t cap)
{
	unsigned plain, older;

	*out = '\0';
	if (!s->secure) {
		if (conf_exposed(s->conf))
			snprintf(out, cap,
			         "whoever reaches the ports of this group is believed to "
			         "be one of its servers: tls.mode is \"off\"");
		return out;
	}
	count_links(s, &plain, &older);
	if (!s->conf->tls.enforce)
		snprintf(out, cap,
		         "connections without TLS are taken, since tls.enforce is false: "
		         "%u links are plain now",
		         plain);
	else if (older > 0)
		snprintf(out, cap,
		         "%u links were begun with an older key than the first one, %s",
		         older, tls_context_key(s->secure->context, 0));
	return out;
}

static void
put_secure(struct buf_out *out, const struct connmgr *s)
{
	const struct secure *secure = s->secure;
	char text[256];

	json_put_key(out, "tls");
	buf_put_u8(out, '{');
	json_put_text(out, "mode", secure ? "psk" : "off");
	json_put_text(out, "text", tls_text(s, text, sizeof(text)));
	if (secure) {
		json_put_bool(out, "enforce", s->conf->tls.enforce);
		open_array(out, "keys");
		for (unsigned i = 0; i < tls_context_keys(secure->context); i++)
			buf_put_text(out, "%s\"%s\"", i > 0 ? "," : "",
			             tls_context_key(secure->context, i));
		buf_put_u8(out, ']');
		json_put_u64(out, "opened", secure->opened);
		json_put_u64(out, "refused", secure->refused);
		json_put_u64(out, "plain", secure->plain);
		json_put_u64(out, "others", secure->others);
		json_put_text(out, "error", secure->why);
	}
	buf_put_u8(out, '}');
}

static void
put_election(struct buf_out *out, const struct election *e)
{
	for (unsigned i = 0; i < e->remote_count; i++) {
		const struct election_remote *r = e->remotes[i];

		put_link(out, r->sid, &e->lane, r->told.link, r->told.reason,
		         r->since_ms);
		json_put_bool(out, "dialled", r->link.up && r->link.mine);
		put_tls(out, r->wire);
		buf_put_u8(out, '}');
	}
}

/* The remotes that have had a link, or that we dial. */
static void
put_learner(struct buf_out *out, const struct learner *l)
{
	for (unsigned i = 0; i < l->remote_count; i++) {
		const struct learner_remote *r = l->remotes[i];
		int used = places_used(&r->places);
		const struct places_conn *c = &r->places.list[used < 0 ? 0 : used];
		unsigned beside = 0;

		for (unsigned k = 0; k < PLACES_MAX; k++)
			beside += r->places.list[k].number > 0 && (int)k != used;
		if (!r->places.was_up && r->link == MSG_LINK_DOWN &&
		    r->reason == MSG_REASON_NEVER)
			continue;
		put_link(out, r->sid, &l->lane, r->link, r->reason, r->since_ms);
		json_put_bool(out, "dialled", used >= 0 && c->dialled);
		json_put_u64(out, "number", used >= 0 ? c->number : 0);
		json_put_u64(out, "beside", beside);
		if (used >= 0)
			put_tls(out, r->conns[used].wire);
		buf_put_u8(out, '}');
	}
}

static void
put_workers(struct buf_out *out, const struct connmgr *s)
{
	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *b = board_worker(s->board, i);
		const struct worker *w = &s->workers[i];

		if (!b->used || !w->door)
			continue;
		json_put_next(out);
		buf_put_u8(out, '{');
		json_put_text(out, "who", roster_who(b->who)->name);
		json_put_text(out, "name", b->name);
		json_put_i64(out, "pid", door_conn_pid(w->door));
		json_put_u64(out, "generation", b->generation);
		json_put_bool(out, "active", board_is_active(s->board, i));
		json_put_bool(out, "synced", b->phase == BOARD_OPEN);
		json_put_u64(out, "queue", board_queue_count(w->queue));
		json_put_u64(out, "dropped", w->dropped);
		json_put_text(out, "version", w->build);
		buf_put_u8(out, '}');
	}
}

/* The queues to our own workers: each has one bound for frames, another for the rest. */
static void
put_queues(struct buf_out *out, const struct connmgr *s)
{
	struct self_queue list[2 * BOARD_WORKERS_MAX], *q = list;

	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *b = board_worker(s->board, i);
		const struct worker *w = &s->workers[i];
		unsigned frames = board_queue_frames(w->queue);

		if (!b->used || !w->door)
			continue;
		*q = (struct self_queue){"", frames, board_queue_frames_max(w->queue),
		                         w->dropped};
		snprintf(q->name, sizeof(q->name), "%s-%s frames",
		         roster_who(b->who)->name, b->name);
		q++;
		*q = (struct self_queue){"", board_queue_count(w->queue) - frames,
		                         board_queue_control_max(w->queue), 0};
		snprintf(q->name, sizeof(q->name), "%s-%s control",
		         roster_who(b->who)->name, b->name);
		q++;
	}
	self_put_queues(out, "queues", list, (unsigned)(q - list));
}

/* The bytes that wait to be written to the remotes. */
static void
put_outboxes(struct buf_out *out, const struct connmgr *s)
{
	const struct election *e = s->election;
	const struct learner *l = s->learner;
	uint64_t remotes = e->remote_count;
	struct self_queue list[] = {
	    {"election", 0, remotes * OUTBOX_NEWEST_MAX,
	     e->lane.counters.replaced + e->lane.counters.no_link},
	    {"learner", 0, PLACES_MAX * remotes * OUTBOX_FIFO_MAX, l->lane.counters.full},
	};

	for (unsigned i = 0; i < remotes; i++) {
		list[0].length += wire_waiting(e->remotes[i]->wire);
		for (unsigned k = 0; k < PLACES_MAX; k++)
			list[1].length += wire_waiting(l->remotes[i]->conns[k].wire);
	}

	self_put_queues(out, "outboxes", list, 2);
}

static void
put_counters(struct buf_out *out, const struct connmgr *s)
{
	const struct lane_counters e = s->election->lane.counters;
	const struct lane_counters n = s->learner->lane.counters;
	const struct connmgr_counters *c = &s->counters;
	const struct json_count list[] = {
	    {"frames_in", e.frames_in + n.frames_in},
	    {"frames_out", e.frames_out + n.frames_out},
	    {"election_frames_in", e.frames_in},
	    {"election_frames_out", e.frames_out},
	    {"election_accepted", greet_view(s->election->lane.greet)->accepted},
	    {"learner_frames_in", n.frames_in},
	    {"learner_frames_out", n.frames_out},
	    {"learner_accepted", greet_view(s->learner->lane.greet)->accepted},
	    {"attaches", c->attaches},
	    {"activations", c->activations},
	    {"links_lost", c->links_lost},
	    {"links_cut", c->cut},
	    {"states", c->states},
	};

	json_put_counts(out, "counters", list, sizeof(list) / sizeof(list[0]));
}

static void
put_lane_drops(struct buf_out *out, const struct lane *l)
{
	const struct lane_counters c = l->counters;
	const struct greet_view *g = greet_view(l->greet);
	const struct json_count list[] = {
	    {"large", c.large},
	    {"replaced", c.replaced},
	    {"no_link", c.no_link},
	    {"full", c.full},
	    {"own_sid", c.own_sid},
	    {"turned_away", c.turned_away},
	    {"strangers_evicted", c.evicted},
	    {"strangers_silent", c.silent},
	    {"greetings_refused", g->refused},
	    {"greetings_silent", g->silent},
	    {"greetings_evicted", g->evicted},
	    {"shed", g->shed},
	};
	char key[64];

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		snprintf(key, sizeof(key), "%s_%s", l->name, list[i].name);
		json_put_u64(out, key, list[i].value);
	}
}

static void
put_drops(struct buf_out *out, const struct connmgr *s)
{
	struct board_counters b = board_counters(s->board);
	uint64_t queued = 0;

	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++)
		queued += s->workers[i].dropped;
	json_put_key(out, "drops");
	buf_put_u8(out, '{');
	json_put_u64(out, "no_place", s->counters.no_place);
	json_put_u64(out, "refused", s->counters.refused);
	json_put_u64(out, "not_active", b.not_active);
	json_put_u64(out, "too_early", b.too_early);
	json_put_u64(out, "stale", b.stale);
	json_put_u64(out, "not_its", b.not_its);
	json_put_u64(out, "no_room", b.no_room);
	json_put_u64(out, "queue_full", queued);
	put_lane_drops(out, &s->election->lane);
	put_lane_drops(out, &s->learner->lane);
	buf_put_u8(out, '}');
}

static void
unwell(const struct election_remote *r, char *out, size_t cap)
{
	uint64_t now_ms = clock_ms();

	if (twin_is_proved(&r->twin, now_ms))
		snprintf(out, cap,
		         "server %" PRId64
		         " is linked at %s and greets from %s at the same "
		         "time; two servers may have the same id",
		         r->sid, r->twin.one, r->twin.other);
	else if (link_is_restless(&r->link, now_ms))
		snprintf(out, cap,
		         "the link to server %" PRId64
		         " comes up and ends again and again",
		         r->sid);
}

/* Why this connmgr is not well, "" when it is; returns `out`. */
static const char *
degraded(const struct connmgr *s, char *out, size_t cap)
{
	const struct election *l = s->election;

	*out = '\0';
	for (unsigned i = 0; i < l->remote_count && *out == '\0'; i++)
		unwell(l->remotes[i], out, cap);
	if (l->namesake_ms > 0 && clock_ms() - l->namesake_ms < TWIN_WINDOW_MS)
		snprintf(out, cap,
		         "the server at %s says that it is server %" PRId64
		         ", which we are; two servers have the same id",
		         l->namesake, s->conf->id);
	if (s->members_error < 0)
		snprintf(out, cap,
		         "not all members can be linked: %s; write a larger memory_mb "
		         "within supervisor, and restart connmgr",
		         strerror(-s->members_error));
	if (s->state_error < 0)
		snprintf(out, cap, "the elector's state cannot be written: %s",
		         strerror(-s->state_error));
	if (s->errand != ERRAND_NONE && clock_ms() - s->errand_ms >= SLOW_MS)
		snprintf(out, cap, "the disk of %s has not answered for %" PRIu64 " s%s",
		         s->conf->data_dir, (clock_ms() - s->errand_ms) / 1000,
		         s->errand == ERRAND_READ && s->records[0].generation == 0
		             ? ", so no elector becomes active"
		             : "");
	else if (s->copy_error < 0)
		snprintf(out, cap,
		         "the record in %s/connmgr cannot be written, so a restart of "
		         "the machine may start another elector: %s",
		         s->conf->data_dir, strerror(-s->copy_error));
	for (unsigned i = 0; i < 2; i++)
		if (s->record_errors[i] < 0)
			snprintf(out, cap,
			         "the record of the %s cannot be written, so none "
			         "becomes active: %s",
			         roster_who(MSG_WHO_ELECTOR + i)->name,
			         strerror(-s->record_errors[i]));
	return out;
}

size_t
connmgr_status(const struct connmgr *s, char *text, size_t cap)
{
	struct buf_out out;
	char why[DEGRADED_MAX];

	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	self_put(&out, "connmgr", s->name, 0);
	json_put_bool(&out, "active", true);
	json_put_text(&out, "degraded", degraded(s, why, sizeof(why)));
	json_put_bool(&out, "apart", users_policy()->apart);
	json_put_u64(&out, "stuck_closes", chan_stuck_closes());
	json_put_text(&out, "members", s->members_told ? "peer" : "file");
	put_secure(&out, s);
	open_array(&out, "listeners");
	put_listeners(&out, &s->election->lane);
	put_listeners(&out, &s->learner->lane);
	buf_put_u8(&out, ']');
	open_array(&out, "remotes");
	put_election(&out, s->election);
	put_learner(&out, s->learner);
	buf_put_u8(&out, ']');
	open_array(&out, "workers");
	put_workers(&out, s);
	buf_put_u8(&out, ']');
	put_queues(&out, s);
	put_outboxes(&out, s);
	json_put_u64(&out, "strangers", s->election->strangers.count);
	json_put_u64(&out, "handshakes",
	             greet_view(s->election->lane.greet)->pending +
	                 greet_view(s->learner->lane.greet)->pending);
	put_counters(&out, s);
	put_drops(&out, s);
	buf_put_u8(&out, '}');
	return out.bad ? 0 : out.len;
}
