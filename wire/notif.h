/* A notification: the one message of the election, without the 4-byte frame length.
 * Source: FastLeaderElection.WorkerReceiver and buildMsg of ZooKeeper 3.8.0;
 * election-semantics section 6, election-protocol "Notification". */
#ifndef WIRE_NOTIF_H
#define WIRE_NOTIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIF_HEAD 44 /* version 2, before the configuration text */

enum notif_state {
	NOTIF_LOOKING,
	NOTIF_FOLLOWING,
	NOTIF_LEADING,
	NOTIF_OBSERVING,
};

struct notif {
	int32_t state; /* enum notif_state, or any other number: the receiver judges */
	int64_t leader;
	int64_t zxid;
	int64_t round; /* electionEpoch */
	int64_t epoch; /* peerEpoch */
	int32_t version;
	bool has_config;    /* version ≥ 2: a text came along, perhaps an empty one */
	const char *config; /* borrowed from the decoded bytes; not NUL-terminated */
	size_t config_len;
};

enum notif_result {
	NOTIF_OK,
	NOTIF_SHORT,         /* under 28 bytes */
	NOTIF_PARTIAL,       /* 29 … 39 bytes, or version ≥ 2 in under 44 */
	NOTIF_CONFIG_LENGTH, /* negative, or more than there is */
};

/* `out` is untouched unless the result is NOTIF_OK. */
enum notif_result notif_decode(const void *data, size_t len, struct notif *out);

/* Writes version 2 with `in->config` (must not be empty: ZooKeeper would read a
 * configuration without servers). Returns the length, 0 if it does not fit. */
size_t notif_encode(const struct notif *in, void *out, size_t cap);

const char *notif_result_name(enum notif_result r);
const char *notif_state_name(int32_t state); /* "LOOKING" …, "?" for no state */

#endif
