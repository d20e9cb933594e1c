/* Handing leadership over: rules R5 and R9 of docs/LEASE.md. */
#include "peer/role_impl.h"

#include <errno.h>

void
role_handover_event(struct role *r, const struct role_event *ev, struct role_actions *out)
{
	if (ev->type != ROLE_EV_STEP_DOWN) {
		role_lease_event(r, ev, out);
		role_handover_advance(r, out);
		return;
	}
	role_act(out, ROLE_ACT_STEPPED)->u.error = -EAGAIN;
}

void
role_handover_advance(struct role *r, struct role_actions *out)
{
	(void)r;
	(void)out;
}
