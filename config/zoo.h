/* Makes our configuration of ZooKeeper's configuration files: zoo.cfg, and the dynamic
 * file that it may name. Pure: texts go in, a struct conf comes out. Source:
 * QuorumPeerConfig of ZooKeeper 3.8.0. */
#ifndef CONFIG_ZOO_H
#define CONFIG_ZOO_H

#include "config/conf_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZOO_NOTES_MAX  512
#define ZOO_SHARES_MAX 256
#define ZOO_KEY_MAX    64

/* A key that has no meaning in Conclave. */
struct zoo_note {
	struct conf_place at;
	/* Cut if it is longer. */
	char key[ZOO_KEY_MAX];
	const char *why;
};

/* `group.VALUE` has the member `sid`, or `weight.SID` is `value`. */
struct zoo_share {
	struct conf_place at;
	bool is_weight;
	int64_t sid;
	int64_t value;
};

struct zoo_number {
	/* Without a file: the key was not given. */
	struct conf_place at;
	int64_t value;
};

struct zoo {
	unsigned server_count;
	struct conf_server servers[CONF_SERVERS_MAX];
	struct conf_place server_at[CONF_SERVERS_MAX];
	unsigned share_count;
	struct zoo_share shares[ZOO_SHARES_MAX];
	struct zoo_number tick, init, sync;
	/* As it is written; "": none. */
	char dynamic_file[CONF_PATH_MAX];
	struct conf_place dynamic_at;
	/* The folder of ZooKeeper's myid; "": not given. */
	char data_dir[CONF_PATH_MAX];
	unsigned note_count;
	struct zoo_note notes[ZOO_NOTES_MAX];
};

/* Reads one file into `z`, which is zeroed before the first one. `file` is borrowed as
 * long as `z` lives. `dynamic`: the file is the one that dynamicConfigFile names. 0; 1:
 * the file is wrong, and `error` says where. */
int zoo_read(struct zoo *z, const char *file, const char *text, size_t len, bool dynamic,
             struct conf_error *error);

/* Notes that the key `format` has no meaning here. `why` is borrowed. */
void zoo_note(struct zoo *z, struct conf_place at, const char *why, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/* After all files: makes the configuration of server `id`, with our defaults for what
 * ZooKeeper does not know. An error about something that is missing names `file`, the
 * first file. 0 or 1. conf_load may still refuse the printed result. */
int zoo_make(struct zoo *z, const char *file, int64_t id, struct conf *out,
             struct conf_error *error);

#endif
