/* Rules: see link.h. We dial again at once, then after retry_min, doubled up to
 * retry_max. A link that was up for LINK_SETTLE_MS or carried a frame resets that, unless
 * it is restless. Two rounds of dialling never begin within retry_min of each other, nor
 * do two that nudges ask for.
 *
 * The workers are told `connecting`, with the reason why the link
 * ended, until the first attempt after that end is over; `down`, with the reason, as soon
 * as an attempt has failed; and nothing new until one succeeds. So down means that the
 * last attempt failed, or that a worker asked for it. */
#include "connmgr/link.h"

#include <assert.h>

void
link_init(struct link *l, const struct link_config *config)
{
	assert(config->address_count > 0 && config->retry_min_ms > 0 &&
	       config->retry_max_ms >= config->retry_min_ms);
	*l = (struct link){
	    .config = *config, .told = MSG_LINK_DOWN, .told_reason = MSG_REASON_NEVER};
}

uint64_t
link_due_ms(const struct link *l)
{
	return l->phase == LINK_IDLE ? UINT64_MAX : l->due_ms;
}

static struct link_action *
add(struct link_actions *out, enum link_action_type type)
{
	assert(out->count < LINK_ACTIONS_MAX);
	out->list[out->count] = (struct link_action){.type = type};
	return &out->list[out->count++];
}

static void
tell_always(struct link *l, enum msg_link status, enum msg_reason reason,
            struct link_actions *out)
{
	struct link_action *a = add(out, LINK_DO_TELL);

	a->status = l->told = status;
	a->reason = l->told_reason = reason;
	a->was_up = l->was_up;
}

static void
tell(struct link *l, enum msg_link status, enum msg_reason reason,
     struct link_actions *out)
{
	if (l->told != status || l->told_reason != reason)
		tell_always(l, status, reason, out);
}

static void
dial(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	l->phase = LINK_DIALING;
	l->due_ms = now_ms + l->config.connect_ms;
	l->left--;
	l->address = (l->address + 1) % l->config.address_count;
	add(out, LINK_DO_DIAL)->address = l->address;
}

static void
begin_round(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	l->left = l->config.address_count;
	l->address = l->config.address_count - 1; /* the next one is the first */
	l->dialed_ms = now_ms;
	l->dialed = true;
	l->answer = MSG_REASON_NONE;
	dial(l, now_ms, out);
}

/* Begins a round now, or at `earliest`. */
static void
dial_from(struct link *l, uint64_t now_ms, uint64_t earliest, struct link_actions *out)
{
	if (now_ms >= earliest) {
		begin_round(l, now_ms, out);
	} else if (l->phase != LINK_WAITING || l->due_ms > earliest) {
		l->phase = LINK_WAITING;
		l->due_ms = earliest;
	}
}

static void
dial_soon(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	dial_from(l, now_ms, l->dialed ? l->dialed_ms + l->config.retry_min_ms : 0, out);
}

/* Something outside asks for a round: it does not wait until an older attempt has failed.
 * But who asks again and again does not make us dial in a loop either. */
static void
dial_asked(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	dial_from(l, now_ms, l->asked ? l->asked_ms + l->config.retry_min_ms : 0, out);
	if (l->phase == LINK_DIALING) {
		l->asked = true;
		l->asked_ms = now_ms;
	}
}

static void
wait_longer(struct link *l, uint64_t now_ms)
{
	uint32_t ms = l->backoff_ms;

	if (ms < l->config.retry_min_ms)
		ms = l->config.retry_min_ms;
	l->phase = LINK_WAITING;
	l->due_ms = now_ms + ms;
	l->backoff_ms = ms < l->config.retry_max_ms / 2 ? 2 * ms : l->config.retry_max_ms;
}

static void
attempt_failed(struct link *l, uint64_t now_ms, enum msg_reason reason,
               struct link_actions *out)
{
	if (msg_reason_is_answer(reason))
		l->answer = reason;
	if (l->left > 0) {
		dial(l, now_ms, out);
		return;
	}
	l->phase = LINK_IDLE;
	if (l->up)
		return; /* a nudge had asked for it: the link in use stays */
	tell(l, MSG_LINK_DOWN, l->answer != MSG_REASON_NONE ? l->answer : reason, out);
	wait_longer(l, now_ms);
}

static void
stop_dialing(struct link *l, struct link_actions *out)
{
	if (l->phase == LINK_DIALING || l->phase == LINK_NUDGED)
		add(out, LINK_DO_CANCEL);
	l->phase = LINK_IDLE;
}

static void
count_up(struct link *l, uint64_t now_ms)
{
	if (now_ms - l->ups_ms >= LINK_RESTLESS_MS) {
		l->ups = 0;
		l->ups_ms = now_ms;
	}
	if (++l->ups > LINK_UPS_MAX)
		l->restless_ms = now_ms + LINK_RESTLESS_MS;
}

bool
link_is_restless(const struct link *l, uint64_t now_ms)
{
	return now_ms < l->restless_ms;
}

static void
come_up(struct link *l, enum link_action_type use, uint64_t now_ms,
        struct link_actions *out)
{
	if (l->up)
		add(out, LINK_DO_CLOSE);
	add(out, use);
	l->phase = LINK_IDLE;
	l->up = true;
	l->up_ms = now_ms;
	count_up(l, now_ms);
	l->proved = false;
	l->mine = use == LINK_DO_USE_DIALED;
	l->was_up = true;
	tell_always(l, MSG_LINK_UP, MSG_REASON_NONE, out);
}

static void
on_dialed(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	if (l->phase != LINK_DIALING)
		return;
	if (l->config.larger) {
		come_up(l, LINK_DO_USE_DIALED, now_ms, out);
		return;
	}
	if (l->up) { /* the remote was quicker: a nudge would end its link */
		stop_dialing(l, out);
		return;
	}
	l->phase = LINK_NUDGED;
	l->due_ms = now_ms + l->config.connect_ms;
	tell(l, MSG_LINK_CONNECTING, MSG_REASON_NONE, out);
	add(out, LINK_DO_NUDGE);
}

static void
on_accepted(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	if (!l->config.larger) {
		stop_dialing(l, out);
		come_up(l, LINK_DO_USE_ACCEPTED, now_ms, out);
		return;
	}
	add(out, LINK_DO_REFUSE);
	if (l->up && now_ms - l->up_ms < LINK_SETTLE_MS)
		return;
	if (l->phase == LINK_DIALING && now_ms - l->dialed_ms >= l->config.connect_ms / 2)
		stop_dialing(l, out); /* the remote was not up when our SYN came */
	if (l->phase != LINK_IDLE && l->phase != LINK_WAITING)
		return;
	dial_asked(l, now_ms, out); /* a remote that nudges is up */
}

static void
on_closed(struct link *l, const struct link_event *ev, struct link_actions *out)
{
	if (!l->up)
		return;
	l->up = false;
	if (l->proved || ev->now_ms - l->up_ms >= LINK_SETTLE_MS) {
		l->backoff_ms = 0;
	} else if (l->mine && ev->reason == MSG_REASON_RESET && l->phase == LINK_IDLE) {
		/* A process that ends closes its links before its listener: the kernel
		 * accepted us, and nobody was there. */
		tell(l, MSG_LINK_DOWN, MSG_REASON_REFUSED, out);
		wait_longer(l, ev->now_ms);
		return;
	}
	tell(l, MSG_LINK_CONNECTING, ev->reason, out);
	if (l->phase == LINK_DIALING)
		return;
	if (link_is_restless(l, ev->now_ms))
		l->backoff_ms = l->config.retry_max_ms;
	if (l->backoff_ms > 0) { /* it keeps coming up and ending */
		wait_longer(l, ev->now_ms);
		return;
	}
	l->backoff_ms = l->config.retry_min_ms;
	dial_soon(l, ev->now_ms, out);
}

static void
on_connect(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	if (l->phase == LINK_DIALING || l->phase == LINK_NUDGED)
		return;
	if (!l->up)
		dial_soon(l, now_ms, out);
}

static void
on_disconnect(struct link *l, const struct link_event *ev, struct link_actions *out)
{
	stop_dialing(l, out);
	if (l->up)
		add(out, LINK_DO_CLOSE);
	l->up = false;
	tell(l, MSG_LINK_DOWN, ev->reason, out);
	l->backoff_ms = l->config.retry_max_ms;
	wait_longer(l, ev->now_ms);
}

/* A link that is up stays: it may be good, and its end brings us to the new address. */
static void
on_moved(struct link *l, const struct link_event *ev, struct link_actions *out)
{
	assert(ev->address_count > 0);
	l->config.address_count = ev->address_count;
	l->left = 0;
	l->address = 0;
	if (l->phase == LINK_IDLE)
		return;
	stop_dialing(l, out);
	l->backoff_ms = 0;
	dial_asked(l, ev->now_ms, out);
}

static void
on_due(struct link *l, uint64_t now_ms, struct link_actions *out)
{
	if (l->phase == LINK_IDLE || now_ms < l->due_ms)
		return;
	if (l->phase == LINK_WAITING) {
		begin_round(l, now_ms, out);
		return;
	}
	add(out, LINK_DO_CANCEL);
	attempt_failed(l, now_ms, MSG_REASON_TIMEOUT, out);
}

void
link_step(struct link *l, const struct link_event *ev, struct link_actions *out)
{
	out->count = 0;
	switch (ev->type) {
	case LINK_EV_START:
		if (l->phase == LINK_IDLE && !l->up)
			begin_round(l, ev->now_ms, out);
		break;
	case LINK_EV_DIALED:
		on_dialed(l, ev->now_ms, out);
		break;
	case LINK_EV_DIAL_FAILED:
		if (l->phase == LINK_DIALING)
			attempt_failed(l, ev->now_ms, ev->reason, out);
		break;
	case LINK_EV_DIAL_CLOSED:
		/* The larger sid answers a nudge by closing it; it dials us now. */
		if (l->phase == LINK_NUDGED && ev->reason != MSG_REASON_EOF)
			attempt_failed(l, ev->now_ms,
			               msg_reason_is_answer(ev->reason)
			                   ? ev->reason
			                   : MSG_REASON_REFUSED,
			               out);
		break;
	case LINK_EV_ACCEPTED:
		on_accepted(l, ev->now_ms, out);
		break;
	case LINK_EV_CLOSED:
		on_closed(l, ev, out);
		break;
	case LINK_EV_FRAME:
		l->proved = true;
		break;
	case LINK_EV_CONNECT:
		on_connect(l, ev->now_ms, out);
		break;
	case LINK_EV_DISCONNECT:
		on_disconnect(l, ev, out);
		break;
	case LINK_EV_MOVED:
		on_moved(l, ev, out);
		break;
	case LINK_EV_DUE:
		on_due(l, ev->now_ms, out);
		break;
	}
}
