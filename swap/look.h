/* connmgr's answer to `shadow NAME` (docs/DOORS.md) as an event of the swap's core, alike
 * for both of its shells. */
#ifndef SWAP_LOOK_H
#define SWAP_LOOK_H

#include "swap/swap.h"

#include <stddef.h>
#include <stdint.h>

#define LOOK_WORDS_MAX      512
#define LOOK_DIFFERENCE_MAX 16384

struct look {
	uint64_t said, frames_in;    /* at the look before */
	char words[LOOK_WORDS_MAX];  /* why it is sick */
	char reason[LOOK_WORDS_MAX]; /* of the last note; "": it needs none */
	char
	    difference[LOOK_DIFFERENCE_MAX]; /* the first one, as JSON; "": none so far */
};

/* `reply` NULL: no answer. `every_ms`: the time between two looks, for `words`. */
struct swap_event look_event(struct look *l, const char *reply, uint64_t every_ms);

/* A reason in words: the core's, or those that the shell has put into `words`. */
const char *look_why(const struct look *l, enum swap_why why);
/* The reason of a note, kept in `reason`: at the end of a return that with which it
 * began, though `words` may have been about its way back since. */
const char *look_reason(struct look *l, const struct swap_action *note);

/* Is it `{"ok":true…`? Else the `error`, if it has one, is put into words. */
int look_ok(const char *reply, char words[LOOK_WORDS_MAX]);

#endif
