/* Reads ZooKeeper's keys one by one; see zoo.h. */
#include "config/zoo.h"

#include "config/conf_host.h"
#include "wire/properties.h"
#include "wire/qaddr.h"
#include "wire/qconfig.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key and its value without blanks around them, and a copy of the value to cut up. */
struct entry {
	struct conf_place at;
	char key[PROPERTIES_TEXT_MAX + 1];
	char value[PROPERTIES_TEXT_MAX + 1];
	char pieces[PROPERTIES_TEXT_MAX + 1];
};

/* The keys that have no meaning here, by how they begin. The first row that fits counts.
 */
static const struct {
	const char *begin;
	const char *why;
} meaningless[] = {
    {"dataDir", "only its myid matters; data_dir is Conclave's own folder"},
    {"dataLogDir", "there is no data to log"},
    {"snap", "there is no data to store"},
    {"preAllocSize", "there is no data to store"},
    {"autopurge.", "there is no data to purge"},
    {"clientPort", "there are no clients to serve"},
    {"secureClientPort", "there are no clients to serve"},
    {"maxClientCnxns", "there are no clients to serve"},
    {"minSessionTimeout", "there are no sessions"},
    {"maxSessionTimeout", "there are no sessions"},
    {"localSessions", "there are no sessions"},
    {"4lw.", "there are no four-letter words; ask with conclave status"},
    {"admin.", "there is no web server; ask with conclave status"},
    {"metricsProvider.", "ask with conclave status and conclave health"},
    {"electionAlg", "there is one, ZooKeeper's number 3"},
    {"leaderServes", "there are no clients to serve"},
    {"peerType", "the role stands in the list of servers"},
    {"syncEnabled", "there is no data to sync"},
    {"standaloneEnabled", "a server that is alone holds elections too"},
    {"reconfigEnabled", "the ensemble is what the file says"},
    {"quorumListenOnAllIPs", "give this server the host 0.0.0.0 instead"},
    {"sslQuorum", "links between servers are not encrypted"},
    {"ssl.", "links between servers are not encrypted"},
    {"portUnification", "links between servers are not encrypted"},
    {"quorum.", "links between servers are not authenticated"},
    {"multiAddress.", "several addresses may always be given"},
    {"cnxTimeout", "see connect_ms of links"},
    {"tcpKeepAlive", "it is always on; see keepalive_ms of links"},
    {"electionPortBindRetry", "a port is tried for as long as it takes"},
    {"connectToLearnerMasterLimit", "see init_limit of timing"},
    {"", "Conclave knows no such key"},
};

void
zoo_note(struct zoo *z, struct conf_place at, const char *why, const char *format, ...)
{
	struct zoo_note *n = &z->notes[z->note_count];
	va_list args;

	if (z->note_count == ZOO_NOTES_MAX)
		return;
	n->at = at;
	n->why = why;
	va_start(args, format);
	vsnprintf(n->key, sizeof(n->key), format, args);
	va_end(args);
	z->note_count++;
}

static void
note(struct zoo *z, const struct entry *e, const char *why)
{
	zoo_note(z, e->at, why, "%s", e->key);
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static int
fail_entry(const struct entry *e, struct conf_error *error, const char *what)
{
	return conf_fail(error, e->at, "%s = %.200s: %s", e->key, e->value, what);
}

static bool
get_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	return qaddr_number((struct qaddr_text){text, strlen(text)}, 10, min, max, out);
}

/* The number behind the point of `server.N`, `group.N`, `weight.N`. */
static bool
get_index(const struct entry *e, int64_t *out)
{
	const char *dot = strchr(e->key, '.');

	return dot && get_number(dot + 1, 0, CONF_ID_MAX, out);
}

/* Adds one address of a server. A server of ours has one pair of ports. */
static void
add_host(struct zoo *z, const struct entry *e, const struct qconfig_server *one,
         struct conf_server *s)
{
	size_t len = strlen(s->host);

	if (len == 0) {
		s->quorum_port = one->quorum[0].port;
		s->election_port = one->election[0].port;
	} else if (s->quorum_port != one->quorum[0].port ||
	           s->election_port != one->election[0].port) {
		note(z, e, "another address with other ports was left out");
		return;
	}
	if (len + strlen(one->quorum[0].host) + 2 > sizeof(s->host))
		note(z, e, "another address was left out: too long");
	else
		sprintf(s->host + len, "%s%s", len ? "|" : "", one->quorum[0].host);
}

static int
take_server(struct zoo *z, struct entry *e, struct conf_error *error)
{
	static struct qconfig_server all, one;
	struct conf_server s = {.weight = 1};
	char *rest = e->pieces, *addresses = strsep(&rest, ";"), *one_address;
	enum qconfig_result r;
	unsigned at = 0;

	if (!get_index(e, &s.id))
		return fail_entry(e, error, "write server.N, N 0 to 4611686018427387904");
	r = qconfig_parse_server(s.id, e->value, strlen(e->value), true, &all);
	if (r != QCONFIG_OK)
		return conf_fail(error, e->at,
		                 "server.%" PRId64 ": %s; write server.%" PRId64
		                 "=HOST:PORT:PORT",
		                 s.id, qconfig_result_name(r), s.id);
	s.observer = all.observer;
	if (all.has_client)
		note(z, e, "its client port: there are no clients to serve");
	while ((one_address = strsep(&addresses, "|")))
		if (qconfig_parse_server(s.id, one_address, strlen(one_address), true,
		                         &one) == QCONFIG_OK &&
		    one.addr_count > 0)
			add_host(z, e, &one, &s);
	if (!s.host[0])
		return fail_entry(e, error, "it has no address");
	while (at < z->server_count && z->servers[at].id != s.id)
		at++;
	if (at == CONF_SERVERS_MAX)
		return fail_entry(e, error, "Conclave takes at most 32 servers");
	z->servers[at] = s;
	z->server_at[at] = e->at;
	z->server_count += at == z->server_count;
	return 0;
}

/* Forgets what a key said that is given again. */
static void
forget_shares(struct zoo *z, bool is_weight, int64_t index)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < z->share_count; i++) {
		const struct zoo_share *s = &z->shares[i];

		if (s->is_weight != is_weight || (is_weight ? s->sid : s->value) != index)
			z->shares[kept++] = *s;
	}
	z->share_count = kept;
}

static int
take_share(struct zoo *z, struct entry *e, bool is_weight, struct conf_error *error)
{
	char *rest = e->pieces, *piece;
	int64_t index, value;

	if (!get_index(e, &index))
		return fail_entry(e, error,
		                  is_weight ? "write weight.SID=NUMBER"
		                            : "write group.N=SID:SID");
	forget_shares(z, is_weight, index);
	while ((piece = strsep(&rest, ":"))) {
		struct zoo_share *s = &z->shares[z->share_count];

		if (piece[0] == '\0' && !is_weight)
			continue; /* Java's split drops empty pieces at the end */
		if (!get_number(piece, 0, CONF_ID_MAX, &value))
			return fail_entry(e, error, "not a number of ours, 0 and above");
		if (z->share_count == ZOO_SHARES_MAX)
			return fail_entry(e, error, "too many groups and weights");
		*s = (struct zoo_share){.at = e->at,
		                        .is_weight = is_weight,
		                        .sid = is_weight ? index : value,
		                        .value = is_weight ? value : index};
		z->share_count++;
	}
	return 0;
}

static int
take_number(const struct entry *e, struct zoo_number *out, struct conf_error *error)
{
	/* zoo_make checks the range */
	if (!get_number(e->value, INT64_MIN, INT64_MAX, &out->value))
		return fail_entry(e, error, "write a number, of 18 digits at most");
	out->at = e->at;
	return 0;
}

static int
take_path(const struct entry *e, char out[CONF_PATH_MAX], struct conf_error *error)
{
	if (e->value[0] == '\0' || strlen(e->value) >= CONF_PATH_MAX)
		return fail_entry(e, error, "write a path");
	strcpy(out, e->value);
	return 0;
}

/* Takes a key that may stand in either file. -1: it is none of them. */
static int
take_member(struct zoo *z, struct entry *e, struct conf_error *error)
{
	if (begins(e->key, "server."))
		return take_server(z, e, error);
	if (begins(e->key, "group"))
		return take_share(z, e, false, error);
	if (begins(e->key, "weight"))
		return take_share(z, e, true, error);
	if (strcmp(e->key, "version") != 0)
		return -1;
	note(z, e, "it counts ZooKeeper's changes; a group of Conclave begins with 1");
	return 0;
}

static int
take_static(struct zoo *z, const struct entry *e, struct conf_error *error)
{
	unsigned i = 0;

	if (strcmp(e->key, "tickTime") == 0)
		return take_number(e, &z->tick, error);
	if (strcmp(e->key, "initLimit") == 0)
		return take_number(e, &z->init, error);
	if (strcmp(e->key, "syncLimit") == 0)
		return take_number(e, &z->sync, error);
	if (strcmp(e->key, "dynamicConfigFile") == 0) {
		z->dynamic_at = e->at;
		return take_path(e, z->dynamic_file, error);
	}
	while (!begins(e->key, meaningless[i].begin))
		i++;
	note(z, e, meaningless[i].why);
	return strcmp(e->key, "dataDir") == 0 ? take_path(e, z->data_dir, error) : 0;
}

static void
trim(const char *at, size_t len, char *out)
{
	while (len > 0 && (unsigned char)at[0] <= ' ') {
		at++;
		len--;
	}
	while (len > 0 && (unsigned char)at[len - 1] <= ' ')
		len--;
	memcpy(out, at, len);
	out[len] = '\0';
}

/* Takes one line together with the lines that continue it. */
static int
take_line(struct zoo *z, struct conf_place at, const char *text, size_t len, bool dynamic,
          struct conf_error *error)
{
	static struct properties all;
	static struct entry e;
	int r;

	if (properties_load(text, len, &all) != PROPERTIES_OK)
		return conf_fail(error, at, "a malformed escape, or too long");
	if (all.count == 0)
		return 0;
	e.at = at;
	trim(all.list[0].key, all.list[0].key_len, e.key);
	trim(all.list[0].value, all.list[0].value_len, e.value);
	strcpy(e.pieces, e.value);
	r = take_member(z, &e, error);
	if (r < 0 && dynamic)
		return conf_fail(error, at,
		                 "%s does not belong into a dynamic configuration file",
		                 e.key);
	return r < 0 ? take_static(z, &e, error) : r;
}

/* The length of the first line of `text`, together with the lines that continue it, and
 * how many lines these are. */
static size_t
logical_line(const char *text, size_t len, unsigned *lines)
{
	bool begun = false, comment = false, escaped = false;

	*lines = 0;
	for (size_t at = 0; at < len; at++) {
		char c = text[at];

		if (c != '\n' && c != '\r') {
			comment |= !begun && (c == '#' || c == '!');
			begun |= (unsigned char)c > ' ';
			escaped = c == '\\' && !escaped;
			continue;
		}
		at += c == '\r' && at + 1 < len && text[at + 1] == '\n';
		++*lines;
		if (comment || !escaped)
			return at + 1;
		escaped = false;
	}
	return len;
}

int
zoo_read(struct zoo *z, const char *file, const char *text, size_t len, bool dynamic,
         struct conf_error *error)
{
	unsigned line = 1, lines;

	while (len > 0) {
		size_t n = logical_line(text, len, &lines);

		if (take_line(z, (struct conf_place){file, line}, text, n, dynamic,
		              error))
			return 1;
		line += lines;
		text += n;
		len -= n;
	}
	return 0;
}
