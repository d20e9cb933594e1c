/* See queue.h. */
#include "ipc/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool
queue_add(struct queue *q, const void *data, size_t len)
{
	struct queue_packet *p = malloc(sizeof(*p) + len);

	if (!p)
		return false;
	p->next = NULL;
	p->len = len;
	memcpy(p->data, data, len);
	if (q->last)
		q->last->next = p;
	else
		q->first = p;
	q->last = p;
	q->count++;
	return true;
}

void
queue_remove_alike(struct queue *q, const void *head, size_t len)
{
	struct queue_packet **at = &q->first, *before = NULL;

	while (*at) {
		struct queue_packet *p = *at;

		if (p->len < len || memcmp(p->data, head, len) != 0) {
			before = p;
			at = &p->next;
			continue;
		}
		*at = p->next;
		q->count--;
		free(p);
	}
	q->last = before;
}

void
queue_remove_first(struct queue *q)
{
	struct queue_packet *p = q->first;

	assert(p);
	q->first = p->next;
	if (!q->first)
		q->last = NULL;
	q->count--;
	free(p);
}

void
queue_clear(struct queue *q)
{
	while (q->first)
		queue_remove_first(q);
}
