/* Any bytes are a configuration or refused. What is accepted is printed, and read back as
 * the same. Not where ZooKeeper's own print cannot be read back: hosts that only an
 * escape or a second bracket could name, servers without any, blanks that are cut at the
 * start of a value, several ports of one host, groups of nobody alone. */
#include "wire/qconfig.h"
#include "wire/quorum.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
comes_back(const struct qconfig *c)
{
	for (unsigned i = 0; i < c->server_count; i++) {
		const struct qconfig_server *s = &c->servers[i];

		if (s->addr_count == 0 || strchr(" \t\f", s->quorum[0].host[0]))
			return false;
		for (unsigned k = 1; k < s->election_count; k++)
			if (strcmp(s->election[k - 1].host, s->election[k].host) == 0)
				return false;
	}
	return c->version >= 0 && (!c->hierarchical || c->weight_count > 0);
}

static void
check_print(const struct qconfig *c, bool multi)
{
	static char first[2 * QCONFIG_TEXT_MAX], second[2 * QCONFIG_TEXT_MAX];
	static struct qconfig back;
	size_t len = qconfig_print(c, first, sizeof(first));
	enum qconfig_result r;

	if (len == 0 || strlen(first) != len)
		abort();
	if (len > QCONFIG_TEXT_MAX || !comes_back(c))
		return;
	r = qconfig_parse(first, len, multi, &back);
	if (r != QCONFIG_OK || !qconfig_equal(c, &back) || !qconfig_equal(&back, c))
		abort();
	if (qconfig_print(&back, second, sizeof(second)) != len)
		abort();
}

static void
check_quorums(const struct qconfig *c)
{
	static struct quorum q;
	int64_t sids[QCONFIG_SERVERS_MAX] = {0};
	unsigned count = 0;

	if (quorum_init(&q, c) != 0 || quorum_has(&q, sids, 0))
		abort();
	for (unsigned i = 0; i < c->server_count; i++)
		if (!c->servers[i].observer)
			sids[count++] = c->servers[i].sid;
	if (!c->hierarchical && quorum_has(&q, sids, count) != (count > 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qconfig c;
	static struct qconfig_server s;
	struct buf_out out;
	char line[4096];
	bool multi = size > 0 && data[size - 1] % 2 == 0;
	bool plain = !memchr(data, '\\', size) && !memmem(data, size, "[[", 2);

	if (size == 0)
		return 0;
	if (qconfig_parse((const char *)data, size, multi, &c) == QCONFIG_OK) {
		check_quorums(&c);
		if (!qconfig_equal(&c, &c))
			abort();
		if (plain)
			check_print(&c, multi);
	}
	if (qconfig_parse_server(1, (const char *)data, size, multi, &s) == QCONFIG_OK) {
		buf_out_init(&out, line, sizeof(line));
		qconfig_put_server(&out, &s);
		if (out.bad || out.len == 0)
			abort();
	}
	return 0;
}
