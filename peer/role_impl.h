/* Inside of peer/role*.c: the core's state, and what its files ask of each other. */
#ifndef PEER_ROLE_IMPL_H
#define PEER_ROLE_IMPL_H

#include "peer/role.h"
#include "wire/quorum.h"

enum role_mode {
	ROLE_MODE_NEW,     /* no START yet */
	ROLE_MODE_HALTED,  /* the epochs are unusable */
	ROLE_MODE_STALLED, /* will ask when the write in progress is done */
	ROLE_MODE_LOOKING, /* asked for an election */
	ROLE_MODE_WAITING, /* will ask at wait_ms */
	ROLE_MODE_FOLLOW,  /* role_follow.c: a follower or observer */
	ROLE_MODE_LEAD,    /* role_lead.c */
	ROLE_MODE_BARE,    /* role_bare.c: what the election says, without epochs */
};

enum role_election { /* a link of the election lane, as role_bare.c sees it */
	             ROLE_ELECTION_LOST, /* not up since election_ms; it may be dialled
	                                    again */
	             ROLE_ELECTION_UP,
	             ROLE_ELECTION_GONE, /* dialled again in vain */
};

/* Another server of the configuration. All epochs below `closing` are of the present
 * learner link, and 0 when it begins. */
struct role_remote {
	int64_t sid;
	bool participant;
	bool may_lead; /* a participant with a weight */
	enum role_election election;
	uint64_t election_ms;

	bool linked;
	bool closing; /* we asked to close the link: what still comes over it is old */
	uint64_t word_ms;
	uint64_t ping_ms; /* of a leader: the next one */
	bool pinged;      /* the last one is not answered */
	bool informed;    /* FOLLOWERINFO or OBSERVERINFO came, */
	int64_t accepted; /* with this epoch */
	int64_t offered;  /* LEADERINFO sent; never a second one before the answer, since
	                     an  ACKEPOCH does not say which epoch it promises */
	int64_t answered; /* ACKEPOCH came */
	int64_t promised; /* and was a promise */
	int64_t told;     /* NEWLEADER sent */
	int64_t acked;    /* ACK came */
	int64_t released; /* UPTODATE sent */
};

struct role_epochs {
	int64_t accepted; /* on the disk; ROLE_EPOCH_NONE: no file yet */
	int64_t current;
	int64_t promised; /* the largest accepted epoch whose write was started */
	int64_t want_accepted;
	int64_t want_current;
	bool writing;
	enum role_file file; /* of the write in progress */
	int64_t value;
	uint64_t write_ms; /* its start */
};

struct role_follow {
	bool heard; /* a word came from the leader, */
	uint64_t word_ms;
	uint64_t first_ms; /* or must by then */
	uint64_t init_ms;  /* the whole must be done by then */
	int64_t asked;     /* LEADERINFO */
	bool promise;      /* asked is above what we promised before */
	bool answer_due;   /* ACKEPOCH is owed, once asked is on the disk */
	bool fresher;  /* than it, when it asked for a promise: it is to look again if we
	                  may stand, and had no promise if we may not */
	int64_t told;  /* NEWLEADER */
	bool ack_due;  /* ACK is owed, once told is on the disk */
	int64_t epoch; /* UPTODATE; 0: not established */
};

struct role_lead {
	uint64_t first_ms; /* a quorum of FOLLOWERINFO by then */
	uint64_t init_ms;  /* the whole, or the renewal, must be done by then */
	uint32_t ping_count;
	bool gathered;    /* there was a quorum of FOLLOWERINFO */
	int64_t proposal; /* the epoch that we are establishing, or have; 0: none yet */
	bool promised;    /* a quorum has promised it */
	int64_t epoch;    /* established; 0: none. Below proposal: a renewal */
};

struct role {
	struct role_config config; /* members: NULL */
	struct quorum quorum;
	unsigned remote_count;
	struct role_remote remotes[ROLE_LEARNERS_MAX];
	enum role_mode mode;
	bool away; /* no link to connmgr */
	bool port_shut;
	uint64_t generation;
	uint64_t count; /* of the newest serial */

	int64_t claim;
	struct role_look look; /* with the claim that we vote with in this round: what
	                          Zab's phases compare, whatever is claimed meanwhile */
	struct msg_serial look_serial;
	bool stands;       /* in this look */
	unsigned refusals; /* looks in a row that count for the wait */
	uint64_t wait_ms;

	enum notif_state state; /* as decided */
	struct vote vote;
	uint64_t role_count; /* of the first serial of this role */

	struct role_epochs epochs;
	struct role_follow follow;
	struct role_lead lead;
	int64_t published; /* the largest established epoch so far */
	enum role_reason reason;
	int error;
	struct role_view told; /* the last EVENT */
};

/* role.c */
struct role_action *role_act(struct role_actions *out, enum role_action_type type);
uint64_t role_ticks(const struct role *r, uint64_t ticks); /* in ms */
/* Tells the elector our role, with a new serial. */
void role_announce(struct role *r, struct role_actions *out);
/* Established with `epoch`. */
void role_establish(struct role *r, int64_t epoch, struct role_actions *out);

/* role_look.c */
/* Could we lead at all? Who could not votes as if it had nothing, so that nobody elects
 * it, and counts in quorums like anybody else. */
bool role_may_stand(const struct role *r);
/* Has one with (epoch, zxid) more than another? */
bool role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid);
void role_look(struct role *r, struct role_actions *out); /* with a new serial */
/* Asked again with the same serial, the elector repeats its answer. */
void role_send_look(struct role *r, struct role_actions *out);
/* The role ends: closes every learner link and looks, now or after a wait. */
void role_look_again(struct role *r, enum role_look_reason reason, bool gave_up,
                     uint64_t now_ms, struct role_actions *out);

/* role_remote.c */
struct role_remote *role_remote(struct role *r, int64_t sid); /* NULL: none */
bool role_is_open(const struct role_remote *p);
void role_send(struct role_actions *out, int64_t sid, int32_t type, int64_t zxid);
void role_send_i32(struct role_actions *out, int64_t sid, int32_t type, int64_t zxid,
                   int32_t value);
void role_forget_link(struct role_remote *p); /* it is down, or a new one */
void role_close(struct role_remote *p, enum role_close why, struct role_actions *out);
void role_close_all(struct role *r, enum role_close why, struct role_actions *out);
/* FOLLOWERINFO, OBSERVERINFO: kept in `p`; false: it is not one that may be. */
bool role_take_info(struct role_remote *p, const struct qpacket *packet);

/* role_epoch.c: one write at a time, in order, never a smaller number */
void role_epochs_start(struct role *r, int64_t accepted, int64_t current, uint64_t now_ms,
                       struct role_actions *out);
void role_epochs_want(struct role *r, enum role_file file, int64_t epoch, uint64_t now_ms,
                      struct role_actions *out);
void role_epochs_drop(struct role *r); /* what is wanted and not started */
void role_epochs_written(struct role *r, int error, uint64_t now_ms,
                         struct role_actions *out);
uint64_t role_epochs_due_ms(const struct role *r); /* the write must be done by then */

/* role_follow.c */
void follow_start(struct role *r, uint64_t now_ms, struct role_actions *out);
void follow_link_up(struct role *r, struct role_remote *p, struct role_actions *out);
void follow_link_down(struct role *r, const struct role_remote *p, bool was_up,
                      enum role_loss loss, uint64_t now_ms, struct role_actions *out);
void follow_packet(struct role *r, struct role_remote *p, const struct qpacket *packet,
                   uint64_t now_ms, struct role_actions *out);
void follow_refuse(struct role *r, struct role_remote *p, enum role_close why,
                   uint64_t now_ms, struct role_actions *out);
void follow_advance(struct role *r, struct role_actions *out);
void follow_due(struct role *r, uint64_t now_ms, struct role_actions *out);
uint64_t follow_due_ms(const struct role *r);

/* role_lead.c */
void lead_start(struct role *r, uint64_t now_ms, struct role_actions *out);
void lead_link_up(const struct role *r, struct role_remote *p, uint64_t now_ms);
void lead_link_down(struct role *r, uint64_t now_ms, struct role_actions *out);
void lead_packet(struct role *r, struct role_remote *p, const struct qpacket *packet,
                 uint64_t now_ms, struct role_actions *out);
void lead_refuse(struct role *r, struct role_remote *p, enum role_close why,
                 uint64_t now_ms, struct role_actions *out);
void lead_advance(struct role *r, uint64_t now_ms, struct role_actions *out);
void lead_due(struct role *r, uint64_t now_ms, struct role_actions *out);
uint64_t lead_due_ms(const struct role *r);

/* role_bare.c */
void bare_start(struct role *r, uint64_t now_ms, struct role_actions *out);
void bare_link(struct role_remote *p, enum role_link link, enum role_loss loss,
               uint64_t now_ms);
void bare_renew(struct role *r, const struct role_event *ev, struct role_actions *out);
void bare_check(struct role *r, uint64_t now_ms, struct role_actions *out);
uint64_t bare_due_ms(const struct role *r);

#endif
