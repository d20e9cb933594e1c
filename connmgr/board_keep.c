/* Rule: the newest replaces the older, whatever it says; see board_keep.h. */
#include "connmgr/board_keep.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
board_keep_init(struct board_keep *k, unsigned row_max, unsigned frame_max,
                size_t frame_cap)
{
	*k = (struct board_keep){
	    .row_max = row_max, .frame_max = frame_max, .frame_cap = frame_cap};
	k->rows = calloc(row_max + 1, sizeof(*k->rows));
	k->frames = calloc(frame_max + 1, sizeof(*k->frames));
	k->frame_store = malloc((frame_max + 1) * frame_cap);
	if (!k->rows || !k->frames || !k->frame_store) {
		board_keep_deinit(k);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < frame_max; i++)
		k->frames[i].data = k->frame_store + i * frame_cap;
	return 0;
}

void
board_keep_deinit(struct board_keep *k)
{
	free(k->rows);
	free(k->frames);
	free(k->frame_store);
	*k = (struct board_keep){0};
}

void
board_note_set(struct board_note *n, const void *data, size_t len)
{
	assert(len <= BOARD_SMALL_MAX);
	if (len > 0)
		memcpy(n->data, data, len);
	n->len = len;
}

bool
board_note_is(const struct board_note *n, const void *data, size_t len)
{
	return n->len == len && len > 0 && memcmp(n->data, data, len) == 0;
}

void
board_keep_row(struct board_keep *k, int lane, int64_t sid, bool down, const void *data,
               size_t len)
{
	struct board_row *row = NULL;

	for (unsigned i = 0; i < k->row_count && !row; i++)
		if (k->rows[i].lane == lane && k->rows[i].sid == sid)
			row = &k->rows[i];
	if (!row) {
		assert(k->row_count < k->row_max);
		row = &k->rows[k->row_count++];
		row->lane = lane;
		row->sid = sid;
	}
	row->down = down;
	board_note_set(&row->note, data, len);
}

static struct board_frame *
find_frame(struct board_keep *k, int64_t sid)
{
	for (unsigned i = 0; i < k->frame_max; i++)
		if (k->frames[i].used && k->frames[i].sid == sid)
			return &k->frames[i];
	return NULL;
}

bool
board_keep_frame(struct board_keep *k, int64_t sid, bool member, const void *data,
                 size_t len)
{
	struct board_frame *f = find_frame(k, sid);

	assert(len <= k->frame_cap);
	for (unsigned i = 0; i < k->frame_max && !f; i++)
		if (!k->frames[i].used)
			f = &k->frames[i];
	if (!f)
		return false;
	f->used = true;
	f->sid = sid;
	f->member = member;
	f->len = len;
	memcpy(f->data, data, len);
	return true;
}

void
board_keep_drop_frame(struct board_keep *k, int64_t sid)
{
	struct board_frame *f = find_frame(k, sid);

	if (f)
		f->used = false;
}
