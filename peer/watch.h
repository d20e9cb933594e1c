/* Who subscribed to our events. One who does not drain its socket is cut. */
#ifndef PEER_WATCH_H
#define PEER_WATCH_H

#include "ipc/door.h"

#include <stdbool.h>
#include <stddef.h>

#define WATCH_MAX 48 /* so that there is always room for questions at the door */

struct watch {
	unsigned count;
	struct door_conn *list[WATCH_MAX];
};

bool watch_add(struct watch *w,
               struct door_conn *c); /* false: full; true too if it is there */
void watch_remove(struct watch *w, const struct door_conn *c); /* when it is gone */
void watch_send(struct watch *w, const void *data, size_t len);

#endif
