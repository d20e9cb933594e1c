/* The handle of libconclave, inside: two connections to the peer's door, each with a
 * small machine of its own. One watches, and one is the hold; so who does not read what
 * is said of the state does not lose the hold. The files call downwards only:
 *
 *   conclave.c  open, close, waiting, and what a program calls
 *   confirm.c   does this server lead?
 *   inherit.c   the lease of `conclave run`
 *   hold.c      the connection that is the hold
 *   watch.c     the connection that tells the state
 *   knock.c     one connection to the door
 *   answer.c    reads what comes
 *   term.c      what may be believed of the lease */
#ifndef LIB_HANDLE_H
#define LIB_HANDLE_H

#include "lib/conclave.h"
#include "lib/knock.h"
#include "lib/term.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum handle_hold {
	HANDLE_NO_HOLD,
	/* The connection ended, or the daemon has refused for now: hold_due_ns. */
	HANDLE_HOLD_AGAIN,
	HANDLE_ASKED,
	HANDLE_HELD,
	HANDLE_LETS_GO
};

/* A thread that waits. It is woken by another thread that took something. */
struct handle_waiter {
	int event;
	struct handle_waiter *next;
};

struct conclave {
	/* Read without the lock by conclave_leading. */
	struct term term;
	pthread_mutex_t lock;
	struct handle_waiter *waiters;
	int epoll;
	int timer;
	/* when the timer is to ring; 0: never */
	uint64_t armed_ns;
	struct knock_path path;
	/* for one packet */
	char *text;

	int watch;
	uint64_t watch_due_ns;
	unsigned watch_failed;
	struct conclave_state state;
	/* how often it changed */
	uint64_t changes;

	int hold;
	enum handle_hold phase;
	uint64_t hold_due_ns;
	unsigned hold_failed;
	/* Nobody has answered yet: an error is for who asked, and ends it. */
	bool first;
	/* why the last attempt failed, -errno */
	int hold_error;
	char request[CONCLAVE_NAME_MAX + 8];
	int cgroup_kill;
	/* More of them, by their numbers less one; -1: none. Bits of `untold`: the daemon
	 * with which we hold does not have it yet. */
	int kills[CONCLAVE_CGROUPS_MAX];
	uint32_t untold;
	/* of the daemon with which we hold; 0: it has not said so */
	uint32_t lease_ms;
	/* a static word, or NULL */
	const char *stop;
	bool grace;

	/* How the lease was, when it is to be looked at again, and since when we look for
	 * one in vain; 0: we do not. */
	bool led;
	uint64_t look_due_ns;
	uint64_t look_since_ns;
};

/* 5 ms, and twice as long after each failure, up to 320 ms. */
uint64_t handle_again_ns(unsigned *failed);

void watch_step(struct conclave *c, uint64_t now_ns);

/* With the lock. 0 or -errno; the answer is awaited then. */
int hold_begin(struct conclave *c);
void hold_step(struct conclave *c, uint64_t now_ns);
/* With the lock, while there is a hold. 0 or -errno. */
int hold_kills(struct conclave *c, unsigned at, int cgroup_kill);
/* Says that the hold is let go. 0 or -errno; then there is no hold any more. */
int hold_let_go(struct conclave *c);
/* Closes the connection: there is no hold, and none is wanted. */
void hold_end(struct conclave *c);
/* Closes all of cgroup_kill and kills. */
void hold_drop_kills(struct conclave *c);

#endif
