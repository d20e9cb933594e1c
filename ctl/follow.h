/* A subscription to the peer's events that outlives the peer: where the peer is not
 * there, or ends, that is an event too ("down"), and the connection is tried again until
 * the peer is back. */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include "client/door.h"
#include "ipc/door.h"

#include <jansson.h>

#define FOLLOW_RETRY_MS 20
#define FOLLOW_HEAR_MS  400 /* a peer that is there and says nothing is called down */

struct follow {
	char path[128];
	/* of this server: for the events that are made here */
	int64_t id;
	struct client client;
	/* `client` is in use */
	bool open;
	/* "down" was the last event */
	bool down;
	/* an event came on this connection */
	bool heard;
	/* -1: none */
	int reader;
	uint64_t hear_by_ms;
	uint64_t retry_ms;
	/* The event, and its text without a final newline: of the last FOLLOW_EVENT or
	 * FOLLOW_DOWN. */
	json_t *event;
	char line[DOOR_REPLY_MAX + 1];
};

enum follow_result {
	/* as the peer said it */
	FOLLOW_EVENT,
	/* made here, in the same form: state "down" */
	FOLLOW_DOWN,
	/* until_ms has passed */
	FOLLOW_LATE,
	/* nobody reads `reader` any more */
	FOLLOW_CLOSED,
};

/* `reader`: a pipe or the like; when nobody reads it any more the following ends. -1: it
 * does not end. */
void follow_init(struct follow *f, const char *run_dir, int64_t id, int reader);
void follow_deinit(struct follow *f);
/* Waits for the next event, up to `until_ms` (clock_ms; UINT64_MAX: for ever). */
enum follow_result follow_next(struct follow *f, uint64_t until_ms);

#endif
