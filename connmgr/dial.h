/* One attempt at a time to connect to one remote: resolve its name, connect, perhaps
 * nudge it. It never blocks. The link (link.h) decides when to give up and when to dial
 * again. ZooKeeper's initiateConnectionAsync does the same with threads. */
#ifndef CONNMGR_DIAL_H
#define CONNMGR_DIAL_H

#include "connmgr/link.h"
#include "connmgr/resolve.h"
#include "connmgr/stream.h"

/* The owner has its memory, fills it down to `user`, and sets `stream` to STREAM_NONE. */
struct dial {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	/* LINK_EV_DIALED: nudge, take or cancel it; LINK_EV_DIAL_FAILED; or
	 * LINK_EV_DIAL_CLOSED, while it was nudged. */
	void (*report)(void *user, enum link_event_type type, enum msg_reason reason);
	void *user;
	struct resolve_query query;
	struct stream stream;
};

/* Ends the attempt that was under way, and begins one. `report` may be called inside. */
void dial_start(struct dial *d, const char *host, uint16_t port);
/* Sends our initial message, whole or not at all; then waits for the remote to end the
 * connection. */
void dial_nudge(struct dial *d, const void *hello, size_t len);
void dial_cancel(struct dial *d); /* no report; there may be no attempt */

#endif
