/* The learner lane: the connections to each remote over its quorum port, each with a
 * number (places.h). */
#ifndef CONNMGR_LEARNER_H
#define CONNMGR_LEARNER_H

#include "connmgr/dial.h"
#include "connmgr/lane.h"
#include "connmgr/waiting.h"
#include "connmgr/wire.h"

struct learner;
struct learner_remote;

struct learner_conn {
	struct learner_remote *remote;
	struct wire *wire;
};

struct learner_remote {
	struct learner *learner;
	int64_t sid;
	bool kept;   /* by keep, until drop */
	bool wanted; /* by want, until the next drop */
	struct lane_hosts hosts;
	struct places places;
	struct dial dial;
	struct learner_conn conns[PLACES_MAX]; /* by place */
	struct stream offered; /* during PLACES_EV_ACCEPTED the accepted connection */
	/* The newest that came while no peer was attached; closed if none takes it. */
	struct waiting waiting;
	/* For status: the connection in use, or why the last one ended. */
	enum msg_link link;
	enum msg_reason reason;
	uint64_t since_ms;
};

struct learner {
	struct lane lane;
	/* Of our port, as the peer was told; CONNECTING: it was not told yet. */
	enum msg_link port_told;
	/* The largest number that was given. A connmgr that is started again begins with
	 * the time since boot in microseconds, and so above. */
	uint64_t number;
	unsigned remote_count;
	struct learner_remote *remotes[LANE_REMOTES_MAX];
};

/* Without remotes. What `config` points to is borrowed until learner_free. 0 or -errno.
 */
int learner_new(struct learner **out, const struct lane_config *config);
void learner_free(struct learner *l);
void learner_start(struct learner *l); /* listens */

/* As on the election lane (election.h); the peer dials, and is told. */
void learner_keep(struct learner *l, int64_t sid);
void learner_drop(struct learner *l, uint64_t now_ms);
int learner_want(struct learner *l, uint64_t now_ms, const struct qconfig_server *s);

/* Drops and counts what is for a connection that is no more. */
void learner_send(struct learner *l, int64_t sid, uint64_t number, const void *data,
                  size_t len);
/* An event for the connections of one remote, or of all (MSG_ALL). */
void learner_push(struct learner *l, int64_t sid, const struct places_event *ev);

uint64_t learner_due_ms(const struct learner *l);
void learner_on_due(struct learner *l, uint64_t now_ms);
/* Within the gate: an event of the connections of a remote, if that is still one. */
void learner_step(struct learner *l, int64_t sid, uint64_t now_ms,
                  struct places_event *ev);

#endif
