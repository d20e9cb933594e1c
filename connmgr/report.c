/* Status as JSON, printed by hand so that integers keep all their digits; see report.h.
 */
#include "connmgr/report.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/version.h"
#include "connmgr/switchboard_impl.h"

#include <inttypes.h>
#include <unistd.h>

#define DEGRADED_MAX 256

static void
put_string(struct buf_out *out, const char *text)
{
	buf_put_u8(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			buf_put_text(out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			buf_put_text(out, "\\u%04x", c);
		else
			buf_put_u8(out, c);
	}
	buf_put_u8(out, '"');
}

static void
put_listeners(struct buf_out *out, const struct lane *l, const char *name, bool *first)
{
	const struct greet_listener *list;
	unsigned count = greet_listeners(lane_greet(l), &list);

	for (unsigned i = 0; i < count; i++) {
		buf_put_text(out, "%s{\"lane\":\"%s\",\"address\":", *first ? "" : ",",
		             name);
		put_string(out, list[i].text);
		buf_put_text(out, ",\"state\":\"%s\",\"reason\":",
		             list[i].open ? "open" : "waiting");
		put_string(out, list[i].reason);
		buf_put_text(out, "}");
		*first = false;
	}
}

static void
put_remotes(struct buf_out *out, const struct lane *l, const char *name, bool all,
            bool *first)
{
	uint64_t now_ms = clock_ms();

	for (unsigned i = 0; i < lane_rows(l); i++) {
		struct lane_row row = lane_row(l, i);

		if (!all && !row.was_up)
			continue;
		buf_put_text(out,
		             "%s{\"id\":%" PRId64 ",\"lane\":\"%s\",\"link\":\"%s\","
		             "\"reason\":\"%s\",\"since_ms\":%" PRIu64 "}",
		             *first ? "" : ",", row.sid, name,
		             msg_link_name((enum msg_link)row.status),
		             msg_reason_name((enum msg_reason)row.reason),
		             now_ms - row.since_ms);
		*first = false;
	}
}

static void
put_workers(struct buf_out *out, const struct switchboard *s)
{
	bool first = true;

	for (unsigned i = 0; i < BOARD_WORKERS_MAX; i++) {
		const struct board_worker *b = board_worker(s->board, i);
		const struct worker *w = &s->workers[i];

		if (!b->used || !w->door)
			continue;
		buf_put_text(out, "%s{\"who\":\"%s\",\"name\":", first ? "" : ",",
		             b->who == BOARD_ELECTOR ? "elector" : "peer");
		put_string(out, b->name);
		buf_put_text(out,
		             ",\"pid\":%d,\"generation\":%" PRIu64 ",\"active\":%s,"
		             "\"synced\":%s,\"queue\":%u,\"dropped\":%" PRIu64
		             ",\"version\":",
		             (int)door_conn_pid(w->door), b->generation,
		             board_is_active(s->board, i) ? "true" : "false",
		             b->phase == BOARD_OPEN ? "true" : "false",
		             board_queue_count(w->queue), w->dropped);
		put_string(out, w->build);
		buf_put_text(out, "}");
		first = false;
	}
}

static void
put_lane_counters(struct buf_out *out, const struct lane *l, const char *name)
{
	struct lane_counters c = lane_counters(l);
	struct greet_counters g = greet_counters(lane_greet(l));
	const struct {
		const char *name;
		uint64_t value;
	} list[] = {
	    {"frames_in", c.frames_in},
	    {"frames_out", c.frames_out},
	    {"large", c.large},
	    {"replaced", c.replaced},
	    {"no_link", c.no_link},
	    {"full", c.full},
	    {"own_sid", c.own_sid},
	    {"turned_away", c.turned_away},
	    {"strangers_evicted", c.evicted},
	    {"accepted", g.accepted},
	    {"greetings_refused", g.refused},
	    {"greetings_silent", g.silent},
	    {"greetings_evicted", g.evicted},
	    {"shed", g.shed},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		buf_put_text(out, ",\"%s_%s\":%" PRIu64, name, list[i].name,
		             list[i].value);
}

static void
put_counters(struct buf_out *out, const struct switchboard *s)
{
	struct lane_counters e = lane_counters(s->election),
			     n = lane_counters(s->learner);
	struct board_counters b = board_counters(s->board);
	const struct switchboard_counters *c = &s->counters;

	buf_put_text(
	    out,
	    "\"frames_in\":%" PRIu64 ",\"frames_out\":%" PRIu64 ",\"attaches\":%" PRIu64
	    ",\"no_place\":%" PRIu64 ",\"activations\":%" PRIu64
	    ",\"links_lost\":%" PRIu64 ",\"links_cut\":%" PRIu64 ",\"states\":%" PRIu64
	    ",\"refused\":%" PRIu64 ",\"not_active\":%" PRIu64 ",\"too_early\":%" PRIu64
	    ",\"stale\":%" PRIu64 ",\"not_its\":%" PRIu64 ",\"no_room\":%" PRIu64,
	    e.frames_in + n.frames_in, e.frames_out + n.frames_out, c->attaches,
	    c->no_place, c->activations, c->links_lost, c->cut, c->states, c->refused,
	    b.not_active, b.too_early, b.stale, b.not_its, b.no_room);
	put_lane_counters(out, s->election, "election");
	put_lane_counters(out, s->learner, "learner");
}

size_t
report_status(const struct switchboard *s, char *out, size_t cap)
{
	struct buf_out text;
	char why[DEGRADED_MAX];
	bool first = true;

	buf_out_init(&text, out, cap);
	buf_put_text(&text, "{\"who\":\"connmgr\",\"name\":");
	put_string(&text, s->name);
	buf_put_text(&text,
	             ",\"pid\":%d,\"version\":\"%s\",\"generation\":0,\"active\":true,"
	             "\"uptime_ms\":%" PRIu64 ",\"degraded\":",
	             (int)getpid(), CONCLAVE_VERSION, clock_ms() - s->start_ms);
	put_string(&text, switchboard_degraded(s, why, sizeof(why)));
	buf_put_text(&text, ",\"stuck_closes\":%u,\"listeners\":[", chan_stuck_closes());
	put_listeners(&text, s->election, "election", &first);
	put_listeners(&text, s->learner, "learner", &first);
	buf_put_text(&text, "],\"remotes\":[");
	first = true;
	put_remotes(&text, s->election, "election", true, &first);
	put_remotes(&text, s->learner, "learner", false, &first);
	buf_put_text(&text, "],\"workers\":[");
	put_workers(&text, s);
	buf_put_text(&text, "],\"strangers\":%u,\"handshakes\":%u,\"counters\":{",
	             lane_strangers(s->election),
	             greet_pending(lane_greet(s->election)) +
	                 greet_pending(lane_greet(s->learner)));
	put_counters(&text, s);
	buf_put_text(&text, "}}");
	return text.bad ? 0 : text.len;
}

size_t
report_error(const char *what, char *out, size_t cap)
{
	struct buf_out text;

	buf_out_init(&text, out, cap);
	buf_put_text(&text, "{\"error\":");
	put_string(&text, what);
	buf_put_text(&text, "}");
	return text.bad ? 0 : text.len;
}
