/* What connmgr retains for workers that attach later, as bytes that it does not read: the
 * newest message of each kind (enum msg_keep of ipc/msg.h), the state of each link to a
 * remote, and the last frame of each remote on its present link. It ends in an arena and
 * has no pointers, so the block that holds it can be copied. */
#ifndef CONNMGR_BOARD_KEEP_H
#define CONNMGR_BOARD_KEEP_H

#include "ipc/msg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of an encoded message that carries neither a frame nor the members. */
#define BOARD_SMALL_MAX 192

struct board_note {
	enum msg_type type;
	size_t len; /* 0: none */
	unsigned char data[BOARD_SMALL_MAX];
};

struct board_row {
	enum msg_lane lane;
	int64_t sid;
	struct board_note note;
};

struct board_frame {
	bool used;
	bool member; /* its sender is in the configuration */
	int64_t sid;
	size_t len;
	unsigned char data[];
};

struct board_keep {
	/* by enum msg_keep; those of MSG_KEEP_NOTHING and MSG_KEEP_MEMBERS stay empty */
	struct board_note notes[MSG_KEEP_NOTES];
	struct msg_serial word_serial;
	unsigned row_max, row_count;
	unsigned frame_max;
	size_t frame_cap;
	/* `row_max` rows, then `frame_max` frames with `frame_cap` bytes each, then the
	 * members, which have as much room and need it seldom */
	struct board_row rows[];
};

/* The bytes of the arena behind a struct board_keep. */
size_t board_keep_room(unsigned row_max, unsigned frame_max, size_t frame_cap);

void board_note_set(struct board_note *n, enum msg_type type, const void *data,
                    size_t len);

/* `row_max` rows are enough for all that is retained: one more is a bug. */
void board_keep_row(struct board_keep *k, enum msg_lane lane, int64_t sid,
                    const void *data, size_t len);

/* That remote is none any more. */
void board_keep_drop_row(struct board_keep *k, enum msg_lane lane, int64_t sid);

/* False: there is no room for one more sender. */
bool board_keep_frame(struct board_keep *k, int64_t sid, bool member, const void *data,
                      size_t len);
void board_keep_drop_frame(struct board_keep *k, int64_t sid);
/* The frame at a place below frame_max. */
struct board_frame *board_keep_place(const struct board_keep *k, unsigned at);

/* The newest members: of length 0 before the first. */
const struct board_frame *board_keep_members(const struct board_keep *k);
/* False: they are the same as before. At most frame_cap bytes. */
bool board_keep_set_members(struct board_keep *k, const void *data, size_t len);

#endif
