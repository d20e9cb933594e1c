/* Bugs on purpose, to see that the search finds them: bug.c has those before and after a
 * step of the core, bug_members.c those in what it calls. */
#ifndef TESTS_MODEL_BUG_H
#define TESTS_MODEL_BUG_H

#include "tests/model/model.h"

enum model_bug {
	MODEL_BUG_NONE,
	/* A write ends before its bytes are on the disk. */
	MODEL_BUG_NO_SYNC,
	/* An epoch is promised again over another link. */
	MODEL_BUG_TWICE,
	/* An ACKEPOCH that is no promise counts as one. */
	MODEL_BUG_REFUSAL,
	/* A leader counts its own word before it is written; a follower answers before.
	 */
	MODEL_BUG_OWN_PROMISE,
	MODEL_BUG_EARLY_ANSWER,
	/* A promise, or an ACK, counts for the proposal, whichever epoch it was for. */
	MODEL_BUG_OLD_PROMISE,
	MODEL_BUG_OLD_ACK,
	/* A majority founds a group; files of any version do; founders ignore records. */
	MODEL_BUG_FOUND_MAJORITY,
	MODEL_BUG_FOUND_VERSION,
	MODEL_BUG_FOUND_RECORDS,
	/* A change has one step; of the joint step only new, only old counts; only old
	 * counts for ACKs. */
	MODEL_BUG_NO_JOINT,
	MODEL_BUG_NEW_ONLY,
	MODEL_BUG_OLD_ONLY,
	MODEL_BUG_ACK_OLD,
	/* The file counts, not the record. */
	MODEL_BUG_FILE,
	/* A start takes old from a joint record; a leader does; no report is adopted; of
	 * two records the larger version is. */
	MODEL_BUG_FORGET_JOINT,
	MODEL_BUG_DROP_JOINT,
	MODEL_BUG_NO_ADOPT,
	MODEL_BUG_BY_VERSION,
	/* Any disk of a server counts; a new disk is taken in without a renewal. */
	MODEL_BUG_NO_INSTANCE,
	MODEL_BUG_IN_PLACE,
	/* An ACK does not wait for the record of members. */
	MODEL_BUG_EARLY_ACK,
	/* A change is given up by another leader; in its second step; a second change
	 * takes the place of a joint one. */
	MODEL_BUG_OTHER_GIVES_UP,
	MODEL_BUG_LATE_GIVE_UP,
	MODEL_BUG_HASTY,
	/* A leader counts itself though it is no member; its second step needs no
	 * promises. */
	MODEL_BUG_SELF,
	MODEL_BUG_NO_PROMISE,
	/* An old copy of the disk is not noticed. */
	MODEL_BUG_RESTORE,
	/* Only voters of new lead. */
	MODEL_BUG_NEW_LEADS,
	/* Leases, as in docs/LEASE.md. No gate (R4); none for the own ACK. */
	MODEL_BUG_NO_GATE,
	MODEL_BUG_OWN_ACK,
	/* A start forgets what was promised to others, or to itself; what a reboot
	 * forgot binds nobody (R6). */
	MODEL_BUG_FORGET_PROMISE,
	MODEL_BUG_FORGET_OWN,
	MODEL_BUG_REBOOT_FREE,
	/* A lease counts from the answer; is as long as if clocks were right; needs no
	 * quorum; every link counts when one answers; an answer without a promise counts
	 * (R3). */
	MODEL_BUG_FROM_RECEIPT,
	MODEL_BUG_NO_DRIFT,
	MODEL_BUG_NO_QUORUM,
	MODEL_BUG_ONE_PROMISE,
	MODEL_BUG_ECHO_COUNTS,
	/* A follower promises its own length; a PING without WANT ends a promise (R2). */
	MODEL_BUG_OWN_LENGTH,
	MODEL_BUG_WANT_CLEARS,
	/* A release does not wait for those who hold, for those who are gone without a
	 * word, for those of an earlier process (R5); who holds with an earlier process
	 * believes the page of the next one (R11). */
	MODEL_BUG_EARLY_RELEASE,
	MODEL_BUG_BROKEN_LETS_GO,
	MODEL_BUG_RESTART_LETS_GO,
	MODEL_BUG_RELIES,
	/* An epoch that was released is taken up again (R7). */
	MODEL_BUG_RESUME_RELEASED,
	MODEL_BUGS,
};

extern enum model_bug model_bug;

/* Returns the name of the case that shows it; NULL: there is no such bug. */
const char *model_bug_set(const char *name);
const char *model_bug_name(unsigned i); /* NULL: there are no more */
/* Before a step, and after it: the core before and after. */
void model_bug_before(struct role *r, const struct role_event *ev);
void model_bug_after(const struct role *before, struct role *r,
                     const struct role_event *ev);
/* What the core hears instead. */
void model_bug_packet(const struct role *r, struct model_packet *p);
/* Does the end of a write come before its bytes are on the disk? */
bool model_bug_no_sync(void);
/* What a crash, or an old copy, makes of the record. */
void model_bug_boot(struct role_record *record);
bool model_bug_restore(void);

/* ---- bug_lease.c ---- */

/* Of START. */
void model_bug_start(struct role_event *out, const struct model_event *ev);
bool model_bug_relies(void);
bool model_bug_resumes(void);
void model_bug_lease_before(struct role *r, const struct role_event *ev);
void model_bug_lease_after(const struct role *before, struct role *r,
                           const struct role_event *ev);
void model_bug_lease_packet(const struct role *r, struct model_packet *p);

#endif
