/* The leaves of the cores; see elect_act.h. */
#include "elector/elect_act.h"

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

bool
elect_act_config(struct elect_actions *out, const struct elect_options *o, int64_t sid,
                 const struct notif *n)
{
	struct qconfig *carried = &out->carried;

	if (!n->has_config || (n->config_len > 0 && n->config_len == o->config_text_len &&
	                       memcmp(n->config, o->config_text, n->config_len) == 0))
		return false;
	if (qconfig_parse(n->config, n->config_len, o->multi_address, carried) !=
	    QCONFIG_OK) {
		elect_act_drop(out, sid, ELECT_REASON_CONFIG_TEXT);
		return false;
	}
	if (carried->version <= o->config->version || qconfig_equal(carried, o->config))
		return false;
	elect_act(out, ELECT_ACT_NEWER_CONFIG)->sid = sid;
	return true;
}
