/* A record that is kept on a disk in two slots of one file, so that neither a crash nor a
 * failed write nor one bad slot loses a value that was answered. This is the rule,
 * without the disk: it says what is to be written next, and slots_file.h writes it. The
 * caller gives values as text, and may answer for one once slots_is_sure() says so.
 *
 *  (a) A slot is sure of the newest value once a sync after its write has succeeded. At a
 *      start no slot is sure.
 *  (b) A new value goes into the slot that does not hold the last answered one.
 *  (c) After a failed sync the same bytes are written again into the same slot. A sync
 *      that is only repeated says 0 and proves nothing.
 *  (d) At a start the best value is written again, the same bytes into the same slot, and
 *      synced, before it counts.
 *  (e) After the answer the value goes into the other slot too, so that one may rot.
 *
 * A slot is text, so that cat shows it: a line with the checksum of all that follows, a
 * line with the count, the lines of the caller, spaces, and a newline at the end. */
#ifndef BASE_SLOTS_H
#define BASE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A slot has so many bytes, or a multiple: the second one begins at the start of a page
 * and of a sector. */
#define SLOTS_PAGE  4096
#define SLOTS_COUNT 2
/* how many of them the caller's lines may have */
#define SLOTS_BODY_MAX(size) ((size)-96)

struct slots {
	/* bytes of a slot */
	size_t size;
	/* the newest value, as it is in its slot, or shall be; the caller's memory */
	char *block;
	uint64_t count;
	unsigned at;
	/* Which slots are sure of it. */
	bool sure[SLOTS_COUNT];
};

struct slots_write {
	unsigned slot;
	/* `size` bytes, borrowed from the struct slots until it changes */
	size_t size;
	const char *block;
};

/* Makes a slot of `body`: lines without NUL, the last one with its newline. False: `body`
 * is longer than SLOTS_BODY_MAX, or does not end with a newline. */
bool slots_encode(char *block, size_t size, uint64_t count, const char *body, size_t len);
/* False: the bytes are no whole slot. `body` points into `block`. */
bool slots_decode(const char *block, size_t size, uint64_t *count, const char **body,
                  size_t *len);

/* Begins with what the slots hold, one behind the other in `blocks`; `block` is the room
 * for one, which is kept. False: both are bad, or contradict each other. `bad`: which
 * are. */
bool slots_start(struct slots *s, size_t size, const char *blocks, char *block,
                 bool bad[SLOTS_COUNT]);
/* The newest value. */
const char *slots_body(const struct slots *s, size_t *len);
/* True: the newest value is on the disk, and survives whatever comes. */
bool slots_is_sure(const struct slots *s);
/* Takes a new value, which does not lie in `block`; the last one must be sure, and no
 * write may be in progress. False as slots_encode, and nothing has changed. */
bool slots_set(struct slots *s, const char *body, size_t len);
/* The write that the newest value waits for; false: it is sure. Writes are done one at a
 * time, each with a sync, and told to slots_done. */
bool slots_next(const struct slots *s, struct slots_write *out);
/* The write of (e), for a time at which nothing else is to be written; false: none. */
bool slots_mirror(const struct slots *s, struct slots_write *out);
/* A write has ended: `synced` if it and the sync after it have succeeded. */
void slots_done(struct slots *s, unsigned slot, bool synced);

#endif
