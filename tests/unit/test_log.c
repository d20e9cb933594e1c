/* base/log: a reader that does not read costs lines, never the process. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int real_stderr;
static int ends[2];

/* Standard error is a pipe now, and it blocks. */
static int
set_up(void **state)
{
	(void)state;
	real_stderr = dup(STDERR_FILENO);
	if (pipe(ends) < 0 || dup2(ends[1], STDERR_FILENO) < 0)
		return -1;
	log_init("test", LOG_LEVEL_INFO);
	alarm(5); /* one that blocks has failed */
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	alarm(0);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static void
fill(void)
{
	static const char dots[4096];
	int flags = fcntl(ends[1], F_GETFL);

	fcntl(ends[1], F_SETFL, flags | O_NONBLOCK);
	while (write(ends[1], dots, sizeof(dots)) > 0)
		;
	fcntl(ends[1], F_SETFL, flags);
}

/* All that is there, as a text: the filling is no text. */
static const char *
drain(void)
{
	static char text[8192];
	size_t len = 0;
	char c;

	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	while (read(ends[0], &c, 1) == 1)
		if (c && len < sizeof(text) - 1)
			text[len++] = c;
	text[len] = '\0';
	return text;
}

static void
a_line(void **state)
{
	(void)state;
	log_info("one %d", 1);
	log_debug("not this one");
	log_err("two");
	assert_string_equal(drain(), "<6>test: one 1\n<3>test: two\n");
}

static void
a_full_pipe_does_not_block(void **state)
{
	(void)state;
	fill();
	for (unsigned i = 0; i < 3; i++)
		log_info("lost");
	log_debug("nobody would have seen this one");
	assert_string_equal(drain(), "");
	log_info("seen");
	assert_string_equal(drain(),
	                    "<4>test: 3 lines of log were lost: nobody read them\n"
	                    "<6>test: seen\n");
	log_info("all is well");
	assert_string_equal(drain(), "<6>test: all is well\n");
}

static void
a_long_line_is_cut(void **state)
{
	char text[3000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	assert_int_equal(strlen(drain()), 1023);
}

static void
a_line_is_one_line(void **state)
{
	(void)state;
	log_info("said: %s", "a\n<3>test: b\033[2J");
	assert_string_equal(drain(), "<6>test: said: a?<3>test: b?[2J\n");
}

static void
a_reader_that_is_gone(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	log_info("to nobody");
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	log_info("to somebody");
	assert_string_equal(drain(), "<6>test: to somebody\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_line),
	    TEST(a_full_pipe_does_not_block),
	    TEST(a_long_line_is_cut),
	    TEST(a_line_is_one_line),
	    TEST(a_reader_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
