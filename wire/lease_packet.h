/* The data of a PING that speaks of leases: 14 bytes (docs/PROTOCOL.md). */
#ifndef WIRE_LEASE_PACKET_H
#define WIRE_LEASE_PACKET_H

#include "wire/qpacket.h"

#define LEASE_PACKET_LEN 14

enum lease_flag {
	LEASE_WANT = 1,
	LEASE_RELEASE = 2,
	LEASE_TRANSFER = 4,
	LEASE_PROMISED = 8,
	LEASE_WITHHELD = 16,
};

struct lease_packet {
	uint8_t flags;
	uint32_t ms;
	int64_t sid;
};

/* Returns the length, 0: `cap` is too small. */
size_t lease_packet_put(const struct lease_packet *p, unsigned char *out, size_t cap);
/* False: its data are none of these. */
bool lease_packet_get(const struct qpacket *packet, struct lease_packet *out);

#endif
