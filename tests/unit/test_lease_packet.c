/* wire/lease_packet: what a PING says of leases. */
#include "wire/lease_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const unsigned char sample[LEASE_PACKET_LEN] = {
    1, LEASE_TRANSFER, 0, 0, 1, 44, 0, 0, 0, 0, 0, 0, 1, 2};

static struct qpacket
ping(const unsigned char *data, size_t len)
{
	return (struct qpacket){.type = QPACKET_PING, .data = data, .data_len = len};
}

static void
the_bytes_are_fourteen(void **state)
{
	const struct lease_packet said = {LEASE_TRANSFER, 300, 258};
	unsigned char bytes[LEASE_PACKET_LEN];
	struct lease_packet back;
	struct qpacket p = ping(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(lease_packet_put(&said, bytes, sizeof(bytes)), sizeof(bytes));
	assert_memory_equal(bytes, sample, sizeof(bytes));
	assert_true(lease_packet_get(&p, &back));
	assert_int_equal(back.flags, LEASE_TRANSFER);
	assert_int_equal(back.ms, 300);
	assert_int_equal(back.sid, 258);
	assert_int_equal(lease_packet_put(&said, bytes, sizeof(bytes) - 1), 0);
}

static void
the_largest_and_the_smallest_go_through(void **state)
{
	const struct lease_packet said = {31, UINT32_MAX, INT64_MIN};
	unsigned char bytes[20];
	struct lease_packet back;
	struct qpacket p = ping(bytes, lease_packet_put(&said, bytes, sizeof(bytes)));

	(void)state;
	assert_true(lease_packet_get(&p, &back));
	assert_int_equal(back.flags, 31);
	assert_int_equal(back.ms, UINT32_MAX);
	assert_true(back.sid == INT64_MIN);
}

static void
nothing_else_is_one(void **state)
{
	unsigned char bytes[LEASE_PACKET_LEN + 1] = {0};
	struct lease_packet back = {7, 8, 9};
	struct qpacket p = ping(bytes, 0);

	(void)state;
	memcpy(bytes, sample, sizeof(sample));
	for (p.data_len = 0; p.data_len <= sizeof(bytes); p.data_len++)
		assert_int_equal(p.data_len == LEASE_PACKET_LEN,
		                 lease_packet_get(&p, &back) ? 1 : 0);
	back = (struct lease_packet){7, 8, 9};
	p = ping(bytes, LEASE_PACKET_LEN);
	p.type = QPACKET_ACK;
	assert_false(lease_packet_get(&p, &back));
	p = ping(bytes, LEASE_PACKET_LEN);
	bytes[0] = 2; /* a version to come */
	assert_false(lease_packet_get(&p, &back));
	p = ping(NULL, 0);
	assert_false(lease_packet_get(&p, &back));
	assert_int_equal(back.flags, 7);
	assert_int_equal(back.ms, 8);
	assert_int_equal(back.sid, 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_bytes_are_fourteen),
	    cmocka_unit_test(the_largest_and_the_smallest_go_through),
	    cmocka_unit_test(nothing_else_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
