/* Any bytes are a QuorumPacket or refused; what is accepted without authentication
 * encodes to the same bytes. */
#include "wire/lease_packet.h"
#include "wire/qpacket.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_learner(const struct qpacket *p)
{
	struct qpacket_learner learner;
	uint8_t bytes[20];

	if (qpacket_get_learner(p, &learner) != QPACKET_OK)
		return;
	if (qpacket_put_learner(&learner, bytes, sizeof(bytes)) != 20 ||
	    memcmp(bytes, p->data, p->data_len) != 0)
		abort();
}

static void
check_lease(const struct qpacket *p)
{
	struct lease_packet lease;
	uint8_t bytes[LEASE_PACKET_LEN];

	if (lease_packet_get(p, &lease) &&
	    (lease_packet_put(&lease, bytes, sizeof(bytes)) != p->data_len ||
	     memcmp(bytes, p->data, p->data_len) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[QPACKET_MAX + 64];
	struct qpacket p;

	if (qpacket_decode(data, size, &p) != QPACKET_OK)
		return 0;
	if (p.data && (p.data < data || p.data + p.data_len > data + size))
		abort();
	if (p.type < 1 || p.type > 19)
		abort();
	check_learner(&p);
	check_lease(&p);
	if (p.auth_count == -1 && p.data_len <= QPACKET_MAX &&
	    (qpacket_encode(&p, bytes, sizeof(bytes)) != size ||
	     memcmp(bytes, data, size) != 0))
		abort();
	return 0;
}
