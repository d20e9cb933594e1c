/* States of the core. Each is kept once, and a world names it by its index; and each
 * step of each state is made once. There are far fewer of both than worlds. */
#include "tests/model/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK       1024 /* states of which memory is taken at once */
#define CHUNKS_MAX  65536
#define RECORDS_MAX 250

struct made { /* a step that was made */
	uint64_t event;
	uint32_t role;
	uint32_t after;
	uint32_t deeds; /* index of the first */
	uint32_t count;
};

static struct {
	struct role *chunks[CHUNKS_MAX];
	uint64_t *hashes;
	uint32_t count;
	uint32_t *table; /* indices + 1 */
	uint32_t cap;    /* of the table, a power of two */
	struct made *made;
	uint32_t made_count, made_cap;
	struct model_deed *deeds;
	uint32_t deed_count, deed_cap;
	struct role_record records[RECORDS_MAX]; /* [0] is none */
	unsigned record_count;
	struct role blank[MODEL_SERVERS]; /* before START */
	struct role_actions todo;
} l;

static void *
must(void *memory)
{
	if (memory)
		return memory;
	fputs("model: out of memory\n", stderr);
	exit(71);
}

const struct role *
model_role(uint32_t index)
{
	return &l.chunks[index / CHUNK][index % CHUNK];
}

const struct role_record *
model_record(uint8_t index)
{
	return &l.records[index];
}

uint32_t
model_local_count(void)
{
	return l.count;
}

static uint8_t
keep_record(const struct role_record *record)
{
	unsigned i = 1;

	while (i < l.record_count && memcmp(&l.records[i], record, sizeof(*record)) != 0)
		i++;
	assert(i < RECORDS_MAX);
	if (i == l.record_count)
		l.records[l.record_count++] = *record;
	return (uint8_t)i;
}

static uint64_t
hash_role(const struct role *r)
{
	uint64_t h = 0x9E3779B97F4A7C15ULL, word;

	static_assert(sizeof(*r) % sizeof(word) == 0, "whole words");
	for (size_t at = 0; at < sizeof(*r); at += sizeof(word)) {
		memcpy(&word, (const char *)r + at, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	return h;
}

static void
grow_table(void)
{
	free(l.table);
	l.cap = l.cap ? 2 * l.cap : 1 << 14;
	l.table = must(calloc(l.cap, sizeof(*l.table)));
	l.hashes = must(realloc(l.hashes, l.cap * sizeof(*l.hashes)));
	for (uint32_t i = 0; i < l.count; i++) {
		uint32_t at = (uint32_t)l.hashes[i] & (l.cap - 1);

		while (l.table[at])
			at = (at + 1) & (l.cap - 1);
		l.table[at] = i + 1;
	}
}

static uint32_t
keep_role(const struct role *r)
{
	uint64_t h = hash_role(r);
	uint32_t at, i;

	if (2 * (l.count + 1) > l.cap)
		grow_table();
	for (at = (uint32_t)h & (l.cap - 1); l.table[at]; at = (at + 1) & (l.cap - 1)) {
		i = l.table[at] - 1;
		if (l.hashes[i] == h && memcmp(model_role(i), r, sizeof(*r)) == 0)
			return i;
	}
	i = l.count++;
	assert(i / CHUNK < CHUNKS_MAX);
	if (i % CHUNK == 0)
		l.chunks[i / CHUNK] = must(malloc(CHUNK * sizeof(*r)));
	l.chunks[i / CHUNK][i % CHUNK] = *r;
	l.hashes[i] = h;
	l.table[at] = i + 1;
	return i;
}

/* ---- events ---- */

static void
fill_packet(struct qpacket *q, const struct model_packet *p, int64_t sid,
            unsigned char data[40])
{
	const struct qpacket_learner info = {.sid = sid, .protocol = QPACKET_PROTOCOL};
	const struct qpacket_ackepoch answer = {p->answer, p->promise};

	*q = (struct qpacket){.type = p->type, .zxid = (int64_t)p->epoch << 32};
	if (p->type == QPACKET_FOLLOWERINFO)
		q->data_len = qpacket_put_learner(&info, data, 40);
	else if (p->type == QPACKET_LEADERINFO)
		q->data_len = qpacket_put_i32(QPACKET_PROTOCOL, data, 40);
	else if (p->type == QPACKET_ACKEPOCH)
		q->data_len = qpacket_put_ackepoch(&answer, data, 40);
	q->data = q->data_len > 0 ? data : NULL;
}

static void
fill_vote(struct role_event *out, const struct role *r, const struct model_event *ev)
{
	bool leads = ev->type == MODEL_EV_LEAD;

	out->type = ROLE_EV_DECIDED;
	out->serial = r->look.serial;
	out->vote = (struct vote){
	    .leader = leads ? r->config.sid : ev->sid,
	    .round = 1,
	    .epoch = ev->packet.epoch,
	    .state = leads ? NOTIF_LEADING : NOTIF_FOLLOWING,
	};
}

static void
fill_remote(struct role_event *out, const struct model_event *ev)
{
	out->type = ROLE_EV_REMOTE;
	out->sid = ev->sid;
	out->lane = MSG_LANE_LEARNER;
	out->number = ev->number;
	out->link = ev->type == MODEL_EV_ENDS ? MSG_LINK_DOWN : MSG_LINK_UP;
	out->reason = ev->type == MODEL_EV_ENDS ? MSG_REASON_EOF : MSG_REASON_NONE;
	out->dialled = ev->number == MODEL_DIALLED;
}

static void
fill(struct role_event *out, const struct role *r, const struct model_event *ev)
{
	*out = (struct role_event){.type = ROLE_EV_DUE, .now_ms = MODEL_NOW_MS};
	switch ((enum model_event_type)ev->type) {
	case MODEL_EV_BOOT:
		out->type = ROLE_EV_START;
		out->generation = 1;
		out->record = *model_record(ev->record);
		break;
	case MODEL_EV_LEAD:
	case MODEL_EV_FOLLOW:
		fill_vote(out, r, ev);
		break;
	case MODEL_EV_STANDS:
	case MODEL_EV_JOINS:
	case MODEL_EV_ENDS:
		fill_remote(out, ev);
		break;
	case MODEL_EV_PACKET:
		out->type = ROLE_EV_PACKET;
		out->sid = ev->sid;
		out->number = ev->number;
		break;
	case MODEL_EV_WRITTEN:
	case MODEL_EV_FAILED:
		out->type = ROLE_EV_WRITTEN;
		out->error = ev->type == MODEL_EV_FAILED ? -5 : 0;
		break;
	case MODEL_EV_NEWCOMER:
	case MODEL_EV_RETRY:
	case MODEL_EV_RENUMBER:
		break;
	case MODEL_EV_AGAIN:
		out->type = ROLE_EV_LOST;
		break;
	}
}

/* ---- deeds ---- */

static void
keep_deed(const struct role_action *a)
{
	struct model_deed d = {.type = (uint8_t)a->type,
	                       .sid = (uint8_t)a->sid,
	                       .number = (uint8_t)a->number};
	const struct role_packet *p = &a->u.packet;
	if (a->type == ROLE_ACT_SEND && p->type != QPACKET_PING) {
		assert(p->zxid >> 32 <= INT8_MAX && (uint32_t)p->zxid == 0);
		d.packet.type = (uint8_t)p->type;
		d.packet.epoch = (int8_t)(p->zxid >> 32);
		d.packet.answer = (int8_t)p->answer.current;
		d.packet.promise = (int8_t)p->answer.epoch;
	} else if (a->type == ROLE_ACT_WRITE) {
		d.record = keep_record(a->u.write);
	} else if (a->type != ROLE_ACT_CONNECT && a->type != ROLE_ACT_DISCONNECT) {
		return;
	}
	if (l.deed_count == l.deed_cap) {
		l.deed_cap = l.deed_cap ? 2 * l.deed_cap : 4096;
		l.deeds = must(realloc(l.deeds, l.deed_cap * sizeof(*l.deeds)));
	}
	l.deeds[l.deed_count++] = d;
}

/* ---- steps ---- */

static void
step(struct role *r, const struct role_event *ev)
{
	struct role before = *r;

	model_bug_before(r, ev);
	role_step(r, ev, &l.todo);
	model_bug_after(&before, r, ev);
	for (unsigned i = 0; i < l.todo.count; i++)
		keep_deed(&l.todo.list[i]);
}

static void
renumber(struct role_remote *p)
{
	uint64_t *numbers[] = {&p->link.number, &p->fresh, &p->beside.number};

	for (unsigned i = 0; i < 3; i++)
		if (*numbers[i] == MODEL_ACCEPTED)
			*numbers[i] = MODEL_ACCEPTED + 1;
}

/* Lets the deadline that the event is about come. */
static void
make_due(struct role *r, const struct model_event *ev)
{
	if (ev->type == MODEL_EV_NEWCOMER)
		role_remote(r, ev->sid)->beside.due_ms = MODEL_NOW_MS;
	else if (ev->type == MODEL_EV_RETRY)
		r->epochs.retry_ms = MODEL_NOW_MS;
}

static void
make(struct role *r, const struct model_event *ev)
{
	unsigned char data[40];
	struct model_packet heard = ev->packet;
	struct role_event in;
	struct qpacket packet;

	if (ev->type == MODEL_EV_RENUMBER) {
		renumber(role_remote(r, ev->sid));
		return;
	}
	if (ev->type == MODEL_EV_BOOT)
		*r = l.blank[r->config.sid - 1];
	make_due(r, ev);
	fill(&in, r, ev);
	if (ev->type == MODEL_EV_PACKET) {
		model_bug_packet(&heard);
		fill_packet(&packet, &heard, ev->sid, data);
		in.packet = &packet;
	}
	step(r, &in);
	if (ev->type == MODEL_EV_AGAIN)
		step(r,
		     &(struct role_event){.type = ROLE_EV_AGAIN, .now_ms = MODEL_NOW_MS});
	if (r->mode == ROLE_MODE_WAITING) {
		r->wait_ms = MODEL_NOW_MS;
		step(r,
		     &(struct role_event){.type = ROLE_EV_DUE, .now_ms = MODEL_NOW_MS});
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
	l.made = must(calloc(l.made_cap, sizeof(*l.made)));
	for (uint32_t i = 0; i < cap; i++)
		if (old[i].event != 0)
			*find(old[i].role, old[i].event) = old[i];
	free(old);
}

struct model_step
model_local_step(uint8_t sid, uint32_t index, const struct model_event *ev)
{
	static struct role r;
	uint64_t event;
	struct made *m;

	static_assert(sizeof(*ev) == sizeof(event), "an event is one word");
	memcpy(&event, ev, sizeof(event));
	if (2 * (l.made_count + 1) > l.made_cap)
		grow_made();
	m = find(index, event);
	if (m->event == 0) {
		uint32_t first = l.deed_count;

		r = *model_role(index);
		assert(r.config.sid == sid);
		make(&r, ev);
		model_canon(&r);
		*m = (struct made){event, index, keep_role(&r), first,
		                   l.deed_count - first};
		l.made_count++;
	}
	return (struct model_step){m->after, m->count, l.deeds + m->deeds};
}

void
model_local_begin(void)
{
	static struct members file;

	memset(&l.records[1], 0, sizeof(l.records[1]));
	l.record_count = 2;
	file.version = 1;
	file.count = model.c->servers;
	for (unsigned i = 0; i < model.c->servers; i++)
		file.list[i] = (struct member){.sid = i + 1, .weight = 1};
	for (unsigned i = 0; i < model.c->servers; i++) {
		struct role_config config = {
		    .sid = i + 1,
		    .zab = true,
		    .tick_ms = MODEL_TICK_MS,
		    .init_limit = 40,
		    .sync_limit = 6,
		    .file = &file,
		};
		struct role *r;

		if (role_new(&r, &config) < 0)
			must(NULL);
		l.blank[i] = *r;
		keep_role(r); /* index i */
		role_free(r);
	}
}

void
model_local_end(void)
{
	for (unsigned i = 0; i < CHUNKS_MAX && l.chunks[i]; i++)
		free(l.chunks[i]);
	free(l.hashes);
	free(l.table);
	free(l.made);
	free(l.deeds);
	memset(&l, 0, sizeof(l));
}
