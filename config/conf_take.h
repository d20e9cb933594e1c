/* One setting of libconfig's tree into the member that its row names. */
#ifndef CONFIG_CONF_TAKE_H
#define CONFIG_CONF_TAKE_H

#include "config/conf_error.h"
#include "config/conf_key.h"

#include <libconfig.h>

const char *conf_type_of(const config_setting_t *s); /* "an integer" */

/* Checks the type and the range of the value of `s`, which stands at `at`, and puts it
 * into `base`, the struct conf or struct conf_server that holds the key. For all kinds
 * but groups and lists. 0, or 1 with `error` filled. */
int conf_take(const struct conf_key *k, const config_setting_t *s, struct conf_place at,
              void *base, struct conf_error *error);

#endif
