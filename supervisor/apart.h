/* Whether each worker has a user of its own, and the folders that go with it. A worker
 * that was taken over can then neither ask for another's part at a door, nor write into
 * another's folder, nor put its own door in the place of another's.
 *
 * It takes the users (ipc/users.h), and a conclaved that may take them on: root, or the
 * unit conclave.service, in which conclaved itself is the user `conclave`. Else all
 * workers run as conclaved does. */
#ifndef SUPERVISOR_APART_H
#define SUPERVISOR_APART_H

#include "config/conf.h"
#include "proc/roster.h"
#include "supervisor/guise.h"

#include <stdbool.h>

#define APART_TEXT_MAX 512

struct apart {
	bool is;
	/* For a person: why they are not apart, and what to do. "": they are. */
	char why_not[APART_TEXT_MAX];
	/* By enum roster_worker. */
	struct guise guises[ROSTER_COUNT];
};

/* Finds the users, before any folder is made. A root without root's powers becomes the
 * user `conclave`. */
void apart_open(struct apart *a);
/* Makes one of our own folders (file_make_dir) so that the workers can pass through. In
 * the unit run_dir and data_dir may be root's. 0 or -errno. */
int apart_make_own(const struct apart *a, const char *path);
/* Lets each worker's user try whether it gets at its program and at what is in both
 * folders. If not, they are not apart. Logs what it is. */
void apart_try(struct apart *a, const struct conf *conf, const char *program_dir);

/* The user of a worker; NULL: ours. */
const struct guise *apart_guise(const struct apart *a, const struct roster_row *row);
/* Makes the folders of a worker where they are missing. 0, or -errno, logged. */
int apart_make_folders(const struct apart *a, const struct conf *conf,
                       const struct roster_row *row, const char *instance);

#endif
