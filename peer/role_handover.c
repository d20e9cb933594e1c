/* Handing leadership over: rules R5 and R9 of docs/LEASE.md.
 *
 * R5 says "no WANT" from its first step on. Those who hold already have a grace to stop
 * in, which is worth nothing without a lease: WANT goes on for them until the last one
 * has let go, and for nobody else (role_lease.c). */
#include "peer/role_impl.h"
#include "wire/lease_packet.h"

#include <assert.h>
#include <errno.h>

/* R9: who stepped down does not stand for at least this time. */
#define HELD_BACK_MS 1000

static void
answer(struct role_actions *out, int error)
{
	role_act(out, ROLE_ACT_STEPPED)->u.error = error;
}

/* ---- R9: who stands ---- */

/* Until when this server does not stand, seen from now. */
static uint64_t
held_back_ms(const struct role *r, uint64_t now_ms)
{
	uint64_t promised_ms = r->lease.memory.promise.end_ms;

	return (promised_ms > now_ms ? promised_ms : now_ms) + HELD_BACK_MS;
}

static void
hold_back(struct role *r, uint64_t until_ms, bool targeted, int64_t target)
{
	struct role_handover *h = &r->handover;

	h->stands_ms = until_ms;
	h->targeted = targeted;
	h->target = targeted ? target : 0;
}

void
role_handover_established(struct role *r)
{
	if (r->handover.for_ms == 0)
		hold_back(r, 0, false, 0);
}

/* ---- R5: the leader ---- */

static void
send_word(struct role_actions *out, const struct role_remote *p, int64_t epoch,
          uint8_t flag, int64_t sid)
{
	const struct lease_packet word = {.flags = flag, .sid = sid};
	struct role_packet *q = role_send(out, p, QPACKET_PING, epoch << 32);

	q->data_len = (uint8_t)lease_packet_put(&word, q->data, sizeof(q->data));
	assert(q->data_len > 0);
}

/* Did UPTODATE of our epoch go to `p`, over its present link? */
static bool
is_uptodate(const struct role *r, const struct role_remote *p)
{
	return role_is_live(r, p) && p->link.released == r->lead.epoch;
}

/* TRANSFER goes before RELEASE, to those whom it binds. */
static void
send_release(struct role *r, struct role_actions *out)
{
	const struct role_handover *h = &r->handover;

	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (h->targeted && is_uptodate(r, p))
			send_word(out, p, r->lead.epoch, LEASE_TRANSFER, h->target);
		if (role_is_live(r, p))
			send_word(out, p, r->lead.epoch, LEASE_RELEASE, r->config.sid);
	}
}

/* R5 (3) to (6). */
static void
release(struct role *r, struct role_actions *out)
{
	struct role_handover *h = &r->handover;
	uint64_t until_ms = held_back_ms(r, out->now_ms);

	if (h->for_ms > 0 && out->now_ms + h->for_ms > until_ms)
		until_ms = out->now_ms + h->for_ms;
	role_lease_end(r, out);
	send_release(r, out);
	h->releasing = false;
	hold_back(r, until_ms, h->targeted, h->target);
	role_look_again(r, MSG_LOOK_RELEASED, false, out);
	role_act(out, ROLE_ACT_MAY_HOLD);
	answer(out, 0);
}

/* R5 (2). Who lets go without a word may act until the last end that it could read. */
static bool
may_release(const struct role *r, uint64_t now_ms)
{
	const struct role_lease *l = &r->lease;

	return l->holds == 0 && (!l->broken || now_ms >= l->memory.published_ms);
}

void
role_handover_advance(struct role *r, struct role_actions *out)
{
	if (r->handover.releasing && may_release(r, out->now_ms))
		release(r, out);
}

/* 0, or why `sid` cannot be handed the leadership. */
static int
check_target(struct role *r, int64_t sid)
{
	const struct role_remote *p = role_find_remote(r, sid);
	const struct members_record *record = &r->lead.ruling;

	if (!p || !is_uptodate(r, p))
		return -ENOENT;
	if (!members_may_lead(&record->old, sid) && !members_may_lead(&record->new, sid))
		return -EPERM;
	return 0;
}

static int
check(struct role *r, const struct role_event *ev)
{
	if (r->mode != ROLE_MODE_LEAD || r->lead.epoch == 0)
		return -EALREADY;
	if (r->handover.releasing)
		return -EAGAIN;
	return ev->targeted ? check_target(r, ev->sid) : 0;
}

static void
step_down(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_handover *h = &r->handover;
	int error = check(r, ev);

	if (error < 0) {
		answer(out, error);
		return;
	}
	h->releasing = true;
	h->targeted = ev->targeted;
	h->target = ev->targeted ? ev->sid : 0;
	h->for_ms = ev->for_ms;
	role_act(out, ROLE_ACT_LET_GO);
	role_handover_advance(r, out);
}

void
role_handover_event(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->type == ROLE_EV_STEP_DOWN)
		step_down(r, ev, out);
	else
		role_lease_event(r, ev, out);
	role_handover_advance(r, out);
}

/* ---- at a follower ---- */

/* How long a person wants us not to stand counts more than for whom another leader does.
 */
static void
on_transfer(struct role *r, int64_t target, const struct role_actions *out)
{
	struct role_handover *h = &r->handover;
	uint64_t until_ms = held_back_ms(r, out->now_ms);

	if (target == r->config.sid)
		h->for_ms = 0;
	if (h->for_ms > 0 && h->stands_ms > until_ms)
		until_ms = h->stands_ms;
	hold_back(r, until_ms, true, target);
}

bool
role_handover_packet(struct role *r, const struct qpacket *ping, struct role_actions *out)
{
	int64_t leader = r->vote.leader, epoch = ping->zxid >> 32;
	struct lease_packet word;

	if (!lease_packet_get(ping, &word))
		return false;
	if (word.flags & LEASE_TRANSFER) {
		if (epoch > 0 && epoch == r->follow.epoch)
			on_transfer(r, word.sid, out);
		return true;
	}
	if (!(word.flags & LEASE_RELEASE))
		return false;
	if (epoch == 0 || epoch < r->follow.epoch) /* it leads on */
		return true;
	role_lease_released(r, leader, epoch, out);
	role_look_again(r, MSG_LOOK_RELEASED, true, out);
	return true;
}

void
role_handover_due(struct role *r, struct role_actions *out)
{
	struct role_handover *h = &r->handover;

	if (h->stands_ms > 0 && out->now_ms >= h->stands_ms) {
		h->for_ms = 0;
		hold_back(r, 0, false, 0);
	}
	role_handover_advance(r, out);
}

uint64_t
role_handover_due_ms(const struct role *r)
{
	const struct role_handover *h = &r->handover;
	uint64_t due = h->stands_ms > 0 ? h->stands_ms : UINT64_MAX;

	if (h->releasing && r->lease.holds == 0 && r->lease.memory.published_ms < due)
		due = r->lease.memory.published_ms;
	return due;
}

void
role_handover_view(const struct role *r, struct role_lease_view *out)
{
	const struct role_handover *h = &r->handover;

	out->patient_ms = h->patient_ms;
	out->resumes = h->resumes > 0;
	out->resumed = h->resumed;
	out->releasing = h->releasing;
	out->stands_ms = h->stands_ms;
	out->has_transfer = h->stands_ms > 0 && h->targeted;
	out->transfer = out->has_transfer ? h->target : 0;
}
