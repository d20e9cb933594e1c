/* outbox.c: the newest wins, the last is sent again; the fifo keeps all or refuses. */
#include "connmgr/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct outbox *box;

static int
make_newest(void **state)
{
	(void)state;
	box = outbox_new(OUTBOX_NEWEST);
	return box ? 0 : -1;
}

static int
make_fifo(void **state)
{
	(void)state;
	box = outbox_new(OUTBOX_FIFO);
	return box ? 0 : -1;
}

static int
drop(void **state)
{
	(void)state;
	outbox_free(box);
	return 0;
}

static enum outbox_result
put(const char *text)
{
	return outbox_put(box, text, strlen(text));
}

/* Writes up to `limit` bytes as a socket would; what went out, as text without heads. */
static void
expect_sent(size_t limit, const char *want, size_t want_len)
{
	const unsigned char *data;
	unsigned char got[256];
	size_t len, have = 0;

	while (have < limit && (len = outbox_peek(box, &data)) > 0) {
		if (len > limit - have)
			len = limit - have;
		memcpy(got + have, data, len);
		outbox_wrote(box, len);
		have += len;
	}
	assert_int_equal(have, want_len);
	assert_memory_equal(got, want, want_len);
}
#define SENT(limit, text) expect_sent(limit, text, sizeof(text) - 1)

static void
nothing_is_given_before_up(void **state)
{
	const unsigned char *data;

	(void)state;
	assert_int_equal(outbox_peek(box, &data), 0);
	put("a");
	assert_int_equal(outbox_peek(box, &data), 0);
	outbox_up(box);
	SENT(99, "\0\0\0\1a");
	SENT(99, "");
}

static void
the_newest_replaces_the_one_that_waits(void **state)
{
	(void)state;
	assert_int_equal(put("one"), OUTBOX_OK);
	assert_int_equal(put("two"), OUTBOX_REPLACED);
	assert_int_equal(put("three"), OUTBOX_REPLACED);
	assert_int_equal(outbox_waiting(box), 9);
	outbox_up(box);
	assert_int_equal(outbox_waiting(box), 9);
	SENT(99, "\0\0\0\5three");
	assert_int_equal(outbox_waiting(box), 0);
	assert_int_equal(put("four"), OUTBOX_OK);
	SENT(5, "\0\0\0\4f"); /* begun: it goes out whole */
	assert_int_equal(outbox_waiting(box), 3);
	assert_int_equal(put("five"), OUTBOX_OK);
	assert_int_equal(outbox_waiting(box), 11);
	assert_int_equal(put("six"), OUTBOX_REPLACED);
	SENT(99, "our\0\0\0\3six");
}

static void
the_last_is_sent_again_on_a_new_connection(void **state)
{
	(void)state;
	outbox_up(box);
	SENT(99, "");
	put("a");
	SENT(99, "\0\0\0\1a");
	outbox_down(box);
	outbox_up(box);
	SENT(99, "\0\0\0\1a");
	outbox_down(box);
	put("b"); /* something waits: the last is not sent again */
	outbox_up(box);
	SENT(99, "\0\0\0\1b");
	put("c");
	SENT(3, "\0\0\0"); /* torn by the end of the connection */
	outbox_down(box);
	outbox_up(box);
	SENT(99, "\0\0\0\1c");
	put("d");
	SENT(2, "\0\0");
	put("e");
	outbox_down(box);
	outbox_up(box);
	SENT(99, "\0\0\0\1e");
}

static void
clear_forgets_the_last(void **state)
{
	(void)state;
	outbox_up(box);
	put("a");
	SENT(99, "\0\0\0\1a");
	put("b");
	outbox_clear(box);
	outbox_up(box);
	SENT(99, "");
	put("c");
	SENT(99, "\0\0\0\1c");
}

static void
the_largest_message_goes_through(void **state)
{
	unsigned char *big = malloc(MSG_FRAME_MAX);
	const unsigned char *data;

	(void)state;
	memset(big, 'x', MSG_FRAME_MAX);
	outbox_up(box);
	outbox_put(box, big, MSG_FRAME_MAX);
	outbox_put(box, big, MSG_FRAME_MAX);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(outbox_peek(box, &data), MSG_FRAME_MAX + 4);
		assert_int_equal(data[2] << 8 | data[3], MSG_FRAME_MAX);
		outbox_wrote(box, MSG_FRAME_MAX + 4);
	}
	assert_int_equal(outbox_peek(box, &data), 0);
	free(big);
}

static void
the_fifo_keeps_order_and_replaces_nothing(void **state)
{
	(void)state;
	assert_int_equal(put("x"),
	                 OUTBOX_FULL); /* no connection, nobody to keep it for */
	outbox_up(box);
	assert_int_equal(put("a"), OUTBOX_OK);
	assert_int_equal(put("bc"), OUTBOX_OK);
	SENT(7, "\0\0\0\1a\0\0");
	put("d");
	SENT(99, "\0\2bc\0\0\0\1d");
	put("e");
	outbox_down(box);
	outbox_up(box);
	SENT(99, ""); /* and sends nothing again */
}

static void
a_full_fifo_refuses_whole_messages(void **state)
{
	unsigned char big[1000];
	const unsigned char *data;
	unsigned taken = 0;
	size_t total = 0, len;

	(void)state;
	memset(big, 'f', sizeof(big));
	outbox_up(box);
	while (outbox_put(box, big, sizeof(big)) == OUTBOX_OK)
		taken++;
	assert_int_equal(taken, OUTBOX_FIFO_MAX / 1004);
	len = outbox_peek(box, &data);
	assert_int_equal(len, taken * 1004);
	outbox_wrote(box, 1004);
	assert_int_equal(outbox_put(box, big, sizeof(big)),
	                 OUTBOX_OK); /* around the end */
	while ((len = outbox_peek(box, &data)) > 0) {
		total += len;
		outbox_wrote(box, len);
	}
	assert_int_equal(total, taken * 1004);
}

static void
the_fifo_ring_keeps_every_byte(void **state)
{
	unsigned char in[997], out[1001];
	const unsigned char *data;
	size_t have, len;

	(void)state;
	outbox_up(box);
	for (unsigned round = 0; round < 1000; round++) {
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (unsigned char)(round * 31 + i);
		assert_int_equal(outbox_put(box, in, sizeof(in)), OUTBOX_OK);
		for (have = 0; (len = outbox_peek(box, &data)) > 0; have += len) {
			memcpy(out + have, data, len);
			outbox_wrote(box, len);
		}
		assert_int_equal(have, sizeof(out));
		assert_memory_equal(out + 4, in, sizeof(in));
	}
}

/* To the last byte: a frame has a head of 4 bytes, which must fit as well. */
static void
a_fifo_is_full_to_the_byte(void **state)
{
	static unsigned char data[MSG_FRAME_MAX];
	size_t left;

	(void)state;
	outbox_up(box);
	while (OUTBOX_FIFO_MAX - outbox_waiting(box) >= 4 + sizeof(data))
		assert_int_equal(outbox_put(box, data, sizeof(data)), OUTBOX_OK);
	left = OUTBOX_FIFO_MAX - outbox_waiting(box);
	assert_true(left > 8);
	for (size_t more = 1; more <= 4; more++)
		assert_int_equal(outbox_put(box, data, left - 4 + more), OUTBOX_FULL);
	assert_int_equal(outbox_waiting(box), OUTBOX_FIFO_MAX - left);
	assert_int_equal(outbox_put(box, data, left - 4), OUTBOX_OK);
	assert_int_equal(outbox_waiting(box), OUTBOX_FIFO_MAX);
	assert_int_equal(outbox_put(box, data, 1), OUTBOX_FULL);
}

int
main(void)
{
#define NEWEST(f) cmocka_unit_test_setup_teardown(f, make_newest, drop)
#define FIFO(f)   cmocka_unit_test_setup_teardown(f, make_fifo, drop)
	const struct CMUnitTest tests[] = {
	    NEWEST(nothing_is_given_before_up),
	    NEWEST(the_newest_replaces_the_one_that_waits),
	    NEWEST(the_last_is_sent_again_on_a_new_connection),
	    NEWEST(clear_forgets_the_last),
	    NEWEST(the_largest_message_goes_through),
	    FIFO(the_fifo_keeps_order_and_replaces_nothing),
	    FIFO(a_full_fifo_refuses_whole_messages),
	    FIFO(a_fifo_is_full_to_the_byte),
	    FIFO(the_fifo_ring_keeps_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
