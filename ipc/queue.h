/* Packets that wait for room on a link, in order. There is no bound: the owner has one,
 * and decides what happens when the queue is full. */
#ifndef IPC_QUEUE_H
#define IPC_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_packet {
	struct queue_packet *next;
	/* A new packet with the same key replaces this one. */
	bool keyed;
	int64_t key;
	size_t len;
	unsigned char data[];
};

/* Zeroed is empty. */
struct queue {
	struct queue_packet *first; /* NULL: empty */
	unsigned count;
};

/* Adds a packet behind all others. With a key (not NULL) it removes the packet that waits
 * with that key. False when there is no memory. */
bool queue_add(struct queue *q, const int64_t *key, const void *data, size_t len);
void queue_remove_first(struct queue *q); /* must not be empty */
void queue_clear(struct queue *q);

#endif
