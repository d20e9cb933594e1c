/* Who holds: the programs on this host that rely on our leadership (R1 of docs/LEASE.md).
 * A hold is a connection to the peer's door, from `hold` to its end. It ends by the word
 * `let go`, which says that nothing of it acts any more; a connection that ends without
 * the word leaves a hold that is broken (R5).
 *
 * A hold may come with a descriptor of its command's cgroup.kill, which its holder has
 * opened. Then the command does not outlive the lease whatever happens to its runner
 * (R11): when the published end has passed and the holder has not let go, what is in that
 * cgroup is killed, again and again until the holder lets go. That is so for a broken
 * hold, too, which is kept until then. The right to kill is that of the open descriptor:
 * the peer need not be root where the command is. */
#ifndef PEER_HOLD_H
#define PEER_HOLD_H

#include "base/buf.h"
#include "ipc/door.h"
#include "peer/role.h"

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define HOLD_MAX      32 /* at one time, the broken ones that are kept among them */
#define HOLD_NAME_MAX 64
#define HOLD_TEXT_MAX (HOLD_NAME_MAX + 64)
/* Descriptors of one hold, that of its request (number 0) among them; and those of all.
 */
#define HOLD_KILLS     33
#define HOLD_KILLS_ALL 128

struct holds;

/* `loop` is borrowed until holds_free. 0 or -errno. */
int holds_new(struct holds **out, sd_event *loop);
/* Kills nothing, and tells nobody: the lease goes on without us. NULL is allowed. */
void holds_free(struct holds *h);

/* Why nobody may hold for now; NULL: all may. */
const char *holds_refused(const struct holds *h);
/* `c` holds from now on, under `name`, with the descriptor that came with the request.
 * NULL, and the number of the hold; else why not. Keeps the connection (ipc/door.h). */
const char *holds_add(struct holds *h, struct door_conn *c, const char *name,
                      uint64_t *id);
/* The descriptor that came with the request is one more of the hold of `c`, in the place
 * of the one that had this `number`, if there was one. NULL; else why not. */
const char *holds_kills(struct holds *h, struct door_conn *c, unsigned number);
/* NULL: the hold of `c` has ended by word; else why not. */
const char *holds_let_go(struct holds *h, struct door_conn *c);
/* The connection has ended. True: it held. */
bool holds_gone(struct holds *h, struct door_conn *c);
bool holds_has(struct holds *h, const struct door_conn *c);

unsigned holds_count(const struct holds *h);
/* The one that holds for the longest time, for a sentence: `hold 3 (backup) of process
 * 77`; "" if nobody holds. */
const char *holds_oldest(const struct holds *h, char out[HOLD_TEXT_MAX]);
/* Has one broken since the last call? */
bool holds_take_broken(struct holds *h);

/* Asks all to let go, once for each `reason` (a string that stays), and refuses new ones
 * until holds_allow. The lease goes on meanwhile. Who does not read is told later, here
 * as in all that follows: it keeps its hold. */
void holds_ask(struct holds *h, const char *reason);
void holds_allow(struct holds *h);
/* Ends the holds that are left, as if their connections had ended without a word, and
 * closes these: their holders were asked, and took too long. The number of them. */
unsigned holds_break(struct holds *h);
/* Our leadership has ended, and the lease will not be renewed: tells all who had it. */
void holds_lose(struct holds *h);
/* Before `page` is published in the place of the one before: what that one allowed and
 * this one does not is ended first. */
void holds_see(struct holds *h, const struct role_page *page);

/* The array of all holds, for docs/DOORS.md. */
void holds_put(const struct holds *h, struct buf_out *out, const char *key);

#endif
