/* The folders of conclaved and its workers on this machine, the lock, and the programs.
 */
#ifndef SUPERVISOR_PLACE_H
#define SUPERVISOR_PLACE_H

#include "config/conf.h"

#include <stddef.h>

#define PLACE_ERROR_MAX 512

/* Makes both folders and run_dir/conclaved, and takes the lock that keeps a second
 * conclaved out. 0; 1: another conclaved has the lock; -errno: a folder cannot be used.
 * `error` says so for a person. */
int place_take(const char *run_dir, const char *data_dir, char error[PLACE_ERROR_MAX]);

/* Writes the configuration that conclaved has read to a file that each worker is started
 * with, and puts its name into `path`. A worker that is started again must not run with
 * what the user's file says by then. 0 or -errno. */
int place_config(const struct conf *conf, char *path, size_t path_cap);

/* The folder of the worker programs: `configured`; where that is empty the folder of this
 * program or, if the workers are not there, ../libexec/conclave. 0 or -errno. */
int place_programs(const char *configured, char *out, size_t cap);

/* Removes the sockets that killed workers left in their folders below run_dir. Call it
 * when no worker lives any more. */
void place_sweep(const char *run_dir);
/* Removes the folder of an elector that has ended and is not started again. */
void place_forget(const char *run_dir, const char *elector);

#endif
