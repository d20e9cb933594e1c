/* The insides of the switchboard's shell: switchboard.c (life),
 * switchboard_do.c (what is done), switchboard_hear.c (what is said), switchboard_door.c
 * (who asks at the door) and report.c (status). */
#ifndef CONNMGR_SWITCHBOARD_IMPL_H
#define CONNMGR_SWITCHBOARD_IMPL_H

#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "connmgr/lane.h"
#include "connmgr/switchboard.h"
#include "connmgr/worker.h"

#define SWITCHBOARD_HELLO_MS  1000 /* from attached to hello */
#define SWITCHBOARD_STUCK_MAX 8    /* closes of nng that never return */

struct switchboard_counters {
	uint64_t refused; /* what a worker sent is no message of its to us */
	uint64_t attaches;
	uint64_t no_place;   /* attaches turned away: too many workers */
	uint64_t links_lost; /* of workers */
	uint64_t cut;        /* of those: by us */
	uint64_t states;     /* written */
	uint64_t activations;
};

struct switchboard {
	sd_event *loop;
	const struct conf *conf;
	const char *name;
	struct board *board;
	struct worker workers[BOARD_WORKERS_MAX];
	struct resolver *resolver;
	struct lane *election;
	struct lane *learner;
	struct door *door;
	sd_event_source *timer;
	sd_event_source *post;
	uint64_t armed_ms;
	uint64_t links;       /* addresses given out, so that none is used twice */
	int record_errors[2]; /* elector, peer */
	int state_error;
	const char *promote_refused;
	struct switchboard_counters counters;
};

/* Steps the board and does what it says. */
void switchboard_step(struct switchboard *s, const struct board_event *ev);
void switchboard_link_down(struct switchboard *s, unsigned worker, const char *why);
int switchboard_open_door(struct switchboard *s);
extern const struct worker_ops switchboard_worker_ops;
extern const struct lane_ops switchboard_election_ops;
extern const struct lane_ops switchboard_learner_ops;

#endif
