/* See voters.h. */
#include "view/voters.h"

#include "view/member.h"
#include "wire/quorum.h"

#include <string.h>

/* The peer's list is one of wire/members: by ascending sid, and at most MEMBERS_MAX. */
static void
add_list(const json_t *membership, struct voters *out)
{
	struct members *m = &out->lists[out->count];
	const json_t *row;
	size_t i;

	if (!json_is_object(membership))
		return;
	out->count++;
	m->version = member_number(membership, "version");
	json_array_foreach (json_object_get(membership, "servers"), i, row) {
		struct member *e = &m->list[m->count];

		if (m->count == MEMBERS_MAX)
			break;
		m->count++;
		e->sid = member_number(row, "id");
		e->weight = member_number(row, "weight");
		e->observer = strcmp(member_string(row, "role"), "observer") == 0;
		e->has_group = member_i64(row, "group", &e->group);
		m->hierarchical |= e->has_group;
	}
}

void
voters_read(const struct conf *conf, const json_t *members, struct voters *out)
{
	static struct qconfig config;
	static char text[QCONFIG_TEXT_MAX];
	const json_t *record = json_object_get(members, "record");

	memset(out, 0, sizeof(*out));
	add_list(json_object_get(record, "old"), out);
	add_list(json_object_get(record, "new"), out);
	if (out->count == 0 && conf_qconfig(conf, text, sizeof(text), &config) > 0)
		out->count = members_from_qconfig(&config, &out->lists[0]);
}

json_t *
voters_list(const struct conf *conf)
{
	json_t *voters = json_array();

	for (unsigned i = 0; i < conf->server_count; i++) {
		if (!conf->servers[i].observer)
			json_array_append_new(voters, json_integer(conf->servers[i].id));
	}
	return voters;
}

/* Static, since it is large; NULL: the configuration counts no quorum. */
static const struct quorum *
quorum_of(const struct conf *conf)
{
	static struct qconfig config;
	static struct quorum quorum;
	static char text[QCONFIG_TEXT_MAX];

	if (conf_qconfig(conf, text, sizeof(text), &config) == 0 ||
	    quorum_init(&quorum, &config) < 0)
		return NULL;
	return &quorum;
}

unsigned
voters_needed(const struct conf *conf)
{
	const struct quorum *q = quorum_of(conf);

	return q ? quorum_smallest(q) : 0;
}
