/* The packets of the learner lane on their way between the core and connmgr: the core's
 * members in a packet become bytes, with the addresses as hints, and the reverse. */
#ifndef PEER_PACKET_H
#define PEER_PACKET_H

#include "peer/role.h"

#include <stdbool.h>
#include <stddef.h>

#define PACKET_MAX MSG_FRAME_MAX

/* What an event of the core borrows; large. */
struct packet_in {
	struct qpacket packet;
	struct members_report report;
	struct members_record pair;
};

/* Fills `in` and the event: PACKET, or BAD_PACKET where the bytes are no packet (false;
 * `why` says why then). Addresses that come with it are learned. */
bool packet_decode(const void *data, size_t len, struct packet_in *in,
                   struct members_hints *learned, struct role_event *ev,
                   const char **why);
/* Returns the length. 0: there is no room. */
size_t packet_encode(const struct role_packet *p, const struct members_hints *hints,
                     unsigned char out[PACKET_MAX]);

#endif
