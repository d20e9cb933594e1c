/* What others are told of us; see shell.h. */
#include "elector/shell.h"

#include "base/clock.h"
#include "base/json.h"
#include "proc/self.h"

#include <inttypes.h>
#include <stdio.h>

void
elector_view(const struct elector *s, struct elect_view *out)
{
	if (s->attach)
		attach_get_view(s->attach, out);
	else
		elect_get_view(s->elect, out);
}

const char *
elector_state(const struct elect_view *v)
{
	return v->silent ? "silent" : notif_state_word(v->state);
}

static const struct vote *
vote_said(const struct elect_view *v)
{
	return v->phase == ELECT_PHASE_IDLE ? &v->current : &v->proposal;
}

static void
put_vote(struct buf_out *out, const struct vote *v, int64_t round)
{
	int64_t epoch = vote_claimed_epoch(v->epoch);

	buf_put_text(out,
	             "{\"leader\":%" PRId64 ",\"zxid\":\"0x%" PRIx64
	             "\",\"round\":%" PRId64 ",\"epoch\":%" PRId64 ",\"demoted\":%s}",
	             v->leader, (uint64_t)v->zxid, round, epoch,
	             epoch == v->epoch ? "false" : "true");
}

static void
put_voters(struct buf_out *out, const struct quorum *q)
{
	json_put_key(out, "voters");
	buf_put_u8(out, '[');
	for (unsigned i = 0; i < q->voter_count; i++)
		buf_put_text(out, "%s%" PRId64, i > 0 ? "," : "", q->voters[i]);
	buf_put_u8(out, ']');
	json_put_u64(out, "quorum", quorum_smallest(q));
}

/* `next` is the new membership of a joint record, which must agree as well. */
static void
put_members(struct buf_out *out, const struct elector *s)
{
	const struct quorum_pair *p = &s->quorums;

	put_voters(out, &p->current);
	json_put_key(out, "members");
	buf_put_u8(out, '{');
	json_put_bool(out, "told", s->members_len > 0);
	json_put_bool(out, "joins", s->joins);
	json_put_i64(out, "version", p->current.version);
	json_put_key(out, "next");
	if (p->has_last_seen) {
		buf_put_u8(out, '{');
		json_put_i64(out, "version", p->last_seen.version);
		put_voters(out, &p->last_seen);
		buf_put_u8(out, '}');
	} else {
		buf_put_text(out, "null");
	}
	buf_put_u8(out, '}');
}

static void
put_election(struct buf_out *out, const struct elector *s)
{
	struct elect_view v;

	elector_view(s, &v);
	buf_put_text(
	    out,
	    ",\"state\":\"%s\",\"synced\":%s,\"finalizing\":%s,\"round\":%" PRId64
	    ",\"serial\":[%" PRIu64 ",%" PRIu64 "],\"vote\":",
	    elector_state(&v), v.synced ? "true" : "false",
	    v.phase == ELECT_PHASE_FINALIZE ? "true" : "false", v.clock,
	    v.serial.generation, v.serial.count);
	if (v.silent)
		buf_put_text(out, "null");
	else
		put_vote(out, vote_said(&v),
		         v.phase == ELECT_PHASE_IDLE ? v.current.round : v.clock);
	put_members(out, s);
}

static void
put_remotes(struct buf_out *out, const struct elector *s)
{
	buf_put_text(out, ",\"remotes\":[");
	for (unsigned i = 0; i < s->remote_count; i++) {
		const struct elector_remote *r = &s->remotes[i];

		buf_put_text(out, "%s{\"id\":%" PRId64, i > 0 ? "," : "", r->sid);
		if (r->heard) {
			buf_put_text(out, ",\"state\":\"%s\",\"vote\":",
			             notif_state_word(r->vote.state));
			put_vote(out, &r->vote, r->vote.round);
			json_put_u64(out, "heard_ms", clock_ms() - r->heard_ms);
		} else {
			buf_put_text(out,
			             ",\"state\":null,\"vote\":null,\"heard_ms\":null");
		}
		json_put_bool(out, "other_members", r->heard && r->other_members);
		buf_put_text(out, "}");
	}
	buf_put_text(out, "]");
}

static void
put_counters(struct buf_out *out, const struct elector *s)
{
	const struct elector_counters *c = &s->counters;
	const struct json_count list[] = {
	    {"frames_in", c->frames_in},
	    {"frames_out", c->frames_out},
	    {"elections", c->elections},
	    {"rounds", c->rounds},
	    {"decided", c->decided},
	    {"doubts", c->doubts},
	    {"newer_configs", c->newer_configs},
	    {"uplinks", uplink_counters(s->uplink).links},
	};

	json_put_counts(out, "counters", list, sizeof(list) / sizeof(list[0]));
}

static void
put_drops(struct buf_out *out, const struct elector *s)
{
	struct uplink_counters u = uplink_counters(s->uplink);
	const struct self_queue queue = {"uplink", uplink_waiting(s->uplink),
	                                 UPLINK_QUEUE_MAX, u.dropped + u.replaced};

	self_put_queues(out, "queues", &queue, 1);
	json_put_key(out, "drops");
	buf_put_u8(out, '{');
	for (unsigned i = ELECT_REASON_STALE; i <= ELECT_REASON_CONFIG_TEXT; i++)
		json_put_u64(out, elect_reason_name((enum elect_reason)i),
		             s->counters.dropped[i]);
	json_put_u64(out, "frames_refused", s->counters.frames_refused);
	json_put_u64(out, "spared", s->counters.spared);
	json_put_u64(out, "messages_refused", u.refused);
	json_put_u64(out, "messages_dropped", u.dropped);
	json_put_u64(out, "messages_replaced", u.replaced);
	buf_put_u8(out, '}');
}

size_t
elector_status(const struct elector *s, char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	buf_put_u8(&b, '{');
	self_put(&b, "elector", s->name, uplink_generation(s->uplink));
	json_put_bool(&b, "active", uplink_active(s->uplink));
	put_election(&b, s);
	put_remotes(&b, s);
	put_counters(&b, s);
	put_drops(&b, s);
	histogram_put(&b, "decide", &s->decide);
	buf_put_u8(&b, '}');
	return b.bad ? 0 : b.len;
}

void
elector_status_line(const struct elector *s, char *out, size_t cap)
{
	struct elect_view v;

	elector_view(s, &v);
	if (v.silent)
		snprintf(out, cap, "%s, told nothing by the peer",
		         uplink_active(s->uplink) ? "active" : "shadow");
	else
		snprintf(out, cap, "%s, %s, leader %" PRId64 ", round %" PRId64,
		         uplink_active(s->uplink) ? "active" : "shadow",
		         elector_state(&v), vote_said(&v)->leader, v.clock);
}
