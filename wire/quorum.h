/* Quorums: is a set of servers one? The configuration says how to count, by majority or
 * by groups and weights; while one configuration is being replaced, two are asked at
 * once. Source: QuorumMaj, QuorumHierarchical and SyncedLearnerTracker of
 * ZooKeeper 3.8.0; docs/ELECTION.md, "Quorums". Weights add up with wrap-around, as in
 * Java. */
#ifndef WIRE_QUORUM_H
#define WIRE_QUORUM_H

#include "wire/qconfig.h"

#include <stdbool.h>
#include <stdint.h>

#define QUORUM_VOTERS_MAX  QCONFIG_SERVERS_MAX
#define QUORUM_MEMBERS_MAX (2 * QCONFIG_SERVERS_MAX)

/* Who has a weight in a hierarchical configuration. */
struct quorum_member {
	int64_t sid;
	int64_t weight;
	/* index in group_weights, -1: in no group */
	int group;
};

/* What counting needs of one configuration. Plain data. */
struct quorum {
	bool hierarchical;
	int64_t version;
	unsigned voter_count;
	int64_t voters[QUORUM_VOTERS_MAX]; /* ascending */
	unsigned member_count;
	struct quorum_member members[QUORUM_MEMBERS_MAX];
	unsigned group_count; /* distinct ones that have members */
	int64_t group_weights[QCONFIG_GROUPS_MAX];
	int counted_groups; /* a quorum needs more than half of these */
};

/* 0; -EINVAL where the configuration is not one that qconfig_parse accepts (too many of
 * something, a group member without weight): `out` is scratch then. */
int quorum_init(struct quorum *out, const struct qconfig *config);

/* True if those of `sids` that are voters are a quorum. A sid that is named twice counts
 * once. */
bool quorum_has(const struct quorum *q, const int64_t *sids, unsigned count);
/* Java's containsQuorum: counts `sids` (no duplicates) as they are, with non-voters. */
bool quorum_contains(const struct quorum *q, const int64_t *sids, unsigned count);
/* The voters among `sids`, each once, into `out` (room for `count`; may be `sids`);
 * returns how many. */
unsigned quorum_filter(const struct quorum *q, const int64_t *sids, unsigned count,
                       int64_t *out);
bool quorum_is_voter(const struct quorum *q, int64_t sid);
/* A voter whose weight is not 0. */
bool quorum_may_lead(const struct quorum *q, int64_t sid);
/* False: this configuration has no weight for `sid` (Java throws). Majority: always 1. */
bool quorum_weight(const struct quorum *q, int64_t sid, int64_t *weight);
/* How many voters the smallest quorum has, for a person to see; 0: there is none. */
unsigned quorum_smallest(const struct quorum *q);

/* The configuration in force, and the last proposed one. */
struct quorum_pair {
	struct quorum current;
	bool has_last_seen;
	struct quorum last_seen;
	/* both must agree, whatever their versions (a joint record: docs/MEMBERSHIP.md)
	 */
	bool joint;
};

/* True: the last proposed configuration is newer, or the two are joint, so that both must
 * agree. */
bool quorum_pair_joint(const struct quorum_pair *p);
/* A voter of either. */
bool quorum_pair_is_voter(const struct quorum_pair *p, int64_t sid);
/* Java's hasAllQuorums: `sids` have a quorum, of both where both must agree. */
bool quorum_pair_agree(const struct quorum_pair *p, const int64_t *sids, unsigned count);
/* The voters of either, ascending, into `out` (room for 2 * QUORUM_VOTERS_MAX). */
unsigned quorum_pair_voters(const struct quorum_pair *p, int64_t *out);

#endif
