/* frame.c: frames out of a stream, however it is torn. */
#include "connmgr/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct frame_reader reader;
static unsigned char stream[1 << 20];
static size_t stream_len;

static void
put_length(int32_t length)
{
	uint32_t v = (uint32_t)length;

	for (unsigned i = 0; i < 4; i++)
		stream[stream_len++] = (unsigned char)(v >> (24 - 8 * i));
}

static void
put_frame(size_t len, unsigned char fill)
{
	put_length((int32_t)len);
	memset(stream + stream_len, fill, len);
	stream_len += len;
}

/* What came of a stream: the sizes and first and last bytes of its frames. */
struct seen {
	unsigned frames, large, bad;
	size_t lens[16];
	unsigned char first[16], last[16];
};

static void
read_in_pieces(size_t piece, struct seen *s)
{
	*s = (struct seen){0};
	frame_reset(&reader);
	for (size_t at = 0; at < stream_len && !s->bad; at += piece) {
		const unsigned char *data = stream + at, *frame;
		size_t len = stream_len - at < piece ? stream_len - at : piece, frame_len;
		enum frame_result r;

		while ((r = frame_next(&reader, &data, &len, &frame, &frame_len)) !=
		       FRAME_MORE) {
			if (r == FRAME_BAD) {
				s->bad++;
				break;
			}
			if (r == FRAME_LARGE) {
				s->large++;
				continue;
			}
			assert_int_equal(r, FRAME_READY);
			assert_true(s->frames < 16);
			s->lens[s->frames] = frame_len;
			s->first[s->frames] = frame[0];
			s->last[s->frames++] = frame[frame_len - 1];
		}
		if (r == FRAME_MORE)
			assert_int_equal(len, 0);
	}
}

static const size_t pieces[] = {1, 2, 3, 4, 5, 7, 64, 1000, 60003, 60004, 60005, 1 << 20};
#define PIECES (sizeof(pieces) / sizeof(pieces[0]))

static void
frames_survive_any_tearing(void **state)
{
	static const size_t lens[] = {1, 2, 28, 44, 4, 59999, 60000, 3};
	struct seen s;

	(void)state;
	stream_len = 0;
	for (unsigned i = 0; i < 8; i++)
		put_frame(lens[i], (unsigned char)('a' + i));
	for (unsigned p = 0; p < PIECES; p++) {
		read_in_pieces(pieces[p], &s);
		assert_int_equal(s.frames, 8);
		assert_int_equal(s.large + s.bad, 0);
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(s.lens[i], lens[i]);
			assert_int_equal(s.first[i], 'a' + (int)i);
			assert_int_equal(s.last[i], 'a' + (int)i);
		}
	}
}

static void
large_frames_are_read_past(void **state)
{
	struct seen s;

	(void)state;
	stream_len = 0;
	put_frame(5, 'x');
	put_frame(60001, 'L');
	put_frame(6, 'y');
	put_frame(FRAME_LENGTH_MAX, 'M');
	put_frame(7, 'z');
	for (unsigned p = 0; p < PIECES; p++) {
		read_in_pieces(pieces[p], &s);
		assert_int_equal(s.bad, 0);
		assert_int_equal(s.large, 2);
		assert_int_equal(s.frames, 3);
		assert_int_equal(s.lens[0], 5);
		assert_int_equal(s.first[1], 'y');
		assert_int_equal(s.lens[2], 7);
		assert_int_equal(s.last[2], 'z');
	}
}

static void
other_lengths_end_the_stream(void **state)
{
	static const int32_t lengths[] = {0, -1, INT32_MIN, INT32_MAX,
	                                  FRAME_LENGTH_MAX + 1};
	struct seen s;

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		stream_len = 0;
		put_frame(9, 'q');
		put_length(lengths[i]);
		put_frame(9, 'r');
		for (unsigned p = 0; p < PIECES; p++) {
			read_in_pieces(pieces[p], &s);
			assert_int_equal(s.frames, 1);
			assert_int_equal(s.bad, 1);
		}
	}
}

static void
reset_forgets_a_torn_frame(void **state)
{
	const unsigned char *data = stream, *frame;
	size_t len = 7, frame_len;

	(void)state;
	stream_len = 0;
	put_frame(100, 'a');
	frame_reset(&reader);
	assert_int_equal(frame_next(&reader, &data, &len, &frame, &frame_len),
	                 FRAME_MORE);
	frame_reset(&reader);
	data = stream;
	len = stream_len;
	assert_int_equal(frame_next(&reader, &data, &len, &frame, &frame_len),
	                 FRAME_READY);
	assert_int_equal(frame_len, 100);
	assert_ptr_equal(frame, stream + 4); /* whole frames are not copied */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(frames_survive_any_tearing),
	    cmocka_unit_test(large_frames_are_read_past),
	    cmocka_unit_test(other_lengths_end_the_stream),
	    cmocka_unit_test(reset_forgets_a_torn_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
