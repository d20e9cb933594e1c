/* A configuration while it is read: its values, and where in the files each key stands.
 * The checks between keys need both. */
#ifndef CONFIG_CONF_DRAFT_H
#define CONFIG_CONF_DRAFT_H

#include "config/conf_error.h"
#include "config/conf_key.h"

/* The place of each key, by its row's number; line 0: the key was not given. */
struct conf_places {
	/* Of the file, or of the entry in servers. */
	struct conf_place whole;
	struct conf_place keys[CONF_KEYS_MAX];
};

struct conf_draft {
	struct conf conf;
	struct conf_places places;
	struct conf_places servers[CONF_SERVERS_MAX];
	/* Borrowed. */
	struct conf_error *error;
};

/* Checks what must hold between keys, and reads id_file. Sets `id`, `hierarchical`, `zab`
 * and `early_finalize`. 0, or 1 with `error` filled. */
int conf_check(struct conf_draft *d);

/* Checks what a process that runs with `running` cannot take over. 0, or 1 with `error`
 * filled. */
int conf_check_again(const struct conf_draft *d, const struct conf *running);

/* Of these, what is about the group tls. 0, or 1 with `error` filled. */
int conf_tls_check(const struct conf_draft *d);

/* Fills `out` with what is allowed and probably wrong, after conf_check. */
void conf_warn(const struct conf_draft *d, struct conf_warnings *out);
/* Of these, what is about the group tls. */
void conf_tls_warn(const struct conf_draft *d, struct conf_warnings *out);
/* The next warning, NULL if there are enough. */
struct conf_error *conf_warn_next(struct conf_warnings *out);

#endif
