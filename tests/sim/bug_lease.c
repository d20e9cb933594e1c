/* The bugs of leases: each leaves out one of the rules R1 to R10 of docs/LEASE.md. */
#include "peer/role_impl.h"
#include "tests/sim/sim.h"
#include "wire/lease_packet.h"

#include <string.h>

uint64_t __real_role_lease_withheld(const struct role *r, uint64_t now_ms);
uint64_t __wrap_role_lease_withheld(const struct role *r, uint64_t now_ms);
uint64_t __real_role_lease_gate(const struct role *r, int64_t sid, int64_t epoch,
                                uint64_t now_ms);
uint64_t __wrap_role_lease_gate(const struct role *r, int64_t sid, int64_t epoch,
                                uint64_t now_ms);
bool __real_role_is_acked(const struct role *r);
bool __wrap_role_is_acked(const struct role *r);

/* What the PING asks for that is being answered. */
static uint32_t asked_ms;
/* What each peer had in its memory while it led. */
static struct role_memory led[SIM_SERVERS_MAX];

void
sim_bug_lease_begin(void)
{
	memset(led, 0, sizeof(led));
}

uint64_t
__wrap_role_lease_withheld(const struct role *r, uint64_t now_ms)
{
	if (sim.bug == SIM_BUG_NO_GATE ||
	    (sim.bug == SIM_BUG_OWN_ACK && r->mode == ROLE_MODE_LEAD))
		return 0;
	return __real_role_lease_withheld(r, now_ms);
}

uint64_t
__wrap_role_lease_gate(const struct role *r, int64_t sid, int64_t epoch, uint64_t now_ms)
{
	if (sim.bug == SIM_BUG_NO_GATE ||
	    (sim.bug == SIM_BUG_OWN_ACK && sid == r->config.sid))
		return 0;
	return __real_role_lease_gate(r, sid, epoch, now_ms);
}

bool
__wrap_role_is_acked(const struct role *r)
{
	return (sim.bug == SIM_BUG_RESUME_ALONE && r->handover.resumes > 0) ||
	       __real_role_is_acked(r);
}

/* Of START: what the peer finds in its memory. */
static void
start(unsigned server, struct role_event *ev)
{
	struct role_promise *p = &ev->memory.promise;
	bool own = p->sid == server + 1;

	if ((sim.bug == SIM_BUG_FORGET_PROMISE && !own) ||
	    (sim.bug == SIM_BUG_FORGET_OWN && own))
		p->end_ms = 0;
	if (sim.bug == SIM_BUG_REBOOT_FREE)
		ev->unknown_ms = 0;
	if (sim.bug == SIM_BUG_RESUME_RELEASED && ev->memory.led.epoch == 0)
		ev->memory.led = led[server].led;
	if (sim.bug == SIM_BUG_RESTART_LETS_GO)
		ev->memory.published_ms = 0;
}

/* Of a leader, before a packet of a learner. */
static void
before_answer(struct role *r, const struct role_event *ev)
{
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_link *l = &r->remotes[i].link;

		for (unsigned k = 0; sim.bug == SIM_BUG_FROM_RECEIPT && k < ROLE_PINGS;
		     k++)
			l->pings[k].sent_ms = ev->now_ms;
		if (sim.bug == SIM_BUG_ONE_PROMISE && l->number > 0) {
			l->promise_ms = ev->now_ms;
			l->promise_len_ms = r->config.lease_ms;
		}
	}
}

/* In its memory, too. */
static void
drop_slot(unsigned server, struct role *r)
{
	struct peer_memory *m = &sim.servers[server].peer.memory;

	r->lease.memory.promise.end_ms = 0;
	peer_memory_store(m, &r->lease.memory);
}

/* Of a follower, before a packet of its leader. */
static void
before_word(unsigned server, struct role *r, const struct role_event *ev)
{
	const struct role_promise *p = &r->lease.memory.promise;

	if (ev->packet->type != QPACKET_UPTODATE)
		return;
	if ((sim.bug == SIM_BUG_JOIN_FREES && p->sid == ROLE_SID_UNKNOWN) ||
	    sim.bug == SIM_BUG_GATE_DROPS)
		drop_slot(server, r);
}

void
sim_bug_lease(unsigned server, struct role *r, struct role_event *ev)
{
	static struct qpacket told;
	static unsigned char data[LEASE_PACKET_LEN];
	struct lease_packet said = {0};
	bool leads = r->mode == ROLE_MODE_LEAD && r->lead.epoch > 0;

	if (ev->type == ROLE_EV_START)
		start(server, ev);
	if (r->lease.memory.led.epoch > 0)
		led[server] = r->lease.memory;
	if (sim.bug == SIM_BUG_NO_DRIFT)
		r->config.drift_percent = 0;
	if (sim.bug == SIM_BUG_EARLY_RELEASE && ev->type == ROLE_EV_STEP_DOWN)
		r->lease.holds = 0;
	if (sim.bug == SIM_BUG_BROKEN_LETS_GO)
		r->lease.broken = false;
	for (unsigned i = 0; sim.bug == SIM_BUG_READ_EARLY && i < ROLE_QUESTIONS_MAX; i++)
		r->lease.questions[i].after = 0;
	if (ev->type == ROLE_EV_PACKET && r->mode == ROLE_MODE_FOLLOW)
		before_word(server, r, ev);
	if (ev->type != ROLE_EV_PACKET || ev->packet->type != QPACKET_PING)
		return;
	if (leads)
		before_answer(r, ev);
	(void)lease_packet_get(ev->packet, &said);
	if (sim.bug == SIM_BUG_WANT_CLEARS && r->mode == ROLE_MODE_FOLLOW &&
	    said.flags == 0)
		drop_slot(server, r);
	if (sim.bug == SIM_BUG_OWN_LENGTH && r->mode == ROLE_MODE_FOLLOW &&
	    (said.flags & LEASE_WANT)) {
		asked_ms = said.ms;
		said.ms = r->config.lease_ms;
	} else if (sim.bug == SIM_BUG_ECHO_COUNTS && leads && said.flags == 0) {
		said = (struct lease_packet){LEASE_PROMISED, r->config.lease_ms, 0};
	} else {
		return;
	}
	told = *ev->packet;
	told.data = data;
	told.data_len = lease_packet_put(&said, data, sizeof(data));
	ev->packet = &told;
}

/* Who promises its own length answers with the one that it was asked for. */
void
sim_bug_lease_said(struct role_actions *out)
{
	struct lease_packet said;

	for (unsigned i = 0; sim.bug == SIM_BUG_OWN_LENGTH && i < out->count; i++) {
		struct role_packet *p = &out->list[i].u.packet;
		struct qpacket ping = {
		    .type = QPACKET_PING, .data = p->data, .data_len = p->data_len};

		if (out->list[i].type != ROLE_ACT_SEND || p->type != QPACKET_PING ||
		    !lease_packet_get(&ping, &said) || !(said.flags & LEASE_PROMISED))
			continue;
		said.ms = asked_ms;
		p->data_len = (uint8_t)lease_packet_put(&said, p->data, sizeof(p->data));
	}
}
