/* The connections to one configured remote on the learner lane: which of them there is
 * room for, when to dial, and what to tell the peer. Each connection has a number, and
 * the peer's core decides what becomes of it: connmgr reads no payload, so it cannot know
 * whether a connection is from the server that it names.
 *
 * There are PLACES_MAX places: one for the connection that the peer uses, two beside it.
 * A newcomer gets one. It takes that of the oldest connection from which no frame
 * has come yet; else of the oldest that was accepted; else of the oldest that we dialled;
 * and never of the one in use. The peer is told of an accepted connection with its first
 * frame: a bare greeting costs the peer nothing. One that brings no frame within first_ms
 * is closed.
 *
 * A flood does not take the time of all others: an accepted connection that brings more
 * than PLACES_FRAMES_MAX frames in PLACES_WINDOW_MS is closed. After a connection was
 * closed because it brought or kept too much, newcomers are refused for PLACES_CALM_MS.
 *
 * The shell holds a connection for each place that is not free, the one that is dialled,
 * and the one that was accepted (during PLACES_EV_ACCEPTED only). */
#ifndef CONNMGR_PLACES_H
#define CONNMGR_PLACES_H

#include "ipc/msg.h"

#include <stdbool.h>
#include <stdint.h>

#define PLACES_MAX         3
#define PLACES_ACTIONS_MAX 8
/* A learner of the shortest tick sends a third of this. */
#define PLACES_FRAMES_MAX 4000
#define PLACES_WINDOW_MS  1000
#define PLACES_CALM_MS    1000

/* With the members of struct places_event that belong to each. */
enum places_event_type {
	/* The peer asks for a connection: dials each address once. */
	PLACES_EV_CONNECT,
	/* number: the dialled connection stands; nothing was sent yet. */
	PLACES_EV_DIALED,
	/* reason */
	PLACES_EV_DIAL_FAILED,
	/* number: a connection from this sid has sent its initial message. */
	PLACES_EV_ACCEPTED,
	/* number: a frame has come; it is passed on after this event, if the connection
	 * stands. */
	PLACES_EV_FRAME,
	/* number, reason: the connection has ended. */
	PLACES_EV_CLOSED,
	/* number: the peer uses this connection. */
	PLACES_EV_TAKE,
	/* number, reason: close it; number 0: stop dialling. */
	PLACES_EV_DISCONNECT,
	/* reason: close all, and stop dialling. */
	PLACES_EV_PART,
	/* address_count: the remote has other addresses. Connections stay. */
	PLACES_EV_MOVED,
	PLACES_EV_DUE,
};

struct places_event {
	enum places_event_type type;
	uint64_t now_ms;
	/* Of DIALED and ACCEPTED: a new one, larger than all before. */
	uint64_t number;
	enum msg_reason reason;
	unsigned address_count;
};

enum places_action_type {
	/* Connect to address number `address`. */
	PLACES_DO_DIAL,
	PLACES_DO_CANCEL,
	/* The connection that was dialled, or accepted, gets `place`. */
	PLACES_DO_USE_DIALED,
	PLACES_DO_USE_ACCEPTED,
	/* Close the connection at `place`, for `reason`. */
	PLACES_DO_CLOSE,
	/* Tell the peer: status, reason, number, dialled, was_up. */
	PLACES_DO_TELL,
};

struct places_action {
	enum places_action_type type;
	unsigned address;
	unsigned place;
	enum msg_link status;
	enum msg_reason reason;
	uint64_t number;
	bool dialled;
	bool was_up;
};

struct places_actions {
	unsigned count;
	struct places_action list[PLACES_ACTIONS_MAX];
};

struct places_config {
	unsigned address_count;
	uint32_t connect_ms;
	uint32_t first_ms;
};

struct places_conn {
	uint64_t number; /* 0: the place is free */
	bool dialled;
	bool told;
	bool used;
	uint64_t due_ms; /* of the first frame; UINT64_MAX: it has come, or need not */
	/* Its frames since the window began; of an accepted one. */
	uint64_t window_ms;
	unsigned frames;
};

struct places {
	struct places_config config;
	struct places_conn list[PLACES_MAX];
	bool dialing;
	uint64_t due_ms;  /* when this attempt to dial is given up */
	unsigned address; /* dialled last */
	/* As in struct link: what the attempts at other addresses do not undo. */
	enum msg_reason answer;
	bool was_up;      /* the peer was told of a connection before */
	uint64_t calm_ms; /* until then newcomers are refused */
};

void places_init(struct places *p, const struct places_config *config);
void places_step(struct places *p, const struct places_event *ev,
                 struct places_actions *out);
uint64_t places_due_ms(const struct places *p); /* UINT64_MAX: never */
/* The place of a connection; -1: there is none with that number. */
int places_find(const struct places *p, uint64_t number);
/* The place of the connection in use; -1: none is. */
int places_used(const struct places *p);

#endif
