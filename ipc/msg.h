/* Every message between the processes of one server: its name, who sends it, who receives
 * it, its fields and its codec. This is the map of the system; msg_table says it in data.
 *
 * On a link or at connmgr's door one packet is one message: magic u16 (0x436c), set u8
 * (MSG_SET), type u8, then the fields in the order of the structs below, integers
 * big-endian, bool as one byte 0 or 1, text as u16 length and bytes, `data` as the rest
 * of the packet. A decoder refuses what is short, long, unknown or out of range; the
 * receiver counts it and goes on. Messages carry state, not deltas. */
#ifndef IPC_MSG_H
#define IPC_MSG_H

#include "base/paths.h"
#include "wire/vote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MSG_SET       2     /* version of this message set */
#define MSG_FRAME_MAX 60000 /* of one remote; larger ones stop in connmgr */
#define MSG_MAX       (MSG_FRAME_MAX + 64)
#define MSG_PATH_MAX  108
#define MSG_BUILD_MAX 32
#define MSG_ALL       INT64_MIN /* connect, disconnect: every remote */

enum msg_type {
	MSG_ATTACH = 1, /* worker → connmgr's door: count me in */
	MSG_ATTACHED,   /* the answer: come to this address */
	MSG_SUPERSEDED, /* the other answer: somebody else holds your role; exit */
	MSG_HELLO,      /* worker → connmgr, first on a link and after activate */
	MSG_WELCOME,    /* connmgr → worker: answers the first hello of a link */
	MSG_ACTIVATE,   /* connmgr → worker: you count now; begin anew, say hello */
	MSG_SYNCED,     /* connmgr → worker: everything known so far was sent */
	MSG_REMOTE,     /* connmgr → worker: a link to another server changed */
	MSG_FRAME_IN,   /* connmgr → elector (election lane), peer (learner lane) */
	MSG_FRAME_OUT,  /* the way back */
	MSG_CONNECT,    /* worker → connmgr: dial (election: all; learner: one) */
	MSG_DISCONNECT, /* worker → connmgr: close */
	MSG_LOOK,       /* peer → elector: find a leader */
	MSG_DECIDED, /* elector → peer: found; connmgr → elector: the last one found */
	MSG_DOUBT,   /* elector → peer: whom we follow looks in a higher round */
	MSG_ROLE,    /* peer → elector: what we are; answer remotes with it */
	MSG_ABSENT,  /* connmgr, peer → elector: there is no peer, or none that can take
	                part; silent till it looks */
	MSG_STATE,   /* elector → connmgr: before the first frame with it;
	                connmgr → elector: what the last elector said */
	MSG_TYPES,   /* one more than the last */
};

enum msg_party { /* bits: who sends, who receives */
	         MSG_CONNMGR = 1,
	         MSG_ELECTOR = 2,
	         MSG_PEER = 4,
};

enum msg_who { MSG_WHO_ELECTOR = 1, MSG_WHO_PEER = 2 };
enum msg_lane { MSG_LANE_ELECTION = 1, MSG_LANE_LEARNER = 2 };
enum msg_link { MSG_LINK_DOWN = 1, MSG_LINK_CONNECTING = 2, MSG_LINK_UP = 3 };

/* Why a link is as it is; also why one asks to close it. */
enum msg_reason {
	MSG_REASON_NONE,
	MSG_REASON_NEVER,   /* not tried yet */
	MSG_REASON_REFUSED, /* connection refused or reset while connecting: nobody there
	                     */
	MSG_REASON_TIMEOUT, /* no answer to connect, or none to keepalive */
	MSG_REASON_RESOLVE, /* the host name has no address */
	MSG_REASON_UNREACHABLE,
	MSG_REASON_EOF,      /* the remote closed */
	MSG_REASON_RESET,    /* the remote reset */
	MSG_REASON_REPLACED, /* a newer connection of the same sid took its place */
	MSG_REASON_PROTOCOL, /* what came was no frame */
	MSG_REASON_FULL,     /* the learner lane's queue is full */
	MSG_REASON_ASKED,    /* a worker asked */
	MSG_REASON_ABSENT,   /* our own peer, or its link to connmgr, ended */
	MSG_REASON_LOCAL,    /* an error of this host */
	MSG_REASONS,
};

/* Ties look, decided, role, state and doubt together: the peer's generation, and a count
 * within it. Compared as a pair; (0, 0) is none, and in no message. */
struct msg_serial {
	uint64_t generation;
	uint64_t count;
};

struct msg_attach {
	uint8_t who;               /* enum msg_who */
	char name[PATHS_NAME_MAX]; /* letters, digits, `._-`; not empty */
	int64_t pid;
	char build[MSG_BUILD_MAX]; /* CONCLAVE_VERSION; as a name, and `+~` */
	uint8_t set;               /* MSG_SET */
	uint64_t generation;       /* 0: never active in this process's life */
};

struct msg_attached {
	uint64_t generation; /* 0: a shadow for now; else the one that you came with */
	char path[MSG_PATH_MAX]; /* of the link's socket; dial it within the deadline */
};

struct msg_superseded {
	bool other_name; /* another name is in use (exit 85), else exit 1 */
};

struct msg_hello { /* hello, welcome, activate */
	uint64_t generation;
};

struct msg_remote {
	uint8_t lane;   /* enum msg_lane */
	int64_t sid;    /* any but MSG_ALL, here and in frames and doubts; on the learner
	                   lane also our own: up, our quorum port listens; down, it cannot
	                 */
	uint8_t link;   /* enum msg_link */
	uint8_t reason; /* enum msg_reason: of the last end or failed try */
	bool was_up;    /* this connmgr has had a link to it on this lane */
};

struct msg_frame { /* frame_in, frame_out */
	uint8_t lane;
	int64_t sid;
	const unsigned char *data; /* borrowed; 1 … MSG_FRAME_MAX bytes */
	size_t data_len;
};

struct msg_connect { /* connect, disconnect */
	uint8_t lane;
	int64_t sid; /* or MSG_ALL */
	uint8_t reason;
};

struct msg_look {
	struct msg_serial serial;
	int64_t sid; /* our own vote, not negative; leader is sid for a voter */
	int64_t zxid;
	int64_t epoch;      /* current epoch */
	int64_t last_round; /* of the vote that the last look ended with; 0: none */
	bool gave_up;       /* this look gives up `leader` */
	int64_t leader;
	uint8_t reason; /* enum msg_look_reason */
};

enum msg_look_reason {
	MSG_LOOK_START,   /* the first */
	MSG_LOOK_LEADER,  /* the leader is gone */
	MSG_LOOK_QUORUM,  /* we led and lost our quorum */
	MSG_LOOK_TIMEOUT, /* a phase took too long */
	MSG_LOOK_REFUSED, /* the elected server turned us away */
	MSG_LOOK_EPOCH,   /* its epoch is below what we promised, or a fresher server
	                     appeared */
	MSG_LOOK_DOUBT,   /* the leader itself is looking */
	MSG_LOOK_DISK,    /* the epoch could not be written */
	MSG_LOOK_REASONS,
};

struct msg_decided {
	struct msg_serial serial; /* of the look that it answers */
	struct vote vote;         /* state: FOLLOWING, LEADING or OBSERVING; no version */
};

struct msg_doubt {
	struct msg_serial serial; /* of the role */
	int64_t sid;
};

struct msg_role {
	struct msg_serial
	    serial; /* same counter as look: connmgr keeps the newer of the two */
	struct vote
	    vote; /* state as in decided; the epoch is the new one once established */
};

struct msg_state {
	struct msg_serial serial; /* of the look */
	struct vote vote; /* proposal; vote.round is the logical clock; no state */
};

struct msg {
	enum msg_type type;
	union {
		struct msg_attach attach;
		struct msg_attached attached;
		struct msg_superseded superseded;
		struct msg_hello hello; /* HELLO, WELCOME, ACTIVATE */
		struct msg_remote remote;
		struct msg_frame frame;     /* FRAME_IN, FRAME_OUT */
		struct msg_connect connect; /* CONNECT, DISCONNECT */
		struct msg_look look;
		struct msg_decided decided;
		struct msg_doubt doubt;
		struct msg_role role;
		struct msg_state state;
	} u;
};

/* What connmgr retains for a worker that attaches later, which is told in this order. */
enum msg_keep {
	MSG_KEEP_NOTHING,
	/* The newest. */
	MSG_KEEP_STATE,
	/* The newest by serial of look and role. An absent replaces it, and drops
	   decided. */
	MSG_KEEP_WORD,
	/* The newest. */
	MSG_KEEP_DECIDED,
	/* The newest of each lane and remote. */
	MSG_KEEP_REMOTE,
	/* Election lane: the newest of each remote on its present link. */
	MSG_KEEP_FRAME,
};

struct msg_def {
	const char *name;
	/* Who may send it, and who receives it: bits of enum msg_party. Of a message that
	 * goes by lane, the lane says which of them does. */
	uint8_t from;
	uint8_t to;
	enum msg_keep keep;
};

enum msg_result {
	MSG_OK,
	MSG_SHORT,
	MSG_LONG,
	MSG_MAGIC,
	MSG_VERSION, /* another message set */
	MSG_UNKNOWN,
	MSG_RANGE, /* a field outside of what its comment says */
};

enum msg_party msg_party(enum msg_who who);
/* NULL for a type that is none. */
const struct msg_def *msg_def(enum msg_type type);
/* Encodes; returns the length, 0 if a field is out of range or there is no room. */
size_t msg_encode(const struct msg *m, void *out, size_t cap);
/* `out` is scratch unless MSG_OK; a frame's bytes are borrowed from `data`. */
enum msg_result msg_decode(const void *data, size_t len, struct msg *out);
/* <0, 0, >0: a is older, the same, newer. */
int msg_serial_compare(const struct msg_serial *a, const struct msg_serial *b);

const char *msg_result_name(enum msg_result r);
const char *msg_link_name(enum msg_link l);     /* "up" "down" "connecting" */
const char *msg_reason_name(enum msg_reason r); /* one word, "" for none */
const char *msg_look_reason_name(enum msg_look_reason r);

#endif
