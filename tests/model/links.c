/* The connections of the learner lane. A server uses one that it dialled at a time; of
 * those before at most one is left, half-open: its other end does not know yet. */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct model_link *
link_of(struct model_world *w, uint8_t sid, unsigned slot)
{
	return &w->links[sid - 1][slot];
}

static void
push(struct model_packet *queue, uint8_t *count, const struct model_packet *p)
{
	if (*count == MODEL_QUEUE) {
		fputs("model: MODEL_QUEUE is too small\n", stderr);
		exit(70);
	}
	queue[(*count)++] = *p;
}

struct model_packet
model_link_take(struct model_packet *queue, uint8_t *count)
{
	struct model_packet first = queue[0];

	memmove(queue, queue + 1, (MODEL_QUEUE - 1) * sizeof(*queue));
	memset(&queue[MODEL_QUEUE - 1], 0, sizeof(*queue));
	(*count)--;
	return first;
}

static void
close_end(struct model_link *k, bool *end, struct model_packet *queue, uint8_t *count)
{
	*end = false;
	*count = 0;
	memset(queue, 0, MODEL_QUEUE * sizeof(*queue));
	if (!k->near && !k->far)
		memset(k, 0, sizeof(*k));
}

static void
close_near(struct model_link *k)
{
	close_end(k, &k->near, k->down, &k->down_count);
}

static void
close_far(struct model_link *k)
{
	close_end(k, &k->far, k->up, &k->up_count);
}

void
model_far_ends(struct model_world *w, uint8_t sid, unsigned slot)
{
	struct model_link *k = link_of(w, sid, slot);
	struct model_event ev = {.type = MODEL_EV_ENDS, .sid = sid & 15u};
	uint8_t to = k->to;
	bool passed = k->passed;

	ev.number = (MODEL_ACCEPTED + slot) & 15u;
	close_far(k);
	if (passed)
		model_step_server(w, to, &ev);
}

/* The near end is closed. The far end is the older one from now on. */
static void
age(struct model_world *w, uint8_t sid)
{
	struct model_link *now = link_of(w, sid, 0), *old = link_of(w, sid, 1);
	const struct model_event ev = {.type = MODEL_EV_RENUMBER, .sid = sid & 15u};

	if (old->far)
		model_far_ends(w, sid, 1);
	if (!now->far)
		return;
	*old = *now;
	memset(now, 0, sizeof(*now));
	if (old->passed)
		model_step_server(w, old->to, &ev);
}

void
model_near_ends(struct model_world *w, uint8_t sid)
{
	struct model_link *k = link_of(w, sid, 0);

	close_near(k);
	if (k->far)
		age(w, sid);
}

void
model_links_drop(struct model_world *w, uint8_t sid)
{
	for (unsigned i = 0; i < model.c->servers; i++)
		for (unsigned slot = 0; slot < 2; slot++)
			if (w->links[i][slot].to == sid && w->links[i][slot].far)
				close_far(&w->links[i][slot]);
	if (link_of(w, sid, 0)->near)
		model_near_ends(w, sid);
}

void
model_link_dial(struct model_world *w, uint8_t sid, uint8_t to)
{
	const struct model_event ev = {
	    .type = MODEL_EV_STANDS, .sid = to & 15u, .number = MODEL_DIALLED};

	*link_of(w, sid, 0) = (struct model_link){.to = to, .near = true, .far = true};
	model_step_server(w, sid, &ev);
}

void
model_link_send(struct model_world *w, uint8_t sid, const struct model_deed *d)
{
	struct model_link *k;

	if (d->number == MODEL_DIALLED) {
		k = link_of(w, sid, 0);
		if (k->far)
			push(k->up, &k->up_count, &d->packet);
	} else {
		k = link_of(w, d->sid, d->number - MODEL_ACCEPTED);
		if (k->near)
			push(k->down, &k->down_count, &d->packet);
	}
}

void
model_link_close(struct model_world *w, uint8_t sid, const struct model_deed *d)
{
	if (d->number == MODEL_DIALLED)
		model_near_ends(w, sid);
	else if (d->number >= MODEL_ACCEPTED)
		close_far(link_of(w, d->sid, d->number - MODEL_ACCEPTED));
}
