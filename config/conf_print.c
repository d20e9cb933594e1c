/* Prints the canonical form of a configuration. */
#include "base/buf.h"
#include "config/conf_key.h"

#include <inttypes.h>

static void
put_string(struct buf_out *b, const char *name, const char *text)
{
	buf_put_text(b, "%s = \"", name);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_put_u8(b, '\\');
		buf_put_u8(b, (uint8_t)*text);
	}
	buf_put_text(b, "\";");
}

static bool
is_text(const struct conf_key *k)
{
	return k->kind == CONF_PATH || k->kind == CONF_IPC_PATH || k->kind == CONF_NAME ||
	       k->kind == CONF_HOSTS;
}

static bool
is_standard(const struct conf_key *k, const void *base)
{
	return is_text(k) ? !*((const char *)base + k->offset)
	                  : conf_key_get(k, base) == k->standard;
}

/* Writes NAME = VALUE; with an L behind an integer that needs more than 32 bits. */
static void
put_key(struct buf_out *b, const struct conf_key *k, const void *base)
{
	const char *name = conf_key_name(k);
	int64_t value;

	if (is_text(k)) {
		put_string(b, name, (const char *)base + k->offset);
		return;
	}
	if (k->kind == CONF_WORD) {
		put_string(b, name, conf_word_of(k, base));
		return;
	}
	value = conf_key_get(k, base);
	if (k->kind == CONF_TRUTH)
		buf_put_text(b, "%s = %s;", name, value ? "true" : "false");
	else
		buf_put_text(b, "%s = %" PRId64 "%s;", name, value,
		             value > INT32_MAX ? "L" : "");
}

/* The keys of a group, or of a server, each between `before` and `after`. */
static void
put_keys(struct buf_out *b, const char *group, const void *base, bool all,
         const char *before, const char *after)
{
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		if (!conf_key_is_in(k, group) || (k->has && conf_key_get(k, base) < 0) ||
		    ((!all || k->sparse) && is_standard(k, base)))
			continue;
		buf_put_text(b, "%s", before);
		put_key(b, k, base);
		buf_put_text(b, "%s", after);
	}
}

static void
put_servers(struct buf_out *b, const struct conf *c)
{
	buf_put_text(b, "servers = (\n");
	for (unsigned i = 0; i < c->server_count; i++) {
		buf_put_text(b, "\t{");
		put_keys(b, "servers", &c->servers[i], true, " ", "");
		buf_put_text(b, i + 1 < c->server_count ? " },\n" : " }\n");
	}
	buf_put_text(b, ");\n");
}

static bool
is_standard_group(const char *group, const struct conf *c)
{
	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (conf_key_is_in(k, group) && !is_standard(k, c))
			return false;
	return true;
}

/* Whether a key that stands in no group has its default. Only `version`, names and what
 * is `late` may be left out: all other such keys are known to each version. */
static bool
is_left_out(const struct conf_key *k, const struct conf *c)
{
	if (k->kind == CONF_GROUP)
		return k->late && is_standard_group(k->path, c);
	return (k->late || k->kind == CONF_NAME || k->kind == CONF_IPC_PATH ||
	        (k->kind == CONF_INTEGER && k->change == CONF_RELOAD)) &&
	       is_standard(k, c);
}

size_t
conf_print(const struct conf *c, bool all, char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	for (const struct conf_key *k = conf_keys; k->path; k++) {
		if (!conf_key_is_in(k, "") || k->change == CONF_INDIRECT)
			continue;
		if (!all && is_left_out(k, c))
			continue;
		if (k->kind == CONF_GROUP) {
			buf_put_text(&b, "%s = {\n", k->path);
			put_keys(&b, k->path, c, all, "\t", "\n");
			buf_put_text(&b, "};\n");
		} else if (k->kind == CONF_LIST) {
			put_servers(&b, c);
		} else {
			put_key(&b, k, c);
			buf_put_u8(&b, '\n');
		}
	}
	if (b.bad || b.len == cap)
		return 0;
	out[b.len] = '\0';
	return b.len;
}
