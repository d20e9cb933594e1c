/* States of the core. Each is kept once, and a world names it by its index; and each
 * step of each state is made once. There are far fewer of both than worlds. */
#include "tests/model/bug.h"
#include "tests/model/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS (sizeof(struct model_state) / sizeof(uint64_t))

struct made { /* a step that was made */
	uint64_t event;
	uint32_t role;
	uint32_t after;
	uint32_t deeds; /* index of the first */
	uint32_t count;
};

static struct {
	/* by index: packed states, and what worlds need of them */
	unsigned char **packed;
	size_t *lens;
	uint64_t *hashes;
	struct model_core *cores;
	uint32_t count, cap;
	uint32_t *table; /* indices + 1 */
	uint32_t table_cap;
	struct made *made;
	uint32_t made_count, made_cap;
	struct model_deed *deeds;
	uint32_t deed_count, deed_cap;
	struct role_actions todo;
} l;

const struct model_core *
model_core(uint32_t index)
{
	return &l.cores[index];
}

uint32_t
model_local_count(void)
{
	return l.count;
}

/* ---- states ---- */

static void
grow_table(void)
{
	free(l.table);
	l.table_cap = l.table_cap ? 2 * l.table_cap : 1 << 14;
	l.table = model_must(calloc(l.table_cap, sizeof(*l.table)));
	for (uint32_t i = 0; i < l.count; i++) {
		uint32_t at = (uint32_t)l.hashes[i] & (l.table_cap - 1);

		while (l.table[at])
			at = (at + 1) & (l.table_cap - 1);
		l.table[at] = i + 1;
	}
}

static void
grow_states(void)
{
	l.cap = l.cap ? 2 * l.cap : 4096;
	l.packed = model_must(realloc(l.packed, l.cap * sizeof(*l.packed)));
	l.lens = model_must(realloc(l.lens, l.cap * sizeof(*l.lens)));
	l.hashes = model_must(realloc(l.hashes, l.cap * sizeof(*l.hashes)));
	l.cores = model_must(realloc(l.cores, l.cap * sizeof(*l.cores)));
}

static uint32_t
keep_state(const struct model_state *s)
{
	static unsigned char packed[WORDS * 9];
	size_t len;
	uint64_t h;
	uint32_t at, i;

	static_assert(sizeof(*s) % sizeof(uint64_t) == 0, "whole words");
	len = model_pack(s, WORDS, packed);
	h = model_hash(packed, len);
	if (2 * (l.count + 1) > l.table_cap)
		grow_table();
	for (at = (uint32_t)h & (l.table_cap - 1); l.table[at];
	     at = (at + 1) & (l.table_cap - 1)) {
		i = l.table[at] - 1;
		if (l.hashes[i] == h && l.lens[i] == len &&
		    memcmp(l.packed[i], packed, len) == 0)
			return i;
	}
	if (l.count == l.cap)
		grow_states();
	i = l.count++;
	l.packed[i] = memcpy(model_must(malloc(len)), packed, len);
	l.lens[i] = len;
	l.hashes[i] = h;
	model_fill_core(&l.cores[i], &s->role);
	l.table[at] = i + 1;
	return i;
}

/* ---- steps ---- */

static void
step(struct model_state *s, const struct role_event *ev)
{
	static struct role before;

	before = s->role;
	model_bug_before(&s->role, ev);
	role_step(&s->role, ev, &l.todo);
	model_bug_after(&before, &s->role, ev);
	for (unsigned i = 0; i < l.todo.count; i++) {
		if (l.todo.list[i].type == ROLE_ACT_MEMORY)
			s->memory = l.todo.list[i].u.memory;
		if (l.deed_count == l.deed_cap) {
			l.deed_cap = l.deed_cap ? 2 * l.deed_cap : 4096;
			l.deeds =
			    model_must(realloc(l.deeds, l.deed_cap * sizeof(*l.deeds)));
		}
		if (model_fill_deed(&l.deeds[l.deed_count], &l.todo.list[i]))
			l.deed_count++;
	}
}

static void
step_type(struct model_state *s, enum role_event_type type)
{
	step(s, &(struct role_event){.type = type, .now_ms = MODEL_NOW_MS});
}

static void
renumber(struct role_remote *p)
{
	if (p->link.number == MODEL_ACCEPTED)
		p->link.number++;
	if (p->fresh == MODEL_ACCEPTED)
		p->fresh++;
	if (p->beside.number == MODEL_ACCEPTED)
		p->beside.number++;
}

static uint32_t
or_default(uint8_t ms)
{
	if (!model.c->leases)
		return 0;
	return ms > 0 ? ms : MODEL_LEASE_MS;
}

static void
make_new(struct role *r, int64_t sid, unsigned file)
{
	struct members members;
	const struct role_config config = {
	    .sid = sid,
	    .zab = true,
	    .tick_ms = MODEL_TICK_MS,
	    .init_limit = 40,
	    .sync_limit = 6,
	    .lease = ROLE_LEASE_AUTO,
	    .lease_ms = or_default(model.c->lease_ms[sid - 1]),
	    .lease_max_ms = or_default(model.c->lease_max_ms[sid - 1]),
	    .resume_ms = model.c->resume_ms,
	    .drift_percent = model.c->drift_percent,
	    .file = &members,
	};
	struct role *fresh;

	model_members_of_file(&model.c->files[file], &members);
	if (role_new(&fresh, &config) < 0)
		model_must(NULL);
	memcpy(r, fresh, sizeof(*r));
	role_free(fresh);
}

/* What is over at once: a number, and time. */
static bool
make_simple(struct model_state *s, const struct model_event *ev)
{
	struct role_remote *p = role_remote(&s->role, ev->sid);

	if (ev->type == MODEL_EV_RENUMBER && p)
		renumber(p);
	if (ev->type == MODEL_EV_PASS)
		model_canon_pass(s, ev->packet.extra);
	return ev->type == MODEL_EV_RENUMBER || ev->type == MODEL_EV_PASS;
}

static void
make(struct model_state *s, const struct model_event *ev)
{
	static struct model_heard heard;
	struct role *r = &s->role;
	struct model_event as_heard = *ev;
	struct role_event in;

	if (make_simple(s, ev))
		return;
	model_make_due(r, ev);
	if (ev->type == MODEL_EV_PACKET)
		model_bug_packet(r, &as_heard.packet);
	model_fill_event(&in, &heard, s, &as_heard);
	if (ev->type == MODEL_EV_BOOT) {
		make_new(r, r->config.sid, ev->packet.extra);
		s->memory = in.memory;
	}
	step(s, &in);
	if (ev->type == MODEL_EV_AGAIN) {
		step_type(s, ROLE_EV_AGAIN);
		step_type(s, ROLE_EV_SYNCED);
	}
	if (r->mode == ROLE_MODE_WAITING) {
		r->wait_ms = MODEL_NOW_MS;
		step_type(s, ROLE_EV_DUE);
	}
}

static struct made *
find(uint32_t role, uint64_t event)
{
	uint64_t h = (event ^ ((uint64_t)role << 20)) * 0x9FB21C651E98DF25ULL;
	uint32_t at = (uint32_t)(h >> 32) & (l.made_cap - 1);

	while (l.made[at].event != 0 &&
	       (l.made[at].event != event || l.made[at].role != role))
		at = (at + 1) & (l.made_cap - 1);
	return &l.made[at];
}

static void
grow_made(void)
{
	struct made *old = l.made;
	uint32_t cap = l.made_cap;

	l.made_cap = cap ? 2 * cap : 1 << 14;
	l.made = model_must(calloc(l.made_cap, sizeof(*l.made)));
	for (uint32_t i = 0; i < cap; i++)
		if (old[i].event != 0)
			*find(old[i].role, old[i].event) = old[i];
	free(old);
}

struct model_step
model_local_step(uint32_t index, const struct model_event *ev)
{
	static struct model_state s;
	uint64_t event;
	struct made *m;

	static_assert(sizeof(*ev) == sizeof(event), "an event is one word");
	memcpy(&event, ev, sizeof(event));
	if (2 * (l.made_count + 1) > l.made_cap)
		grow_made();
	m = find(index, event);
	if (m->event == 0) {
		uint32_t first = l.deed_count;

		model_unpack(l.packed[index], WORDS, &s);
		make(&s, ev);
		model_canon(&s);
		*m = (struct made){event, index, keep_state(&s), first,
		                   l.deed_count - first};
		l.made_count++;
	}
	return (struct model_step){m->after, m->count, l.deeds + m->deeds};
}

/* The state before the first start of server sid has index sid - 1. */
void
model_local_begin(void)
{
	static struct model_state s;

	for (unsigned i = 0; i < model.c->servers; i++) {
		make_new(&s.role, i + 1, model.c->file[i]);
		keep_state(&s);
	}
}

void
model_local_end(void)
{
	for (uint32_t i = 0; i < l.count; i++)
		free(l.packed[i]);
	free(l.packed);
	free(l.lens);
	free(l.hashes);
	free(l.cores);
	free(l.table);
	free(l.made);
	free(l.deeds);
	memset(&l, 0, sizeof(l));
	model_keep_end();
}
