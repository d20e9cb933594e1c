/* Who the members are, by whom the core counts and whom it asks: see shell.h. */
#include "elector/shell.h"

#include "base/log.h"
#include "wire/members.h"

#include <errno.h>
#include <string.h>

struct elector_remote *
elector_find_remote(struct elector *s, int64_t sid)
{
	for (unsigned i = 0; i < s->remote_count; i++)
		if (s->remotes[i].sid == sid)
			return &s->remotes[i];
	return NULL;
}

static void
add_remotes(struct elector *s, const struct qconfig *c)
{
	for (unsigned i = 0; i < c->server_count; i++) {
		int64_t sid = c->servers[i].sid;

		if (sid != s->conf->id && !elector_find_remote(s, sid))
			s->remotes[s->remote_count++] =
			    (struct elector_remote){.sid = sid};
	}
}

int
elector_read_file(struct elector *s)
{
	s->config_text_len =
	    conf_qconfig(s->conf, s->config_text, sizeof(s->config_text), &s->config);
	if (s->config_text_len == 0) {
		log_err("the configuration text does not fit");
		return -E2BIG;
	}
	add_remotes(s, &s->config);
	return quorum_init(&s->quorums.current, &s->config);
}

/* Parses into scratch: what is in force stays until all of it is known to be good. */
static bool
is_good(struct elector *s, const struct msg_text *text)
{
	struct quorum quorum;

	return qconfig_parse(text->at, text->len, true, &s->todo.carried) == QCONFIG_OK &&
	       quorum_init(&quorum, &s->todo.carried) == 0;
}

static void
take_others(struct elector *s, const struct msg_text *links)
{
	struct qconfig *c = &s->todo.carried;

	s->other_count = 0;
	for (unsigned i = 0; i < s->config.server_count; i++) {
		int64_t sid = s->config.servers[i].sid;

		if (!quorum_pair_is_voter(&s->quorums, sid) && sid != s->conf->id)
			s->others[s->other_count++] = sid;
	}
	if (links->len == 0 || !is_good(s, links))
		return;
	for (unsigned i = 0; i < c->server_count && s->other_count < ELECT_OTHERS_MAX;
	     i++)
		s->others[s->other_count++] = c->servers[i].sid;
	add_remotes(s, c);
}

static void
take(struct elector *s, const struct msg_members *m)
{
	struct quorum_pair *p = &s->quorums;

	s->joins = m->joins;
	s->remote_count = 0;
	s->config_text_len = m->current.len;
	memcpy(s->config_text, m->current.at, m->current.len);
	(void)qconfig_parse(m->current.at, m->current.len, true, &s->config);
	(void)quorum_init(&p->current, &s->config);
	add_remotes(s, &s->config);
	p->has_last_seen = m->last_seen.len > 0;
	if (p->has_last_seen) {
		(void)qconfig_parse(m->last_seen.at, m->last_seen.len, true,
		                    &s->last_seen);
		(void)quorum_init(&p->last_seen, &s->last_seen);
		add_remotes(s, &s->last_seen);
	}
	take_others(s, &m->links);
}

/* A server that comes in the place of the leader has a file without it, and hears of it
 * from its followers only; and so does one that was away for several changes. */
void
elector_tell_where(struct elector *s, const struct notif *n)
{
	static struct members_hints hints;
	struct msg m = {.type = MSG_WHERE, .u.where.sid = n->vote.leader};
	struct members theirs;

	if (n->vote.state != NOTIF_FOLLOWING || !n->has_config ||
	    n->vote.leader == s->conf->id || elector_find_remote(s, n->vote.leader))
		return;
	hints.count = 0;
	if (!members_from_text(n->config, n->config_len, &theirs, &hints,
	                       &s->todo.carried) ||
	    !members_find(&theirs, n->vote.leader) ||
	    (!s->joins && theirs.version <= s->config.version))
		return;
	m.u.where.at.at = members_hint_get(&hints, n->vote.leader);
	if (!m.u.where.at.at)
		return;
	m.u.where.at.len = strlen(m.u.where.at.at);
	if (m.u.where.at.len <= MSG_WHERE_MAX)
		uplink_send(s->uplink, &m);
}

bool
elector_read_members(struct elector *s, const struct msg *m)
{
	static unsigned char data[MSG_MAX];
	const struct msg_members *members = &m->u.members;
	size_t len = msg_encode(m, data, sizeof(data));

	if (len == s->members_len && memcmp(data, s->members, len) == 0)
		return false;
	if (!is_good(s, &members->current) ||
	    (members->last_seen.len > 0 && !is_good(s, &members->last_seen)) ||
	    (members->links.len > 0 && !is_good(s, &members->links))) {
		log_err("the members that the peer says cannot be read; going on with "
		        "those before");
		return false;
	}
	s->members_len = len;
	memcpy(s->members, data, len);
	take(s, members);
	log_info("members: version %lld%s, servers %u", (long long)s->config.version,
	         s->quorums.has_last_seen ? ", changing" : "", s->remote_count + 1);
	return true;
}

/* Of two memberships, that of the next counts. */
int64_t
elector_priority(const struct elector *s)
{
	const struct qconfig *c = s->quorums.has_last_seen ? &s->last_seen : &s->config;

	return s->conf->zab ? qconfig_priority_of(c, s->conf->id) : 0;
}

/* Of two memberships, the one in force and the next, a voter of either is a voter. */
bool
elector_is_observer(const struct elector *s)
{
	const struct conf_server *own = conf_server(s->conf, s->conf->id);
	int64_t sid = s->conf->id;

	if (quorum_pair_is_voter(&s->quorums, sid))
		return false;
	return s->members_len > 0 ||
	       qconfig_find_server(&s->config, sid) < s->config.server_count ||
	       (s->quorums.has_last_seen &&
	        qconfig_find_server(&s->last_seen, sid) < s->last_seen.server_count) ||
	       (own && own->observer);
}
