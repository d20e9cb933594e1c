/* The state of the peer's core and the operations of its modes, for peer/role*.c and for
 * tests that look inside. The state is one block of memory: zeroed by role_new, without
 * pointers, without garbage between its members, so that it can be copied, compared and
 * hashed. Each file calls only those below it:
 *
 *   role → role_lead, role_follow, role_bare → role_look → role_demote, role_limit,
 *        role_epoch, role_link → role_act */
#ifndef PEER_ROLE_IMPL_H
#define PEER_ROLE_IMPL_H

#include "peer/role.h"
#include "wire/quorum.h"

enum role_mode {
	/* before START */
	ROLE_MODE_NEW,
	/* The epochs are unusable. */
	ROLE_MODE_HALTED,
	/* We look again when the write in progress is done. */
	ROLE_MODE_STALLED,
	ROLE_MODE_LOOKING,
	/* We look again at wait_ms. */
	ROLE_MODE_WAITING,
	ROLE_MODE_FOLLOW,
	ROLE_MODE_LEAD,
	ROLE_MODE_BARE,
};

/* A link of the election lane: not up since election_ms, up, or dialled in vain. */
enum role_election { ROLE_ELECTION_LOST, ROLE_ELECTION_UP, ROLE_ELECTION_GONE };

/* The present learner link to a remote. */
struct role_link {
	/* of the connection; 0: there is no link, and the rest is zero */
	uint64_t number;
	/* The last PING is not answered. */
	bool pinged;
	/* as its FOLLOWERINFO or OBSERVERINFO said */
	int64_t accepted;
	/* since when it is the link */
	uint64_t since_ms;
	/* of the last packet, and of the next PING */
	uint64_t word_ms;
	uint64_t ping_ms;
	/* The epoch of LEADERINFO; never a second one before the answer. */
	int64_t offered;
	/* The epoch of the last ACKEPOCH, and of the last that was a promise. */
	int64_t answered;
	int64_t promised;
	/* The epochs of NEWLEADER, ACK and UPTODATE. */
	int64_t told;
	int64_t acked;
	int64_t released;
};

/* Another server of the configuration. */
struct role_remote {
	int64_t sid;
	bool participant;
	/* a participant with a weight */
	bool may_lead;
	enum role_election election;
	uint64_t election_ms;
	struct role_link link;
	/* The largest epoch that it said it has promised, over whatever link. */
	bool reported;
	int64_t report;
	/* We asked for a connection, and have no answer yet. */
	bool dialling;
	/* The number of the connection that was dialled while we look; 0: none. */
	uint64_t ahead;
	/* The number of a connection whose first packet is to come; 0: none. */
	uint64_t fresh;
	/* A newcomer that has sent its info; number 0: none. It takes the place of `link`
	 * if that sends nothing by due_ms. */
	struct {
		uint64_t number;
		int64_t accepted;
		uint64_t due_ms;
	} beside;
};

#define ROLE_RAISES_MAX 8

/* A report that lifted the epoch beyond what a quorum reports. */
struct role_raise {
	uint64_t at_ms;
	int64_t by; /* 0: none */
};

/* How far the epoch may jump: docs/DESIGN.md, "The epoch space". */
struct role_limit {
	struct role_raise raises[ROLE_RAISES_MAX];
	/* What we promised lies so far beyond the others that we do not stand; the leader
	 * keeps us out; what the others are at then. */
	bool ahead;
	bool kept_out;
	int64_t others;
	/* The newest server that we kept out as the leader, and when. */
	bool keeps;
	int64_t kept_sid;
	int64_t kept_epoch;
	uint64_t kept_ms;
};

struct role_epochs {
	/* There was a START with a record. */
	bool known;
	/* as on the disk */
	int64_t accepted;
	int64_t current;
	/* the largest whose write was started; no later write has a smaller one */
	int64_t promised;
	int64_t tried_current;
	int64_t want_accepted;
	int64_t want_current;
	/* the claim that waits for its answer */
	bool claiming;
	int64_t want_claim;
	/* the write in progress, and whether it has want_claim; the record that is being
	 * written, or was written last */
	bool writing;
	bool claims;
	struct role_record record;
	bool retry;
	uint64_t write_ms;
	/* The last write failed, or this one lasts too long (D7). Until a write succeeds
	 * we do not stand; after one that failed the promise is written again at
	 * retry_ms. */
	bool bad;
	uint64_t retry_ms;
};

/* Rules D1 to D4 of docs/ELECTION.md, "Who should not lead". */
struct role_demotion {
	/* for so many looks more */
	unsigned looks;
	/* The vote of this look is that of a demoted server, until end_ms. */
	bool now;
	uint64_t end_ms;
	/* The leaders without a quorum from which we withheld a promise, and after how
	 * many of them the demotion ends. */
	unsigned withheld;
	unsigned patience;
	/* leaderships of ours without a quorum, since the last established leader */
	unsigned deserted;
};

struct role_follow {
	/* The leader's next packet must come by then; we must be established by then. */
	uint64_t word_due_ms;
	uint64_t init_ms;
	/* The epoch of LEADERINFO; is it above what we promised before? */
	int64_t asked;
	bool promise;
	/* A packet came from the leader. */
	bool heard;
	/* The promise that our FOLLOWERINFO named. */
	int64_t said;
	/* Our FOLLOWERINFO waits until our disk takes writes again (D7). */
	bool silent;
	/* We owe an ACKEPOCH once `asked` is on the disk, an ACK once `told` is. */
	bool answer_due;
	bool ack_due;
	/* We were fresher than the leader when it asked for a promise. Either we withheld
	 * the promise, since we cannot or should not lead (then the leader must have a
	 * quorum without us by vain_ms), or the leader will look again. */
	bool fresher;
	bool withheld;
	uint64_t vain_ms;
	/* The epoch of NEWLEADER, and of UPTODATE; 0: not established. */
	int64_t told;
	int64_t epoch;
};

struct role_lead {
	/* when the quorum was last counted */
	uint64_t counted_ms;
	/* A quorum of FOLLOWERINFO must come by then, a quorum of promises by then, and
	 * all must be done by then. */
	uint64_t first_ms;
	uint64_t promise_ms;
	uint64_t init_ms;
	uint32_t ping_count;
	/* There was a quorum of FOLLOWERINFO; one has promised `proposal`. */
	bool gathered;
	bool promised;
	/* The epoch that we are establishing, or have established; 0: none yet. */
	int64_t proposal;
	/* Established; 0: none. Below `proposal` during a renewal. */
	int64_t epoch;
};

struct role {
	/* its `members` is NULL */
	struct role_config config;
	struct quorum quorum;
	unsigned remote_count;
	struct role_remote remotes[ROLE_LEARNERS_MAX];
	enum role_mode mode;
	/* There is no link to connmgr. */
	bool away;
	bool port_shut;
	uint64_t generation;
	/* of the newest serial, and of the first serial of this role */
	uint64_t count;
	uint64_t role_count;

	int64_t claim;
	/* The last look, and whether we stood in it. Its zxid is the claim that Zab's
	 * phases compare in this round, whatever is claimed meanwhile. */
	struct msg_look look;
	bool stands;
	struct role_demotion demotion;
	struct role_limit limit;
	/* looks in a row that count for the wait, all after this leader */
	unsigned refusals;
	int64_t refused_by;
	uint64_t wait_ms;
	/* as decided, with our state */
	struct vote vote;
	/* how the learner link to its leader failed or ended since then */
	enum msg_reason lost;
	/* The last server whose protocol is older than ours, if one is. */
	bool has_older;
	int64_t older;

	struct role_epochs epochs;
	struct role_follow follow;
	struct role_lead lead;
	/* the largest established epoch so far */
	int64_t published;
	enum role_reason reason;
	int error;
	/* the last EVENT */
	struct role_view told;
};

/* What a mode does about an event; NULL: nothing. Most of these may change the mode. */
struct role_ops {
	void (*start)(struct role *r, const struct role_event *ev,
	              struct role_actions *out);
	/* The election has answered our last look. */
	void (*decided)(struct role *r, const struct role_event *ev,
	                struct role_actions *out);
	/* The elector doubts the leader of our role. */
	void (*doubt)(struct role *r, struct role_actions *out);
	/* A link of the election lane changed. */
	void (*election)(struct role *r, struct role_actions *out);
	/* Why connections of learners are closed as they come up; NONE: they are not. */
	enum role_close refuses;
	/* The connection stands that role_connect asked for. NULL: it was dialled ahead.
	 */
	void (*link_up)(struct role *r, struct role_remote *p, struct role_actions *out);
	/* A learner has a new link, and its info is in it. */
	void (*joined)(struct role *r, struct role_remote *p, struct role_actions *out);
	/* `was_up`: the link was in use, else an attempt to connect failed. */
	void (*link_down)(struct role *r, const struct role_remote *p, bool was_up,
	                  enum msg_reason reason, struct role_actions *out);
	/* role_may_stand changed, with our port or our disk. */
	void (*stand)(struct role *r, struct role_actions *out);
	/* Over an open link. */
	void (*packet)(struct role *r, struct role_remote *p,
	               const struct qpacket *packet, struct role_actions *out);
	/* A write succeeded. Where this is set, one that fails makes us look again. */
	void (*written)(struct role *r, struct role_actions *out);
	void (*due)(struct role *r, struct role_actions *out);
	uint64_t (*due_ms)(const struct role *r);
	/* The link to connmgr ended; it is back. */
	void (*lost)(struct role *r, struct role_actions *out);
	void (*again)(struct role *r, struct role_actions *out);
	/* NULL: ROLE_ELECTION */
	enum role_phase (*phase)(const struct role *r);
};

extern const struct role_ops role_follow_ops;
extern const struct role_ops role_lead_ops;
extern const struct role_ops role_bare_ops;

void role_follow_start(struct role *r, struct role_actions *out);
void role_lead_start(struct role *r, struct role_actions *out);
void role_bare_start(struct role *r, struct role_actions *out);
/* In any mode: a link of the election lane changed. */
void role_bare_note(struct role_remote *p, const struct role_event *ev);

/* role_look.c: we are established with `epoch`. */
void role_establish(struct role *r, int64_t epoch, struct role_actions *out);
/* Looks with a new serial; sends the last look again, which the elector
 * answers as before. */
void role_look(struct role *r, struct role_actions *out);
void role_send_look(struct role *r, struct role_actions *out);
/* Ends the role: closes every learner link and looks, now or after a wait. */
void role_look_again(struct role *r, enum msg_look_reason reason, bool gave_up,
                     struct role_actions *out);
/* What is shown of the looks while no leader is established. */
void role_look_view(const struct role *r, struct role_view *out);
/* Ends the role since the link to connmgr ended. */
void role_lost(struct role *r, struct role_actions *out);

/* role_demote.c: begins and ends demotions. `judge` looks at the role that ends now, for
 * the reason that is given; `look` decides about the look that begins. */
void role_demote_judge(struct role *r, enum msg_look_reason reason);
void role_demote_look(struct role *r, const struct role_actions *out);
/* We are established, as a leader or as a follower. */
void role_demote_end(struct role *r);

/* role_limit.c: the largest epoch that a quorum says it has promised; UNKNOWN: no quorum
 * has reported. */
#define ROLE_EPOCH_UNKNOWN (-1)
int64_t role_limit_quorum(const struct role *r);
/* Does what we promised lie too far ahead of that? */
void role_limit_judge(struct role *r);
/* `p` says that it has promised `epoch`. */
void role_limit_report(struct role *r, struct role_remote *p, int64_t epoch);
/* May a leader take a report of `epoch`, above `base`? `spend`: it has. */
bool role_limit_takes(const struct role *r, int64_t base, int64_t epoch, uint64_t now_ms);
void role_limit_spend(struct role *r, int64_t base, int64_t epoch, uint64_t now_ms);
/* We keep `p` out, or no longer do so; the leader, at `epoch`, keeps us out; it does not.
 */
void role_limit_keep_out(struct role *r, const struct role_remote *p, uint64_t now_ms);
void role_limit_let_in(struct role *r, const struct role_remote *p);
void role_limit_kept_out(struct role *r, int64_t epoch);
void role_limit_clear(struct role *r);

/* role_epoch.c: one write at a time, never of a smaller epoch; what is wanted meanwhile
 * is in the next one. */
void role_epochs_start(struct role *r, const struct role_record *record);
void role_epochs_want_accepted(struct role *r, int64_t epoch, struct role_actions *out);
void role_epochs_want_current(struct role *r, int64_t epoch, struct role_actions *out);
void role_epochs_claim(struct role *r, int64_t claim, struct role_actions *out);
/* Forgets the epochs that are wanted, not those whose write was started. */
void role_epochs_drop(struct role *r);
/* False: the write that failed had an epoch in it, or one was waiting for it. */
bool role_epochs_written(struct role *r, int error, struct role_actions *out);
/* Has the write in progress, of whatever, taken longer than init_limit? */
bool role_epochs_hang(const struct role *r, uint64_t now_ms);
/* By then the write in progress must be done, if an epoch is in it or waits for it. */
uint64_t role_epochs_due_ms(const struct role *r);
/* From then on such a write is too slow to lead with. */
uint64_t role_epochs_slow_ms(const struct role *r);
void role_epochs_slow(struct role *r);
/* The record is written again then, since the last write failed. */
uint64_t role_epochs_retry_ms(const struct role *r);
void role_epochs_retry(struct role *r, struct role_actions *out);

/* role_act.c: the leaves, which push actions, find, send, close and compare. */
struct role_action *role_act(struct role_actions *out, enum role_action_type type);
uint64_t role_ticks(const struct role *r, uint64_t ticks); /* in ms */

/* Tells the elector our role, with a new serial. */
void role_announce(struct role *r, struct role_actions *out);

/* Could we lead at all? A server that could not votes as if it had nothing, so that
 * nobody elects it; it counts in quorums like any other. */
bool role_may_stand(const struct role *r);
/* What stands in the way of a leader or a promise here: of the view. */
enum role_reason role_reason(const struct role *r);
bool role_is_same_view(const struct role_view *a, const struct role_view *b);
/* Is (epoch, zxid) more than the other pair? */
bool role_is_fresher(int64_t epoch, int64_t zxid, int64_t than_epoch, int64_t than_zxid);
/* Are we and those remotes of which `has` is true a quorum? */
bool role_is_quorum(const struct role *r,
                    bool (*has)(const struct role *r, const struct role_remote *p));

/* What the end of a link, or a failed attempt, says about the remote. */
enum role_loss {
	/* Nothing: never tried, or ended by us. */
	ROLE_LOSS_OLD,
	/* An attempt failed, or nothing answers any more. */
	ROLE_LOSS_FAILED,
	/* The link was up and ended. */
	ROLE_LOSS_ENDED,
};
enum role_loss role_loss(enum msg_reason reason);

struct role_remote *role_remote(struct role *r, int64_t sid); /* NULL: none */
/* Does that server speak our protocol, or a later one? */
bool role_takes_protocol(struct role *r, int64_t sid, int32_t protocol);
/* Over the link. Returns the packet, which has no data yet. */
struct role_packet *role_send(struct role_actions *out, const struct role_remote *p,
                              int32_t type, int64_t zxid);
void role_send_i32(struct role_actions *out, const struct role_remote *p, int32_t type,
                   int64_t zxid, int32_t value);

/* role_link.c: which connection is the learner link. */
bool role_is_open(const struct role_remote *p); /* There is a link. */
/* Closes the link. A newcomer beside it is the link then: nobody calls `joined`. */
void role_close(struct role_remote *p, enum role_close why, struct role_actions *out);
/* Closes all that connmgr has of all remotes, and stops dialling; but not what was
 * dialled ahead to `spared`, or is being dialled. NULL: nothing is spared. */
void role_close_all(struct role *r, const struct role_remote *spared, enum role_close why,
                    struct role_actions *out);
void role_connect(struct role_remote *p, struct role_actions *out);
/* Makes the connection that was dialled ahead the link; false: there is none. */
bool role_use_ahead(struct role_remote *p, struct role_actions *out);
/* Closes what was dialled ahead, and stops dialling. */
void role_close_ahead(struct role_remote *p, enum role_close why,
                      struct role_actions *out);
void role_link_forget(struct role_remote *p); /* connmgr has closed everything */

/* What an event about a connection means. */
enum role_turn {
	/* Nothing for the mode. */
	ROLE_TURN_NONE,
	/* The dialled connection is the link. */
	ROLE_TURN_STANDS,
	/* No connection could be dialled. */
	ROLE_TURN_FAILED,
	/* The link has ended. */
	ROLE_TURN_ENDED,
	/* A connection that was accepted is the link now. */
	ROLE_TURN_JOINED,
	/* The packet came over the link. */
	ROLE_TURN_PACKET,
};

enum role_turn role_link_up(struct role_remote *p, const struct role_event *ev,
                            const struct role_ops *ops, struct role_actions *out);
enum role_turn role_link_down(struct role_remote *p, uint64_t number,
                              struct role_actions *out);
/* PACKET, or BAD_PACKET. */
enum role_turn role_link_packet(struct role *r, struct role_remote *p,
                                const struct role_event *ev, struct role_actions *out);
/* A newcomer has waited long enough: JOINED. */
enum role_turn role_link_due(struct role_remote *p, struct role_actions *out);
uint64_t role_link_due_ms(const struct role *r);

#endif
