/* More cgroups of one hold (peer/hold), such as those of units that are started again. */
#include "tests/unit/hold_kit.h"

static void
each_is_killed(void **state)
{
	int sock = hold("a", false);

	(void)state;
	publish(60000);
	assert_string_equal(ask_with(sock, "kills 1", O_WRONLY), "ok");
	assert_string_equal(ask_with(sock, "kills 32", O_WRONLY), "ok");
	assert_int_equal(kills(), 0);
	publish(0);
	assert_int_equal(kills(), 2);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	close(sock);
}

/* The next one of a number takes the place of the last one, and is one kill. */
static void
the_last_of_a_number_counts(void **state)
{
	int sock = hold("a", true);

	(void)state;
	publish(60000);
	for (unsigned i = 0; i < 3 * HOLD_KILLS_ALL; i++)
		assert_string_equal(ask_with(sock, "kills 7", O_WRONLY), "ok");
	publish(0);
	assert_int_equal(kills(), 2);
	close(sock);
}

static void
refused_kills(void **state)
{
	int sock = hold("a", false), other = local_connect(path);

	(void)state;
	assert_string_equal(ask_with(other, "kills 1", O_WRONLY),
	                    "this connection does not hold");
	assert_non_null(strstr(ask_with(sock, "kills 0", O_WRONLY), "from 1 to 32"));
	assert_non_null(strstr(ask_with(sock, "kills 33", O_WRONLY), "from 1 to 32"));
	assert_non_null(strstr(ask(sock, "kills 1"), "cgroup.kill"));
	assert_non_null(strstr(ask_with(sock, "kills 1", O_RDONLY), "cgroup.kill"));
	no_cgroup = true;
	assert_non_null(strstr(ask_with(sock, "kills 1", O_WRONLY), "cgroup.kill"));
	no_cgroup = false;
	publish(60000);
	publish(0);
	assert_int_equal(kills(), 0);
	close(sock);
	close(other);
}

/* Few hold much: the descriptors of this process are not used up. */
static void
not_more_than_all(void **state)
{
	int socks[5];
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		socks[i] = hold("a", false);
	for (unsigned i = 0; i < HOLD_KILLS_ALL; i++) {
		snprintf(text, sizeof(text), "kills %u", i % 32 + 1);
		assert_string_equal(ask_with(socks[i / 32], text, O_WRONLY), "ok");
	}
	assert_non_null(strstr(ask_with(socks[4], "kills 1", O_WRONLY), "128"));
	assert_string_equal(ask_with(socks[0], "kills 1", O_WRONLY), "ok");
	assert_string_equal(ask(socks[0], "let go"), "ok");
	assert_string_equal(ask_with(socks[4], "kills 1", O_WRONLY), "ok");
	for (unsigned i = 0; i < 5; i++)
		close(socks[i]);
}

/* What comes when time is up already is killed at once; and so is that of a hold that
 * broke. */
static void
late_or_broken(void **state)
{
	int sock = hold("a", false), other = hold("b", false);
	uint64_t end_ms;

	(void)state;
	assert_string_equal(ask_with(other, "kills 1", O_WRONLY), "ok");
	end_ms = publish(100);
	close(other);
	until_gone(1);
	until_kills(1);
	let_pass(end_ms);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	assert_int_equal(kills(), 1);
	assert_string_equal(ask_with(sock, "kills 3", O_WRONLY), "ok");
	until_kills(3); /* and again, until it lets go */
	assert_string_equal(ask(sock, "let go"), "ok");
	close(sock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_is_killed), TEST(the_last_of_a_number_counts),
	    TEST(refused_kills),  TEST(not_more_than_all),
	    TEST(late_or_broken),
	};

	return hold_kit_run(tests);
}
