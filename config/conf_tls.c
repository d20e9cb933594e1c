/* The checks of the group tls that need no file of keys; see conf_draft.h. */
#include "config/conf_draft.h"
#include "config/conf_host.h"

#include <inttypes.h>

static struct conf_place
place_of(const struct conf_draft *d, const char *path)
{
	return d->places.keys[conf_key_find("", path) - conf_keys];
}

static const char *
example_of(const char *path)
{
	return conf_key_find("", path)->example;
}

int
conf_tls_check(const struct conf_draft *d)
{
	const struct conf *c = &d->conf;

	if (c->attach && c->tls.mode == CONF_TLS_PSK)
		return conf_fail(d->error, place_of(d, "tls.mode"),
		                 "mode = \"psk\" with attach = \"zookeeper\", and "
		                 "ZooKeeper has no such keys; leave mode out");
	if (c->tls.mode == CONF_TLS_PSK && !c->tls.key_file[0])
		return conf_fail(d->error, place_of(d, "tls.mode"),
		                 "mode = \"psk\" needs key_file; write it into the group "
		                 "tls, as in key_file = %s;",
		                 example_of("tls.key_file"));
	return 0;
}

/* Whoever reaches the ports of such a group is believed, and ZooKeeper has no keys. */
const struct conf_server *
conf_exposed(const struct conf *c)
{
	for (unsigned i = 0; i < c->server_count; i++)
		if (c->tls.mode == CONF_TLS_OFF && !c->attach &&
		    !conf_host_is_loopback(c->servers[i].host))
			return &c->servers[i];
	return NULL;
}

static void
warn_plain(const struct conf_draft *d, struct conf_warnings *out)
{
	const struct conf_server *s = conf_exposed(&d->conf);
	struct conf_error *w = s ? conf_warn_next(out) : NULL;

	if (!w)
		return;
	conf_fail(w, place_of(d, "servers"),
	          "warning: server %" PRId64 " (%.200s) is reached over a network, "
	          "and tls.mode is \"off\": whoever reaches the ports may end the "
	          "leadership, or take it; make a key with conclave keygen, and "
	          "write tls = { mode = \"psk\"; key_file = %s; };",
	          s->id, s->host, example_of("tls.key_file"));
}

static void
warn_unused(const struct conf_draft *d, struct conf_warnings *out)
{
	struct conf_place at = place_of(d, "tls.key_file");
	struct conf_error *w;

	if (!d->conf.tls.key_file[0] || d->conf.tls.mode != CONF_TLS_OFF ||
	    !(w = conf_warn_next(out)))
		return;
	conf_fail(w, at,
	          "warning: key_file is not read with mode = \"off\"; leave it out, or "
	          "write mode = \"psk\"");
}

void
conf_tls_warn(const struct conf_draft *d, struct conf_warnings *out)
{
	warn_plain(d, out);
	warn_unused(d, out);
}
