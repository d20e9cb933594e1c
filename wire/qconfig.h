/* ZooKeeper's configuration text, which travels in notifications: a Java properties file
 * with server.N, group.G, weight.N and version; and ours, which has priority.N, too.
 * Source: QuorumPeerConfig, QuorumServer, QuorumMaj and QuorumHierarchical of
 * ZooKeeper 3.8.0. */
#ifndef WIRE_QCONFIG_H
#define WIRE_QCONFIG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef QCONFIG_SERVERS_MAX
#define QCONFIG_SERVERS_MAX 64 /* ours; ZooKeeper has no bound */
#endif
#ifndef QCONFIG_GROUPS_MAX
#define QCONFIG_GROUPS_MAX 64
#endif
#define QCONFIG_ADDRS_MAX 8     /* addresses of one server */
#define QCONFIG_HOST_MAX  256   /* with the final NUL */
#define QCONFIG_TEXT_MAX  32768 /* as PROPERTIES_TEXT_MAX */

struct qconfig_addr {
	/* as it is printed, without the brackets of IPv6 */
	char host[QCONFIG_HOST_MAX];
	uint16_t port;
};

struct qconfig_server {
	int64_t sid;
	bool observer;
	/* 0 where the text has just `|` */
	unsigned addr_count;
	struct qconfig_addr quorum[QCONFIG_ADDRS_MAX];
	/* at least addr_count: ZooKeeper has a set of addresses for each purpose */
	unsigned election_count;
	struct qconfig_addr election[QCONFIG_ADDRS_MAX];
	bool has_client;
	struct qconfig_addr client;
};

struct qconfig_group {
	int64_t gid;
	unsigned member_count;
	int64_t members[QCONFIG_SERVERS_MAX];
};

struct qconfig_weight {
	int64_t sid;
	int64_t weight;
};

struct qconfig_priority {
	int64_t sid;
	int64_t priority;
};

struct qconfig {
	bool hierarchical;
	int64_t version;
	/* in the order in which Java walks its properties, not that of the text */
	unsigned server_count;
	struct qconfig_server servers[QCONFIG_SERVERS_MAX];
	unsigned group_count;
	struct qconfig_group groups[QCONFIG_GROUPS_MAX];
	/* hierarchical: participants without a weight in the text have 1 here */
	unsigned weight_count;
	struct qconfig_weight weights[2 * QCONFIG_SERVERS_MAX];
	/* in the order of the text; who has none has 0 */
	unsigned priority_count;
	struct qconfig_priority priorities[QCONFIG_SERVERS_MAX];
};

/* What each means is the text that qconfig_result_name returns. */
enum qconfig_result {
	QCONFIG_OK,
	QCONFIG_SYNTAX,
	QCONFIG_KEY,
	QCONFIG_NUMBER,
	QCONFIG_SERVER,
	QCONFIG_PORT,
	QCONFIG_ROLE,
	QCONFIG_MULTI,
	QCONFIG_GROUP,
	QCONFIG_WEIGHT,
	QCONFIG_MEMBERS,
	QCONFIG_TOO_MANY,
};

/* `multi`: zookeeper.multiAddress.enabled. `out` is scratch unless QCONFIG_OK. */
enum qconfig_result qconfig_parse(const char *text, size_t len, bool multi,
                                  struct qconfig *out);
/* One server line's value (right of `server.N=`) into a server with sid `sid`. */
enum qconfig_result qconfig_parse_server(int64_t sid, const char *text, size_t len,
                                         bool multi, struct qconfig_server *out);

/* QuorumVerifier.toString(): in Java's order, no final newline. Returns the length
 * (NUL-terminated beyond it), 0 if it does not fit. */
size_t qconfig_print(const struct qconfig *in, char *out, size_t cap);
void qconfig_put_server(struct buf_out *b, const struct qconfig_server *s);
/* QuorumVerifier.equals(): same kind, members (addresses and roles included), weights,
 * groups and priorities; the version is not compared. */
bool qconfig_equal(const struct qconfig *a, const struct qconfig *b);

/* For qconfig*.c only. */
/* The order in which Java walks a java.util.HashMap<Long> of these keys, at most
 * 2 * QCONFIG_SERVERS_MAX of them: their indices. */
void qconfig_java_order(const int64_t *keys, unsigned count, unsigned *order);
/* The same of the members: indices of `servers`. */
void qconfig_walk(const struct qconfig *c, unsigned order[QCONFIG_SERVERS_MAX]);
/* Indices; server_count, weight_count: there is none. */
unsigned qconfig_find_server(const struct qconfig *c, int64_t sid);
unsigned qconfig_find_weight(const struct qconfig *c, int64_t sid);
/* 0: none. */
int64_t qconfig_priority_of(const struct qconfig *c, int64_t sid);
/* The group of a member, NULL: it is in none. */
const int64_t *qconfig_group_of(const struct qconfig *c, int64_t sid);

const char *qconfig_result_name(enum qconfig_result r);

#endif
