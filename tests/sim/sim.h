/* The simulator: one virtual clock, one queue of items that are to happen, and the
 * servers. It runs the shells and cores of the programs. What these stand on is replaced
 * at the headers:
 *
 *   loop.c    sd_event_*
 *   pipe.c    ipc/chan.h
 *   door.c    ipc/door.h, ipc/local.h
 *   stream.c  connmgr/stream.h, over net.c
 *   disk.c    base/slots_file.h, peer/folder.h
 *   errand.c  proc/errand.h
 *   store.c   connmgr/store.h, connmgr/copy.h
 *   host.c    proc/proc.h, base/log.h, base/clock.h
 *
 * check.c sees each step of the cores (the linker's --wrap puts it in between) and checks
 * the invariants of docs/DESIGN.md, group.c those of memberships, lease.c those of
 * leases; bug.c, bug_members.c and bug_lease.c add bugs on purpose. */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include "base/slots.h"
#include "config/conf.h"
#include "connmgr/board.h"
#include "connmgr/board_keep.h"
#include "connmgr/link.h"
#include "connmgr/shell.h"
#include "elector/shell.h"
#include "peer/membership.h"
#include "peer/shell.h"
#include "wire/qconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SIM_SERVERS_MAX   7
#define SIM_ELECTION_PORT 3888
#define SIM_OUTSIDE       SIM_SERVERS_MAX /* in the place of a server: a stranger */
/* The first descriptor of stream.c; those of pipe.c begin at twice that. */
#define SIM_NET_FD (1 << 20)

/* CANDIDATE: another elector, for a swap; then it is the one in use. */
enum sim_kind { SIM_CONNMGR, SIM_ELECTOR, SIM_PEER, SIM_CANDIDATE, SIM_KINDS };

enum sim_bug {
	SIM_BUG_NONE,
	SIM_BUG_NO_FSYNC,       /* a write ends before its bytes are on the disk */
	SIM_BUG_TWICE,          /* an epoch is promised to a second leader too */
	SIM_BUG_VOTE_QUORUM,    /* the elector's quorum has one less */
	SIM_BUG_PROMISE_QUORUM, /* the peer's quorum has one less */
	SIM_BUG_LEADER_CHECK,   /* the elector believes followers without their leader */
	SIM_BUG_REFUSAL,        /* an ACKEPOCH of -1 counts as a promise */
	SIM_BUG_OWN_PROMISE,    /* a leader counts its own word before it is written */
	SIM_BUG_EARLY_ANSWER,   /* a follower answers before it has written */
	SIM_BUG_FOUND_MAJORITY, /* a founding takes a majority */
	SIM_BUG_FOUND_VERSION,  /* ... or is one on any version, by a majority, */
	SIM_BUG_FOUND_RECORDS,  /* ... or goes on beside records */
	SIM_BUG_NO_JOINT,       /* a change is one renewal, of the target alone */
	SIM_BUG_NEW_ONLY,       /* a joint record counts only the new, */
	SIM_BUG_OLD_ONLY,       /* or only the old */
	SIM_BUG_FILE,           /* a leader goes by its file instead of its record */
	SIM_BUG_FORGET_JOINT,   /* a restart forgets what is joint */
	SIM_BUG_NO_ADOPT,       /* a record that is reported is not adopted, */
	SIM_BUG_BY_VERSION,     /* or by its version instead of its epoch */
	SIM_BUG_OWN_TABLE,      /* each goes by the first instance that it saw */
	SIM_BUG_NO_INSTANCE,    /* the instance of a voter does not matter */
	SIM_BUG_NEWCOMER,       /* one that is no voter yet counts */
	SIM_BUG_IN_PLACE,       /* a new disk is taken in without a joint renewal */
	SIM_BUG_EARLY_ACK,      /* ACK before the record is on the disk */
	SIM_BUG_DROP_JOINT,     /* the next leader drops what is joint, */
	SIM_BUG_OTHER_GIVES_UP, /* or gives it up in its first renewal */
	SIM_BUG_LATE_GIVE_UP,   /* a change is given up in its second renewal */
	SIM_BUG_HASTY,          /* a change begins before its leader is established */
	SIM_BUG_SELF,           /* a leader counts itself though it is removed */
	SIM_BUG_NO_PROMISE,     /* the second renewal needs no promises */
	SIM_BUG_RESTORE,        /* a copy that was put back is not noticed */
	SIM_BUG_NEW_LEADS,      /* only voters of the new membership may lead */
	/* of leases */
	SIM_BUG_NO_GATE,         /* promises keep nobody from acknowledging another, */
	SIM_BUG_OWN_ACK,         /* or not from being established oneself */
	SIM_BUG_FORGET_PROMISE,  /* a restart forgets what was promised to another, */
	SIM_BUG_FORGET_OWN,      /* or to oneself */
	SIM_BUG_FROM_RECEIPT,    /* a lease counts from the answers */
	SIM_BUG_NO_DRIFT,        /* it is as long as the promises */
	SIM_BUG_DRIFT,           /* clocks drift beyond drift_percent */
	SIM_BUG_OWN_LENGTH,      /* a follower promises its own lease_ms */
	SIM_BUG_REBOOT_FREE,     /* nothing binds after a reboot */
	SIM_BUG_EARLY_RELEASE,   /* a release does not wait for holders, */
	SIM_BUG_BROKEN_LETS_GO,  /* or takes a broken hold for one that let go, */
	SIM_BUG_RESTART_LETS_GO, /* or the empty list of a peer that was restarted */
	SIM_BUG_RELIES,          /* a holder relies on the page of the next peer */
	SIM_BUG_WANT_CLEARS,     /* a PING that asks for nothing ends the promise */
	SIM_BUG_ONE_PROMISE,     /* one promise makes a lease */
	SIM_BUG_ECHO_COUNTS,     /* an answer without a promise is one */
	SIM_BUG_JOIN_FREES,      /* who joins is bound to nobody unknown any more */
	SIM_BUG_GATE_DROPS,      /* who may acknowledge drops its slot */
	SIM_BUG_READ_EARLY,      /* answers to earlier PINGs answer a question */
	SIM_BUG_RESUME_RELEASED, /* an epoch is resumed after its release, */
	SIM_BUG_RESUME_ALONE,    /* or without a quorum of ACKs */
	SIM_BUGS,
};

/* How the connections of one lane fare that one server dials to another. */
enum sim_way {
	SIM_WAY_OPEN,
	SIM_WAY_DROPPED, /* no packet of them comes through */
	SIM_WAY_REFUSED,
	SIM_WAY_MUTE, /* accepted; what the dialler says is lost */
	SIM_WAY_DEAF, /* accepted; what the dialler is told is lost */
};

struct sd_event { /* a process's loop */
	struct proc *proc;
	sd_event_source *post;
};

struct proc { /* one process; the type is that of proc/proc.h */
	unsigned server;
	enum sim_kind kind;
	bool up;
	bool exits;  /* it exits when its turn is over */
	bool wanted; /* it is started, and started again */
	uint64_t life;
	uint64_t paused_us; /* it does nothing before that time */
	pid_t pid;
	struct sd_event loop;
};

enum sim_number { SIM_ACCEPTED, SIM_CURRENT }; /* of a peer, on its disk */

struct sim_slot { /* of a file of the peer's record */
	char disk[MEMBERSHIP_SLOT];
	char cache[MEMBERSHIP_SLOT]; /* what processes read */
	bool dirty;                  /* the disk may lack what is in the cache */
	uint64_t count;              /* of the slot on the disk; 0: nobody can read it */
	/* what it says: of `epochs` accepted, current and claim, and the number of the
	 * membership; of `membership` the rest, and its own number */
	struct role_record record;
	uint64_t number;
};

enum sim_file_kind { SIM_EPOCHS, SIM_MEMBERSHIP, SIM_FILES };

struct sim_file {
	struct sim_slot slots[SLOTS_COUNT];
	bool exists;
	bool named; /* so does its name, after a power failure */
};

struct sim_disk {
	struct sim_file files[SIM_FILES];
	/* what tells the peer's folder from another */
	struct folder_id folder;
	/* not of the disk, but of run_dir: the mapped files of the peer */
	_Alignas(8) unsigned char memory[PEER_MEMORY_LEN];
	_Alignas(8) unsigned char page[PAGE_LEN];
	/* the write that is under way, and where */
	bool writing;
	enum sim_file_kind file;
	unsigned slot;
	char block[MEMBERSHIP_SLOT];
	bool fails;
	uint64_t work_us;   /* when the work that was started last is done */
	uint64_t cached_us; /* from then on processes read the block */
	uint64_t free_us;   /* until then a killed writer holds the lock */
	struct board_record records[2];
	/* of the elector's, in data_dir */
	struct board_record copy;
	unsigned char state[BOARD_SMALL_MAX];
	size_t state_len;
	unsigned slow_us; /* of one write, at most */
	unsigned failing; /* of 100 writes */
	bool dead;        /* no epoch can be written: each write fails, */
	bool hung;        /* or none ends */
};

struct sim_server {
	struct conf conf;               /* what its file says */
	struct conf started[SIM_KINDS]; /* what it said when each process was started */
	bool idle;                      /* it has no file: nothing runs there */
	bool powered;
	unsigned boots;
	uint64_t booted_us;
	int64_t drift_ppm; /* of its clock */
	bool port_taken;   /* its quorum port, by somebody else */
	bool port_deaf;    /* nothing reaches its quorum port, though it listens */
	bool sick;         /* it keeps its faults */
	struct proc procs[SIM_KINDS];
	struct elector electors[2]; /* main, next */
	bool swapping;
	struct peer peer;
	struct connmgr *connmgr;
	struct sim_disk disk;
	unsigned lost; /* how often its disk was wiped, or another put in its place */
	/* of the copy that was put in its place last: it must not count any more */
	struct members_instance dead;
};

struct sim_item { /* something that happens at a time */
	uint64_t at_us;
	uint64_t order;
	struct proc *proc; /* in which it does; NULL: outside of all */
	uint64_t life;
	void (*run)(struct sim_item *it);
	void *object; /* gone if its serial is another */
	uint64_t serial;
	uint64_t arg;
	bool late; /* behind the others, where its process was paused */
	size_t len;
	unsigned char *data;
};

struct sim {
	uint64_t seed;
	uint64_t now_us;
	uint64_t serial; /* of objects: never the same twice */
	unsigned count;  /* servers, members or not */
	struct sim_server *servers;
	struct conf wish; /* the newest file, as an operator has it */
	bool fresh;       /* the group is to be founded in this run */
	bool members;     /* in every second run members change, and disks are lost: */
	bool wishes;      /* in this one */
	bool refounds;    /* every server was told that no group is left */
	bool cut[3][SIM_SERVERS_MAX + 1][SIM_SERVERS_MAX + 1]; /* lane, from, to */
	/* by lane: who dials, whom */
	enum sim_way way[3][SIM_SERVERS_MAX + 1][SIM_SERVERS_MAX + 1];
	bool leases;      /* programs hold, and clocks drift */
	bool keeps;       /* a minority keeps its faults */
	bool hostile;     /* strangers dial all the time */
	bool calm;        /* no faults any more */
	bool power;       /* a host without power sends no segment when processes end */
	unsigned delayed; /* of 1000 segments */
	unsigned wrong;   /* of 1000 decisions */
	uint64_t give_up_us;  /* TCP_USER_TIMEOUT */
	struct proc *running; /* whose turn it is */
	enum sim_bug bug;
	bool trace;
	bool failed;
	uint64_t steps;
	uint64_t elections; /* leaders established */
	uint64_t looks;     /* of programs that hold, at the page; */
	uint64_t acted;     /* and of these with a lease */
};

extern struct sim sim;

/* world.c */
void sim_world_begin(uint64_t seed);
void sim_world_end(void);
uint64_t sim_random(uint64_t below);
bool sim_chance(unsigned of_1000); /* of faults: never once it is calm */
struct sim_item *sim_put(uint64_t at_us, struct proc *p, void (*run)(struct sim_item *),
                         void *object, uint64_t serial);
void sim_put_data(struct sim_item *it, const void *data, size_t len);
bool sim_turn(uint64_t end_us); /* false: nothing happens before `end_us` */
void sim_enter(struct proc *p);
void sim_leave(void);         /* and what a loop does at the end of each turn */
uint64_t sim_inside_us(void); /* a delay inside of a server */
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A violation; the first one counts. */
void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* host.c: the clock of a host now, and when it will show that. */
uint64_t sim_clock_us(unsigned server);
uint64_t sim_when_us(unsigned server, uint64_t clock_us);

/* loop.c */
void sim_loop_post(sd_event *loop);
void sim_loop_readable(sd_event_source *s);
void sim_loop_end(void);

/* pipe.c, door.c, stream.c */
/* As if connmgr, or of connmgr a worker, had said it; false: there is no link. */
bool sim_pipe_hear(struct proc *p, const void *data, size_t len);
void sim_door_watch(int fd, sd_event_source *s);
/* As if somebody asked this at the door of connmgr or the peer, and did not wait for the
 * answer. */
void sim_door_ask(unsigned server, enum sim_kind kind, const char *words);
/* A program on that host, whose process is `p`: asks the peer, and hears its answers, and
 * NULL once the peer has gone. NULL: nobody listens. */
struct door_conn *sim_door_call(struct proc *p,
                                void (*heard)(struct proc *p, const char *text));
void sim_door_say(struct door_conn *c, const char *words);
void sim_door_leave(struct door_conn *c);
void sim_pipe_end(void);
void sim_door_end(void);
/* A delay inside of a server from now, and no earlier than the last one. */
uint64_t sim_arrival_us(uint64_t *last_us);
void sim_net_closed(struct proc *p);        /* the kernel closes what it had */
void sim_net_reset(unsigned a, unsigned b); /* their connections break */
void sim_net_probe(unsigned a, unsigned b); /* keepalive looks after them by and by */
void sim_net_end(void);

/* disk.c */
#define SIM_CLAIMS 3 /* that servers make; nobody changes its own */
void sim_disk_begin(struct sim_disk *d);
void sim_disk_killed(struct sim_disk *d); /* the peer was */
void sim_disk_power_off(struct sim_disk *d);
/* As if it had been written; a record without an instance gets one. */
void sim_disk_put(struct sim_disk *d, const struct role_record *r);
/* The same in another folder, as where a copy is put back; an empty disk in its place. */
void sim_disk_move(struct sim_disk *d);
void sim_disk_wipe(struct sim_disk *d);
void sim_disk_restore(struct sim_disk *d, const struct sim_file files[SIM_FILES]);
/* What a power failure at this moment leaves at least; all 0 where there is no file. */
struct role_record sim_disk_record(const struct sim_disk *d);
/* Of that, the instance; NULL: there is none. */
const struct members_instance *sim_disk_instance(const struct sim_disk *d);
/* Of that, the epoch `file` (enum sim_number). */
int64_t sim_disk_durable(const struct sim_disk *d, unsigned file);
/* The write that is under way, if there is one, never ends; ends. */
bool sim_disk_hangs(const struct sim_disk *d);
void sim_disk_end_write(struct sim_disk *d);

/* store.c */
void sim_store_power_off(struct sim_disk *d);
/* The elector that connmgr's record, or else its copy, names; "": none. */
const char *sim_disk_elector(const struct sim_disk *d);

/* server.c */
void sim_make_server(struct conf_server *s, unsigned at); /* with a weight of 1 */
void sim_prefer(struct conf_server *s, uint32_t version);
/* The servers of the wish have founded a group. */
void sim_found(void);
void sim_servers_begin(void);
void sim_servers_end(void);
void sim_start(struct proc *p);
void sim_start_later(struct proc *p, uint64_t after_us);
void sim_kill(struct proc *p);
void sim_power_off(unsigned server);
void sim_power_on(unsigned server);
void sim_show(void); /* where each server is */
const char *sim_proc_name(const struct proc *p);
const char *sim_worker_name(unsigned kind); /* as it attaches */
/* With which it may count; NULL: with none. */
const struct members_instance *sim_instance(unsigned server);
unsigned sim_any_kind(unsigned server); /* of those that are wanted */
struct elector *sim_elector(const struct proc *p);
/* Gives the server this file, with its own id. */
void sim_give_file(unsigned server, const struct conf *file);
/* From now on it runs; `within_us`: each of its processes is up by then. */
void sim_employ(unsigned server, uint64_t within_us);

/* settled.c */
/* All members that are not sick are up and follow one leader. */
bool sim_is_settled(unsigned *leader);
/* The leader and its followers, a bit for each. */
unsigned sim_followers(unsigned leader);
bool sim_is_cut(unsigned a, unsigned b);
/* Are the healthy servers that follow `leader`, it among them, a quorum without `out`? */
bool sim_is_led_without(unsigned leader, unsigned out);
/* Are all but `out` and the sick, the leader among them, a quorum? */
bool sim_is_quorum_without(unsigned leader, unsigned out);

/* group.c: who counts, by the simulator's own counting of what leaders have established.
 * It shares nothing with wire/quorum and the core. */
/* What each server has shown; NULL: nothing. */
typedef const struct members_instance *sim_shown[SIM_SERVERS_MAX];
/* With the servers of `bits`. */
bool sim_counts(const struct members *m, unsigned bits);
/* Those who are voters of `m` with what they have shown. */
unsigned sim_voters(const struct members *m, const sim_shown shown);
/* Are they a quorum of old and of new? */
bool sim_counts_pair(const struct members_record *r, const sim_shown shown);
/* A voter with a weight of old or of new. */
bool sim_leads(const struct members_record *r, int64_t sid);
void sim_group_begin(const struct members_record *founded); /* epoch 0: not founded */
/* A leader synchronizes `r` in this epoch, with the promises of those who have shown
 * something; `bare`: none of them had a record. */
void sim_group_propose(unsigned leader, uint64_t generation, int64_t epoch,
                       const struct members_record *r, const sim_shown shown, bool bare,
                       bool resumes);
/* Of its leader, the one that resumed it last. */
uint64_t sim_group_generation(int64_t epoch);
/* It is established, with their ACKs. */
void sim_group_establish(unsigned leader, uint64_t generation, int64_t epoch,
                         const sim_shown shown, bool resumes);
/* What is synchronized in that epoch; NULL: nothing. */
const struct members_record *sim_group_record(int64_t epoch);
/* Who leads that epoch, or took it up again after a restart, last. */
uint64_t sim_group_generation(int64_t epoch);
/* Of the largest epoch that is established; NULL: none is. */
const struct members_record *sim_group_now(void);
/* The membership in force: the wish as long as there is none. */
const struct members *sim_in_force(void);
/* As far as this goes by the memberships in which a leader may be found: could those
 * without `bits` still be a quorum? `lost`: is that so though the disk of `lost`, and
 * what was lost before, is gone? */
bool sim_can_do_without(unsigned bits);
bool sim_can_lose(unsigned lost);
bool sim_is_quorum(const int64_t *sids, unsigned count); /* of what counts now */
bool sim_may_lead(int64_t sid);

/* wish.c: another file for some or all servers, edited, reloaded and restarted at random
 * moments; the newest one for all of them. */
void sim_wish_begin(void);
void sim_wish(void);
void sim_wish_end(uint64_t within_us);
void sim_wish_change(void); /* another, which no server has yet */
bool sim_wish_in_force(void);
/* No sickness keeps the wish from being in force. */
bool sim_wish_can_be(void);
struct members sim_wish_members(void);

/* loss.c: a disk is wiped, or an old copy is put in its place; one of a minority. */
void sim_loss_begin(void);
void sim_loss(void);
void sim_wipe(unsigned server, uint64_t within_us);
/* Most disks are lost: nobody may lead, until every server is told. False: the one that
 * is left is a quorum alone. */
bool sim_disaster(void);
void sim_refound(void);
void sim_refounded(unsigned server); /* it has given up its record */

/* lease.c: programs that hold, and S3 and S11. */
void sim_lease_begin(void);
void sim_lease_power_off(unsigned server);
/* Has this leader a lease, or a program that acts by one? */
bool sim_lease_is_valid(unsigned server);
/* Its programs let go, and hold again after that time. */
void sim_lease_rest(unsigned server, uint64_t us);
/* The connection of a program there ends without a word. */
void sim_lease_die(unsigned server);
/* Somebody on that host asks whether we lead (R10). */
void sim_lease_ask(unsigned server);
/* A fault of leases: a program that stops, a step-down, a transfer. */
void sim_lease_fault(void);
/* Before it is published; before it is established. */
void sim_lease_page(unsigned server, const struct role_page *page);
void sim_lease_view(unsigned server, const struct role_view *v);

/* trap.c: several faults at once, of a group that follows `leader` and may have leases;
 * all is well again when it returns. */
void sim_trap(unsigned leader);
void sim_trap_step(unsigned server, const struct role_actions *out);

/* hostile.c: strangers dial this server; or any, from now on until `hostile` is false. */
void sim_hostile(unsigned server);
void sim_hostile_begin(void);

/* sick.c: who stays sick when the faults are over, and what of. */
void sim_sick_begin(void);

/* swap.c: begins a swap there, which ends by itself; ends one. */
void sim_swap_begin(void);
void sim_swap(unsigned server);
void sim_swap_settle(unsigned server);

/* faults.c */
void sim_fault(void);
void sim_moment(unsigned server); /* one at which a fault there is worth a try */
void sim_heal(void);
/* Safety does not rest on the election: now and then it is wrong. */
void sim_decide_wrongly(unsigned server, struct role_event *ev);
void sim_garbage(struct proc *p); /* S8: bytes that are no message change nothing */

/* hold.c: returns an exit status */
int sim_hold(const char *name, uint64_t from, uint64_t to);

/* check.c */
void sim_check_begin(void);
void sim_check_state(unsigned server, const void *data, size_t len);
void sim_check_power_off(unsigned server);
void sim_check_lost(unsigned server); /* its disk is another */

/* promise.c: START, and each step of the peer's core. */
void sim_promise_begin(void);
void sim_promise_lost(unsigned server);
/* Is the epoch, with its memberships, on the disks of a quorum? */
bool sim_is_durable(int64_t epoch);
void sim_promise_start(unsigned server, const struct role_event *ev);
void sim_promise_hear(unsigned server, const struct role *r, const struct role_event *ev);
void sim_promise_step(unsigned server, const struct role *r,
                      const struct role_actions *out);

/* bug.c */
/* Before each step of the peer's core, with the event. */
void sim_bug_role(struct role *r, const struct role_event *ev);
/* bug_lease.c: likewise; changes the event, too. */
void sim_bug_lease_begin(void);
void sim_bug_lease(unsigned server, struct role *r, struct role_event *ev);
void sim_bug_lease_said(struct role_actions *out); /* after that step */
/* Of a PACKET: what the core hears instead, kept until the next call. */
void sim_bug_packet(struct role_event *ev);
const char *sim_bug_name(enum sim_bug bug);
/* bug_members.c: what the peer starts with. */
void sim_bug_start(struct role_record *r);

#endif
