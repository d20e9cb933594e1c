/* The data of those packets of the learner lane that are not ZooKeeper's: what a leader
 * and a server tell each other of memberships (N1, N5, N14 of docs/MEMBERSHIP.md; the
 * bytes: docs/PROTOCOL.md). */
#ifndef WIRE_MEMBERS_PACKET_H
#define WIRE_MEMBERS_PACKET_H

#include "wire/members.h"
#include "wire/qpacket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* as conclave.conf(5) has them */
#define MEMBERS_TICK_MAX  60000
#define MEMBERS_LIMIT_MAX 10000

/* What LEADERINFO carries: the protocol, and the times that the leader goes by (N14). */
struct qpacket_leaderinfo {
	int32_t protocol;
	/* 1 to MEMBERS_TICK_MAX */
	uint32_t tick_ms;
	/* in ticks, 1 to MEMBERS_LIMIT_MAX */
	uint32_t init_limit;
	uint32_t sync_limit;
};

/* What ACKEPOCH carries beside the answer: who the sender is, and what it has. */
struct members_report {
	struct members_instance instance;
	/* N3, N11: it has no record, and a group may be founded with it. */
	bool may_found;
	/* of its configuration file: the version, 1 to MEMBERS_VERSION_MAX, and what
	 * members_digest makes of it */
	int64_t version;
	uint64_t digest;
	struct members_record record;
};

/* A put returns the length, 0: no room. A get returns QPACKET_OK; or QPACKET_DATA where
 * the data is shorter or longer than what it says, or says what cannot be: nothing is
 * changed then, but `learned` may have got some addresses. `h`, `learned` and `scratch`
 * are those of members_put and members_get. */

/* A protocol below QPACKET_PROTOCOL comes alone, and the times are 0 then. */
size_t members_put_leaderinfo(const struct qpacket_leaderinfo *in, void *out, size_t cap);
enum qpacket_result members_get_leaderinfo(const struct qpacket *in,
                                           struct qpacket_leaderinfo *out);

size_t members_put_report(const struct qpacket_ackepoch *head,
                          const struct members_report *in, const struct members_hints *h,
                          void *out, size_t cap, struct qconfig *scratch);
enum qpacket_result members_get_report(const struct qpacket *in,
                                       struct qpacket_ackepoch *head,
                                       struct members_report *out,
                                       struct members_hints *learned,
                                       struct qconfig *scratch);

/* NEWLEADER: old and new of a record, whose epoch is that of the packet. */
size_t members_put_pair(const struct members_record *in, const struct members_hints *h,
                        void *out, size_t cap, struct qconfig *scratch);
enum qpacket_result members_get_pair(const struct qpacket *in, struct members_record *out,
                                     struct members_hints *learned,
                                     struct qconfig *scratch);

#endif
