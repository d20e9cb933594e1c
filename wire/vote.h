/* Votes: which of two is better, when two are the same, and a map from voter to vote.
 * Source: totalOrderPredicate of FastLeaderElection and Vote.equals of ZooKeeper 3.8.0;
 * election-semantics sections 2 and 3. */
#ifndef WIRE_VOTE_H
#define WIRE_VOTE_H

#include <stdbool.h>
#include <stdint.h>

#define VOTE_MAP_MAX 128 /* the voters of two configurations */

struct vote {
	int64_t leader;
	int64_t zxid;
	int64_t round; /* electionEpoch */
	int64_t epoch; /* peerEpoch */
	int32_t state; /* enum notif_state of who cast it */
	int32_t version;
};

/* Is `a` strictly better than `b`? By (epoch, zxid, leader); rounds are not looked at.
 * `weight` is that of a's leader: 0 is never better. */
bool vote_beats(int64_t weight, const struct vote *a, const struct vote *b);

/* Do they say the same? Symmetric, not transitive: with a LOOKING one among them all four
 * numbers count; else the leader, and the epoch unless just one has a version above 0. */
bool vote_equal(const struct vote *a, const struct vote *b);

/* Leader, zxid, round and epoch alike, whatever the states. */
bool vote_same_claim(const struct vote *a, const struct vote *b);

struct vote_entry {
	int64_t sid;
	struct vote vote;
};

struct vote_map {
	unsigned count;
	struct vote_entry entries[VOTE_MAP_MAX];
};

void vote_map_clear(struct vote_map *m);
/* Stores or replaces. False: VOTE_MAP_MAX others are there already, nothing changed. */
bool vote_map_put(struct vote_map *m, int64_t sid, const struct vote *v);
const struct vote *vote_map_get(const struct vote_map *m, int64_t sid); /* NULL: none */

/* The sids whose vote equals `v`, into `out` (room for VOTE_MAP_MAX); how many. */
unsigned vote_map_acks(const struct vote_map *m, const struct vote *v, int64_t *out);

/* checkLeader: may a quorum's word for `leader` in `round` be believed? If that is `me`:
 * when `clock` is that round; else when it says in `m` that it is LEADING. */
bool vote_map_confirms(const struct vote_map *m, int64_t leader, int64_t round,
                       int64_t me, int64_t clock);

#endif
