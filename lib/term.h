/* What this program may believe of its lease. Readers take no lock and make no system
 * call; who changes the hold has the lock of the handle.
 *
 * Only ends count that the incarnation of the peer published with which we hold, and at
 * most up to the last end that was read (docs/LEASE.md, R11). So when the peer dies the
 * last end that was read goes on to count, until that time; the next peer does not
 * release before it. */
#ifndef LIB_TERM_H
#define LIB_TERM_H

#include "base/page.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct term_shared;

struct term {
	/* Zeros in a child of fork, which has no hold. */
	struct term_shared *shared;
	/* The place of the page in memory: zeros before the first hold. */
	const struct page *page;
	/* Which file it is. It is mapped, so its number is given to no other one. */
	dev_t device;
	ino_t number;
	/* of this process */
	struct boot boot;
};

struct term_lease {
	int64_t epoch;
	/* 0: there is none */
	uint64_t end_ns;
};

/* 0 or -errno. */
int term_open(struct term *t);
void term_close(struct term *t);
/* False: this is a child of the process that called term_open. */
bool term_is_ours(const struct term *t);

/* What may be believed now; its end may have passed. */
void term_read(const struct term *t, struct term_lease *out);

/* Of the peer with which we hold; 0: we hold with none now. */
uint64_t term_incarnation(const struct term *t);

/* Takes the page `fd` of the peer of this incarnation, with which we hold from now on;
 * what was believed counts until its end. 0; -EXDEV: the page's time is not ours; or
 * -errno: we do not hold. */
int term_hold(struct term *t, int fd, uint64_t incarnation);
/* The same with a page that says itself of which incarnation it is, and stays so. */
int term_inherit(struct term *t, int fd);
/* The hold has ended without a word: what was read counts until its end. */
void term_lost(struct term *t);
/* The hold is let go: nothing counts. */
void term_none(struct term *t);

#endif
