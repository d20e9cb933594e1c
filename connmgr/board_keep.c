/* Rule: a newer message replaces the older one, whatever it says; see board_keep.h. */
#include "connmgr/board_keep.h"

#include <assert.h>
#include <string.h>

static size_t
stride(size_t frame_cap)
{
	size_t align = _Alignof(struct board_frame);

	return (sizeof(struct board_frame) + frame_cap + align - 1) / align * align;
}

size_t
board_keep_room(unsigned row_max, unsigned frame_max, size_t frame_cap)
{
	return row_max * sizeof(struct board_row) + (frame_max + 1) * stride(frame_cap);
}

void
board_note_set(struct board_note *n, enum msg_type type, const void *data, size_t len)
{
	assert(len <= BOARD_SMALL_MAX);
	n->type = type;
	if (len > 0)
		memcpy(n->data, data, len);
	n->len = len;
}

void
board_keep_row(struct board_keep *k, enum msg_lane lane, int64_t sid, const void *data,
               size_t len)
{
	struct board_row *row = k->rows;

	while (row < k->rows + k->row_count && (row->lane != lane || row->sid != sid))
		row++;
	if (row == k->rows + k->row_count) {
		assert(k->row_count < k->row_max);
		k->row_count++;
		row->lane = lane;
		row->sid = sid;
	}
	board_note_set(&row->note, MSG_REMOTE, data, len);
}

void
board_keep_drop_row(struct board_keep *k, enum msg_lane lane, int64_t sid)
{
	for (unsigned i = 0; i < k->row_count; i++) {
		if (k->rows[i].lane != lane || k->rows[i].sid != sid)
			continue;
		k->rows[i] = k->rows[--k->row_count];
		return;
	}
}

struct board_frame *
board_keep_place(const struct board_keep *k, unsigned at)
{
	unsigned char *frames = (unsigned char *)(k->rows + k->row_max);

	return (struct board_frame *)(void *)(frames + at * stride(k->frame_cap));
}

static struct board_frame *
find_frame(struct board_keep *k, int64_t sid)
{
	for (unsigned i = 0; i < k->frame_max; i++)
		if (board_keep_place(k, i)->used && board_keep_place(k, i)->sid == sid)
			return board_keep_place(k, i);
	return NULL;
}

bool
board_keep_frame(struct board_keep *k, int64_t sid, bool member, const void *data,
                 size_t len)
{
	struct board_frame *f = find_frame(k, sid);

	assert(len <= k->frame_cap);
	for (unsigned i = 0; i < k->frame_max && !f; i++)
		if (!board_keep_place(k, i)->used)
			f = board_keep_place(k, i);
	if (!f)
		return false;
	*f = (struct board_frame){.used = true, .member = member, .sid = sid, .len = len};
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

const struct board_frame *
board_keep_members(const struct board_keep *k)
{
	return board_keep_place(k, k->frame_max);
}

bool
board_keep_set_members(struct board_keep *k, const void *data, size_t len)
{
	struct board_frame *f = board_keep_place(k, k->frame_max);

	assert(len <= k->frame_cap);
	if (f->len == len && memcmp(f->data, data, len) == 0)
		return false;
	f->len = len;
	memcpy(f->data, data, len);
	return true;
}
