/* What the election core sends; the loop and the receiver call this. */
#include "elector/elect_core.h"

struct elect_voter *
elect_find_voter(struct elect *e, int64_t sid)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		if (e->voters[i].sid == sid)
			return &e->voters[i];
	}
	return NULL;
}

bool
elect_is_voter(const struct elect *e, int64_t sid)
{
	return quorum_pair_is_voter(&e->quorums, sid);
}

void
elect_drop(struct elect *e, int64_t sid, enum elect_reason reason)
{
	elect_act_drop(e->out, sid, reason);
}

void
elect_send(struct elect *e, int64_t sid, const struct vote *v, int32_t state)
{
	elect_act_send(e->out, sid, v, state);
	/* A frame in our own name is answered like any other, and the answer comes back
	 * to us; nothing of ours sends one. */
	if (sid == e->self.sid && e->is_voter && e->phase != ELECT_PHASE_IDLE) {
		e->own_pending = true;
		e->own = e->out->list[e->out->count - 1].vote;
	}
}

struct vote
elect_proposal(const struct elect *e)
{
	struct vote v = e->proposal;

	v.round = e->self.clock;
	v.state = NOTIF_LOOKING;
	v.version = 2;
	return v;
}

void
elect_send_proposal(struct elect *e, int64_t sid)
{
	struct vote v = elect_proposal(e);

	elect_send(e, sid, &v, NOTIF_LOOKING);
}

/* Before the first frame with a new round or vote, so that the elector after us says
 * nothing worse. */
static void
say_state(struct elect *e, const struct vote *v)
{
	struct elect_action *a;

	if (e->has_said && msg_serial_compare(&e->said_serial, &e->self.serial) == 0 &&
	    vote_same_claim(&e->said, v))
		return;
	e->has_said = true;
	e->said_before_us = false;
	e->said_serial = e->self.serial;
	e->said = *v;
	a = elect_act(e->out, ELECT_ACT_STATE);
	a->serial = e->said_serial;
	a->vote = *v;
}

void
elect_broadcast(struct elect *e)
{
	struct vote v = elect_proposal(e);

	say_state(e, &v);
	elect_act(e->out, ELECT_ACT_BROADCAST)->vote = v;
	e->own_pending = e->is_voter;
	e->own = v;
}
