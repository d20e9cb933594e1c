/* The inside of the election core, for elect*.c only: the state, and what its files do
 * for each other. */
#ifndef ELECTOR_ELECT_CORE_H
#define ELECTOR_ELECT_CORE_H

#include "elector/elect.h"

enum elect_word { ELECT_WORD_NONE, ELECT_WORD_LOOK, ELECT_WORD_ROLE };

struct elect_voter {
	int64_t sid;
	bool weightless; /* its word is part of no quorum: nobody waits for it */
	struct elect_link link;
	bool has_kept;
	struct vote kept; /* LOOKING, from outside an election, on the present link */

	/* attached: its word on the present link */
	bool heard;
	bool answered;  /* heard more than once, so `word` is an answer */
	unsigned asked; /* since the last word, once a second */
	struct vote word;
};

struct elect {
	struct elect_options options;
	struct quorum_pair quorums;
	unsigned voter_count;
	int64_t voter_sids[ELECT_VOTERS_MAX]; /* as in `voters` */
	struct elect_voter voters[ELECT_VOTERS_MAX];
	bool is_voter; /* we ourselves: broadcasts come back to us */
	struct qconfig config;
	struct qconfig carried; /* scratch: what a notification carries */

	/* the words of the peer */
	bool synced;
	bool silent;
	enum elect_word word; /* what `serial` belongs to */
	struct msg_serial serial;
	struct elect_look look; /* the newest */
	enum elect_word pending_word;
	struct elect_event pending; /* the newest look or role of a replay */

	/* what is known to connmgr */
	bool has_said;
	struct msg_serial said_serial;
	struct vote said;
	bool said_before_us; /* by another process: its round is a lower bound for ours */
	bool has_decided;
	struct msg_serial decided_serial;
	struct vote decided;

	/* ZooKeeper's */
	int32_t state; /* enum notif_state */
	int64_t clock;
	struct vote proposal;
	bool has_current;
	struct vote current;
	bool delivered;
	struct vote_map round_votes;   /* recvset */
	struct vote_map settled_votes; /* outofelection */
	enum elect_phase phase;
	uint64_t timeout_ms;
	uint64_t due_ms; /* while not idle */

	/* of one step */
	uint64_t now_ms;
	bool own_pending; /* a broadcast of ours is coming back */
	struct vote own;
	struct elect_actions *out;
};

/* elect_answer.c: actions */
void elect_push(struct elect *e, const struct elect_action *a);
void elect_drop(struct elect *e, int64_t sid, enum elect_reason reason);
void elect_send(struct elect *e, int64_t sid, const struct vote *v, int32_t state);
void elect_send_proposal(struct elect *e, int64_t sid); /* with the clock, LOOKING */
void elect_broadcast(struct elect *e);
void elect_say_decided(struct elect *e, enum elect_reason reason);

/* elect_receive.c: ZooKeeper's WorkerReceiver */
void elect_receive(struct elect *e, int64_t sid, const struct notif *n);
struct elect_voter *elect_find_voter(struct elect *e,
                                     int64_t sid); /* NULL: an outsider */
void elect_doubt(struct elect *e, int64_t sid, const struct vote *v);

/* elect_loop.c: ZooKeeper's lookForLeader */
void elect_loop_enter(struct elect *e);
void elect_loop_leave(struct elect *e);
/* `quiet`: do not answer, the sender has just been told. */
void elect_loop_take(struct elect *e, int64_t sid, const struct vote *v, bool quiet);
void elect_loop_take_own(struct elect *e);  /* until none comes back */
void elect_loop_take_kept(struct elect *e); /* and forget them */
void elect_loop_due(struct elect *e);
void elect_loop_reconsider(struct elect *e); /* a link changed */
void elect_decide(struct elect *e, const struct vote *v, enum elect_reason reason);

/* elect_attach.c: instead of both */
void elect_attach_look(struct elect *e); /* begin to look, or say again what was lost */
void elect_attach_judge(struct elect *e);
void elect_attach_due(struct elect *e);
void elect_attach_link(struct elect *e, struct elect_voter *v, bool was_up);
void elect_attach_hear(struct elect *e, struct elect_voter *v, const struct vote *word);

#endif
