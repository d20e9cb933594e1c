/* Bugs on purpose, to see that the invariants find them. The linker (--wrap) puts them
 * between the cores and what these call, so the cores stay as they are. */
#include "peer/role_impl.h"
#include "tests/oracle.h"
#include "tests/sim/sim.h"
#include "wire/quorum.h"

#include <string.h>

bool __real_quorum_has(const struct quorum *q, const int64_t *sids, unsigned count);
bool __wrap_quorum_has(const struct quorum *q, const int64_t *sids, unsigned count);
bool __real_quorum_pair_agree(const struct quorum_pair *p, const int64_t *sids,
                              unsigned count);
bool __wrap_quorum_pair_agree(const struct quorum_pair *p, const int64_t *sids,
                              unsigned count);
bool __real_vote_map_confirms(const struct vote_map *m, int64_t leader, int64_t round,
                              int64_t me, int64_t clock);
bool __wrap_vote_map_confirms(const struct vote_map *m, int64_t leader, int64_t round,
                              int64_t me, int64_t clock);

const char *
sim_bug_name(enum sim_bug bug)
{
	static const char *const names[SIM_BUGS] = {
	    [SIM_BUG_NONE] = "none",
	    [SIM_BUG_NO_FSYNC] = "no-fsync",
	    [SIM_BUG_TWICE] = "promise-twice",
	    [SIM_BUG_VOTE_QUORUM] = "vote-quorum",
	    [SIM_BUG_PROMISE_QUORUM] = "promise-quorum",
	    [SIM_BUG_LEADER_CHECK] = "leader-check",
	};

	return (unsigned)bug < SIM_BUGS ? names[bug] : NULL;
}

bool
sim_is_quorum(const int64_t *sids, unsigned count)
{
	return oracle_has_quorum(&sim.members, sids, count);
}

/* One less than it takes: as if any one more had agreed. */
bool
__wrap_quorum_has(const struct quorum *q, const int64_t *sids, unsigned count)
{
	int64_t more[QCONFIG_SERVERS_MAX + 1];

	if (sim.bug != SIM_BUG_PROMISE_QUORUM)
		return __real_quorum_has(q, sids, count);
	memcpy(more, sids, count * sizeof(*sids));
	for (unsigned i = 0; i < sim.count; i++) {
		more[count] = i + 1;
		if (__real_quorum_has(q, more, count + 1))
			return true;
	}
	return false;
}

bool
__wrap_quorum_pair_agree(const struct quorum_pair *p, const int64_t *sids, unsigned count)
{
	int64_t more[VOTE_MAP_MAX + 1];

	if (sim.bug != SIM_BUG_VOTE_QUORUM)
		return __real_quorum_pair_agree(p, sids, count);
	memcpy(more, sids, count * sizeof(*sids));
	for (unsigned i = 0; i < sim.count; i++) {
		bool named = false;

		for (unsigned k = 0; k < count; k++)
			named |= sids[k] == (int64_t)i + 1;
		more[count] = i + 1;
		if (!named && __real_quorum_pair_agree(p, more, count + 1))
			return true;
	}
	return false;
}

bool
__wrap_vote_map_confirms(const struct vote_map *m, int64_t leader, int64_t round,
                         int64_t me, int64_t clock)
{
	return sim.bug == SIM_BUG_LEADER_CHECK ||
	       __real_vote_map_confirms(m, leader, round, me, clock);
}

/* A peer that forgets its last promise whenever a link changes: asked for the same epoch
 * by another leader it promises it again. */
void
sim_bug_forget(struct role *r)
{
	if (sim.bug == SIM_BUG_TWICE && r->mode == ROLE_MODE_FOLLOW &&
	    r->epochs.accepted > 0)
		r->epochs.promised = r->epochs.accepted - 1;
}
