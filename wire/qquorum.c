/* Quorums of a configuration; see qquorum.h. Sums wrap as Java's do. */
#include "wire/qquorum.h"

static bool
names(const int64_t *sids, unsigned count, int64_t sid)
{
	for (unsigned i = 0; i < count; i++)
		if (sids[i] == sid)
			return true;
	return false;
}

static bool
has_majority(const struct qconfig *c, const int64_t *sids, unsigned count)
{
	unsigned voters = 0;
	unsigned present = 0;

	for (unsigned i = 0; i < c->server_count; i++) {
		if (c->servers[i].observer)
			continue;
		voters++;
		if (names(sids, count, c->servers[i].sid))
			present++;
	}
	return present > voters / 2;
}

static uint64_t
weight_of(const struct qconfig *c, int64_t sid)
{
	for (unsigned i = 0; i < c->weight_count; i++)
		if (c->weights[i].sid == sid)
			return (uint64_t)c->weights[i].weight;
	return qconfig_is_voter(c, sid) ? 1 : 0;
}

/* A group without members is had by nobody and yet counts as a group, as in Java. */
static bool
has_groups(const struct qconfig *c, const int64_t *sids, unsigned count)
{
	unsigned groups = c->group_count;
	unsigned won = 0;

	for (unsigned i = 0; i < c->group_count; i++) {
		const struct qconfig_group *g = &c->groups[i];
		uint64_t total = 0;
		uint64_t present = 0;

		for (unsigned k = 0; k < g->member_count; k++) {
			int64_t sid = g->members[k];
			uint64_t weight = weight_of(c, sid);

			total += weight;
			if (names(sids, count, sid) && qconfig_is_voter(c, sid))
				present += weight;
		}
		if (g->member_count > 0 && total == 0)
			groups--;
		if ((int64_t)present > (int64_t)total / 2)
			won++;
	}
	return won > groups / 2;
}

bool
qconfig_has_quorum(const struct qconfig *c, const int64_t *sids, unsigned count)
{
	return c->hierarchical ? has_groups(c, sids, count)
	                       : has_majority(c, sids, count);
}

bool
qconfig_may_lead(const struct qconfig *c, int64_t sid)
{
	return qconfig_is_voter(c, sid) && (!c->hierarchical || weight_of(c, sid) != 0);
}
