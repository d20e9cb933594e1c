/* A stream of frames, cut anywhere, is read as it was written: each legal frame once and
 * whole, each large one past, and an impossible length ends it. The stream is built from
 * the input; where it is cut comes from the input too. */
#include "base/buf.h"
#include "connmgr/frame.h"
#include "tests/fuzz/feed.h"

#define STREAM_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char stream[STREAM_MAX];
static size_t stream_len;

static void
put_head(int32_t len)
{
	struct buf_out out;

	if (stream_len + FRAME_HEAD > STREAM_MAX)
		return;
	buf_out_init(&out, stream + stream_len, FRAME_HEAD);
	buf_put_i32(&out, len);
	stream_len += FRAME_HEAD;
}

static void
put_payload(size_t len, unsigned char fill)
{
	if (len > STREAM_MAX - stream_len)
		len = STREAM_MAX - stream_len;
	memset(stream + stream_len, fill, len);
	stream_len += len;
}

static void
build(struct feed *f)
{
	static const int32_t edges[] = {MSG_FRAME_MAX - 1,
	                                MSG_FRAME_MAX,
	                                MSG_FRAME_MAX + 1,
	                                FRAME_LENGTH_MAX,
	                                FRAME_LENGTH_MAX + 1,
	                                0,
	                                -1,
	                                INT32_MIN};
	unsigned b = feed_byte(f);
	size_t got;
	const uint8_t *bytes;

	if (b < 160) { /* a small one */
		put_head((int32_t)(1 + b));
		put_payload(1 + b, feed_byte(f));
	} else if (b < 200) {
		put_head(edges[b % 4]);
		put_payload((size_t)edges[b % 4], feed_byte(f));
	} else if (b < 208) {
		put_head(edges[b % 8]);
	} else { /* any bytes */
		bytes = feed_bytes(f, b - 200, &got);
		if (got > STREAM_MAX - stream_len)
			got = STREAM_MAX - stream_len;
		memcpy(stream + stream_len, bytes, got);
		stream_len += got;
	}
}

/* By the rule alone, at `at`: the next frame, where it ends. */
static enum frame_result
expect(size_t *at, const unsigned char **frame, size_t *len)
{
	struct buf_in in;
	int32_t head;

	buf_in_init(&in, stream + *at, stream_len - *at);
	head = buf_get_i32(&in);
	if (in.bad)
		return FRAME_MORE;
	if (head < 1 || head > FRAME_LENGTH_MAX)
		return FRAME_BAD;
	*len = (size_t)head;
	*frame = stream + *at + FRAME_HEAD;
	if (head > MSG_FRAME_MAX) {
		*at += FRAME_HEAD + *len;
		if (*at > stream_len)
			*at = stream_len;
		return FRAME_LARGE;
	}
	if (stream_len - *at - FRAME_HEAD < *len)
		return FRAME_MORE;
	*at += FRAME_HEAD + *len;
	return FRAME_READY;
}

static size_t
next_cut(struct feed *f)
{
	static const size_t cuts[] = {1, 2, 3, 4, 5, 100, 4096, 59999, 60004, STREAM_MAX};

	return cuts[feed_byte(f) % (sizeof(cuts) / sizeof(cuts[0]))];
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame_reader reader;
	struct feed f = {.data = data, .len = size};
	struct feed cuts = f;
	size_t at = 0, given = 0;

	stream_len = 0;
	while (!feed_end(&f) && stream_len < STREAM_MAX)
		build(&f);
	frame_reset(&reader);
	while (given < stream_len) {
		size_t cut = next_cut(&cuts), len;
		const unsigned char *next = stream + given;
		enum frame_result r;

		len = cut < stream_len - given ? cut : stream_len - given;
		if (feed_end(&cuts))
			len = stream_len - given;
		given += len;
		do {
			const unsigned char *frame = NULL, *want = NULL;
			size_t frame_len = 0, want_len = 0;

			r = frame_next(&reader, &next, &len, &frame, &frame_len);
			if (r == FRAME_MORE) {
				must(len == 0, "all that came is taken");
				break;
			}
			must(r == expect(&at, &want, &want_len), "what is there is read");
			if (r == FRAME_BAD)
				return 0;
			must(r != FRAME_READY || (frame_len == want_len &&
			                          memcmp(frame, want, want_len) == 0),
			     "a frame is read as it was written");
		} while (true);
	}
	must(expect(&at, &(const unsigned char *){NULL}, &(size_t){0}) == FRAME_MORE,
	     "no frame is left unread");
	return 0;
}
