/* The insides of a lane, between lane.c (configured remotes) and lane_guest.c
 * (strangers). */
#ifndef CONNMGR_LANE_IMPL_H
#define CONNMGR_LANE_IMPL_H

#include "connmgr/dial.h"
#include "connmgr/lane.h"
#include "connmgr/link_stranger.h"
#include "connmgr/wire.h"

#define LANE_ADDRESSES_MAX 16 /* of one remote */

struct lane_remote {
	struct lane *lane;
	int64_t sid;
	uint16_t port;
	char host_text[CONF_HOST_MAX];
	const char *hosts[LANE_ADDRESSES_MAX];
	struct link link;
	struct dial dial;
	struct wire *wire;
	struct stream offered; /* accepted, during LINK_EV_ACCEPTED; else none */
	bool taken;            /* the offered connection is the link now */
	bool restless;         /* and it was said in the log */
	struct lane_row row;
};

struct lane_guest { /* a stranger's place */
	struct lane *lane;
	struct wire *wire;
};

struct lane {
	sd_event *loop;
	const struct conf *conf;
	enum msg_lane which;
	const char *name;
	uint16_t port; /* ours */
	const struct board *board;
	struct gate *gate;
	struct greet *greet;
	enum msg_link port_told; /* learner lane; MSG_LINK_CONNECTING: nothing so far */
	unsigned remote_count;
	struct lane_remote remotes[CONF_SERVERS_MAX];
	struct link_strangers strangers;
	struct lane_guest *guests; /* as many as strangers.max */
	struct lane_counters counters;
};

/* A frame from a remote, or a stranger (not a `member`), for the board. */
void lane_hear(struct lane *l, int64_t sid, bool member, const unsigned char *frame,
               size_t frame_len);
void lane_push(struct lane *l, const struct board_event *ev);

int lane_guests_new(struct lane *l);
void lane_guests_free(struct lane *l);
void lane_guest_take(struct lane *l, int64_t sid, struct stream *s,
                     const unsigned char *early, size_t early_len);
struct wire *lane_guest_wire(struct lane *l, int64_t sid); /* NULL: it is not here */

#endif
