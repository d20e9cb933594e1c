/* Swaps electors, as conclaved's children: the shell of swap/swap.h. It vets and starts
 * programs, asks at connmgr's door, and answers who asked for a swap. */
#ifndef SUPERVISOR_SWAPPER_H
#define SUPERVISOR_SWAPPER_H

#include "base/buf.h"
#include "config/conf.h"
#include "ipc/door.h"
#include "supervisor/crew.h"
#include "supervisor/spawn.h"

struct swapper;

struct swapper_ops {
	/* The answer to a swap or an undo: one JSON object. */
	void (*on_answer)(void *user, struct door_conn *asker,
	                  const struct buf_out *json);
	void (*on_change)(void *user);
};

/* Reads the record: which elector to start is in `*elector` (its name "": there is no
 * record), good for as long as it lives. `conf` is borrowed. 0 or -errno. */
int swapper_new(struct swapper **out, sd_event *loop, const struct conf *conf,
                const struct swapper_ops *ops, void *user,
                const struct record_program **elector);
void swapper_free(struct swapper *s); /* NULL ok */

/* Before crew_start; `crew` is borrowed. */
void swapper_join(struct swapper *s, struct crew *crew);
void swapper_start(struct swapper *s); /* after it */
void swapper_stop(struct swapper *s);  /* before crew_stop */

/* `shadow_ms`: how long it is compared, 0: not. on_answer follows. */
void swapper_ask(struct swapper *s, struct door_conn *asker, const char *path,
                 uint64_t shadow_ms, bool force);
void swapper_undo(struct swapper *s, struct door_conn *asker);
void swapper_forget(struct swapper *s, const struct door_conn *asker); /* it is gone */

/* What crew says of the seats. */
void swapper_seat_ready(struct swapper *s, unsigned seat);
void swapper_seat_ended(struct swapper *s, unsigned seat, const struct child_note *why);

/* The value of the key `swap` in conclaved's status: one JSON object. */
void swapper_print(const struct swapper *s, struct buf_out *out);

#endif
