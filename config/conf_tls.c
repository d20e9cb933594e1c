/* The checks of the group tls that need no file of a key; see conf_draft.h. */
#include "config/conf_draft.h"
#include "config/conf_host.h"

#include <inttypes.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct conf_place
place_of(const struct conf_draft *d, const char *path)
{
	return d->places.keys[conf_key_find("", path) - conf_keys];
}

/* The keys of files, and the modes that read each: bits of enum conf_tls. */
static const struct {
	const char *path;
	unsigned needed, read;
} files[] = {
    {"tls.key_file", 1 << CONF_TLS_PSK, 1 << CONF_TLS_PSK | 1 << CONF_TLS_X509},
    {"tls.cert_file", 1 << CONF_TLS_X509, 1 << CONF_TLS_X509},
    {"tls.ca_file", 1 << CONF_TLS_X509, 1 << CONF_TLS_X509},
    {"tls.crl_file", 0, 1 << CONF_TLS_X509},
};

int
conf_tls_check(const struct conf_draft *d)
{
	const struct conf *c = &d->conf;
	const char *mode = conf_word_of(conf_key_find("", "tls.mode"), c);

	if (c->attach && c->tls.mode == CONF_TLS_PSK)
		return conf_fail(d->error, place_of(d, "tls.mode"),
		                 "mode = \"psk\" with attach = \"zookeeper\", and "
		                 "ZooKeeper knows certificates only; write mode = "
		                 "\"x509\"; or leave attach out");
	for (size_t i = 0; i < COUNT(files); i++) {
		const struct conf_key *k = conf_key_find("", files[i].path);
		bool given = *((const char *)c + k->offset);

		if (!given && files[i].needed & 1U << c->tls.mode)
			return conf_fail(d->error, place_of(d, "tls.mode"),
			                 "mode = \"%s\" needs %s; write it into the "
			                 "group tls, as in %s = %s;",
			                 mode, conf_key_name(k), conf_key_name(k),
			                 k->example);
	}
	return 0;
}

/* Who can reach the ports of such a group is believed, whoever it is. */
static void
warn_plain(const struct conf_draft *d, struct conf_warnings *out)
{
	const struct conf *c = &d->conf;
	struct conf_error *w;

	for (unsigned i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->servers[i];

		if (conf_host_is_loopback(s->host) || !(w = conf_warn_next(out)))
			continue;
		conf_fail(
		    w, place_of(d, "servers"),
		    "warning: server %" PRId64 " (%.200s) is reached over a network, "
		    "and tls.mode is \"off\": whoever reaches the ports may end the "
		    "leadership, or take it; make a key with conclave keygen, and "
		    "write tls = { mode = \"psk\"; key_file = %s; };",
		    s->id, s->host, conf_key_find("", "tls.key_file")->example);
		return;
	}
}

static void
warn_unused(const struct conf_draft *d, struct conf_warnings *out)
{
	struct conf_error *w;

	for (size_t i = 0; i < COUNT(files); i++) {
		const struct conf_key *k = conf_key_find("", files[i].path);
		struct conf_place at = place_of(d, files[i].path);

		if (at.line == 0 || files[i].read & 1U << d->conf.tls.mode ||
		    !(w = conf_warn_next(out)))
			continue;
		conf_fail(w, at,
		          "warning: %s is not read with mode = \"%s\"; leave it out, or "
		          "write mode = \"%s\"",
		          conf_key_name(k),
		          conf_word_of(conf_key_find("", "tls.mode"), &d->conf),
		          files[i].read & 1 << CONF_TLS_PSK ? "psk" : "x509");
		return;
	}
}

void
conf_tls_warn(const struct conf_draft *d, struct conf_warnings *out)
{
	if (d->conf.tls.mode == CONF_TLS_OFF && !d->conf.attach)
		warn_plain(d, out);
	warn_unused(d, out);
}
