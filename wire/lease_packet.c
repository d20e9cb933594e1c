/* See lease_packet.h. */
#include "wire/lease_packet.h"

#include "base/buf.h"

#define VERSION 1

size_t
lease_packet_put(const struct lease_packet *p, unsigned char *out, size_t cap)
{
	struct buf_out b;

	buf_out_init(&b, out, cap);
	buf_put_u8(&b, VERSION);
	buf_put_u8(&b, p->flags);
	buf_put_u32(&b, p->ms);
	buf_put_i64(&b, p->sid);
	return b.bad ? 0 : b.len;
}

bool
lease_packet_get(const struct qpacket *packet, struct lease_packet *out)
{
	struct lease_packet read;
	struct buf_in b;
	uint8_t version;

	buf_in_init(&b, packet->data, packet->data_len);
	version = buf_get_u8(&b);
	read.flags = buf_get_u8(&b);
	read.ms = buf_get_u32(&b);
	read.sid = buf_get_i64(&b);
	if (packet->type != QPACKET_PING || version != VERSION || b.bad ||
	    buf_left(&b) > 0)
		return false;
	*out = read;
	return true;
}
