/* A follower that promises leases, for the tests of rules R2, R4 and R6, and what its
 * leader asks. */
#ifndef TESTS_UNIT_ROLE_LEASE_FOLLOWER_H
#define TESTS_UNIT_ROLE_LEASE_FOLLOWER_H

#include "tests/unit/role_follower.h"
#include "tests/unit/role_lease_kit.h"

static struct role_config config;

/* What START says beside the record. */
static struct role_event start;

#define E5 (INT64_C(5) << 32)

/* Follows 3, with epochs 4; as voter 1 of three, or as the observer. */
static inline void
decides(bool observer)
{
	kit_members(&k.members, 3, 1);
	config.file = &k.members;
	config.sid = observer ? 4 : 1;
	kit_new(&k, config);
	start.now_ms = k.now_ms;
	start.record = kit_record(&k, 4, 4, 0);
	start.record.bound.ms = LEASE_MAX;
	memcpy(start.record.bound.boot, kit_boot, sizeof(kit_boot));
	kit_step(&k, start);
	kit_decided(&k, observer ? NOTIF_OBSERVING : NOTIF_FOLLOWING, 3);
}

static inline int
set_up_promise(void **state)
{
	(void)state;
	config = kit_lease_config(NULL, 1);
	k = (struct kit){0};
	start = (struct role_event){.type = ROLE_EV_START, .generation = 7};
	memcpy(start.boot, kit_boot, sizeof(kit_boot));
	return 0;
}

static inline void
follows(void)
{
	decides(false);
	follow(5);
}

/* This server has promised to help nobody but `sid` for so long. */
static inline void
promised(int64_t sid, uint64_t ms)
{
	start.memory.promise = (struct role_promise){sid, 4, 1000 + ms};
}

static inline void
wants(int64_t zxid, uint32_t ms)
{
	kit_ping(&k, 3, zxid, LEASE_WANT, ms);
}

static inline struct lease_packet
answered(void)
{
	assert_non_null(kit_sent(&k, 3, QPACKET_PING));
	return kit_said(kit_sent(&k, 3, QPACKET_PING));
}

static inline const struct role_promise *
slot(void)
{
	return &k.role->lease.memory.promise;
}

#define PROMISE(f) cmocka_unit_test_setup_teardown(f, set_up_promise, tear_down)

#endif
