/* One kind of TCP link, to all remotes: the election lane (election_port) or the learner
 * lane (quorum_port). The shell around link.h: it listens and dials, and carries frames
 * and the states of links between the remotes and the board. What happens on it is pushed
 * to the gate. */
#ifndef CONNMGR_LANE_H
#define CONNMGR_LANE_H

#include "connmgr/board.h"
#include "connmgr/dial.h"
#include "connmgr/greet.h"
#include "connmgr/link_stranger.h"
#include "connmgr/wire.h"
#include "proc/gate.h"

#define LANE_ADDRESSES_MAX 16 /* of one remote */

struct lane_remote;

/* What passes connmgr's gate (proc/gate.h): the events of its cores, and what its shell
 * does about links inside of this server. */
enum connmgr_event_kind {
	EVENT_BOARD,   /* board */
	EVENT_LINK,    /* link */
	EVENT_TELL,    /* remote: to the board, and thus to the workers */
	EVENT_MESSAGE, /* message: of a worker */
	EVENT_LOST,    /* lost: the link of a worker */
};

struct connmgr_event {
	enum connmgr_event_kind kind;
	union {
		struct board_event board;
		struct {
			struct lane_remote *remote;
			struct link_event event;
		} link;
		struct msg_remote remote;
		struct {
			unsigned worker;
			const void *data; /* borrowed: pushed while the gate is idle */
			size_t len;
		} message;
		struct {
			unsigned worker;
			const char *why;
			bool ours; /* we end it, unless it has ended meanwhile */
		} lost;
	} u;
};

struct lane_config {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	/* How many connections may greet at one time. */
	unsigned greetings_max;
	/* The learner lane accepts connections only while there is a peer. */
	const struct board *board;
	struct gate *gate; /* of struct connmgr_event */
};

struct lane_counters {
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t large;       /* frames that were skipped for their size */
	uint64_t replaced;    /* frames out that a newer one replaced */
	uint64_t no_link;     /* frames out that were dropped for want of a link */
	uint64_t full;        /* frames out that found the fifo full, so the link ended */
	uint64_t own_sid;     /* connections that said that they are us */
	uint64_t turned_away; /* connections of others that we do not talk to */
	uint64_t evicted;     /* connections of strangers that were closed for room */
};

struct lane_remote {
	struct lane *lane;
	int64_t sid;
	uint16_t port;
	char host_text[CONF_HOST_MAX];
	const char *hosts[LANE_ADDRESSES_MAX];
	struct link link;
	struct dial dial;
	struct wire *wire;
	struct stream offered; /* during LINK_EV_ACCEPTED the accepted connection */
	bool taken;            /* the offered connection is the link now */
	bool restless;         /* the log says that the link keeps ending */
	struct msg_remote told;
	uint64_t since_ms; /* clock: of the link in `told` */
};

/* The place of a server that is not in the configuration. It is kept and answered as long
 * as there is room; we never dial it, and never tell the workers of it as a link. (In
 * ZooKeeper the connection of a stranger has two threads, and no bound.) */
struct lane_guest {
	struct lane *lane;
	struct wire *wire;
};

struct lane {
	struct lane_config config;
	enum msg_lane which;
	const char *name;
	uint16_t port; /* ours */
	struct greet *greet;
	/* Of the learner port, as the peer was told; CONNECTING: it was not told yet. */
	enum msg_link port_told;
	unsigned remote_count;
	struct lane_remote remotes[CONF_SERVERS_MAX];
	struct link_strangers strangers;
	struct lane_guest *guests; /* as many as strangers.max */
	struct lane_counters counters;
};

/* What `config` points to is borrowed until lane_free. 0 or -errno. */
int lane_new(struct lane **out, enum msg_lane which, const struct lane_config *config);
void lane_free(struct lane *l);
/* Listens, and the election lane dials everybody. */
void lane_start(struct lane *l);

void lane_send(struct lane *l, int64_t sid, const void *data, size_t len);
/* An event for the link to one remote, or to all (MSG_ALL). */
void lane_push(struct lane *l, int64_t sid, enum link_event_type type,
               enum msg_reason reason);

uint64_t lane_due_ms(const struct lane *l);
void lane_on_due(struct lane *l, uint64_t now_ms);
/* Within the gate: an event of the link to a remote. */
void lane_step(struct lane_remote *r, uint64_t now_ms, struct link_event *ev);

#endif
