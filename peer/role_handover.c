/* Handing leadership over: rules R5 and R9 of docs/LEASE.md. */
#include "peer/role_impl.h"

#include <errno.h>

void
role_handover_step_down(struct role *r, const struct role_event *ev,
                        struct role_actions *out)
{
	(void)r;
	(void)ev;
	role_act(out, ROLE_ACT_STEPPED)->u.error = -EAGAIN;
}

void
role_handover_advance(struct role *r, struct role_actions *out)
{
	(void)r;
	(void)out;
}
