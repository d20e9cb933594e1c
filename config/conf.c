/* Reads a configuration: each setting of libconfig's tree goes into a draft, and then
 * what must hold between keys is checked; see conf.h. libconfig accepts any key, so the
 * tree is walked, and each key is looked for in the table. */
#include "config/conf.h"

#include "config/conf_draft.h"
#include "config/conf_host.h"
#include "config/conf_key.h"
#include "config/conf_names.h"
#include "config/conf_read.h"
#include "config/conf_wrong.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct conf_text text;
	struct conf_draft draft;
};

static struct conf_place
place_of(const struct reader *r, const config_setting_t *s)
{
	return conf_text_place(&r->text, config_setting_source_line(s));
}

static const char *
type_of(const config_setting_t *s)
{
	static const char *const names[] = {
	    [CONFIG_TYPE_INT] = "an integer",
	    [CONFIG_TYPE_INT64] = "an integer",
	    [CONFIG_TYPE_STRING] = "a string",
	    [CONFIG_TYPE_FLOAT] = "a number with a fraction",
	    [CONFIG_TYPE_GROUP] = "a group",
	    [CONFIG_TYPE_BOOL] = "true or false",
	    [CONFIG_TYPE_ARRAY] = "an array",
	    [CONFIG_TYPE_LIST] = "a list",
	};

	return names[config_setting_type(s)];
}

static int
wrong_type(const struct reader *r, const struct conf_key *k, const config_setting_t *s)
{
	return conf_wrong_type(r->draft.error, place_of(r, s), k, type_of(s));
}

static int
take_integer(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
             void *base)
{
	int type = config_setting_type(s);
	int64_t value = config_setting_get_int64(s);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return wrong_type(r, k, s);
	if (value < k->min || value > k->max)
		return conf_wrong_range(r->draft.error, place_of(r, s), k, value);
	conf_key_set(k, base, value);
	return 0;
}

static int
take_truth(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
           void *base)
{
	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return wrong_type(r, k, s);
	conf_key_set(k, base, config_setting_get_bool(s) != CONFIG_FALSE);
	return 0;
}

static int
take_word(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
          void *base)
{
	const char *text = config_setting_get_string(s); /* NULL: not a string */
	char words[CONF_WORDS_MAX];

	if (!text)
		return wrong_type(r, k, s);
	for (const struct conf_word *word = k->words; word->text; word++)
		if (strcmp(text, word->text) == 0) {
			conf_key_set(k, base, word->value);
			return 0;
		}
	conf_words(k, words);
	return conf_fail(r->draft.error, place_of(r, s),
	                 "%s = \"%.200s\" is unknown; write one of %s", conf_key_name(k),
	                 text, words);
}

/* Slashes at the end of a path are dropped. */
static int
take_path(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
          const char *path, char *out, size_t cap)
{
	const char *name = conf_key_name(k);
	size_t len = strlen(path), printable = 0;

	if (path[0] != '/' && !(k->may_be_empty && len == 0))
		return conf_fail(r->draft.error, place_of(r, s),
		                 "%s = \"%.200s\" is not absolute; write it from the "
		                 "root, as in %s = %s;",
		                 name, path, name, k->example);
	while (printable < len && !iscntrl((unsigned char)path[printable]))
		printable++;
	if (printable < len)
		return conf_fail(r->draft.error, place_of(r, s),
		                 "%s has a control character in it; write a path without "
		                 "one, as in %s = %s;",
		                 name, name, k->example);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= cap)
		return conf_fail(r->draft.error, place_of(r, s),
		                 "%s is %zu bytes long; write a path of at most %zu, as "
		                 "in %s = %s;",
		                 name, len, cap - 1, name, k->example);
	memcpy(out, path, len);
	out[len] = '\0';
	return 0;
}

static int
take_ipc_path(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
              const char *text, char *out)
{
	const size_t prefix = strlen(CONF_IPC_PREFIX);
	int error;

	if (!*text) {
		*out = '\0';
		return 0;
	}
	if (strncmp(text, CONF_IPC_PREFIX "/", prefix + 1) != 0)
		return conf_fail(r->draft.error, place_of(r, s),
		                 "%s = \"%.200s\" is no address of a local socket; "
		                 "write " CONF_IPC_PREFIX
		                 " and a path from the root, as in %s = %s;",
		                 conf_key_name(k), text, conf_key_name(k), k->example);
	error = take_path(r, k, s, text + prefix, out + prefix, k->size - prefix);
	if (error == 0)
		memcpy(out, text, prefix);
	return error;
}

static int
take_name(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
          const char *text, char *out)
{
	size_t len = strlen(text), good = 0;

	while (isalnum((unsigned char)text[good]) ||
	       (text[good] && strchr("._-", text[good])))
		good++;
	if (good < len || len >= k->size || (len == 0 && !k->may_be_empty))
		return conf_fail(r->draft.error, place_of(r, s),
		                 "%s = \"%.200s\" is no name; write letters, digits and "
		                 "._- , at most %zu, as in %s = %s;",
		                 conf_key_name(k), text, k->size - 1, conf_key_name(k),
		                 k->example);
	memcpy(out, text, len + 1);
	return 0;
}

static int
take_text(const struct reader *r, const struct conf_key *k, const config_setting_t *s,
          void *base)
{
	const char *name = conf_key_name(k), *wrong;
	const char *text = config_setting_get_string(s); /* NULL: not a string */
	char *out = (char *)base + k->offset;

	if (!text)
		return wrong_type(r, k, s);
	if (k->kind == CONF_PATH)
		return take_path(r, k, s, text, out, k->size);
	if (k->kind == CONF_IPC_PATH)
		return take_ipc_path(r, k, s, text, out);
	if (k->kind == CONF_NAME)
		return take_name(r, k, s, text, out);
	wrong = conf_host_read(text, out, k->size);
	return wrong ? conf_fail(r->draft.error, place_of(r, s), "%s = \"%.200s\": %s",
	                         name, text, wrong)
	             : 0;
}

/* Each checks the value of `s` and puts it into `base`, the struct conf or struct
 * conf_server that holds the key. 0 or 1. */
static int (*const takes[])(const struct reader *r, const struct conf_key *k,
                            const config_setting_t *s, void *base) = {
    [CONF_INTEGER] = take_integer, [CONF_TRUTH] = take_truth,   [CONF_WORD] = take_word,
    [CONF_PATH] = take_text,       [CONF_IPC_PATH] = take_text, [CONF_NAME] = take_text,
    [CONF_HOSTS] = take_text,
};

/* Finds the row of `s`, a setting of `group`, and notes where the key stands. NULL: the
 * key is unknown. */
static const struct conf_key *
find_key(struct reader *r, const config_setting_t *s, const char *group,
         struct conf_places *places)
{
	const char *name = config_setting_name(s);
	const struct conf_key *k = conf_key_find(group, name);

	if (k)
		places->keys[k - conf_keys] = place_of(r, s);
	else
		conf_wrong_key(r->draft.error, place_of(r, s), group, name);
	return k;
}

/* The keys of a group, or of a server, into `base`. */
static int
read_group(struct reader *r, const config_setting_t *group, const char *name,
           struct conf_places *places, void *base)
{
	unsigned count = (unsigned)config_setting_length(group);

	for (unsigned i = 0; i < count; i++) {
		const config_setting_t *s = config_setting_get_elem(group, i);
		const struct conf_key *k = find_key(r, s, name, places);

		if (!k || takes[k->kind](r, k, s, base))
			return 1;
	}
	return 0;
}

static int
read_server(struct reader *r, const struct conf_key *list, const config_setting_t *s,
            unsigned server)
{
	struct conf_places *places = &r->draft.servers[server];

	places->whole = place_of(r, s);
	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return conf_fail(r->draft.error, place_of(r, s),
		                 "an entry of %s is %s; write a group, as in %s = %s;",
		                 list->path, type_of(s), list->path, list->example);
	if (read_group(r, s, list->path, places, &r->draft.conf.servers[server]))
		return 1;
	for (const struct conf_key *k = conf_keys; k->path; k++)
		if (k->required && conf_key_is_in(k, list->path) &&
		    places->keys[k - conf_keys].line == 0)
			return conf_fail(
			    r->draft.error, place_of(r, s),
			    "%s is missing in this entry of %s; write it, as "
			    "in %s = %s;",
			    conf_key_name(k), list->path, conf_key_name(k), k->example);
	return 0;
}

static int
read_servers(struct reader *r, const struct conf_key *list, const config_setting_t *s)
{
	unsigned count;

	if (config_setting_type(s) != CONFIG_TYPE_LIST)
		return wrong_type(r, list, s);
	count = (unsigned)config_setting_length(s);
	for (unsigned i = 0; i < count; i++) {
		const config_setting_t *server = config_setting_get_elem(s, i);

		if (i == CONF_SERVERS_MAX)
			return conf_fail(r->draft.error, place_of(r, server),
			                 "there are %u servers; write at most %d", count,
			                 CONF_SERVERS_MAX);
		r->draft.conf.server_count = i + 1;
		if (read_server(r, list, server, i))
			return 1;
	}
	return 0;
}

static int
read_top(struct reader *r, const config_setting_t *s)
{
	struct conf_draft *d = &r->draft;
	const struct conf_key *k = find_key(r, s, "", &d->places);

	if (!k)
		return 1;
	if (k->kind == CONF_LIST)
		return read_servers(r, k, s);
	if (k->kind != CONF_GROUP)
		return takes[k->kind](r, k, s, &d->conf);
	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return wrong_type(r, k, s);
	return read_group(r, s, k->path, &d->places, &d->conf);
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
read_tree(struct reader *r)
{
	config_t tree;
	const config_setting_t *root;
	unsigned count;
	int status = 0;

	config_init(&tree);
	if (config_read_string(&tree, r->text.text) != CONFIG_TRUE) {
		unsigned line = (unsigned)config_error_line(&tree);
		const char *text = config_error_text(&tree);

		status = conf_fail(r->draft.error, conf_text_place(&r->text, line),
		                   "%s; %s", text, syntax_advice(text));
		goto out;
	}
	root = config_root_setting(&tree);
	count = (unsigned)config_setting_length(root);
	for (unsigned i = 0; i < count && status == 0; i++)
		status = read_top(r, config_setting_get_elem(root, i));
out:
	config_destroy(&tree);
	return status;
}

/* `running`: what the file must fit; NULL: nothing runs. */
static int
load(const char *path, const struct conf *running, struct conf *out,
     struct conf_error *error, struct conf_warnings *warnings)
{
	struct reader *r = calloc(1, sizeof(*r));
	int status;

	if (!r) {
		conf_fail(error, (struct conf_place){path, 0}, "%s; try again",
		          strerror(ENOMEM));
		return -ENOMEM;
	}
	r->draft.error = error;
	r->draft.places.whole = (struct conf_place){path, 1};
	conf_defaults(&r->draft.conf);
	status = conf_text_read(&r->text, path, error);
	if (status == 0)
		status = conf_names_check(&r->text, error);
	if (status == 0)
		status = read_tree(r);
	if (status == 0)
		status = conf_check(&r->draft);
	if (status == 0 && running)
		status = conf_check_again(&r->draft, running);
	if (status == 0) {
		*out = r->draft.conf;
		out->self = conf_server(out, out->id);
		conf_warn(&r->draft, warnings);
	}
	conf_text_free(&r->text);
	free(r);
	return status;
}

int
conf_load_warned(const char *path, struct conf *out, struct conf_error *error,
                 struct conf_warnings *warnings)
{
	return load(path, NULL, out, error, warnings);
}

int
conf_load(const char *path, struct conf *out, struct conf_error *error)
{
	struct conf_warnings warnings;

	return load(path, NULL, out, error, &warnings);
}

int
conf_load_again(const char *path, const struct conf *running, struct conf *out,
                struct conf_error *error, struct conf_warnings *warnings)
{
	return load(path, running, out, error, warnings);
}
