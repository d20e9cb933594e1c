/* The record with two slots: what a slot looks like, and that no change of it is missed.
 */
#include "base/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BIG (16 * SLOTS_PAGE)

/* of a slot: all of this runs with a small one, and with a big one */
static size_t size;

/* bytes to the next one that is looked at: each in a small slot, and at the end */
#define STRIDE (size / SLOTS_PAGE)

static void
is_text(void **state)
{
	static const char body[] = "conclave test 1\nvalue 7\n";
	static char block[BIG];
	const char *found;
	uint64_t count;
	size_t len;

	(void)state;
	assert_true(slots_encode(block, size, 12, body, strlen(body)));
	/* computed by another program: CRC-32C of the bytes after the first line */
	assert_memory_equal(block,
	                    size == BIG ? "crc32c 7efb6825\n" : "crc32c a9507ee6\n", 16);
	assert_memory_equal(block + 16, "count 12\nconclave test 1\nvalue 7\n ",
	                    strlen(body) + 10);
	for (size_t i = strlen(body) + 25; i < size - 1; i++)
		assert_int_equal(block[i], ' ');
	assert_int_equal(block[size - 1], '\n');
	assert_true(slots_decode(block, size, &count, &found, &len));
	assert_int_equal(count, 12);
	assert_int_equal(len, strlen(body));
	assert_memory_equal(found, body, len);
}

static void
holds_so_much(void **state)
{
	static char body[BIG], block[BIG];
	const size_t max = SLOTS_BODY_MAX(size);
	const char *found;
	uint64_t count;
	size_t len;

	(void)state;
	memset(body, 'x', sizeof(body));
	body[max - 1] = '\n';
	assert_true(slots_encode(block, size, UINT64_MAX, body, max));
	assert_true(slots_decode(block, size, &count, &found, &len));
	assert_true(count == UINT64_MAX);
	assert_int_equal(len, max);
	body[max] = '\n';
	assert_false(slots_encode(block, size, 1, body, max + 1));
	assert_false(slots_encode(block, size, 1, body, 0));
	assert_false(slots_encode(block, size, 1, "no newline", 10));
}

static void
every_changed_byte_is_seen(void **state)
{
	static char block[BIG], bad[BIG];
	const char *body;
	uint64_t count;
	size_t len;

	(void)state;
	assert_true(slots_encode(block, size, 3, "value 3\n", 8));
	for (size_t i = 0; i < size; i += i < size - 2 * STRIDE ? STRIDE : 1) {
		memcpy(bad, block, size);
		bad[i] ^= (char)(1 << i % 7);
		assert_false(slots_decode(bad, size, &count, &body, &len));
	}
	memset(bad, 0, sizeof(bad));
	assert_false(slots_decode(bad, size, &count, &body, &len));
	memset(bad, ' ', sizeof(bad));
	assert_false(slots_decode(bad, size, &count, &body, &len));
}

/* The front of one write and the end of another, at each byte. */
static void
every_torn_write_is_seen(void **state)
{
	static char old[BIG], new[BIG], torn[BIG];
	const char *body;
	uint64_t count;
	size_t len;

	(void)state;
	assert_true(slots_encode(old, size, 9, "value 9\nlong\n", 13));
	assert_true(slots_encode(new, size, 10, "value 10\n", 9));
	for (size_t i = 1; i < size; i += i < size - 2 * STRIDE ? STRIDE : 1) {
		bool whole;

		memcpy(torn, new, i);
		memcpy(torn + i, old + i, size - i);
		whole = memcmp(torn, new, size) == 0 || memcmp(torn, old, size) == 0;
		assert_int_equal(slots_decode(torn, size, &count, &body, &len), whole);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_text),
	    cmocka_unit_test(holds_so_much),
	    cmocka_unit_test(every_changed_byte_is_seen),
	    cmocka_unit_test(every_torn_write_is_seen),
	};
	int failed = 0;

	for (size = SLOTS_PAGE; size <= BIG; size += BIG - SLOTS_PAGE)
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed;
}
