/* Leases around the core of fuzz_role.c: what it must keep to (rules R1 to R6 and R10 of
 * docs/LEASE.md), and what honest servers answer. Nothing here asks the core. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_LEASE_H
#define TESTS_FUZZ_FUZZ_ROLE_LEASE_H

#include "tests/fuzz/fuzz_role_members.h"
#include "wire/lease_packet.h"

static bool
is_bound_by(const struct model *m, const struct role_promise *p)
{
	return m->config.zab && m->now_ms < p->end_ms;
}

static struct lease_packet
said_of(const void *data, size_t len)
{
	const struct qpacket q = {.type = QPACKET_PING, .data = data, .data_len = len};
	struct lease_packet said = {0};

	(void)lease_packet_get(&q, &said);
	return said;
}

/* R6 (b): is `ms` on the disk, for this boot? */
static bool
is_on_disk(const struct model *m, uint32_t ms)
{
	const struct role_bound *b = &m->disk.bound;

	return b->ms >= ms && memcmp(b->boot, m->boot, sizeof(b->boot)) == 0;
}

static bool
is_bound_wanted(const struct model *m, const struct role_bound *b)
{
	return b->ms > m->disk.bound.ms ||
	       memcmp(b->boot, m->disk.bound.boot, sizeof(b->boot)) != 0;
}

static void
check_bound(const struct model *m, const struct role_bound *b)
{
	must(b->ms >= m->tried.bound.ms, "the bound never falls (R6)");
	must(b->ms <= m->tried.bound.ms || b->ms == m->config.lease_ms ||
	         b->ms <= m->config.lease_max_ms,
	     "it is what we promise");
}

/* R2: nothing lowers or drops a promise but R5 and time. */
static void
check_memory(struct model *m, const struct role_memory *now)
{
	const struct role_promise *was = &m->memory.promise, *is = &now->promise;

	must(now->published_ms >= m->memory.published_ms, "what was published stays");
	must(now->led.epoch == 0 || now->led.epoch == m->published,
	     "led: the established epoch");
	if (is_bound_by(m, was) && !m->released) {
		must(is->end_ms >= was->end_ms, "no promise is lowered");
		must(is->sid == was->sid || is->sid == m->vote.leader ||
		         is->sid == ROLE_SID_UNKNOWN,
		     "a promise passes to an established leader only");
	}
	m->memory = *now;
}

/* ---- what it says ---- */

static void
check_promise(const struct model *m, int64_t epoch, uint32_t ms)
{
	const struct role_promise *p = &m->memory.promise;

	must(ms > 0 && ms <= m->config.lease_max_ms, "no more than lease_max_ms (R2)");
	must(epoch > 0 && epoch == m->published && epoch <= m->acked,
	     "only an established leader is promised to (R2)");
	must(!observes(m) && !m->clocks_differ, "by a voter whose clocks agree");
	must(is_on_disk(m, ms), "the bound is on the disk before (R6)");
	must(p->sid == m->vote.leader && p->epoch == epoch &&
	         p->end_ms >= m->now_ms + 1 + ms,
	     "a promise is remembered before it is said (R2)");
}

static bool
asks(const struct model *m)
{
	if (m->config.lease == ROLE_LEASE_OFF || m->clocks_differ || !m->was_active)
		return false;
	return m->holds > 0 || m->config.lease == ROLE_LEASE_ALWAYS ||
	       m->now_ms < m->inherited_ms;
}

/* As the leader: when which PING was sent to whom, and who had UPTODATE. */
static void
note_ping(struct model *m, struct conn *to, int64_t zxid)
{
	struct sent *s = &to->sent[to->sent_count++ % SENT];

	s->zxid = zxid;
	s->at_ms = m->now_ms;
	s->serial = ++m->ping_serial;
	s->counts = to->uptodate > 0 && to->uptodate == zxid >> 32;
}

static void
check_ping(struct model *m, struct conn *to, const struct role_packet *p)
{
	struct lease_packet said = said_of(p->data, p->data_len);
	const struct role_promise *bound = &m->memory.promise;
	int64_t epoch = p->zxid >> 32;

	if (m->leads) {
		must((said.flags & (LEASE_PROMISED)) == 0, "a leader promises nobody");
		must(!(said.flags & LEASE_WANT) ||
		         (epoch > 0 && said.ms == m->config.lease_ms),
		     "an established leader asks (R1)");
		must(!(said.flags & LEASE_WANT) || asks(m),
		     "for somebody who holds (R1)");
		m->released |= (said.flags & LEASE_RELEASE) != 0;
		note_ping(m, to, p->zxid);
		to->wants = said.flags & LEASE_WANT ? said.ms : 0;
		return;
	}
	must((said.flags & ~(LEASE_PROMISED | LEASE_WITHHELD)) == 0,
	     "a follower promises, or withholds");
	if (said.flags & LEASE_PROMISED)
		check_promise(m, epoch, said.ms);
	if (said.flags & LEASE_WITHHELD)
		must(is_bound_by(m, bound) && bound->sid != m->vote.leader &&
		         said.ms == bound->end_ms - m->now_ms,
		     "who withholds says how long (R4)");
}

/* R4. */
static void
check_gate(const struct model *m, int64_t sid, int64_t epoch)
{
	const struct role_promise *p = &m->memory.promise;

	must(!is_bound_by(m, p) || p->sid == sid ||
	         (sid != m->config.sid && m->led == epoch),
	     "who is bound helps nobody else (R4)");
}

/* ---- what it is told ---- */

static void
note_lease(struct model *m, struct conn *c, const struct qpacket *p)
{
	struct lease_packet said = said_of(p->data, p->data_len);

	if (!m->leads) {
		m->led = p->zxid >> 32;
		m->released |= (said.flags & LEASE_RELEASE) != 0;
		return;
	}
	for (unsigned i = 0; i < SENT; i++) {
		const struct sent *s = &c->sent[i];
		uint64_t ms = said.ms < m->config.lease_ms ? said.ms : m->config.lease_ms;
		uint64_t end = s->at_ms + ms * (100 - 2 * m->config.drift_percent) / 100;

		if (!s->counts || s->zxid != p->zxid || s->zxid >> 32 != m->published)
			continue;
		if (s->serial > c->answered_ping)
			c->answered_ping = s->serial;
		if ((said.flags & LEASE_PROMISED) && end > c->promised_ms)
			c->promised_ms = end;
	}
}

/* ---- R3 and R10 ---- */

/* Are we, and those whose `field` is at least that, a quorum of old and new, or (the
 * second step of a change has begun) of the new alone? */
static bool
is_lease_quorum(const struct model *m, size_t field, uint64_t least)
{
	struct members_id ids[SIDS + 1];
	unsigned count = 0;

	ids[count++] = (struct members_id){m->config.sid, m->disk.instance};
	for (unsigned i = 0; i < m->sid_count; i++) {
		const struct conn *c = link_of((struct server *)&m->servers[i]);

		if (c && c->known &&
		    *(const uint64_t *)((const char *)c + field) >= least)
			ids[count++] = (struct members_id){i, c->disk};
	}
	return oracle_is_quorum(&m->ruling.new, ids, count) ||
	       (!is_simple(&m->ruling) && oracle_is_quorum(&m->ruling.old, ids, count));
}

static void
check_page(struct model *m, const struct role_page *page)
{
	const struct role_promise *own = &m->memory.promise;
	uint64_t most = m->now_ms + (uint64_t)m->config.lease_ms *
	                                (100 - 2 * m->config.drift_percent) / 100;

	if (page->end_ms == 0) {
		m->page = *page;
		return;
	}
	must(m->leads && page->epoch == m->published, "the page has our epoch");
	must(page->end_ms >= m->page.end_ms, "the end never falls (R3)");
	must(own->sid == m->config.sid && own->end_ms >= page->end_ms &&
	         m->memory.published_ms >= page->end_ms,
	     "our own promise is remembered before (R2)");
	if (page->end_ms > m->page.end_ms) {
		must(asks(m), "somebody relies on it");
		must(is_on_disk(m, m->config.lease_ms), "the bound is on the disk (R6)");
		must(page->end_ms <= most, "no end is later than drift allows (R3)");
		must(is_lease_quorum(m, offsetof(struct conn, promised_ms), page->end_ms),
		     "a quorum has promised it (R3)");
	}
	m->page = *page;
}

static void
check_confirmed(struct model *m, uint64_t number, bool leads)
{
	struct question *q = &m->questions[number % QUESTIONS];

	must(q->number == number && q->waits, "a question is answered once (R10)");
	q->waits = false;
	must(!leads || !m->config.zab || m->was_active, "only a leader leads");
	if (leads && m->config.zab && m->now_ms >= m->page.end_ms)
		must(is_lease_quorum(m, offsetof(struct conn, answered_ping),
		                     q->serial + 1),
		     "a quorum answered PINGs behind the question (R10)");
}

#endif
