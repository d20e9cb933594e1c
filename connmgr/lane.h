/* One kind of TCP link, to all remotes: the election lane (election_port) or the learner
 * lane (quorum_port). The shell around link.h: listens, dials, and carries frames between
 * remotes and the switchboard. */
#ifndef CONNMGR_LANE_H
#define CONNMGR_LANE_H

#include "connmgr/greet.h"
#include "connmgr/link.h"

struct lane;

struct lane_ops { /* none is called from inside lane_new */
	/* Learner lane: is there somebody to take an accepted connection? */
	bool (*may_accept)(void *user);
	/* Of our own sid, learner lane: can remotes come? Up, or down and LOCAL. */
	void (*on_remote)(void *user, enum msg_lane lane, int64_t sid,
	                  enum msg_link status, enum msg_reason reason, bool was_up);
	/* `member`: in the configuration. The bytes are borrowed. */
	void (*on_frame)(void *user, enum msg_lane lane, int64_t sid, bool member,
	                 const unsigned char *data, size_t len);
	void (*on_forget)(void *user,
	                  int64_t sid); /* a stranger's connection has ended */
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

/* `greetings_max`: connections of strangers that have not said who they are. 0 or -errno.
 */
int lane_new(struct lane **out, sd_event *loop, struct resolver *resolver,
             const struct conf *conf, enum msg_lane which, unsigned greetings_max,
             const struct lane_ops *ops, void *user);
void lane_free(struct lane *l);
void lane_start(struct lane *l); /* the election lane dials everybody */

void lane_send(struct lane *l, int64_t sid, const void *data, size_t len);
void lane_connect(struct lane *l, int64_t sid);
void lane_disconnect(struct lane *l, int64_t sid, enum msg_reason reason);
/* The same, but in the next lane_settle: for callers inside of on_frame or on_remote. */
void lane_end_soon(struct lane *l, int64_t sid, enum msg_reason reason);
void lane_settle(struct lane *l);

uint64_t lane_due_ms(const struct lane *l);
void lane_on_due(struct lane *l, uint64_t now_ms);

unsigned lane_rows(const struct lane *l);
struct lane_row lane_row(const struct lane *l, unsigned index);
uint64_t lane_waiting(const struct lane *l); /* bytes for remotes, not written yet */
unsigned lane_strangers(const struct lane *l);
int64_t lane_restless(const struct lane *l); /* a sid with a restless link; -1: none */
const struct greet *lane_greet(const struct lane *l);
struct lane_counters lane_counters(const struct lane *l);

#endif
