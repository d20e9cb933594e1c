/* See queue.h. */
#include "ipc/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct queue_packet *
packet_new(const void *data, size_t len)
{
	struct queue_packet *p = malloc(sizeof(*p) + len);

	if (!p)
		return NULL;
	p->next = NULL;
	p->newest = false;
	p->len = len;
	memcpy(p->data, data, len);
	return p;
}

static void
append(struct queue *q, struct queue_packet *p)
{
	if (q->last)
		q->last->next = p;
	else
		q->first = p;
	q->last = p;
	q->count++;
}

bool
queue_add(struct queue *q, const void *data, size_t len)
{
	struct queue_packet *p = packet_new(data, len);

	if (p)
		append(q, p);
	return p != NULL;
}

static void
remove_key(struct queue *q, int64_t key)
{
	struct queue_packet *before = NULL, *p = q->first;

	for (; p && !(p->newest && p->key == key); p = p->next)
		before = p;
	if (!p)
		return;
	*(before ? &before->next : &q->first) = p->next;
	if (q->last == p)
		q->last = before;
	q->count--;
	free(p);
}

bool
queue_add_newest(struct queue *q, int64_t key, const void *data, size_t len)
{
	struct queue_packet *p = packet_new(data, len);

	if (!p)
		return false;
	p->newest = true;
	p->key = key;
	remove_key(q, key);
	append(q, p);
	return true;
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
