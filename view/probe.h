/* Asks election ports, ZooKeeper's or ours, who leads: the bytes of the question, the one
 * frame that answers it, and the verdict on all answers. Pure: ctl/poller connects and
 * waits. It works because FastLeaderElection (ZooKeeper 3.8.0) answers a sender that is
 * no voter in every state, and never counts it.
 *
 * Not believed are: a frame that was sent before the question; a leader that does not say
 * LEADING under its own sid (a server publishes its state before its vote, so that for
 * some ms a survivor says FOLLOWING, or even LEADING, and names the dead leader); the
 * leader that a LOOKING server names (that is the last one). */
#ifndef VIEW_PROBE_H
#define VIEW_PROBE_H

#include "wire/members.h"
#include "wire/notif.h"
#include "wire/qconfig.h"

#include <jansson.h>
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
	/* as it was written */
	char address[PROBE_ADDRESS_MAX];
	/* without brackets */
	char host[QCONFIG_HOST_MAX];
	uint16_t port;
	/* the address of the connection in digits, "" before */
	char numeric[PROBE_NUMERIC_MAX];

	/* there was a connection in the last turn; the caller sets it */
	bool reachable;
	bool answered;
	/* why there is no answer */
	char error[128];
	/* how long the answer took */
	uint64_t us;
	struct notif notif;
	/* NUL-terminated: what notif.config points to */
	char config[PROBE_FRAME_MAX + 1];

	/* by probe_judge: which of the memberships it reports; -1: none */
	int membership;

	/* of the connection: our sid, and whether it was sent */
	bool greeted;
	int64_t sid;
	/* a question has no answer yet */
	bool waiting;
	/* the present frame began before the question */
	bool stale;
	size_t held;
	unsigned char in[4 + PROBE_FRAME_MAX];
};

/* A name that stands in a configuration, and one of its addresses. */
struct probe_name {
	char host[QCONFIG_HOST_MAX];
	char numeric[PROBE_NUMERIC_MAX];
};

/* What one or more servers report in their configuration: version and members, without
 * the addresses. */
struct probe_membership {
	int64_t version;
	/* all zero where no membership is like what they report */
	struct members members;
	/* who reports it first */
	const struct probe_server *owner;
};

/* Some MB: keep it static or on the heap, zeroed. */
struct probe {
	unsigned count;
	struct probe_server servers[PROBE_SERVERS_MAX];
	unsigned name_count;
	struct probe_name names[PROBE_NAMES_MAX];
	/* by probe_judge: all that differ, in the order of the servers */
	unsigned membership_count;
	struct probe_membership memberships[PROBE_SERVERS_MAX];
	/* scratch */
	struct qconfig config;
};

/* A server that says LEADING under its own sid. */
struct probe_leader {
	int64_t sid;
	int64_t epoch;
	/* by every configuration that the servers which name it report */
	bool quorum;
};

struct probe_verdict {
	/* one server alone says LEADING under its own sid, or one of these has a quorum
	 */
	bool has_leader;
	int64_t leader;
	/* All that say so, each once: more than one are more than one. */
	unsigned leader_count;
	struct probe_leader leaders[PROBE_SERVERS_MAX];
	/* by every configuration that the servers which name the leader report */
	bool quorum;
	/* no server says that it leads, but a quorum follows `named` */
	bool has_named;
	int64_t named;
	/* NULL: that server was not asked */
	const struct probe_server *named_at;
	unsigned answered;
};

/* Adds HOST:PORT, an IPv6 address in brackets. False: it is not that, or one too many. */
bool probe_add(struct probe *p, const char *address);

/* Our sid on a new connection: larger than a member is likely to have, below 2^62. */
int64_t probe_sid(uint64_t random);

/* A new connection, to the address `numeric` in digits: forgets the old one. Then
 * probe_ask gives its first bytes, to be sent in one segment. */
void probe_open(struct probe_server *s, int64_t sid, const char *numeric);
/* Writes the next question, where the last one was answered; `out` has
 * PROBE_QUESTION_MAX bytes. Returns its length. */
size_t probe_ask(struct probe_server *s, void *out);

enum probe_fed {
	/* no answer yet */
	PROBE_MORE,
	/* `answered`, `notif`, `config` are new */
	PROBE_ANSWER,
	/* this is no election port: `error` says why; close the connection */
	PROBE_BAD,
};

/* Takes received bytes. Frames after the answer are dropped. */
enum probe_fed probe_feed(struct probe_server *s, const void *data, size_t len);

/* Notes that there is no answer, and why. */
void probe_fail(struct probe_server *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The asked servers are matched with the members of the configurations by address and
 * port. Where a configuration has names, these must be looked up: true, with the next
 * name to look up; give each to probe_name_add, with each of its addresses or with "". */
bool probe_name_wanted(struct probe *p, char out[QCONFIG_HOST_MAX]);
void probe_name_add(struct probe *p, const char *host, const char *numeric);

void probe_judge(struct probe *p, struct probe_verdict *out);
/* The verdict in one sentence. Returns `out`. */
const char *probe_say(const struct probe_verdict *v, char *out, size_t cap);
/* Which memberships the servers report, in one sentence; "" where all report the same.
 * Returns `out`. */
const char *probe_say_members(const struct probe *p, char *out, size_t cap);
/* `leader` (sid or null), `quorum`, `leaders`, `named` (sid or null), `memberships`,
 * `servers`; the caller frees it. */
json_t *probe_json(const struct probe *p, const struct probe_verdict *v);

#endif
