/* Every message between the processes of one server: its name, who sends it, who receives
 * it, its fields and its codec. This is the map of the system; the table in msg.c says it
 * in data.
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

#define MSG_SET       6     /* version of this message set */
#define MSG_FRAME_MAX 60000 /* of one remote; connmgr drops larger ones */
#define MSG_MAX       (MSG_FRAME_MAX + 64)
#define MSG_PATH_MAX  108
#define MSG_BUILD_MAX 32
#define MSG_ALL       INT64_MIN /* connect, disconnect: every remote */
/* Bytes of the texts of `members` together: two memberships of the longest names fit. */
#define MSG_MEMBERS_MAX MSG_FRAME_MAX
#define MSG_WHERE_MAX   160

enum msg_type {
	/* A worker asks at connmgr's door to be attached. */
	MSG_ATTACH = 1,
	/* The answer: the worker dials this address. */
	MSG_ATTACHED,
	/* The other answer: another process holds the role, so the worker exits. */
	MSG_SUPERSEDED,
	/* A worker's first message on a link, and after activate. */
	MSG_HELLO,
	/* connmgr answers the first hello of a link. */
	MSG_WELCOME,
	/* connmgr makes the worker the active one: it forgets what it worked out as a
	 * shadow, and says hello. */
	MSG_ACTIVATE,
	/* connmgr has sent everything that was known when the worker said hello. */
	MSG_SYNCED,
	/* The link to another server changed. */
	MSG_REMOTE,
	/* A frame of another server: election lane to the elector, learner lane to the
	 * peer. */
	MSG_FRAME_IN,
	/* A frame for another server. */
	MSG_FRAME_OUT,
	/* A worker asks connmgr to dial (election lane: all; learner lane: one), or to
	 * close a link. */
	MSG_CONNECT,
	MSG_DISCONNECT,
	/* The peer asks for a leader. */
	MSG_LOOK,
	/* The elector has found one. To an elector: what the last elector found. */
	MSG_DECIDED,
	/* The elector tells the peer: your leader looks in a higher round. */
	MSG_DOUBT,
	/* The peer says its state and vote, with which the elector answers remotes. */
	MSG_ROLE,
	/* There is no peer, or it cannot take part: the elector is silent until a look.
	 */
	MSG_ABSENT,
	/* The elector's vote, before the first frame that carries it. To an elector: what
	 * the last elector said. */
	MSG_STATE,
	/* The peer: this connection of the learner lane is the link now, so connmgr does
	 * not close it for room. */
	MSG_TAKE,
	/* The peer: who the members are, and whom else to link. */
	MSG_MEMBERS,
	/* The elector: where a server is that leads newer members, and is none of ours
	 * (N9).
	 */
	MSG_WHERE,
	MSG_TYPES,
};

/* Bits: who sends, who receives. */
enum msg_party { MSG_CONNMGR = 1, MSG_ELECTOR = 2, MSG_PEER = 4 };

enum msg_who { MSG_WHO_ELECTOR = 1, MSG_WHO_PEER = 2 };
enum msg_lane { MSG_LANE_ELECTION = 1, MSG_LANE_LEARNER = 2 };
enum msg_link { MSG_LINK_DOWN = 1, MSG_LINK_CONNECTING = 2, MSG_LINK_UP = 3 };

/* Why a link is as it is; also why a worker asks to close it. */
enum msg_reason {
	MSG_REASON_NONE,
	MSG_REASON_NEVER,
	/* Nobody is there: refused, or reset while connecting. */
	MSG_REASON_REFUSED,
	/* No answer to the attempt to connect, or to keepalive. */
	MSG_REASON_TIMEOUT,
	/* The host name has no address. */
	MSG_REASON_RESOLVE,
	MSG_REASON_UNREACHABLE,
	MSG_REASON_EOF,
	MSG_REASON_RESET,
	/* A newer connection of the same sid took its place. */
	MSG_REASON_REPLACED,
	/* What came was no frame. */
	MSG_REASON_PROTOCOL,
	/* The queue of the learner lane is full. */
	MSG_REASON_FULL,
	MSG_REASON_ASKED,
	/* Our own peer, or its link to connmgr, ended. */
	MSG_REASON_ABSENT,
	/* An error of this host. */
	MSG_REASON_LOCAL,
	/* The server is there: its side, or ours, has refused the TLS handshake. */
	MSG_REASON_TLS,
	/* The same, since whoever is there is not the server that it should be. */
	MSG_REASON_IDENTITY,
	MSG_REASONS,
};

/* Ties look, decided, role, state and doubt together: the peer's generation, and a count
 * within that generation. Compared as a pair; (0, 0) is none, and in no message. */
struct msg_serial {
	uint64_t generation;
	uint64_t count;
};

struct msg_attach {
	uint8_t who; /* enum msg_who */
	char name[PATHS_NAME_MAX];
	int64_t pid;
	char build[MSG_BUILD_MAX]; /* CONCLAVE_VERSION: as a name, and `+~` */
	uint8_t set;               /* MSG_SET */
	uint64_t generation;       /* 0: never active in this process's life */
};

struct msg_attached {
	uint64_t generation;     /* 0: a shadow for now; else that of the attach */
	char path[MSG_PATH_MAX]; /* of the link's socket, to be dialled by a deadline */
};

struct msg_superseded {
	bool other_name; /* another name is in use (exit 85); else exit 1 */
};

struct msg_hello { /* hello, welcome, activate */
	uint64_t generation;
};

struct msg_remote {
	uint8_t lane; /* enum msg_lane */
	/* Any but MSG_ALL, as in frames and doubts. On the learner lane also our own: up,
	 * our quorum port listens; down, it cannot. */
	int64_t sid;
	uint8_t link;   /* enum msg_link */
	uint8_t reason; /* enum msg_reason: of the last end or failed attempt */
	bool was_up;    /* this connmgr has had a link to it on this lane */
	/* Learner lane: the connection that came up or ended. There may be several for
	 * one sid. No number is given twice before the machine is started again. 0: of no
	 * connection: an attempt to dial has begun or failed, or it is our own port; and
	 * always on the election lane. */
	uint64_t number;
	bool dialled; /* we dialled that connection, since the peer asked for it */
};

struct msg_frame { /* frame_in, frame_out */
	uint8_t lane;
	int64_t sid;
	/* Learner lane: of the connection, as in `remote`; connmgr and the peer drop a
	 * frame of a connection that they do not have any more. Election lane: 0. */
	uint64_t number;
	const unsigned char *data; /* borrowed; 1 … MSG_FRAME_MAX bytes */
	size_t data_len;
};

struct msg_connect { /* connect, disconnect */
	uint8_t lane;
	int64_t sid; /* or MSG_ALL */
	/* disconnect on the learner lane: the connection to close, as in `remote`; 0:
	 * stop dialling. Otherwise 0. */
	uint64_t number;
	uint8_t reason;
};

struct msg_take {
	int64_t sid;
	uint64_t number; /* of a connection, as in `remote` */
};

struct msg_look {
	struct msg_serial serial;
	/* Our own vote. The sid is not negative; a voter votes for itself. */
	int64_t sid;
	int64_t zxid;
	int64_t epoch;      /* current epoch */
	int64_t last_round; /* of the vote that the last look ended with; 0: none */
	bool gave_up;       /* this look gives up `leader` */
	int64_t leader;
	uint8_t reason; /* enum msg_look_reason */
};

enum msg_look_reason {
	MSG_LOOK_START,
	MSG_LOOK_LEADER,
	/* We led and lost our quorum. */
	MSG_LOOK_QUORUM,
	MSG_LOOK_TIMEOUT,
	/* The elected server turned us away. */
	MSG_LOOK_REFUSED,
	/* Its epoch is below what we promised, or a fresher server appeared. */
	MSG_LOOK_EPOCH,
	MSG_LOOK_DOUBT,
	/* The epoch could not be written. */
	MSG_LOOK_DISK,
	/* We are no member of the group that is to be led, or gave up our record. */
	MSG_LOOK_MEMBERS,
	/* The leader has handed its leadership over: we did, or the one that we followed.
	 */
	MSG_LOOK_RELEASED,
	MSG_LOOK_REASONS,
};

struct msg_doubt {
	struct msg_serial serial; /* of the role */
	int64_t sid;
};

struct msg_vote { /* decided, role, state */
	/* Of the look that is answered, or goes on. A role counts on from the looks:
	 * connmgr keeps the newer of the two. */
	struct msg_serial serial;
	/* Its state is FOLLOWING, LEADING or OBSERVING, and its epoch the new one once
	 * that is established. Of `state`: the proposal with the logical clock as round,
	 * and no state. It never has a version. */
	struct vote vote;
};

/* Borrowed, not NUL-terminated; printable characters and line feeds. */
struct msg_text {
	const char *at;
	size_t len;
};

/* Each text describes servers as ZooKeeper's configuration does (wire/qconfig.h), with
 * their addresses and, in hexadecimal, the version. MSG_MEMBERS_MAX bounds them together:
 * where they do not fit, the peer leaves `links` out. The peer says them whenever they
 * change, and before all else when it has become active or has attached again: a connmgr
 * that was started again has only our file until then. */
struct msg_members {
	/* This server has no record (N1), so that it may follow whoever leads (N9). */
	bool joins;
	/* The membership in force; without a record, what our file says. Not empty. */
	struct msg_text current;
	/* The new one of a joint record: what counts, counts in both. "": none. */
	struct msg_text last_seen;
	/* The servers in neither that are to be linked, all as participants, since a text
	 * of observers alone is none. "": none. */
	struct msg_text links;
};

struct msg_where {
	int64_t sid;
	/* as in a line of struct msg_members, up to the role; 1 … MSG_WHERE_MAX bytes */
	struct msg_text at;
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
		struct msg_take take;
		struct msg_look look; /* the serial is the first of these, too */
		struct msg_doubt doubt;
		struct msg_vote decided, role, state;
		struct msg_members members;
		struct msg_where where;
	} u;
};

/* What connmgr retains for a worker that attaches later; the replay has this order. Each
 * member between MSG_KEEP_NOTHING and MSG_KEEP_NOTES is one place for one message,
 * whatever its type: two types that name the same place replace each other. */
enum msg_keep {
	MSG_KEEP_NOTHING,
	/* The newest members, which outlive the peer's process. Others than before begin
	 * a new replay for each elector; the same bytes are not passed on again. */
	MSG_KEEP_MEMBERS,
	/* The newest state. One with the same bytes is not passed on again. */
	MSG_KEEP_STATE,
	/* The newest look or role, by serial. An absent replaces it, and drops decided.
	 */
	MSG_KEEP_WORD,
	/* The newest decided. */
	MSG_KEEP_DECIDED,
	/* Bounds the places above, and is no place itself. */
	MSG_KEEP_NOTES,
	/* Election lane: the newest of each remote. Learner lane: the newest of our own
	 * port.
	 */
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
/* `out` is scratch unless MSG_OK; the bytes of a frame and the texts of members are
 * borrowed from `data`. */
enum msg_result msg_decode(const void *data, size_t len, struct msg *out);
/* <0, 0, >0: a is older, the same, newer. */
int msg_serial_compare(const struct msg_serial *a, const struct msg_serial *b);

const char *msg_link_name(enum msg_link l);     /* "up" "down" "connecting" */
const char *msg_reason_name(enum msg_reason r); /* one word, "" for none */
/* The attempt failed after a process had answered it (TLS, IDENTITY): whatever it says of
 * that process, it is no sign that the server is down. */
bool msg_reason_is_answer(enum msg_reason r);
const char *msg_look_reason_name(enum msg_look_reason r);

#endif
