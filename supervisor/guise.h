/* The users of the workers, as conclaved takes them on: for good in a child that is about
 * to execute a worker, and for a moment where only the worker's user may do something (a
 * signal to it, a look into its folder). As root nothing has to be taken on for a
 * moment. */
#ifndef SUPERVISOR_GUISE_H
#define SUPERVISOR_GUISE_H

#include <stdbool.h>
#include <sys/types.h>

struct guise {
	uid_t uid;
	gid_t gid;
	/* May open ports below 1024; it is the one capability that it can have. */
	bool binds;
};

/* Becomes this user, without any other group or capability; NULL: only gives up what a
 * child could inherit to change users. There is no way back, which is tried. 0 or -errno.
 * Takes no memory and no lock, so that a child of vfork may call it. */
int guise_become(const struct guise *g);

/* For the calls of this thread up to guise_drop. NULL: nothing changes. Takes on the user
 * alone: conclaved has the group. */
void guise_take(const struct guise *g);
void guise_drop(void);

/* True if we may do all that root may of what is needed to keep users apart: change
 * owners, signal every process, look into every folder. */
bool guise_has_all(void);
/* True if we may open ports below 1024, and so give that on. */
bool guise_can_bind(void);
/* True if we may at least take on users. */
bool guise_can_change(void);
/* root takes on the group of what it makes from here on. 0 or -errno. */
int guise_use_group(gid_t gid);
/* After a child of vfork has become somebody in our memory. */
void guise_be_seen(void);
/* root becomes this user, and keeps only what it takes to take on others, and
 * the right to low ports if it has that. 0 or -errno. */
int guise_settle(const struct guise *g);

#endif
