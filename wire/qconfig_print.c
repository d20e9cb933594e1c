/* QuorumVerifier.toString() and equals(): how a configuration is printed and compared. */
#include "wire/qconfig.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void
put_servers(struct buf_out *b, const struct qconfig *c)
{
	unsigned order[QCONFIG_SERVERS_MAX];

	qconfig_walk(c, order);
	for (unsigned i = 0; i < c->server_count; i++) {
		buf_put_text(b, "server.%" PRId64 "=", c->servers[order[i]].sid);
		qconfig_put_server(b, &c->servers[order[i]]);
		buf_put_u8(b, '\n');
	}
}

/* Java has one map from sid to group. It walks that map, puts each group that it meets
 * into a second map, and prints the groups in the order of the second map. */
static void
put_groups(struct buf_out *b, const struct qconfig *c)
{
	int64_t sids[2 * QCONFIG_SERVERS_MAX] = {0}, gids[QCONFIG_GROUPS_MAX] = {0};
	unsigned sid_order[2 * QCONFIG_SERVERS_MAX], gid_order[QCONFIG_GROUPS_MAX];
	unsigned sid_count = 0, gid_count = 0;

	for (unsigned g = 0; g < c->group_count; g++) {
		for (unsigned i = 0; i < c->groups[g].member_count; i++) {
			/* each has a weight */
			assert(sid_count < 2 * QCONFIG_SERVERS_MAX);
			sids[sid_count++] = c->groups[g].members[i];
		}
	}
	qconfig_java_order(sids, sid_count, sid_order);
	for (unsigned i = 0; i < sid_count; i++) {
		int64_t gid = *qconfig_group_of(c, sids[sid_order[i]]);
		unsigned known = 0;

		while (known < gid_count && gids[known] != gid)
			known++;
		if (known == gid_count)
			gids[gid_count++] = gid;
	}
	qconfig_java_order(gids, gid_count, gid_order);
	for (unsigned g = 0; g < gid_count; g++) {
		char separator = '=';

		buf_put_text(b, "group.%" PRId64, gids[gid_order[g]]);
		for (unsigned i = 0; i < sid_count; i++) {
			int64_t sid = sids[sid_order[i]];

			if (*qconfig_group_of(c, sid) != gids[gid_order[g]])
				continue;
			buf_put_text(b, "%c%" PRId64, separator, sid);
			separator = ':';
		}
		buf_put_u8(b, '\n');
	}
}

static void
put_weights(struct buf_out *b, const struct qconfig *c)
{
	int64_t sids[2 * QCONFIG_SERVERS_MAX];
	unsigned order[2 * QCONFIG_SERVERS_MAX];

	for (unsigned i = 0; i < c->weight_count; i++)
		sids[i] = c->weights[i].sid;
	qconfig_java_order(sids, c->weight_count, order);
	for (unsigned i = 0; i < c->weight_count; i++)
		buf_put_text(b, "weight.%" PRId64 "=%" PRId64 "\n", sids[order[i]],
		             c->weights[order[i]].weight);
}

/* By the order of the members. Java's text has no such lines. */
static void
put_priorities(struct buf_out *b, const struct qconfig *c)
{
	unsigned order[QCONFIG_SERVERS_MAX];

	qconfig_walk(c, order);
	for (unsigned i = 0; i < c->server_count; i++) {
		int64_t sid = c->servers[order[i]].sid;
		int64_t priority = qconfig_priority_of(c, sid);

		if (priority != 0)
			buf_put_text(b, "priority.%" PRId64 "=%" PRId64 "\n", sid,
			             priority);
	}
}

size_t
qconfig_print(const struct qconfig *in, char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	put_servers(&b, in);
	if (in->hierarchical) {
		put_groups(&b, in);
		put_weights(&b, in);
	}
	put_priorities(&b, in);
	buf_put_text(&b, "version=%" PRIx64, (uint64_t)in->version);
	if (b.bad || b.len == cap)
		return 0;
	out[b.len] = '\0';
	return b.len;
}

static bool
same_addr(const struct qconfig_addr *a, const struct qconfig_addr *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* Compares sets: no address is twice in either. */
static bool
same_addrs(const struct qconfig_addr *a, const struct qconfig_addr *b, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned j = 0;

		while (j < count && !same_addr(&a[i], &b[j]))
			j++;
		if (j == count)
			return false;
	}
	return true;
}

static bool
same_server(const struct qconfig_server *a, const struct qconfig_server *b)
{
	if (a->observer != b->observer || a->addr_count != b->addr_count ||
	    a->election_count != b->election_count || a->has_client != b->has_client)
		return false;
	if (a->has_client && !same_addr(&a->client, &b->client))
		return false;
	return same_addrs(a->quorum, b->quorum, a->addr_count) &&
	       same_addrs(a->election, b->election, a->election_count);
}

static bool
same_servers(const struct qconfig *a, const struct qconfig *b)
{
	for (unsigned i = 0; i < a->server_count; i++) {
		unsigned j = qconfig_find_server(b, a->servers[i].sid);

		if (j == b->server_count || !same_server(&a->servers[i], &b->servers[j]))
			return false;
	}
	return true;
}

/* Each member of a group of `a` is in the same group of `b`. */
static bool
groups_within(const struct qconfig *a, const struct qconfig *b)
{
	for (unsigned g = 0; g < a->group_count; g++)
		for (unsigned i = 0; i < a->groups[g].member_count; i++) {
			const int64_t *gid = qconfig_group_of(b, a->groups[g].members[i]);

			if (!gid || *gid != a->groups[g].gid)
				return false;
		}
	return true;
}

static bool
same_weights(const struct qconfig *a, const struct qconfig *b)
{
	for (unsigned i = 0; i < a->weight_count; i++) {
		unsigned j = qconfig_find_weight(b, a->weights[i].sid);

		if (j == b->weight_count || b->weights[j].weight != a->weights[i].weight)
			return false;
	}
	return true;
}

static bool
same_priorities(const struct qconfig *a, const struct qconfig *b)
{
	if (a->priority_count != b->priority_count)
		return false;
	for (unsigned i = 0; i < a->priority_count; i++) {
		const struct qconfig_priority *p = &a->priorities[i];

		if (qconfig_priority_of(b, p->sid) != p->priority)
			return false;
	}
	return true;
}

bool
qconfig_equal(const struct qconfig *a, const struct qconfig *b)
{
	return a->hierarchical == b->hierarchical && a->server_count == b->server_count &&
	       a->weight_count == b->weight_count && same_servers(a, b) &&
	       groups_within(a, b) && groups_within(b, a) && same_weights(a, b) &&
	       same_priorities(a, b);
}
