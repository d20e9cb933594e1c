/* See frame.h. A frame that lies whole in the input is handed out in place; only one that
 * comes in pieces is copied. */
#include "connmgr/frame.h"

#include "base/buf.h"

#include <string.h>

void
frame_reset(struct frame_reader *r)
{
	r->held = 0;
	r->skip = 0;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
advance(const unsigned char **data, size_t *len, size_t n)
{
	*data += n;
	*len -= n;
}

/* Copies from the input until `want` bytes are held; false: the input ended before. */
static bool
gather(struct frame_reader *r, size_t want, const unsigned char **data, size_t *len)
{
	size_t n = smaller(want - r->held, *len);

	if (n > 0)
		memcpy(r->store + r->held, *data, n);
	r->held += n;
	advance(data, len, n);
	return r->held == want;
}

/* 0: a frame may not have that length. */
static size_t
length_of(const unsigned char *head)
{
	struct buf_in in;
	int32_t length;

	buf_in_init(&in, head, FRAME_HEAD);
	length = buf_get_i32(&in);
	return length >= 1 && length <= FRAME_LENGTH_MAX ? (size_t)length : 0;
}

enum frame_result
frame_next(struct frame_reader *r, const unsigned char **data, size_t *len,
           const unsigned char **frame, size_t *frame_len)
{
	size_t past = smaller(r->skip, *len), length;

	r->skip -= past;
	advance(data, len, past);
	if (*len == 0)
		return FRAME_MORE;

	if (r->held == 0 && *len >= FRAME_HEAD) {
		length = length_of(*data);
		if (length > 0 && length <= MSG_FRAME_MAX &&
		    *len - FRAME_HEAD >= length) {
			*frame = *data + FRAME_HEAD;
			*frame_len = length;
			advance(data, len, FRAME_HEAD + length);
			return FRAME_READY;
		}
	}
	if (r->held < FRAME_HEAD && !gather(r, FRAME_HEAD, data, len))
		return FRAME_MORE;
	length = length_of(r->store);
	if (length == 0)
		return FRAME_BAD;
	if (length > MSG_FRAME_MAX) {
		r->held = 0;
		r->skip = length;
		return FRAME_LARGE;
	}
	if (!gather(r, FRAME_HEAD + length, data, len))
		return FRAME_MORE;
	r->held = 0;
	*frame = r->store + FRAME_HEAD;
	*frame_len = length;
	return FRAME_READY;
}
