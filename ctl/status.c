/* The status object: who leads, whom we know, what runs here. */
#include "ctl/status.h"

#include "ctl/exact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The first string, number or bool of that name, or null. */
static void
copy_member(cJSON *to, const char *key, const cJSON *from, const char *from_key)
{
	const cJSON *node = cJSON_GetObjectItemCaseSensitive(from, from_key);

	cJSON_AddItemToObject(to, key,
	                      node ? cJSON_Duplicate(node, true) : cJSON_CreateNull());
}

static const cJSON *
answer_of(const struct asks *asks, const char *folder)
{
	const struct ask *a = ask_find(asks, folder);

	return a ? a->answer : NULL;
}

static const cJSON *
active_elector(const struct asks *asks)
{
	for (unsigned i = 0; i < asks->count; i++) {
		const cJSON *a = asks->list[i].answer;

		if (strcmp(exact_string(a, "who"), "elector") == 0 &&
		    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(a, "active")))
			return a;
	}
	return NULL;
}

/* The row of `sid` in an array of rows; `lane` NULL: any. */
static const cJSON *
row_of(const cJSON *rows, int64_t sid, const char *lane)
{
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		int64_t id;

		if (!exact_i64(cJSON_GetObjectItemCaseSensitive(row, "id"), &id) ||
		    id != sid)
			continue;
		if (!lane || strcmp(exact_string(row, "lane"), lane) == 0)
			return row;
	}
	return NULL;
}

/* What our peer knows of it, which is newer than its last vote: it follows us, or we
 * follow it. NULL: nothing. */
static const char *
known_state(const struct conf *conf, int64_t sid, const cJSON *peer)
{
	const cJSON *row =
	    row_of(cJSON_GetObjectItemCaseSensitive(peer, "learners"), sid, NULL);
	int64_t leader;

	if (row && strcmp(exact_string(row, "phase"), "broadcast") == 0)
		return conf_is_voter(conf, sid) ? "following" : "observing";
	if (exact_i64(cJSON_GetObjectItemCaseSensitive(peer, "leader"), &leader) &&
	    leader == sid)
		return "leading";
	return NULL;
}

static cJSON *
remote_row(const struct conf *conf, int64_t sid, const cJSON *connmgr,
           const cJSON *elector, const cJSON *peer)
{
	const char *known = known_state(conf, sid, peer);
	const cJSON *links = cJSON_GetObjectItemCaseSensitive(connmgr, "remotes");
	const cJSON *votes = cJSON_GetObjectItemCaseSensitive(elector, "remotes");
	const cJSON *link = row_of(links, sid, "election");
	const cJSON *vote = row_of(votes, sid, NULL);
	cJSON *row = cJSON_CreateObject();

	exact_set(row, "id", sid);
	if (link) {
		copy_member(row, "link", link, "link");
		copy_member(row, "reason", link, "reason");
	} else {
		cJSON_AddStringToObject(row, "link", "down");
		cJSON_AddStringToObject(row, "reason",
		                        connmgr ? "unknown" : "connmgr-silent");
	}
	copy_member(row, "since_ms", link, "since_ms");
	if (known)
		cJSON_AddStringToObject(row, "state", known);
	else
		copy_member(row, "state", vote, "state");
	copy_member(row, "vote", vote, "vote");
	return row;
}

/* Those of the configuration in its order, then whoever else is linked. */
static cJSON *
remotes(const struct conf *conf, const cJSON *connmgr, const cJSON *elector,
        const cJSON *peer)
{
	cJSON *rows = cJSON_CreateArray();
	const cJSON *link;

	for (unsigned i = 0; i < conf->server_count; i++) {
		int64_t sid = conf->servers[i].id;

		if (sid != conf->id)
			cJSON_AddItemToArray(
			    rows, remote_row(conf, sid, connmgr, elector, peer));
	}
	cJSON_ArrayForEach(link, cJSON_GetObjectItemCaseSensitive(connmgr, "remotes"))
	{
		int64_t sid;

		if (!exact_i64(cJSON_GetObjectItemCaseSensitive(link, "id"), &sid))
			continue;
		if (strcmp(exact_string(link, "lane"), "election") == 0 &&
		    sid != conf->id && !row_of(rows, sid, NULL))
			cJSON_AddItemToArray(
			    rows, remote_row(conf, sid, connmgr, elector, peer));
	}
	return rows;
}

cJSON *
status_voters(const struct conf *conf)
{
	cJSON *voters = cJSON_CreateArray();

	for (unsigned i = 0; i < conf->server_count; i++) {
		if (!conf->servers[i].observer)
			cJSON_AddItemToArray(voters, exact_create(conf->servers[i].id));
	}
	return voters;
}

static int
heavier_first(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x < y) - (x > y);
}

static int
fewer_first(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a;
	unsigned y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

/* How many members of a group, at least, hold more than half of its weight; 0: it has
 * none. */
static unsigned
group_cost(const struct conf *conf, const struct conf_server *of)
{
	int64_t weights[CONF_SERVERS_MAX];
	unsigned count = 0;
	unsigned taken = 0;
	__int128 total = 0;
	__int128 held = 0;

	for (unsigned i = 0; i < conf->server_count; i++) {
		const struct conf_server *s = &conf->servers[i];

		if (s->observer || s->has_group != of->has_group || s->group != of->group)
			continue;
		weights[count++] = s->weight;
		total += s->weight;
	}
	qsort(weights, count, sizeof(weights[0]), heavier_first);
	while (taken < count && held * 2 <= total && total > 0)
		held += weights[taken++];
	return taken;
}

static bool
first_of_group(const struct conf *conf, unsigned at)
{
	const struct conf_server *s = &conf->servers[at];

	if (s->observer)
		return false;
	for (unsigned i = 0; i < at; i++) {
		const struct conf_server *t = &conf->servers[i];

		if (!t->observer && t->has_group == s->has_group && t->group == s->group)
			return false;
	}
	return true;
}

unsigned
status_quorum(const struct conf *conf)
{
	unsigned costs[CONF_SERVERS_MAX];
	unsigned groups = 0;
	unsigned voters = 0;
	unsigned sum = 0;

	for (unsigned i = 0; i < conf->server_count; i++)
		voters += !conf->servers[i].observer;
	if (!conf->hierarchical)
		return voters / 2 + 1;
	for (unsigned i = 0; i < conf->server_count; i++) {
		unsigned cost =
		    first_of_group(conf, i) ? group_cost(conf, &conf->servers[i]) : 0;

		if (cost > 0)
			costs[groups++] = cost;
	}
	qsort(costs, groups, sizeof(costs[0]), fewer_first);
	for (unsigned i = 0; i < groups / 2 + 1 && i < groups; i++)
		sum += costs[i];
	return sum;
}

bool
status_leads(const cJSON *peer)
{
	return cJSON_IsTrue(cJSON_GetObjectItem(peer, "active")) &&
	       strcmp(exact_string(peer, "state"), "leading") == 0;
}

static void
add_role(cJSON *root, const cJSON *peer, const cJSON *elector)
{
	if (peer)
		copy_member(root, "state", peer, "state");
	else
		cJSON_AddStringToObject(root, "state", "down");
	copy_member(root, "leader", peer, "leader");
	copy_member(root, "epoch", peer, "epoch");
	copy_member(root, "round", peer ? peer : elector, "round");
	cJSON_AddBoolToObject(root, "active", status_leads(peer));
	if (peer)
		copy_member(root, "lease_ms", peer, "lease_ms");
	else
		exact_set(root, "lease_ms", 0);
	copy_member(root, "phase", peer, "phase");
	copy_member(root, "claim", peer, "claim");
	if (peer)
		copy_member(root, "reason", peer, "reason");
	else
		cJSON_AddStringToObject(root, "reason", "the peer does not answer");
}

/* Who should have answered. A folder that an elector of the past has left is nobody; but
 * one elector there must be. Where each worker is a unit there is no conclaved. */
static cJSON *
silent(const struct asks *asks)
{
	cJSON *names = cJSON_CreateArray();
	bool elector = false, some = asks_answered(asks) > 0;

	for (unsigned i = 0; i < asks->count; i++) {
		const struct ask *a = &asks->list[i];
		bool is_elector = strncmp(a->folder, "elector-", 8) == 0;
		bool nobody = a->result == -ENOENT || a->result == -ECONNREFUSED;
		bool no_unit =
		    some && a->result == -ENOENT && strcmp(a->folder, "conclaved") == 0;

		elector |= is_elector && !nobody;
		if (a->result && !no_unit && !(is_elector && nobody))
			cJSON_AddItemToArray(names, cJSON_CreateString(a->folder));
	}
	if (!elector)
		cJSON_AddItemToArray(names, cJSON_CreateString("elector"));
	return names;
}

cJSON *
status_merge(const struct conf *conf, const struct asks *asks)
{
	const cJSON *peer = answer_of(asks, "peer");
	const cJSON *connmgr = answer_of(asks, "connmgr");
	const cJSON *elector = active_elector(asks);
	cJSON *root = cJSON_CreateObject();

	if (!root)
		return NULL;
	exact_set(root, "schema", STATUS_SCHEMA);
	exact_set(root, "id", conf->id);
	add_role(root, peer, elector);
	/* what the elector counts with, which a changed file does not change */
	if (cJSON_GetObjectItemCaseSensitive(elector, "voters")) {
		copy_member(root, "voters", elector, "voters");
		copy_member(root, "quorum", elector, "quorum");
	} else {
		cJSON_AddItemToObject(root, "voters", status_voters(conf));
		exact_set(root, "quorum", status_quorum(conf));
	}
	cJSON_AddItemToObject(root, "remotes", remotes(conf, connmgr, elector, peer));
	cJSON_AddItemToObject(root, "processes", status_processes(asks));
	copy_member(root, "degraded", connmgr, "degraded");
	cJSON_AddItemToObject(root, "silent", silent(asks));
	return root;
}
