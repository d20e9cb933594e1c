/* proc/self, procfs and lag: what a process says of itself, and the worst of a minute. */
#include "proc/lag.h"
#include "proc/procfs.h"
#include "proc/self.h"

#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define S UINT64_C(1000000)

static void
the_worst_of_the_last_minute(void **state)
{
	static const struct {
		uint64_t at_s; /* noted at this time, */
		uint64_t late_us;
		uint64_t want_us; /* and the worst right after it */
	} script[] = {
	    {0, 0, 0},     {1, 700, 700},  {2, 300, 700}, {7, 900, 900},
	    {30, 5, 900},  {59, 800, 900}, {64, 1, 900},  {65, 0, 800},
	    {114, 2, 800}, {115, 3, 3},    {400, 0, 0},   {460, 4, 4},
	};
	struct lag lag = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) {
		lag_note(&lag, script[i].at_s * S, script[i].late_us);
		if (lag_worst_us(&lag, script[i].at_s * S) != script[i].want_us)
			fail_msg("at %lu s: %lu", script[i].at_s,
			         lag_worst_us(&lag, script[i].at_s * S));
	}
	assert_int_equal(lag_worst_us(&lag, 1000 * S), 0);
}

static double
number(const json_t *object, const char *key)
{
	const json_t *node = json_object_get(object, key);

	assert_true(json_is_number(node));
	return json_number_value(node);
}

static json_t *
ask(void)
{
	char text[8192];
	struct buf_out out;
	json_t *json;

	buf_out_init(&out, text, sizeof(text) - 1);
	buf_put_u8(&out, '{');
	self_put(&out, "peer", "ma\"in", 7);
	buf_put_u8(&out, '}');
	assert_false(out.bad);
	text[out.len] = '\0';
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	return json;
}

static void
a_process_knows_itself(void **state)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	double before;
	int fd;
	json_t *json;

	(void)state;
	path[n] = '\0';
	self_init();
	json = ask();
	assert_string_equal(json_string_value(json_object_get(json, "who")), "peer");
	assert_string_equal(json_string_value(json_object_get(json, "name")), "ma\"in");
	assert_string_equal(json_string_value(json_object_get(json, "program")), path);
	assert_true(number(json, "pid") == getpid());
	assert_true(number(json, "generation") == 7);
	assert_true(number(json, "rss_kb") > 100);
	assert_true(number(json, "cpu_ms") >= 0);
	assert_true(number(json, "threads") >= 1);
	assert_true(number(json, "lag_ms") == 0);
	before = number(json, "descriptors");
	assert_true(before >= 3);
	json_decref(json);

	fd = open("/dev/null", O_RDONLY);
	self_late(1234567);
	json = ask();
	assert_true(number(json, "descriptors") == before + 1);
	assert_true(number(json, "lag_ms") == 1234);
	json_decref(json);
	close(fd);
}

static void
another_process_is_read(void **state)
{
	pid_t pid = fork();
	struct procfs_use use;

	(void)state;
	if (pid == 0)
		for (;;)
			pause();
	use = procfs_read(pid);
	assert_true(use.rss_kb > 0 && use.cpu_ms >= 0);
	assert_int_equal(use.threads, 1);
	assert_true(use.descriptors >= 3);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	use = procfs_read(pid);
	assert_true(use.rss_kb == -1 && use.cpu_ms == -1 && use.threads == -1 &&
	            use.descriptors == -1);
	assert_true(procfs_read(0).rss_kb == -1);
}

static void
queues_and_what_is_not_known(void **state)
{
	static const struct self_queue list[] = {{"a", 1, 2, 3}, {"b", 0, 9, 0}};
	static const char want[] =
	    "{\"rss_kb\":5,\"cpu_ms\":null,\"threads\":null,\"descriptors\":0,\"q\":["
	    "{\"name\":\"a\",\"length\":1,\"bound\":2,\"drops\":3},"
	    "{\"name\":\"b\",\"length\":0,\"bound\":9,\"drops\":0}]}";
	struct procfs_use use = {5, -1, -1, 0};
	char text[1024];
	struct buf_out out;

	(void)state;
	buf_out_init(&out, text, sizeof(text));
	buf_put_u8(&out, '{');
	procfs_put(&out, &use);
	self_put_queues(&out, "q", list, 2);
	buf_put_u8(&out, '}');
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(text, want, out.len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_worst_of_the_last_minute),
	    cmocka_unit_test(a_process_knows_itself),
	    cmocka_unit_test(another_process_is_read),
	    cmocka_unit_test(queues_and_what_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
