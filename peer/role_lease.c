/* Of a leader: when it asks for a lease, until when it has one, and whether it leads:
 * rules R1, R3 and R10 of docs/LEASE.md. */
#include "peer/role_impl.h"

#include "wire/lease_packet.h"

#include <assert.h>
#include <string.h>

static bool
is_established(const struct role *r)
{
	return r->mode == ROLE_MODE_LEAD && r->lead.epoch > 0;
}

/* R1. Who steps down asks for those alone that have not let go yet (R5). */
static bool
wants(const struct role *r, uint64_t now_ms)
{
	const struct role_lease *l = &r->lease;

	if (!is_established(r) || r->config.lease == ROLE_LEASE_OFF ||
	    r->config.lease_ms == 0 || l->clocks_differ)
		return false;
	return l->holds > 0 ||
	       (!r->handover.releasing &&
	        (r->config.lease == ROLE_LEASE_ALWAYS || now_ms < l->inherited_ms));
}

/* ---- PINGs ---- */

/* How often a lease is renewed at least, so that it outlives PINGs that come late. */
static uint64_t
renewal_ms(const struct role *r)
{
	return r->config.lease_ms < 4 ? 1 : r->config.lease_ms / 4;
}

bool
role_ping_has_peace(const struct role *r, uint64_t ms)
{
	return !r->lease.wanted || ms <= renewal_ms(r);
}

/* R4: while we are not established, or renew: the largest time that we know of for which
 * somebody withholds what we wait for, ourselves included; 0: nobody does. */
static uint64_t
withheld_ms(const struct role *r, uint64_t now_ms)
{
	uint64_t largest = role_lease_withheld(r, now_ms);

	if (r->lead.epoch == r->lead.proposal)
		return 0;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_remote *p = &r->remotes[i];

		if (role_is_open(p) && p->link.acked != r->lead.proposal &&
		    p->link.withheld_ms > largest)
			largest = p->link.withheld_ms;
	}
	return largest > now_ms ? largest : 0;
}

static void
extend(struct role *r, uint64_t ms, const struct role_actions *out)
{
	uint64_t init_ms = role_lease_extended(r, ms, out);

	if (init_ms > r->lead.init_ms)
		r->lead.init_ms = init_ms;
}

void
role_lease_wait(struct role *r, const struct role_actions *out)
{
	uint64_t until = withheld_ms(r, out->now_ms);

	if (until > 0)
		extend(r, until - out->now_ms, out);
}

static void
put(struct role *r, struct role_packet *ping, const struct role_actions *out)
{
	uint64_t until = withheld_ms(r, out->now_ms);
	struct lease_packet said = {0};

	if (wants(r, out->now_ms))
		said = (struct lease_packet){LEASE_WANT, r->config.lease_ms, 0};
	else if (until > 0)
		said = (struct lease_packet){LEASE_WITHHELD,
		                             (uint32_t)(until - out->now_ms), 0};
	else
		return;
	ping->data_len = (uint8_t)lease_packet_put(&said, ping->data, sizeof(ping->data));
	assert(ping->data_len > 0);
}

/* One that is not noted, since there is no room, does not count. */
static void
note(struct role_link *l, uint64_t number, uint64_t now_ms)
{
	for (unsigned i = 0; i < ROLE_PINGS; i++) {
		if (l->pings[i].number > 0)
			continue;
		l->pings[i].number = number;
		l->pings[i].sent_ms = now_ms;
		return;
	}
}

void
role_ping(struct role *r, struct role_remote *p, struct role_actions *out)
{
	struct role_lead *l = &r->lead;
	uint64_t gap_ms = role_ticks(r, 1);
	struct role_packet *ping;

	if (wants(r, out->now_ms) && renewal_ms(r) < gap_ms)
		gap_ms = renewal_ms(r);
	p->link.ping_ms = out->now_ms + gap_ms;
	p->link.pinged = true;
	role_lease_wait(r, out);
	ping = role_send(out, p, QPACKET_PING,
	                 l->epoch << 32 | (int64_t)(l->ping_count & INT32_MAX));
	put(r, ping, out);
	l->ping_count++;
	if (l->epoch > 0 && p->link.released == l->epoch)
		note(&p->link, l->ping_count, out->now_ms);
}

/* The PING that `zxid` answers, if it was sent behind UPTODATE of our epoch; those before
 * it have been answered, or never will be. It may be answered again, with a promise. */
static bool
find_ping(const struct role *r, struct role_link *l, int64_t zxid, uint64_t *number,
          uint64_t *sent_ms)
{
	bool found = false;

	if (zxid >> 32 != r->lead.epoch)
		return false;
	for (unsigned i = 0; i < ROLE_PINGS && !found; i++) {
		found = l->pings[i].number > 0 &&
		        (int64_t)((l->pings[i].number - 1) & INT32_MAX) ==
		            (zxid & UINT32_MAX);
		*number = l->pings[i].number;
		*sent_ms = l->pings[i].sent_ms;
	}
	for (unsigned i = 0; i < ROLE_PINGS && found; i++)
		if (l->pings[i].number < *number)
			memset(&l->pings[i], 0, sizeof(l->pings[i]));
	return found;
}

void
role_lease_answered(struct role *r, struct role_remote *p, const struct qpacket *ping,
                    struct role_actions *out)
{
	struct role_link *l = &p->link;
	struct lease_packet said = {0};
	bool has = lease_packet_get(ping, &said);
	uint64_t number, sent_ms;

	l->withheld_ms =
	    has && (said.flags & LEASE_WITHHELD) ? role_lease_until(said.ms, out) : 0;
	role_lease_wait(r, out);
	if (!is_established(r) || !find_ping(r, l, ping->zxid, &number, &sent_ms))
		return;
	if (number > l->answered_ping)
		l->answered_ping = number;
	if (!has || !(said.flags & LEASE_PROMISED) || sent_ms < l->promise_ms)
		return;
	l->promise_ms = sent_ms;
	l->promise_len_ms = said.ms;
	r->lease.recount = true;
}

/* ---- R3: the lease ---- */

static bool
has_promised(const struct role *r, const struct role_remote *p)
{
	return role_is_open(p) && p->link.promise_len_ms > 0 &&
	       p->link.promise_ms >= r->lease.since;
}

static bool
has_answered(const struct role *r, const struct role_remote *p)
{
	return role_is_open(p) && p->link.answered_ping > r->lease.since;
}

/* Are we, and those that have something since then, a quorum? */
static bool
is_quorum(struct role *r, const struct members_record *record, role_has *has,
          uint64_t since)
{
	bool is;

	r->lease.since = since;
	is = role_is_quorum(r, record, has);
	r->lease.since = 0;
	return is;
}

/* The largest t such that we and those that promised at a PING sent at t or later are a
 * quorum; 0: there is none that a lease can still come from. */
static uint64_t
find_start(struct role *r, const struct members_record *record, uint64_t now_ms)
{
	uint64_t low = now_ms > r->config.lease_ms ? now_ms - r->config.lease_ms : 1;
	uint64_t high = now_ms;

	if (low > high || !is_quorum(r, record, has_promised, low))
		return 0;
	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;

		if (is_quorum(r, record, has_promised, middle))
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/* Our clock may be slow, and that of those who promised fast: each by drift_percent. */
static uint64_t
find_end(struct role *r, const struct members_record *record, uint64_t now_ms)
{
	uint64_t start = find_start(r, record, now_ms), ms = r->config.lease_ms;
	uint64_t drift = 2 * (uint64_t)r->config.drift_percent;

	if (start == 0 || drift >= 100)
		return 0;
	for (unsigned i = 0; i < r->remote_count; i++) {
		const struct role_link *l = &r->remotes[i].link;

		if (l->promise_len_ms > 0 && l->promise_ms >= start &&
		    l->promise_len_ms < ms)
			ms = l->promise_len_ms;
	}
	return start + ms * (100 - drift) / 100;
}

/* What we promise ourselves, and that it was published, is remembered before anybody can
 * see the end (R2). */
static void
publish(struct role *r, uint64_t end_ms, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	l->end_ms = end_ms;
	role_promise_make(r, r->config.sid, r->lead.epoch, end_ms);
	if (l->memory.published_ms < end_ms)
		l->memory.published_ms = end_ms;
	role_promise_store(r, out);
	role_act(out, ROLE_ACT_PAGE)->u.page =
	    (struct role_page){.epoch = r->lead.epoch, .end_ms = end_ms};
}

/* A quorum of ourselves alone answers nothing: the time comes back for it. */
static void
count(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;
	uint64_t end_ms;

	l->recount = false;
	l->renew_ms = 0;
	if (is_quorum(r, &r->lead.ruling, has_promised, UINT64_MAX))
		l->renew_ms = out->now_ms + renewal_ms(r);
	if (!role_promise_may(r, r->config.lease_ms, out))
		return; /* WRITTEN counts again */
	end_ms = find_end(r, &r->lead.ruling, out->now_ms);
	if (end_ms > l->end_ms && end_ms > out->now_ms)
		publish(r, end_ms, out);
}

bool
role_lease_covers(struct role *r, const struct members *new, uint64_t now_ms)
{
	struct members_record alone;

	if (now_ms >= r->lease.memory.published_ms)
		return true;
	memset(&alone, 0, sizeof(alone));
	alone.new = *new;
	return find_end(r, &alone, now_ms) >= r->lease.memory.published_ms;
}

void
role_lease_led(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	l->memory.led.epoch = r->lead.epoch;
	l->memory.led.vote = r->vote;
	if (l->memory.promise.sid == r->config.sid)
		l->memory.promise.epoch = r->lead.epoch;
	role_promise_store(r, out);
	/* all are pinged at once, where it is wanted or asked: those of the epoch before
	 * answer nothing any more */
	l->wanted = false;
	l->round = 0;
	if (l->end_ms > out->now_ms)
		role_act(out, ROLE_ACT_PAGE)->u.page =
		    (struct role_page){.epoch = r->lead.epoch, .end_ms = l->end_ms};
}

/* ---- R10: do we lead? ---- */

static void
say(struct role *r, uint64_t number, bool leads, struct role_actions *out)
{
	struct role_action *a = role_act(out, ROLE_ACT_CONFIRMED);

	(void)r;
	a->u.confirmed.number = number;
	a->u.confirmed.leads = leads;
}

static void
say_first(struct role *r, bool leads, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	say(r, l->questions[0].number, leads, out);
	l->question_count--;
	memmove(l->questions, l->questions + 1,
	        l->question_count * sizeof(l->questions[0]));
	memset(&l->questions[l->question_count], 0, sizeof(l->questions[0]));
}

static bool
is_confirmed(struct role *r, uint64_t after, uint64_t now_ms)
{
	return now_ms < r->lease.end_ms ||
	       is_quorum(r, &r->lead.ruling, has_answered, after);
}

static uint64_t
question_ms(const struct role *r)
{
	return r->lease.questions[0].at_ms + role_ticks(r, r->timing.sync_limit);
}

static void
ask(struct role *r, uint64_t number, struct role_actions *out)
{
	struct role_lease *l = &r->lease;
	struct role_question *q = &l->questions[l->question_count];

	if (!is_established(r)) {
		bool bare = r->mode == ROLE_MODE_BARE && r->vote.state == NOTIF_LEADING;

		say(r, number, bare, out);
	} else if (l->question_count == ROLE_QUESTIONS_MAX) {
		say(r, number, is_confirmed(r, r->lead.ping_count, out->now_ms), out);
	} else {
		q->number = number;
		q->after = r->lead.ping_count;
		q->at_ms = out->now_ms;
		l->question_count++;
	}
}

static void
ping_all(struct role *r, struct role_actions *out)
{
	for (unsigned i = 0; i < r->remote_count; i++)
		if (role_is_open(&r->remotes[i]))
			role_ping(r, &r->remotes[i], out);
}

/* One round of PINGs at a time. What is asked meanwhile waits for the next one, so that
 * many questions do not make many PINGs. */
static void
answer_questions(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	while (l->question_count > 0 &&
	       is_confirmed(r, l->questions[0].after, out->now_ms))
		say_first(r, true, out);
	while (l->question_count > 0 && out->now_ms >= question_ms(r))
		say_first(r, false, out);
	if (l->question_count == 0 || l->questions[0].after < l->round)
		return;
	l->round = r->lead.ping_count + 1;
	ping_all(r, out);
}

/* ---- at the end of a step ---- */

void
role_lease_event(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	if (ev->type == ROLE_EV_CLOCK) {
		l->clocks_differ = !ev->open;
	} else if (ev->type == ROLE_EV_CONFIRM) {
		ask(r, ev->number, out);
	} else {
		if (out->now_ms >= l->memory.published_ms)
			l->broken = false;
		l->holds = ev->holds;
		l->broken |= ev->broken;
	}
}

void
role_lease_settle(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;
	bool wanted = wants(r, out->now_ms), rises = wanted && !l->wanted;

	l->wanted = wanted;
	if (rises)
		ping_all(r, out);
	if (!wanted)
		l->renew_ms = 0;
	else if (rises || l->recount || (l->renew_ms > 0 && out->now_ms >= l->renew_ms))
		count(r, out);
	if (is_established(r))
		answer_questions(r, out);
}

uint64_t
role_lease_due_ms(const struct role *r)
{
	const struct role_lease *l = &r->lease;
	uint64_t due = l->renew_ms > 0 ? l->renew_ms : UINT64_MAX;

	if (l->question_count > 0 && question_ms(r) < due)
		due = question_ms(r);
	return due;
}

void
role_lease_end(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	l->end_ms = 0;
	role_act(out, ROLE_ACT_PAGE)->u.page = (struct role_page){0};
	memset(&l->memory.led, 0, sizeof(l->memory.led));
	if (l->memory.promise.sid == r->config.sid)
		memset(&l->memory.promise, 0, sizeof(l->memory.promise));
	role_promise_store(r, out);
}

void
role_lease_ended(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	while (l->question_count > 0)
		say_first(r, false, out);
	l->round = l->renew_ms = 0;
	l->wanted = l->recount = false;
	if (l->memory.led.epoch == 0)
		return;
	memset(&l->memory.led, 0, sizeof(l->memory.led));
	role_promise_store(r, out);
}

void
role_get_lease(const struct role *r, uint64_t now_ms, struct role_lease_view *out)
{
	const struct role_lease *l = &r->lease;

	memset(out, 0, sizeof(*out));
	out->wants = wants(r, now_ms);
	out->end_ms = now_ms < l->end_ms ? l->end_ms : 0;
	if (now_ms < l->memory.promise.end_ms)
		out->promise = l->memory.promise;
	for (unsigned i = 0; i < r->remote_count && is_established(r); i++) {
		const struct role_link *p = &r->remotes[i].link;

		out->promised +=
		    p->promise_len_ms > 0 && now_ms < p->promise_ms + p->promise_len_ms;
	}
	out->withheld_ms = r->mode == ROLE_MODE_LEAD ? withheld_ms(r, now_ms)
	                                             : role_lease_withheld(r, now_ms);
	out->clocks_differ = l->clocks_differ;
	role_handover_view(r, out);
}
