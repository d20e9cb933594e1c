/* The election lane: a link to each remote (link.h), and the connections of
 * strangers that ask us. */
#ifndef CONNMGR_ELECTION_H
#define CONNMGR_ELECTION_H

#include "connmgr/dial.h"
#include "connmgr/lane.h"
#include "connmgr/link_stranger.h"
#include "connmgr/twin.h"
#include "connmgr/wire.h"

struct election;

struct election_remote {
	struct election *election;
	int64_t sid;
	bool kept;   /* by keep, until drop */
	bool wanted; /* by want, until the next drop */
	struct lane_hosts hosts;
	struct link link;
	struct dial dial;
	struct wire *wire;
	struct stream offered; /* during LINK_EV_ACCEPTED the accepted connection */
	bool taken;            /* the offered connection is the link now */
	bool restless;         /* the log says that the link keeps ending */
	struct msg_remote told;
	uint64_t since_ms; /* clock: of the link in `told` */
	struct twin twin;
	bool twin_told; /* the log says that there are two servers of this sid */
};

/* The place of a server that is no remote. It is kept and answered as long
 * as there is room; we never dial it, and never tell the workers of it as a link. (In
 * ZooKeeper the connection of a stranger has two threads, and no bound.) */
struct election_guest {
	struct election *election;
	struct wire *wire;
};

struct election {
	struct lane lane;
	bool started;
	unsigned remote_count;
	struct election_remote *remotes[LANE_REMOTES_MAX];
	struct link_strangers strangers;
	struct election_guest *guests; /* as many as strangers.max */
	/* from where another server greeted with our own sid, and when; 0: none did */
	char namesake[ADDRESS_TEXT_MAX];
	uint64_t namesake_ms;
};

/* Without remotes. What `config` points to is borrowed until election_free. 0 or -errno.
 */
int election_new(struct election **out, const struct lane_config *config);
void election_free(struct election *e);
/* Listens, and dials everybody. */
void election_start(struct election *e);

/* Who is to be linked, said as a whole: keep for each, then drop, then want for each. Who
 * is not kept loses its link, and the electors are told; who is new is dialled; who has
 * other addresses is dialled there, and keeps the link that there is. We are no remote of
 * ours: at our own addresses we listen, if our file has none. Within the gate, or before
 * election_start. 0 or -errno: that one has no link. */
void election_keep(struct election *e, int64_t sid);
void election_drop(struct election *e);
int election_want(struct election *e, uint64_t now_ms, const struct qconfig_server *s);

void election_send(struct election *e, int64_t sid, const void *data, size_t len);
/* An event for the link to one remote, or to all (MSG_ALL). */
void election_push(struct election *e, int64_t sid, enum link_event_type type,
                   enum msg_reason reason);

uint64_t election_due_ms(const struct election *e);
void election_on_due(struct election *e, uint64_t now_ms);
/* Within the gate: an event of the link to a remote, if that is still one. */
void election_step(struct election *e, int64_t sid, uint64_t now_ms,
                   struct link_event *ev);

/* ---- election_guest.c, for election.c only ---- */

/* 0 or -ENOMEM */
int election_guests_make(struct election *e);
void election_guests_free(struct election *e);
/* Takes the connection of a stranger over, or closes it. */
void election_guest_take(struct election *e, int64_t sid, struct stream *s,
                         const unsigned char *early, size_t early_len);
/* A stranger that becomes a remote begins anew, on a link to its address. */
void election_guest_part(struct election *e, int64_t sid);

#endif
