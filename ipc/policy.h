/* Who may have what at a door, and who may be at the other end of a link: one table, for
 * all programs. A worker's word is worth its own role and nothing else.
 *
 * The users of the processes decide. Where each worker has a user of its own they are
 * *apart*, and a uid tells which worker asks. Where all have one user, a uid tells
 * nothing, and what conclaved has started a process as may still be a reason to refuse.
 * Pure. */
#ifndef IPC_POLICY_H
#define IPC_POLICY_H

#include <stdbool.h>
#include <stdint.h>

enum policy_what {
	/* Answers that change nothing: status, watch, shadow. */
	POLICY_READ,
	/* All else that can be asked for in words: swap, promote, restart, claim. */
	POLICY_ADMINISTER,
	/* To attach to connmgr, and to dial the link that it gives. */
	POLICY_BE_ELECTOR,
	POLICY_BE_PEER,
	/* To be the connmgr to which a worker attaches. */
	POLICY_BE_CONNMGR,
	/* To hold: to rely on our leadership, which makes failovers wait for the end of
	 * a lease. A worker must not do that to its server. */
	POLICY_HOLD,
	POLICY_WHATS
};

struct policy {
	/* Each worker has a user of its own. */
	bool apart;
	/* We are in a namespace that hides the users of all others but root: their uid
	 * reads as `nobody`. The owners and modes of folders still hold. */
	bool hidden;
	/* Of the process that asks itself. */
	uint32_t own;
	/* These count only if `apart`; `conclaved` besides root. */
	uint32_t conclaved;
	uint32_t connmgr;
	uint32_t elector;
	uint32_t peer;
};

#define POLICY_NOBODY 65534u

/* As what our conclaved has started a process. */
enum policy_role {
	POLICY_NO_CHILD,
	POLICY_CONNMGR,
	POLICY_ELECTOR,
	POLICY_PEER,
	/* A program that is to tell what it is. */
	POLICY_CANDIDATE,
};

struct policy_asker {
	uint32_t uid;
	/* It belongs to the group that the key control_group names. */
	bool reader;
	/* It belongs to the group that the key hold_group names, which may read, too. */
	bool holder;
	/* It may be a reason to refuse, and is none to grant. */
	enum policy_role role;
};

/* NULL: yes; else why not, for the one who asks. */
const char *policy_refuses(const struct policy *p, const struct policy_asker *who,
                           enum policy_what what);

#endif
