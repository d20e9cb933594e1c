/* The peer's door: status, who watches, and the claim. */
#ifndef PEER_KEEPER_DOOR_H
#define PEER_KEEPER_DOOR_H

#include "peer/keeper.h"

int keeper_door_open(struct keeper *k); /* 0 or -errno */
void keeper_door_close(struct keeper *k);

#endif
