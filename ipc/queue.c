/* See queue.h. */
#include "ipc/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void
remove_at(struct queue *q, struct queue_packet **at)
{
	struct queue_packet *p = *at;

	*at = p->next;
	q->count--;
	free(p);
}

bool
queue_add(struct queue *q, const int64_t *key, const void *data, size_t len)
{
	struct queue_packet *p = malloc(sizeof(*p) + len);
	struct queue_packet **at = &q->first;

	if (!p)
		return false;
	*p = (struct queue_packet){.keyed = key, .key = key ? *key : 0, .len = len};
	memcpy(p->data, data, len);
	while (*at)
		if (key && (*at)->keyed && (*at)->key == *key)
			remove_at(q, at);
		else
			at = &(*at)->next;
	*at = p;
	q->count++;
	return true;
}

void
queue_remove_first(struct queue *q)
{
	assert(q->first);
	remove_at(q, &q->first);
}

void
queue_clear(struct queue *q)
{
	while (q->first)
		queue_remove_first(q);
}
