/* view/probe: the question's bytes, and which frame is its answer. */
#include "view/probe.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONFIG "server.1=a:1:2:participant\nversion=0"

static struct probe_server s;

static int
restart(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	return 0;
}

static void
addresses(void **state)
{
	static const struct {
		const char *text;
		const char *host; /* NULL: none */
		unsigned port;
	} cases[] = {
	    {"127.0.0.1:3888", "127.0.0.1", 3888},
	    {"zk1.example:1", "zk1.example", 1},
	    {"[::1]:65535", "::1", 65535},
	    {"[fe80::1%lo]:3888", "fe80::1%lo", 3888},
	    {"[zk1]:3888", "zk1", 3888},
	    {"::1:3888", NULL, 0},
	    {"::1", NULL, 0},
	    {"[::1]", NULL, 0},
	    {"[]:3888", NULL, 0},
	    {"[::1:3888", NULL, 0},
	    {"a", NULL, 0},
	    {"a:", NULL, 0},
	    {":3888", NULL, 0},
	    {"a:0", NULL, 0},
	    {"a:65536", NULL, 0},
	    {"a:+1", NULL, 0},
	    {"a:-1", NULL, 0},
	    {"a:3888x", NULL, 0},
	    {"", NULL, 0},
	};
	struct probe *p = calloc(1, sizeof(*p));
	char longest[PROBE_ADDRESS_MAX + 8];

	(void)state;
	assert_non_null(p);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p->count = 0;
		assert_int_equal(probe_add(p, cases[i].text), cases[i].host != NULL);
		assert_int_equal(p->count, cases[i].host != NULL);
		if (!cases[i].host)
			continue;
		assert_string_equal(p->servers[0].address, cases[i].text);
		assert_string_equal(p->servers[0].host, cases[i].host);
		assert_int_equal(p->servers[0].port, cases[i].port);
	}
	for (size_t host = 250; host < PROBE_ADDRESS_MAX; host++) {
		memset(longest, 'a', host);
		strcpy(longest + host, ":3888");
		p->count = 0;
		assert_int_equal(probe_add(p, longest), host < QCONFIG_HOST_MAX);
	}
	for (p->count = 0; p->count < PROBE_SERVERS_MAX;)
		assert_true(probe_add(p, "a:1"));
	assert_false(probe_add(p, "a:1"));
	free(p);
}

static void
sids(void **state)
{
	(void)state;
	assert_int_equal(probe_sid(0), ((int64_t)1 << 62) - 1);
	assert_true(probe_sid(UINT64_MAX) > (int64_t)1 << 61);
	assert_int_not_equal(probe_sid(1), probe_sid(2));
}

static void
question(void **state)
{
	static const unsigned char first[] = {
	    0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,             /* sid */
	    0,    0,    0,    28,   0,    0,    0,    0,                /* LOOKING */
	    0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,             /* leader */
	    0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0, 0, /* zxid, round */
	    0,    0,    0,    0,
	};
	unsigned char out[PROBE_QUESTION_MAX];

	(void)state;
	probe_open(&s, probe_sid(1), "::1");
	assert_string_equal(s.numeric, "0:0:0:0:0:0:0:1");
	assert_int_equal(probe_ask(&s, out), sizeof(first));
	assert_memory_equal(out, first, sizeof(first));
	s.waiting = false;
	assert_int_equal(probe_ask(&s, out), sizeof(first) - 8); /* the sid is said */
	assert_memory_equal(out, first + 8, sizeof(first) - 8);
	probe_open(&s, probe_sid(1), "127.0.0.1");
	assert_int_equal(probe_ask(&s, out), sizeof(first));
}

/* A frame with a notification, at the end of what is in `out` already. */
static size_t
put_answer(unsigned char *out, size_t at, int32_t state, int64_t leader, int64_t round)
{
	struct notif n = {.vote = {.state = state,
	                           .leader = leader,
	                           .zxid = -1,
	                           .round = round,
	                           .epoch = 7},
	                  .config = CONFIG,
	                  .config_len = strlen(CONFIG)};
	size_t len = notif_encode(&n, out + at + 4, 1024);
	struct buf_out b;

	buf_out_init(&b, out + at, 4);
	buf_put_u32(&b, (uint32_t)len);
	return at + 4 + len;
}

static void
ask(void)
{
	unsigned char out[PROBE_QUESTION_MAX];

	probe_ask(&s, out);
}

static void
answer_cut_anywhere(void **state)
{
	unsigned char bytes[2048];
	size_t len = put_answer(bytes, 0, NOTIF_LEADING, INT64_MAX, INT64_MIN);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		memset(&s, 0, sizeof(s));
		probe_open(&s, 9, "1.2.3.4");
		ask();
		assert_int_equal(probe_feed(&s, bytes, cut), PROBE_MORE);
		assert_false(s.answered);
		assert_int_equal(probe_feed(&s, bytes + cut, len - cut), PROBE_ANSWER);
		assert_true(s.answered);
		assert_false(s.waiting);
		assert_int_equal(s.notif.vote.leader, INT64_MAX);
		assert_int_equal(s.notif.vote.round, INT64_MIN);
		assert_int_equal(s.notif.vote.zxid, -1);
		assert_string_equal(s.config, CONFIG);
	}
}

static void
frames_before_the_question_are_dropped(void **state)
{
	unsigned char bytes[4096];
	size_t one = put_answer(bytes, 0, NOTIF_FOLLOWING, 1, 1);
	size_t two = put_answer(bytes, one, NOTIF_FOLLOWING, 2, 2);
	size_t three = put_answer(bytes, two, NOTIF_LEADING, 3, 3);

	(void)state;
	probe_open(&s, 9, "1.2.3.4");
	/* one comes unasked, and half of the next; then we ask */
	assert_int_equal(probe_feed(&s, bytes, one + 10), PROBE_MORE);
	ask();
	assert_int_equal(probe_feed(&s, bytes + one + 10, two - one - 10), PROBE_MORE);
	assert_false(s.answered);
	assert_int_equal(probe_feed(&s, bytes + two, three - two), PROBE_ANSWER);
	assert_int_equal(s.notif.vote.leader, 3);
}

static void
frames_after_the_answer_are_dropped(void **state)
{
	unsigned char bytes[4096];
	size_t one = put_answer(bytes, 0, NOTIF_FOLLOWING, 1, 1);
	size_t two = put_answer(bytes, one, NOTIF_FOLLOWING, 2, 2);

	(void)state;
	probe_open(&s, 9, "1.2.3.4");
	ask();
	assert_int_equal(probe_feed(&s, bytes, two), PROBE_ANSWER);
	assert_int_equal(s.notif.vote.leader, 1);
	assert_int_equal(probe_feed(&s, bytes + one, two - one), PROBE_MORE);
	assert_int_equal(s.notif.vote.leader, 1);
	ask();
	assert_int_equal(probe_feed(&s, bytes + one, two - one), PROBE_ANSWER);
	assert_int_equal(s.notif.vote.leader, 2);
}

static void
no_election_port(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *word; /* of the reason */
	} cases[] = {
	    {"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "a frame of 1213486160 bytes"},
	    {"SSH-2.0-x\r\n", 11, "a frame of"},
	    {"\0\0\0\0", 4, "a frame of 0 bytes"},
	    {"\xff\xff\xff\xff", 4, "a frame of -1 bytes"},
	    {"\0\0\xea\x61", 4, "a frame of 60001 bytes"},
	    {"\0\0\0\1x", 5, "(short)"},
	    {"\0\0\0\x1d"
	     "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
	     33, "(partial)"},
	    {"\0\0\0\x1c"
	     "\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
	     32, "its state is 4"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&s, 0, sizeof(s));
		probe_open(&s, 9, "1.2.3.4");
		ask();
		assert_int_equal(probe_feed(&s, cases[i].bytes, cases[i].len), PROBE_BAD);
		assert_false(s.answered);
		assert_non_null(strstr(s.error, cases[i].word));
	}
}

static void
garbage_after_the_answer_costs_only_the_connection(void **state)
{
	unsigned char bytes[2048];
	size_t len = put_answer(bytes, 0, NOTIF_LEADING, 1, 1);

	(void)state;
	probe_open(&s, 9, "1.2.3.4");
	ask();
	assert_int_equal(probe_feed(&s, bytes, len), PROBE_ANSWER);
	assert_int_equal(probe_feed(&s, "\0\0\0\0", 4), PROBE_BAD);
	assert_true(s.answered);
	assert_string_equal(s.error, "");
}

static void
ancient_answer_without_configuration(void **state)
{
	static const unsigned char bytes[32] = {[3] = 28, [7] = 2, [15] = 5, [19] = 6};

	(void)state;
	probe_open(&s, 9, "1.2.3.4");
	ask();
	assert_int_equal(probe_feed(&s, bytes, sizeof(bytes)), PROBE_ANSWER);
	assert_int_equal(s.notif.vote.leader, 5);
	assert_int_equal(s.notif.vote.epoch, 6);
	assert_false(s.notif.has_config);
	assert_string_equal(s.config, "");
}

static void
configuration_is_fit_to_print(void **state)
{
	unsigned char bytes[2048];
	size_t len = put_answer(bytes, 0, NOTIF_LEADING, 1, 1);

	(void)state;
	memcpy(bytes + len - 9, "\0\xff\x1b[31m\n\t", 9);
	probe_open(&s, 9, "1.2.3.4");
	ask();
	assert_int_equal(probe_feed(&s, bytes, len), PROBE_ANSWER);
	assert_int_equal(strlen(s.config), strlen(CONFIG));
	assert_string_equal(s.config + strlen(CONFIG) - 9, "???[31m\n\t");
}

static void
failure_forgets_the_answer(void **state)
{
	(void)state;
	s.answered = s.waiting = true;
	probe_fail(&s, "no %s", "answer");
	assert_false(s.answered);
	assert_false(s.waiting);
	assert_string_equal(s.error, "no answer");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(sids),
	    cmocka_unit_test_setup(question, restart),
	    cmocka_unit_test(answer_cut_anywhere),
	    cmocka_unit_test_setup(frames_before_the_question_are_dropped, restart),
	    cmocka_unit_test_setup(frames_after_the_answer_are_dropped, restart),
	    cmocka_unit_test(no_election_port),
	    cmocka_unit_test_setup(garbage_after_the_answer_costs_only_the_connection,
	                           restart),
	    cmocka_unit_test_setup(ancient_answer_without_configuration, restart),
	    cmocka_unit_test_setup(configuration_is_fit_to_print, restart),
	    cmocka_unit_test_setup(failure_forgets_the_answer, restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
