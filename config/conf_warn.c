/* What is allowed, and seldom what was meant; see conf_draft.h. */
#include "config/conf_draft.h"
#include "config/conf_host.h"

#include <inttypes.h>

#define TICK_MIN_MS 10 /* a shorter tick is warned of */

static struct conf_place
place_of(const struct conf_places *places, const char *path)
{
	return places->keys[conf_key_find("", path) - conf_keys];
}

struct conf_error *
conf_warn_next(struct conf_warnings *out)
{
	return out->count < CONF_WARNINGS_MAX ? &out->list[out->count++] : NULL;
}

/* An even number of voters stands no more losses than one voter less. Where groups or
 * weights count, or the ensemble is ZooKeeper's, the number says nothing. */
static void
warn_voters(const struct conf_draft *d, struct conf_warnings *out)
{
	const struct conf *c = &d->conf;
	unsigned voters = 0;
	struct conf_error *w;

	for (unsigned i = 0; i < c->server_count; i++)
		voters += !c->servers[i].observer;
	if (voters % 2 != 0 || c->hierarchical || c->attach || !(w = conf_warn_next(out)))
		return;
	conf_fail(w, place_of(&d->places, "servers"),
	          "warning: %u voters stand the loss of %u, no more than %u do; add one, "
	          "or make one an observer with role = \"observer\";",
	          voters, voters / 2 - 1, voters - 1);
}

/* A loopback address reaches this machine only. */
static void
warn_loopback(const struct conf_draft *d, struct conf_warnings *out)
{
	const struct conf *c = &d->conf;
	const struct conf_server *far = NULL;

	for (unsigned i = 0; i < c->server_count && !far; i++)
		if (!conf_host_is_loopback(c->servers[i].host) &&
		    !conf_host_is_wildcard(c->servers[i].host))
			far = &c->servers[i];
	for (unsigned i = 0; i < c->server_count && far; i++) {
		const struct conf_server *s = &c->servers[i];
		struct conf_error *w;

		if (!conf_host_is_loopback(s->host) || !(w = conf_warn_next(out)))
			continue;
		conf_fail(w, place_of(&d->servers[i], "servers.host"),
		          "warning: host = \"%.200s\" of server %" PRId64
		          "%s is reached from one machine only, and server %" PRId64
		          " is elsewhere (%.200s); write the address at which the others "
		          "reach it",
		          s->host, s->id, s->id == c->id ? ", this one," : "", far->id,
		          far->host);
		return;
	}
}

/* Such a file is right for a server that was removed, and for no other. */
static void
warn_outside(const struct conf_draft *d, struct conf_warnings *out)
{
	const struct conf *c = &d->conf;
	struct conf_error *w;

	if (conf_server(c, c->id) || !(w = conf_warn_next(out)))
		return;
	conf_fail(w, place_of(&d->places, "servers"),
	          "warning: server %" PRId64 ", this one, is not in servers: it counts "
	          "for nothing in version %u; stop it once that is in force, or add it "
	          "to the list",
	          c->id, c->version);
}

static void
warn_tick(const struct conf_draft *d, struct conf_warnings *out)
{
	uint32_t tick_ms = d->conf.timing.tick_ms;
	struct conf_error *w;

	if (tick_ms >= TICK_MIN_MS || !(w = conf_warn_next(out)))
		return;
	conf_fail(
	    w, place_of(&d->places, "timing.tick_ms"),
	    "warning: with tick_ms = %u a leader is given up after %u ms of silence, "
	    "which a busy machine needs now and then; write %u or more, such as the "
	    "default, %" PRId64,
	    tick_ms, tick_ms * d->conf.timing.sync_limit, TICK_MIN_MS,
	    conf_key_find("", "timing.tick_ms")->standard);
}

/* Without Zab nobody promises anything, and ZooKeeper knows no priorities. */
static void
warn_without_zab(const struct conf_draft *d, struct conf_warnings *out)
{
	static const char *const keys[] = {"lease", "lease_ms", "hold_group"};
	const struct conf *c = &d->conf;
	const char *why = c->attach ? "attach = \"zookeeper\"" : "zab = false";
	struct conf_error *w;

	for (unsigned i = 0; !c->zab && i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct conf_place at = place_of(&d->places, keys[i]);

		if (at.line == 0 || c->lease == CONF_LEASE_OFF ||
		    !(w = conf_warn_next(out)))
			continue;
		conf_fail(w, at,
		          "warning: with %s there are no leases, and nobody can hold: %s "
		          "has no effect; leave it out",
		          why, keys[i]);
		return;
	}
	for (unsigned i = 0; !c->zab && i < c->server_count; i++) {
		if (c->servers[i].priority == 0 || !(w = conf_warn_next(out)))
			continue;
		conf_fail(w, place_of(&d->servers[i], "servers.priority"),
		          "warning: with %s priorities have no effect; leave priority of "
		          "server %" PRId64 " out",
		          why, c->servers[i].id);
		return;
	}
}

void
conf_warn(const struct conf_draft *d, struct conf_warnings *out)
{
	out->count = 0;
	warn_voters(d, out);
	warn_loopback(d, out);
	warn_outside(d, out);
	warn_tick(d, out);
	warn_without_zab(d, out);
	conf_tls_warn(d, out);
}
