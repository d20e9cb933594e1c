/* Asks every door of this server the same question at the same time, and takes what comes
 * within one deadline: a process that hangs costs the others nothing. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ipc/door.h"
#include "view/asks.h"

#include <stdint.h>

#define ASK_DEADLINE_MS 400
#define ASK_PATH_MAX    128

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

#endif
