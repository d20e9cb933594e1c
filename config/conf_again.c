/* What a reload may change, and what it refuses; see conf_draft.h. */
#include "config/conf_draft.h"

#include <inttypes.h>
#include <string.h>

/* Where the key with this path stands; the file as a whole, if it is not given. */
static struct conf_place
place_of(const struct conf_places *places, const struct conf_draft *d, const char *path)
{
	struct conf_place at = places->keys[conf_key_find("", path) - conf_keys];

	return at.line ? at : (struct conf_place){d->places.whole.file, 0};
}

static bool
same_key(const struct conf_server *a, const struct conf_server *b, const char *path)
{
	return conf_key_same(conf_key_find("", path), a, b);
}

/* What needs a restart has not changed. */
static int
check_keys(const struct conf_draft *d, const struct conf *running)
{
	const char *path = conf_difference(running, &d->conf);
	struct conf_place at;

	if (!*path)
		return 0;
	at = place_of(&d->places, d, path);
	if (!at.line && strcmp(path, "id") == 0)
		at = place_of(&d->places, d, "id_file");
	return conf_fail(
	    d->error, at,
	    "%s differs from what runs; restart this server for it, or write "
	    "it as it was",
	    path);
}

/* Where this server listens has not changed. */
static int
check_own(const struct conf_draft *d, const struct conf *running)
{
	static const char *const paths[] = {"servers.host", "servers.quorum_port",
	                                    "servers.election_port"};
	const struct conf_server *own = conf_server(&d->conf, d->conf.id);

	for (size_t i = 0; own && running->self && i < sizeof(paths) / sizeof(*paths);
	     i++)
		if (!same_key(own, running->self, paths[i]))
			return conf_fail(
			    d->error,
			    place_of(&d->servers[own - d->conf.servers], d, paths[i]),
			    "%s of server %" PRId64 ", this one, differs from where it "
			    "listens; restart this server for it, or write it as it was",
			    conf_key_name(conf_key_find("", paths[i])), own->id);
	return 0;
}

/* What makes the entry `s` another member than `was`, NULL: nothing. Its address does
 * not. */
static const char *
other_member(const struct conf_server *s, const struct conf_server *was)
{
	if (!was)
		return "is new";
	if (!same_key(s, was, "servers.role"))
		return "has another role";
	if (!same_key(s, was, "servers.weight"))
		return "has another weight";
	if (!same_key(s, was, "servers.priority"))
		return "has another priority";
	return same_key(s, was, "servers.group") ? NULL : "has another group";
}

static int
fail_members(const struct conf_draft *d, struct conf_place at, int64_t sid,
             const char *what)
{
	return conf_fail(d->error, at,
	                 "server %" PRId64 " %s, and version %u runs with other members; "
	                 "write version = %" PRId64 "; with this list, on every server",
	                 sid, what, d->conf.version, (int64_t)d->conf.version + 1);
}

/* One version has one list of members (N12). A smaller version is taken: the peer says
 * what the group has. */
static int
check_members(const struct conf_draft *d, const struct conf *running)
{
	const struct conf *c = &d->conf;

	if (c->version != running->version)
		return 0;
	for (unsigned i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->servers[i];
		const char *what = other_member(s, conf_server(running, s->id));

		if (what)
			return fail_members(d, d->servers[i].whole, s->id, what);
	}
	for (unsigned i = 0; i < running->server_count; i++)
		if (!conf_server(c, running->servers[i].id))
			return fail_members(d, place_of(&d->places, d, "servers"),
			                    running->servers[i].id, "is gone");
	return 0;
}

int
conf_check_again(const struct conf_draft *d, const struct conf *running)
{
	if (check_keys(d, running))
		return 1;
	if (running->zab)
		return check_own(d, running) || check_members(d, running);
	if (conf_same_servers(running, &d->conf))
		return 0;
	return conf_fail(d->error, place_of(&d->places, d, "servers"),
	                 "servers differs from what runs, and members cannot change with "
	                 "%s; stop all servers, and start them with one file",
	                 running->attach ? "attach = \"zookeeper\"" : "zab = false");
}

void
conf_take(struct conf *running, const struct conf *fresh)
{
	running->log_level = fresh->log_level;
	running->version = fresh->version;
	running->server_count = fresh->server_count;
	memcpy(running->servers, fresh->servers, sizeof(running->servers));
	running->hierarchical = fresh->hierarchical;
	running->self = conf_server(running, running->id);
}
