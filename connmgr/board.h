/* The switchboard: which worker processes are attached, which of them counts, what each
 * is told when. The only arbiter of generations (design.md, section 4).
 *
 * It sees messages as bytes and a kind. The shell decodes what workers say into events,
 * does the actions in order, and feeds RECORDED back for each RECORD in the same turn;
 * PREPARED for PREPARE when it can. */
#ifndef CONNMGR_BOARD_H
#define CONNMGR_BOARD_H

#include "connmgr/board_queue.h"
#include "ipc/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_WORKERS_MAX 8
#define BOARD_ACTIONS_MAX 48
#define BOARD_RETRY_MS    1000 /* a record that could not be written: the next try */
/* No larger one is believed: counting does not get there. */
#define BOARD_GENERATION_MAX INT64_MAX

struct board;

struct board_record {
	uint64_t generation; /* 0: there is none */
	char name[PATHS_NAME_MAX];
	uint64_t floor; /* no generation up to this one is given (a lost record's, say) */
};

struct board_config {
	unsigned rows_max;   /* configured remotes, times lanes, and our port */
	unsigned frames_max; /* configured remotes and strangers */
	size_t frame_cap;    /* bytes of an encoded frame */
	uint32_t hello_ms;   /* from attached or activate to hello */
	struct board_record records[2]; /* elector, peer */
	const void *state; /* what the last elector said, borrowed for the call; */
	size_t state_len;  /* 0: nothing */
};

enum board_event_type {
	BOARD_EV_ATTACH,    /* worker who name generation */
	BOARD_EV_GONE,      /* worker: its door connection has ended */
	BOARD_EV_LINK_DOWN, /* worker: its link has */
	BOARD_EV_HELLO,     /* worker generation */
	BOARD_EV_SAY,       /* worker said serial data */
	BOARD_EV_RECORDED,  /* who ok */
	BOARD_EV_PROMOTE,   /* name */
	BOARD_EV_PREPARED,  /* ok: the record of the promotion is on the disk */
	BOARD_EV_REMOTE,    /* lane sid down data: its link changed */
	BOARD_EV_FRAME,     /* lane sid member data */
	BOARD_EV_FORGET,    /* sid: a stranger's link has ended */
	BOARD_EV_DUE,
};

struct board_event {
	enum board_event_type type;
	uint64_t now_ms;
	unsigned worker; /* its place, 0 … BOARD_WORKERS_MAX - 1, as the shell chose it */
	enum msg_who who;
	const char *name;
	uint64_t generation;
	/* what is said: LOOK, ROLE, DECIDED, DOUBT, STATE or ABSENT */
	enum msg_type said;
	struct msg_serial serial; /* of LOOK and ROLE */
	bool ok;
	enum msg_lane lane;
	int64_t sid;
	bool down;
	bool member;
	const void *data; /* the message, encoded for its receiver */
	size_t len;
};

enum board_action_type {
	BOARD_DO_OPEN,       /* a fresh link for `worker`; answer attached(generation) */
	BOARD_DO_SUPERSEDED, /* answer superseded(other_name); its place is free */
	BOARD_DO_CUT,        /* the link of `worker`, at once */
	BOARD_DO_WELCOME,    /* worker generation */
	BOARD_DO_ACTIVATE,   /* worker generation */
	BOARD_DO_SYNCED,     /* worker */
	BOARD_DO_SEND,       /* worker item */
	BOARD_DO_REPLAY,     /* worker: board_replay_next until it is false */
	BOARD_DO_STORE,      /* item: write the state before anything else is sent */
	BOARD_DO_PREPARE, /* generation name: a record, on the disk, not in force yet */
	BOARD_DO_RECORD,  /* who generation name prepared: that record is in force */
	BOARD_DO_PART,    /* close every link of the learner lane: absent */
	BOARD_DO_REFUSE,  /* a promotion: why */
};

struct board_action {
	enum board_action_type type;
	unsigned worker;
	uint64_t generation;
	bool other_name;
	bool prepared; /* the one of PREPARE */
	enum msg_who who;
	const char *name; /* good until the next step, as item.data */
	const char *why;
	struct board_item item;
};

struct board_actions {
	unsigned count;
	struct board_action list[BOARD_ACTIONS_MAX];
};

enum board_phase {
	BOARD_UNLINKED,   /* no link, or none any more */
	BOARD_GREETING,   /* hello is to come */
	BOARD_ACTIVATING, /* activate was sent, and all that there is; what it says counts
	                     from its hello with that generation on */
	BOARD_OPEN,
};

struct board_worker { /* for status */
	bool used;
	enum msg_who who;
	char name[PATHS_NAME_MAX];
	uint64_t generation; /* 0: a shadow */
	enum board_phase phase;
	bool told;      /* the replay, on this link */
	uint64_t order; /* who waits longest has the smallest */
	uint64_t due_ms;
};

struct board_counters {      /* what was dropped, and why */
	uint64_t not_active; /* said by a shadow or a superseded one */
	uint64_t too_early;  /* said before the hello of its generation */
	uint64_t stale;      /* a look or role older than the one that is kept */
	uint64_t not_its;    /* not this role's to say */
	uint64_t no_room;    /* frames that could not be kept for replay */
};

/* NULL: no memory. */
struct board *board_new(const struct board_config *config);
void board_free(struct board *b);
void board_step(struct board *b, const struct board_event *ev, struct board_actions *out);
uint64_t board_due_ms(const struct board *b); /* UINT64_MAX: never */

/* What is known so far, in order, for a worker that has said hello: the item number
 * `cursor`, which moves on. False: that was all. The last frames of strangers come behind
 * `synced`: they are questions, and an elector answers none before that. */
bool board_replay_next(const struct board *b, unsigned worker, unsigned *cursor,
                       struct board_action *out);

/* May this worker use that lane now (`connect`: only ask to dial)? Counts if not. */
bool board_may(struct board *b, unsigned worker, enum msg_lane lane, bool connect);
/* The place of a role's active worker, -1: none is attached. */
int board_active(const struct board *b, enum msg_who who);
/* The same if it has a link, and is told what comes. */
int board_open(const struct board *b, enum msg_who who);
const struct board_worker *board_worker(const struct board *b, unsigned worker);
bool board_is_active(const struct board *b, unsigned worker);
struct board_counters board_counters(const struct board *b);

#endif
