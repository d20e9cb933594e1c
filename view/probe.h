/* Who leads? Asked of election ports, ZooKeeper's or ours, from outside: the bytes of a
 * question, the one frame that answers it, and what all answers together say. Pure: who
 * connects and waits is ctl/poller. Source: zk-behaviour of ZooKeeper 3.8.0; a sender
 * that is no voter is always answered, in every state, and never counted.
 *
 * What is not believed: a frame that was on its way before the question; a leader that
 * does not itself say LEADING under its own sid (a server publishes its state before its
 * vote, so that for some ms a survivor says FOLLOWING, or even LEADING, and names the
 * dead leader); the leader that a LOOKING server names (it is the last one). */
#ifndef VIEW_PROBE_H
#define VIEW_PROBE_H

#include "wire/notif.h"
#include "wire/qconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBE_SERVERS_MAX  64
#define PROBE_ADDRESS_MAX  272 /* HOST:PORT with brackets and NUL */
#define PROBE_FRAME_MAX    60000
#define PROBE_QUESTION_MAX 64
#define PROBE_NAMES_MAX    128
#define PROBE_NUMERIC_MAX  64 /* an address in digits, as wire/qaddr prints it */

struct probe_server {
	char address[PROBE_ADDRESS_MAX]; /* as it was written */
	char host[QCONFIG_HOST_MAX];     /* brackets left out */
	uint16_t port;
	char numeric[PROBE_NUMERIC_MAX]; /* what we are connected to, "" before */

	bool reachable; /* there was a connection in the last turn; for the caller to set
	                 */
	bool answered;
	char error[128]; /* why not */
	uint64_t us;     /* how long the answer took */
	struct notif notif;
	char
	    config[PROBE_FRAME_MAX + 1]; /* NUL-terminated: what notif.config points to */

	/* the connection */
	bool greeted; /* our sid has been said */
	int64_t sid;
	bool waiting; /* a question has no answer yet */
	bool stale;   /* the frame that has begun came before the question */
	size_t held;
	unsigned char in[4 + PROBE_FRAME_MAX];
};

/* A name that stands in a configuration, and one of its addresses. */
struct probe_name {
	char host[QCONFIG_HOST_MAX];
	char numeric[PROBE_NUMERIC_MAX];
};

struct probe { /* some MB: keep it static or on the heap, zeroed */
	unsigned count;
	struct probe_server servers[PROBE_SERVERS_MAX];
	unsigned name_count;
	struct probe_name names[PROBE_NAMES_MAX];
	struct qconfig config; /* scratch */
};

struct probe_verdict {
	bool has_leader; /* exactly one says LEADING under its own sid, or has the quorum
	                  */
	int64_t leader;
	bool quorum;    /* by every configuration that those who name it report */
	bool has_named; /* nobody leads by its own word, but a quorum follows `named` */
	int64_t named;
	const struct probe_server *named_at; /* NULL: was not asked */
	unsigned answered;
};

/* HOST:PORT, an IPv6 address in brackets. False: it is not that, or one too many. */
bool probe_add(struct probe *p, const char *address);

/* Our sid on a new connection: above all that a member is likely to have, below 2^62. */
int64_t probe_sid(uint64_t random);

/* A new connection, to the address `numeric` in digits: forgets the old one. Then
 * probe_ask gives its first bytes, to be sent in one segment. */
void probe_open(struct probe_server *s, int64_t sid, const char *numeric);
/* The next question, on a connection without an open one; `out` has PROBE_QUESTION_MAX.
 * Returns its length. */
size_t probe_ask(struct probe_server *s, void *out);

enum probe_fed {
	PROBE_MORE,   /* nothing yet */
	PROBE_ANSWER, /* `answered`, `notif`, `config` are new */
	PROBE_BAD, /* no election port: `error` says why; the connection is of no use */
};

/* What was received. After PROBE_ANSWER what is left of it is dropped, frame by frame. */
enum probe_fed probe_feed(struct probe_server *s, const void *data, size_t len);

/* No answer, and why. */
void probe_fail(struct probe_server *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Which of the asked addresses is which member is seen by the addresses and ports of the
 * configurations. Where these have names, look-ups help: true with the next name to look
 * up; each must be given to probe_name_add, with an address that it has or "". */
bool probe_name_wanted(struct probe *p, char out[QCONFIG_HOST_MAX]);
void probe_name_add(struct probe *p, const char *host, const char *numeric);

void probe_judge(struct probe *p, struct probe_verdict *out);

#endif
