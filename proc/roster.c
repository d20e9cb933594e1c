/* See roster.h. */
#include "proc/roster.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct roster_row roster[ROSTER_COUNT] = {
    [ROSTER_CONNMGR] = {.name = "connmgr",
                        .program = "conclave-connmgr",
                        .about = "conclave-connmgr: owns the TCP links of this server.",
                        .user = "conclave-connmgr",
                        .folder = PATHS_CONNMGR,
                        .needs = -1,
                        .stop_turn = 2,
                        .network = true,
                        .files = true},
    [ROSTER_ELECTOR] = {.name = "elector",
                        .program = "conclave-elector",
                        .about = "conclave-elector: elects the leader.",
                        .user = "conclave-elector",
                        .folder = PATHS_ELECTOR,
                        .instances = true,
                        .who = MSG_WHO_ELECTOR,
                        .needs = ROSTER_CONNMGR,
                        .stop_turn = 1},
    [ROSTER_PEER] = {.name = "peer",
                     .program = "conclave-peer",
                     .about = "conclave-peer: keeps this server's role and epochs.",
                     .user = "conclave-peer",
                     .folder = PATHS_PEER,
                     .who = MSG_WHO_PEER,
                     .needs = ROSTER_CONNMGR,
                     .files = true},
};

const struct roster_row *
roster_find(const char *name)
{
	for (unsigned i = 0; i < ROSTER_COUNT; i++)
		if (strcmp(roster[i].name, name) == 0)
			return &roster[i];
	return NULL;
}

const struct roster_row *
roster_who(enum msg_who who)
{
	unsigned i = 0;

	while (roster[i].who != who) {
		i++;
		assert(i < ROSTER_COUNT);
	}
	return &roster[i];
}

const struct roster_row *
roster_of_folder(const char *folder, const char **instance)
{
	for (unsigned i = 0; i < ROSTER_COUNT; i++) {
		const struct roster_row *row = &roster[i];
		size_t len = strlen(row->folder);

		if (strncmp(folder, row->folder, len) != 0 ||
		    (folder[len] != '\0') != row->instances)
			continue;
		if (instance)
			*instance = folder + len;
		return row;
	}
	return NULL;
}

void
roster_folder(const struct roster_row *row, const char *instance,
              char out[ROSTER_FOLDER_MAX])
{
	snprintf(out, ROSTER_FOLDER_MAX, "%s%s", row->folder,
	         row->instances ? instance : "");
}
