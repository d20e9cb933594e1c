/* The workers of a server: one row each, for all who start, sandbox, ask or show them. A
 * worker that is added here is started by conclaved, has its folders, and stands in
 * status. Pure. */
#ifndef PROC_ROSTER_H
#define PROC_ROSTER_H

#include "base/paths.h"
#include "ipc/msg.h"

#include <stdbool.h>

/* In the order in which conclaved starts them and status shows them. */
enum roster_worker { ROSTER_CONNMGR, ROSTER_ELECTOR, ROSTER_PEER, ROSTER_COUNT };

struct roster_row {
	/* In status and the log, and for `conclave restart`; the folder below data_dir.
	 */
	const char *name;
	/* The file in program_dir. */
	const char *program;
	/* For --help: `PROGRAM: what it does`. */
	const char *about;
	/* Whom it runs as where each worker has a user of its own (ipc/users.h). */
	const char *user;
	/* Below run_dir; with instances the folder's name goes on with the instance's. */
	const char *folder;
	/* Several processes may run beside each other, each with a name of its own. */
	bool instances;
	/* As whom it attaches to connmgr (enum msg_who); 0: it does not. */
	unsigned who;
	/* The worker without which it cannot become ready; -1: none. */
	int needs;
	/* It is stopped when all workers of a lower turn have ended. */
	unsigned stop_turn;
	/* Privileges that it keeps (proc/privileges.h): TCP and the look-up of names. */
	bool network;
	/* The same: it writes files, in its folder below data_dir. */
	bool files;
};

#define ROSTER_FOLDER_MAX (PATHS_NAME_MAX + 32)

extern const struct roster_row roster[ROSTER_COUNT];

/* NULL: there is none of this name. */
const struct roster_row *roster_find(const char *name);
/* The worker that attaches as `who`. */
const struct roster_row *roster_who(enum msg_who who);
/* Whose folder below run_dir it is; NULL: nobody's. `instance` is borrowed from `folder`,
 * "" where the worker has no instances; it may be NULL. */
const struct roster_row *roster_of_folder(const char *folder, const char **instance);
/* The worker's folder below run_dir; `instance` counts only where there are several. */
void roster_folder(const struct roster_row *row, const char *instance,
                   char out[ROSTER_FOLDER_MAX]);

#endif
