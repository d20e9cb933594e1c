/* The insides of a swap of units: units.c (what is done), units_text.c (what is said). */
#ifndef CTL_UNITS_IMPL_H
#define CTL_UNITS_IMPL_H

#include "base/paths.h"
#include "ctl/units.h"
#include "ipc/door.h"
#include "swap/look.h"
#include "swap/program.h"
#include "swap/record.h"
#include "swap/swap.h"

#define UNITS_EVENTS_MAX 8

struct units {
	const struct ctl *c;
	struct swap core;
	struct record record;          /* as it was read last */
	char names[2][PATHS_NAME_MAX]; /* of the instances, by seat */
	bool watched[2];               /* its end is a death */
	long restarts[2];              /* systemd's count when it was started */
	char version[PROGRAM_VERSION_MAX];
	struct look look;
	bool answered;
	int status; /* the answer, as an exit status */
	unsigned event_count;
	struct swap_event events[UNITS_EVENTS_MAX];
	char reply[DOOR_REPLY_MAX + 1];
};

void units_answer(struct units *u, const struct swap_action *a);
void units_note(struct units *u, const struct swap_action *a);

#endif
