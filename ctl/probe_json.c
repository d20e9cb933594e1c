/* A probe's answers as JSON; see probe_json.h. */
#include "ctl/probe_json.h"

#include "ctl/exact.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static void
add_state(cJSON *row, int32_t state)
{
	char word[16];
	size_t i = 0;

	for (const char *name = notif_state_name(state); name[i]; i++)
		word[i] = (char)tolower((unsigned char)name[i]);
	word[i] = '\0';
	cJSON_AddStringToObject(row, "state", word);
}

static void
add_answer(cJSON *row, const struct probe_server *s)
{
	char text[32];

	add_state(row, s->notif.state);
	exact_set(row, "leader", s->notif.leader);
	exact_set(row, "round", s->notif.round);
	snprintf(text, sizeof(text), "0x%" PRIx64, (uint64_t)s->notif.zxid);
	cJSON_AddStringToObject(row, "zxid", text);
	exact_set(row, "peer_epoch", s->notif.epoch);
	exact_set(row, "version", s->notif.version);
	if (s->notif.has_config)
		cJSON_AddStringToObject(row, "config", s->config);
	else
		cJSON_AddNullToObject(row, "config");
	snprintf(text, sizeof(text), "%" PRIu64 ".%03u", s->us / 1000,
	         (unsigned)(s->us % 1000));
	cJSON_AddRawToObject(row, "ms", text);
}

static cJSON *
make_row(const struct probe_server *s)
{
	static const char *const unknown[] = {
	    "state", "leader", "round", "zxid", "peer_epoch", "version", "config", "ms",
	};
	cJSON *row = cJSON_CreateObject();

	cJSON_AddStringToObject(row, "address", s->address);
	cJSON_AddBoolToObject(row, "reachable", s->reachable);
	if (s->answered) {
		cJSON_AddNullToObject(row, "error");
		add_answer(row, s);
		return row;
	}
	cJSON_AddStringToObject(row, "error", s->error);
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		cJSON_AddNullToObject(row, unknown[i]);
	return row;
}

cJSON *
probe_json(const struct probe *p, const struct probe_verdict *v)
{
	cJSON *out = cJSON_CreateObject();
	cJSON *rows;

	if (v->has_leader)
		exact_set(out, "leader", v->leader);
	else
		cJSON_AddNullToObject(out, "leader");
	cJSON_AddBoolToObject(out, "quorum", v->quorum);
	if (v->has_named)
		exact_set(out, "named", v->named);
	else
		cJSON_AddNullToObject(out, "named");
	rows = cJSON_AddArrayToObject(out, "servers");
	for (unsigned i = 0; i < p->count; i++)
		cJSON_AddItemToArray(rows, make_row(&p->servers[i]));
	return out;
}
