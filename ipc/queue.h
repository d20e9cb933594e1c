/* Packets that wait for room on a link, in order. Unbounded: the owner has the bound and
 * the answer for "full". */
#ifndef IPC_QUEUE_H
#define IPC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue_packet {
	struct queue_packet *next;
	size_t len;
	unsigned char data[];
};

struct queue {
	struct queue_packet *first; /* NULL: empty */
	struct queue_packet *last;
	unsigned count;
};

/* Zeroed is empty. False when there is no memory. */
bool queue_add(struct queue *q, const void *data, size_t len);
/* Removes what begins with the same `len` bytes. */
void queue_remove_alike(struct queue *q, const void *head, size_t len);
void queue_remove_first(struct queue *q); /* must not be empty */
void queue_clear(struct queue *q);

#endif
