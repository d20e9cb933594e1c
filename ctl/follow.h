/* A subscription to the peer's events that outlives the peer: where it is not there, or
 * ends, that is an event too ("down"), and it is dialled again until it is back. */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include "ipc/door.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLLOW_RETRY_MS 20
#define FOLLOW_HEAR_MS  400 /* a peer that is there and says nothing is called down */

struct follow {
	char path[128];
	int64_t id; /* of this server: for the events that we make */
	int fd;     /* -1: not connected */
	bool down;  /* has been said */
	bool heard; /* on this connection */
	int reader; /* -1: none */
	uint64_t hear_by_ms;
	uint64_t retry_ms;
	char line[DOOR_REPLY_MAX + 1];
};

enum follow_result {
	FOLLOW_EVENT,  /* `line`: as the peer said it, without a final newline */
	FOLLOW_DOWN,   /* `line`: made by us, in the same form, state "down" */
	FOLLOW_LATE,   /* until_ms has passed */
	FOLLOW_CLOSED, /* nobody reads what goes to `reader` any more */
};

/* `reader`: a descriptor whose reader's end ends the following too; -1: nobody's does. */
void follow_init(struct follow *f, const char *run_dir, int64_t id, int reader);
void follow_deinit(struct follow *f);
/* Waits for the next event, up to `until_ms` (clock_ms; UINT64_MAX: for ever). */
enum follow_result follow_next(struct follow *f, uint64_t until_ms);

#endif
