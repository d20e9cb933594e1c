/* The messages that wait for one worker whose link is full, in the order in which they
 * came. Each sender of frames has a share of its own, so what one sends too much costs
 * nobody else anything. Of the frames of an election link the sender's oldest is dropped
 * when its share is used up, never its newest. A frame of a learner connection is refused
 * then, and that connection ends.
 *
 * News of links waits too, but no more than there is room for, however often links come
 * and go: the newest state of a link replaces the one that waits; and a connection with a
 * number that ends before the worker was told of it leaves nothing. Newer members replace
 * those that wait. Other messages are never dropped: when too many wait, the worker's
 * link ends, and the worker attaches again and gets a replay. */
#ifndef CONNMGR_BOARD_QUEUE_H
#define CONNMGR_BOARD_QUEUE_H

#include "ipc/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_QUEUE_SHARE   65536 /* bytes of frames of one sender */
#define BOARD_QUEUE_FRAMES  64    /* of one sender */
#define BOARD_QUEUE_CONTROL 256   /* other messages, beside the news of links */
/* So many strangers' frames may wait; when there are more, the frame is dropped. */
#define BOARD_QUEUE_STRANGERS 16

enum board_class {
	BOARD_CONTROL,
	/* `remote`: the state of a link or a connection. */
	BOARD_LINK,
	/* A frame of the election lane; the sender is its sid. */
	BOARD_NEWEST,
	/* A frame of the learner lane; the sender is the connection, its number. */
	BOARD_FIFO,
	/* The members: at most MSG_MAX bytes. */
	BOARD_MEMBERS,
};

struct board_item {
	enum board_class class;
	/* Of a link: lane sid number up; of a frame: sid number member. */
	enum msg_lane lane;
	int64_t sid;
	uint64_t number;
	bool up;
	bool member; /* its sender is in the configuration */
	const void *data;
	size_t len;
};

enum board_queue_result {
	BOARD_QUEUE_OK,
	/* Taken; an older election frame of this sender, or one of a stranger, was
	 * dropped. */
	BOARD_QUEUE_DROPPED,
	/* A learner frame was not taken. */
	BOARD_QUEUE_REFUSED,
	/* The message was not taken, and the link must end. */
	BOARD_QUEUE_OVERFLOW,
};

struct board_queue;

/* For `remotes` configured ones, each with at most `conns` connections on the learner
 * lane at a time. NULL: no memory. */
struct board_queue *board_queue_new(unsigned remotes, unsigned conns);
void board_queue_free(struct board_queue *q);
void board_queue_clear(struct board_queue *q);
/* What waits in `from` is put into `to`, an empty one with at least as much room. */
void board_queue_move(struct board_queue *from, struct board_queue *to);

enum board_queue_result board_queue_put(struct board_queue *q,
                                        const struct board_item *item);
unsigned board_queue_count(const struct board_queue *q);
unsigned board_queue_frames(const struct board_queue *q);
/* The most that can wait of frames, and of other messages. */
unsigned board_queue_frames_max(const struct board_queue *q);
unsigned board_queue_control_max(const struct board_queue *q);
/* The oldest message; NULL and `len` 0 if there is none. Good until the next call. */
const void *board_queue_first(struct board_queue *q, size_t *len);
void board_queue_pop(struct board_queue *q);

#endif
