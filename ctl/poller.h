/* Asks all servers of a probe at the same time, each on one connection that is kept for
 * the next question, and waits for none longer than POLLER_DEADLINE_MS. */
#ifndef CTL_POLLER_H
#define CTL_POLLER_H

#include "view/probe.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

#define POLLER_DEADLINE_MS 2000 /* of one turn: look-up, connection, answer */
#define POLLER_NAME_MS     500  /* for the names in a configuration */
#define POLLER_NAMES_MAX   8    /* looked up at one time */
#define POLLER_ONCE        UINT64_MAX

enum poller_state {
	/* between questions; the connection may be open */
	POLLER_IDLE,
	POLLER_NAMING,
	POLLER_CONNECTING,
	POLLER_ASKED,
};

struct poller_line {
	enum poller_state state;
	/* -1: none */
	int fd;
	struct lookup *lookup;
	/* to try when this address fails */
	const struct addrinfo *next;
	/* of the next turn; UINT64_MAX: a pause after the last */
	uint64_t due_us;
	/* of the last turn */
	uint64_t ended_us;
	/* of this turn, and of the attempt at this address */
	uint64_t begun_us, until_us, attempt_until_us;
};

struct poller_name {
	/* NULL: free */
	struct lookup *lookup;
	char host[QCONFIG_HOST_MAX];
	uint64_t until_us;
};

struct poller {
	/* borrowed */
	struct probe *probe;
	/* between two turns, or POLLER_ONCE; may be set at any time */
	uint64_t pause_us;
	/* an eventfd: a look-up is done */
	int wake;
	struct poller_line lines[PROBE_SERVERS_MAX];
	struct poller_name names[POLLER_NAMES_MAX];
};

int poller_init(struct poller *q, struct probe *p, uint64_t pause_us); /* 0, -errno */
void poller_deinit(struct poller *q);

/* Waits, and returns when something has happened. False: all turns are over and no other
 * follows; or nobody reads our standard output any more. */
bool poller_step(struct poller *q);

/* True: the turn of some server is not over. */
bool poller_busy(const struct poller *q);

#endif
