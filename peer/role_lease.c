/* Leases: rules R1 to R4, R6 and R10 of docs/LEASE.md. */
#include "peer/role_impl.h"

#include <errno.h>
#include <string.h>

static void
store(const struct role *r, struct role_actions *out)
{
	role_act(out, ROLE_ACT_MEMORY)->u.memory = r->lease.memory;
}

void
role_lease_start(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	l->memory = ev->memory;
	memcpy(l->boot, ev->boot, sizeof(l->boot));
	l->broken = l->memory.published_ms > out->now_ms; /* R5 (2) */
}

void
role_lease_led(struct role *r, struct role_actions *out)
{
	r->lease.memory.led.epoch = r->lead.epoch;
	r->lease.memory.led.vote = r->vote;
	store(r, out);
}

void
role_lease_ended(struct role *r, struct role_actions *out)
{
	if (r->lease.memory.led.epoch == 0)
		return;
	memset(&r->lease.memory.led, 0, sizeof(r->lease.memory.led));
	store(r, out);
}

void
role_lease_end(struct role *r, struct role_actions *out)
{
	struct role_lease *l = &r->lease;

	l->end_ms = 0;
	memset(&l->page, 0, sizeof(l->page));
	role_act(out, ROLE_ACT_PAGE)->u.page = l->page;
	memset(&l->memory.led, 0, sizeof(l->memory.led));
	if (l->memory.promise.sid == r->config.sid)
		memset(&l->memory.promise, 0, sizeof(l->memory.promise));
	store(r, out);
}

void
role_lease_released(struct role *r, int64_t sid, int64_t epoch, struct role_actions *out)
{
	struct role_promise *p = &r->lease.memory.promise;

	if (p->sid != sid || p->epoch > epoch || p->end_ms == 0)
		return;
	memset(p, 0, sizeof(*p));
	store(r, out);
}

void
role_lease_event(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->type == ROLE_EV_CLOCK) {
		r->lease.clocks_differ = !ev->open;
	} else if (ev->type == ROLE_EV_CONFIRM) {
		role_act(out, ROLE_ACT_CONFIRMED)->u.confirmed.number = ev->number;
	} else {
		if (out->now_ms >= r->lease.memory.published_ms)
			r->lease.broken = false;
		r->lease.holds = ev->holds;
		r->lease.broken |= ev->broken;
	}
}

void
role_get_lease(const struct role *r, uint64_t now_ms, struct role_lease_view *out)
{
	(void)now_ms;
	memset(out, 0, sizeof(*out));
	out->promise = r->lease.memory.promise;
	out->end_ms = r->lease.end_ms;
	out->releasing = r->handover.releasing;
	out->stands_ms = r->handover.stands_ms;
	out->clocks_differ = r->lease.clocks_differ;
}
