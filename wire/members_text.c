/* Memberships as text and on the wire, and the addresses that such a text brings; see
 * members.h. What is read was sent by others: no length is believed, and no host that
 * could be read as something else where it is printed again. */
#include "wire/members.h"

#include <inttypes.h>
#include <string.h>

#define INSTANCE sizeof(((struct members_instance *)0)->bytes)

static unsigned
find_hint(const struct members_hints *h, int64_t sid)
{
	unsigned at = 0;

	while (at < h->count && h->list[at].sid != sid)
		at++;
	return at;
}

const char *
members_hint_get(const struct members_hints *h, int64_t sid)
{
	unsigned at = find_hint(h, sid);

	return at < h->count ? h->list[at].text : NULL;
}

/* The addresses of `s` as a hint, without the role and the client's port. ZooKeeper's
 * print of several ports of one host may pair them anew, so that the line cannot be read
 * again.
 */
static bool
hint_of(const struct qconfig_server *s, char out[MEMBERS_HINT_MAX])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:|[]";
	static const char role[] = ":participant";
	char line[MEMBERS_HINT_MAX - 1 + sizeof(role)];
	struct qconfig_server plain = *s;
	struct buf_out b;

	plain.observer = plain.has_client = false;
	buf_out_init(&b, line, sizeof(line));
	qconfig_put_server(&b, &plain);
	if (b.bad || s->addr_count == 0)
		return false;
	line[b.len - strlen(role)] = '\0';
	if (line[strspn(line, letters)] != '\0' || strcmp(line, MEMBERS_HINT_NONE) == 0 ||
	    qconfig_parse_server(s->sid, line, strlen(line), true, &plain) != QCONFIG_OK)
		return false;
	strcpy(out, line);
	return true;
}

/* Behind all others, since it is the newest. */
static void
keep_hint(struct members_hints *h, const struct members_hint *hint)
{
	unsigned at = find_hint(h, hint->sid);

	if (at == MEMBERS_HINTS_MAX)
		at = 0;
	if (at < h->count) {
		h->count--;
		memmove(&h->list[at], &h->list[at + 1],
		        (h->count - at) * sizeof(h->list[0]));
	}
	h->list[h->count++] = *hint;
}

bool
members_hint_put(struct members_hints *h, int64_t sid, const char *text)
{
	struct members_hint hint = {.sid = sid};
	struct qconfig_server server;

	if (qconfig_parse_server(sid, text, strlen(text), true, &server) != QCONFIG_OK ||
	    !hint_of(&server, hint.text))
		return false;
	keep_hint(h, &hint);
	return true;
}

/* `group.N=SID:SID`, unless a server before `first` is in the same group. */
static void
put_group(struct buf_out *b, const struct members *m, unsigned first)
{
	int64_t group = m->list[first].group;
	char separator = '=';

	for (unsigned i = 0; i < first; i++) {
		if (m->list[i].has_group && m->list[i].group == group)
			return;
	}
	buf_put_text(b, "group.%" PRId64, group);
	for (unsigned i = first; i < m->count; i++) {
		if (!m->list[i].has_group || m->list[i].group != group)
			continue;
		buf_put_text(b, "%c%" PRId64, separator, m->list[i].sid);
		separator = ':';
	}
	buf_put_u8(b, '\n');
}

static void
put_plain(struct buf_out *b, const struct members *m, const struct members_hints *h)
{
	for (unsigned i = 0; i < m->count; i++) {
		const struct member *one = &m->list[i];
		const char *hint = h ? members_hint_get(h, one->sid) : NULL;

		buf_put_text(b, "server.%" PRId64 "=%s:%s\n", one->sid,
		             hint ? hint : MEMBERS_HINT_NONE,
		             one->observer ? "observer" : "participant");
		if (!one->has_group)
			continue;
		put_group(b, m, i);
		buf_put_text(b, "weight.%" PRId64 "=%" PRId64 "\n", one->sid,
		             one->weight);
	}
	for (unsigned i = 0; i < m->count; i++)
		if (m->list[i].priority != 0)
			buf_put_text(b, "priority.%" PRId64 "=%" PRId64 "\n",
			             m->list[i].sid, m->list[i].priority);
	buf_put_text(b, "version=%" PRIx64 "\n", (uint64_t)m->version);
}

/* A plain text is read and printed by wire/qconfig, so that the order and the form of
 * addresses are ZooKeeper's. */
size_t
members_text(const struct members *m, const struct members_hints *h, char *out,
             size_t cap, struct qconfig *scratch)
{
	char plain[QCONFIG_TEXT_MAX];
	struct buf_out b;

	buf_out_init(&b, plain, sizeof(plain));
	if (m->version == 0)
		return 0;
	put_plain(&b, m, h);
	if (b.bad || qconfig_parse(plain, b.len, true, scratch) != QCONFIG_OK)
		return 0;
	return qconfig_print(scratch, out, cap);
}

static void
learn(struct members_hints *learned, const struct qconfig *c)
{
	struct members_hint hint;

	for (unsigned i = 0; i < c->server_count; i++) {
		memset(&hint, 0, sizeof(hint));
		hint.sid = c->servers[i].sid;
		if (hint_of(&c->servers[i], hint.text))
			keep_hint(learned, &hint);
	}
}

bool
members_from_text(const char *text, size_t len, struct members *out,
                  struct members_hints *learned, struct qconfig *scratch)
{
	struct members read;

	if (qconfig_parse(text, len, true, scratch) != QCONFIG_OK ||
	    scratch->version == 0 || !members_from_qconfig(scratch, &read))
		return false;
	*out = read;
	if (learned)
		learn(learned, scratch);
	return true;
}

void
members_put(struct buf_out *b, const struct members *m, const struct members_hints *h,
            struct qconfig *scratch)
{
	struct buf_out head = *b;
	size_t len = 0;

	buf_put_u32(b, 0);
	if (!b->bad && m->version != 0) {
		len = members_text(m, h, (char *)b->data + b->len, b->cap - b->len,
		                   scratch);
		b->bad = len == 0;
	}
	buf_put_u32(&head, (uint32_t)len);
	b->len += len;
	buf_put_i32(b, (int32_t)members_voter_count(m));
	for (unsigned i = 0; i < m->count; i++) {
		if (m->list[i].observer)
			continue;
		buf_put_i64(b, m->list[i].sid);
		buf_put_bytes(b, m->list[i].instance.bytes, INSTANCE);
	}
}

/* Into the voters of `m`, each of which has none so far. */
static bool
get_instances(struct buf_in *b, struct members *m)
{
	int32_t count = buf_get_i32(b);

	if (b->bad || count < 0 || (unsigned)count != members_voter_count(m))
		return false;
	for (int32_t i = 0; i < count; i++) {
		const struct member *named = members_find(m, buf_get_i64(b));
		const unsigned char *bytes = buf_get_bytes(b, INSTANCE);
		struct members_instance *instance;

		if (!bytes || !named || named->observer)
			return false;
		instance = &m->list[named - m->list].instance;
		if (!members_instance_none(instance))
			return false;
		memcpy(instance->bytes, bytes, INSTANCE);
		if (members_instance_none(instance))
			return false;
	}
	return true;
}

bool
members_get(struct buf_in *b, struct members *out, struct members_hints *learned,
            struct qconfig *scratch)
{
	size_t len = buf_get_u32(b);
	const char *text = (const char *)buf_get_bytes(b, len);
	struct members read;

	memset(&read, 0, sizeof(read));
	if (b->bad || (len > 0 && !members_from_text(text, len, &read, NULL, scratch)) ||
	    !get_instances(b, &read))
		return false;
	*out = read;
	if (learned && len > 0)
		learn(learned, scratch);
	return true;
}
