/* See policy.h. Who asks is one of few kinds, and the table has a row for each. */
#include "ipc/policy.h"

enum kind {
	ROOT,
	CONCLAVED,
	CONNMGR,
	ELECTOR,
	PEER,
	/* All processes have one user, and this is it. */
	SAME,
	HIDDEN,
	READER,
	HOLDER,
	STRANGER,
	KINDS
};

#define NOT_READ  "only root, the user of conclaved and the users of the workers may ask"
#define NOT_ADMIN "only root and the user of conclaved may ask for this, and no worker"
#define NOT_ELECTOR                                                                      \
	"only the user conclave-elector may attach as the elector; start it as that "    \
	"user"
#define NOT_PEER                                                                         \
	"only a peer may attach as the peer: where each worker has a user, as "          \
	"conclave-peer"
#define NOT_HOLD                                                                         \
	"only root and the members of the group that hold_group names may hold "         \
	"leadership, and no worker"
#define NOT_CONNMGR "the other side does not run as the user of connmgr"

static const char *const why_not[KINDS][POLICY_WHATS] = {
    /* READ, ADMINISTER, BE_ELECTOR, BE_PEER, BE_CONNMGR, HOLD; what is missing is
     * granted */
    [ROOT] = {[POLICY_BE_ELECTOR] = NOT_ELECTOR, [POLICY_BE_PEER] = NOT_PEER},
    [CONCLAVED] = {[POLICY_BE_ELECTOR] = NOT_ELECTOR,
                   [POLICY_BE_PEER] = NOT_PEER,
                   [POLICY_BE_CONNMGR] = NOT_CONNMGR,
                   [POLICY_HOLD] = NOT_HOLD},
    [CONNMGR] = {[POLICY_ADMINISTER] = NOT_ADMIN,
                 [POLICY_BE_ELECTOR] = NOT_ELECTOR,
                 [POLICY_BE_PEER] = NOT_PEER,
                 [POLICY_HOLD] = NOT_HOLD},
    [ELECTOR] = {[POLICY_ADMINISTER] = NOT_ADMIN,
                 [POLICY_BE_PEER] = NOT_PEER,
                 [POLICY_BE_CONNMGR] = NOT_CONNMGR,
                 [POLICY_HOLD] = NOT_HOLD},
    [PEER] = {[POLICY_ADMINISTER] = NOT_ADMIN,
              [POLICY_BE_ELECTOR] = NOT_ELECTOR,
              [POLICY_BE_CONNMGR] = NOT_CONNMGR,
              [POLICY_HOLD] = NOT_HOLD},
    [SAME] = {0},
    /* whoever can reach the socket at all; run_dir/connmgr belongs to connmgr's user */
    [HIDDEN] = {[POLICY_ADMINISTER] = NOT_ADMIN,
                [POLICY_BE_ELECTOR] = NOT_ELECTOR,
                [POLICY_BE_PEER] = NOT_PEER,
                [POLICY_HOLD] = NOT_HOLD},
    [READER] = {[POLICY_ADMINISTER] = NOT_ADMIN,
                [POLICY_BE_ELECTOR] = NOT_ELECTOR,
                [POLICY_BE_PEER] = NOT_PEER,
                [POLICY_BE_CONNMGR] = NOT_CONNMGR,
                [POLICY_HOLD] = NOT_HOLD},
    [HOLDER] = {[POLICY_ADMINISTER] = NOT_ADMIN,
                [POLICY_BE_ELECTOR] = NOT_ELECTOR,
                [POLICY_BE_PEER] = NOT_PEER,
                [POLICY_BE_CONNMGR] = NOT_CONNMGR},
    [STRANGER] = {NOT_READ, NOT_ADMIN, NOT_ELECTOR, NOT_PEER, NOT_CONNMGR, NOT_HOLD},
};

/* Where all have one user, a child of conclaved is what it was started as. */
static enum kind
kind_of_child(enum policy_role role)
{
	static const enum kind kinds[] = {[POLICY_NO_CHILD] = SAME,
	                                  [POLICY_CONNMGR] = CONNMGR,
	                                  [POLICY_ELECTOR] = ELECTOR,
	                                  [POLICY_PEER] = PEER,
	                                  [POLICY_CANDIDATE] = STRANGER};

	return kinds[role];
}

static enum kind
kind_of(const struct policy *p, const struct policy_asker *who)
{
	if (!p->apart)
		return who->uid == p->own || who->uid == 0 ? kind_of_child(who->role)
		                                           : STRANGER;
	if (who->uid == 0)
		return ROOT;
	if (who->uid == p->connmgr)
		return CONNMGR;
	if (who->uid == p->elector)
		return ELECTOR;
	if (who->uid == p->peer)
		return PEER;
	if (who->uid == p->conclaved)
		return CONCLAVED;
	return p->hidden && who->uid == POLICY_NOBODY ? HIDDEN : STRANGER;
}

/* A group counts for one whom the users give nothing, and who is no child of ours. */
static enum kind
kind_with_groups(const struct policy *p, const struct policy_asker *who)
{
	enum kind kind = kind_of(p, who);

	if (kind != STRANGER || who->role != POLICY_NO_CHILD)
		return kind;
	if (who->holder)
		return HOLDER;
	return who->reader ? READER : STRANGER;
}

const char *
policy_refuses(const struct policy *p, const struct policy_asker *who,
               enum policy_what what)
{
	return why_not[kind_with_groups(p, who)][what];
}
