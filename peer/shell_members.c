/* Tells connmgr and the elector who counts and whom to link; see shell.h. */
#include "base/log.h"
#include "peer/shell.h"

#include <stdio.h>
#include <string.h>

/* Large, and its content means nothing. */
static struct qconfig scratch;

static struct msg_text
put(const struct peer *p, const struct members *m, char text[QCONFIG_TEXT_MAX])
{
	size_t len = m ? members_text(m, &p->hints, text, QCONFIG_TEXT_MAX, &scratch) : 0;

	return (struct msg_text){text, len};
}

/* Those whom neither membership has. All are participants: a text of observers alone is
 * none. */
static const struct members *
others(const struct role_told *told, struct members *m)
{
	memset(m, 0, sizeof(*m));
	m->version = 1;
	for (unsigned i = 0; i < told->count && m->count < MEMBERS_MAX; i++) {
		int64_t sid = told->sids[i];
		unsigned at = m->count;

		if (members_find(told->current, sid) ||
		    (told->last_seen && members_find(told->last_seen, sid)))
			continue;
		for (; at > 0 && m->list[at - 1].sid > sid; at--)
			m->list[at] = m->list[at - 1];
		m->list[at] = (struct member){.sid = sid, .weight = 1};
		m->count++;
	}
	return m->count > 0 ? m : NULL;
}

void
peer_tell_members(struct peer *p, const struct role_told *told)
{
	static char current[QCONFIG_TEXT_MAX], last_seen[QCONFIG_TEXT_MAX],
	    links[QCONFIG_TEXT_MAX];
	struct members rest;
	struct msg m = {.type = MSG_MEMBERS, .u.members.joins = told->joins};
	struct msg_members *out = &m.u.members;

	if (!p->conf->zab)
		return;
	p->told = *told;
	out->current = put(p, told->current, current);
	if (out->current.len == 0) {
		log_err("the members do not fit into a message: connmgr and the elector "
		        "go on with those before");
		return;
	}
	out->last_seen = put(p, told->last_seen, last_seen);
	out->links = put(p, others(told, &rest), links);
	if (out->current.len + out->last_seen.len + out->links.len > MSG_MEMBERS_MAX)
		out->links.len = 0;
	uplink_send(p->uplink, &m);
}

void
peer_take_where(struct peer *p, const struct msg_where *m)
{
	char text[MSG_WHERE_MAX + 1];

	snprintf(text, sizeof(text), "%.*s", (int)m->at.len, m->at.at);
	if (!members_hint_put(&p->hints, m->sid, text))
		return;
	peer_prefer_file(p);
	gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_WHERE, .sid = m->sid});
}

void
peer_tell_members_again(struct peer *p)
{
	const struct role_told told = p->told;

	if (p->role && told.current)
		peer_tell_members(p, &told);
}
