/* Leases: rules R1 to R4, R6 and R10 of docs/LEASE.md. */
#include "peer/role_impl.h"

#include <errno.h>
#include <string.h>

void
role_lease_event(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->type == ROLE_EV_CLOCK) {
		r->lease.clocks_differ = !ev->open;
	} else if (ev->type == ROLE_EV_CONFIRM) {
		role_act(out, ROLE_ACT_CONFIRMED)->u.confirmed.number = ev->number;
	} else {
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
