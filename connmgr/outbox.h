/* The messages that are to be written to one remote. Two kinds:
 * newest: one message waits, and a newer one takes its place. The last message that was
 *   begun is kept, and sent again when a connection comes up and no message waits
 *   (ZooKeeper's queueSendMap with its capacity of one, and lastMessageSent).
 * fifo: no message is replaced or sent again; a message that does not fit is refused. */
#ifndef CONNMGR_OUTBOX_H
#define CONNMGR_OUTBOX_H

#include "ipc/msg.h"

#include <stdbool.h>
#include <stddef.h>

#define OUTBOX_NEWEST_MAX (2 * (MSG_FRAME_MAX + 4)) /* bytes, heads included */
#define OUTBOX_FIFO_MAX   262144                    /* the same */

enum outbox_kind { OUTBOX_NEWEST, OUTBOX_FIFO };

enum outbox_result {
	OUTBOX_OK,
	OUTBOX_REPLACED, /* newest: a message that was not begun was dropped for it */
	OUTBOX_FULL,     /* fifo: not taken; also while no connection is up */
};

struct outbox;

struct outbox *outbox_new(enum outbox_kind kind); /* NULL: no memory */
void outbox_free(struct outbox *o);

/* A message of 1 … MSG_FRAME_MAX bytes; its head is added here. */
enum outbox_result outbox_put(struct outbox *o, const void *data, size_t len);

/* A connection has come up: the next byte is the first one of a message. */
void outbox_up(struct outbox *o);
/* The connection has ended. A fifo drops all messages; a newest keeps the message that
 * waits and the last one that was begun. */
void outbox_down(struct outbox *o);
/* Drops every message: the box is for another remote from now on. */
void outbox_clear(struct outbox *o);

/* How many bytes to write next, and where they are; 0: none, as before outbox_up. */
size_t outbox_peek(const struct outbox *o, const unsigned char **data);
/* All bytes that are still to be written, also while no connection is up. */
size_t outbox_waiting(const struct outbox *o);
void outbox_wrote(struct outbox *o, size_t len); /* of what outbox_peek gave */

#endif
