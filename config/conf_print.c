/* The canonical form of a configuration: every key written out, in one order. */
#include "base/buf.h"
#include "config/conf_keys.h"

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

/* libconfig wraps what needs more than 32 bits unless it is marked. */
static void
put_integer(struct buf_out *b, const char *name, int64_t value)
{
	buf_put_text(b, "%s = %" PRId64 "%s;", name, value, value > INT32_MAX ? "L" : "");
}

static void
put_server(struct buf_out *b, const struct conf_server *s)
{
	buf_put_text(b, "\t{ ");
	put_integer(b, "id", s->id);
	buf_put_u8(b, ' ');
	put_string(b, "host", s->host);
	buf_put_text(b, " quorum_port = %u; election_port = %u; role = \"%s\"; ",
	             s->quorum_port, s->election_port,
	             conf_word_of(conf_role_words, s->observer));
	put_integer(b, "weight", s->weight);
	if (s->has_group) {
		buf_put_u8(b, ' ');
		put_integer(b, "group", s->group);
	}
	buf_put_text(b, " }");
}

static void
put_numbers(struct buf_out *b, const struct conf *c, const char *group, bool all)
{
	buf_put_text(b, "%s = {\n", group);
	for (unsigned i = 0; i < CONF_NUMBERS; i++) {
		const struct conf_number *n = &conf_numbers[i];
		uint32_t value = conf_number_get(n, c);

		if (conf_number_is_in(n, group) && (all || value != n->standard))
			buf_put_text(b, "\t%s = %" PRIu32 ";\n", conf_number_name(n),
			             value);
	}
	buf_put_text(b, "};\n");
}

static size_t
print(const struct conf *c, bool all, char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	put_integer(&b, "id", c->id);
	buf_put_u8(&b, '\n');
	put_string(&b, "run_dir", c->run_dir);
	buf_put_u8(&b, '\n');
	put_string(&b, "data_dir", c->data_dir);
	buf_put_u8(&b, '\n');
	put_string(&b, "program_dir", c->program_dir);
	buf_put_text(&b, "\nservers = (\n");
	for (unsigned i = 0; i < c->server_count; i++) {
		put_server(&b, &c->servers[i]);
		buf_put_text(&b, i + 1 < c->server_count ? ",\n" : "\n");
	}
	buf_put_text(&b, ");\n");
	put_numbers(&b, c, "timing", all);
	put_numbers(&b, c, "links", all);
	put_numbers(&b, c, "supervisor", all);
	buf_put_text(&b,
	             "ipc = \"%s\";\nattach = \"%s\";\nzab = %s;\nearly_finalize = %s;\n"
	             "rights = \"%s\";\nlog_level = \"%s\";\n",
	             conf_word_of(conf_ipc_words, (int)c->ipc),
	             conf_word_of(conf_attach_words, c->attach),
	             c->zab ? "true" : "false", c->early_finalize ? "true" : "false",
	             conf_word_of(conf_rights_words, c->rights),
	             conf_word_of(conf_level_words, c->log_level));
	if (b.bad || b.len == cap)
		return 0;
	out[b.len] = '\0';
	return b.len;
}

size_t
conf_print(const struct conf *c, char *out, size_t cap)
{
	return print(c, true, out, cap);
}

size_t
conf_print_own(const struct conf *c, char *out, size_t cap)
{
	return print(c, false, out, cap);
}
