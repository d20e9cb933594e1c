/* See answer.h. Integers are printed as they are: a double would lose digits. */
#include "peer/answer.h"

#include "base/clock.h"
#include "base/json.h"
#include "proc/self.h"

#include <inttypes.h>

static void
put_state(struct buf_out *out, const struct keeper *k)
{
	const struct role_view *v = &k->view;

	buf_put_text(out, "\"state\":\"%s\",\"phase\":\"%s\",\"leader\":",
	             role_state_name(v->state), role_phase_name(v->phase));
	if (v->has_leader)
		buf_put_text(out, "%" PRId64, v->leader);
	else
		buf_put_text(out, "null");
	buf_put_text(out, ",\"epoch\":%" PRId64 ",\"round\":%" PRId64 ",\"active\":%s",
	             v->epoch, v->round, v->active ? "true" : "false");
}

static void
put_reason(struct buf_out *out, const struct keeper *k)
{
	char reason[KEEPER_WHY_MAX];

	json_put_text(out, "reason", keeper_reason(k, reason, sizeof(reason)));
}

size_t
answer_event(const struct keeper *k, char *text, size_t cap)
{
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_text(&out,
	             "{\"event\":\"state\",\"at_us\":%" PRIu64 ",\"id\":%" PRId64 ",",
	             k->view_us, k->conf->id);
	put_state(&out, k);
	put_reason(&out, k);
	buf_put_text(&out, "}");
	return out.bad ? 0 : out.len;
}

static void
put_learners(struct buf_out *out, const struct keeper *k)
{
	struct role_learner_view list[ROLE_LEARNERS_MAX];
	unsigned count = k->role ? role_get_learners(k->role, clock_ms(), list) : 0;

	buf_put_text(out, ",\"learners\":[");
	for (unsigned i = 0; i < count; i++)
		buf_put_text(out,
		             "%s{\"id\":%" PRId64
		             ",\"phase\":\"%s\",\"promised\":%s,\"acked\":%s,"
		             "\"last_ms\":%" PRIu64 "}",
		             i > 0 ? "," : "", list[i].id, role_phase_name(list[i].phase),
		             list[i].promised ? "true" : "false",
		             list[i].acked ? "true" : "false", list[i].last_ms);
	buf_put_text(out, "]");
}

static void
put_counters(struct buf_out *out, const struct keeper *k)
{
	const struct keeper_counters *c = &k->counters;
	const struct uplink_counters u = uplink_counters(k->uplink);
	const struct json_count done[] = {
	    {"packets_in", c->packets_in},
	    {"packets_out", c->packets_out},
	    {"links_closed", c->links_closed},
	    {"looks", c->looks},
	    {"decided", c->decided},
	    {"leader_changes", c->leader_changes},
	    {"writes", c->writes},
	    {"writes_failed", c->writes_failed},
	    {"watchers", k->watch.count},
	    {"uplinks", u.links},
	};
	const struct json_count drops[] = {
	    {"packets_refused", c->packets_refused},
	    {"messages_refused", u.refused},
	    {"messages_dropped", u.dropped},
	    {"messages_replaced", u.replaced},
	};
	const struct self_queue queue = {"uplink", uplink_waiting(k->uplink),
	                                 UPLINK_QUEUE_MAX, u.dropped + u.replaced};

	self_put_queues(out, "queues", &queue, 1);
	json_put_counts(out, "counters", done, sizeof(done) / sizeof(done[0]));
	json_put_counts(out, "drops", drops, sizeof(drops) / sizeof(drops[0]));
}

size_t
answer_status(const struct keeper *k, char *text, size_t cap)
{
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_u8(&out, '{');
	self_put(&out, "peer", k->name, uplink_generation(k->uplink));
	json_put_i64(&out, "id", k->conf->id);
	json_put_text(&out, "role", k->conf->self->observer ? "observer" : "participant");
	json_put_bool(&out, "zab", k->conf->zab);
	buf_put_u8(&out, ',');
	put_state(&out, k);
	buf_put_text(&out, ",\"lease_ms\":0");
	put_reason(&out, k);
	buf_put_text(&out, ",\"accepted_epoch\":%" PRId64 ",\"current_epoch\":%" PRId64,
	             k->role ? role_accepted(k->role) : 0,
	             k->role ? role_current(k->role) : 0);
	if (k->started)
		buf_put_text(&out, ",\"claim\":\"0x%" PRIx64 "\"",
		             (uint64_t)role_claim(k->role));
	else
		buf_put_text(&out, ",\"claim\":null");
	put_learners(&out, k);
	put_counters(&out, k);
	histogram_put(&out, "establish", &k->establish);
	buf_put_text(&out, "}");
	return out.bad ? 0 : out.len;
}

size_t
answer_claim(int64_t claim, char *text, size_t cap)
{
	struct buf_out out;

	buf_out_init(&out, text, cap);
	buf_put_text(&out, "{\"ok\":true,\"claim\":\"0x%" PRIx64 "\"}", (uint64_t)claim);
	return out.bad ? 0 : out.len;
}
