/* Asks all servers of a probe at the same time, each on one connection that is kept for
 * the next question, and none for longer than POLLER_DEADLINE_MS. */
#ifndef CTL_POLLER_H
#define CTL_POLLER_H

#include "ctl/lookup.h"
#include "view/probe.h"

#include <stdbool.h>
#include <stdint.h>

#define POLLER_DEADLINE_MS 2000 /* of one turn: look-up, connection, answer */
#define POLLER_NAME_MS     500  /* for the names in a configuration */
#define POLLER_NAMES_MAX   8    /* looked up at one time */
#define POLLER_ONCE        UINT64_MAX

enum poller_state {
	POLLER_IDLE, /* between questions; the connection may be open */
	POLLER_NAMING,
	POLLER_CONNECTING,
	POLLER_ASKED,
};

struct poller_line {
	enum poller_state state;
	int fd; /* -1: none */
	struct lookup *lookup;
	const struct addrinfo *next; /* to try when this address fails */
	uint64_t due_us;   /* of the next turn; UINT64_MAX: a pause after the last */
	uint64_t ended_us; /* the last turn */
	uint64_t begun_us, until_us; /* this turn */
	uint64_t attempt_until_us;   /* this address */
};

struct poller_name {
	struct lookup *lookup; /* NULL: free */
	char host[QCONFIG_HOST_MAX];
	uint64_t until_us;
};

struct poller {
	struct probe *probe; /* borrowed */
	uint64_t pause_us;   /* between two turns; POLLER_ONCE. May be set at any time */
	int wake;            /* eventfd: a look-up is done */
	struct poller_line lines[PROBE_SERVERS_MAX];
	struct poller_name names[POLLER_NAMES_MAX];
};

int poller_init(struct poller *q, struct probe *p, uint64_t pause_us); /* 0, -errno */
void poller_deinit(struct poller *q);

/* Goes on, and returns when something has happened. False: all turns are over and there
 * is no other; or nobody reads our standard output any more. */
bool poller_step(struct poller *q);

bool poller_busy(const struct poller *q); /* somebody's turn is not over */

#endif
