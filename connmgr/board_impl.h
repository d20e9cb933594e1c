/* The insides of the board, one block without pointers: board.c (what is said) is above
 * board_attach.c (who is active), and that above the leaves, board_worker.c. */
#ifndef CONNMGR_BOARD_IMPL_H
#define CONNMGR_BOARD_IMPL_H

#include "connmgr/board.h"
#include "connmgr/board_keep.h"

struct board_role {
	struct board_record record;
	bool pending; /* RECORD is out */
	unsigned candidate;
	uint64_t retry_ms; /* UINT64_MAX: no retry is due */
};

/* The record of a promotion is being written. Nothing else waits for that, and the
 * promotion stands only if no other activation came before the record was written. */
struct board_promotion {
	bool preparing;
	unsigned worker;
	uint64_t order; /* the worker's, to see that its place has the same worker */
	uint64_t generation;
};

struct board {
	struct board_role roles[2]; /* elector, peer */
	struct board_promotion promotion;
	struct board_worker workers[BOARD_WORKERS_MAX];
	uint64_t order;
	uint32_t hello_ms;
	struct board_counters counters;
	struct board_keep keep; /* last: its arena follows */
};

void board_on_attach(struct board *b, const struct board_event *ev,
                     struct board_actions *out);
void board_on_gone(struct board *b, unsigned worker, struct board_actions *out);
void board_on_hello(struct board *b, const struct board_event *ev,
                    struct board_actions *out);
void board_on_read(struct board *b, const struct board_event *ev,
                   struct board_actions *out);
void board_on_recorded(struct board *b, const struct board_event *ev,
                       struct board_actions *out);
void board_on_promote(struct board *b, const struct board_event *ev,
                      struct board_actions *out);
void board_on_prepared(struct board *b, const struct board_event *ev,
                       struct board_actions *out);
void board_on_due(struct board *b, uint64_t now_ms, struct board_actions *out);

/* ---- the leaves: the workers, and the list of actions ---- */

struct board_role *board_role(struct board *b, enum msg_who who);

struct board_action *board_add(struct board_actions *out, enum board_action_type type,
                               unsigned worker);
/* SEND to every worker of these roles (enum msg_party) that receives new messages,
 * shadows too. */
void board_send_all(struct board *b, unsigned to, const struct board_item *item,
                    struct board_actions *out);

/* REPLAY for every worker of these roles that receives new messages. */
void board_replay_all(struct board *b, unsigned to, struct board_actions *out);

/* The link of a worker has ended, or ends now (`cut`). */
void board_unlink(struct board *b, unsigned worker, bool cut, struct board_actions *out);
/* The peer is gone or takes no part: its last word and the decision for it are dropped,
 * and the electors are told so. */
void board_forget_word(struct board *b, struct board_actions *out);

#endif
