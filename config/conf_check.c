/* The checks of what must hold between keys; see conf_draft.h. */
#include "base/file.h"
#include "config/conf_draft.h"
#include "config/conf_host.h"
#include "config/conf_memory.h"
#include "ipc/acl.h"
#include "ipc/users.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ID_FILE_MAX 64 /* bytes; a longer file does not hold one number */

/* Where the key with this path stands. */
static struct conf_place
place_of(const struct conf_places *places, const char *path)
{
	return places->keys[conf_key_find("", path) - conf_keys];
}

/* Accepts one decimal number with nothing but blanks around it. */
static bool
parse_id(const char *text, size_t len, int64_t *out)
{
	static const char blanks[] = " \t\r\n";
	size_t at = strspn(text, blanks), digits = strspn(text + at, "0123456789");
	int64_t id;

	errno = 0;
	id = strtoll(text + at, NULL, 10);
	at += digits;
	at += strspn(text + at, blanks);
	if (digits == 0 || at != len || errno != 0 || id > CONF_ID_MAX)
		return false;
	*out = id;
	return true;
}

static int
read_id_file(struct conf_draft *d)
{
	char text[ID_FILE_MAX + 1];
	size_t len;
	int r = file_read(d->conf.id_file, text, sizeof(text), &len);

	if (r < 0 && r != -EFBIG)
		return conf_fail(d->error, place_of(&d->places, "id_file"),
		                 "id_file %s cannot be read: %s; write the id of this "
		                 "server into it, or give id",
		                 d->conf.id_file, file_strerror(r));
	if (r == 0 && parse_id(text, len, &d->conf.id))
		return 0;
	return conf_fail(d->error, place_of(&d->places, "id_file"),
	                 "id_file %s does not hold one number from 0 to %" PRId64
	                 "; write the id of this server into it, and nothing else",
	                 d->conf.id_file, CONF_ID_MAX);
}

static int
check_id(struct conf_draft *d)
{
	struct conf_place id = place_of(&d->places, "id");
	struct conf_place file = place_of(&d->places, "id_file");

	if (id.line && file.line)
		return conf_fail(d->error, id.line > file.line ? id : file,
		                 "id and id_file are both given; write one of them");
	if (!id.line && !file.line)
		return conf_fail(
		    d->error, d->places.whole,
		    "id is missing; write the id of this server, as in id = 1; "
		    "or id_file = \"/etc/conclave/id\";");
	return file.line ? read_id_file(d) : 0;
}

static int
check_given(const struct conf_draft *d)
{
	size_t run_len = strlen(d->conf.run_dir);

	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (k->required && conf_key_is_in(k, "") &&
		    d->places.keys[k - conf_keys].line == 0)
			return conf_fail(d->error, d->places.whole,
			                 "%s is missing; write %s, as in %s = %s;",
			                 k->path, k->kind == CONF_LIST ? "a list" : "it",
			                 k->path, k->example);
	if (strcmp(d->conf.run_dir, d->conf.data_dir) == 0)
		return conf_fail(d->error, place_of(&d->places, "data_dir"),
		                 "data_dir and run_dir are the same folder; write two: "
		                 "data_dir must outlive a reboot, run_dir must not");
	if (strncmp(d->conf.data_dir, d->conf.run_dir, run_len) == 0 &&
	    d->conf.data_dir[run_len] == '/')
		return conf_fail(
		    d->error, place_of(&d->places, "data_dir"),
		    "data_dir %.200s is within run_dir, and would go with it "
		    "at a reboot; write a folder elsewhere, as in data_dir = "
		    "%s;",
		    d->conf.data_dir, conf_key_find("", "data_dir")->example);
	return 0;
}

/* The file is read here, and not by the name service, which may ask other machines. */
static int
check_group(const struct conf_draft *d, const char *key, const char *name, uint32_t *gid)
{
	struct conf_place at = place_of(&d->places, key);
	const char *example = conf_key_find("", key)->example;
	int r;

	if (!*name)
		return 0;
	*gid = ACL_NO_GROUP;
	r = users_group("/etc/group", name, gid);
	if (r ==
	    -EACCES) /* a worker reads its file again, and has found the group before */
		return 0;
	if (r < 0)
		return conf_fail(d->error, at,
		                 "%s = \"%s\" is no group of /etc/group; make it with "
		                 "groupadd %s, or leave the key out",
		                 key, name, name);
	if (*gid == POLICY_NOBODY)
		return conf_fail(d->error, at,
		                 "%s = \"%s\" is the group of strangers; write another, "
		                 "as in %s = %s;",
		                 key, name, key, example);
	return 0;
}

static int
check_groups(struct conf_draft *d)
{
	int r =
	    check_group(d, "control_group", d->conf.control_group, &d->conf.control_gid);

	return r != 0
	           ? r
	           : check_group(d, "hold_group", d->conf.hold_group, &d->conf.hold_gid);
}

/* Servers that have a host in common have no port in common. */
static int
check_ports(const struct conf_draft *d, unsigned i, unsigned j)
{
	const struct conf_server *a = &d->conf.servers[j], *b = &d->conf.servers[i];
	bool quorum =
	    b->quorum_port == a->quorum_port || b->quorum_port == a->election_port;
	bool election =
	    b->election_port == a->quorum_port || b->election_port == a->election_port;

	if ((!quorum && !election) || !conf_host_shared(a->host, b->host))
		return 0;
	return conf_fail(d->error,
	                 place_of(&d->servers[i], quorum ? "servers.quorum_port"
	                                                 : "servers.election_port"),
	                 "server %" PRId64 " has port %u of host %.200s already; write "
	                 "another %s for server %" PRId64,
	                 a->id, quorum ? b->quorum_port : b->election_port, b->host,
	                 quorum ? "quorum_port" : "election_port", b->id);
}

static int
check_server(const struct conf_draft *d, unsigned i)
{
	const struct conf_server *s = &d->conf.servers[i];
	int r = 0;

	if (s->quorum_port == s->election_port)
		return conf_fail(d->error,
		                 place_of(&d->servers[i], "servers.election_port"),
		                 "election_port and quorum_port of server %" PRId64
		                 " are both %u; write two ports",
		                 s->id, s->election_port);
	if (s->id != d->conf.id && conf_host_is_wildcard(s->host))
		return conf_fail(d->error, place_of(&d->servers[i], "servers.host"),
		                 "host = \"%.200s\" of server %" PRId64 " says where to "
		                 "listen, and not where to connect; write its address",
		                 s->host, s->id);
	for (unsigned j = 0; j < i && r == 0; j++) {
		if (d->conf.servers[j].id == s->id)
			return conf_fail(d->error, place_of(&d->servers[i], "servers.id"),
			                 "id = %" PRId64 " is that of an earlier server "
			                 "too; write another",
			                 s->id);
		r = check_ports(d, i, j);
	}
	return r;
}

/* The members change only where epochs are promised (N12). */
static int
check_version(const struct conf_draft *d)
{
	const struct conf *c = &d->conf;

	if (c->version == 1 || (c->zab && !c->attach))
		return 0;
	return conf_fail(d->error, place_of(&d->places, "version"),
	                 "version = %u with %s, where members cannot change; leave "
	                 "version out, stop all servers, and start them with one file",
	                 c->version,
	                 c->attach ? "attach = \"zookeeper\"" : "zab = false");
}

/* A group is founded by those who are in the list; a later version may have removed this
 * server. */
static int
check_member(const struct conf_draft *d)
{
	struct conf_place id = place_of(&d->places, "id");

	if (conf_server(&d->conf, d->conf.id) || d->conf.version > 1)
		return 0;
	return conf_fail(d->error, id.line ? id : place_of(&d->places, "id_file"),
	                 "id %" PRId64
	                 " is not in servers; write the id of one of them, or "
	                 "add this server to the list",
	                 d->conf.id);
}

/* A server of ours could not lead real ZooKeepers, since it has no data to sync. */
static int
check_attach(const struct conf_draft *d)
{
	const struct conf_server *self = conf_server(&d->conf, d->conf.id);

	if (!d->conf.attach || self->observer)
		return 0;
	return conf_fail(d->error, d->servers[self - d->conf.servers].whole,
	                 "attach = \"zookeeper\" and server %" PRId64
	                 ", this one, is a participant, but it could not lead real "
	                 "ZooKeepers and must not vote among them; write role = "
	                 "\"observer\"; in its entry, or leave attach out",
	                 self->id);
}

/* ZooKeeper refuses a configuration text with observers and only one participant. */
static int
check_voters(const struct conf_draft *d)
{
	unsigned voters = 0;

	for (unsigned i = 0; i < d->conf.server_count; i++)
		voters += !d->conf.servers[i].observer;
	if (voters == 0)
		return conf_fail(d->error, place_of(&d->places, "servers"),
		                 "servers has no participant; write at least one without "
		                 "role = \"observer\";");
	if (voters == 1 && d->conf.server_count > 1)
		return conf_fail(
		    d->error, place_of(&d->places, "servers"),
		    "servers has observers and only one participant, which "
		    "ZooKeeper refuses; write at least two participants, or no "
		    "observer");
	return 0;
}

/* The weight of all servers in the group of `s`. */
static int64_t
group_weight(const struct conf *c, const struct conf_server *s)
{
	int64_t weight = 0;

	for (unsigned i = 0; i < c->server_count; i++)
		if (c->servers[i].has_group && c->servers[i].group == s->group)
			weight += c->servers[i].weight;
	return weight;
}

/* ZooKeeper has weights only where there are groups, and a quorum then is more than half
 * of the weight in more than half of the groups (QuorumHierarchical). */
static int
check_share(const struct conf_draft *d, unsigned i)
{
	const struct conf_server *s = &d->conf.servers[i];
	struct conf_place weight = place_of(&d->servers[i], "servers.weight");
	struct conf_place group = place_of(&d->servers[i], "servers.group");

	if (s->observer && (s->has_group || s->weight != 1))
		return conf_fail(d->error, s->has_group ? group : weight,
		                 "server %" PRId64 " is an observer, which counts in no "
		                 "quorum; leave its %s out",
		                 s->id, s->has_group ? "group" : "weight");
	if (s->observer && s->priority != 0)
		return conf_fail(d->error, place_of(&d->servers[i], "servers.priority"),
		                 "server %" PRId64 " is an observer, which never leads; "
		                 "leave its priority out",
		                 s->id);
	if (s->observer)
		return 0;
	if (!d->conf.hierarchical && s->weight != 1)
		return conf_fail(d->error, weight,
		                 "weight = %" PRId64 " of server %" PRId64
		                 " without groups means nothing to ZooKeeper; put all "
		                 "participants into one group with group = 1; or leave "
		                 "weight out",
		                 s->weight, s->id);
	if (d->conf.hierarchical && !s->has_group)
		return conf_fail(d->error, d->servers[i].whole,
		                 "server %" PRId64 " has no group, and others have; "
		                 "write a group for each participant or for none",
		                 s->id);
	if (d->conf.hierarchical && group_weight(&d->conf, s) == 0)
		return conf_fail(d->error, group,
		                 "all of group %" PRId64 " have weight 0, so that it can "
		                 "never be won; write a weight above 0 for one of them",
		                 s->group);
	return 0;
}

#define LEASE_MIN_MS 10

/* A lease is renewed every quarter of it, which a machine has to keep to. */
static int
check_lease(const struct conf_draft *d)
{
	uint32_t ms = d->conf.lease_ms;

	if (ms == 0 || ms >= LEASE_MIN_MS)
		return 0;
	return conf_fail(
	    d->error, place_of(&d->places, "lease_ms"),
	    "lease_ms = %" PRIu32 " is over before it can be renewed; write %d "
	    "or more, or 0 for sync_limit ticks, which are %" PRIu32 " ms here",
	    ms, LEASE_MIN_MS, d->conf.timing.sync_limit * d->conf.timing.tick_ms);
}

/* Where two keys are the ends of a range, the lower is not above the upper. */
static int
check_order(const struct conf_draft *d, const struct conf_key *min)
{
	const struct conf_key *max = conf_key_find("", min->at_most);
	struct conf_place a = d->places.keys[min - conf_keys];
	struct conf_place b = d->places.keys[max - conf_keys];
	int64_t low = conf_key_get(min, &d->conf), high = conf_key_get(max, &d->conf);

	if (low <= high)
		return 0;
	return conf_fail(d->error, a.line ? a : b,
	                 "%s = %" PRId64 "%s is above %s = %" PRId64
	                 "%s; write a %s of at most that, or a larger %s",
	                 conf_key_name(min), low, a.line ? "" : " (the default)",
	                 conf_key_name(max), high, b.line ? "" : " (the default)",
	                 conf_key_name(min), conf_key_name(max));
}

int
conf_check(struct conf_draft *d)
{
	struct conf *c = &d->conf;

	if (check_id(d) || check_given(d) || check_groups(d))
		return 1;
	for (unsigned i = 0; i < c->server_count; i++) {
		c->hierarchical |= c->servers[i].has_group;
		if (check_server(d, i))
			return 1;
	}
	if (check_voters(d) || check_version(d) || check_member(d) || check_attach(d))
		return 1;
	if (conf_tls_check(d))
		return 1;
	for (unsigned i = 0; i < c->server_count; i++)
		if (check_share(d, i))
			return 1;
	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (k->at_most && check_order(d, k))
			return 1;
	if (check_lease(d))
		return 1;
	if (conf_memory_check(d))
		return 1;
	c->zab &= !c->attach;
	c->early_finalize &= c->zab;
	return 0;
}
