/* A configuration while it is read: what is in it, and where each of it was written.
 * Cross checks need both. */
#ifndef CONFIG_CONF_DRAFT_H
#define CONFIG_CONF_DRAFT_H

#include "config/conf_error.h"
#include "config/conf_keys.h"

/* Line 0: not given. */
struct conf_draft_server {
	struct conf_place whole, id, host, quorum_port, election_port, role, weight,
	    group;
};

struct conf_draft {
	struct conf conf;
	struct conf_place start; /* of the main file */
	struct conf_place id, id_file, run_dir, data_dir, servers;
	struct conf_place numbers[CONF_NUMBERS];
	struct conf_draft_server entries[CONF_SERVERS_MAX];
};

/* All that holds between keys, and id_file, which it reads; sets `id`, `hierarchical`,
 * `zab` and `early_finalize`. 0 or 1. */
int conf_check(struct conf_draft *d, struct conf_error *error);

/* The part of it about groups and weights. */
int conf_check_groups(struct conf_draft *d, struct conf_error *error);

#endif
