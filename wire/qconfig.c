/* The whole configuration text: QuorumPeerConfig.parseDynamicConfig, QuorumMaj and
 * QuorumHierarchical. Where Java throws an unchecked exception, we refuse with a reason.
 * Entries are taken in Java's order, since the printed text depends on it. */
#include "wire/qconfig.h"

#include "wire/properties.h"
#include "wire/qaddr.h"

#include <string.h>

static bool
starts_with(struct qaddr_text text, const char *head)
{
	size_t len = strlen(head);

	return text.len >= len && memcmp(text.at, head, len) == 0;
}

/* The number behind the first dot of a key. A key without a dot has none. */
static bool
key_number(struct qaddr_text key, int64_t *out)
{
	struct qaddr_text rest = key, head = qaddr_cut(&rest, '.');

	return qaddr_number(head.len < key.len ? rest : key, 10, INT64_MIN, INT64_MAX,
	                    out);
}

unsigned
qconfig_find_server(const struct qconfig *c, int64_t sid)
{
	unsigned i = 0;

	while (i < c->server_count && c->servers[i].sid != sid)
		i++;
	return i;
}

unsigned
qconfig_find_weight(const struct qconfig *c, int64_t sid)
{
	unsigned i = 0;

	while (i < c->weight_count && c->weights[i].sid != sid)
		i++;
	return i;
}

int64_t
qconfig_priority_of(const struct qconfig *c, int64_t sid)
{
	for (unsigned i = 0; i < c->priority_count; i++)
		if (c->priorities[i].sid == sid)
			return c->priorities[i].priority;
	return 0;
}

const int64_t *
qconfig_group_of(const struct qconfig *c, int64_t sid)
{
	for (unsigned g = 0; g < c->group_count; g++)
		for (unsigned i = 0; i < c->groups[g].member_count; i++)
			if (c->groups[g].members[i] == sid)
				return &c->groups[g].gid;
	return NULL;
}

/* By bucket, and within a bucket in the order of insertion. The map has 16 buckets; their
 * number doubles when the map is more than three quarters full. */
void
qconfig_java_order(const int64_t *keys, unsigned count, unsigned *order)
{
	uint32_t size = 16;
	uint32_t buckets[2 * QCONFIG_SERVERS_MAX];

	while (count > size / 4 * 3)
		size *= 2;
	for (unsigned i = 0; i < count; i++) {
		uint64_t key = (uint64_t)keys[i];
		uint32_t h = (uint32_t)key ^ (uint32_t)(key >> 32);
		unsigned at = i;

		buckets[i] = (h ^ h >> 16) & (size - 1);
		while (at > 0 && buckets[order[at - 1]] > buckets[i]) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
}

void
qconfig_walk(const struct qconfig *c, unsigned order[QCONFIG_SERVERS_MAX])
{
	int64_t sids[QCONFIG_SERVERS_MAX];

	for (unsigned i = 0; i < c->server_count; i++)
		sids[i] = c->servers[i].sid;
	qconfig_java_order(sids, c->server_count, order);
}

static enum qconfig_result
add_server(struct qconfig *c, struct qaddr_text key, struct qaddr_text value, bool multi)
{
	unsigned i;
	int64_t sid;

	if (!key_number(key, &sid))
		return QCONFIG_NUMBER;
	i = qconfig_find_server(c, sid);
	if (i == QCONFIG_SERVERS_MAX)
		return QCONFIG_TOO_MANY;
	if (i == c->server_count)
		c->server_count++;
	return qconfig_parse_server(sid, value.at, value.len, multi, &c->servers[i]);
}

static enum qconfig_result
add_group(struct qconfig *c, struct qaddr_text key, struct qaddr_text value)
{
	struct qconfig_group *g;
	int64_t gid, sid;

	if (!key_number(key, &gid))
		return QCONFIG_NUMBER;
	if (c->group_count == QCONFIG_GROUPS_MAX)
		return QCONFIG_TOO_MANY;
	g = &c->groups[c->group_count++];
	*g = (struct qconfig_group){.gid = gid};
	if (value.len == 0)
		return QCONFIG_NUMBER; /* one member, the empty text */
	value = qaddr_trim_end(value, ':');
	while (value.len > 0) {
		if (!qaddr_number(qaddr_cut(&value, ':'), 10, INT64_MIN, INT64_MAX, &sid))
			return QCONFIG_NUMBER;
		if (qconfig_group_of(c, sid))
			return QCONFIG_GROUP;
		if (g->member_count == QCONFIG_SERVERS_MAX)
			return QCONFIG_TOO_MANY;
		g->members[g->member_count++] = sid;
	}
	return QCONFIG_OK;
}

static enum qconfig_result
set_weight(struct qconfig *c, int64_t sid, int64_t weight)
{
	unsigned i = qconfig_find_weight(c, sid);

	if (i == 2 * QCONFIG_SERVERS_MAX)
		return QCONFIG_TOO_MANY;
	if (i == c->weight_count)
		c->weight_count++;
	c->weights[i] = (struct qconfig_weight){sid, weight};
	return QCONFIG_OK;
}

static enum qconfig_result
add_weight(struct qconfig *c, struct qaddr_text key, struct qaddr_text value)
{
	int64_t sid, weight;

	if (!key_number(key, &sid) ||
	    !qaddr_number(value, 10, INT64_MIN, INT64_MAX, &weight))
		return QCONFIG_NUMBER;
	return set_weight(c, sid, weight);
}

static enum qconfig_result
add_priority(struct qconfig *c, struct qaddr_text key, struct qaddr_text value)
{
	struct qconfig_priority one;

	if (!key_number(key, &one.sid) ||
	    !qaddr_number(value, 10, 1, INT64_MAX, &one.priority) ||
	    qconfig_priority_of(c, one.sid) != 0)
		return QCONFIG_NUMBER;
	if (c->priority_count == QCONFIG_SERVERS_MAX)
		return QCONFIG_TOO_MANY;
	c->priorities[c->priority_count++] = one;
	return QCONFIG_OK;
}

static enum qconfig_result
add_property(struct qconfig *c, const struct property *p, bool multi)
{
	struct qaddr_text key = {p->key, p->key_len}, value = {p->value, p->value_len};

	if (starts_with(key, "server."))
		return add_server(c, key, value, multi);
	if (starts_with(key, "group")) {
		c->hierarchical = true;
		return add_group(c, key, value);
	}
	if (starts_with(key, "weight")) {
		c->hierarchical = true;
		return add_weight(c, key, value);
	}
	if (starts_with(key, "priority."))
		return add_priority(c, key, value);
	if (!starts_with(key, "version") || key.len != strlen("version"))
		return QCONFIG_KEY;
	return qaddr_number(value, 16, INT64_MIN, INT64_MAX, &c->version)
	           ? QCONFIG_OK
	           : QCONFIG_NUMBER;
}

static bool
has_weight(const struct qconfig *c, int64_t sid)
{
	return qconfig_find_weight(c, sid) < c->weight_count;
}

/* Java adds the default weights while it walks its map of the members. Their order in a
 * bucket of the map of weights follows from that. */
static enum qconfig_result
check_groups(struct qconfig *c)
{
	unsigned order[QCONFIG_SERVERS_MAX];
	enum qconfig_result r;

	qconfig_walk(c, order);
	for (unsigned i = 0; i < c->server_count; i++) {
		const struct qconfig_server *s = &c->servers[order[i]];

		if (s->observer)
			continue;
		if (!qconfig_group_of(c, s->sid))
			return QCONFIG_GROUP;
		if (!has_weight(c, s->sid)) {
			r = set_weight(c, s->sid, 1);
			if (r != QCONFIG_OK)
				return r;
		}
	}
	for (unsigned g = 0; g < c->group_count; g++)
		for (unsigned i = 0; i < c->groups[g].member_count; i++)
			if (!has_weight(c, c->groups[g].members[i]))
				return QCONFIG_WEIGHT;
	return QCONFIG_OK;
}

static enum qconfig_result
check_members(const struct qconfig *c)
{
	unsigned observers = 0;

	for (unsigned i = 0; i < c->server_count; i++)
		observers += c->servers[i].observer;
	if (observers > 0 && c->server_count - observers < 2)
		return QCONFIG_MEMBERS;
	return QCONFIG_OK;
}

enum qconfig_result
qconfig_parse(const char *text, size_t len, bool multi, struct qconfig *out)
{
	struct properties all;
	enum properties_result loaded;
	enum qconfig_result r;

	out->hierarchical = false;
	out->version = 0;
	out->server_count = out->group_count = out->weight_count = 0;
	out->priority_count = 0;
	loaded = properties_load(text, len, &all);
	if (loaded != PROPERTIES_OK)
		return loaded == PROPERTIES_ESCAPE ? QCONFIG_SYNTAX : QCONFIG_TOO_MANY;
	for (unsigned i = 0; i < all.count; i++) {
		r = add_property(out, &all.list[all.order[i]], multi);
		if (r != QCONFIG_OK)
			return r;
	}
	if (out->hierarchical) {
		r = check_groups(out);
		if (r != QCONFIG_OK)
			return r;
	}
	return check_members(out);
}

const char *
qconfig_result_name(enum qconfig_result r)
{
	static const char *const names[] = {
	    [QCONFIG_OK] = "ok",
	    [QCONFIG_SYNTAX] = "malformed escape",
	    [QCONFIG_KEY] = "unknown key",
	    [QCONFIG_NUMBER] = "not a number",
	    [QCONFIG_SERVER] = "malformed server line",
	    [QCONFIG_PORT] = "port out of range",
	    [QCONFIG_ROLE] = "unknown role",
	    [QCONFIG_MULTI] = "several addresses",
	    [QCONFIG_GROUP] = "server in no group or in two",
	    [QCONFIG_WEIGHT] = "group member without weight",
	    [QCONFIG_MEMBERS] = "observers without a quorum",
	    [QCONFIG_TOO_MANY] = "too large",
	};

	return names[r];
}
