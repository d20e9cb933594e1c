/* A core that asks for leases, or promises them, for the tests of rules R1 to R4, R6 and
 * R10. */
#ifndef TESTS_UNIT_ROLE_LEASE_KIT_H
#define TESTS_UNIT_ROLE_LEASE_KIT_H

#include "peer/role_impl.h"
#include "tests/unit/role_kit.h"
#include "wire/lease_packet.h"

#define LEASE_MS  300
#define LEASE_MAX 1000
/* what is left of it with a drift of 10 % on both sides */
#define LEASE_LEFT 240

static const unsigned char kit_boot[ROLE_BOOT_LEN] = "this boot";

static inline struct role_config
kit_lease_config(const struct members *file, int64_t sid)
{
	struct role_config c = kit_config(file, sid);

	c.lease_ms = LEASE_MS;
	c.lease_max_ms = LEASE_MAX;
	c.resume_ms = 150;
	c.drift_percent = 10;
	return c;
}

/* START, in this boot. bound: what was promised in it, on the disk. */
static inline struct role_event
kit_lease_start(const struct kit *kit, int64_t epoch, uint32_t bound)
{
	struct role_event ev = {.type = ROLE_EV_START,
	                        .generation = 7,
	                        .record = kit_record(kit, epoch, epoch, 0)};

	memcpy(ev.boot, kit_boot, sizeof(ev.boot));
	ev.record.bound.ms = bound;
	if (bound > 0)
		memcpy(ev.record.bound.boot, kit_boot, sizeof(kit_boot));
	return ev;
}

/* What a PING says of leases; flags 0: it has no data. */
static inline struct lease_packet
kit_said(const struct role_packet *p)
{
	struct qpacket q = {.type = p->type, .data = p->data, .data_len = p->data_len};
	struct lease_packet said = {0};

	assert_int_equal(p->type, QPACKET_PING);
	assert_int_equal(lease_packet_get(&q, &said), p->data_len > 0);
	return said;
}

/* A PING comes. flags 0: without data. */
static inline void
kit_ping(struct kit *kit, int64_t sid, int64_t zxid, uint8_t flags, uint32_t ms)
{
	const struct lease_packet said = {flags, ms, 0};
	unsigned char data[LEASE_PACKET_LEN] = {0};
	size_t len = flags ? lease_packet_put(&said, data, sizeof(data)) : 0;

	kit_raw(kit, sid, QPACKET_PING, zxid, data, len);
}

/* The place of the first action of `type`; -1: there is none. */
static inline int
kit_place(const struct kit *kit, enum role_action_type type)
{
	for (unsigned i = 0; i < kit->todo.count; i++)
		if (kit->todo.list[i].type == type)
			return (int)i;
	return -1;
}

static inline struct role_lease_view
kit_lease(const struct kit *kit)
{
	struct role_lease_view v;

	role_get_lease(kit->role, kit->now_ms, &v);
	return v;
}

#endif
