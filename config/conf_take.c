/* Types and ranges of single values; see conf_take.h. */
#include "config/conf_take.h"

#include "config/conf_host.h"

#include <inttypes.h>
#include <string.h>

const char *
conf_type_of(const config_setting_t *s)
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
take_integer(const struct conf_key *k, const config_setting_t *s, struct conf_place at,
             void *base, struct conf_error *error)
{
	const char *name = conf_key_name(k);
	int type = config_setting_type(s);
	int64_t value = config_setting_get_int64(s);

	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return conf_fail(error, at,
		                 "%s is %s; write an integer, as in %s = %" PRId64 ";",
		                 name, conf_type_of(s), name, k->min > 0 ? k->min : 1);
	if (value < k->min || value > k->max)
		return conf_fail(error, at,
		                 "%s = %" PRId64 " is out of range; write %" PRId64
		                 " to %" PRId64 "%s%s",
		                 name, value, k->min, k->max, k->unit[0] ? " " : "",
		                 k->unit);
	conf_key_set(k, base, value);
	return 0;
}

static int
take_truth(const struct conf_key *k, const config_setting_t *s, struct conf_place at,
           void *base, struct conf_error *error)
{
	const char *name = conf_key_name(k);

	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return conf_fail(error, at,
		                 "%s is %s; write true or false, as in %s = true;", name,
		                 conf_type_of(s), name);
	conf_key_set(k, base, config_setting_get_bool(s) != CONFIG_FALSE);
	return 0;
}

static int
take_word(const struct conf_key *k, const config_setting_t *s, struct conf_place at,
          void *base, struct conf_error *error)
{
	const char *text = config_setting_get_string(s); /* NULL: not a string */
	char list[128] = "";

	for (const struct conf_word *word = k->words; word->text; word++) {
		strcat(list, word == k->words ? "\"" : ", \"");
		strcat(strcat(list, word->text), "\"");
		if (text && strcmp(text, word->text) == 0) {
			conf_key_set(k, base, word->value);
			return 0;
		}
	}
	if (!text)
		return conf_fail(error, at, "%s is %s; write a string, one of %s",
		                 conf_key_name(k), conf_type_of(s), list);
	return conf_fail(error, at, "%s = \"%.200s\" is unknown; write one of %s",
	                 conf_key_name(k), text, list);
}

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

/* Slashes at the end of a path are dropped. */
static int
take_path(const struct conf_key *k, const char *path, struct conf_place at, char *out,
          struct conf_error *error)
{
	const char *name = conf_key_name(k);
	size_t len = strlen(path);

	if (path[0] != '/' && !(k->may_be_empty && len == 0))
		return conf_fail(error, at,
		                 "%s = \"%.200s\" is not absolute; write it from the "
		                 "root, as in %s = %s;",
		                 name, path, name, k->example);
	if (has_control(path))
		return conf_fail(error, at,
		                 "%s has a control character in it; write a path without "
		                 "one, as in %s = %s;",
		                 name, name, k->example);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= k->size)
		return conf_fail(error, at,
		                 "%s is %zu bytes long; write a path of at most %zu, as "
		                 "in %s = %s;",
		                 name, len, k->size - 1, name, k->example);
	memcpy(out, path, len);
	out[len] = '\0';
	return 0;
}

static int
take_text(const struct conf_key *k, const config_setting_t *s, struct conf_place at,
          void *base, struct conf_error *error)
{
	const char *name = conf_key_name(k), *wrong;
	const char *text = config_setting_get_string(s); /* NULL: not a string */
	char *out = (char *)base + k->offset;

	if (!text)
		return conf_fail(error, at, "%s is %s; write a string, as in %s = %s;",
		                 name, conf_type_of(s), name, k->example);
	if (k->kind == CONF_PATH)
		return take_path(k, text, at, out, error);
	wrong = conf_host_read(text, out, k->size);
	return wrong ? conf_fail(error, at, "%s = \"%.200s\": %s", name, text, wrong) : 0;
}

int
conf_take(const struct conf_key *k, const config_setting_t *s, struct conf_place at,
          void *base, struct conf_error *error)
{
	static int (*const takes[])(const struct conf_key *, const config_setting_t *,
	                            struct conf_place, void *, struct conf_error *) = {
	    [CONF_INTEGER] = take_integer, [CONF_TRUTH] = take_truth,
	    [CONF_WORD] = take_word,       [CONF_PATH] = take_text,
	    [CONF_HOSTS] = take_text,
	};

	return takes[k->kind](k, s, at, base, error);
}
