/* The record with two slots: every way that a disk can treat the real state machine. The
 * model of the disk: a write goes to the cache. It reaches the disk at a sync that
 * succeeds; at a power loss in part, whole or not at all; and at a sync that fails
 * likewise, after which the kernel takes the page for clean. Bytes that are on the disk
 * already cannot tear. Each part of the rule is also left out once: the search must find
 * what is lost then. */
#include "base/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BIG (16 * SLOTS_PAGE)

/* of a slot: all of this runs with a small one, and with a big one */
static size_t size;

static void
two_that_contradict_each_other(void **state)
{
	static char blocks[SLOTS_COUNT * BIG], room[BIG];
	bool bad[SLOTS_COUNT];
	struct slots s;
	size_t len;

	(void)state;
	assert_true(slots_encode(blocks, size, 3, "value 3\n", 8));
	assert_true(slots_encode(blocks + size, size, 3, "value 4\n", 8));
	assert_false(slots_start(&s, size, blocks, room, bad));
	assert_true(slots_encode(blocks + size, size, 4, "value 4\n", 8));
	assert_true(slots_start(&s, size, blocks, room, bad));
	assert_false(bad[0] || bad[1]);
	assert_memory_equal(slots_body(&s, &len), "value 4\n", 8);
	assert_int_equal(len, 8);
	blocks[size + 99] = 'x';
	assert_true(slots_start(&s, size, blocks, room, bad));
	assert_true(!bad[0] && bad[1]);
	assert_memory_equal(slots_body(&s, &len), "value 3\n", 8);
	memset(blocks, 0, sizeof(blocks));
	assert_false(slots_start(&s, size, blocks, room, bad));
	assert_true(bad[0] && bad[1]);
}

/* (e): after the answer, into the other slot, until that is sure. */
static void
the_mirror(void **state)
{
	static char blocks[SLOTS_COUNT * BIG], room[BIG];
	bool bad[SLOTS_COUNT];
	struct slots_write w;
	struct slots s;

	(void)state;
	memset(blocks, 0, sizeof(blocks));
	assert_true(slots_encode(blocks + size, size, 3, "value 3\n", 8));
	assert_true(slots_start(&s, size, blocks, room, bad));
	assert_false(slots_mirror(&s, &w));
	for (unsigned at = 1; at < 4; at++) {
		assert_true(slots_next(&s, &w));
		assert_int_equal(w.slot, at % 2);
		slots_done(&s, w.slot, true);
		for (unsigned i = 0; i < 2; i++) { /* the first one fails */
			assert_true(slots_mirror(&s, &w));
			assert_int_equal(w.slot, 1 - at % 2);
			assert_ptr_equal(w.block, room);
			assert_int_equal(w.size, size);
			slots_done(&s, w.slot, i == 1);
			assert_true(slots_is_sure(&s));
		}
		assert_false(slots_mirror(&s, &w));
		assert_true(slots_set(&s, "value\n", 6));
		assert_false(slots_mirror(&s, &w));
	}
}

/* ---- the search ---- */

#define TOP  3 /* the values are 1 … TOP, and each is its own count */
#define TORN 0
#define KEYS (1u << 17)

enum phase { IDLE, WRITTEN, BOOT };

/* Which part of the rule is left out. */
enum without { NOTHING, A, B, C, D, E, WITHOUTS };

/* A state of the disk, of the process, and of what may still go wrong. */
struct world {
	uint8_t disk[SLOTS_COUNT];
	uint8_t cache[SLOTS_COUNT];
	bool dirty[SLOTS_COUNT];
	uint8_t phase;
	uint8_t value; /* the newest of the process, in `at` */
	uint8_t at;
	bool sure[SLOTS_COUNT];
	uint8_t slot; /* whose write awaits its sync */
	bool repeats; /* without (c): a sync without a write */
	uint8_t answered;
	uint8_t rots, fails, crashes;
};

static char blocks_of[TOP + 1][BIG];
static struct world *worlds;
static unsigned *table; /* 1 + index into worlds */
static unsigned world_count;
static enum without without;
static bool lost;

static unsigned
hash(const struct world *w)
{
	const unsigned char *bytes = (const unsigned char *)w;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(*w); i++)
		h = (h ^ bytes[i]) * 16777619u;
	return h % KEYS;
}

static void
visit(const struct world *w)
{
	unsigned at = hash(w);

	for (; table[at] != 0; at = (at + 1) % KEYS)
		if (memcmp(&worlds[table[at] - 1], w, sizeof(*w)) == 0)
			return;
	assert_true(world_count < KEYS / 2);
	worlds[world_count++] = *w;
	table[at] = world_count;
}

/* The real machine, as it is in this world. */
static struct slots
machine(const struct world *w)
{
	static char room[BIG];
	struct slots s = {.size = size, .block = room, .count = w->value, .at = w->at};

	memcpy(room, blocks_of[w->value], size);
	memcpy(s.sure, w->sure, sizeof(s.sure));
	return s;
}

static void
keep(struct world *w, const struct slots *s)
{
	assert_in_range(s->count, 1, TOP);
	assert_memory_equal(s->block, blocks_of[s->count], size);
	w->value = (uint8_t)s->count;
	w->at = (uint8_t)s->at;
	memcpy(w->sure, s->sure, sizeof(w->sure));
}

static void
answer(struct world *w)
{
	if (w->value > w->answered)
		w->answered = w->value;
}

static void
do_write(struct world w, const struct slots *s, const struct slots_write *out)
{
	keep(&w, s);
	assert_ptr_equal(out->block, s->block);
	w.cache[out->slot] = w.value;
	w.dirty[out->slot] = true;
	w.slot = (uint8_t)out->slot;
	w.phase = WRITTEN;
	w.repeats = false;
	if (without == A) { /* it counts as soon as it is written */
		w.sure[out->slot] = true;
		if (out->slot == w.at)
			answer(&w);
	}
	visit(&w);
}

static void
go_idle(const struct world *w)
{
	struct slots s = machine(w), fresh;
	struct slots_write out;
	char text[32];

	if (slots_next(&s, &out)) {
		if (w->repeats) { /* instead of the write */
			struct world next = *w;

			next.phase = WRITTEN;
			visit(&next);
			return;
		}
		do_write(*w, &s, &out);
		return;
	}
	if (without != E && slots_mirror(&s, &out))
		do_write(*w, &s, &out);
	if (w->value < TOP) {
		int len = snprintf(text, sizeof(text), "value %d\n", w->value + 1);

		fresh = s; /* both have one block */
		assert_true(slots_set(&fresh, text, (size_t)len));
		if (without == B) /* also into the slot that it must not touch */
			fresh.at = s.at;
		assert_true(slots_next(&fresh, &out));
		do_write(*w, &fresh, &out);
	}
}

static void
go_sync(const struct world *w)
{
	const uint8_t was = w->disk[w->slot], now = w->cache[w->slot];
	const uint8_t after[] = {was, now, TORN};
	struct world next = *w;
	struct slots s = machine(w);

	if (w->dirty[w->slot])
		next.disk[w->slot] = now;
	next.dirty[w->slot] = false;
	slots_done(&s, w->slot, true);
	keep(&next, &s);
	next.phase = IDLE;
	next.repeats = false;
	if (w->slot == w->at)
		answer(&next);
	visit(&next);
	if (w->fails == 0)
		return;
	for (unsigned i = 0; i < (was == now ? 1 : 3); i++) {
		next = *w;
		s = machine(w);
		next.disk[w->slot] = after[i];
		next.dirty[w->slot] = false;
		next.fails--;
		slots_done(&s, w->slot, false);
		keep(&next, &s);
		next.phase = IDLE;
		next.repeats = without == C && w->slot == w->at;
		visit(&next);
	}
}

static void
go_boot(const struct world *w)
{
	static char blocks[SLOTS_COUNT * BIG], room[BIG];
	struct world next = *w;
	bool bad[SLOTS_COUNT];
	struct slots s;

	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		char *block = blocks + i * size;

		memcpy(block, blocks_of[w->cache[i] == TORN ? 1 : w->cache[i]], size);
		if (w->cache[i] == TORN)
			memset(block + 40, 0, size - 40);
	}
	if (!slots_start(&s, size, blocks, room, bad)) {
		/* a slot that rots and a write that tears are two misfortunes: the server
		 * stops, and says so */
		lost = w->rots > 0;
		return;
	}
	assert_false(s.sure[0] || s.sure[1]);
	keep(&next, &s);
	if (next.value < w->answered) {
		lost = true;
		return;
	}
	next.phase = IDLE;
	if (without == D) { /* what was read counts */
		slots_done(&s, s.at, true);
		keep(&next, &s);
		answer(&next);
	}
	visit(&next);
}

static void
die(struct world w)
{
	w.phase = BOOT;
	memset(w.sure, 0, sizeof(w.sure));
	w.value = w.at = w.slot = 0;
	w.repeats = false;
	w.crashes--;
	visit(&w);
}

static void
go_wrong(const struct world *w)
{
	const bool both = w->sure[0] && w->sure[1];
	struct world next;

	if (w->rots > 0 && w->phase == IDLE && (both || without == E)) {
		for (unsigned i = 0; i < SLOTS_COUNT; i++) {
			next = *w;
			next.disk[i] = TORN;
			next.rots--;
			visit(&next);
		}
	}
	if (w->crashes == 0)
		return;
	die(*w); /* the process, and what it wrote stays in the cache */
	for (unsigned i = 0; i < 9; i++) {
		const unsigned kind[] = {i % 3, i / 3};

		next = *w;
		for (unsigned k = 0; k < SLOTS_COUNT; k++) {
			const uint8_t after[] = {w->disk[k], w->cache[k], TORN};
			bool open = w->dirty[k] && w->disk[k] != w->cache[k];

			next.disk[k] = next.cache[k] = after[open ? kind[k] : 0];
			next.dirty[k] = false;
		}
		die(next);
	}
}

/* Returns whether an answered value can be lost. */
static bool
search(enum without part, uint8_t fails, uint8_t crashes)
{
	struct world begin;

	memset(&begin, 0, sizeof(begin));
	for (unsigned i = 0; i < SLOTS_COUNT; i++) {
		begin.disk[i] = begin.cache[i] = 1;
		begin.sure[i] = true;
	}
	begin.value = begin.answered = 1;
	begin.rots = 1;
	begin.fails = fails;
	begin.crashes = crashes;
	without = part;
	lost = false;
	world_count = 0;
	memset(table, 0, KEYS * sizeof(*table));
	visit(&begin);
	for (unsigned i = 0; i < world_count && !lost; i++) {
		const struct world w = worlds[i];

		if (w.phase == IDLE)
			go_idle(&w);
		else if (w.phase == WRITTEN)
			go_sync(&w);
		else
			go_boot(&w);
		if (w.phase != BOOT)
			go_wrong(&w);
	}
	print_message("without %d: %u states\n", part, world_count);
	return lost;
}

static void
nothing_answered_is_lost(void **state)
{
	(void)state;
	assert_false(search(NOTHING, 2, 2));
	assert_true(world_count > 1000);
	assert_false(search(NOTHING, 4, 4));
}

static void
each_part_is_needed(void **state)
{
	(void)state;
	for (enum without part = A; part < WITHOUTS; part++)
		assert_true(search(part, 2, 2));
}

static int
set_up(void **state)
{
	(void)state;
	worlds = calloc(KEYS / 2, sizeof(*worlds));
	table = calloc(KEYS, sizeof(*table));
	for (int v = 1; v <= TOP; v++) {
		char text[32];
		int len = snprintf(text, sizeof(text), "value %d\n", v);

		if (!slots_encode(blocks_of[v], size, (uint64_t)v, text, (size_t)len))
			return -1;
	}
	return worlds && table ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	free(worlds);
	free(table);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_that_contradict_each_other),
	    cmocka_unit_test(the_mirror),
	    cmocka_unit_test(nothing_answered_is_lost),
	    cmocka_unit_test(each_part_is_needed),
	};

	int failed = 0;

	for (size = SLOTS_PAGE; size <= BIG; size += BIG - SLOTS_PAGE)
		failed += cmocka_run_group_tests(tests, set_up, tear_down);
	return failed;
}
