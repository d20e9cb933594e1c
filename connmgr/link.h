/* The link to one configured remote on the election lane: when to dial, which connection
 * to keep, and what to tell the workers.
 *
 * It has QuorumCnxManager's rule: the larger sid keeps the connection that
 * it opened. If our sid is the larger, we dial; a connection from the remote is a nudge,
 * which we close and answer by dialling the configured address. If ours is the smaller,
 * our connection is the nudge, and the remote's own one is the link. A new connection of
 * the remote replaces the old one. Where ours differs: a nudge does not end a link that
 * works before the new connection stands, and a nudge within LINK_SETTLE_MS of the link
 * coming up is ignored, since it crossed our connection on the way.
 *
 * The shell holds at most three connections for a link: the one that is dialled, the one
 * that was accepted (during LINK_EV_ACCEPTED only) and the one in use. */
#ifndef CONNMGR_LINK_H
#define CONNMGR_LINK_H

#include "ipc/msg.h"

#include <stdbool.h>
#include <stdint.h>

#define LINK_SETTLE_MS   1000
#define LINK_RESTLESS_MS 30000
#define LINK_ACTIONS_MAX 8
/* A link that comes up more often than that in LINK_RESTLESS_MS is restless: a connmgr
 * that keeps crashing brings it up some 13 times, a second server of the same sid 30
 * times. */
#define LINK_UPS_MAX 20

enum link_event_type {
	LINK_EV_START,       /* the first event */
	LINK_EV_DIALED,      /* the dialled connection stands; nothing was sent yet */
	LINK_EV_DIAL_FAILED, /* the dialled connection failed: reason */
	LINK_EV_DIAL_CLOSED, /* the remote closed the connection that nudged it: reason */
	LINK_EV_ACCEPTED,    /* a connection from this sid has sent its initial message */
	LINK_EV_CLOSED,      /* the connection in use has ended: reason */
	LINK_EV_FRAME,       /* the first frame came on the connection in use */
	LINK_EV_CONNECT,     /* a worker asks to dial now */
	LINK_EV_DISCONNECT,  /* a worker asks to close, or loses the link: reason */
	LINK_EV_MOVED,       /* the remote has other addresses: address_count */
	LINK_EV_DUE,
};

struct link_event {
	enum link_event_type type;
	uint64_t now_ms;
	enum msg_reason reason;
	unsigned address_count;
};

enum link_action_type {
	LINK_DO_DIAL,         /* connect to address number `address` */
	LINK_DO_CANCEL,       /* close the connection that is dialled or nudges */
	LINK_DO_NUDGE,        /* send our initial message on it, and only that */
	LINK_DO_USE_DIALED,   /* use it: send our initial message, then frames */
	LINK_DO_USE_ACCEPTED, /* use the accepted connection */
	LINK_DO_REFUSE,       /* close the accepted connection */
	LINK_DO_CLOSE,        /* close the connection in use */
	LINK_DO_TELL,         /* tell the workers: status, reason, was_up */
};

struct link_action {
	enum link_action_type type;
	unsigned address;
	enum msg_link status;
	enum msg_reason reason;
	bool was_up;
};

struct link_actions {
	unsigned count;
	struct link_action list[LINK_ACTIONS_MAX];
};

struct link_config {
	bool larger; /* our sid is the larger */
	unsigned address_count;
	uint32_t connect_ms;
	uint32_t retry_min_ms;
	uint32_t retry_max_ms;
};

enum link_phase {
	LINK_IDLE,    /* nothing is under way */
	LINK_WAITING, /* dials at due_ms */
	LINK_DIALING, /* gives up at due_ms */
	LINK_NUDGED,  /* waits for the remote to connect, until due_ms */
};

struct link {
	struct link_config config;
	enum link_phase phase;
	uint64_t due_ms;
	unsigned address;   /* dialled last */
	unsigned left;      /* addresses left to try in this round */
	uint64_t dialed_ms; /* when a round began last */
	bool dialed;        /* a round has begun at all */
	/* Of an attempt of this round that a process has answered, which the attempts at
	 * other addresses do not undo: TLS or IDENTITY; else NONE. */
	enum msg_reason answer;
	uint32_t backoff_ms; /* 0: dial at once */
	bool up;
	bool asked;        /* a nudge, or a new address, has made us dial at all */
	uint64_t asked_ms; /* when one last made us dial */
	bool mine;         /* we dialled the connection in use */
	bool proved;       /* a frame came on the connection in use */
	uint64_t up_ms;
	bool was_up;  /* it has been up before */
	unsigned ups; /* how often it came up since ups_ms */
	uint64_t ups_ms;
	uint64_t restless_ms; /* it is restless until then */
	enum msg_link told;   /* by the last TELL */
	enum msg_reason told_reason;
};

void link_init(struct link *l, const struct link_config *config);
void link_step(struct link *l, const struct link_event *ev, struct link_actions *out);
uint64_t link_due_ms(const struct link *l); /* UINT64_MAX: never */
/* The link comes up and ends again and again, as where two servers have one sid. */
bool link_is_restless(const struct link *l, uint64_t now_ms);

#endif
