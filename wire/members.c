/* Memberships: how they count, and what is equal; see members.h. */
#include "wire/members.h"

#include <string.h>

const struct member *
members_find(const struct members *m, int64_t sid)
{
	for (unsigned i = 0; i < m->count; i++) {
		if (m->list[i].sid == sid)
			return &m->list[i];
	}
	return NULL;
}

bool
members_instance_equal(const struct members_instance *a, const struct members_instance *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool
members_instance_none(const struct members_instance *i)
{
	static const struct members_instance none;

	return members_instance_equal(i, &none);
}

/* The index of the voter with this sid and instance; count: nobody. */
static unsigned
find_voter(const struct members *m, const struct members_id *id)
{
	unsigned at = 0;

	while (at < m->count && m->list[at].sid != id->sid)
		at++;
	if (at < m->count &&
	    (m->list[at].observer ||
	     !members_instance_equal(&m->list[at].instance, &id->instance)))
		return m->count;
	return at;
}

bool
members_is_voter(const struct members *m, const struct members_id *id)
{
	return find_voter(m, id) < m->count;
}

bool
members_may_lead(const struct members *m, int64_t sid)
{
	const struct member *one = members_find(m, sid);

	return one && !one->observer && one->weight != 0;
}

unsigned
members_voter_count(const struct members *m)
{
	unsigned voters = 0;

	for (unsigned i = 0; i < m->count; i++)
		voters += !m->list[i].observer;
	return voters;
}

/* The voters among `ids`, each of them once; returns how many. */
static unsigned
voters_of(const struct members *m, const struct members_id *ids, unsigned count,
          int64_t out[MEMBERS_MAX])
{
	bool counted[MEMBERS_MAX] = {false};
	unsigned have = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned at = find_voter(m, &ids[i]);

		if (at == m->count || counted[at])
			continue;
		counted[at] = true;
		out[have++] = ids[i].sid;
	}
	return have;
}

bool
members_is_quorum(const struct members *m, const struct members_id *ids, unsigned count)
{
	int64_t sids[MEMBERS_MAX];
	unsigned have = voters_of(m, ids, count, sids);
	struct quorum q;

	members_quorum(m, &q);
	return quorum_has(&q, sids, have);
}

bool
members_is_all(const struct members *m, const struct members_id *ids, unsigned count)
{
	int64_t sids[MEMBERS_MAX];
	unsigned voters = members_voter_count(m);

	return voters > 0 && voters_of(m, ids, count, sids) == voters;
}

/* Index in group_weights, which gets the group where it is new. */
static unsigned
group_index(struct quorum *q, int64_t *gids, int64_t group)
{
	unsigned at = 0;

	while (at < q->group_count && gids[at] != group)
		at++;
	if (at == q->group_count) {
		gids[at] = group;
		q->group_weights[at] = 0;
		q->group_count++;
	}
	return at;
}

/* It is called for every answer that is counted, so that it writes what is used only. */
void
members_quorum(const struct members *m, struct quorum *out)
{
	int64_t gids[MEMBERS_MAX];

	out->hierarchical = m->hierarchical;
	out->version = m->version;
	out->voter_count = out->member_count = out->group_count = 0;
	for (unsigned i = 0; i < m->count; i++) {
		const struct member *one = &m->list[i];
		unsigned group;

		if (one->observer)
			continue;
		out->voters[out->voter_count++] = one->sid;
		if (!m->hierarchical)
			continue;
		group = group_index(out, gids, one->group);
		out->group_weights[group] += one->weight;
		out->members[out->member_count++] = (struct quorum_member){
		    .sid = one->sid, .weight = one->weight, .group = (int)group};
	}
	out->counted_groups = (int)out->group_count;
	for (unsigned i = 0; i < out->group_count; i++)
		out->counted_groups -= out->group_weights[i] == 0;
}

static bool
same_member(const struct member *a, const struct member *b)
{
	return a->sid == b->sid && a->weight == b->weight && a->group == b->group &&
	       a->priority == b->priority && a->observer == b->observer &&
	       a->has_group == b->has_group;
}

bool
members_same_list(const struct members *a, const struct members *b)
{
	if (a->count != b->count || a->hierarchical != b->hierarchical)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (!same_member(&a->list[i], &b->list[i]))
			return false;
	}
	return true;
}

bool
members_equal(const struct members *a, const struct members *b)
{
	if (a->version != b->version || !members_same_list(a, b))
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		if (!members_instance_equal(&a->list[i].instance, &b->list[i].instance))
			return false;
	}
	return true;
}

bool
members_same_record(const struct members_record *a, const struct members_record *b)
{
	return members_equal(&a->old, &b->old) && members_equal(&a->new, &b->new);
}

static bool
in_range(int64_t value, int64_t min, int64_t max)
{
	return value >= min && value <= max;
}

static bool
add_member(struct members *m, const struct qconfig *c, const struct qconfig_server *s)
{
	const int64_t *group = qconfig_group_of(c, s->sid);
	unsigned weight = qconfig_find_weight(c, s->sid);
	bool has_weight = weight < c->weight_count;
	unsigned at = m->count;
	struct member one;

	if (!in_range(s->sid, 0, MEMBERS_SID_MAX) || members_find(m, s->sid) ||
	    m->count == MEMBERS_MAX)
		return false;
	if (s->observer ? group || has_weight : c->hierarchical != (group && has_weight))
		return false;
	memset(&one, 0, sizeof(one));
	one.sid = s->sid;
	one.observer = s->observer;
	one.has_group = group != NULL;
	one.group = group ? *group : 0;
	one.weight = has_weight ? c->weights[weight].weight : !s->observer;
	one.priority = qconfig_priority_of(c, s->sid);
	if (!in_range(one.priority, 0, s->observer ? 0 : MEMBERS_PRIORITY_MAX))
		return false;
	if (!in_range(one.group, 0, MEMBERS_SID_MAX) || one.weight < 0)
		return false;
	for (; at > 0 && m->list[at - 1].sid > one.sid; at--)
		m->list[at] = m->list[at - 1];
	m->list[at] = one;
	m->count++;
	return true;
}

/* Whether the groups, weights and priorities of `c` are those of the members: whose they
 * are is checked by number, since a member has at most one of each. */
static bool
is_covered(const struct qconfig *c, const struct members *m)
{
	unsigned voters = 0, grouped = 0, preferred = 0;

	for (unsigned i = 0; i < m->count; i++) {
		voters += m->list[i].has_group;
		preferred += m->list[i].priority != 0;
	}
	for (unsigned g = 0; g < c->group_count; g++) {
		grouped += c->groups[g].member_count;
		if (c->groups[g].member_count == 0)
			return false;
		for (unsigned k = 0; k < g; k++) {
			if (c->groups[k].gid == c->groups[g].gid)
				return false;
		}
	}
	return grouped == voters && c->weight_count == voters &&
	       c->priority_count == preferred;
}

/* Somebody may lead, no sum of weights wraps, and nobody observes a single voter, which
 * ZooKeeper's text refuses. */
static bool
is_countable(const struct members *m)
{
	unsigned voters = members_voter_count(m);
	int64_t sum = 0;

	if (voters == 1 && m->count > 1)
		return false;
	for (unsigned i = 0; i < m->count; i++) {
		if (__builtin_add_overflow(sum, m->list[i].weight, &sum))
			return false;
	}
	return sum > 0;
}

bool
members_from_qconfig(const struct qconfig *c, struct members *out)
{
	bool good = in_range(c->version, 0, MEMBERS_VERSION_MAX);

	memset(out, 0, sizeof(*out));
	out->version = c->version > 0 ? c->version : 1;
	out->hierarchical = c->hierarchical;
	for (unsigned i = 0; good && i < c->server_count; i++)
		good = add_member(out, c, &c->servers[i]);
	good = good && is_covered(c, out) && is_countable(out);
	if (!good)
		memset(out, 0, sizeof(*out));
	return good;
}

/* FNV-1a over the bytes of `value`, the highest first. */
static void
mix(uint64_t *digest, uint64_t value)
{
	for (int shift = 56; shift >= 0; shift -= 8)
		*digest = (*digest ^ (value >> shift & 0xff)) * 0x100000001b3;
}

uint64_t
members_digest(const struct members *m)
{
	uint64_t digest = 0xcbf29ce484222325;

	mix(&digest, (uint64_t)m->version);
	mix(&digest, m->hierarchical);
	mix(&digest, m->count);
	for (unsigned i = 0; i < m->count; i++) {
		const struct member *one = &m->list[i];

		mix(&digest, (uint64_t)one->sid);
		mix(&digest, one->observer);
		mix(&digest, (uint64_t)one->weight);
		mix(&digest, one->has_group);
		mix(&digest, (uint64_t)one->group);
		if (one->priority != 0)
			mix(&digest, (uint64_t)one->priority);
	}
	return digest;
}
