/* The search, the nearest worlds first. A world that waits for its turn is packed; of
 * one that had its turn the set keeps 64 bits (two worlds with the same would be taken
 * for one: of 20 million, that happens once in 90,000 runs), and the trace its parent and
 * action. */
#include "tests/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORDS      ((sizeof(struct model_world) + 7) / 8)
#define PACKED_MAX (WORDS * 9)

union whole {
	struct model_world world;
	uint64_t words[WORDS];
};

struct parent {
	uint32_t index;
	struct model_action action;
};

struct queue { /* of packed worlds */
	unsigned char *data;
	size_t len, cap;
};

static struct {
	uint64_t *set; /* 0: free */
	size_t set_cap;
	struct parent *parents; /* of each world, in the order in which they were found */
	size_t count, cap;
	struct queue now, next;
} x;

/* ---- packed worlds ---- */

static void
enqueue(struct queue *q, const union whole *u)
{
	if (q->cap - q->len < PACKED_MAX) {
		q->cap = 2 * q->cap + (1 << 20);
		q->data = model_must(realloc(q->data, q->cap));
	}
	q->len += model_pack(u, WORDS, q->data + q->len);
}

/* ---- the set ---- */

static bool
put(uint64_t h)
{
	size_t at = h & (x.set_cap - 1);

	while (x.set[at]) {
		if (x.set[at] == h)
			return false;
		at = (at + 1) & (x.set_cap - 1);
	}
	x.set[at] = h;
	return true;
}

static void
grow_set(void)
{
	uint64_t *old = x.set;
	size_t cap = x.set_cap;

	x.set_cap = cap ? 2 * cap : 1 << 16;
	x.set = model_must(calloc(x.set_cap, sizeof(*x.set)));
	for (size_t i = 0; i < cap; i++)
		if (old[i])
			put(old[i]);
	free(old);
}

/* Notes a world that is new; its turn will come. */
static void
meet(const union whole *u, uint32_t parent, const struct model_action *a)
{
	if (3 * (x.count + 1) > 2 * x.set_cap)
		grow_set();
	if (!put(model_hash(u, sizeof(*u))))
		return;
	if (x.count == x.cap) {
		x.cap = x.cap ? 2 * x.cap : 1 << 16;
		x.parents = model_must(realloc(x.parents, x.cap * sizeof(*x.parents)));
	}
	x.parents[x.count++] = (struct parent){parent, *a};
	enqueue(&x.next, u);
}

/* ---- the trace ---- */

static void
begin(union whole *u)
{
	memset(u, 0, sizeof(*u));
	model_world_begin(&u->world);
}

/* To the world `index`, and `last` behind it (END: it is stuck). */
static void
print_trace(uint32_t index, const struct model_action *last)
{
	static struct model_action path[1024];
	unsigned count = 0;
	union whole u;
	char wrong[sizeof(model.wrong)];

	memcpy(wrong, model.wrong, sizeof(wrong));
	if (last->kind != MODEL_END)
		path[count++] = *last;
	for (; index > 0 && count < 1024; index = x.parents[index].index)
		path[count++] = x.parents[index].action;
	begin(&u);
	for (unsigned n = 1; n <= count; n++) {
		const struct model_action *a = &path[count - n];

		printf("  %2u ", n);
		model_say_action(&u.world, a);
		model_act(&u.world, a);
		if (model.trace || n == count)
			model_say_world(&u.world);
	}
	if (last->kind == MODEL_END) {
		model.wrong[0] = '\0';
		model_heal_say(&u.world);
	}
	memcpy(model.wrong, wrong, sizeof(wrong));
	printf("     %s\n", model.wrong);
}

/* ---- the search ---- */

static double
seconds_since(const struct timespec *begun)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) +
	       (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

/* All that can happen in this world. False: something is wrong. */
static bool
visit(const union whole *u, uint32_t index, struct model_result *out)
{
	struct model_action actions[MODEL_ACTIONS_MAX];
	unsigned count = model_actions(&u->world, actions);

	for (unsigned i = 0; i < count; i++) {
		union whole after = *u;

		model_act(&after.world, &actions[i]);
		out->steps++;
		if (model.wrong[0] != '\0') {
			out->depth++;
			print_trace(index, &actions[i]);
			return false;
		}
		if (!model_is_beyond(&after.world))
			meet(&after, index, &actions[i]);
	}
	return true;
}

static bool
is_stuck(const union whole *u, uint32_t index)
{
	const struct model_action none = {0};

	model_heal(&u->world);
	if (model.wrong[0] == '\0')
		return false;
	print_trace(index, &none);
	return true;
}

/* All worlds of one distance from the first. False: the end. */
static bool
visit_all(uint32_t *index, const struct timespec *begun, double seconds,
          uint64_t worlds_max, unsigned heal, struct model_result *out)
{
	union whole u;

	for (size_t at = 0; at < x.now.len;) {
		at += model_unpack(x.now.data + at, WORDS, &u);
		if (*index % heal == 0 && is_stuck(&u, *index))
			return false;
		if (!visit(&u, (*index)++, out))
			return false;
		if (x.count > worlds_max ||
		    (*index % 1024 == 0 && seconds_since(begun) > seconds))
			return false;
	}
	return true;
}

void
model_explore(double seconds, uint64_t worlds_max, unsigned heal,
              struct model_result *out)
{
	const struct model_action none = {0};
	struct timespec begun;
	uint32_t index = 0;
	union whole u;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	*out = (struct model_result){0};
	begin(&u);
	meet(&u, 0, &none);
	while (x.next.len > 0) {
		struct queue done = x.now;

		x.now = x.next;
		done.len = 0;
		x.next = done;
		if (!visit_all(&index, &begun, seconds, worlds_max, heal, out))
			break;
		out->depth++;
	}
	out->complete = x.next.len == 0 && index == x.count && model.wrong[0] == '\0';
	out->worlds = x.count;
	out->seconds = seconds_since(&begun);
	free(x.set);
	free(x.parents);
	free(x.now.data);
	free(x.next.data);
	memset(&x, 0, sizeof(x));
}
