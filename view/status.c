/* The status object: who leads, which servers are known, which processes run here. */
#include "view/status.h"

#include "view/member.h"
#include "wire/quorum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
copy_member(json_t *to, const char *key, const json_t *from)
{
	json_object_set_new(to, key, member_copy(from, key));
}

static void
set_string(json_t *to, const char *key, const char *text)
{
	json_object_set_new(to, key, json_string(text));
}

/* The row of `sid` in an array of rows; `lane` NULL: any. */
static const json_t *
row_of(const json_t *rows, int64_t sid, const char *lane)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		int64_t id;

		if (member_i64(row, "id", &id) && id == sid &&
		    (!lane || strcmp(member_string(row, "lane"), lane) == 0))
			return row;
	}
	return NULL;
}

/* What our peer knows of that server, which is newer than its last vote: the server
 * follows us, or we follow it. NULL: nothing. */
static const char *
known_state(const struct conf *conf, int64_t sid, const json_t *peer)
{
	const json_t *row = row_of(json_object_get(peer, "learners"), sid, NULL);
	int64_t leader;

	if (row && strcmp(member_string(row, "phase"), "broadcast") == 0)
		return conf_is_voter(conf, sid) ? "following" : "observing";
	if (member_i64(peer, "leader", &leader) && leader == sid)
		return "leading";
	return NULL;
}

static json_t *
remote_row(const struct conf *conf, int64_t sid, const struct asks *asks)
{
	const json_t *connmgr = asks_answer(asks, "connmgr");
	const json_t *link = row_of(json_object_get(connmgr, "remotes"), sid, "election");
	const json_t *vote =
	    row_of(json_object_get(asks_elector(asks), "remotes"), sid, NULL);
	const char *known = known_state(conf, sid, asks_answer(asks, "peer"));
	json_t *row = json_object();

	json_object_set_new(row, "id", json_integer(sid));
	if (link) {
		copy_member(row, "link", link);
		copy_member(row, "reason", link);
	} else {
		set_string(row, "link", "down");
		set_string(row, "reason", connmgr ? "unknown" : "connmgr-silent");
	}
	copy_member(row, "since_ms", link);
	if (known)
		set_string(row, "state", known);
	else
		copy_member(row, "state", vote);
	copy_member(row, "vote", vote);
	return row;
}

/* The servers of the configuration in its order, then whoever else is linked. */
static json_t *
remotes(const struct conf *conf, const struct asks *asks)
{
	json_t *rows = json_array();
	const json_t *link;
	size_t at;

	for (unsigned i = 0; i < conf->server_count; i++) {
		if (conf->servers[i].id != conf->id)
			json_array_append_new(
			    rows, remote_row(conf, conf->servers[i].id, asks));
	}
	json_array_foreach (json_object_get(asks_answer(asks, "connmgr"), "remotes"), at,
	                    link) {
		int64_t sid;

		if (member_i64(link, "id", &sid) && sid != conf->id &&
		    strcmp(member_string(link, "lane"), "election") == 0 &&
		    !row_of(rows, sid, NULL))
			json_array_append_new(rows, remote_row(conf, sid, asks));
	}
	return rows;
}

json_t *
status_voters(const struct conf *conf)
{
	json_t *voters = json_array();

	for (unsigned i = 0; i < conf->server_count; i++) {
		if (!conf->servers[i].observer)
			json_array_append_new(voters, json_integer(conf->servers[i].id));
	}
	return voters;
}

unsigned
status_quorum(const struct conf *conf)
{
	struct qconfig *config = malloc(sizeof(*config));
	struct quorum *quorum = malloc(sizeof(*quorum));
	char *text = malloc(QCONFIG_TEXT_MAX);
	unsigned smallest = 0;
	size_t len;

	if (config && quorum && text &&
	    (len = conf_qconfig(conf, text, QCONFIG_TEXT_MAX)) > 0 &&
	    qconfig_parse(text, len, true, config) == QCONFIG_OK &&
	    quorum_init(quorum, config) == 0)
		smallest = quorum_smallest(quorum);
	free(text);
	free(quorum);
	free(config);
	return smallest;
}

bool
status_leads(const json_t *peer)
{
	return json_is_true(json_object_get(peer, "active")) &&
	       strcmp(member_string(peer, "state"), "leading") == 0;
}

static void
add_role(json_t *root, const json_t *peer, const json_t *elector)
{
	copy_member(root, "state", peer);
	copy_member(root, "leader", peer);
	copy_member(root, "epoch", peer);
	copy_member(root, "round", peer ? peer : elector);
	json_object_set_new(root, "active", json_boolean(status_leads(peer)));
	copy_member(root, "lease_ms", peer);
	copy_member(root, "phase", peer);
	copy_member(root, "claim", peer);
	copy_member(root, "reason", peer);
	if (peer)
		return;
	set_string(root, "state", "down");
	set_string(root, "reason", "the peer does not answer");
	json_object_set_new(root, "lease_ms", json_integer(0));
}

/* The processes that should have answered. A folder that an elector of the past has left
 * is nobody's; but one elector there must be. Where each worker is a unit of systemd
 * there is no conclaved. */
static json_t *
silent(const struct asks *asks)
{
	json_t *names = json_array();
	bool elector = false, some = asks_answered(asks) > 0;

	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];
		bool is_elector = asks_is_elector(a->folder);
		bool nobody = a->result == -ENOENT || a->result == -ECONNREFUSED;
		bool no_unit =
		    some && a->result == -ENOENT && strcmp(a->folder, "conclaved") == 0;

		elector |= is_elector && !nobody;
		if (a->result && !no_unit && !(is_elector && nobody))
			json_array_append_new(names, json_string(a->folder));
	}
	if (!elector)
		json_array_append_new(names, json_string("elector"));
	return names;
}

json_t *
status_merge(const struct conf *conf, const struct asks *asks)
{
	const json_t *elector = asks_elector(asks);
	json_t *root = json_object();

	json_object_set_new(root, "schema", json_integer(STATUS_SCHEMA));
	json_object_set_new(root, "id", json_integer(conf->id));
	add_role(root, asks_answer(asks, "peer"), elector);
	/* what the elector counts with, which a changed file does not change */
	if (json_object_get(elector, "voters")) {
		copy_member(root, "voters", elector);
		copy_member(root, "quorum", elector);
	} else {
		json_object_set_new(root, "voters", status_voters(conf));
		json_object_set_new(root, "quorum", json_integer(status_quorum(conf)));
	}
	json_object_set_new(root, "remotes", remotes(conf, asks));
	json_object_set_new(root, "processes", status_processes(asks));
	copy_member(root, "degraded", asks_answer(asks, "connmgr"));
	json_object_set_new(root, "silent", silent(asks));
	return root;
}

json_t *
status_leader(const struct conf *conf, const json_t *peer, enum status_leader *out)
{
	int64_t leader;
	bool known = member_i64(peer, "leader", &leader);

	*out = STATUS_NOBODY_LEADS; /* also: this server, but it may not act */
	if (known && leader != conf->id)
		*out = STATUS_OTHER_LEADS;
	else if (known && status_leads(peer))
		*out = STATUS_WE_LEAD;
	return json_pack("{s:i, s:I, s:o, s:o, s:o, s:b}", "schema", STATUS_SCHEMA, "id",
	                 (json_int_t)conf->id, "leader", member_copy(peer, "leader"),
	                 "state", member_copy(peer, "state"), "epoch",
	                 member_copy(peer, "epoch"), "active", *out == STATUS_WE_LEAD);
}
