/* States of the core and their steps, in the explorer's words (tests/model/model.h). */
#ifndef TESTS_MODEL_CORE_H
#define TESTS_MODEL_CORE_H

#include "peer/role_impl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SERVERS  4                   /* at most; their sids are 1, 2, … */
#define MODEL_NOW_MS   (UINT64_C(1) << 44) /* the time of all that happens */
#define MODEL_TICK_MS  1000
#define MODEL_LEASE_MS 40 /* what a leader asks for */
#define MODEL_PASS_MS  25 /* how much time passes at once, by a clock that is right */

struct model_packet {
	/* enum qpacket_type */
	uint8_t type;
	/* zxid >> 32; of ACKEPOCH: the epoch that it answers */
	int8_t epoch;
	/* of ACKEPOCH: the current epoch, or -1; of a PING: the sid that it names */
	int8_t answer;
	/* of a PING: its number; of a page: how long the lease lasts from now, in ms */
	uint8_t extra;
	/* of ACKEPOCH and NEWLEADER: an index of keep.c; of a PING: its flags, and the ms
	 * that it asks for or promises (<< 8); 0: it says nothing of leases */
	uint16_t body;
};

/* ---- canon.c ---- */

/* A state of the core, and what its file in run_dir remembers (R6). */
struct model_state {
	struct role role;
	struct role_memory memory;
};

/* Leaves out of the state what the model does not have, and what is over. */
void model_canon(struct model_state *s);
/* So many ms go by: what is noted of leases moves into the past. */
void model_canon_pass(struct model_state *s, uint64_t ms);

/* ---- local.c ---- */

/* What worlds and checks need of a state of the core. */
struct model_remote {
	bool is; /* The core knows this server. */
	bool open;
	bool beside;
	int8_t promised;
	int8_t acked;
	/* as its last ACKEPOCH said; 0: none came */
	uint8_t instance;
};

struct model_core {
	uint8_t mode; /* enum role_mode */
	uint8_t kind; /* enum role_kind */
	bool stands;
	bool observes;
	bool bad;
	/* It leads, and its proposal has a quorum of promises. */
	bool promised;
	/* It tries no change before a deadline. */
	bool waits;
	/* It has no record: it is told where a leader is that it does not know. */
	bool joins;
	/* Leases: a deadline has come; it knows a time that is to come; it is releasing;
	 * its proposal is a term that it takes up again. */
	bool due;
	bool timed;
	bool releasing;
	bool resumes;
	uint8_t leader;
	int8_t current;
	int8_t proposal;
	int8_t established;
	/* As a follower: of LEADERINFO, NEWLEADER, UPTODATE. */
	int8_t asked;
	int8_t told;
	int8_t followed;
	/* memberships: of its record (a write that failed may be there), and of a leader
	 * adopted and proposed */
	uint16_t record;
	uint16_t adopted;
	uint16_t proposed;
	struct model_remote remotes[MODEL_SERVERS]; /* by sid - 1 */
};

enum model_found {
	/* after a reboot; in the same boot without a memory; with its memory */
	MODEL_FOUND_REBOOT,
	MODEL_FOUND_NOTHING,
	MODEL_FOUND_MEMORY,
};

enum model_event_type {
	MODEL_EV_NONE,
	/* A new process reads the record packet.body, its file is extra. number: what it
	 * finds of leases (enum model_found). */
	MODEL_EV_BOOT,
	MODEL_EV_LEAD,
	MODEL_EV_FOLLOW, /* sid; packet.epoch: of its vote */
	MODEL_EV_STANDS, /* sid: the connection that we dialled stands */
	MODEL_EV_JOINS,  /* sid, number: a connection that was accepted */
	MODEL_EV_ENDS,   /* sid, number */
	MODEL_EV_PACKET, /* sid, number, packet */
	MODEL_EV_WRITTEN,
	MODEL_EV_FAILED,
	MODEL_EV_FILE, /* packet.extra: the index of the file */
	/* sid: the election lane has shown where it is */
	MODEL_EV_WHERE,
	MODEL_EV_REFOUND,
	/* deadlines: of the link of sid beside a newcomer, of a failed write, of a
	 * renewal, of a change that was given up */
	MODEL_EV_NEWCOMER,
	MODEL_EV_RETRY,
	MODEL_EV_GIVE_UP,
	MODEL_EV_TRY_AGAIN,
	/* leases: time passes; a deadline that has come; packet.extra hold now, and one
	 * is gone without a word (number); a PING to sid; silence; to sid (0: nobody) */
	MODEL_EV_PASS,
	MODEL_EV_DUE,
	MODEL_EV_HOLDS,
	MODEL_EV_PING,
	MODEL_EV_SILENCE,
	MODEL_EV_STEP_DOWN,
	MODEL_EV_AGAIN,    /* connmgr was away for a moment */
	MODEL_EV_RENUMBER, /* sid: its connection is the older of two now */
};

struct model_event {
	uint8_t type; /* enum model_event_type */
	uint8_t sid : 4;
	uint8_t number : 4;
	struct model_packet packet;
};

/* What a core wants done: SEND, CONNECT, DISCONNECT, WRITE (packet.body: the record) and
 * PAGE. */
struct model_deed {
	uint8_t type; /* enum role_action_type */
	uint8_t sid : 4;
	uint8_t number : 4;
	struct model_packet packet;
};

/* The number of a connection in a core: of the one that it dialled; of one that it
 * accepted, the index in struct model_world is added. */
#define MODEL_DIALLED  1
#define MODEL_ACCEPTED 2

struct model_step {
	uint32_t role; /* afterwards */
	uint32_t count;
	const struct model_deed *deeds;
};

void model_local_begin(void);
void model_local_end(void);
uint32_t model_local_count(void);
/* Borrowed until the next step. */
const struct model_core *model_core(uint32_t index);
/* One step of the core `index`. */
struct model_step model_local_step(uint32_t index, const struct model_event *ev);

/* ---- events.c ---- */

struct model_heard { /* what an event borrows */
	unsigned char data[40];
	struct qpacket packet;
	struct members_record pair;
	struct members file;
};

void model_fill_event(struct role_event *out, struct model_heard *heard,
                      const struct model_state *s, const struct model_event *ev);
/* Lets the deadline come that the event is about. */
void model_make_due(struct role *r, const struct model_event *ev);
/* False: the model does not have it. */
bool model_fill_deed(struct model_deed *out, const struct role_action *a);
void model_fill_core(struct model_core *out, const struct role *r);

#endif
