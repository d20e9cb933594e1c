/* Memberships: who the members of a group are, in which version, and how they count
 * (docs/MEMBERSHIP.md). A membership names no addresses: those are hints, which are kept
 * beside it and never compared. All of it is plain data without pointers; what is not
 * used is zero. */
#ifndef WIRE_MEMBERS_H
#define WIRE_MEMBERS_H

#include "base/buf.h"
#include "wire/quorum.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef MEMBERS_MAX
#define MEMBERS_MAX 32
#endif
#define MEMBERS_SID_MAX      ((int64_t)1 << 62)
#define MEMBERS_PRIORITY_MAX 1000000
#define MEMBERS_VERSION_MAX  INT32_MAX
#define MEMBERS_HINT_MAX     704               /* with the final NUL */
#define MEMBERS_HINTS_MAX    (3 * MEMBERS_MAX) /* of a file, an old and a new membership */

/* Random bytes that are made with a data_dir; all zero: none. */
struct members_instance {
	unsigned char bytes[16];
};

struct member {
	int64_t sid;
	/* Of a voter: 0 or more, and 1 where the membership has no groups; of an
	 * observer: 0.
	 */
	int64_t weight;
	/* 0 or more; 0 without one */
	int64_t group;
	/* 0 to MEMBERS_PRIORITY_MAX; of an observer: 0. Of two servers that are as fresh,
	 * the one with the larger is elected. */
	int64_t priority;
	/* none: of an observer, and in what a configuration file says */
	struct members_instance instance;
	bool observer;
	bool has_group;
};

struct members {
	/* 1 to MEMBERS_VERSION_MAX; 0: there is no membership, and all of it is zero */
	int64_t version;
	unsigned count;
	/* Each voter has a group. */
	bool hierarchical;
	/* by ascending sid */
	struct member list[MEMBERS_MAX];
};

/* N1: what a server keeps of the memberships of its group. One that has an old is joint.
 */
struct members_record {
	/* in which it was adopted; 0: there is no record, and all of it is zero */
	int64_t epoch;
	/* version 0: none */
	struct members old;
	struct members new;
};

/* Who answers: a voter is a server with its disk, not a number. */
struct members_id {
	int64_t sid;
	struct members_instance instance;
};

/* The membership that a configuration's text describes, without instances; a text without
 * a version, or with 0, has 1. False where no membership is like this: more than
 * MEMBERS_MAX servers, nobody who may lead, a sid, group, weight or version out of range,
 * weights whose sum is, an observer with a group, weight or priority, any of these of
 * servers that are none, observers of a single voter, a group that is named twice or has
 * nobody. `out` is zero then. */
bool members_from_qconfig(const struct qconfig *c, struct members *out);

/* NULL: it is no member. */
const struct member *members_find(const struct members *m, int64_t sid);
/* `id` has the sid and the instance of a voter; none is equal to none. */
bool members_is_voter(const struct members *m, const struct members_id *id);
unsigned members_voter_count(const struct members *m);
/* A voter whose weight is not 0. */
bool members_may_lead(const struct members *m, int64_t sid);

/* Those of `ids` that are voters, each of them once, are a quorum; are all voters. */
bool members_is_quorum(const struct members *m, const struct members_id *ids,
                       unsigned count);
bool members_is_all(const struct members *m, const struct members_id *ids,
                    unsigned count);
/* What counting needs: what quorum_init makes of the same configuration, but for the
 * order of its tables. */
void members_quorum(const struct members *m, struct quorum *out);

bool members_instance_equal(const struct members_instance *a,
                            const struct members_instance *b);
bool members_instance_none(const struct members_instance *i);
/* In all: version, list and instances. */
bool members_equal(const struct members *a, const struct members *b);
/* In the list; versions and instances may differ. */
bool members_same_list(const struct members *a, const struct members *b);
/* In old and new; the epochs may differ. */
bool members_same_record(const struct members_record *a, const struct members_record *b);
/* A number of the version and the list, which is the same on every server, so that two
 * files can be compared from far: FNV-1a of 64 bits. */
uint64_t members_digest(const struct members *m);

/* Where a server may be reached: the value of its line server.N up to the role, as
 * `10.0.0.1:2888:3888`, with | between several. */
struct members_hint {
	int64_t sid;
	char text[MEMBERS_HINT_MAX];
};

struct members_hints {
	unsigned count;
	/* the newest last */
	struct members_hint list[MEMBERS_HINTS_MAX];
};

/* What a text says of a server without a hint; it is never kept as one. */
#define MEMBERS_HINT_NONE "0.0.0.0:0:1"

/* Replaces what there is for `sid`, and where there is no room the oldest of all. False:
 * `text` has no addresses as ZooKeeper's line has them, is too long, or names a host with
 * other characters than a configuration file may (conclave.conf(5), host). */
bool members_hint_put(struct members_hints *h, int64_t sid, const char *text);
/* Borrowed until the next put; NULL: there is none. */
const char *members_hint_get(const struct members_hints *h, int64_t sid);

/* members_text.c. `scratch` is large: keep it static. Its content means nothing. */
/* The membership without instances in the text of wire/qconfig, as it is printed there:
 * the same list and hints give the same bytes. `h` may be NULL. Returns the length
 * (NUL-terminated beyond it); 0: it does not fit, or there is no membership. */
size_t members_text(const struct members *m, const struct members_hints *h, char *out,
                    size_t cap, struct qconfig *scratch);
/* The membership of a text, and the addresses as hints (`learned` may be NULL); false
 * where members_from_qconfig refuses, or the text has no version. Outputs are untouched
 * then. */
bool members_from_text(const char *text, size_t len, struct members *out,
                       struct members_hints *learned, struct qconfig *scratch);

/* For packets and files: u32 length and text, i32 count, and of each voter its sid (i64)
 * and instance (16 bytes). A membership that is none has length 0 and count 0. */
void members_put(struct buf_out *b, const struct members *m,
                 const struct members_hints *h, struct qconfig *scratch);
/* False: no membership is like this, or a voter has no instance; outputs are untouched
 * then. */
bool members_get(struct buf_in *b, struct members *out, struct members_hints *learned,
                 struct qconfig *scratch);

#endif
