/* One server line: QuorumServer.initializeWithAddressString and toString of Java. */
#include "wire/qaddr.h"
#include "wire/qconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum qconfig_result
get_addr(struct qaddr_text host, struct qaddr_text port, struct qconfig_addr *out)
{
	int64_t value;

	if (!qaddr_number(port, 10, INT32_MIN, INT32_MAX, &value))
		return QCONFIG_NUMBER;
	if (value < 0 || value > UINT16_MAX)
		return QCONFIG_PORT;
	if (host.len > 0 && memchr(host.at, '\0', host.len))
		return QCONFIG_SYNTAX;
	if (!qaddr_canonical(host, out->host, sizeof(out->host)))
		return QCONFIG_TOO_MANY;
	out->port = (uint16_t)value;
	return QCONFIG_OK;
}

static enum qconfig_result
get_client(struct qaddr_text text, struct qconfig_server *s)
{
	struct qaddr_text parts[QADDR_PARTS_MAX], any = {"0.0.0.0", 7};
	int count = qaddr_split(text, parts);

	if (count < 1 || count > 2)
		return QCONFIG_SERVER;
	s->has_client = true;
	return get_addr(count == 2 ? parts[0] : any, parts[count - 1], &s->client);
}

static bool
is_space(char c)
{
	return (unsigned char)c <= ' ';
}

static enum qconfig_result
get_role(struct qaddr_text text, bool *observer)
{
	while (text.len > 0 && is_space(text.at[0])) {
		text.at++;
		text.len--;
	}
	while (text.len > 0 && is_space(text.at[text.len - 1]))
		text.len--;
	*observer = text.len == 8 && strncasecmp(text.at, "observer", 8) == 0;
	if (*observer || (text.len == 11 && strncasecmp(text.at, "participant", 11) == 0))
		return QCONFIG_OK;
	return QCONFIG_ROLE;
}

/* ZooKeeper has sets: an address that is in the list already is not added. */
static bool
add_addr(struct qconfig_addr *list, unsigned *count, const struct qconfig_addr *a)
{
	for (unsigned i = 0; i < *count; i++)
		if (list[i].port == a->port && strcmp(list[i].host, a->host) == 0)
			return true;
	if (*count == QCONFIG_ADDRS_MAX)
		return false;
	list[(*count)++] = *a;
	return true;
}

/* The bucket of an address in Java's HashSet of InetSocketAddress. The hash takes the
 * resolved address of a name; we know that of `localhost` only. */
static unsigned
bucket_of(const struct qconfig_addr *a)
{
	const char *host = strcmp(a->host, "localhost") == 0 ? "127.0.0.1" : a->host;
	uint32_t h = qaddr_hash((struct qaddr_text){host, strlen(host)}) + a->port;

	return (h ^ h >> 16) & 15;
}

/* Java walks the addresses by bucket and sorts them by host. Several ports of one host
 * thus keep the order of their buckets, which may differ for quorum and election ports.
 */
static void
sort_addrs(struct qconfig_addr *list, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		struct qconfig_addr moved = list[i];
		unsigned at = i;

		for (; at > 0; at--) {
			int order = strcmp(list[at - 1].host, moved.host);

			if (order < 0 ||
			    (order == 0 && bucket_of(&list[at - 1]) <= bucket_of(&moved)))
				break;
			list[at] = list[at - 1];
		}
		list[at] = moved;
	}
}

/* `has_role`: an address of the line has named one. */
static enum qconfig_result
get_member_addr(struct qaddr_text text, struct qconfig_server *s, bool *has_role)
{
	struct qaddr_text parts[QADDR_PARTS_MAX];
	struct qconfig_addr quorum, election;
	int count = qaddr_split(text, parts);
	enum qconfig_result r;
	bool observer;

	if (count < 3 || count > 4)
		return QCONFIG_SERVER;
	r = get_addr(parts[0], parts[1], &quorum);
	if (r == QCONFIG_OK)
		r = get_addr(parts[0], parts[2], &election);
	if (r != QCONFIG_OK)
		return r;
	if (quorum.port == election.port)
		return QCONFIG_PORT;
	if (!add_addr(s->quorum, &s->addr_count, &quorum) ||
	    !add_addr(s->election, &s->election_count, &election))
		return QCONFIG_TOO_MANY;
	if (count == 4) {
		r = get_role(parts[3], &observer);
		if (r != QCONFIG_OK)
			return r;
		if (*has_role && observer != s->observer)
			return QCONFIG_ROLE;
		*has_role = true;
		s->observer = observer;
	}
	return QCONFIG_OK;
}

enum qconfig_result
qconfig_parse_server(int64_t sid, const char *text, size_t len, bool multi,
                     struct qconfig_server *out)
{
	struct qaddr_text rest = qaddr_trim_end((struct qaddr_text){text, len}, ';');
	struct qaddr_text addresses = qaddr_cut(&rest, ';');
	bool has_role = false;
	enum qconfig_result r = QCONFIG_OK;

	*out = (struct qconfig_server){.sid = sid};
	if (len > 0 && addresses.len == 0 && rest.len == 0)
		return QCONFIG_SERVER; /* `;` alone */
	if (rest.len > 0) {
		if (memchr(rest.at, ';', rest.len))
			return QCONFIG_SERVER;
		r = get_client(rest, out);
		if (r != QCONFIG_OK)
			return r;
	}
	if (addresses.len == 0)
		return QCONFIG_SERVER;
	addresses = qaddr_trim_end(addresses, '|');
	if (!multi && addresses.len > 0 && memchr(addresses.at, '|', addresses.len))
		return QCONFIG_MULTI;
	while (addresses.len > 0 && r == QCONFIG_OK)
		r = get_member_addr(qaddr_cut(&addresses, '|'), out, &has_role);
	if (r != QCONFIG_OK)
		return r;
	if (out->election_count < out->addr_count)
		return QCONFIG_SERVER; /* Java throws when it prints such a server */
	sort_addrs(out->quorum, out->addr_count);
	sort_addrs(out->election, out->election_count);
	return QCONFIG_OK;
}

static void
put_host(struct buf_out *b, const struct qconfig_addr *a)
{
	buf_put_text(b, strchr(a->host, ':') ? "[%s]" : "%s", a->host);
}

void
qconfig_put_server(struct buf_out *b, const struct qconfig_server *s)
{
	for (unsigned i = 0; i < s->addr_count; i++) {
		if (i > 0)
			buf_put_u8(b, '|');
		put_host(b, &s->quorum[i]);
		buf_put_text(b, ":%u:%u", s->quorum[i].port, s->election[i].port);
	}
	buf_put_text(b, s->observer ? ":observer" : ":participant");
	if (s->has_client) {
		buf_put_u8(b, ';');
		put_host(b, &s->client);
		buf_put_text(b, ":%u", s->client.port);
	}
}
