/* Asks the control sockets of this server, and waits for the answers up to a deadline: a
 * process that hangs costs the others nothing. */
#ifndef CTL_ASK_H
#define CTL_ASK_H

#include "ipc/door.h"
#include "view/asks.h"

#include <stddef.h>
#include <stdint.h>

#define ASK_DEADLINE_MS 400
#define ASK_PATH_MAX    128

/* Asks at the control socket `path`, and waits for one answer of at most `cap` - 1 bytes
 * (NUL-terminated; its length in `len`). 0, -ENOENT or -ECONNREFUSED where no process
 * listens, -ETIMEDOUT, other -errno. */
int ask_door(const char *path, const char *request, uint64_t timeout_ms, char *reply,
             size_t cap, size_t *len);

/* Asks all processes below run_dir (electors by the folders that are there), and takes
 * the answers that come within `timeout_ms`. Free with asks_deinit. */
void ask_all(const char *run_dir, const char *request, uint64_t timeout_ms,
             struct asks *out);
/* Asks one, for ASK_DEADLINE_MS; the rest as above. */
void ask_one(const char *run_dir, const char *folder, const char *request,
             struct asks *out);

/* True where each worker is a unit of its own: connmgr answers, conclaved does not run,
 * and systemd runs this machine. */
bool ask_finds_units(const char *run_dir);

#endif
