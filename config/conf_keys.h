/* What may be written in a configuration: the settings that are plain numbers, with their
 * defaults and ranges (conf.c reads by this table, conf_print.c prints and compares by
 * it), the words, and all names of keys, for suggestions. */
#ifndef CONFIG_CONF_KEYS_H
#define CONFIG_CONF_KEYS_H

#include "config/conf.h"

#include <stddef.h>
#include <stdint.h>

struct conf_number {
	const char *path; /* GROUP.NAME */
	size_t offset;    /* of the uint32_t in struct conf */
	uint32_t standard, min, max;
	const char *unit;
};

#define CONF_NUMBERS 23
extern const struct conf_number conf_numbers[CONF_NUMBERS];

const char *conf_number_name(const struct conf_number *n); /* without the group */
bool conf_number_is_in(const struct conf_number *n, const char *group);
uint32_t conf_number_get(const struct conf_number *n, const struct conf *c);
void conf_number_set(const struct conf_number *n, struct conf *c, uint32_t value);

/* The words of a key that takes one; the last has no text. */
struct conf_word {
	const char *text;
	int value;
};

extern const struct conf_word conf_ipc_words[], conf_attach_words[], conf_level_words[],
    conf_role_words[], conf_rights_words[];
const char *conf_word_of(const struct conf_word *words,
                         int value); /* it is one of them */

/* The groups of numbers, and "" the top level, "servers" an entry of that list. */
#define CONF_SUGGESTION_MAX 384

/* What to write instead of the unknown key `name` in `group`: the key that differs from
 * it by a slip, the group where it belongs, or the list of keys. */
void conf_suggest(const char *group, const char *name, char out[CONF_SUGGESTION_MAX]);

#endif
