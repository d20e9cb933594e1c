/* The board: which worker processes are attached, which of them is active, and what each
 * of them is sent. Nobody else gives out generations (docs/DESIGN.md, "Rules that make
 * crashes cheap").
 *
 * The board sees a message as its type and its bytes. The shell turns what workers say
 * into events, does the actions in order, and answers each RECORD with RECORDED and each
 * MEMBERS with LINKED in the same turn, and each PREPARE with PREPARED when the disk has
 * it. A promotion is done
 * with its RECORD, not before. */
#ifndef CONNMGR_BOARD_H
#define CONNMGR_BOARD_H

#include "connmgr/board_queue.h"
#include "ipc/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_WORKERS_MAX 8
#define BOARD_ACTIONS_MAX 48
#define BOARD_RETRY_MS    1000 /* until a record that failed is written again */
/* No process counts further, so a larger number is not believed. */
#define BOARD_GENERATION_MAX INT64_MAX

struct board;

struct board_record {
	/* 0: no process has been active since run_dir was made */
	uint64_t generation;
	/* "": any name may become active */
	char name[PATHS_NAME_MAX];
	/* Every new generation is above this one: that of a lost record, say. */
	uint64_t floor;
	/* READ is to come, and nobody becomes active before. */
	bool unread;
};

struct board_config {
	unsigned rows_max;              /* remotes, and our own port */
	unsigned frames_max;            /* remotes and strangers */
	size_t frame_cap;               /* bytes of an encoded frame, or of the members */
	uint32_t hello_ms;              /* from attached or activate to hello */
	struct board_record records[2]; /* elector, peer */
	/* What the last elector said, borrowed for the call. Length 0: nothing. */
	const void *state;
	size_t state_len;
};

/* With the members of struct board_event that belong to each. */
enum board_event_type {
	BOARD_EV_ATTACH,    /* worker who name generation */
	BOARD_EV_GONE,      /* worker: its door connection has ended */
	BOARD_EV_LINK_DOWN, /* worker: its link has ended */
	BOARD_EV_HELLO,     /* worker generation */
	BOARD_EV_SAY,       /* worker said serial data */
	BOARD_EV_READ,      /* who name generation: the floor; see unread above */
	BOARD_EV_RECORDED,  /* who generation ok */
	BOARD_EV_PROMOTE,   /* name */
	BOARD_EV_PREPARED,  /* ok: the record of the promotion is on the disk */
	BOARD_EV_REMOTE,    /* lane sid number up kept data: a link to a remote changed;
	                       of the election lane and not kept: it is no remote any more */
	BOARD_EV_FRAME,     /* lane sid number member data */
	BOARD_EV_LINKED, /* those of MEMBERS are the remotes, and all others are gone */
	BOARD_EV_FORGET, /* sid: the connection of a stranger has ended */
	BOARD_EV_DUE,
};

struct board_event {
	enum board_event_type type;
	uint64_t now_ms;
	unsigned worker; /* its place, below BOARD_WORKERS_MAX, which the shell chose */
	enum msg_who who;
	const char *name;
	uint64_t generation;
	/* LOOK, ROLE, DECIDED, DOUBT, STATE, ABSENT or MEMBERS. */
	enum msg_type said;
	struct msg_serial serial; /* of LOOK and ROLE */
	bool ok;
	enum msg_lane lane;
	int64_t sid;
	uint64_t number; /* as in struct msg_remote and struct msg_frame */
	bool up;
	/* It is retained. What is told of connections of the learner lane is not: they
	 * end with the peer that was told of them. */
	bool kept;
	bool member;      /* the sender of the frame is in the configuration */
	const void *data; /* the message, encoded for its receiver */
	size_t len;
};

enum board_action_type {
	BOARD_DO_OPEN,       /* make a link for `worker`, answer attached(generation) */
	BOARD_DO_SUPERSEDED, /* answer superseded(other_name), free the place */
	BOARD_DO_CUT,        /* close the link of `worker` at once */
	BOARD_DO_WELCOME,    /* worker generation */
	BOARD_DO_ACTIVATE,   /* worker generation */
	BOARD_DO_SYNCED,     /* worker */
	BOARD_DO_SEND,       /* worker item */
	BOARD_DO_REPLAY,     /* worker: send board_replay_next until it is false */
	BOARD_DO_STORE,      /* write item, the state, before anything else is sent */
	BOARD_DO_MEMBERS, /* item: others than before, to be linked; then comes LINKED */
	BOARD_DO_PREPARE, /* put a record on the disk, not in force: generation name */
	BOARD_DO_RECORD,  /* put one in force: who generation name prepared */
	BOARD_DO_PART,    /* close every link of the learner lane: absent */
	BOARD_DO_REFUSE,  /* refuse the promotion: why */
};

struct board_action {
	enum board_action_type type;
	unsigned worker;
	uint64_t generation;
	bool other_name;
	bool prepared; /* RECORD: the record that PREPARE has put on the disk */
	enum msg_who who;
	const char *name; /* good until the next step, as is item.data */
	const char *why;
	struct board_item item;
};

struct board_actions {
	unsigned count;
	struct board_action list[BOARD_ACTIONS_MAX];
};

enum board_phase {
	BOARD_UNLINKED,
	/* Its hello is to come. */
	BOARD_GREETING,
	/* Activate and the replay were sent. What the worker says counts from its hello
	 * with that generation on. */
	BOARD_ACTIVATING,
	BOARD_OPEN,
};

struct board_worker { /* for status */
	bool used;
	enum msg_who who;
	char name[PATHS_NAME_MAX];
	uint64_t generation; /* 0: a shadow */
	enum board_phase phase;
	bool told;      /* it had the replay on this link */
	uint64_t order; /* of attaching: the one that waits longest has the smallest */
	uint64_t due_ms;
};

struct board_counters {      /* what was dropped, and why */
	uint64_t not_active; /* from a shadow or a superseded worker */
	uint64_t too_early;  /* before the hello of the generation */
	uint64_t stale;      /* a look or role older than the retained one */
	uint64_t not_its;    /* not for this role to say */
	uint64_t no_room;    /* frames that could not be retained */
};

/* NULL: no memory. */
struct board *board_new(const struct board_config *config);
void board_free(struct board *b);
void board_step(struct board *b, const struct board_event *ev, struct board_actions *out);
uint64_t board_due_ms(const struct board *b); /* UINT64_MAX: never */

/* The replay for a worker that has said hello: SEND or SYNCED for the item number
 * `cursor`, which moves on. False: there is no other item. The last frames of strangers
 * come after SYNCED: they are questions, and an elector answers none before that. */
bool board_replay_next(const struct board *b, unsigned worker, unsigned *cursor,
                       struct board_action *out);

/* May this worker use that lane now (`connect`: only ask to dial)? Counted, if not. */
bool board_may(struct board *b, unsigned worker, enum msg_lane lane, bool connect);
/* The place of a role's active worker; -1: none is attached. */
int board_active(const struct board *b, enum msg_who who);
/* The same, if it also has a link and receives new messages. */
int board_open(const struct board *b, enum msg_who who);
const struct board_worker *board_worker(const struct board *b, unsigned worker);
bool board_is_active(const struct board *b, unsigned worker);
struct board_counters board_counters(const struct board *b);

#endif
