/* The tests' own counting of quorums, straight from a configuration or a membership. It
 * shares nothing with wire/quorum and wire/members.c, so that a mistake there does not
 * hide itself. */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include "wire/members.h"
#include "wire/qconfig.h"

#include <stdbool.h>
#include <stdint.h>

static inline bool
oracle_names(const int64_t *sids, unsigned count, int64_t sid)
{
	for (unsigned i = 0; i < count; i++)
		if (sids[i] == sid)
			return true;
	return false;
}

static inline bool
oracle_has_majority(const struct qconfig *c, const int64_t *sids, unsigned count)
{
	unsigned voters = 0;
	unsigned present = 0;

	for (unsigned i = 0; i < c->server_count; i++) {
		if (c->servers[i].observer)
			continue;
		voters++;
		if (oracle_names(sids, count, c->servers[i].sid))
			present++;
	}
	return present > voters / 2;
}

/* A participant of it. */
static inline bool
oracle_is_voter(const struct qconfig *c, int64_t sid)
{
	for (unsigned i = 0; i < c->server_count; i++)
		if (c->servers[i].sid == sid)
			return !c->servers[i].observer;
	return false;
}

static inline uint64_t
oracle_weight(const struct qconfig *c, int64_t sid)
{
	for (unsigned i = 0; i < c->weight_count; i++)
		if (c->weights[i].sid == sid)
			return (uint64_t)c->weights[i].weight;
	return oracle_is_voter(c, sid) ? 1 : 0;
}

/* Nobody can have the majority of a group without members, and yet it counts as a group,
 * as in Java. Sums wrap as Java's do. */
static inline bool
oracle_has_groups(const struct qconfig *c, const int64_t *sids, unsigned count)
{
	unsigned groups = c->group_count;
	unsigned won = 0;

	for (unsigned i = 0; i < c->group_count; i++) {
		const struct qconfig_group *g = &c->groups[i];
		uint64_t total = 0;
		uint64_t present = 0;

		for (unsigned k = 0; k < g->member_count; k++) {
			int64_t sid = g->members[k];
			uint64_t weight = oracle_weight(c, sid);

			total += weight;
			if (oracle_names(sids, count, sid) && oracle_is_voter(c, sid))
				present += weight;
		}
		if (g->member_count > 0 && total == 0)
			groups--;
		if ((int64_t)present > (int64_t)total / 2)
			won++;
	}
	return won > groups / 2;
}

/* True if those of `sids` that are participants of `c`, each once, are a quorum of it. */
static inline bool
oracle_has_quorum(const struct qconfig *c, const int64_t *sids, unsigned count)
{
	return c->hierarchical ? oracle_has_groups(c, sids, count)
	                       : oracle_has_majority(c, sids, count);
}

/* ---- memberships: a voter is a sid with its disk ---- */

static inline bool
oracle_same_disk(const struct members_instance *a, const struct members_instance *b)
{
	for (unsigned i = 0; i < sizeof(a->bytes); i++)
		if (a->bytes[i] != b->bytes[i])
			return false;
	return true;
}

/* Is `one`, a voter, among `ids`? */
static inline bool
oracle_has_voter(const struct member *one, const struct members_id *ids, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (ids[i].sid == one->sid &&
		    oracle_same_disk(&ids[i].instance, &one->instance))
			return true;
	return false;
}

/* The weight of the voters in the group of `of`; of those among `ids`, where there are
 * any. */
static inline int64_t
oracle_group_weight(const struct members *m, const struct member *of,
                    const struct members_id *ids, unsigned count)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *one = &m->list[i];

		if (!one->observer && one->group == of->group &&
		    (!ids || oracle_has_voter(one, ids, count)))
			sum += one->weight;
	}
	return sum;
}

/* Does an earlier voter stand for the group? */
static inline bool
oracle_group_seen(const struct members *m, unsigned at)
{
	for (unsigned i = 0; i < at; i++)
		if (!m->list[i].observer && m->list[i].group == m->list[at].group)
			return true;
	return false;
}

/* True if those of `ids` that are voters of `m` are a quorum of it. */
static inline bool
oracle_is_quorum(const struct members *m, const struct members_id *ids, unsigned count)
{
	unsigned all = 0, won = 0;

	for (unsigned i = 0; i < m->count; i++) {
		const struct member *one = &m->list[i];
		int64_t total;

		if (one->observer || (m->hierarchical && oracle_group_seen(m, i)))
			continue;
		if (!m->hierarchical) {
			all++;
			won += oracle_has_voter(one, ids, count);
			continue;
		}
		total = oracle_group_weight(m, one, NULL, 0);
		all += total > 0;
		won += oracle_group_weight(m, one, ids, count) > total / 2;
	}
	return won > all / 2;
}

/* True if all voters of `m` are among `ids`. */
static inline bool
oracle_is_all(const struct members *m, const struct members_id *ids, unsigned count)
{
	for (unsigned i = 0; i < m->count; i++)
		if (!m->list[i].observer && !oracle_has_voter(&m->list[i], ids, count))
			return false;
	return true;
}

#endif
