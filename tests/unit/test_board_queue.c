/* board_queue.c: what is dropped, and what never. */
#include "connmgr/board_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REMOTES 3
#define CONNS   3
#define PLACES  (REMOTES + BOARD_QUEUE_STRANGERS) /* of senders */

static struct board_queue *queue;

static int
make(void **state)
{
	(void)state;
	queue = board_queue_new(REMOTES, CONNS);
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
put_len(struct board_item item, uint32_t mark, size_t len)
{
	static unsigned char data[BOARD_QUEUE_SHARE];

	memset(data, 0xee, len);
	memcpy(data, &mark, sizeof(mark));
	item.data = data;
	item.len = len;
	return board_queue_put(queue, &item);
}

static enum board_queue_result
put(struct board_item item, uint32_t mark)
{
	return put_len(item, mark, sizeof(mark));
}

static enum board_queue_result
control(uint32_t mark)
{
	return put((struct board_item){.class = BOARD_CONTROL}, mark);
}

static enum board_queue_result
vote(int64_t sid, uint32_t mark)
{
	return put((struct board_item){.class = BOARD_NEWEST,
	                               .lane = MSG_LANE_ELECTION,
	                               .sid = sid,
	                               .member = sid <= REMOTES},
	           mark);
}

static enum board_queue_result
packet(uint64_t number, uint32_t mark)
{
	return put((struct board_item){.class = BOARD_FIFO,
	                               .lane = MSG_LANE_LEARNER,
	                               .sid = 2,
	                               .number = number,
	                               .member = true},
	           mark);
}

static enum board_queue_result
conn(uint64_t number, bool up, uint32_t mark)
{
	return put((struct board_item){.class = BOARD_LINK,
	                               .lane = MSG_LANE_LEARNER,
	                               .sid = 2,
	                               .number = number,
	                               .up = up},
	           mark);
}

static enum board_queue_result
election_link(int64_t sid, bool up, uint32_t mark)
{
	return put(
	    (struct board_item){
		.class = BOARD_LINK, .lane = MSG_LANE_ELECTION, .sid = sid, .up = up},
	    mark);
}

static void
expect(uint32_t mark)
{
	size_t len;
	const void *data = board_queue_first(queue, &len);

	assert_non_null(data);
	assert_true(len >= sizeof(mark));
	assert_memory_equal(data, &mark, sizeof(mark));
	board_queue_pop(queue);
}

static void
expect_empty(void)
{
	size_t len = 1;

	assert_null(board_queue_first(queue, &len));
	assert_int_equal(len, 0);
	assert_int_equal(board_queue_count(queue), 0);
	assert_int_equal(board_queue_frames(queue), 0);
}

static void
first_in_first_out(void **state)
{
	(void)state;
	expect_empty();
	control(1);
	vote(2, 2);
	vote(2, 3); /* with room both are kept */
	packet(7, 4);
	control(5);
	conn(8, true, 6);
	assert_int_equal(board_queue_count(queue), 6);
	assert_int_equal(board_queue_frames(queue), 3);
	for (uint32_t i = 1; i <= 6; i++)
		expect(i);
	expect_empty();
}

/* Who sends too many votes loses its own old ones, and nobody else any. */
static void
a_flood_of_votes_costs_its_sender(void **state)
{
	(void)state;
	control(1000);
	vote(1, 1);
	vote(1, 2);
	vote(99, 99); /* a stranger */
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		assert_int_equal(vote(2, 100 + i), BOARD_QUEUE_OK);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(vote(2, 200 + i), BOARD_QUEUE_DROPPED);
	vote(3, 3);
	assert_int_equal(board_queue_frames(queue), 4 + BOARD_QUEUE_FRAMES);
	expect(1000);
	expect(1);
	expect(2);
	expect(99);
	for (uint32_t i = 1000 - BOARD_QUEUE_FRAMES; i < 1000; i++)
		expect(200 + i);
	expect(3);
	expect_empty();
}

/* The share is one of bytes, too. A vote of any size finds room. */
static void
large_votes_use_the_share_up(void **state)
{
	const struct board_item item = {
	    .class = BOARD_NEWEST, .lane = MSG_LANE_ELECTION, .sid = 2, .member = true};
	size_t third = BOARD_QUEUE_SHARE / 3;

	(void)state;
	vote(1, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(put_len(item, i, third), BOARD_QUEUE_OK);
	assert_int_equal(put_len(item, 3, third), BOARD_QUEUE_DROPPED);
	assert_int_equal(put_len(item, 4, third), BOARD_QUEUE_DROPPED);
	expect(1);
	expect(2);
	expect(3);
	assert_int_equal(put_len(item, 5, third), BOARD_QUEUE_OK);
	assert_int_equal(put_len(item, 6, BOARD_QUEUE_SHARE), BOARD_QUEUE_DROPPED);
	expect(6);
	expect_empty();
}

static void
strangers_make_room_for_members(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < PLACES; i++)
		assert_int_equal(vote(100 + i, i), BOARD_QUEUE_OK);
	assert_int_equal(vote(200, 99), BOARD_QUEUE_DROPPED); /* the stranger's own */
	assert_int_equal(vote(1, 1000), BOARD_QUEUE_DROPPED); /* that of stranger 100 */
	for (uint32_t i = 1; i < PLACES; i++)
		expect(i);
	expect(1000);
	expect_empty();
}

/* All that this stranger sent goes, and nothing of a member, though it waits longer. */
static void
members_make_no_room(void **state)
{
	(void)state;
	vote(1, 1);
	vote(2, 2);
	vote(100, 3);
	for (uint32_t i = 1; i < PLACES - 2; i++)
		assert_int_equal(vote(100 + i, 10 + i), BOARD_QUEUE_OK);
	vote(100, 4);
	assert_int_equal(vote(3, 5), BOARD_QUEUE_DROPPED);
	expect(1);
	expect(2);
	for (uint32_t i = 1; i < PLACES - 2; i++)
		expect(10 + i);
	expect(5);
	expect_empty();
}

static void
the_share_has_room_for_all_its_bytes(void **state)
{
	const struct board_item item = {.class = BOARD_FIFO,
	                                .lane = MSG_LANE_LEARNER,
	                                .sid = 2,
	                                .number = 5,
	                                .member = true};

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(put_len(item, i, BOARD_QUEUE_SHARE / 4), BOARD_QUEUE_OK);
	assert_int_equal(put_len(item, 4, 4), BOARD_QUEUE_REFUSED);
	for (uint32_t i = 0; i < 4; i++)
		expect(i);
	expect_empty();
}

/* Who sends too many packets is refused; another connection is not, even of its sid. */
static void
a_flood_of_packets_costs_its_connection(void **state)
{
	(void)state;
	packet(5, 1);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		assert_int_equal(packet(6, 100 + i), BOARD_QUEUE_OK);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(packet(6, 999), BOARD_QUEUE_REFUSED);
	for (uint64_t n = 7; n < 7 + REMOTES * CONNS - 2; n++)
		assert_int_equal(packet(n, (uint32_t)n), BOARD_QUEUE_OK);
	assert_int_equal(packet(5, 2), BOARD_QUEUE_OK);
	expect(1);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		expect(100 + i);
	assert_int_equal(packet(6, 3), BOARD_QUEUE_OK);
	for (uint32_t n = 7; n < 7 + REMOTES * CONNS - 2; n++)
		expect(n);
	expect(2);
	expect(3);
	expect_empty();
}

/* Connections that come and go while the link is full leave nothing, however many. */
static void
a_flood_of_connections_leaves_nothing(void **state)
{
	(void)state;
	packet(5, 1); /* the worker knows connection 5, */
	conn(5, false, 2);
	for (uint64_t n = 6; n < 100000; n++) { /* and none of these */
		assert_int_equal(conn(n, true, 999), BOARD_QUEUE_OK);
		assert_int_equal(packet(n, 999), BOARD_QUEUE_OK);
		assert_int_equal(conn(n, false, 999), BOARD_QUEUE_OK);
	}
	conn(100000, true, 3);
	packet(100000, 4);
	expect(2); /* what waited of 5 went with it */
	expect(3);
	expect(4);
	expect_empty();
}

static void
the_newest_state_of_a_link_counts(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		assert_int_equal(election_link(1, i & 1, 1000000 + i), BOARD_QUEUE_OK);
		if (i < BOARD_QUEUE_FRAMES)
			vote(1, i);
	}
	election_link(2, true, 7);
	conn(0, false, 8); /* an attempt that failed, of the other lane */
	conn(0, false, 9);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		expect(i);
	expect(1099999);
	expect(7);
	expect(9);
	expect_empty();
}

static void
too_much_control_ends_the_link(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= REMOTES * CONNS; n++)
		assert_int_equal(conn(n, true, n), BOARD_QUEUE_OK);
	for (uint32_t i = 0; i < BOARD_QUEUE_CONTROL; i++)
		assert_int_equal(control(i), BOARD_QUEUE_OK);
	assert_int_equal(control(999), BOARD_QUEUE_OVERFLOW);
	assert_int_equal(vote(1, 1), BOARD_QUEUE_OK);
	assert_int_equal(election_link(1, true, 1), BOARD_QUEUE_OK);
	for (uint32_t n = 1; n <= REMOTES * CONNS; n++)
		expect(n);
	assert_int_equal(control(999), BOARD_QUEUE_OVERFLOW);
	expect(0);
	assert_int_equal(control(999), BOARD_QUEUE_OK);
	assert_true(board_queue_count(queue) - board_queue_frames(queue) <=
	            board_queue_control_max(queue));
	board_queue_clear(queue);
	expect_empty();
	for (uint32_t i = 0; i < BOARD_QUEUE_CONTROL; i++)
		assert_int_equal(control(i), BOARD_QUEUE_OK);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES; i++)
		assert_int_equal(vote(1, i), BOARD_QUEUE_OK);
}

/* Large, and the newest replace those that wait; they take the room of nothing else. */
static void
the_newest_members_count(void **state)
{
	struct board_item members = {.class = BOARD_MEMBERS};
	size_t len;

	(void)state;
	assert_int_equal(put_len(members, 1, MSG_MAX), BOARD_QUEUE_OK);
	assert_int_equal(control(2), BOARD_QUEUE_OK);
	assert_int_equal(put_len(members, 3, 500), BOARD_QUEUE_OK);
	assert_int_equal(board_queue_count(queue), 2);
	assert_int_equal(board_queue_frames(queue), 0);
	expect(2);
	assert_non_null(board_queue_first(queue, &len));
	assert_int_equal(len, 500);
	expect(3);
	expect_empty();
	for (uint32_t i = 0; i < BOARD_QUEUE_CONTROL; i++)
		assert_int_equal(control(i), BOARD_QUEUE_OK);
	assert_int_equal(put_len(members, 4, MSG_MAX), BOARD_QUEUE_OK);
	assert_int_equal(control(999), BOARD_QUEUE_OVERFLOW);
	assert_true(board_queue_count(queue) <= board_queue_control_max(queue));
	board_queue_clear(queue);
	expect_empty();
}

/* A larger one takes over what waits, in its order, and has room for more. */
static void
moved_to_a_larger_one(void **state)
{
	struct board_queue *larger = board_queue_new(4 * REMOTES, CONNS);

	(void)state;
	assert_non_null(larger);
	control(1);
	vote(2, 2);
	election_link(3, true, 3);
	put_len((struct board_item){.class = BOARD_MEMBERS}, 4, 9000);
	vote(50, 5); /* a stranger */
	vote(2, 6);
	board_queue_move(queue, larger);
	expect_empty();
	board_queue_free(queue);
	queue = larger;
	assert_int_equal(board_queue_count(queue), 6);
	assert_int_equal(board_queue_frames(queue), 3);
	/* the newer state of the link and the next vote find what is theirs */
	assert_int_equal(election_link(3, false, 7), BOARD_QUEUE_OK);
	for (uint32_t i = 0; i < BOARD_QUEUE_FRAMES - 2; i++)
		assert_int_equal(vote(2, 100), BOARD_QUEUE_OK);
	assert_int_equal(vote(2, 100), BOARD_QUEUE_DROPPED);
	for (int64_t sid = 60; sid < 60 + 4 * REMOTES * CONNS - 2; sid++)
		assert_int_equal(vote(sid, 8), BOARD_QUEUE_OK);
	assert_int_equal(vote(1, 9), BOARD_QUEUE_DROPPED); /* the stranger's */
	expect(1);
	expect(4);
	expect(6);
	expect(7);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make, drop)
	const struct CMUnitTest tests[] = {
	    T(first_in_first_out),
	    T(a_flood_of_votes_costs_its_sender),
	    T(large_votes_use_the_share_up),
	    T(strangers_make_room_for_members),
	    T(members_make_no_room),
	    T(the_share_has_room_for_all_its_bytes),
	    T(a_flood_of_packets_costs_its_connection),
	    T(a_flood_of_connections_leaves_nothing),
	    T(the_newest_state_of_a_link_counts),
	    T(too_much_control_ends_the_link),
	    T(the_newest_members_count),
	    T(moved_to_a_larger_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
