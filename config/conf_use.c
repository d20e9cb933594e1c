/* Answers about a configuration: a server, a difference, ZooKeeper's text. */
#include "base/buf.h"
#include "config/conf_host.h"
#include "config/conf_key.h"
#include "wire/members.h"
#include "wire/qconfig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct conf_server *
conf_server(const struct conf *c, int64_t id)
{
	for (unsigned i = 0; i < c->server_count; i++)
		if (c->servers[i].id == id)
			return &c->servers[i];
	return NULL;
}

bool
conf_is_voter(const struct conf *c, int64_t id)
{
	const struct conf_server *s = conf_server(c, id);

	return s && !s->observer;
}

unsigned
conf_remote_count(const struct conf *c)
{
	return c->server_count - (conf_server(c, c->id) ? 1 : 0);
}

uint32_t
conf_lease_ms(const struct conf *c)
{
	uint32_t ticks_ms = c->timing.sync_limit * c->timing.tick_ms;

	if (c->lease_ms > 0)
		return c->lease_ms;
	return ticks_ms < c->lease_max_ms ? ticks_ms : c->lease_max_ms;
}

static bool
same_server(const struct conf_server *a, const struct conf_server *b)
{
	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (conf_key_is_in(k, "servers") && !conf_key_same(k, a, b))
			return false;
	return true;
}

bool
conf_same_servers(const struct conf *a, const struct conf *b)
{
	if (a->server_count != b->server_count)
		return false;
	for (unsigned i = 0; i < a->server_count; i++) {
		const struct conf_server *other = conf_server(b, a->servers[i].id);

		if (!other || !same_server(&a->servers[i], other))
			return false;
	}
	return true;
}

const char *
conf_difference(const struct conf *running, const struct conf *file)
{
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		if (k->change != CONF_RESTART || k->kind == CONF_GROUP ||
		    conf_key_is_in(k, "servers"))
			continue;
		if (!conf_key_same(k, running, file))
			return k->path;
	}
	return "";
}

/* `server.N=host:port:port|…:role`, a line of ZooKeeper's own file. */
static void
put_server(struct buf_out *b, const struct conf_server *s)
{
	const char *rest = s->host, *separator = "=";
	char host[CONF_NAME_MAX];

	buf_put_text(b, "server.%" PRId64, s->id);
	while (rest) {
		conf_host_next(&rest, host);
		buf_put_text(b, strchr(host, ':') ? "%s[%s]:%u:%u" : "%s%s:%u:%u",
		             separator, host, s->quorum_port, s->election_port);
		separator = "|";
	}
	buf_put_text(b, ":%s\n", s->observer ? "observer" : "participant");
}

/* `group.N=SID:SID`, unless a server before `first` is in the same group. */
static void
put_group(struct buf_out *b, const struct conf_server *const *list, unsigned count,
          unsigned first)
{
	int64_t group = list[first]->group;
	const char *separator = "=";

	for (unsigned i = 0; i < count; i++) {
		if (!list[i]->has_group || list[i]->group != group)
			continue;
		if (i < first)
			return;
		if (i == first)
			buf_put_text(b, "group.%" PRId64, group);
		buf_put_text(b, "%s%" PRId64, separator, list[i]->id);
		separator = ":";
	}
	buf_put_u8(b, '\n');
}

/* The servers of the text by ascending id, so that the order of the file does not matter:
 * wire/members prints the same list so. An ensemble that we are attached to need not know
 * us or our name: it gets its own servers only. */
static unsigned
sort_servers(const struct conf *c, const struct conf_server *list[CONF_SERVERS_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < c->server_count; i++) {
		const struct conf_server *s = &c->servers[i];
		unsigned at = count;

		if (c->attach && s->id == c->id)
			continue;
		for (; at > 0 && list[at - 1]->id > s->id; at--)
			list[at] = list[at - 1];
		list[at] = s;
		count++;
	}
	return count;
}

/* Writes a file of ZooKeeper's, which wire/qconfig reads and prints by ZooKeeper's rules,
 * so that the order, the form of addresses and the defaults are ZooKeeper's. */
static size_t
print_text(const struct conf *c, uint32_t version, char *out, size_t cap,
           struct qconfig *read)
{
	const struct conf_server *list[CONF_SERVERS_MAX];
	unsigned count = sort_servers(c, list);
	char *text = malloc(QCONFIG_TEXT_MAX);
	struct buf_out b;
	size_t len = 0;

	if (!text)
		return 0;
	buf_out_init(&b, text, QCONFIG_TEXT_MAX);
	for (unsigned i = 0; i < count; i++)
		put_server(&b, list[i]);
	for (unsigned i = 0; i < count; i++) {
		if (!list[i]->has_group)
			continue;
		put_group(&b, list, count, i);
		buf_put_text(&b, "weight.%" PRId64 "=%" PRId64 "\n", list[i]->id,
		             list[i]->weight);
	}
	for (unsigned i = 0; c->zab && i < count; i++)
		if (list[i]->priority != 0)
			buf_put_text(&b, "priority.%" PRId64 "=%" PRIu32 "\n",
			             list[i]->id, list[i]->priority);
	buf_put_text(&b, "version=%" PRIx32 "\n", version);
	if (!b.bad && qconfig_parse(text, b.len, true, read) == QCONFIG_OK)
		len = qconfig_print(read, out, cap);
	free(text);
	return len > 0 && qconfig_parse(out, len, true, read) == QCONFIG_OK ? len : 0;
}

size_t
conf_qconfig(const struct conf *c, char *out, size_t cap, struct qconfig *read)
{
	/* ZooKeeper has no such version, and what counts no epochs changes no members */
	return print_text(c, c->zab ? c->version : 0, out, cap, read);
}

/* Where a server listens is no address for others. */
static void
put_hints(const struct conf *c, const struct qconfig *read, struct members_hints *hints)
{
	for (unsigned i = 0; i < read->server_count; i++) {
		const struct qconfig_server *s = &read->servers[i];
		char line[MEMBERS_HINT_MAX + 32] = ""; /* and the role */
		struct buf_out b;

		if (conf_host_is_wildcard(conf_server(c, s->sid)->host))
			continue;
		buf_out_init(&b, line, sizeof(line) - 1);
		qconfig_put_server(&b, s);
		if (!b.bad)
			(void)members_hint_put(hints, s->sid, line);
	}
}

bool
conf_members(const struct conf *c, struct members *out, struct members_hints *hints)
{
	static char text[QCONFIG_TEXT_MAX];
	static struct qconfig read;
	size_t len = print_text(c, c->version, text, sizeof(text), &read);

	if (len == 0 || !members_from_text(text, len, out, NULL, &read))
		return false;
	put_hints(c, &read, hints);
	return true;
}
