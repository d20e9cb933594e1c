/* Where conclaved and its workers live on this machine: folders, the lock, programs. */
#ifndef SUPERVISOR_PLACE_H
#define SUPERVISOR_PLACE_H

#include "config/conf.h"

#include <stddef.h>

#define PLACE_ERROR_MAX 512

/* Makes both folders and run_dir/conclaved, and takes the lock that keeps a second
 * conclaved out. 0; 1: there is another; -errno: it cannot be done. `error` says so for a
 * person. */
int place_take(const char *run_dir, const char *data_dir, char *error, size_t error_cap);

/* Writes the configuration that a worker is started with, `path`: what conclaved has
 * read. Else one that dies would come back with what its file says by then, alone. 0 or
 * -errno. */
int place_config(const struct conf *conf, char *path, size_t path_cap);

/* The folder of the worker programs: `configured`, or where it is empty the folder of
 * this program, or ../libexec/conclave from there if they are not beside it. 0 or -errno.
 */
int place_programs(const char *configured, char *out, size_t cap);

/* Removes the sockets that killed workers left in their folders below run_dir. To be
 * called when none of them lives any more. */
void place_sweep(const char *run_dir);
/* Removes the folder of an elector that has ended and will not come again. */
void place_forget(const char *run_dir, const char *elector);

#endif
