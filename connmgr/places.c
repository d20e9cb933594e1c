/* Rules: see places.h. */
#include "connmgr/places.h"

#include <assert.h>

void
places_init(struct places *p, const struct places_config *config)
{
	assert(config->address_count > 0);
	*p = (struct places){.config = *config};
}

int
places_find(const struct places *p, uint64_t number)
{
	for (int i = 0; i < PLACES_MAX && number > 0; i++)
		if (p->list[i].number == number)
			return i;
	return -1;
}

int
places_used(const struct places *p)
{
	for (int i = 0; i < PLACES_MAX; i++)
		if (p->list[i].used)
			return i;
	return -1;
}

uint64_t
places_due_ms(const struct places *p)
{
	uint64_t due = p->dialing ? p->due_ms : UINT64_MAX;

	for (unsigned i = 0; i < PLACES_MAX; i++)
		if (p->list[i].number > 0 && p->list[i].due_ms < due)
			due = p->list[i].due_ms;
	return due;
}

static struct places_action *
add(struct places_actions *out, enum places_action_type type)
{
	assert(out->count < PLACES_ACTIONS_MAX);
	out->list[out->count] = (struct places_action){.type = type};
	return &out->list[out->count++];
}

/* `place`: the connection that it is about; NULL: an attempt to dial. */
static void
tell(struct places *p, const struct places_conn *place, enum msg_link status,
     enum msg_reason reason, struct places_actions *out)
{
	struct places_action *a = add(out, PLACES_DO_TELL);

	p->was_up |= status == MSG_LINK_UP;
	a->status = status;
	a->reason = reason;
	a->number = place ? place->number : 0;
	a->dialled = place ? place->dialled : true;
	a->was_up = p->was_up;
}

/* The connection has ended. */
static void
drop(struct places *p, struct places_conn *place, enum msg_reason reason,
     struct places_actions *out)
{
	struct places_conn old = *place;

	*place = (struct places_conn){0};
	if (old.told)
		tell(p, &old, MSG_LINK_DOWN, reason, out);
}

static void
close_place(struct places *p, unsigned at, enum msg_reason reason,
            struct places_actions *out)
{
	struct places_action *a = add(out, PLACES_DO_CLOSE);

	a->place = at;
	a->reason = reason;
	drop(p, &p->list[at], reason, out);
}

/* ---- dialling ---- */

static void
dial(struct places *p, unsigned address, uint64_t now_ms, struct places_actions *out)
{
	if (address == 0)
		p->answer = MSG_REASON_NONE;
	p->dialing = true;
	p->due_ms = now_ms + p->config.connect_ms;
	p->address = address;
	add(out, PLACES_DO_DIAL)->address = address;
}

static void
dial_next(struct places *p, uint64_t now_ms, enum msg_reason reason,
          struct places_actions *out)
{
	p->dialing = false;
	if (msg_reason_is_answer(reason))
		p->answer = reason;
	if (p->address + 1 < p->config.address_count)
		dial(p, p->address + 1, now_ms, out);
	else
		tell(p, NULL, MSG_LINK_DOWN,
		     p->answer != MSG_REASON_NONE ? p->answer : reason, out);
}

static void
stop_dialing(struct places *p, struct places_actions *out)
{
	if (p->dialing)
		add(out, PLACES_DO_CANCEL);
	p->dialing = false;
}

/* ---- places ---- */

/* The larger, the sooner it makes room. */
static unsigned
rank(const struct places_conn *c)
{
	if (c->used)
		return 0;
	if (c->dialled)
		return 1;
	return c->told ? 2 : 3;
}

/* A free place. */
static unsigned
make_room(struct places *p, struct places_actions *out)
{
	unsigned out_at = 0;

	for (unsigned i = 0; i < PLACES_MAX; i++)
		if (p->list[i].number == 0)
			return i;
	for (unsigned i = 1; i < PLACES_MAX; i++) {
		const struct places_conn *c = &p->list[i], *worst = &p->list[out_at];

		if (rank(c) > rank(worst) ||
		    (rank(c) == rank(worst) && c->number < worst->number))
			out_at = i;
	}
	assert(!p->list[out_at].used); /* one is, at most */
	close_place(p, out_at, MSG_REASON_REPLACED, out);
	return out_at;
}

static void
on_dialed(struct places *p, uint64_t number, struct places_actions *out)
{
	unsigned at;

	if (!p->dialing)
		return;
	p->dialing = false;
	at = make_room(p, out);
	p->list[at] = (struct places_conn){
	    .number = number, .dialled = true, .told = true, .due_ms = UINT64_MAX};
	add(out, PLACES_DO_USE_DIALED)->place = at;
	tell(p, &p->list[at], MSG_LINK_UP, MSG_REASON_NONE, out);
}

static void
on_accepted(struct places *p, uint64_t number, uint64_t now_ms,
            struct places_actions *out)
{
	unsigned at;

	if (now_ms < p->calm_ms)
		return;
	at = make_room(p, out);
	p->list[at] = (struct places_conn){
	    .number = number, .due_ms = now_ms + p->config.first_ms, .window_ms = now_ms};
	add(out, PLACES_DO_USE_ACCEPTED)->place = at;
}

static void
on_disconnect(struct places *p, unsigned at, enum msg_reason reason, uint64_t now_ms,
              struct places_actions *out)
{
	if (reason == MSG_REASON_FULL)
		p->calm_ms = now_ms + PLACES_CALM_MS;
	close_place(p, at, reason, out);
}

static bool
floods(struct places_conn *c, uint64_t now_ms)
{
	if (now_ms - c->window_ms >= PLACES_WINDOW_MS) {
		c->window_ms = now_ms;
		c->frames = 0;
	}
	return ++c->frames > PLACES_FRAMES_MAX;
}

static void
on_frame(struct places *p, int at, uint64_t now_ms, struct places_actions *out)
{
	struct places_conn *c;

	if (at < 0)
		return;
	c = &p->list[at];
	if (!c->dialled && floods(c, now_ms)) {
		on_disconnect(p, (unsigned)at, MSG_REASON_FULL, now_ms, out);
	} else if (!c->told) {
		c->told = true;
		c->due_ms = UINT64_MAX;
		tell(p, c, MSG_LINK_UP, MSG_REASON_NONE, out);
	}
}

static void
on_take(struct places *p, int at)
{
	for (int i = 0; i < PLACES_MAX && at >= 0; i++)
		p->list[i].used = i == at;
}

static void
part(struct places *p, enum msg_reason reason, struct places_actions *out)
{
	stop_dialing(p, out);
	for (unsigned i = 0; i < PLACES_MAX; i++)
		if (p->list[i].number > 0)
			close_place(p, i, reason, out);
}

static void
on_moved(struct places *p, const struct places_event *ev, struct places_actions *out)
{
	assert(ev->address_count > 0);
	p->config.address_count = ev->address_count;
	if (!p->dialing)
		return;
	stop_dialing(p, out);
	dial(p, 0, ev->now_ms, out);
}

static void
on_due(struct places *p, uint64_t now_ms, struct places_actions *out)
{
	for (unsigned i = 0; i < PLACES_MAX; i++)
		if (p->list[i].number > 0 && now_ms >= p->list[i].due_ms)
			close_place(p, i, MSG_REASON_TIMEOUT, out);
	if (!p->dialing || now_ms < p->due_ms)
		return;
	add(out, PLACES_DO_CANCEL);
	dial_next(p, now_ms, MSG_REASON_TIMEOUT, out);
}

void
places_step(struct places *p, const struct places_event *ev, struct places_actions *out)
{
	int at = places_find(p, ev->number);

	out->count = 0;
	switch (ev->type) {
	case PLACES_EV_CONNECT:
		if (!p->dialing)
			dial(p, 0, ev->now_ms, out);
		break;
	case PLACES_EV_DIALED:
		on_dialed(p, ev->number, out);
		break;
	case PLACES_EV_DIAL_FAILED:
		if (p->dialing)
			dial_next(p, ev->now_ms, ev->reason, out);
		break;
	case PLACES_EV_ACCEPTED:
		on_accepted(p, ev->number, ev->now_ms, out);
		break;
	case PLACES_EV_FRAME:
		on_frame(p, at, ev->now_ms, out);
		break;
	case PLACES_EV_CLOSED:
		if (at >= 0)
			drop(p, &p->list[at], ev->reason, out);
		break;
	case PLACES_EV_TAKE:
		on_take(p, at);
		break;
	case PLACES_EV_DISCONNECT:
		if (at >= 0)
			on_disconnect(p, (unsigned)at, ev->reason, ev->now_ms, out);
		else if (ev->number == 0)
			stop_dialing(p, out);
		break;
	case PLACES_EV_PART:
		part(p, ev->reason, out);
		break;
	case PLACES_EV_MOVED:
		on_moved(p, ev, out);
		break;
	case PLACES_EV_DUE:
		on_due(p, ev->now_ms, out);
		break;
	}
}
