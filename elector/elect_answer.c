/* What the election core says: each kind of action is made here; see elect.h.
 *
 * A step ends with at most three actions for each kept vote (state, broadcast, drop) and
 * a few more; all other events have a handful. ELECT_ACTIONS_MAX is above that. */
#include "elector/elect_core.h"

#include <assert.h>

void
elect_push(struct elect *e, const struct elect_action *a)
{
	assert(e->out->count < ELECT_ACTIONS_MAX);
	e->out->list[e->out->count++] = *a;
}

void
elect_drop(struct elect *e, int64_t sid, enum elect_reason reason)
{
	elect_push(e, &(struct elect_action){
			  .type = ELECT_ACT_DROP, .sid = sid, .reason = reason});
}

void
elect_send(struct elect *e, int64_t sid, const struct vote *v, int32_t state)
{
	struct elect_action a = {.type = ELECT_ACT_SEND, .sid = sid, .vote = *v};

	a.vote.state = state;
	elect_push(e, &a);
	/* a frame in our own name (nothing of ours sends one) is answered like any other
	 */
	if (sid == e->options.sid && e->is_voter && e->phase != ELECT_PHASE_IDLE) {
		e->own_pending = true;
		e->own = a.vote;
	}
}

static struct vote
claim(const struct elect *e)
{
	struct vote v = e->proposal;

	v.round = e->clock;
	v.state = NOTIF_LOOKING;
	v.version = 2;
	return v;
}

/* Before the first frame with a new round or vote, so that whoever comes after us says
 * nothing worse. */
static void
say_state(struct elect *e, const struct vote *v)
{
	if (e->has_said && msg_serial_compare(&e->said_serial, &e->serial) == 0 &&
	    vote_same_claim(&e->said, v))
		return;
	e->has_said = true;
	e->said_before_us = false;
	e->said_serial = e->serial;
	e->said = *v;
	elect_push(e, &(struct elect_action){
			  .type = ELECT_ACT_STATE, .serial = e->serial, .vote = *v});
}

void
elect_send_proposal(struct elect *e, int64_t sid)
{
	struct vote v = claim(e);

	elect_send(e, sid, &v, NOTIF_LOOKING);
}

void
elect_broadcast(struct elect *e)
{
	struct vote v = claim(e);

	say_state(e, &v);
	elect_push(e, &(struct elect_action){.type = ELECT_ACT_BROADCAST, .vote = v});
	e->own_pending = e->is_voter;
	e->own = v;
}

void
elect_say_decided(struct elect *e, enum elect_reason reason)
{
	elect_push(e, &(struct elect_action){.type = ELECT_ACT_DECIDED,
	                                     .serial = e->decided_serial,
	                                     .vote = e->decided,
	                                     .reason = reason});
}
