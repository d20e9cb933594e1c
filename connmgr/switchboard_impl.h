/* The insides of the switchboard's shell: switchboard.c (life),
 * switchboard_do.c (what is done), switchboard_hear.c (what is said), switchboard_door.c
 * (who asks at the door), switchboard_swap.c (swaps), switchboard_promote.c (their
 * turning point) and report.c (status). */
#ifndef CONNMGR_SWITCHBOARD_IMPL_H
#define CONNMGR_SWITCHBOARD_IMPL_H

#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "connmgr/lane.h"
#include "connmgr/shadow.h"
#include "connmgr/store.h"
#include "connmgr/switchboard.h"
#include "connmgr/worker.h"

#define SWITCHBOARD_HELLO_MS 1000 /* from attached to hello */

struct switchboard_counters {
	uint64_t refused; /* what a worker sent is no message of its to us */
	uint64_t attaches;
	uint64_t no_place;   /* attaches turned away: too many workers */
	uint64_t links_lost; /* of workers */
	uint64_t cut;        /* of those: by us */
	uint64_t states;     /* written */
	uint64_t activations;
};

struct promotion { /* of an elector, by name */
	struct errand *errand;
	struct door_conn *asker; /* NULL: gone, or nobody */
	struct record record;    /* the thread reads it */
	bool placed;             /* it is in force, and to be synced */
	const char *refused;     /* by the board, in its last step; NULL: it was not */
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
	struct record records[2]; /* elector, peer; as they are on the disk */
	struct promotion promotion;
	struct shadow *shadow; /* holds the candidate against the active elector */
	int candidate;         /* its place; -1: there is none */
	bool looking;          /* the peer's last word */
	struct switchboard_counters counters;
	/* The last process that was refused for its message set. */
	pid_t refused_pid;
};

/* Steps the board and does what it says. */
void switchboard_step(struct switchboard *s, const struct board_event *ev);
void switchboard_link_down(struct switchboard *s, unsigned worker, const char *why);
int switchboard_open_door(struct switchboard *s);
/* The kernel knows of a worker's death before the loop has told us. */
void switchboard_bury(struct switchboard *s);

/* `promote` answers its asker when it is done. */
void promotion_close(struct switchboard *s);
bool promotion_busy(const struct switchboard *s);
void promotion_begin(struct switchboard *s, struct door_conn *asker, char *words);
void promotion_prepare(struct switchboard *s, uint64_t generation);
int promotion_place(struct switchboard *s); /* 0 or -errno */

/* For who drives a swap: `accept`, `shadow`. Each writes its answer to `out` and returns
 * the length; 0: it does not fit. */
size_t switchboard_accept(struct switchboard *s, const char *name, char *out, size_t cap);
size_t switchboard_shadow(struct switchboard *s, const char *name, char *out, size_t cap);
/* Worker has been told all that there is: it may be a candidate. */
void switchboard_replayed(struct switchboard *s, unsigned worker);
void switchboard_unlinked(struct switchboard *s, unsigned worker);
/* An elector that has begun anew says all anew. */
void switchboard_activated(struct switchboard *s, unsigned worker);
/* The peer has a word: it looks, or has a role. */
void switchboard_word(struct switchboard *s, bool looking);
/* What an elector said. True: the candidate did, and it goes no further. */
bool switchboard_compare(struct switchboard *s, unsigned worker, const struct msg *m);
extern const struct worker_ops switchboard_worker_ops;
extern const struct lane_ops switchboard_election_ops;
extern const struct lane_ops switchboard_learner_ops;

#endif
