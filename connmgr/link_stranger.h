/* The servers that are not in the configuration and hold a connection of the election
 * lane, in a table of bounded size. Each sid has one connection: a newer one takes the
 * place of the older. When the table is full, the sid that was silent for longest makes
 * room. */
#ifndef CONNMGR_LINK_STRANGER_H
#define CONNMGR_LINK_STRANGER_H

#include <stdbool.h>
#include <stdint.h>

struct link_stranger {
	bool used;
	int64_t sid;
	uint64_t heard; /* `turn` at its last frame, or at its connection */
};

struct link_strangers {
	unsigned max;
	unsigned count;
	uint64_t turn;              /* counts the frames and connections of all */
	struct link_stranger *list; /* `max` places: the caller's memory, zeroed */
};

/* The place for a new connection of `sid`. `evicted`: the connection of `evicted_sid`,
 * which had that place, must be closed first. -1: max is 0. */
int link_stranger_take(struct link_strangers *t, int64_t sid, bool *evicted,
                       int64_t *evicted_sid);
int link_stranger_find(const struct link_strangers *t, int64_t sid); /* -1: none */
void link_stranger_heard(struct link_strangers *t, unsigned index);
void link_stranger_drop(struct link_strangers *t, unsigned index);

#endif
