/* A leader that asks for leases, for the tests of rules R1 to R3 and R6, and what its
 * learners answer. */
#ifndef TESTS_UNIT_ROLE_LEASE_LEADER_H
#define TESTS_UNIT_ROLE_LEASE_LEADER_H

#include "tests/unit/role_leader.h"
#include "tests/unit/role_lease_kit.h"

static struct role_config config;

/* Looks, with epochs 4; so much was promised in this boot. */
static inline void
starts(unsigned voters, uint32_t bound)
{
	kit_members(&k.members, voters, 1);
	config.file = &k.members;
	kit_new(&k, config);
	kit_step(&k, kit_lease_start(&k, 4, bound));
}

static inline int
set_up_lease(void **state)
{
	(void)state;
	config = kit_lease_config(NULL, 1);
	return 0;
}

/* Leads epoch 5 of three, or of five voters; 2 (and 3) follow, and answered all PINGs. */
static inline void
leads(unsigned voters)
{
	starts(voters, config.lease_ms);
	joins(2, 4);
	if (voters == 5)
		joins(3, 4);
	lead();
	kit_written(&k, 0);
	ackepoch(2, 4);
	if (voters == 5)
		ackepoch(3, 4);
	ack(2, 5);
	if (voters == 5)
		ack(3, 5);
	kit_written(&k, 0);
	assert_true(kit_view(&k).active);
	k.now_ms += 7; /* no PING is due */
}

static inline void
holds(unsigned count)
{
	kit_step(&k, (struct role_event){.type = ROLE_EV_HOLDS, .holds = count});
}

/* The PING that the last step sent; NULL: none. */
static inline const struct role_packet *
pinged(int64_t sid)
{
	return kit_sent(&k, sid, QPACKET_PING);
}

static inline int64_t
asked(int64_t sid)
{
	assert_non_null(pinged(sid));
	assert_int_equal(kit_said(pinged(sid)).flags, LEASE_WANT);
	return pinged(sid)->zxid;
}

static inline void
promises(int64_t sid, int64_t zxid, uint32_t ms)
{
	kit_ping(&k, sid, zxid, LEASE_PROMISED, ms);
}

static inline uint64_t
page_end(void)
{
	const struct role_action *a = kit_find(&k, ROLE_ACT_PAGE);

	return a ? a->u.page.end_ms : 0;
}

#define LEASE(f) cmocka_unit_test_setup_teardown(f, set_up_lease, tear_down)

#endif
