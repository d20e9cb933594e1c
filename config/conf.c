/* The configuration file: libconfig's tree, each key of it into a draft, then the checks
 * between keys; see conf.h. libconfig knows no unknown key, so the tree is walked, and
 * none is looked up in it. This is the one home of libconfig. */
#include "config/conf.h"

#include "config/conf_draft.h"
#include "config/conf_field.h"
#include "config/conf_read.h"

#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#define EXAMPLE                                                                          \
	"{ id = 1; host = \"10.0.0.1\"; quorum_port = 2888; election_port = 3888; }"

struct walk {
	const struct conf_text *text;
	struct conf_draft *draft;
	struct conf_error *error;
};

static struct conf_value
value_of(const struct walk *w, const config_setting_t *s)
{
	struct conf_value v = {
	    .name = config_setting_name(s),
	    .at = conf_text_place(w->text, config_setting_source_line(s))};

	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		v.type = CONF_INTEGER;
		v.integer = config_setting_get_int(s);
		break;
	case CONFIG_TYPE_INT64:
		v.type = CONF_INTEGER;
		v.integer = config_setting_get_int64(s);
		break;
	case CONFIG_TYPE_BOOL:
		v.type = CONF_TRUTH;
		v.truth = config_setting_get_bool(s) != CONFIG_FALSE;
		break;
	case CONFIG_TYPE_STRING:
		v.type = CONF_STRING;
		v.string = config_setting_get_string(s);
		break;
	case CONFIG_TYPE_FLOAT:
		v.type = CONF_FRACTION;
		break;
	case CONFIG_TYPE_GROUP:
		v.type = CONF_GROUP;
		break;
	case CONFIG_TYPE_ARRAY:
		v.type = CONF_ARRAY;
		break;
	default:
		v.type = CONF_LIST;
		break;
	}
	return v;
}

static int
read_numbers(const struct walk *w, const config_setting_t *s)
{
	struct conf_value v = value_of(w, s);
	const char *group = v.name;
	unsigned count;
	int r = 0;

	if (v.type != CONF_GROUP)
		return conf_fail(w->error, v.at,
		                 "%s is %s; write a group, as in %s = { KEY = 1000; };",
		                 group, conf_type_name(v.type), group);
	count = (unsigned)config_setting_length(s);
	for (unsigned i = 0; i < count && r == 0; i++) {
		v = value_of(w, config_setting_get_elem(s, i));
		r = conf_field_number(w->draft, group, &v, w->error);
	}
	return r;
}

static int
read_server(const struct walk *w, const config_setting_t *s, unsigned server)
{
	struct conf_value v = value_of(w, s);
	unsigned count;
	int r = 0;

	if (v.type != CONF_GROUP)
		return conf_fail(
		    w->error, v.at,
		    "an entry of servers is %s; write a group, as in " EXAMPLE,
		    conf_type_name(v.type));
	w->draft->entries[server].whole = v.at;
	w->draft->conf.servers[server].weight = 1;
	count = (unsigned)config_setting_length(s);
	for (unsigned i = 0; i < count && r == 0; i++) {
		v = value_of(w, config_setting_get_elem(s, i));
		r = conf_field_server(w->draft, server, &v, w->error);
	}
	return r == 0 ? conf_field_server_end(w->draft, server, w->error) : r;
}

static int
read_servers(const struct walk *w, const config_setting_t *s)
{
	struct conf_value v = value_of(w, s);
	unsigned count;
	int r = 0;

	w->draft->servers = v.at;
	if (v.type != CONF_LIST)
		return conf_fail(w->error, v.at,
		                 "servers is %s; write a list in parentheses, as in "
		                 "servers = ( " EXAMPLE " );",
		                 conf_type_name(v.type));
	count = (unsigned)config_setting_length(s);
	for (unsigned i = 0; i < count && r == 0; i++) {
		const config_setting_t *server = config_setting_get_elem(s, i);

		if (i == CONF_SERVERS_MAX)
			return conf_fail(w->error, value_of(w, server).at,
			                 "there are %u servers; write at most %d", count,
			                 CONF_SERVERS_MAX);
		w->draft->conf.server_count = i + 1;
		r = read_server(w, server, i);
	}
	return r;
}

static int
read_top(const struct walk *w, const config_setting_t *s)
{
	static const char *const groups[] = {"timing", "links", "supervisor"};
	struct conf_value v = value_of(w, s);

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (strcmp(v.name, groups[i]) == 0)
			return read_numbers(w, s);
	if (strcmp(v.name, "servers") == 0)
		return read_servers(w, s);
	return conf_field_top(w->draft, &v, w->error);
}

static const char *
syntax_advice(const char *text)
{
	if (strcmp(text, "duplicate setting name") == 0)
		return "write each key once";
	if (strcmp(text, "syntax error") == 0)
		return "look here and on the line before, and write KEY = VALUE; with "
		       "strings in quotes, groups in { }, and lists in ( ) with a comma "
		       "between two entries but not behind the last";
	return "write KEY = VALUE; and nothing more deeply nested than servers";
}

static int
read_tree(const struct walk *w)
{
	config_t tree;
	const config_setting_t *root;
	unsigned count;
	int r = 0;

	config_init(&tree);
	if (config_read_string(&tree, w->text->text) != CONFIG_TRUE) {
		unsigned line = (unsigned)config_error_line(&tree);
		const char *text = config_error_text(&tree);

		r = conf_fail(w->error, conf_text_place(w->text, line), "%s; %s", text,
		              syntax_advice(text));
		goto out;
	}
	root = config_root_setting(&tree);
	count = (unsigned)config_setting_length(root);
	for (unsigned i = 0; i < count && r == 0; i++)
		r = read_top(w, config_setting_get_elem(root, i));
out:
	config_destroy(&tree);
	return r;
}

int
conf_load(const char *path, struct conf *out, struct conf_error *error)
{
	struct conf_text text;
	struct conf_draft *draft = calloc(1, sizeof(*draft));
	struct walk w = {.text = &text, .draft = draft, .error = error};
	int r;

	if (!draft) {
		conf_fail(error, (struct conf_place){path, 0}, "%s; try again",
		          strerror(ENOMEM));
		return -ENOMEM;
	}
	r = conf_text_read(&text, path, error);
	if (r == 0) {
		draft->start = (struct conf_place){path, 1};
		conf_field_defaults(&draft->conf);
		r = read_tree(&w);
	}
	if (r == 0)
		r = conf_check(draft, error);
	if (r == 0) {
		*out = draft->conf;
		out->self = conf_server(out, out->id);
	}
	conf_text_free(&text);
	free(draft);
	return r;
}
