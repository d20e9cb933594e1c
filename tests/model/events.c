/* Events of the core in the model's words, what it wants done, and what worlds need of
 * its state. */
#include "tests/model/bug.h"
#include "tests/model/model.h"
#include "wire/lease_packet.h"

#include <assert.h>
#include <string.h>

/* ---- events ---- */

static void
fill_ping(struct qpacket *q, struct model_heard *h, const struct model_packet *p)
{
	const struct lease_packet said = {(uint8_t)p->body, p->body >> 8, p->answer};

	q->zxid |= p->extra;
	if (p->body > 0)
		q->data_len = lease_packet_put(&said, h->data, sizeof(h->data));
}

static void
fill_packet(struct role_event *out, struct model_heard *h, const struct model_event *ev)
{
	const struct model_packet *p = &ev->packet;
	const struct qpacket_learner learner = {
	    .sid = ev->sid, .protocol = QPACKET_PROTOCOL, .config_version = 1};
	const struct qpacket_leaderinfo leader = {
	    .protocol = QPACKET_PROTOCOL,
	    .tick_ms = MODEL_TICK_MS,
	    .init_limit = 40,
	    .sync_limit = 6,
	};
	struct qpacket *q = &h->packet;

	*q = (struct qpacket){.type = p->type, .zxid = (int64_t)p->epoch << 32};
	if (p->type == QPACKET_FOLLOWERINFO || p->type == QPACKET_OBSERVERINFO)
		q->data_len = qpacket_put_learner(&learner, h->data, sizeof(h->data));
	else if (p->type == QPACKET_LEADERINFO)
		q->data_len = members_put_leaderinfo(&leader, h->data, sizeof(h->data));
	else if (p->type == QPACKET_PING)
		fill_ping(q, h, p);
	q->data = q->data_len > 0 ? h->data : NULL;
	if (p->type == QPACKET_ACKEPOCH) {
		q->zxid = 0;
		out->answer = (struct qpacket_ackepoch){p->answer, p->epoch};
		out->report = model_report(p->body);
	} else if (p->type == QPACKET_NEWLEADER) {
		memcpy(&h->pair, model_pair(p->body), sizeof(h->pair));
		h->pair.epoch = p->epoch;
		out->pair = &h->pair;
	}
	out->type = ROLE_EV_PACKET;
	out->sid = ev->sid;
	out->number = ev->number;
	out->packet = q;
}

static void
fill_vote(struct role_event *out, const struct role *r, const struct model_event *ev)
{
	bool leads = ev->type == MODEL_EV_LEAD;
	int32_t follows = role_observes(r) ? NOTIF_OBSERVING : NOTIF_FOLLOWING;

	out->type = ROLE_EV_DECIDED;
	out->serial = r->look.serial;
	out->vote = (struct vote){
	    .leader = leads ? r->config.sid : ev->sid,
	    .round = 1,
	    .epoch = ev->packet.epoch,
	    .state = leads ? NOTIF_LEADING : follows,
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
fill_file(struct role_event *out, struct model_heard *h, const struct model_event *ev)
{
	model_members_of_file(&model.c->files[ev->packet.extra], &h->file);
	out->type = ROLE_EV_FILE;
	out->file = &h->file;
}

/* R6: what is in the memory binds; without one the bound does, if there is any. After a
 * reboot the clock begins anew. */
static void
fill_start(struct role_event *out, const struct model_state *s,
           const struct model_event *ev)
{
	unsigned char boot = s->role.lease.boot[0];
	const struct role_bound *bound = &out->record.bound;

	out->type = ROLE_EV_START;
	out->generation = 1;
	out->record = *model_record(ev->packet.body);
	if (!model.c->leases)
		return;
	if (ev->number == MODEL_FOUND_REBOOT)
		boot++;
	memset(out->boot, boot, sizeof(out->boot));
	if (ev->number == MODEL_FOUND_MEMORY)
		out->memory = s->memory;
	else if (bound->ms > 0)
		out->unknown_ms = MODEL_NOW_MS + bound->ms + (bound->boot[0] == boot);
	model_bug_start(out, ev);
}

/* Of programs, and of a person. */
static void
fill_request(struct role_event *out, const struct model_event *ev)
{
	out->type = ROLE_EV_HOLDS;
	out->holds = ev->packet.extra;
	out->broken = ev->number;
	if (ev->type != MODEL_EV_STEP_DOWN)
		return;
	out->type = ROLE_EV_STEP_DOWN;
	out->sid = ev->sid;
	out->targeted = ev->sid > 0;
}

void
model_fill_event(struct role_event *out, struct model_heard *h,
                 const struct model_state *s, const struct model_event *ev)
{
	const struct role *r = &s->role;

	memset(out, 0, sizeof(*out));
	out->type = ROLE_EV_DUE;
	out->now_ms = MODEL_NOW_MS;
	switch ((enum model_event_type)ev->type) {
	case MODEL_EV_BOOT:
		fill_start(out, s, ev);
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
		fill_packet(out, h, ev);
		break;
	case MODEL_EV_WRITTEN:
	case MODEL_EV_FAILED:
		out->type = ROLE_EV_WRITTEN;
		out->error = ev->type == MODEL_EV_FAILED ? -5 : 0;
		break;
	case MODEL_EV_FILE:
		fill_file(out, h, ev);
		break;
	case MODEL_EV_WHERE:
		out->type = ROLE_EV_WHERE;
		out->sid = ev->sid;
		break;
	case MODEL_EV_REFOUND:
		out->type = ROLE_EV_REFOUND;
		break;
	case MODEL_EV_AGAIN:
		out->type = ROLE_EV_LOST;
		break;
	case MODEL_EV_HOLDS:
	case MODEL_EV_STEP_DOWN:
		fill_request(out, ev);
		break;
	case MODEL_EV_PASS:
	case MODEL_EV_DUE:
	case MODEL_EV_PING:
	case MODEL_EV_SILENCE:
	case MODEL_EV_NEWCOMER:
	case MODEL_EV_RETRY:
	case MODEL_EV_GIVE_UP:
	case MODEL_EV_TRY_AGAIN:
	case MODEL_EV_RENUMBER:
	case MODEL_EV_NONE:
		break;
	}
}

/* Nobody says anything any more, for longer than anybody waits. */
static void
fall_silent(struct role *r)
{
	r->follow.word_due_ms = MODEL_NOW_MS;
	r->lead.init_ms = MODEL_NOW_MS;
	if (r->handover.patient_ms > 0)
		r->handover.patient_ms = MODEL_NOW_MS;
	for (unsigned i = 0; i < r->remote_count; i++)
		if (role_is_open(&r->remotes[i]))
			r->remotes[i].link.word_ms = 1;
}

void
model_make_due(struct role *r, const struct model_event *ev)
{
	if (ev->type == MODEL_EV_SILENCE)
		fall_silent(r);
	if (ev->type == MODEL_EV_PING)
		role_remote(r, ev->sid)->link.ping_ms = MODEL_NOW_MS;
	if (ev->type == MODEL_EV_NEWCOMER)
		role_remote(r, ev->sid)->beside.due_ms = MODEL_NOW_MS;
	else if (ev->type == MODEL_EV_RETRY)
		r->epochs.retry_ms = MODEL_NOW_MS;
	else if (ev->type == MODEL_EV_GIVE_UP)
		r->lead.init_ms = MODEL_NOW_MS;
	else if (ev->type == MODEL_EV_TRY_AGAIN)
		r->lead.change.retry_ms = MODEL_NOW_MS;
}

/* ---- what it wants done ---- */

/* That somebody withholds something only lengthens deadlines. False: the model does not
 * have it. */
static bool
fill_pinged(struct model_packet *out, const struct role_packet *p)
{
	const struct qpacket q = {
	    .type = QPACKET_PING, .data = p->data, .data_len = p->data_len};
	struct lease_packet said = {0};

	(void)lease_packet_get(&q, &said);
	out->type = QPACKET_PING;
	out->epoch = (int8_t)(p->zxid >> 32);
	out->extra = (uint8_t)p->zxid;
	assert((uint32_t)p->zxid <= UINT8_MAX && said.ms <= UINT8_MAX);
	if (said.flags != LEASE_WITHHELD) {
		out->answer = (int8_t)said.sid;
		out->body = (uint16_t)(said.flags | said.ms << 8);
	}
	return model.c->leases && out->epoch > 0;
}

static void
fill_sent(struct model_packet *out, const struct role_packet *p)
{
	assert(p->zxid >> 32 <= INT8_MAX && (uint32_t)p->zxid == 0);
	out->type = (uint8_t)p->type;
	out->epoch = (int8_t)(p->zxid >> 32);
	if (p->report) {
		out->epoch = (int8_t)p->answer.epoch;
		out->answer = (int8_t)p->answer.current;
		out->body = model_keep_report(p->report);
	} else if (p->pair) {
		out->body = model_keep_pair(p->pair);
	}
}

bool
model_fill_deed(struct model_deed *out, const struct role_action *a)
{
	memset(out, 0, sizeof(*out));
	out->type = (uint8_t)a->type;
	out->sid = (uint8_t)a->sid & 15u;
	out->number = (uint8_t)a->number & 15u;
	if (a->type == ROLE_ACT_SEND) {
		if (a->u.packet.type == QPACKET_PING)
			return fill_pinged(&out->packet, &a->u.packet);
		fill_sent(&out->packet, &a->u.packet);
		return true;
	}
	if (a->type == ROLE_ACT_PAGE) {
		uint64_t end_ms = a->u.page.end_ms;

		out->packet.epoch = (int8_t)a->u.page.epoch;
		if (end_ms > MODEL_NOW_MS)
			out->packet.extra = (uint8_t)(end_ms - MODEL_NOW_MS);
		return model.c->leases;
	}
	if (a->type == ROLE_ACT_WRITE)
		out->packet.body = model_keep_record(a->u.write);
	return a->type == ROLE_ACT_WRITE || a->type == ROLE_ACT_CONNECT ||
	       a->type == ROLE_ACT_DISCONNECT;
}

/* ---- what worlds need of it ---- */

/* Does it change when time passes? */
static bool
is_timed(const struct role *r)
{
	const struct role_lease *l = &r->lease;
	bool timed = l->memory.promise.end_ms > MODEL_NOW_MS ||
	             l->memory.published_ms > MODEL_NOW_MS || l->end_ms > MODEL_NOW_MS ||
	             l->inherited_ms > MODEL_NOW_MS ||
	             r->handover.patient_ms > MODEL_NOW_MS;

	for (unsigned i = 0; i < r->remote_count; i++)
		for (unsigned k = 0; k < ROLE_PINGS; k++)
			timed |= r->remotes[i].link.pings[k].number > 0;
	return timed;
}

static void
fill_known(struct model_remote *out, const struct role_remote *p)
{
	out->is = true;
	out->open = role_is_open(p);
	out->beside = p->beside.number > 0;
	out->promised = (int8_t)p->link.promised;
	out->acked = (int8_t)p->link.acked;
	out->instance =
	    p->link.known ? model_instance_number(&p->link.instance) : (uint8_t)0;
}

void
model_fill_core(struct model_core *out, const struct role *r)
{
	memset(out, 0, sizeof(*out));
	out->mode = (uint8_t)r->mode;
	out->kind = (uint8_t)r->lead.change.kind;
	out->stands = r->stands;
	out->observes = role_observes(r);
	out->bad = r->epochs.bad;
	out->promised = r->lead.promised;
	out->joins = !role_has_record(r);
	out->record = model_keep_pair(role_record(r));
	out->waits = r->lead.change.retry_ms > 0;
	out->due = model.c->leases && role_due_ms(r) <= MODEL_NOW_MS;
	out->timed = model.c->leases && is_timed(r);
	out->releasing = r->handover.releasing;
	out->resumes = r->handover.resumes > 0;
	out->leader = (uint8_t)r->vote.leader;
	out->current = (int8_t)r->epochs.current;
	out->proposal = (int8_t)r->lead.proposal;
	out->established = (int8_t)r->lead.epoch;
	out->asked = (int8_t)r->follow.asked;
	out->told = (int8_t)r->follow.told;
	out->followed = (int8_t)r->follow.epoch;
	if (r->mode == ROLE_MODE_LEAD) {
		out->adopted = model_keep_pair(&r->lead.adopted);
		out->proposed = model_keep_pair(&r->lead.proposed);
	}
	for (unsigned i = 0; i < r->remote_count; i++)
		if (r->remotes[i].sid <= MODEL_SERVERS)
			fill_known(&out->remotes[r->remotes[i].sid - 1], &r->remotes[i]);
}
