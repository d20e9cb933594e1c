/* The errors of a single key, which the search for unknown keys and the reader share. */
#ifndef CONFIG_CONF_WRONG_H
#define CONFIG_CONF_WRONG_H

#include "config/conf_error.h"
#include "config/conf_key.h"

/* `name` is no key of `group` ("": outside of all groups). Returns 1. */
int conf_wrong_key(struct conf_error *error, struct conf_place at, const char *group,
                   const char *name);

/* What stands at the key `k` is `is`, such as "an integer", and not what it must be.
 * Returns 1. */
int conf_wrong_type(struct conf_error *error, struct conf_place at,
                    const struct conf_key *k, const char *is);

/* The value of `k`, an integer, is out of range. Returns 1. */
int conf_wrong_range(struct conf_error *error, struct conf_place at,
                     const struct conf_key *k, int64_t value);

#define CONF_WORDS_MAX 128
/* The words that `k`, a word, may be: `"off", "on"`. */
void conf_words(const struct conf_key *k, char out[CONF_WORDS_MAX]);

#endif
