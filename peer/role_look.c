/* Looking for a leader: what we ask the elector, and when; and being established, which
 * ends the search. Ours, not ZooKeeper's: we wait before we look again at a server that
 * turns us away, and send nothing while a write hangs. D2 and D5 are rules of
 * docs/ELECTION.md, section "Who should not lead". */
#include "peer/role_impl.h"

#include <errno.h>

#define WAIT_TICKS_MAX 20

/* Is our vote for ourselves as good as our history? Others may have an older record, by
 * which a server without a weight has one. */
static bool
makes_a_claim(const struct role *r)
{
	return r->stands && (!r->config.zab || role_sid_may_lead(r, r->config.sid));
}

void
role_send_look(struct role *r, struct role_actions *out)
{
	struct msg_look *m = &role_act(out, ROLE_ACT_LOOK)->u.look;

	*m = r->look;
	if (!makes_a_claim(r))
		m->zxid = m->epoch = INT64_MIN;
	else if (r->demotion.now || role_is_newcomer(role_record(r), r->config.sid))
		m->epoch = vote_demoted_epoch(m->epoch); /* D2 */
}

void
role_look(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_LOOKING;
	r->look.serial = (struct msg_serial){r->generation, ++r->count};
	r->look.epoch = role_current(r);
	r->look.zxid = r->claim;
	role_limit_judge(r);
	r->stands = role_may_stand(r);
	role_demote_look(r, out);
	if (!r->away)
		role_send_look(r, out);
}

/* A newer record that had no place for us may have been given up since (N11). If nobody
 * leads by it, we are needed. */
static uint64_t
unfit_ms(const struct role *r)
{
	return r->members.unfit && !r->away ? r->members.unfit_ms : UINT64_MAX;
}

static uint64_t
demoted_ms(const struct role *r)
{
	return r->demotion.now && !r->away ? r->demotion.end_ms : UINT64_MAX;
}

/* D3: a demoted server is elected by a quorum that has no other choice. If that takes so
 * long, we are needed. */
void
role_look_due(struct role *r, struct role_actions *out)
{
	if (out->now_ms >= demoted_ms(r))
		r->demotion.looks = 0;
	if (out->now_ms >= unfit_ms(r))
		r->members.unfit = false;
	role_look(r, out);
}

uint64_t
role_look_due_ms(const struct role *r)
{
	return unfit_ms(r) < demoted_ms(r) ? unfit_ms(r) : demoted_ms(r);
}

static uint64_t
wait_ticks(unsigned refusals)
{
	uint64_t ticks = refusals == 0 ? 0 : (uint64_t)1 << (refusals - 1);

	return ticks < WAIT_TICKS_MAX ? ticks : WAIT_TICKS_MAX;
}

/* D5: what servers wait differs by up to a half, so that they do not look in step for
 * ever. */
void
role_look_view(const struct role *r, struct role_view *out)
{
	out->look = (enum msg_look_reason)r->look.reason;
	out->has_tried = r->vote.state != NOTIF_LOOKING;
	out->tried = r->vote.leader;
	out->link = r->lost;
	out->demoted = r->demotion.now || r->demotion.looks > 0;
	out->deserted = r->demotion.deserted;
}

static uint64_t
wait_ms(const struct role *r, uint64_t ticks)
{
	uint64_t share = (7 * (uint64_t)r->config.sid + 5 * r->count) % 16;

	return role_ticks(r, ticks) + role_ticks(r, ticks) * share / 32;
}

/* D5: how long to wait for the leader that turned us away, which may be another than the
 * last time. */
static uint64_t
refused_ticks(struct role *r, enum msg_look_reason reason)
{
	uint64_t ticks;

	if (r->vote.leader != r->refused_by)
		r->refusals = 0;
	r->refused_by = r->vote.leader;
	if (reason != MSG_LOOK_REFUSED && reason != MSG_LOOK_DISK)
		return 0;
	/* a disk that failed needs time, and the others must go on without us */
	if (reason == MSG_LOOK_DISK && r->refusals == 0)
		r->refusals = 1;
	ticks = wait_ticks(r->refusals);
	if (r->refusals < 16)
		r->refusals++;
	return ticks;
}

/* The write in progress may never end. Whoever elected us would wait for an epoch that we
 * cannot promise, so we and our elector are silent until the write has ended. */
static void
stall(struct role *r, struct role_actions *out)
{
	r->mode = ROLE_MODE_STALLED;
	role_epochs_slow(r);
	role_act(out, ROLE_ACT_ABSENT);
}

/* The connection to the server that will probably lead is made while the election runs,
 * which saves two turns of connmgr and a connect behind it. Where all claim the same, the
 * priority decides, and then the sid. */
static void
dial_ahead(struct role *r, struct role_actions *out)
{
	bool stands = makes_a_claim(r) && !r->demotion.now;
	const struct role_handover *h = &r->handover;
	struct role_remote *likely = NULL;

	if (h->stands_ms > 0 && h->targeted) { /* R9 */
		likely = role_remote(r, h->target);
		if (likely)
			role_connect(likely, out);
		return;
	}
	for (unsigned i = 0; i < r->remote_count; i++) {
		struct role_remote *p = &r->remotes[i];
		bool given_up = r->look.gave_up && p->sid == r->look.leader;

		if (role_sid_may_lead(r, p->sid) && !given_up &&
		    (!likely || role_is_preferred(r, p->sid, likely->sid)))
			likely = p;
	}
	if (likely && !(stands && role_is_preferred(r, r->config.sid, likely->sid)))
		role_connect(likely, out);
}

/* Patience and a resumed term end with the role, and so does a step-down that has not
 * come to its release. */
static void
end_handover(struct role *r, struct role_actions *out)
{
	struct role_handover *h = &r->handover;

	h->resumes = 0;
	h->patient_ms = h->redial_ms = 0;
	h->redials = 0;
	if (!h->releasing)
		return;
	h->releasing = h->targeted = false;
	h->for_ms = 0;
	role_act(out, ROLE_ACT_MAY_HOLD);
	role_act(out, ROLE_ACT_STEPPED)->u.error = -EALREADY;
}

void
role_look_again(struct role *r, enum msg_look_reason reason, bool gave_up,
                struct role_actions *out)
{
	uint64_t ticks = refused_ticks(r, reason);

	role_demote_judge(r, reason);
	end_handover(r, out);
	role_lease_ended(r, out);
	role_epochs_drop(r);
	role_timing_reset(r);
	r->look.last_round = r->vote.round;
	r->look.gave_up = gave_up;
	r->look.leader = r->vote.leader;
	r->look.reason = (uint8_t)reason;
	if (role_epochs_hang(r, out->now_ms)) {
		stall(r, out);
	} else if (ticks == 0 || r->away) {
		role_look(r, out);
	} else {
		r->mode = ROLE_MODE_WAITING;
		r->wait_ms = out->now_ms + wait_ms(r, ticks);
	}
	role_close_all(r, NULL, ROLE_CLOSE_ENDED, out);
	if (r->mode == ROLE_MODE_LOOKING && !r->away && r->config.zab)
		dial_ahead(r, out);
}

void
role_establish(struct role *r, int64_t epoch, struct role_actions *out)
{
	r->published = epoch;
	r->members.in_force = role_version(role_record(r));
	r->refusals = 0;
	role_demote_end(r);
	role_limit_clear(r);
	r->vote.epoch = epoch;
	if (r->mode == ROLE_MODE_FOLLOW)
		r->vote.state = role_observes(r) ? NOTIF_OBSERVING : NOTIF_FOLLOWING;
	role_announce(r, out);
}

void
role_lost(struct role *r, struct role_actions *out)
{
	bool led = r->vote.state == NOTIF_LEADING;

	role_look_again(r, led ? MSG_LOOK_QUORUM : MSG_LOOK_LEADER, false, out);
}
