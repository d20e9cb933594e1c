/* Who may lead, and whose vote weighs; see elect_core.h. */
#include "elector/elect_core.h"

bool
elect_weight(const struct elect *e, int64_t sid, int64_t *weight)
{
	const struct quorum_pair *p = &e->quorums;

	if (p->joint && p->has_last_seen && quorum_may_lead(&p->last_seen, sid))
		return quorum_weight(&p->last_seen, sid, weight);
	return quorum_weight(&p->current, sid, weight);
}

bool
elect_is_weightless(const struct elect *e, int64_t sid)
{
	const struct quorum_pair *p = &e->quorums;

	return !quorum_may_lead(&p->current, sid) &&
	       !(p->has_last_seen && quorum_may_lead(&p->last_seen, sid));
}

bool
elect_may_lead(const struct elect *e)
{
	const struct quorum_pair *p = &e->quorums;
	bool weighs = p->joint ? !elect_is_weightless(e, e->self.sid)
	                       : quorum_may_lead(&p->current, e->self.sid);

	return !e->options.guarded || (!e->options.observer && weighs);
}

bool
elect_is_candidate(const struct elect *e, int64_t sid)
{
	int64_t weight;

	return elect_is_voter(e, sid) && elect_weight(e, sid, &weight) && weight != 0;
}
