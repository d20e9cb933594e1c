/* Reads connmgr's answers (docs/DOORS.md) during a swap: the one to `shadow NAME` becomes
 * an event of the swap's core. Keeps the words for the reasons. */
#ifndef SWAP_LOOK_H
#define SWAP_LOOK_H

#include "swap/swap.h"

#include <stddef.h>
#include <stdint.h>

#define LOOK_WORDS_MAX      512
#define LOOK_DIFFERENCE_MAX 16384

struct look {
	/* counters of the last look */
	uint64_t said, frames_in;
	/* why something failed, for those reasons that need words of the shell */
	char words[LOOK_WORDS_MAX];
	/* of the last note; "": it needs none */
	char reason[LOOK_WORDS_MAX];
	/* the first one of this swap, as JSON; "": none */
	char difference[LOOK_DIFFERENCE_MAX];
};

/* `reply` NULL: no answer. `every_ms`: the time between two looks, for `words`. */
struct swap_event look_event(struct look *l, const char *reply, uint64_t every_ms);

/* A reason in words: the core's, or `words`. */
const char *look_why(const struct look *l, enum swap_why why);
/* The reason of a note, kept in `reason`. The note that the old program is back has the
 * reason for which it was called back, whatever `words` say by then. */
const char *look_reason(struct look *l, const struct swap_action *note);

/* True if the answer is `{"ok":true…`. If it has an `error`, this is put into `words`. */
int look_ok(const char *reply, char words[LOOK_WORDS_MAX]);

#endif
