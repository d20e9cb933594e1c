/* The explorer (`make model`): every order in which messages, writes, crashes and
 * elections can come, over the real core of the peer (peer/role*.c, compiled anew with
 * room for few servers). A world is one struct: for each server its core, its disk, the
 * write in progress and the connections that it dialled. All worlds that can be reached
 * are visited, the nearest first, so that the trace of a violation is a shortest one.
 *
 *   main.c     options, and the list of cases
 *   explore.c  the search: a queue of packed worlds, a set of their hashes, the trace
 *   world.c    the actions: what each does to cores, disks and connections
 *   links.c    the connections of the learner lane
 *   check.c    the invariants
 *   local.c    states of the core: each is kept once, each step of each is made once
 *   canon.c    what the core's state is once times, counts and what is shown are left out
 *   bug.c      bugs on purpose
 *   say.c      actions and worlds in words
 *
 * Not in it: the elector (any server may be told at any time that it leads, or that it
 * follows one that leads), time (a deadline may come at any moment; a wait is over at
 * once), demotions, jumps of the epoch, weights, groups and observers. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include "peer/role_impl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SERVERS 4 /* at most; their sids are 1, 2, … */
#define MODEL_QUEUE   4 /* packets in one direction of a connection */
#define MODEL_EPOCHS  12
#define MODEL_NOW_MS  (UINT64_C(1) << 44) /* the time of all that happens */
#define MODEL_TICK_MS 1000

/* How often an action may be taken, in all. */
enum model_budget {
	/* decisions of an election */
	/* crashes, and servers that look again */
	MODEL_LOOKS,
	/* connections that break while both servers want them */
	MODEL_CRASHES,
	/* writes that fail */
	MODEL_BREAKS,
	MODEL_FAILURES,
	MODEL_BUDGETS,
};

struct model_packet {
	/* enum qpacket_type */
	uint8_t type;
	/* zxid >> 32 */
	int8_t epoch;
	/* of ACKEPOCH: the current epoch, or -1 */
	int8_t answer;
	/* of ACKEPOCH: the epoch that it answers */
	int8_t promise;
};

/* A connection of the learner lane, kept at the server that dialled it. */
struct model_link {
	/* sid of the server that accepted it; 0: there is no connection */
	uint8_t to;
	/* open at the end of the server that dialled it */
	bool near;
	/* open at the other end */
	bool far;
	/* the other end's core knows it */
	bool passed;
	uint8_t up_count, down_count;
	/* to the server that accepted it */
	struct model_packet up[MODEL_QUEUE];
	struct model_packet down[MODEL_QUEUE];
};

struct model_server {
	/* its core: an index of local.c */
	uint32_t role;
	/* its record: an index of local.c */
	uint8_t disk;
	/* likewise; 0: there is no write in progress */
	uint8_t writing;
	/* the largest epoch that it has published */
	uint8_t seen;
	/* what was the largest established epoch when it proposed */
	uint8_t before;
	/* whom it promised this epoch: a sid */
	uint8_t promised[MODEL_EPOCHS];
};

struct model_world {
	struct model_server servers[MODEL_SERVERS];
	/* The connection that the server uses; and the one before, whose other end does
	 * not know yet that it ended. */
	struct model_link links[MODEL_SERVERS][2];
	/* sid by epoch */
	uint8_t established[MODEL_EPOCHS];
	/* of those */
	uint8_t largest;
	uint8_t budget[MODEL_BUDGETS];
};

enum model_kind {
	/* of a list of actions */
	MODEL_END,
	/* server, and other: whose connection, slot */
	MODEL_LEAD,
	MODEL_FOLLOW,
	MODEL_WRITTEN,
	MODEL_DOWN,
	MODEL_UP,
	MODEL_NEAR_ENDS,
	MODEL_FAR_ENDS,
	MODEL_NEWCOMER,
	MODEL_RETRY,
	MODEL_LOOK_AGAIN,
	MODEL_CRASH,
	MODEL_CRASH_KEPT,
	MODEL_FAIL,
	MODEL_FAIL_KEPT,
	MODEL_KINDS,
};

struct model_action {
	/* enum model_kind */
	uint8_t kind;
	uint8_t server;
	uint8_t other;
	uint8_t slot;
};

#define MODEL_ACTIONS_MAX 128

struct model_case {
	const char *name;
	const char *what;
	unsigned servers;
	/* Each write of a learner is an action, too, not only those of a leader. */
	uint8_t budget[MODEL_BUDGETS];
	/* A server may follow one that has not decided yet. */
	bool slow_learners;
	/* Worlds with a larger proposal are not visited. */
	bool early;
	int max_epoch;
};

/* What is explored. */
struct model {
	const struct model_case *c;
	bool trace;
	/* the violation; "": none */
	char wrong[240];
};

extern struct model model;

/* A violation; the first one counts. */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- canon.c ---- */

/* Leaves out of the state what the model does not have. */
void model_canon(struct role *r);

/* ---- local.c ---- */

enum model_event_type {
	/* a new process reads `record` */
	MODEL_EV_BOOT,
	MODEL_EV_LEAD,
	/* sid; packet.epoch: of its vote */
	MODEL_EV_FOLLOW,
	/* sid: the connection that we dialled stands */
	MODEL_EV_STANDS,
	/* sid, number: a connection that was accepted */
	MODEL_EV_JOINS,
	/* sid, number */
	MODEL_EV_ENDS,
	/* sid, number, packet */
	MODEL_EV_PACKET,
	MODEL_EV_WRITTEN,
	MODEL_EV_FAILED,
	/* sid: the link is silent for too long beside a newcomer */
	MODEL_EV_NEWCOMER,
	/* the failed write is tried again */
	MODEL_EV_RETRY,
	/* connmgr was away for a moment */
	MODEL_EV_AGAIN,
	/* sid: its connection is the older of two now */
	MODEL_EV_RENUMBER,
};

struct model_event {
	/* enum model_event_type */
	uint8_t type;
	uint8_t sid;
	uint8_t number;
	uint8_t record;
	struct model_packet packet;
};

/* What a core wants done: SEND, CONNECT, DISCONNECT and WRITE. */
struct model_deed {
	/* enum role_action_type */
	uint8_t type;
	uint8_t sid;
	uint8_t number;
	uint8_t record;
	struct model_packet packet;
};

/* The number of a connection in a core: of the one that it dialled; of one that it
 * accepted, the index in struct model_world is added. */
#define MODEL_DIALLED  1
#define MODEL_ACCEPTED 2

struct model_step {
	/* afterwards */
	uint32_t role;
	uint32_t count;
	const struct model_deed *deeds;
};

void model_local_begin(void);
void model_local_end(void);
/* Borrowed until the next step. */
const struct role *model_role(uint32_t index);
const struct role_record *model_record(uint8_t index);
/* One step of the core `index` of this server. */
struct model_step model_local_step(uint8_t sid, uint32_t index,
                                   const struct model_event *ev);
uint32_t model_local_count(void);

/* ---- links.c ---- */

/* The far end's core notices the end; the near end's core has noticed it. */
void model_far_ends(struct model_world *w, uint8_t sid, unsigned slot);
void model_near_ends(struct model_world *w, uint8_t sid);
/* All connections of this server end at its end, without a word to its core. */
void model_links_drop(struct model_world *w, uint8_t sid);
void model_link_dial(struct model_world *w, uint8_t sid, uint8_t to);
void model_link_send(struct model_world *w, uint8_t sid, const struct model_deed *d);
void model_link_close(struct model_world *w, uint8_t sid, const struct model_deed *d);
struct model_packet model_link_take(struct model_packet *queue, uint8_t *count);

/* ---- world.c ---- */

void model_world_begin(struct model_world *w);
/* What can happen next; returns how many. */
unsigned model_actions(const struct model_world *w,
                       struct model_action out[MODEL_ACTIONS_MAX]);
void model_act(struct model_world *w, const struct model_action *a);
/* Gives the event to the core of this server and does what it wants done. */
void model_step_server(struct model_world *w, uint8_t sid, const struct model_event *ev);
/* Is this world beyond the case's bound? */
bool model_is_beyond(const struct model_world *w);

/* ---- check.c ---- */

/* The core of `sid` was `before`, and has just made a step. */
void model_check(struct model_world *w, uint8_t sid, uint32_t before);
void model_check_send(struct model_world *w, uint8_t sid, const struct model_deed *d);

/* ---- bug.c ---- */

bool model_bug_set(const char *name);
const char *model_bug_name(unsigned i); /* NULL: there are no more */
/* Before a step, and after it: the core before and after. */
void model_bug_before(struct role *r, const struct role_event *ev);
void model_bug_after(const struct role *before, struct role *r,
                     const struct role_event *ev);
/* What the core hears instead. */
void model_bug_packet(struct model_packet *p);
/* Does the end of a write come before its bytes are on the disk? */
bool model_bug_no_sync(void);

/* ---- say.c ---- */

void model_say_action(const struct model_world *w, const struct model_action *a);
void model_say_world(const struct model_world *w);

/* ---- explore.c ---- */

struct model_result {
	uint64_t worlds;
	uint64_t steps;
	unsigned depth;
	bool complete;
	double seconds;
};

/* Ends with a violation (model.wrong), after so many seconds or worlds, or when no world
 * is left. */
void model_explore(double seconds, uint64_t worlds_max, struct model_result *out);

#endif
