/* The peer's pure core: what this server is. It asks for an election, takes what the
 * election decided through Zab's phases, and says "leading" or "following" only when a
 * quorum has durably promised the epoch (design.md, section 7). Event in, actions out,
 * and one deadline; the shell does what the actions say, in order. Leases, stepping down
 * and transfer are not here yet: a PING's zxid (epoch, count), which learners give back,
 * is what they will stand on. */
#ifndef PEER_ROLE_H
#define PEER_ROLE_H

#include "ipc/msg.h"
#include "wire/notif.h"
#include "wire/qconfig.h"
#include "wire/qpacket.h"

#include <stdbool.h>
#include <stdint.h>

#define ROLE_LEARNERS_MAX QCONFIG_SERVERS_MAX
#define ROLE_ACTIONS_MAX  (6 * ROLE_LEARNERS_MAX + 16)
#define ROLE_FIRST_TICKS                                                                 \
	10                 /* to the leader's first word, to the quorum's first words    \
	                    */
#define ROLE_WAIT_TICKS 20 /* the longest wait before looking again */
#define ROLE_EPOCH_MAX  INT32_MAX /* what fits on the wire */
#define ROLE_EPOCH_NONE (-1)      /* no such file */

struct role;

struct role_config {
	int64_t sid;
	bool observer;
	bool zab; /* false: the role is what the election says */
	uint32_t tick_ms;
	uint32_t init_limit;           /* ticks */
	uint32_t sync_limit;           /* ticks */
	const struct qconfig *members; /* borrowed by role_new only */
};

enum role_lane { ROLE_LANE_ELECTION, ROLE_LANE_LEARNER };
enum role_link { ROLE_LINK_DOWN, ROLE_LINK_CONNECTING, ROLE_LINK_UP };

enum role_loss {                    /* why a link is down, as far as the rules care */
	         ROLE_LOSS_OLD,     /* never tried, or ended by us: says nothing about the
	                               remote */
	         ROLE_LOSS_REFUSED, /* nobody is there */
	         ROLE_LOSS_FAILED,  /* an attempt failed otherwise, or nothing answers any
	                               more */
	         ROLE_LOSS_ENDED,   /* it was up and ended */
};

enum role_file { ROLE_FILE_ACCEPTED, ROLE_FILE_CURRENT };

enum role_event_type {
	ROLE_EV_START,   /* active, files read: generation, accepted, current, claim, or
	                    unusable */
	ROLE_EV_CLAIM,   /* claim: is on the disk, and counts from the next look on */
	ROLE_EV_DECIDED, /* serial, state, vote; without zab perhaps once more, with
	                    another epoch of the same leader */
	ROLE_EV_DOUBT,   /* serial, sid */
	ROLE_EV_REMOTE,  /* sid, lane, link, loss */
	ROLE_EV_PORT,    /* open: can others reach our quorum port? Until this says no */
	ROLE_EV_PACKET,  /* sid, packet */
	ROLE_EV_BAD_PACKET, /* sid: what came was none */
	ROLE_EV_WRITTEN,    /* the write in progress has ended: error */
	ROLE_EV_DUE,        /* role_due_ms has come */
	ROLE_EV_LOST,  /* our link to connmgr is gone, and with it every learner link */
	ROLE_EV_AGAIN, /* and is back */
};

struct role_event {
	enum role_event_type type;
	uint64_t now_ms;
	int64_t sid;
	uint64_t generation;
	int64_t accepted; /* ROLE_EPOCH_NONE: a fresh server's */
	int64_t current;
	int64_t claim; /* to freshness, ≥ 0: the zxid of our votes */
	bool unusable; /* the files could not be had: no role until another START */
	struct msg_serial serial;
	enum notif_state state;
	struct vote vote;
	enum role_lane lane;
	enum role_link link;
	enum role_loss loss;
	bool open;
	const struct qpacket *packet; /* borrowed for the call */
	int error;                    /* WRITTEN: 0 or -errno */
};

enum role_phase { ROLE_ELECTION, ROLE_DISCOVERY, ROLE_SYNCHRONIZATION, ROLE_BROADCAST };

enum role_look_reason { /* as enum msg_look_reason */
	                ROLE_LOOK_START,
	                ROLE_LOOK_LEADER,
	                ROLE_LOOK_QUORUM,
	                ROLE_LOOK_TIMEOUT,
	                ROLE_LOOK_REFUSED,
	                ROLE_LOOK_EPOCH,
	                ROLE_LOOK_DOUBT,
	                ROLE_LOOK_DISK,
};

enum role_close { /* why we close a learner link */
	          ROLE_CLOSE_NONE,
	          ROLE_CLOSE_ENDED,     /* our role ended */
	          ROLE_CLOSE_OTHERWISE, /* we are not its leader, and no longer looking */
	          ROLE_CLOSE_SILENT,    /* sync_limit ticks without a word */
	          ROLE_CLOSE_UNEXPECTED, /* a packet out of turn */
	          ROLE_CLOSE_BAD,        /* no packet, or a field out of range */
	          ROLE_CLOSE_NO_ROLE,    /* our epochs are unusable, or roles need no
	                                    learners */
};

enum role_reason { /* why there can be no leader or no promise here */
	           ROLE_REASON_NONE,
	           ROLE_REASON_EPOCHS, /* the files of epochs and claim are unusable; the
	                                  shell knows more */
	           ROLE_REASON_ACCEPTED, /* acceptedEpoch cannot be written; `error` */
	           ROLE_REASON_CURRENT,  /* currentEpoch cannot be written; `error` */
	           ROLE_REASON_USED_UP,  /* no epoch is left in 31 bits */
	           ROLE_REASON_PORT,     /* our quorum port is not open */
};

/* What is told to people and programs. */
struct role_view {
	enum notif_state state; /* LOOKING until the leader is established */
	enum role_phase phase;
	bool has_leader;
	int64_t leader;
	int64_t epoch; /* of the last established leader seen by this core; never falls */
	int64_t round; /* of the last decided vote; a change of it alone is no event */
	bool active;   /* we lead, established */
	enum role_reason reason;
	int error;         /* of reason: -errno; 0: the write is under way still, */
	uint64_t since_ms; /* since then */
};

struct role_packet {
	int32_t type;
	int64_t zxid;
	unsigned char data[20];
	uint8_t data_len; /* 0: none */
};

struct role_look {
	int64_t zxid;
	int64_t epoch;
	int64_t last_round;
	bool gave_up;
	int64_t leader;
	enum role_look_reason reason;
};

enum role_action_type {
	ROLE_ACT_LOOK,    /* serial, look */
	ROLE_ACT_ROLE,    /* serial, state, vote */
	ROLE_ACT_ABSENT,  /* neither: the elector is to be silent until the next LOOK */
	ROLE_ACT_SEND,    /* sid, packet */
	ROLE_ACT_CONNECT, /* sid, learner lane */
	ROLE_ACT_DISCONNECT, /* sid, learner lane, close */
	ROLE_ACT_WRITE,      /* file, epoch; exactly one WRITTEN answers it */
	ROLE_ACT_EVENT,      /* view: something of it changed; at most one, the last */
};

struct role_action {
	enum role_action_type type;
	int64_t sid;
	struct msg_serial serial;
	union {
		struct role_look look;
		struct {
			enum notif_state state;
			struct vote vote;
		} role;
		struct role_packet packet;
		enum role_close close;
		struct {
			enum role_file file;
			int64_t epoch;
		} write;
		struct role_view view;
	} u;
};

struct role_actions { /* caller's memory; role_step empties it first */
	unsigned count;
	struct role_action list[ROLE_ACTIONS_MAX];
};

struct role_learner_view {
	int64_t id;
	enum role_phase phase;
	bool promised;
	bool acked;
	uint64_t last_ms; /* since its last word */
};

/* 0; -EINVAL: members that count no quorum (quorum_init); -ENOMEM. */
int role_new(struct role **out, const struct role_config *config);
void role_free(struct role *r); /* NULL is allowed */
void role_step(struct role *r, const struct role_event *ev, struct role_actions *out);
uint64_t role_due_ms(const struct role *r); /* UINT64_MAX: never */

void role_get_view(const struct role *r, struct role_view *out);
int64_t role_accepted(const struct role *r); /* on the disk; 0 before the first */
int64_t role_current(const struct role *r);
int64_t role_claim(const struct role *r); /* the newest, which the next look takes */
/* The learners of a leader; returns how many were put into `out`. */
unsigned role_get_learners(const struct role *r, uint64_t now_ms,
                           struct role_learner_view out[ROLE_LEARNERS_MAX]);

const char *role_phase_name(enum role_phase p);
const char *role_state_name(enum notif_state s); /* "looking" … */
const char *role_close_name(enum role_close c);

#endif
