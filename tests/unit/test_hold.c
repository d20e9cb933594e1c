/* Who holds at a door (peer/hold): by word, broken, asked; and the kill at the end of a
 * lease. */
#include "tests/unit/hold_kit.h"

static void
by_word(void **state)
{
	int sock = hold("backup", false), other = hold("sync", false);

	(void)state;
	assert_int_equal(holds_count(holds), 2);
	assert_string_equal(ask(sock, "again"), "this connection holds already");
	assert_string_equal(ask(sock, "let go"), "ok");
	assert_int_equal(holds_count(holds), 1);
	assert_string_equal(ask(sock, "let go"), "this connection does not hold");
	assert_string_equal(ask(sock, "again"), "ok");
	assert_string_equal(ask(sock, "let go"), "ok");
	close(sock);
	assert_string_equal(ask(other, "let go"), "ok");
	assert_int_equal(holds_count(holds), 0);
	assert_false(holds_take_broken(holds));
	close(other);
}

static void
broken(void **state)
{
	int sock = hold("backup", false);

	(void)state;
	close(sock);
	until_gone(1);
	assert_int_equal(holds_count(holds), 0);
	assert_true(holds_take_broken(holds));
	assert_false(holds_take_broken(holds));
}

/* Who was asked and does not let go is told that it is over, and then cut off: all but
 * the kill at the end of its lease is as if its connection had ended. */
static void
ended_by_us(void **state)
{
	int first = hold("backup", false), second = hold("sync", true);
	char text[HOLD_TEXT_MAX], want[HOLD_TEXT_MAX];

	(void)state;
	assert_string_equal(ask(second, "let go"), "ok");
	second = hold("sync", true);
	publish(60000);
	snprintf(want, sizeof(want), "hold %d (backup) of process %d", 1, (int)getpid());
	assert_string_equal(strchr(holds_oldest(holds, text), '('), strchr(want, '('));
	assert_int_equal(holds_break(holds), 2);
	assert_string_equal(hear(first), "{\"stop\":\"lost\",\"grace\":false}");
	assert_string_equal(hear(second), "{\"stop\":\"lost\",\"grace\":false}");
	assert_int_equal(gone, 2);
	assert_int_equal(holds_count(holds), 0);
	assert_true(holds_take_broken(holds));
	assert_string_equal(holds_oldest(holds, text), "");
	assert_int_equal(kills(), 0);
	assert_int_equal(holds_break(holds), 0);
	close(first);
	close(second);
}

static void
refused(void **state)
{
	char name[HOLD_NAME_MAX + 2];
	int socks[HOLD_MAX], sock = local_connect(path);

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_non_null(strstr(ask(sock, name), "name"));
	assert_non_null(strstr(ask(sock, "a\nb"), "name"));
	assert_non_null(strstr(ask_with(sock, "x", O_RDONLY), "cgroup.kill"));
	no_cgroup = true;
	assert_non_null(strstr(ask_with(sock, "x", O_WRONLY), "cgroup.kill"));
	no_cgroup = false;
	assert_int_equal(holds_count(holds), 0);
	name[HOLD_NAME_MAX] = '\0';
	assert_string_equal(ask_with(sock, name, O_RDWR), "ok");
	assert_string_equal(ask(sock, "let go"), "ok");
	for (unsigned i = 0; i < HOLD_MAX; i++)
		socks[i] = hold("x", i % 2);
	assert_non_null(strstr(ask(sock, "x"), "32"));
	assert_string_equal(ask(socks[0], "let go"), "ok");
	assert_string_equal(ask(sock, "x"), "ok");
	for (unsigned i = 0; i < HOLD_MAX; i++)
		close(socks[i]);
	until_gone(HOLD_MAX - 1);
	assert_int_equal(holds_count(holds), 1);
	close(sock);
}

static void
asked(void **state)
{
	static const char step_down[] = "step-down", stopping[] = "stopping";
	int sock = hold("a", false), other = local_connect(path);

	(void)state;
	publish(60000);
	holds_ask(holds, step_down);
	assert_string_equal(hear(sock), "{\"stop\":\"step-down\",\"grace\":true}");
	holds_ask(holds, step_down); /* once */
	assert_non_null(strstr(ask(other, "b"), "hands its leadership over"));
	holds_ask(holds, stopping);
	assert_string_equal(hear(sock), "{\"stop\":\"stopping\",\"grace\":true}");
	assert_string_equal(ask(sock, "let go"), "ok");
	publish(0);
	holds_allow(holds);
	assert_string_equal(ask(other, "b"), "ok");
	holds_ask(holds, step_down);
	assert_string_equal(hear(other), "{\"stop\":\"step-down\",\"grace\":true}");
	close(sock);
	close(other);
}

/* What one that does not read was to be told it is told when it reads: the newest word.
 */
static void
told_when_it_reads(void **state)
{
	static const char fill[] = "an answer", stopping[] = "stopping";
	int other = hold("b", false), sock = hold("a", false);
	unsigned sent = 0;

	(void)state;
	publish(60000);
	while (door_send(asker, fill, sizeof(fill) - 1) == 0)
		sent++;
	holds_ask(holds, "step-down");
	holds_ask(holds, stopping);
	assert_true(holds_has(holds, asker));
	assert_int_equal(holds_count(holds), 2);
	assert_int_equal(gone, 0);
	for (; sent > 0; sent--)
		assert_string_equal(hear(sock), fill);
	assert_string_equal(hear(sock), "{\"stop\":\"stopping\",\"grace\":true}");
	holds_ask(holds, stopping); /* once */
	assert_string_equal(ask(sock, "let go"), "ok");
	assert_string_equal(hear(other), "{\"stop\":\"step-down\",\"grace\":true}");
	assert_string_equal(hear(other), "{\"stop\":\"stopping\",\"grace\":true}");
	assert_string_equal(ask(other, "let go"), "ok");
	close(other);
	assert_false(holds_has(holds, asker));
	close(sock);
}

/* At the end, not before it, and again until the holder lets go. */
static void
killed_at_the_end(void **state)
{
	int sock = hold("a", true), none = hold("b", false);
	uint64_t end_ms;

	(void)state;
	publish(60000);
	end_ms = publish(200);
	until_kills(1);
	assert_true(clock_ms() >= end_ms);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	assert_string_equal(hear(none), "{\"stop\":\"lost\",\"grace\":false}");
	until_kills(3);
	assert_true(has_heard_nothing(sock));
	assert_string_equal(ask(sock, "let go"), "ok");
	assert_string_equal(ask(none, "let go"), "ok");
	assert_int_equal(holds_count(holds), 0);
	close(sock);
	close(none);
}

/* Neither without a lease, nor after the holder has let go, nor of one that came later.
 */
static void
not_killed(void **state)
{
	int sock = hold("a", true), late;
	uint64_t end_ms;

	(void)state;
	publish(60000);
	assert_string_equal(ask(sock, "let go"), "ok");
	end_ms = publish(30);
	let_pass(end_ms);
	late = hold("late", true);
	for (unsigned i = 0; i < 20; i++)
		assert_true(sd_event_run(loop, 10000) >= 0);
	publish(60000);
	publish(60000);
	assert_int_equal(kills(), 0);
	assert_true(has_heard_nothing(late));
	assert_string_equal(ask(late, "let go"), "ok");
	publish(0);
	assert_int_equal(kills(), 0);
	close(sock);
	close(late);
}

/* A hold that broke is killed at the end, too, and forgotten then; without a cgroup, or
 * where it came after the end, it is forgotten at once. */
static void
killed_when_broken(void **state)
{
	int sock = hold("a", true), none = hold("b", false);
	uint64_t end_ms = publish(100);
	char text[512];
	struct buf_out out;

	(void)state;
	close(sock);
	close(none);
	until_gone(2);
	assert_int_equal(holds_count(holds), 0);
	until_kills(1);
	assert_true(clock_ms() >= end_ms);
	let_pass(end_ms);
	close(hold("c", true));
	until_gone(3);
	buf_out_init(&out, text, sizeof(text));
	holds_put(holds, &out, "holds");
	assert_int_equal(out.len, strlen("\"holds\":[]"));
	publish(30);
	publish(0);
	assert_int_equal(kills(), 1);
}

/* The next lease is published when the last one has passed, and the loop was too late to
 * see that: what ran until then is killed before. One that is renewed in time is not. */
static void
killed_before_the_next(void **state)
{
	int sock = hold("a", true);
	uint64_t end_ms = publish(20);

	(void)state;
	while (clock_ms() < end_ms)
		usleep(1000);
	publish(60000);
	assert_int_equal(kills(), 1);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	publish(60000);
	assert_int_equal(kills(), 1);
	publish(0); /* released, and it has not let go */
	assert_int_equal(kills(), 2);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	close(sock);
}

/* Leadership ended before the lease: who has it is told, and lives until its end. */
static void
lost_before_the_end(void **state)
{
	int sock = hold("a", true), late;
	uint64_t end_ms;

	(void)state;
	holds_lose(holds); /* there was no lease */
	end_ms = publish(100);
	holds_lose(holds);
	assert_string_equal(hear(sock), "{\"stop\":\"lost\",\"grace\":false}");
	until_kills(1);
	assert_true(clock_ms() >= end_ms);
	assert_string_equal(ask(sock, "let go"), "ok");
	let_pass(end_ms);
	late = hold("late", false);
	holds_lose(holds);
	assert_true(has_heard_nothing(late));
	close(sock);
	close(late);
}

static void
as_json(void **state)
{
	char text[512];
	struct buf_out out;
	int sock;

	(void)state;
	buf_out_init(&out, text, sizeof(text));
	holds_put(holds, &out, "holds");
	assert_memory_equal(text, "\"holds\":[]", 10);
	sock = hold("a \"job\"", true);
	holds_ask(holds, "step-down");
	buf_out_init(&out, text, sizeof(text));
	holds_put(holds, &out, "holds");
	text[out.len] = '\0';
	assert_non_null(strstr(text, "{\"id\":1,\"name\":\"a \\\"job\\\"\",\"pid\":"));
	assert_non_null(
	    strstr(text, "\"kills\":true,\"broken\":false,\"asked\":\"step-down\"}]"));
	close(sock);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(by_word),
	    TEST(broken),
	    TEST(ended_by_us),
	    TEST(refused),
	    TEST(asked),
	    TEST(told_when_it_reads),
	    TEST(killed_at_the_end),
	    TEST(not_killed),
	    TEST(killed_when_broken),
	    TEST(killed_before_the_next),
	    TEST(lost_before_the_end),
	    TEST(as_json),
	};

	return hold_kit_run(tests);
}
