/* See packet.h. */
#include "peer/packet.h"

/* Large, and its content means nothing. */
static struct qconfig scratch;

bool
packet_decode(const void *data, size_t len, struct packet_in *in,
              struct members_hints *learned, struct role_event *ev, const char **why)
{
	enum qpacket_result r = qpacket_decode(data, len, &in->packet);

	if (r == QPACKET_OK && in->packet.type == QPACKET_ACKEPOCH) {
		r = members_get_report(&in->packet, &ev->answer, &in->report, learned,
		                       &scratch);
		ev->report = &in->report;
	} else if (r == QPACKET_OK && in->packet.type == QPACKET_NEWLEADER) {
		r = members_get_pair(&in->packet, &in->pair, learned, &scratch);
		ev->pair = &in->pair;
	}
	ev->type = r == QPACKET_OK ? ROLE_EV_PACKET : ROLE_EV_BAD_PACKET;
	ev->packet = r == QPACKET_OK ? &in->packet : NULL;
	*why = qpacket_result_name(r);
	return r == QPACKET_OK;
}

size_t
packet_encode(const struct role_packet *p, const struct members_hints *hints,
              unsigned char out[PACKET_MAX])
{
	static unsigned char data[QPACKET_MAX];
	struct qpacket packet = {.type = p->type, .zxid = p->zxid};

	if (p->report) {
		packet.data = data;
		packet.data_len = members_put_report(&p->answer, p->report, hints, data,
		                                     sizeof(data), &scratch);
	} else if (p->pair) {
		packet.data = data;
		packet.data_len =
		    members_put_pair(p->pair, hints, data, sizeof(data), &scratch);
	} else if (p->data_len > 0) {
		packet.data = p->data;
		packet.data_len = p->data_len;
	}
	if (packet.data && packet.data_len == 0)
		return 0;
	return qpacket_encode(&packet, out, PACKET_MAX);
}
