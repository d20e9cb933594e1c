/* board_queue.c: what is dropped, and what never. */
#include "connmgr/board_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CAP 64

static struct board_queue *queue;

static int
make(void **state)
{
	(void)state;
	queue = board_queue_new(CAP);
	return queue ? 0 : -1;
}

static int
drop(void **state)
{
	(void)state;
	board_queue_free(queue);
	return 0;
}

static enum board_queue_result
put(enum board_class class, int64_t sid, bool member, uint32_t mark)
{
	struct board_item item = {.class = class,
	                          .sid = sid,
	                          .member = member,
	                          .data = &mark,
	                          .len = sizeof(mark)};

	return board_queue_put(queue, &item);
}

static void
expect(uint32_t mark)
{
	size_t len;
	const void *data = board_queue_first(queue, &len);

	assert_non_null(data);
	assert_int_equal(len, sizeof(mark));
	assert_memory_equal(data, &mark, sizeof(mark));
	board_queue_pop(queue);
}

static void
first_in_first_out(void **state)
{
	size_t len = 1;

	(void)state;
	assert_null(board_queue_first(queue, &len));
	assert_int_equal(len, 0);
	put(BOARD_CONTROL, 0, false, 1);
	put(BOARD_NEWEST, 2, true, 2);
	put(BOARD_NEWEST, 2, true, 3); /* with room both are kept */
	put(BOARD_FIFO, 2, true, 4);
	put(BOARD_CONTROL, 0, false, 5);
	assert_int_equal(board_queue_count(queue), 5);
	assert_int_equal(board_queue_frames(queue), 3);
	for (uint32_t i = 1; i <= 5; i++)
		expect(i);
	assert_int_equal(board_queue_count(queue), 0);
}

static void
the_oldest_outdated_frame_is_dropped(void **state)
{
	(void)state;
	put(BOARD_CONTROL, 0, false, 1000);
	put(BOARD_NEWEST, 1, true, 0); /* the newest of 1: stays */
	for (uint32_t i = 1; i < BOARD_QUEUE_FRAMES; i++)
		assert_int_equal(put(BOARD_NEWEST, 2, true, i), BOARD_QUEUE_OK);
	assert_int_equal(put(BOARD_NEWEST, 3, true, 500),
	                 BOARD_QUEUE_DROPPED); /* 1 goes */
	assert_int_equal(put(BOARD_NEWEST, 1, true, 501),
	                 BOARD_QUEUE_DROPPED); /* 0 goes */
	assert_int_equal(put(BOARD_NEWEST, 3, true, 502),
	                 BOARD_QUEUE_DROPPED); /* 2 goes */
	assert_int_equal(board_queue_frames(queue), BOARD_QUEUE_FRAMES);
	expect(1000);
	for (uint32_t i = 3; i < BOARD_QUEUE_FRAMES; i++)
		expect(i);
	expect(500);
	expect(501);
	expect(502);
}

static void
the_newest_of_each_remote_is_never_dropped(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES - 1; i++)
		put(BOARD_NEWEST, i, true, i);
	put(BOARD_NEWEST, 900, false, 900);
	/* a stranger makes room, */
	assert_int_equal(put(BOARD_NEWEST, 901, true, 901), BOARD_QUEUE_DROPPED);
	/* or is dropped itself where there is no other, */
	assert_int_equal(put(BOARD_NEWEST, 902, false, 902), BOARD_QUEUE_DROPPED);
	/* and with more remotes than places the link must end */
	assert_int_equal(put(BOARD_NEWEST, 903, true, 903), BOARD_QUEUE_OVERFLOW);
	assert_int_equal(put(BOARD_NEWEST, 5, true, 55), BOARD_QUEUE_DROPPED);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES - 1; i++)
		if (i != 5)
			expect(i);
	expect(901);
	expect(55);
	assert_int_equal(board_queue_count(queue), 0);
}

static void
learner_frames_are_refused_not_dropped(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		assert_int_equal(put(BOARD_FIFO, 2, true, i), BOARD_QUEUE_OK);
	assert_int_equal(put(BOARD_FIFO, 2, true, 999), BOARD_QUEUE_REFUSED);
	/* an election frame does not push one out either */
	assert_int_equal(put(BOARD_NEWEST, 2, true, 999), BOARD_QUEUE_OVERFLOW);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		expect(i);
}

static void
too_much_control_ends_the_link(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < BOARD_QUEUE_CONTROL; i++)
		assert_int_equal(put(BOARD_CONTROL, 0, false, i), BOARD_QUEUE_OK);
	assert_int_equal(put(BOARD_CONTROL, 0, false, 999), BOARD_QUEUE_OVERFLOW);
	assert_int_equal(put(BOARD_NEWEST, 1, true, 1), BOARD_QUEUE_OK);
	expect(0);
	assert_int_equal(put(BOARD_CONTROL, 0, false, 999), BOARD_QUEUE_OK);
	board_queue_clear(queue);
	assert_int_equal(board_queue_count(queue), 0);
	for (uint32_t i = 0; i < BOARD_QUEUE_CONTROL; i++)
		assert_int_equal(put(BOARD_CONTROL, 0, false, i), BOARD_QUEUE_OK);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		assert_int_equal(put(BOARD_NEWEST, 1, true, i), BOARD_QUEUE_OK);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
	    T(first_in_first_out),
	    T(the_oldest_outdated_frame_is_dropped),
	    T(the_newest_of_each_remote_is_never_dropped),
	    T(learner_frames_are_refused_not_dropped),
	    T(too_much_control_ends_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
