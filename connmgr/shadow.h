/* Compares what a shadow elector would send with what the active one sends, byte by byte:
 * to each remote, and their decisions (docs/DESIGN.md, "Swapping the elector").
 *
 * Both electors get the same messages in the same order, so both say the same in the same
 * order; only their timers differ. Hence a message that is repeated to the same remote
 * counts once, and nothing is compared while the peer looks in an election that began
 * before the shadow was synced. The first difference is kept. A message that only one of
 * them has sent for SHADOW_LATE_MS is a difference too. */
#ifndef CONNMGR_SHADOW_H
#define CONNMGR_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHADOW_LATE_MS     1000
#define SHADOW_SETTLE_MS   100 /* after synced: answers to older frames may still come */
#define SHADOW_REMOTES_MAX 96  /* configured remotes and strangers; others are ignored */
#define SHADOW_WAITS_MAX   64 /* messages of one elector only; one more is a difference */
#define SHADOW_HEAD_MAX    2048

/* Decisions are compared as if they were sent to this remote. */
#define SHADOW_DECIDED INT64_MIN

enum shadow_side { SHADOW_ACTIVE, SHADOW_CANDIDATE };

struct shadow_said {
	bool there; /* false: that side sent nothing */
	size_t len;
	uint64_t digest; /* of all its bytes */
	size_t head_len;
	unsigned char head[SHADOW_HEAD_MAX]; /* its first bytes, for people */
};

struct shadow_report {
	bool on;           /* false: does not compare yet, or there is no candidate */
	uint64_t compared; /* equal pairs so far */
	bool found;        /* a difference: the members below */
	int64_t sid;
	struct shadow_said sides[2];
};

struct shadow;

struct shadow *shadow_new(void); /* NULL: no memory */
void shadow_free(struct shadow *s);

/* A candidate is synced: compares from here. `looking`: the peer's last word is that. */
void shadow_begin(struct shadow *s, uint64_t now_ms, bool looking);
void shadow_end(struct shadow *s); /* there is no candidate any more */
/* The peer looks or has a role; both electors are told so. */
void shadow_word(struct shadow *s, uint64_t now_ms, bool looking);
void shadow_hear(struct shadow *s, uint64_t now_ms, enum shadow_side side, int64_t sid,
                 const void *data, size_t len);
/* Finds a message that one elector did not send in time. Call it before you ask. */
void shadow_age(struct shadow *s, uint64_t now_ms);

/* Borrowed, and up to date, until shadow_free. */
const struct shadow_report *shadow_report(const struct shadow *s);

#endif
