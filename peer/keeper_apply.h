/* What the core wants done: its actions as messages, writes, events and log lines. */
#ifndef PEER_KEEPER_APPLY_H
#define PEER_KEEPER_APPLY_H

#include "peer/keeper.h"

/* Does them in order. Returns 0, or -errno where a write could not even be begun: the
 * core must be told so. */
int keeper_apply(struct keeper *k);
/* Tells who started us: ready, and what we are. */
void keeper_say(struct keeper *k);
/* Tells everybody who watches, the log and who started us. */
void keeper_publish(struct keeper *k, const struct role_view *view);

#endif
