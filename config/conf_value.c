/* Types and ranges of single values; see conf_value.h. */
#include "config/conf_value.h"

#include "config/conf_host.h"

#include <inttypes.h>
#include <string.h>

const char *
conf_type_name(enum conf_type type)
{
	static const char *const names[] = {
	    [CONF_INTEGER] = "an integer", [CONF_FRACTION] = "a number with a fraction",
	    [CONF_STRING] = "a string",    [CONF_TRUTH] = "true or false",
	    [CONF_GROUP] = "a group",      [CONF_ARRAY] = "an array",
	    [CONF_LIST] = "a list",
	};

	return names[type];
}

int
conf_take_integer(const struct conf_value *v, int64_t min, int64_t max, const char *unit,
                  int64_t *out, struct conf_error *error)
{
	if (v->type != CONF_INTEGER)
		return conf_fail(
		    error, v->at, "%s is %s; write an integer, as in %s = %" PRId64 ";",
		    v->name, conf_type_name(v->type), v->name, min > 0 ? min : 1);
	if (v->integer < min || v->integer > max)
		return conf_fail(error, v->at,
		                 "%s = %" PRId64 " is out of range; write %" PRId64
		                 " to %" PRId64 "%s%s",
		                 v->name, v->integer, min, max, unit[0] ? " " : "", unit);
	*out = v->integer;
	return 0;
}

int
conf_take_truth(const struct conf_value *v, bool *out, struct conf_error *error)
{
	if (v->type != CONF_TRUTH)
		return conf_fail(error, v->at,
		                 "%s is %s; write true or false, as in %s = true;",
		                 v->name, conf_type_name(v->type), v->name);
	*out = v->truth;
	return 0;
}

int
conf_take_word(const struct conf_value *v, const struct conf_word *words, int *out,
               struct conf_error *error)
{
	char list[128] = "";

	for (const struct conf_word *word = words; word->text; word++) {
		strcat(list, word == words ? "\"" : ", \"");
		strcat(strcat(list, word->text), "\"");
		if (v->type == CONF_STRING && strcmp(v->string, word->text) == 0) {
			*out = word->value;
			return 0;
		}
	}
	if (v->type != CONF_STRING)
		return conf_fail(error, v->at, "%s is %s; write a string, one of %s",
		                 v->name, conf_type_name(v->type), list);
	return conf_fail(error, v->at, "%s = \"%.200s\" is unknown; write one of %s",
	                 v->name, v->string, list);
}

static bool
has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

int
conf_take_path(const struct conf_value *v, const char *example, bool or_none, char *out,
               size_t cap, struct conf_error *error)
{
	const char *path = v->string;
	size_t len;

	if (v->type != CONF_STRING)
		return conf_fail(error, v->at,
		                 "%s is %s; write a string, as in %s = \"%s\";", v->name,
		                 conf_type_name(v->type), v->name, example);
	len = strlen(path);
	if (path[0] != '/' && !(or_none && len == 0))
		return conf_fail(
		    error, v->at,
		    "%s = \"%.200s\" is not absolute; write it from the root, "
		    "as in %s = \"%s\";",
		    v->name, path, v->name, example);
	if (has_control(path))
		return conf_fail(error, v->at,
		                 "%s has a control character in it; write a path without "
		                 "one, as in %s = \"%s\";",
		                 v->name, v->name, example);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= cap)
		return conf_fail(
		    error, v->at,
		    "%s is %zu bytes long; write a path of at most %zu, as in "
		    "%s = \"%s\";",
		    v->name, len, cap - 1, v->name, example);
	memcpy(out, path, len);
	out[len] = '\0';
	return 0;
}

int
conf_take_hosts(const struct conf_value *v, char *out, size_t cap,
                struct conf_error *error)
{
	const char *wrong;

	if (v->type != CONF_STRING)
		return conf_fail(error, v->at,
		                 "%s is %s; write a string, as in %s = \"10.0.0.1\";",
		                 v->name, conf_type_name(v->type), v->name);
	wrong = conf_host_read(v->string, out, cap);
	return wrong ? conf_fail(error, v->at, "%s = \"%.200s\": %s", v->name, v->string,
	                         wrong)
	             : 0;
}
