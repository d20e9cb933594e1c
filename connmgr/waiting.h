/* A connection of a learner that came while no peer was there to be told of it: nothing
 * more is read from it until one is (rule R8 of docs/LEASE.md). All 0 but for the stream,
 * which is STREAM_NONE: there is none. */
#ifndef CONNMGR_WAITING_H
#define CONNMGR_WAITING_H

#include "connmgr/stream.h"

#include <stddef.h>
#include <stdint.h>

struct waiting {
	struct stream stream;
	/* what came behind the initial message; ours */
	unsigned char *early;
	size_t early_len;
	/* then nobody takes it any more */
	uint64_t due_ms;
};

#define WAITING_NONE ((struct waiting){.stream = STREAM_NONE})

/* Takes the connection, in the place of the one before. Without memory it closes it. */
void waiting_put(struct waiting *w, struct stream *s, const unsigned char *early,
                 size_t early_len, uint64_t due_ms);
bool waiting_has(const struct waiting *w);
void waiting_close(struct waiting *w);

#endif
