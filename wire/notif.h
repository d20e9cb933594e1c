/* A notification: the one message of the election, without the 4-byte frame length.
 * Source: WorkerReceiver and buildMsg of FastLeaderElection, ZooKeeper 3.8.0;
 * docs/ELECTION.md, "Receiving". A vote for a leader with a priority has this behind the
 * configuration text, as one i64: what reads no further than the text passes over it. */
#ifndef WIRE_NOTIF_H
#define WIRE_NOTIF_H

#include "wire/vote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTIF_HEAD 44 /* version 2, before the configuration text */
#define NOTIF_TAIL 8  /* behind it, where there is a priority */

enum notif_state {
	NOTIF_LOOKING,
	NOTIF_FOLLOWING,
	NOTIF_LEADING,
	NOTIF_OBSERVING,
};

struct notif {
	/* its state is enum notif_state or any other number: the receiver judges */
	struct vote vote;
	/* version 2 and above: a text came along, perhaps an empty one */
	bool has_config;
	/* borrowed from the decoded bytes; not NUL-terminated */
	const char *config;
	size_t config_len;
};

enum notif_result {
	NOTIF_OK,
	/* under 28 bytes */
	NOTIF_SHORT,
	/* 29 … 39 bytes, or version 2 and above in under 44 */
	NOTIF_PARTIAL,
	/* negative, or more than there is */
	NOTIF_CONFIG_LENGTH,
};

/* `out` is untouched unless the result is NOTIF_OK. */
enum notif_result notif_decode(const void *data, size_t len, struct notif *out);

/* Writes version 2 with `in->config`, which must not be empty: ZooKeeper would read a
 * configuration without servers. Returns the length, 0 if it does not fit. */
size_t notif_encode(const struct notif *in, void *out, size_t cap);

const char *notif_result_name(enum notif_result r);
const char *notif_state_name(int32_t state); /* "LOOKING" …, "?" for no state */
const char *notif_state_word(int32_t state); /* "looking" …, "unknown" */

#endif
