/* One attached worker process: its door connection, its link, and the messages that wait
 * while the link is full. */
#ifndef CONNMGR_WORKER_H
#define CONNMGR_WORKER_H

#include "connmgr/board_queue.h"
#include "ipc/chan.h"
#include "ipc/door.h"
#include "ipc/msg.h"

#define WORKER_FULL_MS 1000 /* a link that is full for longer is cut */

struct worker {
	unsigned index;
	const struct chan_ops *ops; /* of its link; their user is the worker */
	void *owner;
	struct door_conn *door; /* NULL: the place is free */
	struct chan *chan;      /* NULL: no link */
	struct board_queue *queue;
	/* Since when no message got through; UINT64_MAX: no message waits. */
	uint64_t full_ms;
	const char *broken; /* why its link is about to be cut; NULL: it is not */
	uint64_t dropped;   /* frames, while the link was full */
	/* Of the process that is attached now: messages, those of them that were refused,
	 * and links that ended. */
	uint64_t said;
	uint64_t refused;
	uint64_t lost;
	char build[MSG_BUILD_MAX];
};

/* 0 or -ENOMEM. */
int worker_init(struct worker *w, unsigned index, const struct chan_ops *ops,
                void *owner);
void worker_deinit(struct worker *w);
/* Ends the link that it had, and listens at `path`. 0 or -errno. */
int worker_listen(struct worker *w, sd_event *loop, enum chan_kind kind, const char *path,
                  uint64_t deadline_us);
void worker_cut(struct worker *w); /* no callback; also without a link */
/* Sends, or queues. `why` is set where the link must end now. */
enum board_queue_result worker_send(struct worker *w, const struct board_item *item,
                                    const char **why);
/* Sends what waits, when there is room again. */
void worker_flush(struct worker *w);
/* When the link has been full for too long. */
uint64_t worker_due_ms(const struct worker *w);

#endif
