/* config_text.jsonl: server lines and whole configuration texts. data/FORMAT.md,
 * section 5. */
#include "tests/vectors/vectors.h"

#include "base/buf.h"
#include "wire/qconfig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool
says(const json_t *row, const char *name)
{
	return json_is_true(json_object_get(row, name));
}

/* Is `got` what the row has under `name`? NULL is null. */
static bool
same_text(const json_t *row, const char *name, const char *got, char *why, size_t cap)
{
	const char *want = vector_text(row, name);

	if (want && got ? strcmp(want, got) == 0 : want == got)
		return true;
	return vector_say(why, cap, "%s: expected %s, got %s", name, want ? want : "null",
	                  got ? got : "null");
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* The addresses joined with `|`, in string order. */
static const char *
join(const struct qconfig_addr *addrs, unsigned count, char *out, size_t cap)
{
	char texts[QCONFIG_ADDRS_MAX][QCONFIG_HOST_MAX + 16];
	struct buf_out b;

	for (unsigned i = 0; i < count; i++) {
		buf_out_init(&b, texts[i], sizeof(texts[i]));
		buf_put_text(&b, strchr(addrs[i].host, ':') ? "[%s]:%u" : "%s:%u",
		             addrs[i].host, addrs[i].port);
		buf_put_u8(&b, 0);
	}
	qsort(texts, count, sizeof(texts[0]), compare_texts);
	buf_out_init(&b, out, cap);
	for (unsigned i = 0; i < count; i++)
		buf_put_text(&b, "%s%s", i ? "|" : "", texts[i]);
	buf_put_u8(&b, 0);
	return out;
}

static bool
check_server(const json_t *row, const char *text, char *why, size_t cap)
{
	static struct qconfig_server s;
	struct buf_out out;
	char printed[4096], quorum[4096], election[4096], client[512];
	enum qconfig_result r =
	    qconfig_parse_server(1, text, strlen(text), says(row, "multi"), &s);

	if (!says(row, "accept"))
		return r != QCONFIG_OK ||
		       vector_say(why, cap, "%s: expected a refusal", text);
	if (!vector_text(row, "canonical"))
		return true; /* Java accepts what it cannot print: an accident */
	if (r != QCONFIG_OK)
		return vector_say(why, cap, "%s: got a refusal, %s", text,
		                  qconfig_result_name(r));
	if (s.observer != says(row, "observer"))
		return vector_say(why, cap, "%s: got observer %d", text, s.observer);
	buf_out_init(&out, printed, sizeof(printed) - 1);
	qconfig_put_server(&out, &s);
	printed[out.len] = '\0';
	if (out.bad)
		return vector_say(why, cap, "%s: does not print", text);
	join(s.quorum, s.addr_count, quorum, sizeof(quorum));
	join(s.election, s.election_count, election, sizeof(election));
	join(&s.client, 1, client, sizeof(client));
	return same_text(row, "canonical", printed, why, cap) &&
	       same_text(row, "quorum", quorum, why, cap) &&
	       same_text(row, "election", election, why, cap) &&
	       same_text(row, "client", s.has_client ? client : NULL, why, cap);
}

static bool
has_member(const struct qconfig *c, const char *sid, bool observer)
{
	char text[32];
	struct buf_out b;

	for (unsigned i = 0; i < c->server_count; i++) {
		buf_out_init(&b, text, sizeof(text));
		buf_put_text(&b, "%" PRId64, c->servers[i].sid);
		buf_put_u8(&b, 0);
		if (c->servers[i].observer == observer && strcmp(text, sid) == 0)
			return true;
	}
	return false;
}

/* The sids of one role as the row lists them. */
static bool
same_members(const json_t *row, const char *name, const struct qconfig *c, bool observers,
             char *why, size_t cap)
{
	size_t at;
	const json_t *list = json_object_get(row, name), *item;
	size_t count = 0;

	for (unsigned i = 0; i < c->server_count; i++)
		count += c->servers[i].observer == observers;
	if (!json_is_array(list) || count != json_array_size(list))
		return vector_say(why, cap, "got %zu %s", count, name);
	json_array_foreach (list, at, item) {
		const char *sid = json_string_value(item);

		if (!sid || !has_member(c, sid, observers))
			return vector_say(why, cap, "%s: %s is missing", name,
			                  sid ? sid : "?");
	}
	return true;
}

/* What is printed is read back as the same. */
static bool
same_again(const char *printed, const struct qconfig *c, char *why, size_t cap)
{
	static struct qconfig again;
	enum qconfig_result r = qconfig_parse(printed, strlen(printed), false, &again);

	if (c->version < 0) /* Java prints it so that nobody can read it */
		return r == QCONFIG_NUMBER ||
		       vector_say(why, cap, "read back a version below 0");
	return (r == QCONFIG_OK && qconfig_equal(c, &again)) ||
	       vector_say(why, cap, "not equal when read back: %s",
	                  qconfig_result_name(r));
}

static bool
check_config(const json_t *row, const char *text, char *why, size_t cap)
{
	static struct qconfig c;
	static char printed[QCONFIG_TEXT_MAX];
	enum qconfig_result r = qconfig_parse(text, strlen(text), says(row, "multi"), &c);
	int64_t version;

	if (!says(row, "accept"))
		return r != QCONFIG_OK ||
		       vector_say(why, cap, "%s: expected a refusal", text);
	if (r != QCONFIG_OK)
		return vector_say(why, cap, "%s: got a refusal, %s", text,
		                  qconfig_result_name(r));
	if (!vector_i64(row, "version", &version))
		return vector_say(why, cap, "row not understood");
	if (c.version != version || c.hierarchical != says(row, "hier"))
		return vector_say(why, cap, "got version %" PRId64 ", hier %d", c.version,
		                  c.hierarchical);
	if (!qconfig_print(&c, printed, sizeof(printed)))
		return vector_say(why, cap, "does not print");
	return same_text(row, "canonical", printed, why, cap) &&
	       same_members(row, "voters", &c, false, why, cap) &&
	       same_members(row, "observers", &c, true, why, cap) &&
	       same_again(printed, &c, why, cap);
}

bool
vector_config_text(const json_t *row, char *why, size_t cap)
{
	const char *kind = vector_text(row, "kind");
	const char *text = vector_text(row, "text");

	if (!kind || !text || !json_is_boolean(json_object_get(row, "accept")))
		return vector_say(why, cap, "row not understood");
	if (strcmp(kind, "server") == 0)
		return check_server(row, text, why, cap);
	if (strcmp(kind, "config") == 0)
		return check_config(row, text, why, cap);
	return vector_say(why, cap, "kind %s not understood", kind);
}
