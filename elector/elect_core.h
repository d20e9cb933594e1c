/* The inside of the election core, for elect*.c and the tests that compare cores. */
#ifndef ELECTOR_ELECT_CORE_H
#define ELECTOR_ELECT_CORE_H

#include "elector/elect_self.h"

struct elect_voter {
	int64_t sid;
	/* its vote is part of no quorum, so that nobody waits for it */
	bool weightless;
	/* its link: enum msg_link, enum msg_reason */
	uint8_t link;
	uint8_t reason;
	bool was_up;
	/* the LOOKING vote that it sent outside an election, on the present link */
	bool has_early;
	struct vote early;
};

/* One block without a pointer into itself: memcpy copies a core, and memcmp compares two
 * that were made with the same options and given zero-filled events. */
struct elect {
	struct elect_options options;
	struct quorum_pair quorums;
	unsigned voter_count;
	/* as in `voters` */
	int64_t voter_sids[ELECT_VOTERS_MAX];
	struct elect_voter voters[ELECT_VOTERS_MAX];
	/* we ourselves: broadcasts come back to us */
	bool is_voter;

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
	/* while the phase is not IDLE */
	uint64_t due_ms;

	/* Of one step, zero between two: a broadcast of ours is coming back. */
	bool own_pending;
	struct vote own;
	uint64_t now_ms;
	struct elect_actions *out;
};

/* elect_say.c */
/* NULL: no voter. */
struct elect_voter *elect_find_voter(struct elect *e, int64_t sid);
void elect_drop(struct elect *e, int64_t sid, enum elect_reason reason);
void elect_send(struct elect *e, int64_t sid, const struct vote *v, int32_t state);
struct vote elect_proposal(const struct elect *e); /* with the clock, LOOKING */
void elect_send_proposal(struct elect *e, int64_t sid);
void elect_broadcast(struct elect *e);

/* elect_loop.c: ZooKeeper's lookForLeader */
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

/* elect_receive.c: ZooKeeper's WorkerReceiver */
void elect_receive(struct elect *e, int64_t sid, const struct notif *n);
/* Tells the peer where this vote of `sid` means that `sid` leads no more. */
void elect_doubt(struct elect *e, int64_t sid, const struct vote *v);

#endif
