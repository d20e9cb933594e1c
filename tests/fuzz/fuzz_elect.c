/* The election's core under any sequence of events: words of the peer in any order, any
 * replay, links, and notifications of anybody, drawn at random, aimed at what is going on
 * or made from any bytes by the real decoder. What the shell keeps to, and so does this:
 * no time in the options is 0, and no serial (0, 0). What must hold after each step is in
 * fuzz_elect_check.h. */
#include "tests/fuzz/fuzz_elect_check.h"
#include "tests/zookeeper.h"

#define CORE_MAX (1 << 16) /* bytes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *at);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *at);

static _Alignas(16) char core[CORE_MAX];
static bool core_used;

/* The core's memory, which is the one large block; see the Makefile. */
void *
__wrap_calloc(size_t count, size_t size)
{
	if (core_used || count != 1 || size < CORE_MAX / 4 || size > CORE_MAX)
		return __real_calloc(count, size);
	core_used = true;
	return memset(core, 0, size);
}

void
__wrap_free(void *at)
{
	if (at == core)
		core_used = false;
	else
		__real_free(at);
}

static int64_t
some_sid(struct model *m)
{
	unsigned b = feed_byte(&m->feed);

	if (b >= 240)
		return feed_number(&m->feed, m->options.sid);
	if (b >= 224 && m->elect->other_count > 0)
		return m->elect->others[b % m->elect->other_count].sid;
	return m->elect->voters[b % m->elect->voter_count].sid;
}

static struct msg_serial
some_serial(struct model *m)
{
	struct msg_serial s = m->view.serial;
	unsigned b = feed_byte(&m->feed);

	if (b % 4 == 0 || s.generation == 0)
		s.count++;
	if (b >= 224)
		s.generation += b % 2;
	if (b >= 240)
		s.count = b % 8;
	if (s.generation == 0)
		s.generation = 1;
	return s;
}

static struct vote
some_vote(struct model *m)
{
	struct vote v = m->view.proposal;
	unsigned b = feed_byte(&m->feed);

	v.round = m->view.clock;
	v.state = NOTIF_LOOKING;
	if (b & 1)
		v.leader = some_sid(m);
	if (b & 2)
		v.zxid = feed_number(&m->feed, v.zxid);
	if (b & 4)
		v.round = feed_number(&m->feed, v.round);
	if (b & 8)
		v.epoch = feed_number(&m->feed, v.epoch);
	if (b & 16)
		v.state = 1 + (int32_t)(b / 32 % 3);
	if (b == 255)
		v.state = (int32_t)feed_number(&m->feed, 0);
	return v;
}

static void
look(struct model *m, struct elect_event *ev)
{
	ev->type = ELECT_EV_LOOK;
	ev->look.serial = some_serial(m);
	ev->look.zxid = feed_number(&m->feed, 0);
	ev->look.epoch = feed_number(&m->feed, 1);
	ev->look.last_round = feed_number(&m->feed, m->view.clock);
	ev->look.gave_up = feed_below(&m->feed, 3) == 0;
	ev->look.leader = some_sid(m);
}

static void
word(struct model *m, struct elect_event *ev, enum elect_event_type type)
{
	ev->type = type;
	ev->serial = some_serial(m);
	ev->vote = some_vote(m);
	ev->vote.version = 0;
	ev->vote.state =
	    type == ELECT_EV_STATE ? NOTIF_LOOKING : 1 + (int32_t)feed_below(&m->feed, 3);
}

static void
link_changes(struct model *m, struct elect_event *ev)
{
	unsigned b;

	ev->type = ELECT_EV_LINK;
	ev->sid = some_sid(m);
	b = feed_byte(&m->feed);
	ev->link = b % 2 ? MSG_LINK_UP : MSG_LINK_DOWN;
	ev->reason = b & 2 ? MSG_REASON_REFUSED : MSG_REASON_NONE;
	ev->was_up = b & 4;
}

/* What the shell makes of it: the configuration that we have, another, or none. */
static void
notif(struct model *m, struct elect_event *ev)
{
	static const char other[] = "server.1=a:1:2\nserver.2=b:1:2\nversion=7fffffff";
	struct vote v = some_vote(m);
	unsigned b = feed_byte(&m->feed);

	v.version = b < 192 || b == 224 ? 2 : (int32_t)(b % 3);
	ev->type = ELECT_EV_NOTIF;
	ev->sid = some_sid(m);
	ev->notif = (struct notif){.vote = v,
	                           .config = m->options.config_text,
	                           .config_len = m->options.config_text_len};
	if (b % 32 == 0) {
		ev->notif.config = other;
		ev->notif.config_len = b == 224 ? sizeof(other) - 1 : b / 32 * 6;
	}
	ev->notif.has_config = ev->notif.vote.version >= 2;
}

static bool
raw_notif(struct model *m, struct elect_event *ev)
{
	size_t len;
	const uint8_t *bytes = feed_bytes(&m->feed, feed_byte(&m->feed), &len);

	ev->type = ELECT_EV_NOTIF;
	ev->sid = some_sid(m);
	return notif_decode(bytes, len, &ev->notif) == NOTIF_OK;
}

/* One word from each voter, so that a quorum is not too long a sequence to be found. */
static void
all_say(struct model *m)
{
	unsigned but = feed_byte(&m->feed);
	struct elect_event ev = {.now_ms = m->now_ms};

	notif(m, &ev);
	for (unsigned i = 0; i < m->elect->voter_count; i++) {
		ev.sid = m->elect->voters[i].sid;
		if (i == but || ev.sid == m->options.sid)
			continue;
		if (ev.notif.vote.state == NOTIF_FOLLOWING &&
		    ev.sid == ev.notif.vote.leader)
			ev.notif.vote.state = NOTIF_LEADING;
		check_step(m, &ev);
		if (ev.notif.vote.state == NOTIF_LEADING)
			ev.notif.vote.state = NOTIF_FOLLOWING;
	}
}

static void
due(struct model *m, struct elect_event *ev)
{
	bool come = m->now_ms >= elect_due_ms(m->elect);

	ev->type = ELECT_EV_DUE;
	check_step(m, ev);
	must(!come || elect_due_ms(m->elect) > m->now_ms,
	     "a deadline that was seen is no deadline any more");
}

/* True: there is an event; else it was no decodable one, or is done. */
static bool
choose(struct model *m, struct elect_event *ev)
{
	unsigned b = feed_byte(&m->feed);

	switch (b % 32) {
	case 0:
	case 1:
	case 2:
	case 3:
		look(m, ev);
		return true;
	case 4:
		word(m, ev, ELECT_EV_ROLE);
		return true;
	case 5:
		word(m, ev, b < 128 ? ELECT_EV_STATE : ELECT_EV_DECIDED);
		return true;
	case 6:
		ev->type = b < 128 ? ELECT_EV_ABSENT : ELECT_EV_AGAIN;
		return true;
	case 7:
	case 8:
		ev->type = ELECT_EV_SYNCED;
		return true;
	case 9:
		ev->type = ELECT_EV_DELIVERED;
		ev->delivered = b >= 128;
		return true;
	case 10:
	case 11:
	case 12:
	case 13:
		link_changes(m, ev);
		return true;
	case 14:
		return raw_notif(m, ev);
	case 15:
		all_say(m);
		return false;
	case 16:
	case 17:
	case 18:
	case 19:
	case 20:
		due(m, ev);
		return false;
	default:
		notif(m, ev);
		return true;
	}
}

static void
set_options(struct model *m, unsigned b)
{
	static const int64_t others[] = {77, 1, 99};
	struct elect_options *o = &m->options;
	unsigned bits = feed_byte(&m->feed);

	if (b & 1)
		elect_options_ours(o);
	else
		elect_options_zookeeper(o);
	if (b >= 128) { /* any of ours, by itself */
		o->early_finalize ^= bits & 1;
		o->fixed_window ^= (bits & 2) != 0;
		o->settled_in_window ^= (bits & 1) != 0;
		o->fixed_wait ^= (bits & 2) != 0;
		o->keep_early_votes ^= (bits & 4) != 0;
		o->answer_worse ^= (bits & 8) != 0;
		o->send_on_link_up ^= (bits & 16) != 0;
		o->doubt ^= (bits & 32) != 0;
		o->links ^= (bits & 64) != 0;
		o->guarded ^= (bits & 128) != 0;
		o->yield ^= (bits & 128) != 0;
	}
	o->follow_newer = o->joint = b % 128 >= 64;
	o->joins = b % 64 >= 48;
	o->others = others;
	o->other_count = b % 4;
	o->multi_address = bits & 1;
	o->stop_at_newer_config = bits & 2;
	o->synced = bits & 4;
	o->clock = feed_number(&m->feed, 0);
	o->notify_min_ms = 1 + feed_byte(&m->feed);
	o->notify_max_ms = o->notify_min_ms + 4 * (uint64_t)feed_byte(&m->feed);
	o->finalize_ms = 1 + feed_byte(&m->feed);
}

static struct ensemble *
some_ensemble(unsigned which)
{
	static struct ensemble all[FUZZ_GROUPS];
	struct ensemble *e = &all[which];

	if (e->config.server_count > 0)
		return e;
	fuzz_group_make(which, 0, 1, &e->config);
	fuzz_group_make(which, which == FUZZ_GROUP_LARGEST ? QCONFIG_SERVERS_MAX : 1, 2,
	                &e->next);
	e->text_len = qconfig_print(&e->config, e->text, sizeof(e->text));
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model m = {.feed = {.data = data, .len = size}};
	unsigned b, c;

	b = feed_byte(&m.feed);
	c = feed_byte(&m.feed);
	m.ensemble = some_ensemble(b / 2 % FUZZ_GROUPS);
	set_options(&m, feed_byte(&m.feed));
	m.options.config = &m.ensemble->config;
	m.options.last_seen = b >= 224 ? &m.ensemble->next : NULL;
	m.options.sid = c % (m.ensemble->config.server_count + (c >= 192));
	for (unsigned i = 0; i < m.ensemble->config.server_count; i++)
		if (m.ensemble->config.servers[i].sid == m.options.sid)
			m.options.observer = m.ensemble->config.servers[i].observer;
	m.options.config_text = m.ensemble->text;
	m.options.config_text_len = b % 2 ? m.ensemble->text_len : 0;
	if (elect_new(&m.elect, &m.options) < 0)
		return 0;
	elect_get_view(m.elect, &m.view);
	m.now_ms = feed_byte(&m.feed);
	while (!feed_end(&m.feed)) {
		struct elect_event ev = {0};

		m.now_ms = feed_time(&m.feed, m.now_ms, elect_due_ms(m.elect));
		ev.now_ms = m.now_ms;
		if (choose(&m, &ev))
			check_step(&m, &ev);
	}
	elect_free(m.elect);
	return 0;
}
