/* See status.h. Integers are printed as they are: a double would lose digits. Names have
 * been checked to need no escapes (proc_parse_options). */
#include "elector/status.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const char *
state_word(int32_t state)
{
	static const char *const words[] = {"looking", "following", "leading",
	                                    "observing"};

	return state >= NOTIF_LOOKING && state <= NOTIF_OBSERVING ? words[state]
	                                                          : "unknown";
}

const char *
status_state(const struct elect_view *v)
{
	return v->silent ? "silent" : state_word(v->state);
}

static const struct vote *
vote_said(const struct elect_view *v)
{
	return v->phase == ELECT_PHASE_IDLE ? &v->current : &v->proposal;
}

static void
put_vote(struct buf_out *out, const struct vote *v, int64_t round)
{
	buf_put_text(out,
	             "{\"leader\":%" PRId64 ",\"zxid\":\"0x%" PRIx64
	             "\",\"round\":%" PRId64 ",\"epoch\":%" PRId64 "}",
	             v->leader, (uint64_t)v->zxid, round, v->epoch);
}

static void
put_head(struct buf_out *out, const struct shell *s)
{
	buf_put_text(out,
	             "{\"who\":\"elector\",\"name\":\"%s\",\"pid\":%d,\"version\":\"%s\","
	             "\"generation\":%" PRIu64 ",\"active\":%s,\"uptime_ms\":%" PRIu64,
	             s->name, (int)getpid(), CONCLAVE_VERSION,
	             uplink_generation(s->uplink),
	             uplink_active(s->uplink) ? "true" : "false",
	             (clock_us() - s->started_us) / 1000);
}

static void
put_election(struct buf_out *out, const struct shell *s)
{
	struct elect_view v;
	unsigned count;
	const int64_t *voters = elect_voters(s->elect, &count);

	elect_look_at(s->elect, &v);
	buf_put_text(
	    out,
	    ",\"state\":\"%s\",\"synced\":%s,\"finalizing\":%s,\"round\":%" PRId64
	    ",\"serial\":[%" PRIu64 ",%" PRIu64 "],\"vote\":",
	    status_state(&v), v.synced ? "true" : "false",
	    v.phase == ELECT_PHASE_FINALIZE ? "true" : "false", v.clock,
	    v.serial.generation, v.serial.count);
	if (v.silent)
		buf_put_text(out, "null");
	else
		put_vote(out, vote_said(&v),
		         v.phase == ELECT_PHASE_IDLE ? v.current.round : v.clock);
	buf_put_text(out, ",\"voters\":[");
	for (unsigned i = 0; i < count; i++)
		buf_put_text(out, "%s%" PRId64, i > 0 ? "," : "", voters[i]);
	buf_put_text(out, "],\"quorum\":%u",
	             quorum_smallest(&elect_quorums(s->elect)->current));
}

static void
put_remotes(struct buf_out *out, const struct shell *s)
{
	buf_put_text(out, ",\"remotes\":[");
	for (unsigned i = 0; i < s->remote_count; i++) {
		const struct shell_remote *r = &s->remotes[i];

		buf_put_text(out, "%s{\"id\":%" PRId64, i > 0 ? "," : "", r->sid);
		if (r->heard) {
			buf_put_text(out, ",\"state\":\"%s\",\"vote\":",
			             state_word(r->word.state));
			put_vote(out, &r->word, r->word.round);
		} else {
			buf_put_text(out, ",\"state\":null,\"vote\":null");
		}
		buf_put_text(out, "}");
	}
	buf_put_text(out, "]");
}

static void
put_counters(struct buf_out *out, const struct shell *s)
{
	const struct shell_counters *c = &s->counters;
	struct uplink_counters u = uplink_counters(s->uplink);

	buf_put_text(out,
	             ",\"counters\":{\"frames_in\":%" PRIu64 ",\"frames_out\":%" PRIu64
	             ",\"frames_refused\":%" PRIu64 ",\"decided\":%" PRIu64
	             ",\"doubts\":%" PRIu64 ",\"newer_configs\":%" PRIu64,
	             c->frames_in, c->frames_out, c->frames_refused, c->decided,
	             c->doubts, c->newer_configs);
	for (unsigned i = ELECT_REASON_STALE; i <= ELECT_REASON_CONFIG_TEXT; i++)
		buf_put_text(out, ",\"dropped_%s\":%" PRIu64,
		             elect_reason_name((enum elect_reason)i), c->dropped[i]);
	buf_put_text(out,
	             ",\"messages_refused\":%" PRIu64 ",\"messages_dropped\":%" PRIu64
	             ",\"messages_replaced\":%" PRIu64 ",\"spared\":%" PRIu64
	             ",\"links\":%" PRIu64 "}",
	             u.refused, u.dropped, u.replaced, c->spared, u.links);
}

size_t
status_print(const struct shell *s, char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	put_head(&b, s);
	put_election(&b, s);
	put_remotes(&b, s);
	put_counters(&b, s);
	buf_put_text(&b, "}");
	return b.bad ? 0 : b.len;
}

void
status_line(const struct shell *s, char *out, size_t cap)
{
	struct elect_view v;

	elect_look_at(s->elect, &v);
	if (v.silent)
		snprintf(out, cap, "%s, no word of the peer",
		         uplink_active(s->uplink) ? "active" : "shadow");
	else
		snprintf(out, cap, "%s, %s, leader %" PRId64 ", round %" PRId64,
		         uplink_active(s->uplink) ? "active" : "shadow", status_state(&v),
		         vote_said(&v)->leader, v.clock);
}
