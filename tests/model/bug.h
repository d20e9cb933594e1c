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

#endif
