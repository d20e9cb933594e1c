/* The folders of conclaved and its workers on this machine, the lock, and the programs.
 */
#ifndef SUPERVISOR_PLACE_H
#define SUPERVISOR_PLACE_H

#include "config/conf.h"
#include "ipc/local.h"
#include "supervisor/apart.h"

#include <stddef.h>

#define PLACE_ERROR_MAX 512

/* The two locks that keep a second conclaved out: data_dir itself, and a file in run_dir,
 * which names the pid. The one in run_dir goes when somebody removes that folder, and a
 * second conclaved with the same data_dir would be worse than none. */
struct place {
	/* Borrowed. */
	const struct apart *apart;
	const char *run_dir, *data_dir;
	char lock_path[CONF_RUN_DIR_MAX + 32];
	/* -1: not held. */
	int lock_fd;
	struct local_name lock_name;
};

/* Makes both folders and run_dir/conclaved, and takes the locks; others may not list
 * data_dir any more, since who can open it could lock it. 0; 1: another conclaved
 * has one of them; -errno: a folder cannot be used. `error` says so for a person. */
int place_take(struct place *p, const struct apart *apart, const char *run_dir,
               const char *data_dir, char error[PLACE_ERROR_MAX]);
/* Whether run_dir/conclaved is still the one that we have locked. If not, it was removed
 * or replaced, and what stands there by now may be another's. */
bool place_is_ours(const struct place *p);
/* Makes run_dir anew and locks it, after place_is_ours said no; results as place_take. */
int place_renew(struct place *p, char error[PLACE_ERROR_MAX]);

/* Writes the configuration that conclaved has read to a file that each worker is started
 * with, and puts its name into `path`. A worker that is started again must not run with
 * what the user's file says by then. Nothing is written where the file has this content
 * already: run_dir may be full. 0 or -errno. */
int place_config(const struct apart *apart, const struct conf *conf, char *path,
                 size_t path_cap);

/* The folder of the worker programs: `configured`; where that is empty the folder of this
 * program or, if the workers are not there, ../libexec/conclave. 0 or -errno. */
int place_programs(const char *configured, char *out, size_t cap);

/* Removes the sockets that killed workers left in their folders below run_dir. Call it
 * when no worker lives any more. */
void place_sweep(const struct apart *apart, const char *run_dir);
/* Removes the folder of an elector that has ended and is not started again. */
void place_forget(const struct apart *apart, const char *run_dir, const char *elector);

#endif
