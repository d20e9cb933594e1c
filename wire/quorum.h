/* Quorums: is a set of servers one? By majority, or by groups and weights, as the
 * configuration says; and by two configurations at once while one is being replaced.
 * Source: QuorumMaj, QuorumHierarchical and SyncedLearnerTracker of ZooKeeper 3.8.0;
 * election-semantics section 4. Weights add up with wrap-around, as in Java. */
#ifndef WIRE_QUORUM_H
#define WIRE_QUORUM_H

#include "wire/qconfig.h"

#include <stdbool.h>
#include <stdint.h>

#define QUORUM_VOTERS_MAX  QCONFIG_SERVERS_MAX
#define QUORUM_MEMBERS_MAX (2 * QCONFIG_SERVERS_MAX)

struct quorum_member { /* of a hierarchical configuration: who has a weight */
	int64_t sid;
	int64_t weight;
	int group; /* index in group_weights, -1: in no group */
};

/* A verifier: a configuration compiled to what counting needs. Plain data. */
struct quorum {
	bool hierarchical;
	int64_t version;
	unsigned voter_count;
	int64_t voters[QUORUM_VOTERS_MAX]; /* ascending */
	unsigned member_count;
	struct quorum_member members[QUORUM_MEMBERS_MAX];
	unsigned group_count; /* distinct ones that have members */
	int64_t group_weights[QCONFIG_GROUPS_MAX];
	int counted_groups; /* what a quorum needs more than half of */
};

/* 0; -EINVAL where the configuration is not one that qconfig_parse accepts (too many of
 * something, a group member without weight): `out` is scratch then. */
int quorum_init(struct quorum *out, const struct qconfig *config);

/* containsQuorum: `sids` (no duplicates) as it is, non-voters included. */
bool quorum_contains(const struct quorum *q, const int64_t *sids, unsigned count);
bool quorum_is_voter(const struct quorum *q, int64_t sid);
/* The voters among `sids`, into `out` (room for `count`; may be `sids`); how many. */
unsigned quorum_filter(const struct quorum *q, const int64_t *sids, unsigned count,
                       int64_t *out);
/* How many voters the smallest quorum has, for a person to see; 0: there is none. */
unsigned quorum_smallest(const struct quorum *q);
/* False: this configuration has no weight for it (Java throws). Majority: always 1. */
bool quorum_weight(const struct quorum *q, int64_t sid, int64_t *weight);

/* The configuration in force, and the last proposed one. */
struct quorum_pair {
	struct quorum current;
	bool has_last_seen;
	struct quorum last_seen;
};

/* True: the last proposed one is newer, so that both must agree. */
bool quorum_pair_joint(const struct quorum_pair *p);
/* A voter of either. */
bool quorum_pair_is_voter(const struct quorum_pair *p, int64_t sid);
/* hasAllQuorums: the voters among `sids` are a quorum, of both where both must agree. */
bool quorum_pair_agree(const struct quorum_pair *p, const int64_t *sids, unsigned count);
/* The voters of either, ascending, into `out` (room for 2 * QUORUM_VOTERS_MAX). */
unsigned quorum_pair_voters(const struct quorum_pair *p, int64_t *out);

#endif
