/* What the two kinds of TCP links have in common: the election lane (election_port;
 * election.h) and the learner lane (quorum_port; learner.h). A lane listens and dials,
 * and carries frames and the states of links between the remotes and the board. What
 * happens on it is pushed to the gate. */
#ifndef CONNMGR_LANE_H
#define CONNMGR_LANE_H

#include "connmgr/board.h"
#include "connmgr/greet.h"
#include "connmgr/link.h"
#include "connmgr/places.h"
#include "connmgr/resolve.h"
#include "connmgr/stream.h"
#include "proc/gate.h"
#include "wire/hello.h"
#include "wire/members.h"

/* Remotes: those of two memberships, and as many that are to join. */
#define LANE_REMOTES_MAX (3 * MEMBERS_MAX)

/* What passes connmgr's gate (proc/gate.h): the events of its cores, and what its shell
 * does about links inside of this server. */
enum connmgr_event_kind {
	EVENT_BOARD,    /* board */
	EVENT_ELECTION, /* election */
	EVENT_LEARNER,  /* learner */
	EVENT_TELL,     /* told: to the board, and thus to the workers */
	EVENT_MESSAGE,  /* message: of a worker */
	EVENT_LOST,     /* lost: the link of a worker */
};

struct connmgr_event {
	enum connmgr_event_kind kind;
	union {
		struct board_event board;
		struct {
			int64_t sid;
			struct link_event event;
		} election;
		struct {
			int64_t sid;
			struct places_event event;
		} learner;
		struct {
			struct msg_remote remote;
			bool gone; /* it is no remote any more */
		} told;
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
	/* NULL: without TLS. */
	struct secure *secure;
	/* How many connections may greet at one time. */
	unsigned greetings_max;
	/* The learner lane accepts connections only while there is a peer. */
	const struct board *board;
	struct gate *gate; /* of struct connmgr_event */
};

struct lane_counters {
	uint64_t frames_in;
	uint64_t frames_out;
	uint64_t large;    /* frames that were skipped for their size */
	uint64_t replaced; /* frames out that a newer one replaced */
	uint64_t no_link;  /* frames out, and words about links, for want of the link */
	uint64_t full;     /* frames that found a bound reached, so their link ended */
	uint64_t own_sid;  /* connections that said that they are us */
	uint64_t turned_away; /* connections of others that we do not talk to */
	uint64_t evicted;     /* connections that were closed for room */
	uint64_t silent; /* learner lane: connections that brought no frame in time */
};

struct lane {
	struct lane_config config;
	enum msg_lane which;
	const char *name;
	uint16_t port; /* ours */
	struct greet *greet;
	struct lane_counters counters;
};

/* The addresses of one remote for one lane. */
struct lane_hosts {
	unsigned count;
	const char *list[QCONFIG_ADDRS_MAX];
	uint16_t ports[QCONFIG_ADDRS_MAX];
	char text[CONF_HOST_MAX]; /* of all hosts: those that do not fit are left out */
};

/* What `config` points to is borrowed until lane_deinit. 0 or -errno. */
int lane_init(struct lane *l, enum msg_lane which, const struct lane_config *config,
              const struct greet_ops *ops, void *user);
void lane_deinit(struct lane *l);
/* Listens at these addresses of this server if it is not in its own list; once. */
void lane_listen(struct lane *l, const struct qconfig_addr *list, unsigned count);

void lane_hosts_init(struct lane_hosts *h, const struct qconfig_addr *list,
                     unsigned count);
bool lane_hosts_same(const struct lane_hosts *h, const struct qconfig_addr *list,
                     unsigned count);

/* Our initial message. While our own host name has no address, that of our connection `s`
 * serves. Returns the length; 0: no address is known. */
size_t lane_hello(const struct lane *l, const struct stream *s,
                  unsigned char out[HELLO_MAX]);

/* A frame for the board, from a remote, or a stranger (not a `member`). Read at once. */
void lane_hear(struct lane *l, int64_t sid, uint64_t number, bool member,
               const unsigned char *frame, size_t frame_len);
/* The workers are told. */
void lane_tell(struct lane *l, const struct msg_remote *told);
/* The same, of a server that is no remote any more. */
void lane_tell_gone(struct lane *l, const struct msg_remote *told);

#endif
