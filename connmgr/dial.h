/* One attempt at a time to connect to one remote: resolve its name, connect, perhaps
 * nudge it. It never blocks. The link (link.h) decides when to give up and when to dial
 * again. What ZooKeeper's initiateConnectionAsync does with threads. */
#ifndef CONNMGR_DIAL_H
#define CONNMGR_DIAL_H

#include "connmgr/resolve.h"
#include "connmgr/stream.h"

struct dial_ops {
	/* It stands, and nothing was sent yet: nudge, take or cancel it. */
	void (*on_stands)(void *user);
	void (*on_failed)(void *user, enum msg_reason reason);
	/* The remote ended it while it was nudged. */
	void (*on_closed)(void *user, enum msg_reason reason);
};

/* In the owner's memory. */
struct dial {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	const struct dial_ops *ops;
	void *user;
	struct resolve_query query;
	struct stream stream;
};

void dial_init(struct dial *d, sd_event *loop, struct resolver *resolver,
               const struct conf *conf, const struct dial_ops *ops, void *user);

/* Ends what was under way. on_stands or on_failed may come from inside. */
void dial_start(struct dial *d, const char *host, uint16_t port);
/* Sends our initial message, whole or not at all; then on_closed when the remote ends the
 * connection. */
void dial_nudge(struct dial *d, const void *hello, size_t len);
void dial_cancel(struct dial *d); /* also when there is nothing; no callback */

#endif
