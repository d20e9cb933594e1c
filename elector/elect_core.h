/* The inside of the two cores (elect and attach), for their files and for tests that look
 * into a core. Each file calls only those above it. */
#ifndef ELECTOR_ELECT_CORE_H
#define ELECTOR_ELECT_CORE_H

#include "elector/elect.h"

/* What we ourselves are: the newest look or role that the peer told us, what waits for
 * the end of a replay, our answer to the peer, and what we say to others outside an
 * election. */
enum elect_told { ELECT_TOLD_NOTHING, ELECT_TOLD_LOOK, ELECT_TOLD_ROLE };

struct elect_self {
	int64_t sid;
	bool synced;
	bool silent;
	/* what `serial` belongs to */
	enum elect_told told;
	struct msg_serial serial;
	struct msg_look look;

	/* the newest look or role of the replay that is running */
	enum elect_told pending;
	struct msg_serial pending_serial;
	struct msg_look pending_look;
	struct vote pending_role;

	/* the last answer to a look, ours or that of the elector before us */
	bool has_decided;
	struct msg_serial decided_serial;
	struct vote decided;

	/* ZooKeeper's; state is enum notif_state, clock is logicalclock */
	int32_t state;
	int64_t clock;
	bool has_current;
	struct vote current;
};

/* What a server said last that we answered so often with `answer` since then. */
struct elect_same {
	unsigned times;
	struct vote heard;
	struct vote answer;
	uint64_t since_ms;
};

struct elect_voter {
	int64_t sid;
	/* its link: enum msg_link, enum msg_reason */
	uint8_t link;
	uint8_t reason;
	bool was_up;
	/* the LOOKING vote that it sent outside an election, on the present link */
	bool has_early;
	struct vote early;
	/* of its LOOKING of a lower round */
	struct elect_same same;
};

/* Is asked, and is no voter. */
struct elect_other {
	int64_t sid;
	uint8_t link; /* enum msg_link */
	struct elect_same same;
};

/* One block without a pointer into itself: memcpy copies a core, and memcmp compares two
 * that were made with the same options and given zero-filled events. */
struct elect {
	struct elect_options options;
	struct quorum_pair quorums;
	unsigned voter_count;
	/* of both configurations, ascending, ourselves among them if we are one */
	struct elect_voter voters[ELECT_VOTERS_MAX];
	/* we ourselves: broadcasts come back to us */
	bool is_voter;
	unsigned other_count;
	struct elect_other others[ELECT_OTHERS_MAX];

	struct elect_self self;

	/* the last STATE, ours or the replayed one */
	bool has_said;
	struct msg_serial said_serial;
	struct vote said;
	/* another process said it: its round is a lower bound for ours */
	bool said_before_us;

	/* its round is the clock at the time when it was made */
	struct vote proposal;
	/* of the last broadcast, where `links` is off */
	bool delivered;
	/* Java: recvset and outofelection */
	struct vote_map round_votes;
	struct vote_map settled_votes;
	enum elect_phase phase;
	uint64_t timeout_ms;
	/* rule D8: how often others raised the round while we were our own candidate in
	 * it, in this look, and the time of the last raise, ours or not */
	unsigned raises;
	uint64_t raised_ms;
	/* while the phase is not IDLE */
	uint64_t due_ms;

	/* Of one step, zero between two: a broadcast of ours is coming back. */
	bool own_pending;
	struct vote own;
	uint64_t now_ms;
	struct elect_actions *out;
};

/* ---- elect_act.c: adds actions to a list ---- */

/* Everything else in the action is 0. */
struct elect_action *elect_act(struct elect_actions *out, enum elect_action_type type);
void elect_act_drop(struct elect_actions *out, int64_t sid, enum elect_reason reason);
void elect_act_send(struct elect_actions *out, int64_t sid, const struct vote *v,
                    int32_t state);
/* What the configuration that came with a notification is, beside ours. */
enum elect_config {
	/* ours, older, none, or refused, which the action reports */
	ELECT_CONFIG_OLD,
	/* its version is larger, and the members are the same */
	ELECT_CONFIG_NEWER,
	/* its version is larger, and it has other members, which the action reports */
	ELECT_CONFIG_OTHER,
};
enum elect_config elect_act_config(struct elect_actions *out,
                                   const struct elect_options *o, int64_t sid,
                                   const struct notif *n);
/* NULL: no voter; none of the others. */
struct elect_voter *elect_find_voter(struct elect *e, int64_t sid);
struct elect_other *elect_find_other(struct elect *e, int64_t sid);
void elect_send(struct elect *e, int64_t sid, const struct vote *v, int32_t state);
struct vote elect_proposal(const struct elect *e); /* with the clock, LOOKING */
void elect_send_proposal(struct elect *e, int64_t sid);
void elect_broadcast(struct elect *e);

/* ---- elect_self.c: what the peer says; docs/ELECTION.md has the rules ---- */

/* What the core has to do then. */
enum elect_duty {
	ELECT_DUTY_NONE,
	/* begin to look */
	ELECT_DUTY_LOOK,
	/* go on looking: what was sent before the replay is lost */
	ELECT_DUTY_RESUME,
	/* stop looking: there is a role */
	ELECT_DUTY_SERVE,
	/* likewise, and say the decision again that led to it */
	ELECT_DUTY_SERVE_DECIDED,
	/* stop looking: we are silent */
	ELECT_DUTY_STOP,
};

void elect_self_init(struct elect_self *s, const struct elect_options *options);
/* Takes AGAIN, SYNCED, LOOK, DECIDED, ROLE and ABSENT. */
enum elect_duty elect_self_take(struct elect_self *s, const struct elect_event *ev,
                                struct elect_actions *out);
/* The newest look ends with `v`, in `state`. */
void elect_self_decide(struct elect_self *s, const struct vote *v, int32_t state,
                       enum elect_reason reason, struct elect_actions *out);
void elect_self_say_decided(const struct elect_self *s, enum elect_reason reason,
                            struct elect_actions *out);
/* `sid` speaks against our role: the leader that we follow, or a voter of ours. */
void elect_self_doubt(const struct elect_self *s, int64_t sid, struct elect_actions *out);
/* Neither silent nor decided, and without a role. */
bool elect_self_looks(const struct elect_self *s);
/* Fills what does not depend on the core. */
void elect_self_view(const struct elect_self *s, struct elect_view *out);

/* ---- elect_weigh.c: who may lead, and quorums ---- */

/* The weight of a candidate. Of a joint record a voter of either membership may lead
 * (N4): the freshest server may be one of the new only. False: there is none. */
bool elect_weight(const struct elect *e, int64_t sid, int64_t *weight);
/* Its vote is part of no quorum: it has weight 0 in each configuration. */
bool elect_is_weightless(const struct elect *e, int64_t sid);
/* We. */
bool elect_may_lead(const struct elect *e);
/* A voter with a weight: not so, perhaps, once other members are in force. */
bool elect_is_candidate(const struct elect *e, int64_t sid);
/* Are the votes that equal `v` a quorum, of both memberships where both count? */
bool elect_is_agreed(const struct elect *e, const struct vote_map *votes,
                     const struct vote *v);
/* Likewise of servers that have a leader. A quorum of one membership of a joint record is
 * enough to follow it: perhaps the other was given up (N7), and we count only where the
 * leader's record says so. */
bool elect_is_led(const struct elect *e, const struct vote_map *votes,
                  const struct vote *v);

/* ---- elect_loop.c: lookForLeader of ZooKeeper ---- */

void elect_loop_enter(struct elect *e);
void elect_loop_leave(struct elect *e);
/* `quiet`: do not answer, the sender has just been told. */
void elect_loop_take(struct elect *e, int64_t sid, const struct vote *v, bool quiet);
/* Takes our own broadcasts, until none comes back. */
void elect_loop_take_own(struct elect *e);
/* The replay is complete while we look. */
void elect_loop_resume(struct elect *e);
void elect_loop_due(struct elect *e);
/* A link changed. */
void elect_loop_reconsider(struct elect *e);
/* N9: follows the leader that `v` names. */
void elect_loop_follow(struct elect *e, const struct vote *v);

/* ---- elect_receive.c: WorkerReceiver of ZooKeeper ---- */

void elect_receive(struct elect *e, int64_t sid, const struct notif *n);
/* Tells the peer where this vote of `sid` means that `sid` leads no more. */
void elect_doubt(struct elect *e, int64_t sid, const struct vote *v);

#endif
