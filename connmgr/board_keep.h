/* What the switchboard remembers, as bytes that it does not read: the newest of each
 * kind, each remote's link, the last frame of each remote on its present link. */
#ifndef CONNMGR_BOARD_KEEP_H
#define CONNMGR_BOARD_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOARD_SMALL_MAX 192 /* bytes of an encoded message that carries no frame */

struct board_note {
	size_t len; /* 0: none */
	unsigned char data[BOARD_SMALL_MAX];
};

struct board_row {
	int lane;
	int64_t sid;
	bool down;
	struct board_note note;
};

struct board_frame {
	bool used;
	bool member; /* its sender is in the configuration */
	int64_t sid;
	size_t len;
	unsigned char *data;
};

struct board_keep {
	struct board_note state;  /* the elector's */
	struct board_note word;   /* the peer's last: look or role */
	uint64_t word_generation; /* its serial */
	uint64_t word_count;
	struct board_note decided; /* the elector's */

	unsigned row_max;
	unsigned row_count;
	struct board_row *rows;
	unsigned frame_max;
	size_t frame_cap;
	struct board_frame *frames;
	unsigned char *frame_store;
};

/* 0 or -ENOMEM. */
int board_keep_init(struct board_keep *k, unsigned row_max, unsigned frame_max,
                    size_t frame_cap);
void board_keep_deinit(struct board_keep *k);

void board_note_set(struct board_note *n, const void *data, size_t len);
bool board_note_is(const struct board_note *n, const void *data, size_t len);

/* `row_max` rows are enough for every remote on every lane: one more is an error of ours.
 */
void board_keep_row(struct board_keep *k, int lane, int64_t sid, bool down,
                    const void *data, size_t len);
/* False: no room for one more sender. */
bool board_keep_frame(struct board_keep *k, int64_t sid, bool member, const void *data,
                      size_t len);
void board_keep_drop_frame(struct board_keep *k, int64_t sid);

#endif
