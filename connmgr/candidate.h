/* The elector that is to be promoted, while it is a shadow: what it says is held against
 * what the active one says (shadow.h), and goes no further. */
#ifndef CONNMGR_CANDIDATE_H
#define CONNMGR_CANDIDATE_H

#include "base/buf.h"
#include "connmgr/shadow.h"
#include "ipc/msg.h"

struct candidate {
	struct shadow *shadow;
	int worker;   /* its place; -1: there is none */
	bool looking; /* the peer's last word is a look, or there is none */
};

int candidate_init(struct candidate *c); /* 0 or -ENOMEM */
void candidate_deinit(struct candidate *c);

/* This shadow has had the replay: it is the candidate now. */
void candidate_begin(struct candidate *c, unsigned worker, uint64_t now_ms);
/* The link of this worker has ended. */
void candidate_end(struct candidate *c, unsigned worker);
/* This elector becomes active, so it says everything anew. */
void candidate_activated(struct candidate *c, unsigned worker, uint64_t now_ms);
/* The peer looks, or has a role. */
void candidate_word(struct candidate *c, bool looking, uint64_t now_ms);
/* There is a candidate, and an elector said this. True: the candidate did, and the
 * message goes no further. */
bool candidate_hear(struct candidate *c, unsigned worker, bool active,
                    const struct msg *m, uint64_t now_ms);
/* Prints the comparison, as members of an object of JSON that has some already. */
void candidate_print(const struct candidate *c, struct buf_out *out, uint64_t now_ms);

#endif
