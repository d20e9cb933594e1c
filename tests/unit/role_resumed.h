/* A leader that is patient, or takes up a term again, for the tests of R7 and R8. */
#ifndef TESTS_UNIT_ROLE_RESUMED_H
#define TESTS_UNIT_ROLE_RESUMED_H

#include "peer/role_impl.h"
#include "tests/unit/role_leader.h"

#define RESUME 150

static inline void
make(unsigned voters)
{
	struct role_config config;

	kit_members(&k.members, voters, 0);
	config = kit_config(&k.members, 1);
	config.resume_ms = RESUME;
	kit_new(&k, config);
}

static inline void
looks(int64_t sid)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_DOUBT,
	                                 .serial = {k.role->generation, k.role_count},
	                                 .sid = sid});
}

static inline bool
leads(void)
{
	return kit_view(&k).active && kit_view(&k).epoch == 5;
}

/* What a learner of epoch 5 says on a new link. */
static inline void
rejoins(int64_t sid)
{
	joins(sid, 5);
	assert_int_equal(offered(sid), 5);
	ackepoch(sid, -1);
	assert_non_null(kit_sent(&k, sid, QPACKET_NEWLEADER));
	ack(sid, 5);
}

#endif
