/* The state of the board, one block without pointers: board.c (what is said),
 * board_attach.c (who is active) and the leaves below both, board_worker.c. */
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
void board_on_recorded(struct board *b, const struct board_event *ev,
                       struct board_actions *out);
void board_on_promote(struct board *b, const struct board_event *ev,
                      struct board_actions *out);
void board_on_prepared(struct board *b, const struct board_event *ev,
                       struct board_actions *out);
void board_on_due(struct board *b, uint64_t now_ms, struct board_actions *out);

#endif
