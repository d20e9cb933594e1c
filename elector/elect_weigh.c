/* Who may lead, whose vote weighs, and what a quorum is; see elect_core.h. */
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

bool
elect_is_agreed(const struct elect *e, const struct vote_map *votes, const struct vote *v)
{
	int64_t sids[VOTE_MAP_MAX];

	return quorum_pair_agree(&e->quorums, sids, vote_map_acks(votes, v, sids));
}

bool
elect_is_led(const struct elect *e, const struct vote_map *votes, const struct vote *v)
{
	const struct quorum_pair *p = &e->quorums;
	int64_t sids[VOTE_MAP_MAX];
	unsigned count = vote_map_acks(votes, v, sids);

	if (quorum_pair_agree(p, sids, count))
		return true;
	return p->joint && p->has_last_seen && v->leader != e->self.sid &&
	       (quorum_has(&p->current, sids, count) ||
	        quorum_has(&p->last_seen, sids, count));
}
