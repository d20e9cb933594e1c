/* One kind of TCP link, to all remotes: the election lane (election_port) or the learner
 * lane (quorum_port). The shell around link.h: it listens and dials, and carries frames
 * and the states of links between the remotes and the board. What happens on it is pushed
 * to the gate. */
#ifndef CONNMGR_LANE_H
#define CONNMGR_LANE_H

#include "connmgr/event.h"
#include "connmgr/greet.h"
#include "proc/gate.h"

struct lane;

struct lane_config {
	sd_event *loop;
	struct resolver *resolver;
	const struct conf *conf;
	enum msg_lane which;
	/* Connections of strangers that have not said who they are. */
	unsigned greetings_max;
	/* Who takes an accepted connection of the learner lane: its peer. */
	const struct board *board;
	struct gate *gate; /* of struct connmgr_event */
};

struct lane_row { /* for status */
	int64_t sid;
	enum msg_link status;
	enum msg_reason reason;
	uint64_t since_ms; /* clock */
	bool was_up;
};

struct lane_counters {
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t large;       /* frames that were read past */
	uint64_t replaced;    /* out: a newer one took its place before it was begun */
	uint64_t no_link;     /* out: dropped, no link and none to wait for */
	uint64_t full;        /* out: the fifo was full, its link was closed */
	uint64_t own_sid;     /* connections that said that they are us */
	uint64_t turned_away; /* and those of nobody that we talk to */
	uint64_t evicted;     /* strangers closed for room */
};

/* All is borrowed until lane_free but the configuration itself. 0 or -errno. */
int lane_new(struct lane **out, const struct lane_config *config);
void lane_free(struct lane *l);
/* Listens, and the election lane dials everybody. */
void lane_start(struct lane *l);

void lane_send(struct lane *l, int64_t sid, const void *data, size_t len);
/* To one remote, or MSG_ALL. */
void lane_connect(struct lane *l, int64_t sid);
void lane_disconnect(struct lane *l, int64_t sid, enum msg_reason reason);

uint64_t lane_due_ms(const struct lane *l);
void lane_on_due(struct lane *l, uint64_t now_ms);
/* Within the gate: an event of the link to a remote. */
void lane_step(struct lane_remote *r, uint64_t now_ms, struct link_event *ev);

unsigned lane_rows(const struct lane *l);
struct lane_row lane_row(const struct lane *l, unsigned index);
uint64_t lane_waiting(const struct lane *l); /* bytes for remotes, not written yet */
unsigned lane_strangers(const struct lane *l);
int64_t lane_restless(const struct lane *l); /* a sid with a restless link; -1: none */
const struct greet *lane_greet(const struct lane *l);
struct lane_counters lane_counters(const struct lane *l);

#endif
