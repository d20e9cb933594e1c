/* FastLeaderElection as a pure core: events in, actions out, one deadline. It is what
 * ZooKeeper 3.8.0 does (election-semantics.md), with the additions of design.md, section
 * 6, each of which can be switched off. Safety rests on the rules of ZooKeeper and on the
 * epoch that a quorum promises afterwards, never on an addition.
 *
 * Own notifications that loop back are handled inside: when a step returns there are none
 * left. Before SYNCED it only collects; without a word of the peer (LOOK, ROLE) it is
 * silent: it answers nobody. */
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

#define ELECT_ACTIONS_MAX 512 /* no step has more: see elect_push */
#define ELECT_VOTERS_MAX  (2 * QUORUM_VOTERS_MAX)

struct elect_options {
	int64_t sid;
	bool observer;                   /* our learner type */
	const struct qconfig *config;    /* in force; borrowed by elect_new only */
	const struct qconfig *last_seen; /* last proposed, NULL: the same; likewise */
	const char *config_text; /* what others with our configuration send, "" where
	                            unknown; borrowed until elect_free */
	size_t config_text_len;
	bool multi_address; /* carried configurations may have several addresses */
	int64_t clock;      /* logical clock before the first look */
	uint64_t notify_min_ms;
	uint64_t notify_max_ms;
	uint64_t finalize_ms;
	bool synced; /* there is no replay to wait for */
	bool stop_at_newer_config;
	bool attached; /* an observer of a live ZooKeeper ensemble: elect_attach.c */

	/* beyond ZooKeeper; all false is ZooKeeper */
	bool early_finalize;    /* decide at once when no better vote can come */
	bool fixed_window;      /* the window ends finalize_ms after it was entered */
	bool settled_in_window; /* who has decided is heard in it, too */
	bool fixed_wait;        /* others' notifications do not put ours off */
	bool keep_early_votes;  /* LOOKING frames that come before we look are kept */
	bool answer_worse;      /* a worse vote of our round is told the proposal */
	bool send_on_link_up;   /* while looking */
	bool doubt;             /* tell the peer that its leader is looking */
	bool doubt_vote;        /* or votes for another in our round; off in `ours`, as
	                           Zab says that too */
	bool links;   /* LINK, not DELIVERED, says whether anything is delivered */
	bool guarded; /* we lead as a voter with a weight only, and hear nothing in
	                 our own name */
};

/* The times of ZooKeeper and none of ours; ours with all additions. Everything else 0. */
void elect_options_zookeeper(struct elect_options *out);
void elect_options_ours(struct elect_options *out);

enum elect_event_type {
	ELECT_EV_AGAIN,   /* a new replay begins: links are unknown until it has told them
	                   */
	ELECT_EV_SYNCED,  /* the replay is complete */
	ELECT_EV_STATE,   /* replayed: what the elector before us said last */
	ELECT_EV_LOOK,    /* serial, look */
	ELECT_EV_DECIDED, /* replayed: the answer of the elector before us */
	ELECT_EV_ROLE,    /* serial, vote (with state) */
	ELECT_EV_ABSENT,  /* the peer ended */
	ELECT_EV_LINK,    /* sid, link */
	ELECT_EV_NOTIF,   /* sid, notif (borrowed for the call) */
	ELECT_EV_DELIVERED, /* delivered */
	ELECT_EV_DUE,       /* elect_due_ms has come; too early is harmless */
};

struct elect_look {
	int64_t zxid; /* our own vote: last logged zxid and current epoch */
	int64_t epoch;
	int64_t last_round; /* 0: none */
	bool gave_up;
	int64_t leader; /* that this look gives up */
};

struct elect_link {
	bool up;
	bool was_up;  /* there was a link since connmgr started */
	bool refused; /* the last attempt to connect was refused or reset */
};

struct elect_event {
	enum elect_event_type type;
	uint64_t now_ms; /* the only clock; never goes back */
	int64_t sid;
	struct msg_serial serial; /* STATE, LOOK, DECIDED, ROLE */
	struct vote vote;         /* STATE; DECIDED, ROLE with state */
	struct elect_look look;
	struct elect_link link;
	struct notif notif;
	bool delivered;
};

enum elect_reason {
	ELECT_REASON_NONE,
	/* DROP: a notification or word without effect */
	ELECT_REASON_STALE,        /* an older serial, or one that is answered already */
	ELECT_REASON_SILENT,       /* we are silent; a vote may have been kept */
	ELECT_REASON_OWN,          /* in our own name */
	ELECT_REASON_STATE,        /* no state of ZooKeeper's */
	ELECT_REASON_NOT_ASKED,    /* we are not looking */
	ELECT_REASON_OUTSIDER,     /* for a leader that is no voter */
	ELECT_REASON_NO_ZXID,      /* zxid -1, its or ours */
	ELECT_REASON_LOWER_ROUND,  /* a LOOKING vote of an older round */
	ELECT_REASON_OBSERVING,    /* a voter that says it observes */
	ELECT_REASON_WINDOW,       /* not better, in the finalize window */
	ELECT_REASON_WEIGHT,       /* for a leader without a weight (Java throws) */
	ELECT_REASON_NOT_ELIGIBLE, /* a quorum for us, who must not lead */
	ELECT_REASON_CONFIG_TEXT,  /* its configuration was refused; the vote counts */
	/* DECIDED: by what */
	ELECT_REASON_ALL_AGREE, /* every voter that is not down, without the wait */
	ELECT_REASON_WINDOW_ENDED,
	ELECT_REASON_ESTABLISHED, /* others follow it, and it leads */
	ELECT_REASON_REPEATED,    /* the same look again */
	ELECT_REASONS,
};

enum elect_action_type {
	ELECT_ACT_STATE,       /* serial, vote: to be kept before the next frame goes */
	ELECT_ACT_SEND,        /* sid; vote with state */
	ELECT_ACT_BROADCAST,   /* to elect_voters other than ourselves; vote with state */
	ELECT_ACT_CONNECT_ALL, /* nothing is delivered: dial everybody */
	ELECT_ACT_DECIDED,     /* serial, vote with state, reason; attached, once more for
	                          each epoch that the leader shows */
	ELECT_ACT_DOUBT,       /* serial of the role; sid */
	ELECT_ACT_NEWER_CONFIG, /* sid has a newer configuration with other members */
	ELECT_ACT_DROP,         /* sid, reason: for counters and the log */
};

struct elect_action {
	enum elect_action_type type;
	int64_t sid;
	struct msg_serial serial;
	struct vote vote;
	enum elect_reason reason;
};

struct elect_actions { /* caller's memory; do them in order */
	unsigned count;
	struct elect_action list[ELECT_ACTIONS_MAX];
};

enum elect_phase { ELECT_PHASE_IDLE, ELECT_PHASE_WAIT, ELECT_PHASE_FINALIZE };

struct elect_view {
	bool synced;
	bool silent;
	int32_t state; /* enum notif_state; means nothing while silent */
	enum elect_phase phase;
	struct msg_serial serial; /* of the newest look or role */
	int64_t clock;
	struct vote proposal; /* its round is the clock of then */
	struct vote current;  /* what is said outside an election */
};

struct elect;

/* 0; -EINVAL: a configuration that counts no quorum (quorum_init); -ENOMEM. */
int elect_new(struct elect **out, const struct elect_options *options);
void elect_free(struct elect *e); /* NULL is allowed */
/* `out` is filled anew. */
void elect_step(struct elect *e, const struct elect_event *ev, struct elect_actions *out);
uint64_t elect_due_ms(const struct elect *e); /* UINT64_MAX: never */

void elect_look_at(const struct elect *e, struct elect_view *out);
/* The voters of both configurations, ascending, ourselves among them if we are one;
 * borrowed for the life of `e`. */
const int64_t *elect_voters(const struct elect *e, unsigned *count);
bool elect_is_voter(const struct elect *e, int64_t sid);
const struct quorum_pair *elect_quorums(const struct elect *e); /* borrowed likewise */

const char *elect_reason_name(enum elect_reason r); /* for logs and status, never NULL */

#endif
