/* Votes: which of two is better, when two are equal, and a map from voter to vote.
 * Source: totalOrderPredicate and checkLeader of FastLeaderElection and Vote.equals,
 * ZooKeeper 3.8.0; docs/ELECTION.md, "Votes". */
#ifndef WIRE_VOTE_H
#define WIRE_VOTE_H

#include <stdbool.h>
#include <stdint.h>

#define VOTE_MAP_MAX 128 /* the voters of two configurations */

struct vote {
	int64_t leader;
	int64_t zxid;
	/* Java: electionEpoch, peerEpoch */
	int64_t round;
	int64_t epoch;
	/* of the server that cast it: enum notif_state, and the version of its message */
	int32_t state;
	int32_t version;
	/* of the leader, as that said in its own vote; ZooKeeper's votes have none: 0 */
	int64_t priority;
};

/* Is `a` strictly better than `b`, by (epoch, zxid, priority, leader)? `weight` is the
 * weight of the leader of `a`: with 0 it is never better. */
bool vote_beats(int64_t weight, const struct vote *a, const struct vote *b);

/* If one of the two is LOOKING all four numbers count; otherwise the leader, and the
 * epoch too unless exactly one has a version above 0. Symmetric, but not transitive. */
bool vote_equal(const struct vote *a, const struct vote *b);

/* Leader, zxid, round and epoch alike, whatever the states. */
bool vote_same_claim(const struct vote *a, const struct vote *b);

/* A server that others should rather not elect votes with its epoch lowered by this much:
 * such a vote loses against each that is not lowered, and the lowered ones keep their
 * order among themselves (docs/ELECTION.md, section "Who should not lead"). Both
 * functions leave INT64_MIN, the epoch of a server that cannot lead at all, as it is. */
#define VOTE_DEMOTION (INT64_C(1) << 62)

/* `epoch` lowered, once: what is lowered already is returned as it is. */
int64_t vote_demoted_epoch(int64_t epoch);

/* The real epoch of a vote, lowered or not. */
int64_t vote_claimed_epoch(int64_t epoch);

struct vote_entry {
	int64_t sid;
	struct vote vote;
};

/* Empty with count 0. */
struct vote_map {
	unsigned count;
	struct vote_entry entries[VOTE_MAP_MAX];
};

/* Stores or replaces. False: the map is full, and nothing changed. */
bool vote_map_put(struct vote_map *m, int64_t sid, const struct vote *v);
const struct vote *vote_map_get(const struct vote_map *m, int64_t sid); /* NULL: none */

/* The sids whose vote equals `v`, into `out` (room for VOTE_MAP_MAX); how many. */
unsigned vote_map_acks(const struct vote_map *m, const struct vote *v, int64_t *out);

/* checkLeader: does `leader` confirm the votes that a quorum has for it in `round`? If
 * `leader` is `me`, `clock` must be that round; otherwise its vote in `m` must say
 * LEADING. */
bool vote_map_confirms(const struct vote_map *m, int64_t leader, int64_t round,
                       int64_t me, int64_t clock);

#endif
