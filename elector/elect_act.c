/* The leaves of the cores: actions, and what the election core sends. */
#include "elector/elect_core.h"

#include <assert.h>
#include <string.h>

struct elect_action *
elect_act(struct elect_actions *out, enum elect_action_type type)
{
	struct elect_action *a = &out->list[out->count];

	assert(out->count < ELECT_ACTIONS_MAX);
	out->count++;
	*a = (struct elect_action){.type = type};
	return a;
}

void
elect_act_drop(struct elect_actions *out, int64_t sid, enum elect_reason reason)
{
	struct elect_action *a = elect_act(out, ELECT_ACT_DROP);

	a->sid = sid;
	a->reason = reason;
}

void
elect_act_send(struct elect_actions *out, int64_t sid, const struct vote *v,
               int32_t state)
{
	struct elect_action *a = elect_act(out, ELECT_ACT_SEND);

	a->sid = sid;
	a->vote = *v;
	a->vote.state = state;
}

enum elect_config
elect_act_config(struct elect_actions *out, const struct elect_options *o, int64_t sid,
                 const struct notif *n)
{
	struct qconfig *carried = &out->carried;

	if (!n->has_config || (n->config_len > 0 && n->config_len == o->config_text_len &&
	                       memcmp(n->config, o->config_text, n->config_len) == 0))
		return ELECT_CONFIG_OLD;
	if (qconfig_parse(n->config, n->config_len, o->multi_address, carried) !=
	    QCONFIG_OK) {
		elect_act_drop(out, sid, ELECT_REASON_CONFIG_TEXT);
		return ELECT_CONFIG_OLD;
	}
	if (carried->version <= o->config->version)
		return ELECT_CONFIG_OLD;
	if (qconfig_equal(carried, o->config))
		return ELECT_CONFIG_NEWER;
	elect_act(out, ELECT_ACT_NEWER_CONFIG)->sid = sid;
	return ELECT_CONFIG_OTHER;
}

struct elect_voter *
elect_find_voter(struct elect *e, int64_t sid)
{
	for (unsigned i = 0; i < e->voter_count; i++) {
		if (e->voters[i].sid == sid)
			return &e->voters[i];
	}
	return NULL;
}

struct elect_other *
elect_find_other(struct elect *e, int64_t sid)
{
	for (unsigned i = 0; i < e->other_count; i++) {
		if (e->others[i].sid == sid)
			return &e->others[i];
	}
	return NULL;
}

bool
elect_is_voter(const struct elect *e, int64_t sid)
{
	return quorum_pair_is_voter(&e->quorums, sid);
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
