/* The insides of the swapper: swapper.c (its life, and what the core says),
 * swapper_ask.c (connmgr's door), swapper_text.c (answers and status). */
#ifndef SUPERVISOR_SWAPPER_IMPL_H
#define SUPERVISOR_SWAPPER_IMPL_H

#include "ipc/door_call.h"
#include "supervisor/describe.h"
#include "supervisor/swapper.h"
#include "swap/look.h"
#include "swap/program.h"
#include "swap/swap.h"

#define SWAPPER_EVENTS_MAX 8

struct swapper {
	sd_event *loop;
	sd_event_source *timer;
	const struct conf *conf;
	const struct swapper_ops *ops;
	void *user;
	struct crew *crew;
	struct swap core;
	struct record record;              /* as it was read last */
	struct record_program programs[2]; /* by seat */
	char version[PROGRAM_VERSION_MAX]; /* of the candidate, as it says itself */
	struct door_call *call;            /* at connmgr's door; NULL: none */
	unsigned call_seat;
	void (*call_done)(struct swapper *s, int result, const char *reply);
	struct describe *describe;
	struct door_conn *asker;  /* waits for the answer to a swap; NULL: nobody */
	struct door_conn *asking; /* asks in this very step */
	struct look look;         /* its words: of the last reason that has its own */
	unsigned event_count;     /* that follow from what was done in this step */
	struct swap_event events[SWAPPER_EVENTS_MAX];
	bool stepping;
};

/* An event for the core: at once, or after the step that is being done. */
void swapper_step(struct swapper *s, struct swap_event ev);

void swapper_look(struct swapper *s, unsigned seat);
void swapper_promote(struct swapper *s, unsigned seat, bool back);
void swapper_accept(struct swapper *s);

void swapper_note(struct swapper *s, const struct swap_action *a);
void swapper_answer(struct swapper *s, const struct swap_action *a);

#endif
