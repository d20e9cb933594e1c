/* The listening side of one lane (QuorumCnxManager.Listener): a listener for each of our
 * addresses, and the accepted connections whose initial message is still to come. A
 * silent, slow or hostile connection costs nobody else anything: all are read side by
 * side, each has a deadline, and when there are too many, the oldest is closed. */
#ifndef CONNMGR_GREET_H
#define CONNMGR_GREET_H

#include "connmgr/resolve.h"
#include "connmgr/secure.h"
#include "connmgr/stream.h"
#include "wire/qconfig.h"

#define GREET_LISTENERS_MAX 8

struct greet;

struct greet_ops {
	/* An initial message came. The receiver takes the stream or closes it. `early`,
	 * the bytes behind that message, is borrowed for the call. */
	void (*on_greeted)(void *user, int64_t sid, struct stream *s,
	                   const unsigned char *early, size_t early_len);
	/* A listener has opened, or could not. */
	void (*on_port)(void *user);
};

struct greet_listener {
	char text[CONF_HOST_MAX + 8]; /* host:port, as configured */
	bool open;
	const char *reason; /* why it waits, "" */
};

struct greet_view {       /* for status */
	unsigned pending; /* greetings */
	unsigned listener_count;
	struct greet_listener listeners[GREET_LISTENERS_MAX];
	uint64_t accepted;
	uint64_t refused; /* what came was no initial message, or not who it says */
	uint64_t silent;  /* past the deadline */
	uint64_t evicted; /* closed for room */
	uint64_t shed;    /* no descriptors left */
};

/* Borrows `name` of the lane. A server that is not in its own list listens nowhere. At
 * most `max` connections greet at a time. 0 or -errno. */
int greet_new(struct greet **out, sd_event *loop, struct resolver *resolver,
              const struct conf *conf, const char *name, uint16_t port, unsigned max,
              const struct greet_ops *ops, void *user);
/* Before greet_start: who comes has to prove who it is. `probes`: strangers may ask. */
void greet_secure(struct greet *g, struct secure *secure, bool probes);
/* Listens at these addresses of this server, in the place of none: for a server that is
 * not in its own list and is told later where it is. After greet_start; all have the port
 * of the first, others are left out. Does nothing if there are listeners. */
void greet_listen(struct greet *g, const struct qconfig_addr *list, unsigned count);
/* Listens. A port that cannot be bound is tried again for ever, with backoff. */
void greet_start(struct greet *g);
void greet_free(struct greet *g);
uint64_t greet_due_ms(const struct greet *g);
void greet_on_due(struct greet *g, uint64_t now_ms);

/* Our numeric addresses, `a:p|b:p`; false while none is known. */
bool greet_addresses(const struct greet *g, char *out, size_t cap);
const struct greet_view *greet_view(const struct greet *g);

#endif
