/* The messages that wait for one worker whose link is full. Control messages are never
 * dropped: when too many wait, the link ends, and the worker attaches again and gets a
 * replay. Of election frames the oldest is dropped and counted, but never the newest of a
 * configured remote. A learner frame that finds no room is refused, and the link that it
 * came on ends. */
#ifndef CONNMGR_BOARD_QUEUE_H
#define CONNMGR_BOARD_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_QUEUE_FRAMES  100
#define BOARD_QUEUE_CONTROL 256

enum board_class { BOARD_CONTROL, BOARD_NEWEST, BOARD_FIFO };

struct board_item {
	enum board_class class;
	int64_t sid; /* of a frame */
	bool member; /* its sender is in the configuration */
	const void *data;
	size_t len;
};

enum board_queue_result {
	BOARD_QUEUE_OK,
	/* Taken; an older election frame, or one of a stranger, was dropped. */
	BOARD_QUEUE_DROPPED,
	/* A learner frame was not taken. */
	BOARD_QUEUE_REFUSED,
	/* The message was not taken, and the link must end. */
	BOARD_QUEUE_OVERFLOW,
};

struct board_queue;

/* Frames of at most `frame_cap` bytes. NULL: no memory. */
struct board_queue *board_queue_new(size_t frame_cap);
void board_queue_free(struct board_queue *q);
void board_queue_clear(struct board_queue *q);

enum board_queue_result board_queue_put(struct board_queue *q,
                                        const struct board_item *item);
unsigned board_queue_count(const struct board_queue *q);
unsigned board_queue_frames(const struct board_queue *q);
/* The oldest message; NULL and `len` 0 if there is none. Good until the next call. */
const void *board_queue_first(struct board_queue *q, size_t *len);
void board_queue_pop(struct board_queue *q);

#endif
