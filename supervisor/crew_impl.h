/* The insides of the crew: crew.c (all children), crew_seat.c (the electors' seats). */
#ifndef SUPERVISOR_CREW_IMPL_H
#define SUPERVISOR_CREW_IMPL_H

#include "supervisor/crew.h"
#include "supervisor/kept.h"
#include "supervisor/memory.h"
#include "supervisor/notify.h"
#include "supervisor/spawn.h"

struct crew {
	sd_event *loop;
	sd_event_source *timer;
	struct spawn *spawn;
	struct notify *notify;
	struct kept kept;
	const struct crew_options *options;
	char *config;
	const struct crew_ops *ops;
	void *user;
	sd_event_child_handler_t on_exit;
	struct memory memory;
	bool stopping;
	bool ended;
	unsigned active; /* seat */
	bool watched[CREW_SEATS];
	unsigned never_ready; /* electors in use, in a row */
	struct crew_member members[CREW_COUNT];
};

/* Lets the core of one member see an event, and does what it says. */
void crew_step(struct crew_member *m, enum child_event_type type);
/* After every event: what one child's change means for the others. */
void crew_settle(struct crew *c);
int crew_set_program(struct crew_member *m, const struct record_program *elector);

#endif
