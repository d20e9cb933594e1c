/* ZooKeeper's configuration files (zoo.cfg, and the dynamic file that it may name) made
 * into ours. Pure: texts in, struct conf out; it opens nothing. Source: QuorumPeerConfig
 * of ZooKeeper 3.8.0. */
#ifndef CONFIG_ZOO_H
#define CONFIG_ZOO_H

#include "config/conf_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZOO_NOTES_MAX  512
#define ZOO_SHARES_MAX 256
#define ZOO_KEY_MAX    64

/* Something that has no meaning here. */
struct zoo_note {
	struct conf_place at;
	char key[ZOO_KEY_MAX]; /* cut where it is longer */
	const char *why;
};

/* `group.VALUE` has the member `sid`, or `weight.SID` is `value`. */
struct zoo_share {
	struct conf_place at;
	bool is_weight;
	int64_t sid;
	int64_t value;
};

struct zoo {
	unsigned server_count;
	struct conf_server servers[CONF_SERVERS_MAX];
	struct conf_place server_at[CONF_SERVERS_MAX];
	unsigned share_count;
	struct zoo_share shares[ZOO_SHARES_MAX];
	struct {
		struct conf_place at; /* no file: not given */
		int64_t value;
	} tick, init, sync;
	char dynamic_file[CONF_PATH_MAX]; /* as written; "": none */
	struct conf_place dynamic_at;
	char data_dir[CONF_PATH_MAX]; /* where its myid is; "": not given */
	unsigned note_count;
	struct zoo_note notes[ZOO_NOTES_MAX];
};

/* Reads one file into `z`, zeroed before the first; `file` is borrowed for z's life.
 * `dynamic`: it is the one that dynamicConfigFile names. 0; 1: it is wrong, `error` says
 * where. */
int zoo_read(struct zoo *z, const char *file, const char *text, size_t len, bool dynamic,
             struct conf_error *error);

/* Notes that what `format` names has no meaning here; `why` is borrowed. */
void zoo_note(struct zoo *z, struct conf_place at, const char *why, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/* After all files: server `id` of them, as ours, with our defaults for what ZooKeeper
 * does not know. `file` is the first, for what is missing. 0 or 1; conf_load may still
 * refuse what is printed of it. */
int zoo_make(struct zoo *z, const char *file, int64_t id, struct conf *out,
             struct conf_error *error);

#endif
