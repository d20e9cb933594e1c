/* The state of the peer's core, for peer/role*.c and for tests that look inside. It is
 * one block of memory: zeroed by role_new, without pointers, without garbage between its
 * members, so that it can be copied, compared and hashed. */
#ifndef PEER_ROLE_STATE_H
#define PEER_ROLE_STATE_H

#include "peer/role.h"

struct role_timing {
	uint32_t tick_ms;
	/* ticks */
	uint32_t init_limit;
	uint32_t sync_limit;
};

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

/* A link of the election lane: not up since election_ms, up, or dialled in vain (refused:
 * at election_ms). */
enum role_election { ROLE_ELECTION_LOST, ROLE_ELECTION_UP, ROLE_ELECTION_GONE };

/* PINGs that may be on their way to one learner. */
#define ROLE_PINGS 8

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
	/* What its last ACKEPOCH said of memberships; before the first one nothing is. */
	bool known;
	bool may_found;
	struct members_instance instance;
	int64_t file_version;
	uint64_t file_digest;
	int64_t record_epoch;
	/* The PINGs that were sent behind UPTODATE and are not answered, and when they
	 * were sent (R3, R10); number 0: a free place. */
	struct {
		uint64_t number;
		uint64_t sent_ms;
	} pings[ROLE_PINGS];
	/* When the newest of them was sent that was answered PROMISED, and what was
	 * promised with it (0: nothing); the newest that was answered at all. */
	uint64_t promise_ms;
	uint32_t promise_len_ms;
	uint64_t answered_ping;
	/* It withholds its ACK until then, it says (R4); 0: it does not. */
	uint64_t withheld_ms;
};

/* Another server: of our file, of our record, or of what the leader works with. */
struct role_remote {
	int64_t sid;
	enum role_election election;
	uint64_t election_ms;
	struct role_link link;
	/* As the leader: it has looked in a higher round than ours since its present
	 * link, or its last one, began (R7). */
	bool looks;
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
	/* The memberships that go with the epoch that is wanted as current, with that
	 * epoch; and the epoch of those on the disk. */
	struct members_record want_members;
	int64_t recorded;
	/* The record is to be given up, and the answer to REFOUND is owed. */
	bool refounds;
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
	/* The bound that waits to be written (R6 b); 0: none. After a write that failed
	 * not before bound_retry_ms. */
	uint32_t want_bound_ms;
	uint64_t bound_retry_ms;
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

#define ROLE_READMITS_MAX 16

/* A server that was taken in again with a new disk. */
struct role_readmit {
	int64_t sid;
	uint64_t at_ms;
	bool used;
};

/* What this server knows of memberships, beside its record. */
struct role_members {
	/* What its file wishes, without instances. */
	struct members file;
	/* The record, the file or the leader's membership has changed in this step. */
	bool changed;
	/* all whom we may need a link to, us among them */
	unsigned sid_count;
	int64_t sids[ROLE_LEARNERS_MAX + 1];
	/* what our last ACKEPOCH said */
	struct members_report report;
	/* A leader that neither our file nor our record lists, which is the older one. */
	bool has_seen;
	int64_t seen;
	/* The version of what was established last, or of what the start had. */
	int64_t in_force;
	/* A newer record than ours has no place for us: we do not stand until then. */
	bool unfit;
	uint64_t unfit_ms;
	/* A leader has offered us an epoch: its record or its file lists us. */
	bool listed;
	/* by a leader, ourselves or another one */
	struct role_readmit readmits[ROLE_READMITS_MAX];
};

/* What a leader's proposal is for: rules N3, N6 and N7. */
enum role_kind {
	ROLE_KIND_PLAIN,
	ROLE_KIND_FOUND,
	/* the first renewal of a change: joint */
	ROLE_KIND_CHANGE,
	/* the second: the target alone */
	ROLE_KIND_LEAVE,
	ROLE_KIND_ABORT,
};

struct role_change {
	enum role_kind kind;
	/* What a change began with, and when the last one was given up (0: none was). */
	struct members before;
	int64_t given_up;
	uint64_t given_up_ms;
	/* no change begins before */
	uint64_t retry_ms;
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
	/* The epoch in which the leader is established, as its last PING over this link
	 * said (R4). */
	int64_t led;
	/* Its last PING, and the lease that it asked for which is not promised yet (R2);
	 * 0: none. */
	int64_t asked_zxid;
	uint32_t asked_ms;
};

struct role_lead {
	/* when the quorum was last counted */
	uint64_t counted_ms;
	/* A quorum of FOLLOWERINFO must come by then, a quorum of promises by then, and
	 * all must be done by then. */
	uint64_t first_ms;
	uint64_t promise_ms;
	uint64_t init_ms;
	/* PINGs that were sent to all; the last one's number */
	uint64_t ping_count;
	/* There was a quorum of FOLLOWERINFO; one has promised `proposal`. */
	bool gathered;
	bool promised;
	/* The epoch that we are establishing, or have established; 0: none yet. */
	int64_t proposal;
	/* Established; 0: none. Below `proposal` during a renewal. */
	int64_t epoch;
	/* What the next proposal is for: adopted, or a founding (new: none). Its epoch is
	 * that of the newest record that is known (N4). */
	struct members_record adopted;
	/* What a quorum has promised `proposal` for. */
	struct members_record proposed;
	/* Who must be with us while `epoch` is established. */
	struct members_record ruling;
	struct role_change change;
};

/* R1 to R4, R6, R10. */
struct role_lease {
	/* What is in the mapped file: our promise, and whether we lead. */
	struct role_memory memory;
	/* the durable bound, as on the disk */
	struct role_bound bound;
	unsigned char boot[ROLE_BOOT_LEN];
	/* The end of our lease, as the page has it: it outlives the term. */
	uint64_t end_ms;
	/* R1: what was published before our start ends then. */
	uint64_t inherited_ms;
	/* Who holds on this host; one ended without a word. */
	unsigned holds;
	bool broken;
	/* What the last PINGs asked. */
	bool wanted;
	bool clocks_differ;
	/* The end is to be counted anew; at renew_ms (0: never) since no answer will
	 * come for it. */
	bool recount;
	uint64_t renew_ms;
	/* For the time of one count: since when (or behind which PING) one counts. */
	uint64_t since;
	/* R10: the questions, in their order. Each waits for a quorum of answers to PINGs
	 * behind number `after`; those below `round` wait for PINGs that are sent. */
	uint64_t round;
	unsigned question_count;
	struct role_question {
		uint64_t number;
		uint64_t after;
		uint64_t at_ms;
	} questions[ROLE_QUESTIONS_MAX];
};

/* R5, R7 to R9. */
struct role_handover {
	/* R5: nobody may hold any more; we wait for the holders. */
	bool releasing;
	/* R9: until then (0: we may) we do not stand, but for `target` where `targeted`:
	 * if that is us, we do. */
	uint64_t stands_ms;
	bool targeted;
	int64_t target;
	/* A person said how long: whoever is established, we do not stand before. */
	uint64_t for_ms;
	/* R7: the term that is being resumed; 0: none. */
	int64_t resumes;
	/* R7, R8: until then we stay what we are, without a quorum or a link to our
	 * leader; 0: we have it. */
	uint64_t patient_ms;
	/* R8: when to dial the leader again (0: not), and how often we did. */
	uint64_t redial_ms;
	unsigned redials;
	/* for people */
	uint64_t resumed;
};

struct role {
	/* its `file` is NULL */
	struct role_config config;
	/* ours, or the leader's for its term (N14) */
	struct role_timing timing;
	struct role_members members;
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
	struct role_lease lease;
	struct role_handover handover;
	/* the largest established epoch so far */
	int64_t published;
	enum role_reason reason;
	int error;
	/* the last EVENT */
	struct role_view told;
};

#endif
