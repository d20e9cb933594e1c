/* connmgr/greet: a listener without descriptors. */
#include "tests/unit/greet_kit.h"

#include "base/clock.h"
#include "connmgr/address.h"

#include <fcntl.h>
#include <sys/resource.h>

#define GUESTS 3
#define TURNS  200

static sd_event *loop;
static struct resolver *resolver;
static struct greet *greet;
static struct conf conf;
static struct rlimit before;
static struct address address;
static struct stream guests[GUESTS + 1];

static int
set_up(void **state)
{
	uint16_t port = free_port();

	(void)state;
	conf.server_count = 1;
	conf.self = &conf.servers[0];
	strcpy(conf.servers[0].host, "127.0.0.1");
	conf.links.handshake_ms = 60000;
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(resolve_new(&resolver, loop), 0);
	assert_int_equal(greet_new(&greet, loop, resolver, &conf, "test", port, GUESTS,
	                           &greet_ops, NULL),
	                 0);
	greet_start(greet);
	assert_true(address_parse("127.0.0.1", port, &address));
	for (unsigned i = 0; i < GUESTS; i++) {
		assert_int_equal(stream_connect(&guests[i], &address, &conf), 0);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	setrlimit(RLIMIT_NOFILE, &before);
	greet_free(greet);
	resolve_free(resolver);
	loop = sd_event_unref(loop);
	assert_int_equal(close_range(STDERR_FILENO + 1, ~0U, 0), 0);
	return 0;
}

/* Turns of the loop in which something happened. */
static unsigned
busy_turns(void)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < TURNS; i++)
		busy += sd_event_run(loop, 0) > 0;
	return busy;
}

/* No descriptor is left below `limit`. */
static void
use_up(rlim_t limit)
{
	struct rlimit few = {limit, before.rlim_max};

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (dup(STDIN_FILENO) >= 0)
		;
}

/* The reserve turns them away, one after the other. */
static void
without_descriptors(void **state)
{
	(void)state;
	use_up(64);
	assert_true(busy_turns() <= GUESTS + 1);
	assert_int_equal(greet_view(greet)->shed, GUESTS);
	assert_int_equal(greet_view(greet)->accepted, 0);
	assert_true(greet_due_ms(greet) == UINT64_MAX);
}

/* Somebody else took what the reserve gave up. */
static void
without_the_reserve(void **state)
{
	uint64_t due;

	(void)state;
	use_up(3);
	assert_true(busy_turns() <= 2);
	due = greet_due_ms(greet);
	assert_true(due != UINT64_MAX);
	greet_on_due(greet, due);
	assert_true(busy_turns() <= 1); /* and again */
	due = greet_due_ms(greet);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(busy_turns(), 0);
	greet_on_due(greet, due);
	assert_true(greet_due_ms(greet) == UINT64_MAX);
	busy_turns();
	assert_int_equal(greet_view(greet)->accepted, GUESTS);
	assert_int_equal(greet_view(greet)->pending, GUESTS);
	/* the reserve is there again */
	assert_int_equal(stream_connect(&guests[GUESTS], &address, &conf), 0);
	use_up(64);
	busy_turns();
	assert_int_equal(greet_view(greet)->shed, 1);
}

/* A server that is not in its own list, and is told later where it is. */
static void
when_it_is_told(void **state)
{
	uint16_t port = free_port();
	const struct qconfig_addr at[] = {{"127.0.0.1", port},
	                                  {"127.0.0.3", (uint16_t)(port + 1)},
	                                  {"127.0.0.2", port}};
	struct greet *late;
	struct stream guest;

	(void)state;
	conf.self = NULL;
	assert_int_equal(
	    greet_new(&late, loop, resolver, &conf, "late", 0, GUESTS, &greet_ops, NULL),
	    0);
	greet_start(late);
	assert_int_equal(greet_view(late)->listener_count, 0);
	assert_true(greet_due_ms(late) == UINT64_MAX);
	greet_listen(late, at, 3);
	greet_listen(late, at + 1, 1);
	assert_int_equal(greet_view(late)->listener_count, 2);
	for (unsigned i = 0; i < 3; i += 2) {
		assert_true(greet_view(late)->listeners[i / 2].open);
		assert_true(address_parse(at[i].host, port, &address));
		assert_int_equal(stream_connect(&guest, &address, &conf), 0);
		busy_turns();
		stream_close(&guest);
	}
	assert_int_equal(greet_view(late)->accepted, 2);
	greet_free(late);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_the_reserve),
	    TEST(without_descriptors),
	    TEST(when_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
