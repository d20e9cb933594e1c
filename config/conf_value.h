/* One value of a configuration, whatever read it, and its conversion into ours: each
 * `conf_take` checks type and range, and returns 0 or, with `error` filled, 1. */
#ifndef CONFIG_CONF_VALUE_H
#define CONFIG_CONF_VALUE_H

#include "config/conf_error.h"
#include "config/conf_keys.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_INTEGER,
	CONF_FRACTION,
	CONF_STRING,
	CONF_TRUTH,
	CONF_GROUP,
	CONF_ARRAY,
	CONF_LIST,
};

struct conf_value {
	const char *name; /* the key; of an entry in a list NULL */
	struct conf_place at;
	enum conf_type type;
	int64_t integer;
	const char *string; /* borrowed */
	bool truth;
};

const char *conf_type_name(enum conf_type type); /* "an integer" */

int conf_take_integer(const struct conf_value *v, int64_t min, int64_t max,
                      const char *unit, int64_t *out, struct conf_error *error);
int conf_take_truth(const struct conf_value *v, bool *out, struct conf_error *error);
int conf_take_word(const struct conf_value *v, const struct conf_word *words, int *out,
                   struct conf_error *error);

/* An absolute path, without slashes at its end; `or_none`: it may be empty. */
int conf_take_path(const struct conf_value *v, const char *example, bool or_none,
                   char *out, size_t cap, struct conf_error *error);
int conf_take_hosts(const struct conf_value *v, char *out, size_t cap,
                    struct conf_error *error);

#endif
