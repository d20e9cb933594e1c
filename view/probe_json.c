/* A probe's answers and its verdict as JSON; see probe.h. */
#include "view/member.h"
#include "view/probe.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

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

json_t *
probe_json(const struct probe *p, const struct probe_verdict *v)
{
	json_t *rows = json_array();

	for (unsigned i = 0; i < p->count; i++)
		json_array_append_new(rows, make_row(&p->servers[i]));
	return json_pack("{s:o, s:b, s:o, s:o}", "leader",
	                 v->has_leader ? json_integer(v->leader) : json_null(), "quorum",
	                 v->quorum, "named",
	                 v->has_named ? json_integer(v->named) : json_null(), "servers",
	                 rows);
}
