/* The link, over nng and over SOCK_SEQPACKET: every test runs with both. */
#include "tests/unit/chan_kit.h"

static void
test_both_ways(void **state)
{
	static const size_t sizes[] = {4, 64, MSG_FRAME_MAX, MSG_MAX};
	struct end a, b;
	unsigned sent = 0;

	(void)state;
	link_up(&a, &b);
	for (unsigned i = 0; i < 200; i++, sent++) {
		numbered(sent, 64);
		assert_int_equal(chan_send(a.chan, packet, 64), 0);
		assert_int_equal(chan_send(b.chan, packet, 64), 0);
		until(&a.messages, sent + 1);
		until(&b.messages, sent + 1);
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++, sent++) {
		numbered(sent, sizes[i]);
		assert_int_equal(chan_send(a.chan, packet, sizes[i]), 0);
		assert_int_equal(chan_send(b.chan, packet, sizes[i]), 0);
		until(&a.messages, sent + 1);
		until(&b.messages, sent + 1);
		assert_int_equal(a.last_len, sizes[i]);
		assert_int_equal(b.last_len, sizes[i]);
	}
	assert_int_equal(a.ups + b.ups, 2);
	assert_int_equal(access(path, F_OK), -1);
	close_ends(&a, &b);
}

static void
test_refused_sends(void **state)
{
	struct end a, b;

	(void)state;
	open_ends(&a, &b);
	assert_int_equal(chan_send(a.chan, packet, 4), -ENOTCONN);
	assert_int_equal(chan_send(b.chan, packet, 4), -ENOTCONN);
	until(&a.ups, 1);
	until(&b.ups, 1);
	assert_int_equal(chan_send(a.chan, packet, 0), -EMSGSIZE);
	assert_int_equal(chan_send(a.chan, packet, MSG_MAX + 1), -EMSGSIZE);
	close_ends(&a, &b);
	chan_close(NULL);
}

/* More than the link holds: the rest is said from on_writable, nothing is lost. */
static void
overfill(unsigned count, size_t len, unsigned fit_min)
{
	struct end a, b;
	struct sender s = {.from = &b, .count = count, .len = len};

	link_up(&a, &b);
	b.on_room = &s;
	go_on(&s);
	assert_true(s.next > fit_min && s.next < s.count);
	assert_int_equal(chan_send(b.chan, packet, 4), CHAN_FULL);
	assert_int_equal(b.writables, 0);
	until(&a.messages, s.count);
	assert_true(b.writables > 0);
	assert_int_equal(a.last_len, s.len);
	close_ends(&a, &b);
}

static void
test_full(void **state)
{
	(void)state;
	overfill(6000, 1000, 60);
	overfill(400, MSG_MAX, 2); /* over nng, each in two pieces */
	overfill(400, 31996, 2);   /* one piece, which fills a batch */
	overfill(400, 31997, 2);
}

static void
test_closed_by_the_other(void **state)
{
	struct end a, b;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		link_up(&a, &b);
		chan_close(i % 2 ? a.chan : b.chan);
		until(i % 2 ? &b.downs : &a.downs, 1);
		assert_string_equal(i % 2 ? b.why : a.why, "closed by the other side");
	}
}

static void
test_nobody_comes(void **state)
{
	struct end a = {0}, b = {0};
	uint64_t before_ms = clock_ms();

	(void)state;
	assert_int_equal(chan_open(&a.chan, kind, CHAN_LISTENS, loop, fresh_path(),
	                           SAME_USER, 60000, &ops, &a),
	                 0);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(chan_open(&b.chan, kind, CHAN_DIALS, loop,
	                           "/tmp/no-such-folder/link", SAME_USER, 60000, &ops,
	                           &b),
	                 0);
	until(&a.downs, 1);
	until(&b.downs, 1);
	assert_true(clock_ms() - before_ms >= 59);
	assert_string_equal(a.why, "not up in time");
	assert_string_equal(b.why, "not up in time");
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(a.ups + b.ups, 0);
}

static int
on_listen_now(sd_event_source *s, uint64_t usec, void *user)
{
	struct end *a = user;

	(void)s;
	(void)usec;
	assert_int_equal(chan_open(&a->chan, kind, CHAN_LISTENS, loop, path, SAME_USER,
	                           LINK_US, &ops, a),
	                 0);
	return 0;
}

static void
test_listener_comes_late(void **state)
{
	sd_event_source *timer = NULL;
	struct end a = {0}, b = {0};

	(void)state;
	assert_int_equal(chan_open(&b.chan, kind, CHAN_DIALS, loop, fresh_path(),
	                           SAME_USER, LINK_US, &ops, &b),
	                 0);
	assert_true(sd_event_add_time_relative(loop, &timer, CLOCK_MONOTONIC, 50000, 1000,
	                                       on_listen_now, &a) >= 0);
	until(&b.ups, 1);
	until(&a.ups, 1);
	sd_event_source_unref(timer);
	close_ends(&a, &b);
}

static void
test_close_in_callbacks(void **state)
{
	struct sender s = {.count = 100000, .len = 1000};
	struct end a, b;

	(void)state;
	open_ends(&a, &b); /* in on_up */
	a.close_in_up = true;
	until(&a.ups, 1);
	until(&b.downs, 1);
	assert_int_equal(a.downs, 0);

	link_up(&a, &b); /* in on_message, with more behind it */
	a.close_at = 3;
	s.from = &b;
	go_on(&s);
	until(&a.messages, 3);
	until(&b.downs, 1);
	assert_int_equal(a.messages, 3);
	assert_int_equal(a.downs, 0);

	link_up(&a, &b); /* in on_writable */
	b.close_in_writable = true;
	s = (struct sender){.from = &b, .count = 100000, .len = 1000};
	go_on(&s);
	until(&b.writables, 1);
	until(&a.downs, 1);
	assert_int_equal(b.downs, 0);
	assert_false(a.disordered);
}

static void
test_bad_addresses(void **state)
{
	static char long_path[200];
	struct chan *none = NULL;
	struct end e = {0};

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	assert_int_equal(chan_open(&none, kind, CHAN_LISTENS, loop, long_path, SAME_USER,
	                           LINK_US, &ops, &e),
	                 -ENAMETOOLONG);
	assert_int_equal(chan_open(&none, kind, CHAN_LISTENS, loop,
	                           "/tmp/no-such-folder/link", SAME_USER, LINK_US, &ops,
	                           &e),
	                 -ENOENT);
	assert_null(none);
}

/* Only nng's closes can be stuck, and they are counted. */
static void
test_stuck_closes(void **state)
{
	(void)state;
	if (kind == CHAN_SEQPACKET)
		assert_int_equal(chan_stuck_closes(), 0);
	else
		assert_true(chan_stuck_closes() < 200);
}

static int
run_all(enum chan_kind with)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_stuck_closes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_both_ways, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_refused_sends, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_full, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_closed_by_the_other, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_nobody_comes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_listener_comes_late, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_close_in_callbacks, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_bad_addresses, set_up, tear_down),
	};

	kind = with;
	print_message("--- %s\n", with == CHAN_NNG ? "nng" : "seqpacket");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
	int failed;

	snprintf(folder, sizeof(folder), "/tmp/test_chan.XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	failed = run_all(CHAN_SEQPACKET);
	failed += run_all(CHAN_NNG);
	rmdir(folder);
	/* no waiting for closes that are under way: see chan_nng.c */
	fflush(NULL);
	_exit(failed != 0);
}
