/* The peer's core under any sequence of events that its shell can push, and any packets
 * of remotes. This keeps to what the shell keeps to: DECIDED, DOUBT, REMOTE and
 * packets come between AGAIN and LOST only; WRITTEN answers a write, once; START comes
 * before a role and after a failed START only, with epochs as peer/epoch lets them
 * pass; no claim is asked while another waits for its answer. What must hold after each
 * step is in fuzz_role_check.h. */
#include "tests/fuzz/fuzz_role_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t
some_sid(struct model *m)
{
	const struct qconfig *c = m->group;
	unsigned b = feed_byte(&m->feed);

	if (b >= 240)
		return feed_number(&m->feed, m->config.sid);
	if (b >= 120 && m->vote.leader != m->config.sid)
		return m->vote.leader;
	return c->servers[b % c->server_count].sid;
}

static void
claim(struct model *m)
{
	struct role_event ev = {.type = ROLE_EV_CLAIM};

	if (m->claiming)
		return;
	ev.claim = feed_byte(&m->feed);
	m->claiming = true;
	m->claim = ev.claim;
	check_step(m, &ev);
}

static void
start(struct model *m)
{
	static const int64_t fresh[][2] = {{0, 0}, {1, 0}, {1, 1}, {2, 1}, {2, 2}};
	struct role_event ev = {.type = ROLE_EV_START, .generation = m->generation + 1};
	unsigned b = feed_byte(&m->feed);

	if (m->started) {
		claim(m);
		return;
	}
	ev.record.accepted = fresh[b % 5][0];
	ev.record.current = fresh[b % 5][1];
	if (b >= 192) {
		ev.record.accepted = b >= 224 ? ROLE_EPOCH_MAX - b % 3 : 7;
		ev.record.current = b % 8 < 7 ? b % 8 : ev.record.accepted;
	}
	ev.record.instance = instance_of(m->config.sid);
	ev.record.members = m->group_record;
	ev.record.members.epoch = ev.record.current > 0 ? ev.record.current : 1;
	ev.unusable = b == 191;
	m->generation++;
	m->started = !ev.unusable;
	m->disk = m->tried = ev.record;
	m->promised = ev.record.accepted;
	check_step(m, &ev);
}

static void
written(struct model *m)
{
	struct role_event ev = {.type = ROLE_EV_WRITTEN};

	if (!m->writing)
		return;
	ev.error = feed_below(&m->feed, 8) == 0 ? -5 : 0;
	m->writing = false;
	m->failed = ev.error < 0;
	if (ev.error == 0)
		m->disk = m->tried;
	check_step(m, &ev);
	must(ev.error == 0 || !m->writing, "after a failed write comes no other at once");
}

static void
decided(struct model *m)
{
	static const int32_t states[] = {NOTIF_LOOKING, NOTIF_FOLLOWING, NOTIF_LEADING,
	                                 NOTIF_OBSERVING};
	struct role_event ev = {.type = ROLE_EV_DECIDED, .serial = m->look_serial};
	unsigned b = feed_byte(&m->feed);

	ev.vote.leader = b % 2 ? m->config.sid : some_sid(m);
	if (ev.vote.leader == m->config.sid)
		ev.vote.state = NOTIF_LEADING;
	else
		ev.vote.state = m->observer ? NOTIF_OBSERVING : NOTIF_FOLLOWING;
	if (b >= 248)
		ev.vote.state = states[b % 4];
	if (b >= 240 && b < 248)
		ev.serial.count--;
	ev.vote.round = feed_number(&m->feed, 1);
	ev.vote.epoch = feed_number(&m->feed, 1);
	check_step(m, &ev);
}

static void
doubt(struct model *m)
{
	struct role_event ev = {
	    .type = ROLE_EV_DOUBT, .serial = m->serial, .sid = m->vote.leader};
	unsigned b = feed_byte(&m->feed);

	if (b < 64)
		return;
	if (b >= 224)
		ev.serial.count -= b % 4;
	if (b >= 240)
		ev.sid = some_sid(m);
	check_step(m, &ev);
}

/* What a member since the founding reports. */
static void
put_answer(struct model *m, struct role_event *ev, struct members_report *report)
{
	const struct conn *r = link_of(find_remote(m, ev->sid));
	unsigned b = feed_byte(&m->feed);

	ev->answer = (struct qpacket_ackepoch){.current = (int32_t)(b % 4) - 1,
	                                       .epoch = r ? (int32_t)r->offered : 0};
	if (b >= 240)
		ev->answer.epoch = (int32_t)m->epoch;
	memset(report, 0, sizeof(*report));
	report->instance = instance_of(ev->sid);
	report->version = m->file.version;
	report->digest = members_digest(&m->file);
	report->record = m->group_record;
	report->record.epoch = 1;
	ev->report = report;
}

/* A packet that may be in turn. */
static void
likely_packet(struct model *m, struct role_event *ev, struct qpacket *p,
              unsigned char *data, size_t cap)
{
	static const int32_t types[] = {
	    QPACKET_FOLLOWERINFO, QPACKET_ACKEPOCH, QPACKET_ACK,  QPACKET_LEADERINFO,
	    QPACKET_NEWLEADER,    QPACKET_UPTODATE, QPACKET_PING, QPACKET_OBSERVERINFO,
	    QPACKET_FOLLOWERINFO, QPACKET_ACKEPOCH, QPACKET_ACK};
	static struct members_report report;
	const struct qpacket_learner info = {.sid = ev->sid,
	                                     .protocol = QPACKET_PROTOCOL};
	const struct qpacket_leaderinfo timing = {.protocol = QPACKET_PROTOCOL,
	                                          .tick_ms = m->config.tick_ms,
	                                          .init_limit = m->config.init_limit,
	                                          .sync_limit = m->config.sync_limit};
	unsigned b = feed_byte(&m->feed);
	int64_t epoch = m->epoch + b / 16 % 4 - 1;

	if (b >= 192)
		epoch = m->last_epoch;
	if (b == 255)
		epoch = feed_number(&m->feed, ROLE_EPOCH_MAX);
	*p = (struct qpacket){.type = types[b % 11],
	                      .zxid = (int64_t)((uint64_t)epoch << 32),
	                      .auth_count = -1};
	if (p->type == QPACKET_FOLLOWERINFO || p->type == QPACKET_OBSERVERINFO)
		p->data_len = qpacket_put_learner(&info, data, cap);
	else if (p->type == QPACKET_LEADERINFO)
		p->data_len = members_put_leaderinfo(&timing, data, cap);
	else if (p->type == QPACKET_ACKEPOCH)
		put_answer(m, ev, &report);
	else if (p->type == QPACKET_NEWLEADER)
		ev->pair = &m->group_record;
	if (p->data_len > 0)
		p->data = data;
	if (p->type == QPACKET_ACKEPOCH)
		p->zxid = b / 16 % 8 < 6 ? 0 : feed_number(&m->feed, 0);
}

static void
packet(struct model *m, int64_t sid, uint64_t number)
{
	unsigned char data[32];
	struct role_event ev = {.type = ROLE_EV_PACKET, .sid = sid, .number = number};
	unsigned b = feed_byte(&m->feed);
	struct qpacket p;
	size_t len;

	if (b >= 240) { /* any bytes */
		const uint8_t *bytes = feed_bytes(&m->feed, b - 200, &len);

		if (qpacket_decode(bytes, len, &p) != QPACKET_OK)
			ev.type = ROLE_EV_BAD_PACKET;
	} else {
		likely_packet(m, &ev, &p, data, sizeof(data));
	}
	if (ev.type == ROLE_EV_PACKET) {
		ev.packet = &p;
		note_packet(m, &ev);
	}
	check_step(m, &ev);
}

static const enum msg_reason reasons[] = {MSG_REASON_NEVER, MSG_REASON_REFUSED,
                                          MSG_REASON_TIMEOUT, MSG_REASON_EOF};

/* A link of the election lane changes. */
static void
election_link(struct model *m)
{
	unsigned b = feed_byte(&m->feed);
	struct role_event ev = {.type = ROLE_EV_REMOTE,
	                        .sid = some_sid(m),
	                        .lane = MSG_LANE_ELECTION,
	                        .link = MSG_LINK_DOWN + b % 3,
	                        .reason = reasons[b / 8 % 4]};

	check_step(m, &ev);
}

/* A connection that we asked for stands, or one was accepted, whose first packet comes
 * now. connmgr never has more than the core was told of and did not close. */
static void
conn_up(struct model *m, struct remote *r, bool dialled)
{
	struct role_event ev = {.type = ROLE_EV_REMOTE,
	                        .sid = r->sid,
	                        .lane = MSG_LANE_LEARNER,
	                        .link = MSG_LINK_UP,
	                        .number = ++m->number,
	                        .dialled = dialled};

	for (unsigned i = 0; i < CONNS; i++) {
		if (r->conns[i].number > 0)
			continue;
		r->conns[i] = (struct conn){.number = m->number, .dialled = dialled};
		r->dialling &= !dialled;
		check_step(m, &ev);
		if (!dialled)
			packet(m, r->sid, m->number);
		return;
	}
}

/* A connection has ended, or (number 0) could not be dialled. */
static void
conn_down(struct model *m, struct remote *r, uint64_t number, unsigned b)
{
	struct role_event ev = {.type = ROLE_EV_REMOTE,
	                        .sid = r->sid,
	                        .lane = MSG_LANE_LEARNER,
	                        .link = MSG_LINK_DOWN,
	                        .number = number,
	                        .reason = reasons[b / 8 % 4]};
	struct conn *c = find_conn(r, number);

	if (c)
		*c = (struct conn){0};
	if (number == 0)
		r->dialling = false;
	check_step(m, &ev);
}

static void
remote(struct model *m)
{
	struct remote *r = find_remote(m, some_sid(m));
	unsigned b = feed_byte(&m->feed);

	if (b >= 200 || !r)
		election_link(m);
	else if (b % 8 < 5)
		conn_up(m, r, r->dialling && b % 8 < 4);
	else if (r->dialling && b % 8 == 7)
		conn_down(m, r, 0, b);
	else
		conn_down(m, r, r->conns[b % CONNS].number, b);
}

/* Over the link mostly; now and then over another connection, or one that is no more. */
static void
some_packet(struct model *m)
{
	int64_t sid = some_sid(m);
	struct remote *r = find_remote(m, sid);
	struct conn *c = link_of(r);
	unsigned b = feed_byte(&m->feed);
	uint64_t number = c ? c->number : 0;

	if (b >= 224)
		number = b % 8;
	else if (b >= 192 && r)
		number = r->conns[b % CONNS].number;
	packet(m, sid, number);
}

static void
due(struct model *m)
{
	unsigned times = 0;

	/* each step deals with one of those that have come */
	do
		check_step(m, &(struct role_event){.type = ROLE_EV_DUE});
	while (m->now_ms >= role_due_ms(m->role) && ++times < 8);
	must(times < 8, "a deadline that was seen is no deadline any more");
}

static void
lost(struct model *m)
{
	m->away = true;
	for (unsigned i = 0; i < m->remote_count; i++)
		m->remotes[i] = (struct remote){.sid = m->remotes[i].sid};
	check_step(m, &(struct role_event){.type = ROLE_EV_LOST});
}

static void
something(struct model *m)
{
	unsigned b = feed_byte(&m->feed);

	m->now_ms = feed_time(&m->feed, m->now_ms, role_due_ms(m->role));
	if (b % 16 == 0) {
		due(m);
	} else if (b % 16 < 4) {
		written(m);
	} else if (b % 16 == 4) {
		start(m);
	} else if (b >= 250) {
		lost(m);
	} else if (m->away) {
		m->away = false;
		check_step(m, &(struct role_event){.type = ROLE_EV_AGAIN});
	} else if (b % 16 == 5 && b >= 160) {
		m->port_shut = feed_byte(&m->feed) & 1;
		check_step(
		    m, &(struct role_event){.type = ROLE_EV_PORT, .open = !m->port_shut});
	} else if (b % 16 == 5) {
		doubt(m);
	} else if (b % 16 < 8) {
		decided(m);
	} else if (b % 16 < 11) {
		remote(m);
	} else {
		some_packet(m);
	}
}

static const struct qconfig *
some_group(unsigned b)
{
	static struct qconfig groups[FUZZ_GROUPS];
	struct qconfig *c = &groups[b % FUZZ_GROUPS];

	if (c->server_count > 0)
		return c;
	fuzz_group_make(b % FUZZ_GROUPS, 0, 0, c);
	if (c->server_count > MEMBERS_MAX)
		c->server_count = MEMBERS_MAX;
	return c;
}

/* The membership of the group, which never changes here. */
static void
make_members(struct model *m)
{
	struct members *list = &m->group_record.new;

	must(members_from_qconfig(m->group, &m->file), "the group is one");
	*list = m->file;
	for (unsigned i = 0; i < list->count; i++)
		if (!list->list[i].observer)
			list->list[i].instance = instance_of(list->list[i].sid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = {.feed = {.data = data, .len = size}, .last_epoch = 1};
	unsigned b = feed_byte(&m.feed);
	const struct qconfig *c = some_group(b);
	const struct qconfig_server *self;

	m.group = c;
	make_members(&m);
	self = &c->servers[feed_byte(&m.feed) % c->server_count];
	m.observer = self->observer;
	m.config = (struct role_config){.sid = self->sid,
	                                .zab = b < 240,
	                                .tick_ms = 1 + b % 3 * 49,
	                                .init_limit = 1 + feed_byte(&m.feed) % 40,
	                                .sync_limit = 2 + feed_byte(&m.feed) % 8,
	                                .file = &m.file};
	m.vote.leader = self->sid;
	for (unsigned i = 0; i < c->server_count; i++)
		if (c->servers[i].sid != self->sid)
			m.remotes[m.remote_count++].sid = c->servers[i].sid;
	if (role_new(&m.role, &m.config) < 0)
		return 0;
	role_get_view(m.role, &m.view);
	start(&m);
	while (!feed_end(&m.feed))
		something(&m);
	role_free(m.role);
	return 0;
}
