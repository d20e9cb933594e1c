/* See memory.h. A slot is: a checksum, a count, and the value. It is written in this
 * order: checksum 0, the value, the checksum; so at any store of a writer that is killed
 * the slot is either no slot or whole, and the other one stays as it was. The checksum is
 * for all other damage: it finds every change of one byte. */
#include "peer/memory.h"

#include "base/file_map.h"

#include <stdatomic.h>
#include <string.h>

/* Its layout: another one gets another name. */
#define MAGIC 0x31306d656d504343u

struct value {
	uint64_t magic;
	/* how many values there were: the larger one is the newer */
	uint64_t count;
	struct boot boot;
	int64_t promise_sid;
	int64_t promise_epoch;
	uint64_t promise_end_ms;
	int64_t led_epoch;
	int64_t vote_leader;
	int64_t vote_zxid;
	int64_t vote_round;
	int64_t vote_epoch;
	int32_t vote_state;
	int32_t vote_version;
	int64_t vote_priority;
	uint64_t published_ms;
};

struct slot {
	/* 0: none */
	_Atomic uint64_t sum;
	struct value value;
};

#define SLOT_LEN (PEER_MEMORY_LEN / PEER_MEMORY_SLOTS)

_Static_assert(sizeof(struct slot) <= SLOT_LEN, "it fits");
_Static_assert(sizeof(struct value) == 17 * 8, "a gap would be no part of a value");

static struct slot *
slot_at(const void *bytes, unsigned i)
{
	return (struct slot *)((char *)bytes + (size_t)i * SLOT_LEN);
}

/* FNV-1a: each step is one to one in what came before, so one other byte is another sum.
 */
static uint64_t
checksum(const struct value *v)
{
	const unsigned char *at = (const unsigned char *)v;
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof(*v); i++)
		sum = (sum ^ at[i]) * 0x100000001b3u;
	return sum ? sum : 1;
}

/* The newest whole slot of whatever boot, or PEER_MEMORY_SLOTS. */
static unsigned
newest(const void *bytes)
{
	unsigned best = PEER_MEMORY_SLOTS;

	for (unsigned i = 0; i < PEER_MEMORY_SLOTS; i++) {
		const struct slot *s = slot_at(bytes, i);

		if (s->value.magic != MAGIC || s->sum != checksum(&s->value))
			continue;
		if (best == PEER_MEMORY_SLOTS ||
		    s->value.count > slot_at(bytes, best)->value.count)
			best = i;
	}
	return best;
}

bool
peer_memory_find(const void *bytes, const struct boot *boot, struct role_memory *out)
{
	unsigned i = newest(bytes);
	const struct value *v;

	if (i == PEER_MEMORY_SLOTS)
		return false;
	v = &slot_at(bytes, i)->value;
	if (!boot_equal(&v->boot, boot))
		return false;
	*out = (struct role_memory){
	    .promise = {v->promise_sid, v->promise_epoch, v->promise_end_ms},
	    .led = {.epoch = v->led_epoch,
	            .vote = {.leader = v->vote_leader,
	                     .zxid = v->vote_zxid,
	                     .round = v->vote_round,
	                     .epoch = v->vote_epoch,
	                     .state = v->vote_state,
	                     .version = v->vote_version,
	                     .priority = v->vote_priority}},
	    .published_ms = v->published_ms};
	return true;
}

void
peer_memory_put(void *bytes, const struct boot *boot, const struct role_memory *memory)
{
	unsigned old = newest(bytes);
	unsigned fresh = old == 0 ? 1 : 0;
	struct slot *s = slot_at(bytes, fresh);
	struct value v = {
	    .magic = MAGIC,
	    .count = 1,
	    .boot = *boot,
	    .promise_sid = memory->promise.sid,
	    .promise_epoch = memory->promise.epoch,
	    .promise_end_ms = memory->promise.end_ms,
	    .led_epoch = memory->led.epoch,
	    .vote_leader = memory->led.vote.leader,
	    .vote_zxid = memory->led.vote.zxid,
	    .vote_round = memory->led.vote.round,
	    .vote_epoch = memory->led.vote.epoch,
	    .vote_state = memory->led.vote.state,
	    .vote_version = memory->led.vote.version,
	    .vote_priority = memory->led.vote.priority,
	    .published_ms = memory->published_ms,
	};

	if (old < PEER_MEMORY_SLOTS)
		v.count = slot_at(bytes, old)->value.count + 1;
	/* A signal kills between two instructions, and the processor's own order is no
	 * matter: only the compiler must leave these in place. */
	atomic_store_explicit(&s->sum, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	s->value = v;
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(&s->sum, checksum(&v), memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

int
peer_memory_open(struct peer_memory *m, const char *path, const struct boot *boot)
{
	void *at;
	int r = file_map(path, PEER_MEMORY_LEN, &at);

	if (r == 0)
		*m = (struct peer_memory){.bytes = at, .boot = *boot};
	return r;
}

void
peer_memory_store(struct peer_memory *m, const struct role_memory *memory)
{
	peer_memory_put(m->bytes, &m->boot, memory);
}

void
peer_memory_close(struct peer_memory *m)
{
	if (!m->bytes)
		return;
	file_unmap(m->bytes, PEER_MEMORY_LEN);
	m->bytes = NULL;
}

/* Without a boot id a bound may be of this boot or of another: the later end binds. */
static bool
is_another_boot(const struct role_bound *bound, const struct boot *boot)
{
	static const unsigned char none[BOOT_ID_LEN];

	return memcmp(boot->id, none, BOOT_ID_LEN) != 0 &&
	       memcmp(bound->boot, none, BOOT_ID_LEN) != 0 &&
	       memcmp(bound->boot, boot->id, BOOT_ID_LEN) != 0;
}

void
peer_memory_bind(const struct role_memory *found, const struct role_bound *bound,
                 const struct boot *boot, uint64_t now_ms, struct peer_memory_binds *out)
{
	*out = (struct peer_memory_binds){0};
	if (found)
		out->memory = *found;
	else if (bound->ms == 0)
		return;
	/* what was promised before the boot was promised before BOOTTIME 0 */
	else if (is_another_boot(bound, boot))
		out->unknown_ms = bound->ms;
	/* now_ms is rounded down, and an end of a promise is rounded up */
	else
		out->unknown_ms = now_ms + 1 + bound->ms;
}
