/* See probe_json.h. */
#include "view/probe_json.h"

#include "view/member.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static void
add_state(json_t *row, int32_t state)
{
	char word[16];
	size_t i = 0;

	for (const char *name = notif_state_name(state); name[i]; i++)
		word[i] = (char)tolower((unsigned char)name[i]);
	word[i] = '\0';
	json_object_set_new(row, "state", json_string(word));
}

static void
add_answer(json_t *row, const struct probe_server *s)
{
	char text[32];

	add_state(row, s->notif.vote.state);
	json_object_set_new(row, "leader", json_integer(s->notif.vote.leader));
	json_object_set_new(row, "round", json_integer(s->notif.vote.round));
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)s->notif.vote.zxid);
	json_object_set_new(row, "zxid", json_string(text));
	json_object_set_new(row, "peer_epoch", json_integer(s->notif.vote.epoch));
	json_object_set_new(row, "version", json_integer(s->notif.vote.version));
	json_object_set_new(row, "config",
	                    s->notif.has_config ? json_string(s->config) : json_null());
	json_object_set_new(row, "ms", json_real((double)s->us / 1000));
}

static json_t *
make_row(const struct probe_server *s)
{
	static const char *const unknown[] = {
	    "state", "leader", "round", "zxid", "peer_epoch", "version", "config", "ms",
	};
	json_t *row = json_object();

	json_object_set_new(row, "address", member_of_bytes(s->address));
	json_object_set_new(row, "reachable", json_boolean(s->reachable));
	if (s->answered) {
		json_object_set_new(row, "error", json_null());
		add_answer(row, s);
		return row;
	}
	json_object_set_new(row, "error", member_of_bytes(s->error));
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		json_object_set_new(row, unknown[i], json_null());
	return row;
}

json_t *
probe_json(const struct probe *p, const struct probe_verdict *v)
{
	json_t *out = json_object();
	json_t *rows = json_array();

	json_object_set_new(out, "leader",
	                    v->has_leader ? json_integer(v->leader) : json_null());
	json_object_set_new(out, "quorum", json_boolean(v->quorum));
	json_object_set_new(out, "named",
	                    v->has_named ? json_integer(v->named) : json_null());
	for (unsigned i = 0; i < p->count; i++)
		json_array_append_new(rows, make_row(&p->servers[i]));
	json_object_set_new(out, "servers", rows);
	return out;
}
