/* QuorumPacket: the record of the learner lane, one in each frame, in ZooKeeper's jute
 * encoding: type i32, zxid i64, data buffer (i32 length, -1 for none), authinfo vector
 * (i32 count, -1 for none; scheme and id strings). Source: zookeeper.jute, Learner and
 * LearnerHandler of 3.8.0. The epoch of a packet is its zxid >> 32. */
#ifndef WIRE_QPACKET_H
#define WIRE_QPACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Leader.java's numbers; a packet of another type does not decode. */
enum qpacket_type {
	QPACKET_REQUEST = 1,
	QPACKET_PROPOSAL = 2,
	QPACKET_ACK = 3,
	QPACKET_COMMIT = 4,
	QPACKET_PING = 5,
	QPACKET_REVALIDATE = 6,
	QPACKET_SYNC = 7,
	QPACKET_INFORM = 8,
	QPACKET_COMMITANDACTIVATE = 9,
	QPACKET_NEWLEADER = 10,
	QPACKET_FOLLOWERINFO = 11,
	QPACKET_UPTODATE = 12,
	QPACKET_DIFF = 13,
	QPACKET_TRUNC = 14,
	QPACKET_SNAP = 15,
	QPACKET_OBSERVERINFO = 16,
	QPACKET_LEADERINFO = 17,
	QPACKET_ACKEPOCH = 18,
	QPACKET_INFORMANDACTIVATE = 19,
};

/* The protocol version of FOLLOWERINFO and LEADERINFO. Ours is ZooKeeper's (0x10000)
 * with other data in LEADERINFO, ACKEPOCH and NEWLEADER (wire/members_packet.h); we
 * refuse a smaller one. */
#define QPACKET_PROTOCOL 0x10001
#define QPACKET_MAX      60000 /* bytes of data */

struct qpacket {
	int32_t type;
	int64_t zxid;
	/* borrowed; NULL: none */
	const unsigned char *data;
	size_t data_len;
	/* -1: none; the entries are checked and skipped */
	int32_t auth_count;
};

/* What FOLLOWERINFO and OBSERVERINFO carry as data (LearnerInfo). */
struct qpacket_learner {
	int64_t sid;
	int32_t protocol;
	int64_t config_version;
};

/* What the data of ACKEPOCH begins with; wire/members_packet.h has the rest. */
struct qpacket_ackepoch {
	int32_t current; /* the sender's current epoch; -1: this is no promise */
	int32_t epoch;   /* of the LEADERINFO that is answered */
};

/* What each means is the text that qpacket_result_name returns. */
enum qpacket_result {
	QPACKET_OK,
	QPACKET_SHORT,
	QPACKET_LONG,
	QPACKET_LENGTH,
	QPACKET_TYPE,
	QPACKET_DATA,
};

enum qpacket_result qpacket_decode(const void *data, size_t len, struct qpacket *out);
size_t qpacket_encode(const struct qpacket *in, void *out, size_t cap); /* 0: no room */

/* The data of FOLLOWERINFO, OBSERVERINFO: 20 bytes, or the 12 of servers before 3.5. */
enum qpacket_result qpacket_get_learner(const struct qpacket *in,
                                        struct qpacket_learner *out);
size_t qpacket_put_learner(const struct qpacket_learner *in, void *out, size_t cap);

const char *qpacket_result_name(enum qpacket_result r);

#endif
