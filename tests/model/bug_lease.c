/* Bugs on purpose in the rules of leases (docs/LEASE.md). */
#include "tests/model/bug.h"
#include "wire/lease_packet.h"

#include <string.h>

uint64_t __real_role_lease_withheld(const struct role *r, uint64_t now_ms);
uint64_t __wrap_role_lease_withheld(const struct role *r, uint64_t now_ms);
uint64_t __real_role_lease_gate(const struct role *r, int64_t sid, int64_t epoch,
                                uint64_t now_ms);
uint64_t __wrap_role_lease_gate(const struct role *r, int64_t sid, int64_t epoch,
                                uint64_t now_ms);

/* ---- the gate ---- */

uint64_t
__wrap_role_lease_withheld(const struct role *r, uint64_t now_ms)
{
	if (model_bug == MODEL_BUG_NO_GATE ||
	    (model_bug == MODEL_BUG_OWN_ACK && r->mode == ROLE_MODE_LEAD))
		return 0;
	return __real_role_lease_withheld(r, now_ms);
}

uint64_t
__wrap_role_lease_gate(const struct role *r, int64_t sid, int64_t epoch, uint64_t now_ms)
{
	if (model_bug == MODEL_BUG_NO_GATE ||
	    (model_bug == MODEL_BUG_OWN_ACK && sid == r->config.sid))
		return 0;
	return __real_role_lease_gate(r, sid, epoch, now_ms);
}

/* ---- what a start finds ---- */

static void
resume(struct role_memory *m, int64_t epoch, uint8_t sid)
{
	if (epoch == 0 || m->led.epoch > 0)
		return;
	m->led.epoch = epoch;
	m->led.vote = (struct vote){.leader = sid, .round = 1, .state = NOTIF_LEADING};
}

void
model_bug_start(struct role_event *out, const struct model_event *ev)
{
	struct role_memory *m = &out->memory;
	uint8_t sid = out->record.instance.bytes[0];
	bool own = m->promise.sid == sid;

	if ((model_bug == MODEL_BUG_FORGET_PROMISE && !own) ||
	    (model_bug == MODEL_BUG_FORGET_OWN && own))
		memset(&m->promise, 0, sizeof(m->promise));
	if (model_bug == MODEL_BUG_REBOOT_FREE)
		out->unknown_ms = 0;
	if (model_bug == MODEL_BUG_RESTART_LETS_GO)
		m->published_ms = 0;
	if (model_bug == MODEL_BUG_RESUME_RELEASED)
		resume(m, ev->packet.epoch, sid);
}

bool
model_bug_relies(void)
{
	return model_bug == MODEL_BUG_RELIES;
}

bool
model_bug_resumes(void)
{
	return model_bug == MODEL_BUG_RESUME_RELEASED;
}

/* ---- steps ---- */

static bool
is_ping(const struct role_event *ev)
{
	return ev->type == ROLE_EV_PACKET && ev->packet->type == QPACKET_PING;
}

/* Of a leader that gets an answer. */
static void
before_answer(struct role *r)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_link *l = &r->remotes[i].link;

		for (unsigned k = 0; k < ROLE_PINGS; k++)
			if (model_bug == MODEL_BUG_FROM_RECEIPT && l->pings[k].number > 0)
				l->pings[k].sent_ms = MODEL_NOW_MS;
		if (model_bug == MODEL_BUG_ONE_PROMISE && l->number > 0) {
			l->promise_ms = MODEL_NOW_MS;
			l->promise_len_ms = r->config.lease_ms;
			r->lease.recount = true;
		}
	}
}

void
model_bug_lease_before(struct role *r, const struct role_event *ev)
{
	if (model_bug == MODEL_BUG_NO_DRIFT)
		r->config.drift_percent = 0;
	if (model_bug == MODEL_BUG_EARLY_RELEASE && ev->type == ROLE_EV_STEP_DOWN)
		r->lease.holds = 0;
	if (model_bug == MODEL_BUG_BROKEN_LETS_GO)
		r->lease.broken = false;
	if (r->mode == ROLE_MODE_LEAD && r->lead.epoch > 0 && is_ping(ev))
		before_answer(r);
}

static void
promise_own_length(const struct role *before, struct role *r)
{
	const struct role_promise *was = &before->lease.memory.promise;
	struct role_promise *now = &r->lease.memory.promise;
	uint64_t end_ms = MODEL_NOW_MS + 1 + r->config.lease_ms;

	if (now->end_ms > was->end_ms && now->end_ms > end_ms)
		now->end_ms = was->end_ms > end_ms ? was->end_ms : end_ms;
}

void
model_bug_lease_after(const struct role *before, struct role *r,
                      const struct role_event *ev)
{
	if (r->mode != ROLE_MODE_FOLLOW)
		return;
	if (model_bug == MODEL_BUG_OWN_LENGTH)
		promise_own_length(before, r);
	if (model_bug == MODEL_BUG_WANT_CLEARS && is_ping(ev) &&
	    ev->packet->data_len == 0)
		memset(&r->lease.memory.promise, 0, sizeof(r->lease.memory.promise));
}

/* What a leader hears instead. */
void
model_bug_lease_packet(const struct role *r, struct model_packet *p)
{
	if (model_bug == MODEL_BUG_ECHO_COUNTS && p->type == QPACKET_PING &&
	    p->body == 0 && r->mode == ROLE_MODE_LEAD)
		p->body = (uint16_t)(LEASE_PROMISED | r->config.lease_ms << 8);
}
