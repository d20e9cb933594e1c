/* The peer's core under any sequence of events that its shell can push, and any packets
 * of remotes. This keeps to what the shell keeps to: DECIDED, DOUBT, REMOTE and
 * packets come between AGAIN and LOST only; WRITTEN answers a write, once; START comes
 * before a role and after a failed START only, with epochs as peer/epoch lets them
 * pass; no claim is asked while another waits for its answer; without zab no record is
 * given up. Mostly the other servers
 * are honest (fuzz_role_world.h), so that groups are founded and change. What must hold
 * after each step is in fuzz_role_check.h. */
#include "tests/fuzz/fuzz_role_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

/* Some were told of a change that we have missed, and died before their epoch was
 * written; or have another file. */
static void
start_others(struct model *m, unsigned b)
{
	for (unsigned i = 1; i < m->sid_count; i += 2) {
		struct server *s = &m->servers[i];

		if (b % 4 == 0 && s->record == 1) {
			s->record = 2 + b / 4 % 2;
			s->epoch = ++s->accepted;
		} else if (b % 4 == 1) {
			s->plan = 1 + b / 4 % (PLANS - 1);
		}
	}
}

/* Everybody has the record with which a group was founded, or was changed; or we alone
 * have none, or another disk. */
static void
start_members(struct model *m, struct role_record *r)
{
	static const unsigned records[] = {0, 0, 1, 1, 2, 3, 1, 0};
	unsigned b = feed_byte(&m->feed), record = records[b % 8];

	for (unsigned i = 0; i < m->sid_count && (record > 0 || b % 8 == 7); i++) {
		struct server *s = &m->servers[i];

		s->record = record > 0 ? record : 1;
		s->accepted = r->accepted > 0 ? r->accepted : 1;
		s->current = s->epoch = s->accepted;
	}
	if (record > 0 && r->accepted == 0)
		r->accepted = 1;
	r->members = m->records[record];
	if (record > 0)
		r->members.epoch = r->current > 0 ? r->current : 1;
	r->may_found = record == 0 && b >= 192;
	if (b % 8 == 6)
		m->servers[m->config.sid].disk++;
	r->instance = instance_of(m->config.sid, m->servers[m->config.sid].disk);
	start_others(m, feed_byte(&m->feed));
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
	if (m->config.zab)
		start_members(m, &ev.record);
	else
		ev.record.instance = instance_of(m->config.sid, 0);
	memcpy(ev.boot, m->boot, sizeof(ev.boot));
	if (m->config.lease_ms > 0 && b % 4 == 3) {
		ev.unknown_ms = m->now_ms + b;
	} else if (m->config.lease_ms > 0 && b % 4 == 2) {
		ev.memory.promise = (struct role_promise){b % SMALL, 1, m->now_ms + b};
		ev.memory.published_ms = m->now_ms + b / 2;
	}
	ev.unusable = b == 191;
	m->generation++;
	m->started = !ev.unusable;
	if (m->started) {
		m->disk = m->tried = ev.record;
		m->promised = ev.record.accepted;
		m->memory = ev.memory;
		m->inherited_ms = ev.memory.published_ms;
	}
	check_step(m, &ev);
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
		ev.vote.state = observes(m) ? NOTIF_OBSERVING : NOTIF_FOLLOWING;
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

static void
remote(struct model *m)
{
	int64_t sid = some_sid(m);
	struct server *s = find_remote(m, sid);
	unsigned b = feed_byte(&m->feed);

	if (b >= 200 || !s)
		election_link(m);
	else if (b % 8 < 5)
		conn_up(m, sid, s->dialling && b % 8 < 4);
	else if (s->dialling && b % 8 == 7)
		conn_down(m, sid, 0, b);
	else
		conn_down(m, sid, s->conns[b % CONNS].number, b);
}

/* Over the link mostly; now and then over another connection, or one that is no more. */
static void
some_packet(struct model *m)
{
	int64_t sid = some_sid(m);
	struct server *s = find_remote(m, sid);
	struct conn *c = link_of(s);
	unsigned b = feed_byte(&m->feed);
	uint64_t number = c ? c->number : 0;

	if (b >= 224)
		number = b % 8;
	else if (b >= 192 && s)
		number = s->conns[b % CONNS].number;
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
	for (unsigned i = 0; i < m->sid_count; i++) {
		m->servers[i].dialling = false;
		memset(m->servers[i].conns, 0, sizeof(m->servers[i].conns));
	}
	check_step(m, &(struct role_event){.type = ROLE_EV_LOST});
}

/* The file of a later version mostly. Ours need not name us. */
static void
file(struct model *m)
{
	unsigned b = feed_byte(&m->feed);
	struct members next = m->plans[1 + b % (PLANS - 1)];
	struct role_event ev = {.type = ROLE_EV_FILE, .file = &next};

	if (b >= 240)
		next.version += b % 4;
	if (m->config.zab)
		m->file = next;
	note_file(m);
	check_step(m, &ev);
}

static void
refound(struct model *m)
{
	if (!m->config.zab)
		return;
	m->refounds++;
	m->gives_up |= m->started;
	check_step(m, &(struct role_event){.type = ROLE_EV_REFOUND});
}

static void
ask(struct model *m)
{
	struct question *q = &m->questions[++m->question % QUESTIONS];

	if (q->waits) {
		m->question--;
		return;
	}
	*q = (struct question){m->question, m->ping_serial, true};
	check_step(m, &(struct role_event){.type = ROLE_EV_CONFIRM, .number = q->number});
}

/* Somebody holds, or lets go; asks whether we lead; our clocks differ, or do not. */
static void
lease(struct model *m)
{
	unsigned b = feed_byte(&m->feed);
	struct role_event ev = {.type = ROLE_EV_HOLDS, .holds = b % 3, .broken = b == 17};

	if (b < 96) {
		ask(m);
		return;
	}
	if (b >= 240) {
		m->clocks_differ = b % 2;
		ev = (struct role_event){.type = ROLE_EV_CLOCK, .open = b % 2 == 0};
	} else {
		m->holds = ev.holds;
	}
	check_step(m, &ev);
}

/* What seldom happens. */
static void
rarity(struct model *m, unsigned b)
{
	if (b > 11)
		lease(m);
	else if (b < 3)
		lost(m);
	else if (b < 5)
		refound(m);
	else if (b < 7)
		doubt(m);
	else if (b < 11)
		change_server(m);
	else if (b == 11)
		m->port_shut = feed_byte(&m->feed) & 1;
	if (b == 11)
		check_step(
		    m, &(struct role_event){.type = ROLE_EV_PORT, .open = !m->port_shut});
}

static void
something(struct model *m)
{
	unsigned b = feed_byte(&m->feed);

	if (b % 16 < 14)
		m->now_ms = feed_time(&m->feed, m->now_ms, role_due_ms(m->role));
	if (m->away && b % 16 > 4) {
		m->away = false;
		check_step(m, &(struct role_event){.type = ROLE_EV_AGAIN});
		return;
	}
	if (b % 16 == 0)
		due(m);
	else if (b % 16 < 3)
		written(m, feed_below(&m->feed, 8) == 0 ? -5 : 0);
	else if (b % 16 == 3)
		start(m);
	else if (b % 16 == 4)
		file(m);
	else if (b % 16 == 5)
		rarity(m, b / 16);
	else if (b % 16 == 6)
		decided(m);
	else if (b % 16 == 7)
		remote(m);
	else if (b % 16 < 10)
		some_packet(m);
	else if (b % 16 < 12)
		honest(m, some_sid(m), true);
	else if (b % 16 < 14)
		honest_round(m);
	else
		calm(m, b / 16);
}

/* Most inputs begin where we lead, or follow. */
static void
begin(struct model *m, unsigned b)
{
	struct role_event ev = {.type = ROLE_EV_DECIDED, .serial = m->look_serial};
	const struct members *list = &m->plans[1];

	if (b % 4 == 0 || m->look_serial.generation == 0)
		return;
	ev.vote.leader = b % 4 == 1 ? list->list[b / 4 % list->count].sid : m->config.sid;
	ev.vote.state = observes(m) ? NOTIF_OBSERVING : NOTIF_FOLLOWING;
	if (ev.vote.leader == m->config.sid)
		ev.vote.state = NOTIF_LEADING;
	check_step(m, &ev);
	calm(m, b / 16);
}

/* Many groups have no leases. */
static void
set_leases(struct model *m, unsigned b)
{
	static const enum role_lease_mode modes[] = {ROLE_LEASE_AUTO, ROLE_LEASE_ALWAYS,
	                                             ROLE_LEASE_AUTO, ROLE_LEASE_OFF};

	memset(m->boot, 7, sizeof(m->boot));
	if (b < 8)
		return;
	m->config.lease = modes[b % 4];
	m->config.lease_ms = b < 20 ? m->config.tick_ms * m->config.sync_limit : b;
	m->config.lease_max_ms = b % 8 ? m->config.lease_ms : 3;
	m->config.drift_percent = b % 16;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	unsigned b;

	memset(&m, 0, sizeof(m));
	m.feed = (struct feed){.data = data, .len = size};
	m.last_epoch = 1;
	m.now_ms = 1;
	make_plans(&m);
	make_records(&m);
	b = feed_byte(&m.feed);
	m.config.sid =
	    m.plans[1 + b % 2].list[feed_byte(&m.feed) % m.plans[1 + b % 2].count].sid;
	m.file = m.plans[b % 16 == 15 ? 2 : 1];
	m.twins = b % 8 == 0;
	m.config.zab = b < 240;
	m.config.tick_ms = 1 + b % 3 * 49;
	b = feed_byte(&m.feed);
	m.config.init_limit = 1 + (b < 128 ? b % 4 : b % 40);
	b = feed_byte(&m.feed);
	m.config.sync_limit = 2 + b % 8;
	set_leases(&m, b / 8);
	m.config.file = &m.file;
	m.vote.leader = m.config.sid;
	for (unsigned i = 0; i < m.sid_count; i++) {
		m.servers[i].plan = 1;
		m.servers[i].linked = is_needed(&m, i);
	}
	if (role_new(&m.role, &m.config) < 0)
		return 0;
	role_get_view(m.role, &m.view);
	start(&m);
	begin(&m, feed_byte(&m.feed));
	while (!feed_end(&m.feed))
		something(&m);
	role_free(m.role);
	return 0;
}
