/* The verdict on all answers; see probe.h. */
#include "view/probe.h"

#include "wire/qaddr.h"
#include "wire/quorum.h"

#include <string.h>

/* True: `s` was asked at this host of a configuration. */
static bool
is_at(const struct probe *p, const struct probe_server *s, const char *host)
{
	struct qaddr_text asked = {s->host, strlen(s->host)};
	char text[QCONFIG_HOST_MAX];

	if ((qaddr_canonical(asked, text, sizeof(text)) && strcasecmp(text, host) == 0) ||
	    strcmp(s->numeric, host) == 0)
		return true;
	for (unsigned i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i].host, host) == 0 &&
		    strcmp(p->names[i].numeric, s->numeric) == 0)
			return s->numeric[0] != '\0';
	return false;
}

/* Finds the member that `s` is in the configuration that `owner` reports, since a
 * notification does not say: by its address; a wildcard is the owner itself; otherwise by
 * a port that no other member has. */
static bool
who_is(const struct probe *p, const struct probe_server *owner,
       const struct probe_server *s, int64_t *sid)
{
	unsigned at_port = 0, wild = 0;
	int64_t port_sid = 0, wild_sid = 0;

	for (unsigned i = 0; i < p->config.server_count; i++) {
		const struct qconfig_server *m = &p->config.servers[i];

		for (unsigned k = 0; k < m->election_count; k++) {
			const char *host = m->election[k].host;

			if (m->election[k].port != s->port)
				continue;
			if (is_at(p, s, host)) {
				*sid = m->sid;
				return true;
			}
			at_port++;
			port_sid = m->sid;
			if (s == owner &&
			    qaddr_is_wildcard((struct qaddr_text){host, strlen(host)})) {
				wild++;
				wild_sid = m->sid;
			}
		}
	}
	if (wild != 1 && at_port != 1)
		return false;
	*sid = wild == 1 ? wild_sid : port_sid;
	return true;
}

static bool
parse_config(struct probe *p, const struct probe_server *s)
{
	return s->answered && s->notif.config_len > 0 &&
	       qconfig_parse(s->config, s->notif.config_len, true, &p->config) ==
	           QCONFIG_OK;
}

/* True: `s` says that it leads. Where its sid is not known by its address, that counts
 * unless another server has the sid. */
static bool
leads(struct probe *p, const struct probe_server *s)
{
	int64_t sid;

	if (!s->answered || s->notif.vote.state != NOTIF_LEADING)
		return false;
	if (!parse_config(p, s))
		return true;
	if (who_is(p, s, s, &sid))
		return sid == s->notif.vote.leader;
	for (unsigned i = 0; i < p->count; i++)
		if (who_is(p, s, &p->servers[i], &sid) && sid == s->notif.vote.leader)
			return false;
	return true;
}

static bool
names(const struct probe_server *s, int64_t leader)
{
	return s->answered && s->notif.vote.leader == leader &&
	       (s->notif.vote.state == NOTIF_FOLLOWING ||
	        s->notif.vote.state == NOTIF_LEADING);
}

/* Collects the servers that name the leader, as members of the configuration that `owner`
 * reports. The leader must say LEADING, and all others FOLLOWING. */
static unsigned
collect(const struct probe *p, const struct probe_server *owner, int64_t leader,
        int64_t sids[PROBE_SERVERS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < p->count; i++) {
		const struct probe_server *s = &p->servers[i];
		bool leading = s->notif.vote.state == NOTIF_LEADING;
		int64_t sid;

		if (!names(s, leader))
			continue;
		if (!who_is(p, owner, s, &sid)) {
			if (!leading)
				continue;
			sid = leader;
		}
		if (leading == (sid == leader))
			sids[count++] = sid;
	}
	return count;
}

static bool
has_quorum(struct probe *p, int64_t leader)
{
	int64_t sids[PROBE_SERVERS_MAX];
	struct quorum q;
	bool any = false;

	for (unsigned i = 0; i < p->count; i++) {
		const struct probe_server *s = &p->servers[i];

		if (!names(s, leader) || !parse_config(p, s) ||
		    quorum_init(&q, &p->config) < 0)
			continue;
		if (!quorum_has(&q, sids, collect(p, s, leader, sids)))
			return false;
		any = true;
	}
	return any;
}

/* The server that is member `sid` by any configuration; NULL: it was not asked. */
static const struct probe_server *
find_member(struct probe *p, int64_t sid)
{
	int64_t one;

	for (unsigned i = 0; i < p->count; i++) {
		if (!parse_config(p, &p->servers[i]))
			continue;
		for (unsigned k = 0; k < p->count; k++)
			if (who_is(p, &p->servers[i], &p->servers[k], &one) && one == sid)
				return &p->servers[k];
	}
	return NULL;
}

static void
judge_named(struct probe *p, struct probe_verdict *out)
{
	for (unsigned i = 0; i < p->count && !out->has_named; i++) {
		const struct probe_server *s = &p->servers[i];

		if (!s->answered || s->notif.vote.state != NOTIF_FOLLOWING ||
		    !has_quorum(p, s->notif.vote.leader))
			continue;
		out->has_named = true;
		out->named = s->notif.vote.leader;
		out->named_at = find_member(p, out->named);
	}
}

/* Adds a server that leads, once, however often it was asked. */
static void
add_leader(struct probe *p, const struct vote *v, struct probe_verdict *out)
{
	for (unsigned i = 0; i < out->leader_count; i++)
		if (out->leaders[i].sid == v->leader)
			return;
	out->leaders[out->leader_count++] =
	    (struct probe_leader){v->leader, v->epoch, has_quorum(p, v->leader)};
}

/* The leader is the one that has a quorum, or else the only one. */
static void
judge_leaders(struct probe_verdict *out)
{
	const struct probe_leader *one = out->leaders;
	unsigned proven = 0;

	for (unsigned i = 0; i < out->leader_count; i++) {
		if (!out->leaders[i].quorum)
			continue;
		proven++;
		one = &out->leaders[i];
	}
	out->quorum = proven == 1;
	out->has_leader = proven == 1 || (proven == 0 && out->leader_count == 1);
	out->leader = out->has_leader ? one->sid : 0;
}

/* Two configurations without a membership, such as ZooKeeper may have, are compared as
 * they are. */
static bool
is_same(const struct probe_membership *a, const struct probe_membership *b)
{
	if (a->members.version == 0 || b->members.version == 0)
		return strcmp(a->owner->config, b->owner->config) == 0;
	return members_equal(&a->members, &b->members);
}

/* Sorts the servers by what they report. */
static void
judge_memberships(struct probe *p)
{
	p->membership_count = 0;
	for (unsigned i = 0; i < p->count; i++) {
		struct probe_server *s = &p->servers[i];
		struct probe_membership *fresh = &p->memberships[p->membership_count];
		unsigned k = 0;

		s->membership = -1;
		if (!parse_config(p, s))
			continue;
		*fresh =
		    (struct probe_membership){.version = p->config.version, .owner = s};
		(void)members_from_qconfig(&p->config, &fresh->members);
		while (!is_same(&p->memberships[k], fresh))
			k++;
		s->membership = (int)k;
		p->membership_count += k == p->membership_count;
	}
}

void
probe_judge(struct probe *p, struct probe_verdict *out)
{
	*out = (struct probe_verdict){.leader = 0};
	for (unsigned i = 0; i < p->count; i++) {
		const struct probe_server *s = &p->servers[i];

		out->answered += s->answered;
		if (leads(p, s))
			add_leader(p, &s->notif.vote, out);
	}
	judge_leaders(out);
	judge_memberships(p);
	if (out->leader_count == 0)
		judge_named(p, out);
}

static bool
is_known_name(const struct probe *p, const char *host)
{
	for (unsigned i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i].host, host) == 0)
			return true;
	return strchr(host, ':') || strspn(host, "0123456789.") == strlen(host);
}

bool
probe_name_wanted(struct probe *p, char out[QCONFIG_HOST_MAX])
{
	int64_t sid;

	for (unsigned i = 0; i < p->count; i++) {
		const struct probe_server *s = &p->servers[i];

		if (!parse_config(p, s) || who_is(p, s, s, &sid))
			continue;
		for (unsigned k = 0; k < p->config.server_count; k++) {
			const struct qconfig_server *m = &p->config.servers[k];

			for (unsigned a = 0; a < m->election_count; a++) {
				if (m->election[a].port != s->port ||
				    is_known_name(p, m->election[a].host))
					continue;
				strcpy(out, m->election[a].host);
				return p->name_count < PROBE_NAMES_MAX;
			}
		}
	}
	return false;
}

void
probe_name_add(struct probe *p, const char *host, const char *numeric)
{
	struct probe_name *n = &p->names[p->name_count];

	if (p->name_count == PROBE_NAMES_MAX)
		return;
	if (!qaddr_canonical((struct qaddr_text){numeric, strlen(numeric)}, n->numeric,
	                     sizeof(n->numeric)) ||
	    !numeric[0])
		n->numeric[0] = '\0';
	strcpy(n->host, host);
	p->name_count++;
}
