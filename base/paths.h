/* The folders and files below run_dir and data_dir, and the names that may become one.
 * Each program has one folder below run_dir; those that keep something on the disk have
 * one of the same name below data_dir. Pure. */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/* The folders. An elector's has the name of its instance behind it: several run beside
 * each other. */
#define PATHS_CONCLAVED "conclaved"
#define PATHS_CONNMGR   "connmgr"
#define PATHS_PEER      "peer"
#define PATHS_ELECTOR   "elector-"

/* The control socket in a program's folder. */
#define PATHS_DOOR "door"

#define PATHS_NAME_MAX 32 /* of an instance, with the final NUL */

/* Letters, digits, `._-`, 1 … PATHS_NAME_MAX - 1 of them. */
bool paths_name_ok(const char *name);

/* DIR/FOLDER, or DIR/FOLDER/FILE. 0, or -ENAMETOOLONG and `out` is "". */
int paths_below(char *out, size_t cap, const char *dir, const char *folder,
                const char *file);

#endif
