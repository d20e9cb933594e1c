/* ipc/queue: packets in order, of which a keyed one takes the place of another of its
 * key. */
#include "ipc/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
put(struct queue *q, const int64_t *key, const char *text)
{
	assert_true(queue_add(q, key, text, strlen(text)));
}

/* The packets are these words, in this order; nothing is left. */
static void
expect(struct queue *q, const char *const *words)
{
	unsigned count = 0;

	while (words[count])
		count++;
	assert_int_equal(q->count, count);
	for (; *words; words++) {
		assert_non_null(q->first);
		assert_int_equal(q->first->len, strlen(*words));
		assert_memory_equal(q->first->data, *words, strlen(*words));
		queue_remove_first(q);
		assert_int_equal(q->count, --count);
	}
	assert_null(q->first);
}

static void
test_order(void **state)
{
	struct queue q = {0};

	(void)state;
	put(&q, NULL, "a");
	put(&q, NULL, "a");
	put(&q, NULL, "");
	put(&q, NULL, "bb");
	expect(&q, (const char *const[]){"a", "a", "", "bb", NULL});
}

/* The newer packet comes last. One without a key has the key 0 of nobody. */
static void
test_keys(void **state)
{
	const int64_t zero = 0, three = 3;
	struct queue q = {0};

	(void)state;
	put(&q, &three, "old");
	put(&q, NULL, "state");
	put(&q, &zero, "zero");
	put(&q, &three, "new");
	put(&q, &zero, "zero again");
	put(&q, NULL, "other");
	assert_int_equal(q.count, 4);
	expect(&q, (const char *const[]){"state", "new", "zero again", "other", NULL});
}

static void
test_clear(void **state)
{
	struct queue q = {0};

	(void)state;
	queue_clear(&q);
	put(&q, NULL, "a");
	put(&q, NULL, "b");
	queue_clear(&q);
	expect(&q, (const char *const[]){NULL});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_clear),
	};

	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
