/* See conf_wrong.h. An advice shows the default or an example: what stands at the end of
 * a range is allowed, and seldom good. */
#include "config/conf_wrong.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 32

int
conf_wrong_key(struct conf_error *error, struct conf_place at, const char *group,
               const char *name)
{
	char instead[CONF_SUGGESTION_MAX];

	conf_suggest(group, name, instead);
	return conf_fail(error, at, "unknown key %.100s%s%s; %s", name,
	                 group[0] ? " in " : "", group, instead);
}

/* A good value of an integer. */
static void
good_integer(const struct conf_key *k, char out[VALUE_MAX])
{
	if (k->example)
		snprintf(out, VALUE_MAX, "%s", k->example);
	else
		snprintf(out, VALUE_MAX, "%" PRId64, k->standard);
}

void
conf_words(const struct conf_key *k, char out[CONF_WORDS_MAX])
{
	size_t used = 0;

	for (const struct conf_word *word = k->words; word->text; word++)
		used += (size_t)snprintf(out + used, CONF_WORDS_MAX - used, "%s\"%s\"",
		                         word == k->words ? "" : ", ", word->text);
}

/* The first key of `group`. */
static const struct conf_key *
first_of(const struct conf_key *group)
{
	const struct conf_key *k = group;

	while (!conf_key_is_in(k, group->path))
		k++;
	return k;
}

int
conf_wrong_type(struct conf_error *error, struct conf_place at, const struct conf_key *k,
                const char *is)
{
	const char *name = conf_key_name(k);
	char value[VALUE_MAX], words[CONF_WORDS_MAX];

	switch (k->kind) {
	case CONF_INTEGER:
		good_integer(k, value);
		return conf_fail(error, at, "%s is %s; write an integer, as in %s = %s;",
		                 name, is, name, value);
	case CONF_TRUTH:
		return conf_fail(error, at,
		                 "%s is %s; write true or false, as in %s = %s;", name,
		                 is, name, k->standard ? "true" : "false");
	case CONF_WORD:
		conf_words(k, words);
		return conf_fail(error, at, "%s is %s; write a string, one of %s", name,
		                 is, words);
	case CONF_GROUP:
		good_integer(first_of(k), value);
		return conf_fail(error, at,
		                 "%s is %s; write a group, as in %s = { %s = %s; };",
		                 name, is, name, conf_key_name(first_of(k)), value);
	case CONF_LIST:
		return conf_fail(error, at,
		                 "%s is %s; write a list in parentheses, as in %s = %s;",
		                 name, is, name, k->example);
	case CONF_PATH:
	case CONF_IPC_PATH:
	case CONF_NAME:
	case CONF_HOSTS:
		break;
	}
	return conf_fail(error, at, "%s is %s; write a string, as in %s = %s;", name, is,
	                 name, k->example);
}

int
conf_wrong_range(struct conf_error *error, struct conf_place at, const struct conf_key *k,
                 int64_t value)
{
	char good[VALUE_MAX];

	good_integer(k, good);
	return conf_fail(error, at,
	                 "%s = %" PRId64 " is out of range; write %s, %s, or another "
	                 "from %" PRId64 " to %" PRId64 "%s%s",
	                 conf_key_name(k), value, good,
	                 k->example ? "for instance" : "the default", k->min, k->max,
	                 k->unit[0] ? " " : "", k->unit);
}
