/* The keys that hold a single value: where each of them lands in a draft. */
#ifndef CONFIG_CONF_FIELD_H
#define CONFIG_CONF_FIELD_H

#include "config/conf_draft.h"
#include "config/conf_value.h"

void conf_field_defaults(struct conf *c);

/* A key outside of all groups; one of a group of numbers; one of entry `server` of
 * servers. 0; 1: unknown, or not what it should be. */
int conf_field_top(struct conf_draft *d, const struct conf_value *v,
                   struct conf_error *error);
int conf_field_number(struct conf_draft *d, const char *group, const struct conf_value *v,
                      struct conf_error *error);
int conf_field_server(struct conf_draft *d, unsigned server, const struct conf_value *v,
                      struct conf_error *error);

/* What every entry of servers must have. */
int conf_field_server_end(const struct conf_draft *d, unsigned server,
                          struct conf_error *error);

#endif
