/* See probe.h: what was judged, as sentences and as JSON. */
#include "view/probe.h"

#include "view/member.h"
#include "view/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "2 leaders: 3 (epoch 7, a quorum names it), 5 (epoch 7, by its own word alone)" */
static void
put_leaders(struct text *t, const struct probe_verdict *v)
{
	text_put(t, "%u leaders: ", v->leader_count);
	for (unsigned i = 0; i < v->leader_count; i++)
		text_put(t, "%s%" PRId64 " (epoch %" PRId64 ", %s)", i > 0 ? ", " : "",
		         v->leaders[i].sid, v->leaders[i].epoch,
		         v->leaders[i].quorum ? "a quorum names it"
		                              : "by its own word alone");
}

const char *
probe_say(const struct probe_verdict *v, char *out, size_t cap)
{
	struct text t = {.out = out, .cap = cap};

	*out = '\0';
	if (v->leader_count > 1)
		put_leaders(&t, v);
	else if (v->has_leader)
		text_put(&t, "leader %" PRId64 "%s", v->leader,
		         v->quorum ? "" : ", by its own word alone: no quorum names it");
	else if (v->has_named)
		text_put(&t,
		         "no leader that says so itself: a quorum follows %" PRId64
		         ", which %s",
		         v->named,
		         !v->named_at            ? "was not asked"
		         : v->named_at->answered ? "does not say that it leads"
		                                 : "does not answer");
	else
		text_put(&t, "%s", v->answered ? "no leader" : "nobody answers");
	return out;
}

/* ---- memberships ---- */

/* In digits as our files have it; ZooKeeper's are zxids. */
static void
put_version(struct text *t, int64_t version)
{
	if (version >= 0 && version <= MEMBERS_VERSION_MAX)
		text_put(t, "version %" PRId64, version);
	else
		text_put(t, "version 0x%" PRIx64, (uint64_t)version);
}

const char *
probe_say_members(const struct probe *p, char *out, size_t cap)
{
	struct text t = {.out = out, .cap = cap};

	*out = '\0';
	if (p->membership_count < 2)
		return out;
	text_put(&t, "the servers report different memberships: ");
	for (unsigned i = 0; i < p->membership_count; i++) {
		const struct members *m = &p->memberships[i].members;
		const char *between = " at ";

		text_put(&t, "%s", i > 0 ? "; " : "");
		put_version(&t, p->memberships[i].version);
		text_put(&t, "%s", m->count > 0 ? " of" : "");
		for (unsigned k = 0; k < m->count; k++)
			text_put(&t, " %" PRId64, m->list[k].sid);
		for (unsigned k = 0; k < p->count; k++) {
			if (p->servers[k].membership != (int)i)
				continue;
			text_put(&t, "%s%s", between, p->servers[k].address);
			between = ", ";
		}
	}
	return out;
}

/* ---- JSON ---- */

static json_t *
state_word(int32_t state)
{
	char word[16];
	size_t i = 0;

	for (const char *name = notif_state_name(state); name[i]; i++)
		word[i] = (char)tolower((unsigned char)name[i]);
	return json_stringn(word, i);
}

static json_t *
make_row(const struct probe_server *s)
{
	const struct vote *v = &s->notif.vote;
	char zxid[32];

	if (!s->answered)
		return json_pack(
		    "{s:o, s:b, s:o, s:n, s:n, s:n, s:n, s:n, s:n, s:n, s:n}", "address",
		    member_of_bytes(s->address), "reachable", s->reachable, "error",
		    member_of_bytes(s->error), "state", "leader", "round", "zxid",
		    "peer_epoch", "version", "config", "ms");
	snprintf(zxid, sizeof(zxid), "0x%" PRIx64, (uint64_t)v->zxid);
	return json_pack(
	    "{s:o, s:b, s:n, s:o, s:I, s:I, s:s, s:I, s:I, s:s?, s:f}", "address",
	    member_of_bytes(s->address), "reachable", s->reachable, "error", "state",
	    state_word(v->state), "leader", (json_int_t)v->leader, "round",
	    (json_int_t)v->round, "zxid", zxid, "peer_epoch", (json_int_t)v->epoch,
	    "version", (json_int_t)v->version, "config",
	    s->notif.has_config ? s->config : NULL, "ms", (double)s->us / 1000);
}

/* Each with its members, of which those that cannot be read are missing, and with who
 * reports it. */
static json_t *
memberships(const struct probe *p)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < p->membership_count; i++) {
		const struct probe_membership *m = &p->memberships[i];
		json_t *members = json_array(), *servers = json_array();

		for (unsigned k = 0; k < m->members.count; k++)
			json_array_append_new(members,
			                      json_integer(m->members.list[k].sid));
		for (unsigned k = 0; k < p->count; k++)
			if (p->servers[k].membership == (int)i)
				json_array_append_new(
				    servers, member_of_bytes(p->servers[k].address));
		json_array_append_new(rows, json_pack("{s:I, s:o, s:o}", "version",
		                                      (json_int_t)m->version, "members",
		                                      members, "servers", servers));
	}
	return rows;
}

static json_t *
leaders(const struct probe_verdict *v)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < v->leader_count; i++)
		json_array_append_new(rows,
		                      json_pack("{s:I, s:I, s:b}", "id",
		                                (json_int_t)v->leaders[i].sid, "epoch",
		                                (json_int_t)v->leaders[i].epoch, "quorum",
		                                v->leaders[i].quorum));
	return rows;
}

json_t *
probe_json(const struct probe *p, const struct probe_verdict *v)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < p->count; i++)
		json_array_append_new(rows, make_row(&p->servers[i]));
	return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "leader",
	                 v->has_leader ? json_integer(v->leader) : json_null(), "quorum",
	                 v->quorum, "leaders", leaders(v), "named",
	                 v->has_named ? json_integer(v->named) : json_null(),
	                 "memberships", memberships(p), "servers", rows);
}
