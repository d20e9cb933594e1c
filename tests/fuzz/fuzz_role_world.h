/* What the servers around the core of fuzz_role.c do: honest ones say what is in turn and
 * keep what they were told; others say anything. */
#ifndef TESTS_FUZZ_FUZZ_ROLE_WORLD_H
#define TESTS_FUZZ_FUZZ_ROLE_WORLD_H

#include "tests/fuzz/fuzz_role_check.h"

static const enum msg_reason reasons[] = {MSG_REASON_NEVER, MSG_REASON_REFUSED,
                                          MSG_REASON_TIMEOUT, MSG_REASON_EOF};

static int64_t
some_sid(struct model *m)
{
	const struct members *list = &m->plans[1 + m->record_count % (PLANS - 1)];
	unsigned b = feed_byte(&m->feed);

	if (b >= 250)
		return feed_number(&m->feed, m->config.sid);
	if (b >= 160 && m->vote.leader != m->config.sid)
		return m->vote.leader;
	if (m->sid_count == SMALL)
		return b % SMALL;
	return list->list[b % list->count].sid;
}

static void
written(struct model *m, int error)
{
	struct role_event ev = {.type = ROLE_EV_WRITTEN, .error = error};

	if (!m->writing)
		return;
	m->writing = false;
	m->failed = ev.error < 0;
	if (ev.error == 0)
		m->disk = m->tried;
	check_step(m, &ev);
	must(ev.error == 0 || !m->writing, "after a failed write comes no other at once");
}

/* ---- packets ---- */

struct said {
	unsigned char data[32];
	struct qpacket packet;
	struct members_report report;
	struct members_record pair;
};

static void
say_info(const struct model *m, int64_t sid, int32_t type, struct said *out)
{
	const struct qpacket_learner info = {.sid = sid, .protocol = QPACKET_PROTOCOL};

	out->packet.type = type;
	out->packet.zxid = (int64_t)((uint64_t)m->servers[sid].accepted << 32);
	out->packet.data = out->data;
	out->packet.data_len = qpacket_put_learner(&info, out->data, sizeof(out->data));
}

static void
say_leaderinfo(struct model *m, int64_t epoch, struct said *out)
{
	struct qpacket_leaderinfo timing = {.protocol = QPACKET_PROTOCOL,
	                                    .tick_ms = m->config.tick_ms,
	                                    .init_limit = m->config.init_limit,
	                                    .sync_limit = m->config.sync_limit};
	unsigned b = feed_byte(&m->feed);

	if (b >= 192) {
		timing.tick_ms = b;
		timing.init_limit = b / 2;
	} else if (b == 191) {
		timing.protocol--;
	}
	out->packet.type = QPACKET_LEADERINFO;
	out->packet.zxid = (int64_t)((uint64_t)epoch << 32);
	out->packet.data = out->data;
	out->packet.data_len =
	    members_put_leaderinfo(&timing, out->data, sizeof(out->data));
}

/* What an honest server reports. */
static void
fill_report(const struct model *m, int64_t sid, struct members_report *r)
{
	const struct server *s = &m->servers[sid];

	memset(r, 0, sizeof(*r));
	r->instance = instance_of(sid, s->disk);
	r->may_found = s->may_found;
	r->version = m->plans[s->plan].version;
	r->digest = members_digest(&m->plans[s->plan]);
	if (s->record == 0)
		return;
	r->record = m->records[s->record];
	r->record.epoch = s->epoch;
}

static const struct members_record *
some_record(struct model *m)
{
	unsigned b = feed_byte(&m->feed);

	return &m->records[b < 128 ? 1 + b % (STARTS - 1) : b % RECORDS];
}

/* Anything, or nearly what is honest. */
static void
say_ackepoch(struct model *m, int64_t sid, int64_t offered, struct role_event *ev,
             struct said *out)
{
	unsigned b = feed_byte(&m->feed);
	bool known = sid >= 0 && sid < (int64_t)m->sid_count;

	ev->answer.current = (int32_t)(b % 4) - 1;
	ev->answer.epoch = (int32_t)offered;
	if (b >= 240)
		ev->answer.epoch = (int32_t)m->epoch;
	fill_report(m, known ? sid : 0, &out->report);
	ev->report = &out->report;
	if (b < 96)
		return;
	b = feed_byte(&m->feed);
	out->report.instance = instance_of(sid, b % 4);
	out->report.may_found = b / 4 % 2;
	out->report.record = *some_record(m);
	if (out->report.record.new.version > 0)
		out->report.record.epoch = 1 + feed_byte(&m->feed) % 16;
	if (b >= 128) {
		const struct members *plan = &m->plans[1 + b % (PLANS - 1)];

		out->report.version = plan->version;
		out->report.digest = members_digest(plan);
	}
}

static void
say_lease(struct said *out, uint8_t flags, uint32_t ms)
{
	const struct lease_packet lease = {flags, ms, 0};

	out->packet.type = QPACKET_PING;
	out->packet.data = out->data;
	out->packet.data_len = lease_packet_put(&lease, out->data, sizeof(out->data));
}

/* A packet that may be in turn. */
static void
likely_packet(struct model *m, struct role_event *ev, struct said *out)
{
	static const int32_t types[] = {
	    QPACKET_FOLLOWERINFO, QPACKET_ACKEPOCH, QPACKET_ACK,  QPACKET_LEADERINFO,
	    QPACKET_NEWLEADER,    QPACKET_UPTODATE, QPACKET_PING, QPACKET_OBSERVERINFO,
	    QPACKET_FOLLOWERINFO, QPACKET_ACKEPOCH, QPACKET_ACK};
	const struct conn *c = link_of(find_remote(m, ev->sid));
	bool known = ev->sid >= 0 && ev->sid < (int64_t)m->sid_count;
	unsigned b = feed_byte(&m->feed);
	int64_t epoch = m->epoch + b / 16 % 4 - 1;
	int32_t type = types[b % 11];

	if (b >= 192)
		epoch = m->last_epoch;
	if (b == 255)
		epoch = feed_number(&m->feed, ROLE_EPOCH_MAX);
	if ((type == QPACKET_FOLLOWERINFO || type == QPACKET_OBSERVERINFO) && known)
		say_info(m, ev->sid, type, out);
	else if (type == QPACKET_LEADERINFO)
		say_leaderinfo(m, epoch, out);
	else if (type == QPACKET_ACKEPOCH)
		say_ackepoch(m, ev->sid, c ? c->offered : 0, ev, out);
	else if (type == QPACKET_NEWLEADER) {
		out->pair = *some_record(m);
		ev->pair = &out->pair;
	}
	out->packet.type = type;
	out->packet.zxid = (int64_t)((uint64_t)epoch << 32);
	if (type == QPACKET_PING && b >= 64)
		say_lease(out, (uint8_t)(b % 32), b);
	if (type == QPACKET_ACKEPOCH)
		out->packet.zxid = b / 16 % 8 < 6 ? 0 : feed_number(&m->feed, 0);
}

static void
deliver(struct model *m, struct role_event *ev, struct said *said)
{
	said->packet.auth_count = -1;
	ev->packet = &said->packet;
	note_packet(m, ev);
	check_step(m, ev);
}

static void
packet(struct model *m, int64_t sid, uint64_t number)
{
	static struct said said;
	struct role_event ev = {.type = ROLE_EV_PACKET, .sid = sid, .number = number};
	unsigned b = feed_byte(&m->feed);
	size_t len;

	memset(&said, 0, sizeof(said));
	if (b >= 240) { /* any bytes; nobody makes memberships of them */
		const uint8_t *bytes = feed_bytes(&m->feed, b - 200, &len);

		if (qpacket_decode(bytes, len, &said.packet) == QPACKET_OK &&
		    said.packet.type != QPACKET_ACKEPOCH &&
		    said.packet.type != QPACKET_NEWLEADER) {
			deliver(m, &ev, &said);
			return;
		}
		ev.type = ROLE_EV_BAD_PACKET;
		check_step(m, &ev);
		return;
	}
	likely_packet(m, &ev, &said);
	deliver(m, &ev, &said);
}

/* ---- connections ---- */

static void
first_packet(struct model *m, int64_t sid)
{
	static struct said said;
	struct role_event ev = {.type = ROLE_EV_PACKET, .sid = sid, .number = m->number};

	if (feed_byte(&m->feed) >= 240) {
		packet(m, sid, m->number);
		return;
	}
	memset(&said, 0, sizeof(said));
	say_info(m, sid, QPACKET_FOLLOWERINFO, &said);
	deliver(m, &ev, &said);
}

/* A connection that we asked for stands, or one was accepted, whose first packet comes
 * now. connmgr never has more than the core was told of and did not close. */
static void
conn_up(struct model *m, int64_t sid, bool dialled)
{
	struct server *s = find_remote(m, sid);
	struct role_event ev = {.type = ROLE_EV_REMOTE,
	                        .sid = sid,
	                        .lane = MSG_LANE_LEARNER,
	                        .link = MSG_LINK_UP,
	                        .number = ++m->number,
	                        .dialled = dialled};

	for (unsigned i = 0; i < CONNS; i++) {
		if (s->conns[i].number > 0)
			continue;
		s->conns[i] = (struct conn){.number = m->number, .dialled = dialled};
		s->dialling &= !dialled;
		check_step(m, &ev);
		if (!dialled)
			first_packet(m, sid);
		return;
	}
}

/* A connection has ended, or (number 0) could not be dialled. */
static void
conn_down(struct model *m, int64_t sid, uint64_t number, unsigned b)
{
	struct server *s = find_remote(m, sid);
	struct role_event ev = {.type = ROLE_EV_REMOTE,
	                        .sid = sid,
	                        .lane = MSG_LANE_LEARNER,
	                        .link = MSG_LINK_DOWN,
	                        .number = number,
	                        .reason = reasons[b / 8 % 4]};
	struct conn *c = find_conn(s, number);

	if (c)
		*c = (struct conn){0};
	if (number == 0)
		s->dialling = false;
	check_step(m, &ev);
}

/* ---- honest servers ---- */

/* The answer to the last PING of ours. */
static void
say_echo(const struct conn *c, struct said *out)
{
	out->packet.zxid = c->sent[(c->sent_count - 1) % SENT].zxid;
	if (c->wants > 0)
		say_lease(out, LEASE_PROMISED, c->wants);
}

/* A learner of ours: joins, promises and acknowledges. */
static void
learn(struct model *m, int64_t sid, struct conn *c)
{
	static struct said said;
	struct server *s = &m->servers[sid];
	struct role_event ev = {.type = ROLE_EV_PACKET, .sid = sid};

	if (!c) {
		conn_up(m, sid, false);
		return;
	}
	ev.number = c->number;
	memset(&said, 0, sizeof(said));
	said.packet.type = QPACKET_PING;
	if (c->sent_count > 0)
		say_echo(c, &said);
	if (c->offered != c->answered) {
		said.packet.data = NULL;
		said.packet.data_len = 0;
		said.packet.zxid = 0;
		said.packet.type = QPACKET_ACKEPOCH;
		fill_report(m, sid, &said.report);
		ev.report = &said.report;
		ev.answer.epoch = (int32_t)c->offered;
		ev.answer.current = c->offered > s->accepted ? (int32_t)s->current : -1;
		if (c->offered > s->accepted)
			s->accepted = c->offered;
	} else if (c->told != c->acked) {
		said.packet.data = NULL;
		said.packet.data_len = 0;
		said.packet.type = QPACKET_ACK;
		said.packet.zxid = c->told << 32;
		s->current = s->epoch = c->told;
		s->record = add_record(m, &m->base);
		s->may_found = false;
	}
	deliver(m, &ev, &said);
}

/* Our leader: its present record, and its next. */
static void
lead(struct model *m, int64_t sid, struct conn *c)
{
	static struct said said;
	struct server *s = &m->servers[sid];
	struct role_event ev = {.type = ROLE_EV_PACKET, .sid = sid, .number = c->number};

	memset(&said, 0, sizeof(said));
	if (m->view.has_leader && m->acked == m->asked && c->sent_count++ % 3) {
		said.packet.zxid = m->view.epoch << 32;
		say_lease(&said, LEASE_WANT, m->config.lease_max_ms);
	} else if (m->asked == 0 || (m->view.has_leader && m->acked == m->asked)) {
		if (s->accepted < m->tried.accepted)
			s->accepted = m->tried.accepted;
		say_leaderinfo(m, ++s->accepted, &said);
	} else if (m->answered != m->asked) {
		said.packet.type = QPACKET_PING;
	} else if (m->heard.epoch != m->asked) {
		said.packet.type = QPACKET_NEWLEADER;
		said.packet.zxid = m->asked << 32;
		said.pair = m->records[s->record];
		if (s->record == 0 || feed_byte(&m->feed) >= 96)
			said.pair = *some_record(m);
		ev.pair = &said.pair;
	} else if (m->acked != m->heard.epoch) {
		said.packet.type = QPACKET_PING;
	} else {
		said.packet.type = QPACKET_UPTODATE;
		said.packet.zxid = m->heard.epoch << 32;
	}
	deliver(m, &ev, &said);
}

/* `idle`: says something even where it is not its turn. */
static void
honest(struct model *m, int64_t sid, bool idle)
{
	struct server *s = find_remote(m, sid);
	struct conn *c = link_of(s);

	if (!s || m->away)
		return;
	if (m->leads && c && c->offered == c->answered && c->told == c->acked && !idle)
		return;
	if (s->dialling)
		conn_up(m, sid, true);
	else if (m->leads)
		learn(m, sid, c);
	else if (c && sid == m->vote.leader)
		lead(m, sid, c);
}

/* Our disk and all honest servers do what is in turn. */
static void
honest_round(struct model *m)
{
	unsigned b = feed_byte(&m->feed);

	if (b < 224)
		written(m, 0);
	for (int64_t sid = 0; sid < (int64_t)m->sid_count; sid++)
		if (sid >= 8 || b < 128 || (b >> sid % 8 & 1))
			honest(m, sid, false);
}

/* The same, so many times, and nothing is drawn for it. */
static void
calm(struct model *m, unsigned rounds)
{
	size_t len = m->feed.len;

	m->feed.len = 0;
	while (rounds-- > 0)
		honest_round(m);
	m->feed.len = len;
}

/* A server has a new disk, a new file, or a person gave up its record. */
static void
change_server(struct model *m)
{
	unsigned b = feed_byte(&m->feed);
	struct server *s = &m->servers[b % SMALL];

	if (b % SMALL == m->config.sid)
		return;
	if (b < 96) {
		s->plan = 1 + b / SMALL % (PLANS - 1);
		return;
	}
	s->record = 0;
	s->epoch = 0;
	s->may_found = b >= 224;
	if (s->may_found)
		return;
	s->disk++;
	s->accepted = s->current = 0;
	for (unsigned i = 0; i < CONNS; i++)
		if (s->linked && s->conns[i].number > 0)
			conn_down(m, b % SMALL, s->conns[i].number, 0);
}

#endif
