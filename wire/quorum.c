/* Majorities and hierarchies; see quorum.h. */
#include "wire/quorum.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

static int64_t
add_wrapping(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* Puts `sid` into an ascending list, unless it is there; returns the new count. */
static unsigned
insert_sorted(int64_t *list, unsigned count, int64_t sid)
{
	unsigned at = 0;

	while (at < count && list[at] < sid)
		at++;
	if (at < count && list[at] == sid)
		return count;
	memmove(&list[at + 1], &list[at], (count - at) * sizeof(*list));
	list[at] = sid;
	return count + 1;
}

/* Index in members; member_count: none. */
static unsigned
find_member(const struct quorum *q, int64_t sid)
{
	unsigned at = 0;

	while (at < q->member_count && q->members[at].sid != sid)
		at++;
	return at;
}

/* Two keys may name one group (`group.1`, `group.01`): the weights of their members add
 * up, and yet each key counts as a group. A group without members counts, too, and nobody
 * can have its majority. */
static int
add_group(struct quorum *q, int64_t *gids, const struct qconfig_group *group)
{
	unsigned at = 0;

	if (group->member_count == 0)
		return 0;
	while (at < q->group_count && gids[at] != group->gid)
		at++;
	if (at == q->group_count) {
		gids[at] = group->gid;
		q->group_weights[at] = 0;
		q->group_count++;
	}
	for (unsigned i = 0; i < group->member_count; i++) {
		unsigned m = find_member(q, group->members[i]);

		if (m == q->member_count)
			return -EINVAL;
		q->members[m].group = (int)at;
		q->group_weights[at] =
		    add_wrapping(q->group_weights[at], q->members[m].weight);
	}
	return 0;
}

static int
init_hierarchy(struct quorum *q, const struct qconfig *config)
{
	int64_t gids[QCONFIG_GROUPS_MAX];
	int r;

	if (config->weight_count > QUORUM_MEMBERS_MAX ||
	    config->group_count > QCONFIG_GROUPS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < config->weight_count; i++) {
		q->members[i] =
		    (struct quorum_member){.sid = config->weights[i].sid,
		                           .weight = config->weights[i].weight,
		                           .group = -1};
	}
	q->member_count = config->weight_count;
	q->counted_groups = (int)config->group_count;
	for (unsigned i = 0; i < config->group_count; i++) {
		if (config->groups[i].member_count > QCONFIG_SERVERS_MAX)
			return -EINVAL;
		r = add_group(q, gids, &config->groups[i]);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < q->group_count; i++) {
		if (q->group_weights[i] == 0)
			q->counted_groups--;
	}
	return 0;
}

int
quorum_init(struct quorum *out, const struct qconfig *config)
{
	*out = (struct quorum){.hierarchical = config->hierarchical,
	                       .version = config->version};
	if (config->server_count > QCONFIG_SERVERS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < config->server_count; i++) {
		if (!config->servers[i].observer)
			out->voter_count = insert_sorted(out->voters, out->voter_count,
			                                 config->servers[i].sid);
	}
	return config->hierarchical ? init_hierarchy(out, config) : 0;
}

static bool
has_most_groups(const struct quorum *q, const int64_t *sids, unsigned count)
{
	int64_t sums[QCONFIG_GROUPS_MAX] = {0};
	bool present[QCONFIG_GROUPS_MAX] = {false};
	int won = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct quorum_member *m = &q->members[find_member(q, sids[i])];

		if (m == &q->members[q->member_count] || m->group < 0)
			continue;
		sums[m->group] = add_wrapping(sums[m->group], m->weight);
		present[m->group] = true;
	}
	for (unsigned i = 0; i < q->group_count; i++) {
		if (present[i] && sums[i] > q->group_weights[i] / 2)
			won++;
	}
	return won > q->counted_groups / 2;
}

bool
quorum_contains(const struct quorum *q, const int64_t *sids, unsigned count)
{
	return q->hierarchical ? has_most_groups(q, sids, count)
	                       : count > q->voter_count / 2;
}

static bool
is_among(const int64_t *sids, unsigned count, int64_t sid)
{
	for (unsigned i = 0; i < count; i++) {
		if (sids[i] == sid)
			return true;
	}
	return false;
}

bool
quorum_is_voter(const struct quorum *q, int64_t sid)
{
	return is_among(q->voters, q->voter_count, sid);
}

unsigned
quorum_filter(const struct quorum *q, const int64_t *sids, unsigned count, int64_t *out)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++) {
		if (quorum_is_voter(q, sids[i]) && !is_among(out, kept, sids[i]))
			out[kept++] = sids[i];
	}
	return kept;
}

bool
quorum_has(const struct quorum *q, const int64_t *sids, unsigned count)
{
	int64_t voters[QUORUM_VOTERS_MAX];

	return quorum_contains(q, voters, quorum_filter(q, sids, count, voters));
}

bool
quorum_weight(const struct quorum *q, int64_t sid, int64_t *weight)
{
	unsigned at = find_member(q, sid);

	if (q->hierarchical && at == q->member_count)
		return false;
	*weight = q->hierarchical ? q->members[at].weight : 1;
	return true;
}

bool
quorum_may_lead(const struct quorum *q, int64_t sid)
{
	int64_t weight;

	return quorum_is_voter(q, sid) && quorum_weight(q, sid, &weight) && weight != 0;
}

/* How many of the heaviest voters of a group have its majority; UINT_MAX: not even all
 * of them. */
static unsigned
smallest_in_group(const struct quorum *q, unsigned group)
{
	bool taken[QUORUM_MEMBERS_MAX] = {false};
	int64_t sum = 0;
	unsigned count = 0;

	while (count == 0 || sum <= q->group_weights[group] / 2) {
		unsigned best = q->member_count;

		for (unsigned i = 0; i < q->member_count; i++) {
			if (!taken[i] && q->members[i].group == (int)group &&
			    quorum_is_voter(q, q->members[i].sid) &&
			    (best == q->member_count ||
			     q->members[i].weight > q->members[best].weight))
				best = i;
		}
		if (best == q->member_count)
			return UINT_MAX;
		taken[best] = true;
		sum = add_wrapping(sum, q->members[best].weight);
		count++;
	}
	return count;
}

unsigned
quorum_smallest(const struct quorum *q)
{
	unsigned counts[QCONFIG_GROUPS_MAX];
	unsigned total = 0;

	if (!q->hierarchical)
		return q->voter_count > 0 ? q->voter_count / 2 + 1 : 0;
	for (unsigned i = 0; i < q->group_count; i++)
		counts[i] = smallest_in_group(q, i);
	for (int won = 0; won <= q->counted_groups / 2; won++) {
		unsigned best = 0;

		for (unsigned i = 1; i < q->group_count; i++) {
			if (counts[i] < counts[best])
				best = i;
		}
		if (q->group_count == 0 || counts[best] == UINT_MAX)
			return 0;
		total += counts[best];
		counts[best] = UINT_MAX;
	}
	return total;
}

bool
quorum_pair_joint(const struct quorum_pair *p)
{
	return p->has_last_seen &&
	       (p->joint || p->last_seen.version > p->current.version);
}

bool
quorum_pair_is_voter(const struct quorum_pair *p, int64_t sid)
{
	return quorum_is_voter(&p->current, sid) ||
	       (p->has_last_seen && quorum_is_voter(&p->last_seen, sid));
}

bool
quorum_pair_agree(const struct quorum_pair *p, const int64_t *sids, unsigned count)
{
	return quorum_has(&p->current, sids, count) &&
	       (!quorum_pair_joint(p) || quorum_has(&p->last_seen, sids, count));
}

unsigned
quorum_pair_voters(const struct quorum_pair *p, int64_t *out)
{
	unsigned count = 0;

	for (unsigned i = 0; i < p->current.voter_count; i++)
		count = insert_sorted(out, count, p->current.voters[i]);
	for (unsigned i = 0; p->has_last_seen && i < p->last_seen.voter_count; i++)
		count = insert_sorted(out, count, p->last_seen.voters[i]);
	return count;
}
