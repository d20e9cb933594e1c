/* The leaves of the board: its workers, and the list of actions. They call no other file
 * of the board but board_keep. */
#ifndef CONNMGR_BOARD_WORKER_H
#define CONNMGR_BOARD_WORKER_H

#include "connmgr/board_impl.h"

struct board_role *board_role(struct board *b, enum msg_who who);

struct board_action *board_add(struct board_actions *out, enum board_action_type type,
                               unsigned worker);
/* SEND to every worker of these roles (enum msg_party) that receives new messages,
 * shadows too. */
void board_send_all(struct board *b, unsigned to, const struct board_item *item,
                    struct board_actions *out);

/* The link of a worker has ended, or ends now (`cut`). */
void board_unlink(struct board *b, unsigned worker, bool cut, struct board_actions *out);
/* The peer is gone or takes no part: its last word and the decision for it are dropped,
 * and the electors are told so. */
void board_forget_word(struct board *b, struct board_actions *out);

#endif
