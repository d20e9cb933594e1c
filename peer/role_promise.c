/* What this server has promised, and whom that binds: rules R2, R4 and R6 of
 * docs/LEASE.md. */
#include "peer/role_impl.h"

#include "wire/lease_packet.h"

#include <assert.h>
#include <string.h>

void
role_promise_store(const struct role *r, struct role_actions *out)
{
	role_act(out, ROLE_ACT_MEMORY)->u.memory = r->lease.memory;
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void
role_promise_make(struct role *r, int64_t sid, int64_t epoch, uint64_t end_ms)
{
	struct role_promise *p = &r->lease.memory.promise;

	p->sid = sid;
	p->epoch = epoch;
	p->end_ms = later(p->end_ms, end_ms);
}

/* R6: who is not known binds us towards everybody, the one of whom we do know included.
 */
void
role_lease_start(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	l->memory = ev->memory;
	memcpy(l->boot, ev->boot, sizeof(l->boot));
	l->bound.ms = ev->record.bound.ms;
	memcpy(l->bound.boot, ev->record.bound.boot, sizeof(l->bound.boot));
	/* R5 (2): of holds that we do not know */
	l->broken = l->memory.published_ms > out->now_ms;
	l->inherited_ms = l->memory.published_ms;
	if (ev->unknown_ms <= out->now_ms)
		return;
	role_promise_make(r, ROLE_SID_UNKNOWN, 0, ev->unknown_ms);
	role_promise_store(r, out); /* which is valid from now on, and must say so */
}

/* R4. */
uint64_t
role_lease_gate(const struct role *r, int64_t sid, int64_t epoch, uint64_t now_ms)
{
	const struct role_promise *p = &r->lease.memory.promise;

	if (now_ms >= p->end_ms || p->sid == sid)
		return 0;
	if (r->mode == ROLE_MODE_FOLLOW && r->follow.led == epoch)
		return 0; /* its PINGs say that it is established */
	return p->end_ms;
}

uint64_t
role_lease_withheld(const struct role *r, uint64_t now_ms)
{
	const struct role_follow *f = &r->follow;
	const struct role_lead *l = &r->lead;

	if (r->mode == ROLE_MODE_FOLLOW && f->ack_due && role_epochs_recorded(r, f->told))
		return role_lease_gate(r, r->vote.leader, f->told, now_ms);
	if (r->mode == ROLE_MODE_LEAD && l->epoch != l->proposal)
		return role_lease_gate(r, r->config.sid, l->proposal, now_ms);
	return 0;
}

bool
role_promise_may(struct role *r, uint32_t ms, struct role_actions *out)
{
	const struct role_bound *b = &r->lease.bound;

	if (b->ms >= ms && memcmp(b->boot, r->lease.boot, sizeof(b->boot)) == 0)
		return true;
	role_epochs_want_bound(r, ms, out);
	return false;
}

/* R2. */
static bool
promises(struct role *r, int64_t epoch, uint32_t ms, struct role_actions *out)
{
	return ms > 0 && ms <= r->config.lease_max_ms && epoch == r->follow.epoch &&
	       epoch > 0 && !r->lease.clocks_differ && !role_observes(r) &&
	       role_promise_may(r, ms, out);
}

/* The memory has the promise before its answer leaves. */
static bool
promise(struct role *r, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	int64_t epoch = f->asked_zxid >> 32;

	if (!promises(r, epoch, f->asked_ms, out))
		return false;
	/* the clock was read after the packet came, and is rounded down */
	role_promise_make(r, r->vote.leader, epoch, out->now_ms + 1 + f->asked_ms);
	role_promise_store(r, out);
	return true;
}

static void
put(struct role_packet *p, uint8_t flags, uint64_t ms)
{
	const struct lease_packet said = {.flags = flags, .ms = (uint32_t)ms};

	p->data_len = (uint8_t)lease_packet_put(&said, p->data, sizeof(p->data));
	assert(p->data_len > 0);
}

static void
answer(struct role *r, bool promised, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	struct role_packet *p =
	    role_send(out, role_remote(r, r->vote.leader), QPACKET_PING, f->asked_zxid);
	uint64_t withheld = role_lease_withheld(r, out->now_ms);

	if (promised)
		put(p, LEASE_PROMISED, f->asked_ms);
	else if (withheld > 0)
		put(p, LEASE_WITHHELD, withheld - out->now_ms);
	if (promised)
		f->asked_ms = 0;
}

void
role_lease_heard(struct role *r, const struct qpacket *ping, struct role_actions *out)
{
	struct role_follow *f = &r->follow;
	struct lease_packet said = {0};
	bool has = lease_packet_get(ping, &said);

	f->led = ping->zxid >> 32;
	f->asked_zxid = ping->zxid;
	f->asked_ms = has && (said.flags & LEASE_WANT) ? said.ms : 0;
	if (has && (said.flags & LEASE_WITHHELD))
		f->init_ms = later(f->init_ms, role_lease_extended(r, said.ms, out));
}

void
role_lease_answer(struct role *r, struct role_actions *out)
{
	answer(r, promise(r, out), out);
}

void
role_lease_bound(struct role *r, struct role_actions *out)
{
	if (r->follow.asked_ms > 0 && promise(r, out))
		answer(r, true, out);
}

/* No promise lasts longer, so that nobody keeps us waiting with a number. */
#define WITHHELD_MS_MAX 600000

uint64_t
role_lease_until(uint64_t ms, const struct role_actions *out)
{
	return out->now_ms + (ms < WITHHELD_MS_MAX ? ms : WITHHELD_MS_MAX);
}

uint64_t
role_lease_extended(const struct role *r, uint64_t ms, const struct role_actions *out)
{
	return role_lease_until(ms, out) + role_ticks(r, r->timing.init_limit);
}

void
role_lease_released(struct role *r, int64_t sid, int64_t epoch, struct role_actions *out)
{
	struct role_promise *p = &r->lease.memory.promise;

	if (p->end_ms == 0 || p->sid != sid || p->epoch > epoch)
		return;
	memset(p, 0, sizeof(*p));
	role_promise_store(r, out);
}
