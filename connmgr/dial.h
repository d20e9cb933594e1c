/* One attempt at a time to connect to one remote: resolve, connect, perhaps nudge. Never
 * blocks. When it gives up and how often it is made is the link's decision (link.h). */
#ifndef CONNMGR_DIAL_H
#define CONNMGR_DIAL_H

#include "connmgr/resolve.h"

struct dial_ops {
	void (*on_stands)(void *user); /* nothing sent yet: nudge, take or cancel it */
	void (*on_failed)(void *user, enum msg_reason reason);
	void (*on_closed)(void *user, enum msg_reason reason); /* while nudging */
};

/* In the owner's memory. */
struct dial {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	const struct dial_ops *ops;
	void *user;
	struct resolve_query query;
	sd_event_source *source;
	int fd; /* -1: none */
	bool nudging;
};

void dial_init(struct dial *d, sd_event *loop, struct resolver *resolver,
               const struct conf *conf, const struct dial_ops *ops, void *user);
/* Ends what was under way. on_stands or on_failed may come from inside. */
void dial_start(struct dial *d, const char *host, uint16_t port);
/* Our initial message, whole or not at all; then on_closed when the remote ends it. */
void dial_nudge(struct dial *d, const void *hello, size_t len);
/* Hands the connection over: its descriptor, now the caller's. */
int dial_take(struct dial *d);
void dial_cancel(struct dial *d); /* also when there is nothing; no callback */

#endif
