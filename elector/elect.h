/* FastLeaderElection as a pure core: events in, actions out, one deadline. The core does
 * what ZooKeeper 3.8.0 does, with additions that an option switches each; the rules and
 * their sources are in docs/ELECTION.md. Safety rests on ZooKeeper's rules and on the
 * epoch that a quorum promises afterwards, never on an addition.
 *
 * The core is silent, which means that it answers nobody, until the peer tells it to look
 * or what its role is. While a replay runs the core only collects what it is told. A
 * broadcast comes back to its sender as in ZooKeeper, but within the same step. */
#ifndef ELECTOR_ELECT_H
#define ELECTOR_ELECT_H

#include "ipc/msg.h"
#include "wire/notif.h"
#include "wire/qconfig.h"
#include "wire/quorum.h"
#include "wire/vote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No step has more: a step ends with at most three actions for each early vote (state,
 * broadcast, drop) and a few others; all other events cause a handful. */
#define ELECT_ACTIONS_MAX 512
#define ELECT_VOTERS_MAX  (2 * QUORUM_VOTERS_MAX)
#define ELECT_OTHERS_MAX  QCONFIG_SERVERS_MAX

/* What a pointer points to is borrowed until elect_free. */
struct elect_options {
	int64_t sid;
	bool observer;
	/* the configuration in force */
	const struct qconfig *config;
	/* the last proposed configuration; NULL: the same. Not used after elect_new. */
	const struct qconfig *last_seen;
	/* those that are asked who leads, and may be followed, beside the voters: at most
	 * ELECT_OTHERS_MAX. Not used after elect_new. */
	const int64_t *others;
	unsigned other_count;
	/* what others with our configuration send, "" where unknown */
	const char *config_text;
	size_t config_text_len;
	/* configurations that come with votes may have several addresses for a server */
	bool multi_address;
	/* the logical clock before the first look */
	int64_t clock;
	uint64_t notify_min_ms;
	uint64_t notify_max_ms;
	uint64_t finalize_ms;
	/* there is no replay to wait for */
	bool synced;
	/* ZooKeeper's reconfigEnabled: a newer configuration ends the election */
	bool stop_at_newer_config;

	/* Beyond ZooKeeper; with all of these false the core is ZooKeeper's. Each is
	 * described in docs/ELECTION.md, "Additions". */
	bool early_finalize;
	bool fixed_window;
	bool settled_in_window;
	bool fixed_wait;
	bool keep_early_votes;
	bool answer_worse;
	bool send_on_link_up;
	bool doubt;
	bool doubt_vote;
	bool links;
	bool guarded;
	bool yield;
	/* the priority in votes counts (docs/ELECTION.md, section "Priority"), and ours
	 * is this */
	bool priorities;
	int64_t priority;
	/* These three are of the memberships (docs/MEMBERSHIP.md), and ours only where
	 * the peer has said them: the two configurations are those of a joint record; who
	 * leads by a newer configuration is followed at once; so is whoever leads, since
	 * we have no record. */
	bool joint;
	bool follow_newer;
	bool joins;
};

/* Our times with all additions but doubt_vote, and those of memberships. Everything else
 * is 0. */
void elect_options_ours(struct elect_options *out);

enum elect_event_type {
	/* a new replay begins, and ends: links are unknown until it has told them */
	ELECT_EV_AGAIN,
	ELECT_EV_SYNCED,
	/* serial, vote; replayed: what the elector before us said last */
	ELECT_EV_STATE,
	/* look */
	ELECT_EV_LOOK,
	/* serial, vote; replayed: the answer of the elector before us */
	ELECT_EV_DECIDED,
	/* serial, vote */
	ELECT_EV_ROLE,
	ELECT_EV_ABSENT,
	/* sid, link, reason, was_up */
	ELECT_EV_LINK,
	/* sid, notif (its bytes are borrowed for the call) */
	ELECT_EV_NOTIF,
	/* delivered: what the sending queues say where `links` is off */
	ELECT_EV_DELIVERED,
	/* elect_due_ms has come; too early is harmless */
	ELECT_EV_DUE,
};

struct elect_event {
	enum elect_event_type type;
	/* the only clock; it never goes back */
	uint64_t now_ms;
	int64_t sid;
	struct msg_serial serial;
	struct vote vote;
	struct msg_look look;
	enum msg_link link;
	enum msg_reason reason;
	bool was_up;
	bool delivered;
	struct notif notif;
};

enum elect_reason {
	ELECT_REASON_NONE,

	/* DROP: a notification or a message of the peer has no effect */
	/* its serial is older, or was answered already */
	ELECT_REASON_STALE,
	/* the core is silent; it may have stored the vote */
	ELECT_REASON_SILENT,
	/* it came in our own name */
	ELECT_REASON_OWN,
	/* its state is none of ZooKeeper's */
	ELECT_REASON_STATE,
	/* it is not LOOKING, and nor are we */
	ELECT_REASON_NOT_ASKED,
	/* it votes for a server that is no voter */
	ELECT_REASON_OUTSIDER,
	/* its zxid or ours is -1 */
	ELECT_REASON_NO_ZXID,
	ELECT_REASON_LOWER_ROUND,
	ELECT_REASON_OBSERVING,
	/* it is not better, and the finalize window is open */
	ELECT_REASON_WINDOW,
	/* it votes for a server that has no weight (Java throws) */
	ELECT_REASON_WEIGHT,
	/* a quorum elected us, and we must not lead */
	ELECT_REASON_NOT_ELIGIBLE,
	/* its configuration was refused; the vote counts */
	ELECT_REASON_CONFIG_TEXT,

	/* DECIDED: what decided */
	/* every voter that is not down agrees, so that no window was needed */
	ELECT_REASON_ALL_AGREE,
	ELECT_REASON_WINDOW_ENDED,
	/* others follow a server, and it says that it leads */
	ELECT_REASON_ESTABLISHED,
	/* N9: a server says that it leads, and knows members that we do not */
	ELECT_REASON_NEWER,
	/* the same look came again */
	ELECT_REASON_REPEATED,
	ELECT_REASONS,
};

enum elect_action_type {
	/* serial, vote: to be stored before the next frame goes out */
	ELECT_ACT_STATE,
	/* sid, vote */
	ELECT_ACT_SEND,
	/* vote: to all voters of both configurations other than ourselves, and to the
	 * others */
	ELECT_ACT_BROADCAST,
	/* nothing is delivered: dial every server */
	ELECT_ACT_CONNECT_ALL,
	/* serial, vote, reason */
	ELECT_ACT_DECIDED,
	/* serial (of the role), sid: the leader `sid` may lead no more */
	ELECT_ACT_DOUBT,
	/* `sid` has a newer configuration with other members */
	ELECT_ACT_NEWER_CONFIG,
	/* sid, reason: for counters and the log */
	ELECT_ACT_DROP,
};

struct elect_action {
	enum elect_action_type type;
	int64_t sid;
	struct msg_serial serial;
	struct vote vote;
	enum elect_reason reason;
};

/* The caller's memory. The actions are to be done in this order. */
struct elect_actions {
	unsigned count;
	struct elect_action list[ELECT_ACTIONS_MAX];
	/* scratch of the step: the configuration that came with a vote; it is too large
	 * for the stack of a worker */
	struct qconfig carried;
};

enum elect_phase { ELECT_PHASE_IDLE, ELECT_PHASE_WAIT, ELECT_PHASE_FINALIZE };

struct elect_view {
	bool synced;
	bool silent;
	/* enum notif_state; means nothing while silent */
	int32_t state;
	enum elect_phase phase;
	/* of the newest look or role */
	struct msg_serial serial;
	int64_t clock;
	/* its round is the clock at the time when it was made */
	struct vote proposal;
	/* what is sent outside an election */
	struct vote current;
};

struct elect;

/* 0; -EINVAL: a configuration that counts no quorum (quorum_init); -ENOMEM. */
int elect_new(struct elect **out, const struct elect_options *options);
void elect_free(struct elect *e); /* NULL is allowed */
/* `out` is filled anew. */
void elect_step(struct elect *e, const struct elect_event *ev, struct elect_actions *out);
uint64_t elect_due_ms(const struct elect *e); /* UINT64_MAX: never */
void elect_get_view(const struct elect *e, struct elect_view *out);

bool elect_is_voter(const struct elect *e, int64_t sid); /* of either configuration */
const char *elect_reason_name(enum elect_reason r); /* for logs and status, never NULL */

/* The core of an observer that is attached to a live ZooKeeper ensemble: which of its
 * servers leads? It takes the same events, and the shell runs it or the election. Rules:
 * docs/ELECTION.md, "The attached observer". */
struct attach;

/* Of the options these count: sid, config, config_text, multi_address, synced. Borrowed
 * until attach_free: what they point to. 0; -EINVAL: a configuration that counts no
 * quorum (quorum_init); -ENOMEM. */
int attach_new(struct attach **out, const struct elect_options *options);
void attach_free(struct attach *a); /* NULL is allowed */
/* `out` is filled anew: SEND, DECIDED (once more for each epoch that the leader shows),
 * DOUBT, NEWER_CONFIG and DROP. */
void attach_step(struct attach *a, const struct elect_event *ev,
                 struct elect_actions *out);
uint64_t attach_due_ms(const struct attach *a); /* UINT64_MAX: never */
void attach_get_view(const struct attach *a, struct elect_view *out);

#endif
