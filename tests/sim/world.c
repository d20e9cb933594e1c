/* Time, chance, and the queue of items; see sim.h. */
#include "tests/sim/sim.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 65536

struct sim sim;

static uint64_t state; /* of chance */
static uint64_t order;
static unsigned count;
static struct sim_item *heap[ITEMS_MAX];
static struct sim_item pool[ITEMS_MAX];

uint64_t
sim_random(uint64_t below)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return below > 0 ? (z ^ (z >> 31)) % below : 0;
}

bool
sim_chance(unsigned of_1000)
{
	return !sim.calm && sim_random(1000) < of_1000;
}

void
sim_world_begin(uint64_t seed)
{
	state = seed * 0x2545f4914f6cdd1du + 1;
	order = 0;
	count = 0;
	for (unsigned i = 0; i < ITEMS_MAX && !heap[i]; i++)
		heap[i] = &pool[i];
	sim.seed = seed;
	sim.now_us = 1000000;
	sim.calm = false;
	sim.failed = false;
}

void
sim_world_end(void)
{
	while (count > 0)
		free(heap[--count]->data);
}

static bool
before(const struct sim_item *a, const struct sim_item *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void
sift_up(unsigned at, struct sim_item *it)
{
	while (at > 0 && before(it, heap[(at - 1) / 2])) {
		heap[at] = heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap[at] = it;
}

static struct sim_item *
put(const struct sim_item *item)
{
	struct sim_item *it = heap[count];

	assert(count + 1 < ITEMS_MAX);
	*it = *item;
	sift_up(count++, it);
	return it;
}

struct sim_item *
sim_put(uint64_t at_us, struct proc *p, void (*run)(struct sim_item *), void *object,
        uint64_t serial)
{
	return put(&(struct sim_item){.at_us = at_us > sim.now_us ? at_us : sim.now_us,
	                              .order = order++,
	                              .proc = p,
	                              .life = p ? p->life : 0,
	                              .run = run,
	                              .object = object,
	                              .serial = serial});
}

void
sim_put_data(struct sim_item *it, const void *data, size_t len)
{
	it->data = malloc(len + 1);
	assert(it->data);
	if (len > 0)
		memcpy(it->data, data, len);
	it->data[len] = '\0';
	it->len = len;
}

static void
sift_down(struct sim_item *it)
{
	unsigned at = 0;

	for (;;) {
		unsigned next = 2 * at + 1;

		if (next >= count)
			break;
		if (next + 1 < count && before(heap[next + 1], heap[next]))
			next++;
		if (!before(heap[next], it))
			break;
		heap[at] = heap[next];
		at = next;
	}
	heap[at] = it;
}

/* The first item; its place is free once the copy is made. */
static struct sim_item
take(void)
{
	struct sim_item *first = heap[0];
	struct sim_item *last = heap[--count];

	if (count > 0)
		sift_down(last);
	heap[count] = first;
	return *first;
}

void
sim_enter(struct proc *p)
{
	assert(!sim.running);
	sim.running = p;
}

void
sim_leave(void)
{
	struct proc *p = sim.running;

	if (p->up && !p->exits)
		sim_loop_post(&p->loop);
	sim.running = NULL;
	if (p->up && p->exits) {
		sim_kill(p);
		sim_start_later(p, 1000 + sim_random(50000));
	}
}

bool
sim_turn(uint64_t end_us)
{
	struct sim_item it;

	if (count == 0 || heap[0]->at_us > end_us) {
		sim.now_us = end_us;
		return false;
	}
	it = take();
	sim.now_us = it.at_us;
	sim.steps++;
	if (it.proc && (!it.proc->up || it.proc->life != it.life)) {
		free(it.data);
		return true;
	}
	if (it.proc && it.proc->paused_us > sim.now_us) {
		/* in the order in which it came: a stopped process reads a link in order
		 */
		it.at_us = it.proc->paused_us + it.late;
		put(&it);
		return true;
	}
	if (it.proc)
		sim_enter(it.proc);
	it.run(&it);
	if (it.proc)
		sim_leave();
	free(it.data);
	return true;
}

/* Mostly a few microseconds; among the faults some tens of milliseconds. */
uint64_t
sim_inside_us(void)
{
	if (sim_chance(8))
		return sim_random(20000);
	return 5 + sim_random(40);
}

void
sim_say(const char *format, ...)
{
	va_list args;

	if (!sim.trace)
		return;
	printf("%10.3f ", (double)sim.now_us / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void
sim_fail(const char *format, ...)
{
	va_list args;

	if (sim.failed)
		return;
	sim.failed = true;
	printf("seed %llu, %u servers, at %.3f ms: ", (unsigned long long)sim.seed,
	       sim.count, (double)sim.now_us / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}
