/* What to write instead of a key that is unknown. */
#ifndef CONFIG_CONF_SUGGEST_H
#define CONFIG_CONF_SUGGEST_H

#define CONF_SUGGESTION_MAX 384

/* For the unknown key `name` in `group` ("": outside of all groups): the key of the group
 * that `name` misspells, or the group that `name` belongs to, or all keys of the group.
 */
void conf_suggest(const char *group, const char *name, char out[CONF_SUGGESTION_MAX]);

#endif
