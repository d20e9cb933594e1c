/* Which servers that are not in the configuration hold a connection of the election lane:
 * a table of bounded size. One connection for each sid, the newer takes the place of the
 * older; when it is full the one that was silent for longest makes room. */
#ifndef CONNMGR_LINK_STRANGER_H
#define CONNMGR_LINK_STRANGER_H

#include <stdbool.h>
#include <stdint.h>

struct link_stranger {
	bool used;
	int64_t sid;
	uint64_t heard; /* the turn of its last frame, or of its connection */
};

struct link_strangers {
	unsigned max;
	unsigned count;
	uint64_t turn;              /* counts what was heard, from all of them */
	struct link_stranger *list; /* of `max`; the caller's memory, zeroed */
};

/* The place for a new connection of `sid`; `evicted` says that the one which held that
 * place must be closed first (`evicted_sid` is whose it was). -1: max is 0. */
int link_stranger_take(struct link_strangers *t, int64_t sid, bool *evicted,
                       int64_t *evicted_sid);
int link_stranger_find(const struct link_strangers *t, int64_t sid); /* -1: none */
void link_stranger_heard(struct link_strangers *t, unsigned index);
void link_stranger_drop(struct link_strangers *t, unsigned index);

#endif
