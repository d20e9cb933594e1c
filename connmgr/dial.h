/* One attempt at a time to connect to one remote: resolve its name, connect, perhaps
 * nudge it. It never blocks. The core of the lane (link.h, places.h) decides when to give
 * up and when to dial again. ZooKeeper's initiateConnectionAsync does the same with
 * threads. */
#ifndef CONNMGR_DIAL_H
#define CONNMGR_DIAL_H

#include "connmgr/resolve.h"
#include "connmgr/secure.h"
#include "connmgr/stream.h"

enum dial_outcome {
	/* The connection stands: nudge, take or cancel it. */
	DIAL_STANDS,
	/* There is none: reason. */
	DIAL_FAILED,
	/* It was nudged, and the remote has closed it: reason. */
	DIAL_CLOSED,
};

/* The owner has its memory, fills it down to `user`, and sets `stream` to STREAM_NONE. */
struct dial {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	/* NULL: without TLS; and whom it dials. */
	struct secure *secure;
	int64_t sid;
	void (*report)(void *user, enum dial_outcome outcome, enum msg_reason reason);
	void *user;
	struct resolve_query query;
	struct stream stream;
	/* The number of the key that it dials with, and where to. */
	unsigned key;
	struct address address;
};

/* Ends the attempt that was under way, and begins one. `report` may be called inside. */
void dial_start(struct dial *d, const char *host, uint16_t port);
/* Sends our initial message, whole or not at all; then waits for the remote to end the
 * connection. */
void dial_nudge(struct dial *d, const void *hello, size_t len);
void dial_cancel(struct dial *d); /* no report; there may be no attempt */

#endif
