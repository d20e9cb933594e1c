/* Bugs on purpose, to see that the invariants find them. The linker (--wrap) puts them
 * between the cores and what these call, so the cores stay as they are. */
#include "peer/role_impl.h"
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
	    [SIM_BUG_REFUSAL] = "refusal-counts",
	    [SIM_BUG_OWN_PROMISE] = "own-promise",
	    [SIM_BUG_EARLY_ANSWER] = "early-answer",
	    [SIM_BUG_FOUND_MAJORITY] = "found-majority",
	    [SIM_BUG_FOUND_VERSION] = "found-version",
	    [SIM_BUG_FOUND_RECORDS] = "found-records",
	    [SIM_BUG_NO_JOINT] = "no-joint",
	    [SIM_BUG_NEW_ONLY] = "new-only",
	    [SIM_BUG_OLD_ONLY] = "old-only",
	    [SIM_BUG_FILE] = "file",
	    [SIM_BUG_FORGET_JOINT] = "forget-joint",
	    [SIM_BUG_NO_ADOPT] = "no-adopt",
	    [SIM_BUG_BY_VERSION] = "by-version",
	    [SIM_BUG_OWN_TABLE] = "own-table",
	    [SIM_BUG_NO_INSTANCE] = "no-instance",
	    [SIM_BUG_NEWCOMER] = "newcomer",
	    [SIM_BUG_IN_PLACE] = "in-place",
	    [SIM_BUG_EARLY_ACK] = "early-ack",
	    [SIM_BUG_DROP_JOINT] = "drop-joint",
	    [SIM_BUG_OTHER_GIVES_UP] = "other-gives-up",
	    [SIM_BUG_LATE_GIVE_UP] = "late-give-up",
	    [SIM_BUG_HASTY] = "hasty",
	    [SIM_BUG_SELF] = "self",
	    [SIM_BUG_NO_PROMISE] = "no-promise",
	    [SIM_BUG_RESTORE] = "restore",
	    [SIM_BUG_NEW_LEADS] = "new-leads",
	    [SIM_BUG_NO_GATE] = "no-gate",
	    [SIM_BUG_OWN_ACK] = "own-ack",
	    [SIM_BUG_FORGET_PROMISE] = "forget-promise",
	    [SIM_BUG_FORGET_OWN] = "forget-own",
	    [SIM_BUG_FROM_RECEIPT] = "from-receipt",
	    [SIM_BUG_NO_DRIFT] = "no-drift",
	    [SIM_BUG_DRIFT] = "drift",
	    [SIM_BUG_OWN_LENGTH] = "own-length",
	    [SIM_BUG_REBOOT_FREE] = "reboot-free",
	    [SIM_BUG_EARLY_RELEASE] = "early-release",
	    [SIM_BUG_BROKEN_LETS_GO] = "broken-lets-go",
	    [SIM_BUG_RESTART_LETS_GO] = "restart-lets-go",
	    [SIM_BUG_RELIES] = "relies",
	    [SIM_BUG_WANT_CLEARS] = "want-clears",
	    [SIM_BUG_ONE_PROMISE] = "one-promise",
	    [SIM_BUG_ECHO_COUNTS] = "echo-counts",
	    [SIM_BUG_JOIN_FREES] = "join-frees",
	    [SIM_BUG_GATE_DROPS] = "gate-drops",
	    [SIM_BUG_READ_EARLY] = "read-early",
	    [SIM_BUG_RESUME_RELEASED] = "resume-released",
	    [SIM_BUG_RESUME_ALONE] = "resume-alone",
	};

	return (unsigned)bug < SIM_BUGS ? names[bug] : NULL;
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
static void
forget(struct role *r)
{
	if (r->mode == ROLE_MODE_FOLLOW && r->epochs.accepted > r->epochs.tried_current)
		r->epochs.promised = r->epochs.accepted - 1;
}

/* What is being written counts as written. */
static void
believe_write(struct role *r, enum role_mode mode)
{
	struct role_epochs *e = &r->epochs;

	if (r->mode != mode || !e->writing)
		return;
	e->accepted = e->promised;
	e->current = e->tried_current;
}

void
sim_bug_role(struct role *r, const struct role_event *ev)
{
	if (sim.bug == SIM_BUG_TWICE && ev->type == ROLE_EV_REMOTE)
		forget(r);
	else if (sim.bug == SIM_BUG_OWN_PROMISE)
		believe_write(r, ROLE_MODE_LEAD);
	else if (sim.bug == SIM_BUG_EARLY_ANSWER)
		believe_write(r, ROLE_MODE_FOLLOW);
}

void
sim_bug_packet(struct role_event *ev)
{
	static struct qpacket told;

	if (sim.bug != SIM_BUG_REFUSAL || ev->packet->type != QPACKET_ACKEPOCH ||
	    ev->answer.current != -1)
		return;
	/* as from a follower that has seen no leader, and makes its promise */
	told = *ev->packet;
	told.zxid = 0;
	ev->packet = &told;
	ev->answer.current = 0;
}
