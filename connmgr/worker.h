/* One attached worker process as connmgr holds it: its door connection, its link, and
 * what waits while that link is full. */
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
	uint64_t full_ms; /* since when nothing got through; UINT64_MAX: nothing waits */
	const char *broken; /* why its link is about to be cut; NULL */
	uint64_t dropped;   /* frames, while full */
	/* of the process that is attached now: */
	uint64_t said;    /* messages */
	uint64_t refused; /* of those: none of its to us */
	uint64_t lost;    /* its links, whoever ended them */
	char build[MSG_BUILD_MAX];
};

/* 0 or -ENOMEM. */
int worker_init(struct worker *w, unsigned index, const struct chan_ops *ops,
                void *owner);
void worker_deinit(struct worker *w);
/* Listens at `path`; ends the link that it had. 0 or -errno. */
int worker_listen(struct worker *w, sd_event *loop, enum chan_kind kind, const char *path,
                  uint64_t deadline_us);
void worker_cut(struct worker *w); /* no callback; also without a link */
/* Sends, or queues. `why` is set where the link must end now. */
enum board_queue_result worker_send(struct worker *w, const struct board_item *item,
                                    const char **why);
/* Sends what waits, when there is room again. */
void worker_flush(struct worker *w);
uint64_t
worker_due_ms(const struct worker *w); /* when a full link has been full too long */

#endif
