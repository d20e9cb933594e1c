/* Asks every door of this server the same question at the same time, and takes what comes
 * within one deadline: a process that hangs costs the others nothing. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ipc/door.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ASK_DEADLINE_MS 400
#define ASK_MAX         16 /* conclaved, connmgr, peer, and up to 13 electors */
#define ASK_PATH_MAX    128
#define ASK_FOLDER_MAX  48

struct ask {
	char folder[ASK_FOLDER_MAX]; /* below run_dir: "peer", "elector-main" */
	int result;    /* 0, or -errno: -ENOENT and -ECONNREFUSED where nobody
	                  is, -ETIMEDOUT where somebody is, but silent */
	pid_t pid;     /* whose door it is, as the kernel says; 0: nobody's */
	cJSON *answer; /* if result is 0; from exact_parse */
};

struct asks {
	unsigned count;
	struct ask list[ASK_MAX];
};

/* `run_dir/FOLDER/door`; cut where it does not fit, which conf_load rules out. */
void ask_path(const char *run_dir, const char *folder, char out[ASK_PATH_MAX]);

/* door_dial that never waits: -ETIMEDOUT at once where the door's owner lets askers pile
 * up (a stopped process). A descriptor, or -errno. */
int ask_dial(const char *path, const char *request);

/* Asks all doors below run_dir (electors by the folders that are there), and takes what
 * comes within `deadline_ms`. Free with asks_deinit. */
void ask_all(const char *run_dir, const char *request, uint64_t deadline_ms,
             struct asks *out);
/* Asks one, for ASK_DEADLINE_MS; the rest as above. */
void ask_one(const char *run_dir, const char *folder, const char *request,
             struct asks *out);
void asks_deinit(struct asks *a);

/* How many said anything. */
unsigned asks_answered(const struct asks *a);
/* The row of that folder; NULL: was not asked. */
const struct ask *ask_find(const struct asks *a, const char *folder);

#endif
