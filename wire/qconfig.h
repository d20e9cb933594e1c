/* ZooKeeper's configuration text, the one that travels in notifications: a Java
 * properties file with server.N, group.G, weight.N and version. Source: QuorumPeerConfig,
 * QuorumServer, QuorumMaj and QuorumHierarchical of 3.8.0; election-semantics section 13.
 */
#ifndef WIRE_QCONFIG_H
#define WIRE_QCONFIG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QCONFIG_SERVERS_MAX 64 /* ours; ZooKeeper has no bound */
#define QCONFIG_GROUPS_MAX  64
#define QCONFIG_ADDRS_MAX   8     /* addresses of one server */
#define QCONFIG_HOST_MAX    256   /* with the final NUL */
#define QCONFIG_TEXT_MAX    32768 /* as PROPERTIES_TEXT_MAX */

struct qconfig_addr {
	char host[QCONFIG_HOST_MAX]; /* as it is printed, brackets of IPv6 left out */
	uint16_t port;
};

struct qconfig_server {
	int64_t sid;
	bool observer;
	unsigned addr_count; /* `|` alone: 0 */
	struct qconfig_addr quorum[QCONFIG_ADDRS_MAX];
	unsigned election_count; /* ≥ addr_count: ZooKeeper keeps two sets */
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

struct qconfig {
	bool hierarchical;
	int64_t version;
	unsigned server_count; /* as Java walks its properties, not as in the text */
	struct qconfig_server servers[QCONFIG_SERVERS_MAX];
	unsigned group_count;
	struct qconfig_group groups[QCONFIG_GROUPS_MAX];
	unsigned weight_count; /* hierarchical: defaults of participants made explicit */
	struct qconfig_weight weights[2 * QCONFIG_SERVERS_MAX];
};

enum qconfig_result {
	QCONFIG_OK,
	QCONFIG_SYNTAX,   /* a malformed escape, not text */
	QCONFIG_KEY,      /* a key that ZooKeeper does not know */
	QCONFIG_NUMBER,   /* a sid, port, weight, version that is no such number */
	QCONFIG_SERVER,   /* a server line that is not one */
	QCONFIG_PORT,     /* out of range, or election and quorum port alike */
	QCONFIG_ROLE,     /* neither participant nor observer, or both */
	QCONFIG_MULTI,    /* several addresses where they are not allowed */
	QCONFIG_GROUP,    /* a sid in two groups, or a participant in none */
	QCONFIG_WEIGHT,   /* a group member without weight */
	QCONFIG_MEMBERS,  /* observers with fewer than two participants */
	QCONFIG_TOO_MANY, /* more than the bounds above */
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
size_t qconfig_print_server(const struct qconfig_server *in, char *out, size_t cap);
/* The order in which Java walks the members: indices of `servers`. */
void qconfig_walk(const struct qconfig *c, unsigned order[QCONFIG_SERVERS_MAX]);
void qconfig_put_server(struct buf_out *b, const struct qconfig_server *s);

/* Only what it holds: a whole one has room for far more than there ever is. */
void qconfig_copy(struct qconfig *out, const struct qconfig *in);

/* QuorumVerifier.equals(): same kind, members (addresses and roles included), weights and
 * groups; the version is not compared. */
bool qconfig_equal(const struct qconfig *a, const struct qconfig *b);
bool qconfig_is_voter(const struct qconfig *c, int64_t sid); /* a participant of it */

const char *qconfig_result_name(enum qconfig_result r);

#endif
