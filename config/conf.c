/* Reads a configuration: each setting of libconfig's tree goes into a draft, and then
 * what must hold between keys is checked; see conf.h. libconfig accepts any key, so the
 * tree is walked, and each key is looked for in the table. */
#include "config/conf.h"

#include "config/conf_draft.h"
#include "config/conf_read.h"
#include "config/conf_suggest.h"
#include "config/conf_take.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct conf_text *text;
	struct conf_draft *draft;
	struct conf_error *error;
};

static struct conf_place
place_of(const struct walk *w, const config_setting_t *s)
{
	return conf_text_place(w->text, config_setting_source_line(s));
}

/* Finds the row of `s`, a setting of `group`, and notes where the key stands. 0 or 1. */
static int
find_key(const struct walk *w, const config_setting_t *s, const char *group,
         struct conf_places *places, const struct conf_key **key)
{
	const char *name = config_setting_name(s);
	const struct conf_key *k = conf_key_find(group, name);
	char instead[CONF_SUGGESTION_MAX];

	if (!k) {
		conf_suggest(group, name, instead);
		return conf_fail(w->error, place_of(w, s), "unknown key %.100s%s%s; %s",
		                 name, group[0] ? " in " : "", group, instead);
	}
	places->keys[k - conf_keys] = place_of(w, s);
	*key = k;
	return 0;
}

/* The keys of a group, or of a server, into `base`. */
static int
read_group(const struct walk *w, const config_setting_t *group, const char *name,
           struct conf_places *places, void *base)
{
	unsigned count = (unsigned)config_setting_length(group);
	const struct conf_key *k;
	int r = 0;

	for (unsigned i = 0; i < count && r == 0; i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);

		r = find_key(w, s, name, places, &k);
		if (r == 0)
			r = conf_take(k, s, place_of(w, s), base, w->error);
	}
	return r;
}

static int
read_server(const struct walk *w, const struct conf_key *list, const config_setting_t *s,
            unsigned server)
{
	struct conf_places *places = &w->draft->servers[server];
	const char *name = conf_key_name(list);
	int r;

	places->whole = place_of(w, s);
	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return conf_fail(w->error, places->whole,
		                 "an entry of %s is %s; write a group, as in %s = %s;",
		                 name, conf_type_of(s), name, list->example);
	r = read_group(w, s, name, places, &w->draft->conf.servers[server]);
	for (const struct conf_key *k = conf_keys; k->path && r == 0; k++)
		if (k->required && conf_key_is_in(k, name) &&
		    places->keys[k - conf_keys].line == 0)
			r = conf_fail(w->error, places->whole,
			              "%s is missing in this entry of %s; write it, as "
			              "in %s = %s;",
			              conf_key_name(k), name, conf_key_name(k),
			              k->example);
	return r;
}

static int
read_servers(const struct walk *w, const struct conf_key *list, const config_setting_t *s)
{
	unsigned count;
	int r = 0;

	if (config_setting_type(s) != CONFIG_TYPE_LIST)
		return conf_fail(w->error, place_of(w, s),
		                 "%s is %s; write a list in parentheses, as in %s = %s;",
		                 conf_key_name(list), conf_type_of(s),
		                 conf_key_name(list), list->example);
	count = (unsigned)config_setting_length(s);
	for (unsigned i = 0; i < count && r == 0; i++) {
		const config_setting_t *server = config_setting_get_elem(s, i);

		if (i == CONF_SERVERS_MAX)
			return conf_fail(w->error, place_of(w, server),
			                 "there are %u servers; write at most %d", count,
			                 CONF_SERVERS_MAX);
		w->draft->conf.server_count = i + 1;
		r = read_server(w, list, server, i);
	}
	return r;
}

static int
read_top(const struct walk *w, const config_setting_t *s)
{
	struct conf_draft *d = w->draft;
	const struct conf_key *k;

	if (find_key(w, s, "", &d->places, &k))
		return 1;
	if (k->kind == CONF_LIST)
		return read_servers(w, k, s);
	if (k->kind != CONF_GROUP)
		return conf_take(k, s, place_of(w, s), &d->conf, w->error);
	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return conf_fail(w->error, place_of(w, s),
		                 "%s is %s; write a group, as in %s = { KEY = 1000; };",
		                 k->path, conf_type_of(s), k->path);
	return read_group(w, s, k->path, &d->places, &d->conf);
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
		draft->places.whole = (struct conf_place){path, 1};
		conf_defaults(&draft->conf);
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
