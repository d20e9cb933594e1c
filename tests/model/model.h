/* The explorer (`make model`): every order in which messages, writes, crashes and
 * elections can come, over the real core of the peer (peer/role*.c, compiled anew with
 * room for few servers). A world is one struct: for each server its core, its disk, the
 * write in progress and the connections that it dialled. All worlds that can be reached
 * are visited, the nearest first, so that the trace of a violation is a shortest one.
 *
 *   main.c      options
 *   cases.c     what is explored
 *   explore.c   the search: a queue of packed worlds, a set of their hashes, the trace
 *   world.c     what can happen, and what it does to cores, disks and connections
 *   disks.c     writes, crashes, wiped and restored disks
 *   links.c     the connections of the learner lane
 *   check.c     the invariants of epochs
 *   members.c   the invariants of memberships
 *   heal.c      whether a world is stuck
 *   lease.c     leases: holders, clocks, restarts that keep a memory, and S3
 *   core.h      states, events and steps of cores, as worlds know them
 *   local.c     states of the core: each is kept once, each of its steps is made once
 *   events.c    events and actions of the core in the model's words, and back
 *   canon.c     what the core's state is without times, counts and what is only shown
 *   keep.c      packed bytes, records and reports that are kept once
 *   bug*.[ch]   bugs on purpose; bug_lease.c: in the rules of leases
 *   say.c       actions and worlds in words
 *
 * Not in it: the elector (any server may be told at any time that it leads, or that it
 * follows one that leads), time (a deadline may come at any moment; a wait is over at
 * once), demotions, jumps of the epoch, weights, groups and observers.
 *
 * Cases with leases have time, but no time of day: every step happens at MODEL_NOW_MS,
 * and when time passes, all that a core has noted of leases moves into the past, by what
 * its own clock takes the time for. */
#ifndef TESTS_MODEL_MODEL_H
#define TESTS_MODEL_MODEL_H

#include "tests/model/core.h"

#define MODEL_QUEUE  6 /* packets in one direction of a connection */
#define MODEL_EPOCHS 20
#define MODEL_FILES  4 /* of a case, at most */

/* How often an action may be taken, in all. */
enum model_budget {
	/* decisions of an election */
	MODEL_LOOKS,
	/* crashes, and servers that look again */
	MODEL_CRASHES,
	/* connections that break while both servers want them */
	MODEL_BREAKS,
	/* writes that fail */
	MODEL_FAILURES,
	/* files that are edited and reloaded */
	MODEL_RELOADS,
	MODEL_WIPES,
	/* disks in whose place an old copy is put */
	MODEL_RESTORES,
	/* changes that are given up, since their time is over */
	MODEL_GIVE_UPS,
	MODEL_REFOUNDS,
	/* of cases with leases: time that passes */
	MODEL_PASSES,
	/* programs that hold; that end without a word */
	MODEL_HOLDS,
	MODEL_BROKEN,
	/* PINGs whose turn it is */
	MODEL_PINGS,
	/* processes that are killed, with their memory kept; with a run_dir that is lost
	 */
	MODEL_KILLS,
	MODEL_LOST_MEMORIES,
	/* servers to which the others fall silent */
	MODEL_SILENCES,
	MODEL_STEP_DOWNS,
	MODEL_BUDGETS,
};

/* A connection of the learner lane, kept at the server that dialled it. */
struct model_link {
	/* sid of the server that accepted it; 0: there is no connection */
	uint8_t to;
	/* open at the end of the server that dialled it; open at the other end */
	bool near;
	bool far;
	/* the other end's core knows it */
	bool passed;
	uint8_t up_count;
	uint8_t down_count;
	/* to the server that accepted it, and back */
	struct model_packet up[MODEL_QUEUE];
	struct model_packet down[MODEL_QUEUE];
};

/* What programs on a server may believe. Times are ms from now, by the server's clock. */
struct model_lease {
	/* The page of the present process, which leads that epoch. */
	uint8_t end;
	uint8_t epoch;
	/* What somebody may still go by though no page says it any more. */
	uint8_t old_end;
	uint8_t old_epoch;
	/* A program holds; one held, and is gone without a word; one holds with a process
	 * that is gone. */
	bool holds;
	bool broken;
	bool ghost;
	/* The last epoch that it released. */
	uint8_t released;
};

struct model_server {
	/* its core: an index of local.c */
	uint32_t role;
	/* its record, and the one that is being written (0: none): indices of keep.c */
	uint16_t disk;
	uint16_t writing;
	/* of its disk: 1, 2, … */
	uint8_t instance;
	/* the index of its file in the case */
	uint8_t file;
	/* the largest epoch that it has published */
	uint8_t seen;
	/* what was the largest established epoch when it proposed */
	uint8_t before;
	/* whom it promised this epoch: a sid */
	uint8_t promised[MODEL_EPOCHS];
	struct model_lease lease;
};

struct model_world {
	struct model_server servers[MODEL_SERVERS];
	/* The connection that the server uses; and the one before, whose other end does
	 * not know yet that it ended. */
	struct model_link links[MODEL_SERVERS][2];
	/* sid by epoch, and the largest of these epochs */
	uint8_t established[MODEL_EPOCHS];
	uint8_t largest;
	/* with these memberships: a record of keep.c */
	uint16_t members;
	uint8_t budget[MODEL_BUDGETS];
};

enum model_kind {
	MODEL_END, /* of a list of actions */
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
	/* and the write in progress is on the disk; only its memberships are */
	MODEL_CRASH_KEPT,
	MODEL_CRASH_HALF,
	MODEL_FAIL,
	MODEL_FAIL_KEPT,
	/* other: the index of the file */
	MODEL_RELOAD,
	MODEL_GIVE_UP,
	/* A change that was given up is tried again. */
	MODEL_TRY_AGAIN,
	MODEL_WIPE,
	MODEL_RESTORE,
	MODEL_REFOUND,
	/* MODEL_PASSES … MODEL_STEP_DOWNS; a deadline of leases has come */
	MODEL_PASS,
	MODEL_DUE,
	MODEL_HOLD,
	MODEL_LET_GO,
	MODEL_BREAK,
	/* other: which learner */
	MODEL_PING,
	MODEL_KILL,
	MODEL_KILL_LOST,
	MODEL_SILENCE,
	/* other: to whom; 0: to nobody */
	MODEL_STEP_DOWN,
	MODEL_KINDS,
};

struct model_action {
	/* enum model_kind */
	uint8_t kind;
	uint8_t server;
	uint8_t other;
	uint8_t slot;
};

#define MODEL_ACTIONS_MAX 160

/* A configuration file: its version and the sids of its servers, a bit for each (1 <<
 * sid).
 */
struct model_file {
	int version;
	unsigned sids;
};

struct model_case {
	const char *name;
	const char *what;
	unsigned servers;
	struct model_file files[MODEL_FILES];
	/* by sid - 1, the index of the file that it has at first */
	uint8_t file[MODEL_SERVERS];
	/* The servers of files[0] are a group already, in epoch 1; server 1 leads it. */
	bool grown;
	bool led;
	uint8_t budget[MODEL_BUDGETS];
	/* Each write of a learner is an action, too, not only those of a leader. */
	bool slow_learners;
	/* A server may follow one that has not decided yet. */
	bool early;
	/* Worlds with a larger proposal are not visited. */
	int max_epoch;
	/* There are leases: server 1 leads and a program holds there. */
	bool leases;
	/* The program may let go. */
	bool lets_go;
	/* by sid - 1: what its clock takes MODEL_PASS_MS for (0: that); what it asks for
	 * as a leader (0: MODEL_LEASE_MS), and the most that it promises (0: likewise) */
	uint8_t pass_ms[MODEL_SERVERS];
	uint8_t lease_ms[MODEL_SERVERS];
	uint8_t lease_max_ms[MODEL_SERVERS];
	/* The bound on drift that all assume (rho). */
	uint8_t drift_percent;
	/* A follower waits so long for a leader whose link ended. 0: not. */
	uint8_t resume_ms;
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

/* ---- cases.c ---- */

extern const struct model_case model_cases[];
extern const unsigned model_case_count;
void model_members_of_file(const struct model_file *file, struct members *out);
/* The instance of the disk number `instance` of this server, and back. */
struct members_instance model_instance(uint8_t sid, uint8_t instance);
uint8_t model_instance_number(const struct members_instance *instance);

/* ---- keep.c ---- */

void *model_must(void *memory); /* ends the program where there is no memory */
/* Words with few bytes that are not 0. `out`: room for 9 bytes for each word. */
size_t model_pack(const void *words, size_t count, unsigned char *out);
/* Returns how many bytes were read. */
size_t model_unpack(const unsigned char *in, size_t count, void *words);
uint64_t model_hash(const void *data, size_t len);

/* Indices from 1 on, of a record (0: none), of what an ACKEPOCH says, and of memberships
 * without an epoch. */
uint16_t model_keep_record(const struct role_record *record);
uint16_t model_keep_report(const struct members_report *report);
uint16_t model_keep_pair(const struct members_record *pair);
const struct role_record *model_record(uint16_t index);
const struct members_report *model_report(uint16_t index);
const struct members_record *model_pair(uint16_t index);
void model_keep_end(void);

/* ---- links.c ---- */

struct model_packet model_link_take(struct model_packet *queue, uint8_t *count);
/* The far end's core notices the end; the near end's core has noticed it. */
void model_far_ends(struct model_world *w, uint8_t sid, unsigned slot);
void model_near_ends(struct model_world *w, uint8_t sid);
/* All connections of this server end at its end, without a word to its core. */
void model_links_drop(struct model_world *w, uint8_t sid);
void model_link_dial(struct model_world *w, uint8_t sid, uint8_t to);
void model_link_send(struct model_world *w, uint8_t sid, const struct model_deed *d);
void model_link_close(struct model_world *w, uint8_t sid, const struct model_deed *d);

/* ---- disks.c ---- */

/* What the disk number `instance` of this server has when the case begins. */
uint16_t model_first_disk(uint8_t sid, uint8_t instance);
void model_boot(struct model_world *w, uint8_t sid, enum model_found found);
void model_start_write(struct model_world *w, uint8_t sid, uint16_t record);
void model_finish_write(struct model_world *w, uint8_t sid);
void model_crash(struct model_world *w, const struct model_action *a);
void model_fail_write(struct model_world *w, uint8_t sid, bool kept);
/* May the disk be lost? A minority of each membership that is or may come into force. */
bool model_may_wipe(const struct model_world *w, uint8_t sid);
void model_wipe(struct model_world *w, uint8_t sid, bool restore);

/* ---- world.c ---- */

void model_world_begin(struct model_world *w);
/* What can happen next; returns how many. */
unsigned model_actions(const struct model_world *w,
                       struct model_action out[MODEL_ACTIONS_MAX]);
void model_act(struct model_world *w, const struct model_action *a);
/* Gives the event to the core of this server and does what it wants done. */
void model_step_server(struct model_world *w, uint8_t sid, const struct model_event *ev);
const struct model_core *model_core_of(const struct model_world *w, uint8_t sid);
/* Is this world beyond the case's bound? */
bool model_is_beyond(const struct model_world *w);

/* ---- check.c ---- */

/* The core of `sid` was `before`, and has just made a step. */
void model_check(struct model_world *w, uint8_t sid, uint32_t before);
void model_check_send(struct model_world *w, uint8_t sid, const struct model_deed *d);

/* ---- members.c ---- */

/* What is in force with this record follows from what was before. */
void model_check_members(struct model_world *w, uint8_t sid, const struct model_core *r);
/* A quorum of each of the memberships has promised, or has acknowledged; `founds`: all
 * have. */
void model_check_quorums(const struct model_world *w, uint8_t sid,
                         const struct model_core *r, bool acked, bool founds);

/* ---- heal.c ---- */

/* Is somebody able to lead again, when faults have ended? */
void model_heal(const struct model_world *w);
/* The same, and prints what is tried. */
void model_heal_say(const struct model_world *w);

/* ---- lease.c ---- */

/* What may happen to programs, clocks and processes at this server. */
typedef void model_add(void *list, enum model_kind kind, uint8_t server, uint8_t other,
                       uint8_t slot);
void model_lease_actions(const struct model_world *w, uint8_t sid, model_add *add,
                         void *list);
bool model_lease_may_pass(const struct model_world *w);
/* False: it is another kind of action. */
bool model_lease_act(struct model_world *w, const struct model_action *a);
/* The core has published this. */
void model_lease_page(struct model_world *w, uint8_t sid, const struct model_deed *d);
void model_lease_sent(struct model_world *w, uint8_t sid, const struct model_deed *d);
/* The process is gone, or the machine is. */
void model_lease_gone(struct model_world *w, uint8_t sid, bool machine);
/* S3, when `sid` is established in this epoch. */
void model_lease_check(const struct model_world *w, uint8_t sid, int epoch);
/* Server 1 leads; a program holds there, and has its lease. */
void model_lease_begin(struct model_world *w);
void model_lease_say(const struct model_world *w, uint8_t sid);

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
 * is left. Of each `heal` worlds one is looked at by model_heal. */
void model_explore(double seconds, uint64_t worlds_max, unsigned heal,
                   struct model_result *out);

#endif
