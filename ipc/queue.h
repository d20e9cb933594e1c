/* Packets that wait for room on a link, in order. Unbounded: the owner has the bound and
 * the answer for "full". */
#ifndef IPC_QUEUE_H
#define IPC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_packet {
	struct queue_packet *next;
	bool newest; /* one that comes with the same key takes its place */
	int64_t key;
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
/* The same; what waits with that key goes, and the new one waits behind all others. */
bool queue_add_newest(struct queue *q, int64_t key, const void *data, size_t len);
void queue_remove_first(struct queue *q); /* must not be empty */
void queue_clear(struct queue *q);

#endif
