/* The connection to one remote on one lane: when to dial, which connection to keep, what
 * to tell. One for each configured remote and lane.
 *
 * Election lane, QuorumCnxManager's rule: the larger sid keeps the connection that it
 * opened. We are the larger: we dial; a connection from the remote is a nudge, closed and
 * answered by dialling the configured address. We are the smaller: what we dial is the
 * nudge, the remote's own connection is the link. A new connection of the remote replaces
 * the old. Where ours differs: a nudge does not end a link that works before the new one
 * stands, and one that comes within LINK_SETTLE_MS of the link is the other end's dial
 * crossing ours. Learner lane: either side's connection is the link; one dial for each
 * request.
 *
 * The shell holds at most three connections for a link: the one being dialled, the one
 * accepted (during LINK_EV_ACCEPTED only) and the one in use. */
#ifndef CONNMGR_LINK_H
#define CONNMGR_LINK_H

#include "ipc/msg.h"

#include <stdbool.h>
#include <stdint.h>

#define LINK_SETTLE_MS   1000
#define LINK_RESTLESS_MS 30000
#define LINK_ACTIONS_MAX 8
#define LINK_UPS_MAX                                                                     \
	20 /* within LINK_RESTLESS_MS: more is no accident. A connmgr that               \
	    keeps dying comes some 13 times, a twin 30 times or more */

enum link_event_type {
	LINK_EV_START,       /* once, at first */
	LINK_EV_DIALED,      /* the connection being dialled stands, nothing sent yet */
	LINK_EV_DIAL_FAILED, /* it does not: gone, with a reason */
	LINK_EV_DIAL_CLOSED, /* it was nudging and the remote ended it: gone */
	LINK_EV_ACCEPTED,    /* a connection of this sid has said its initial message */
	LINK_EV_CLOSED,      /* the connection in use is gone, with a reason */
	LINK_EV_FRAME,       /* a frame came on it */
	LINK_EV_CONNECT,     /* a worker asks to dial now */
	LINK_EV_DISCONNECT,  /* a worker asks to close, or must lose it: with a reason */
	LINK_EV_DUE,
};

struct link_event {
	enum link_event_type type;
	uint64_t now_ms;
	enum msg_reason reason;
};

enum link_action_type {
	LINK_DO_DIAL,       /* begin a connection to address number `address` */
	LINK_DO_CANCEL,     /* close the one being dialled or nudging, if there is one */
	LINK_DO_NUDGE,      /* say our initial message on it, and only that */
	LINK_DO_USE_DIALED, /* it is the link now; the initial message goes first */
	LINK_DO_USE_ACCEPTED, /* the accepted one is the link now */
	LINK_DO_REFUSE,       /* close the accepted one */
	LINK_DO_CLOSE,        /* close the one in use */
	LINK_DO_TELL,         /* status, reason, was_up, fresh */
};

struct link_action {
	enum link_action_type type;
	unsigned address;
	enum msg_link status;
	enum msg_reason reason;
	bool was_up;
};

struct link_actions { /* DIAL and NUDGE, which may fail at once, are always the last */
	unsigned count;
	struct link_action list[LINK_ACTIONS_MAX];
};

struct link_config {
	enum msg_lane lane;
	bool larger; /* our sid is the larger */
	unsigned address_count;
	uint32_t connect_ms;
	uint32_t retry_min_ms;
	uint32_t retry_max_ms;
};

enum link_phase {
	LINK_IDLE,    /* nothing under way */
	LINK_WAITING, /* to dial, until due_ms */
	LINK_DIALING, /* until due_ms */
	LINK_NUDGED,  /* for the remote to call back, until due_ms */
};

struct link {
	struct link_config config;
	enum link_phase phase;
	uint64_t due_ms;
	unsigned address;    /* dialled last */
	unsigned left;       /* addresses left to try in this round */
	uint64_t dialed_ms;  /* when a round began last */
	bool dialed;         /* at all */
	uint32_t backoff_ms; /* 0: dial at once */
	bool up;
	bool nudged;        /* at all */
	uint64_t nudged_ms; /* when a nudge last made us dial */
	bool mine;          /* we dialled it */
	bool proved;        /* a frame came on it */
	uint64_t up_ms;
	bool was_up;          /* ever */
	unsigned ups;         /* how often it came up, */
	uint64_t ups_ms;      /* counted since */
	uint64_t restless_ms; /* until then it counts as restless */
	enum msg_link told;   /* the last TELL */
	enum msg_reason told_reason;
};

void link_init(struct link *l, const struct link_config *config);
void link_step(struct link *l, const struct link_event *ev, struct link_actions *out);
uint64_t link_due_ms(const struct link *l); /* UINT64_MAX: never */
/* It comes up and ends again and again, as where two remotes have one sid. */
bool link_is_restless(const struct link *l, uint64_t now_ms);

#endif
