/* proc/backoff: how long a daemon waits, and which deaths count. */
#include "proc/backoff.h"

#include "base/clock.h"
#include "base/delay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf conf;
static char file[128];

static int
set_up(void **state)
{
	(void)state;
	strcpy(conf.run_dir, "/tmp/conclave-backoff.XXXXXX");
	if (!mkdtemp(conf.run_dir))
		return 1;
	conf.supervisor.restart_min_ms = 20;
	conf.supervisor.restart_max_ms = 70;
	conf.supervisor.restart_reset_ms = 3600000;
	snprintf(file, sizeof(file), "%s/w/starts", conf.run_dir);
	unsetenv("CONCLAVE_PARENT");
	return setenv("NOTIFY_SOCKET", "/nobody/listens", 1);
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", conf.run_dir);
	return system(command);
}

static void
make_folder(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/w", conf.run_dir);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* The deaths that the file counts; -1: there is no file. */
static int
counted(void)
{
	FILE *f = fopen(file, "r");
	int deaths = -1;

	if (f) {
		assert_int_equal(fscanf(f, "%d", &deaths), 1);
		fclose(f);
	}
	return deaths;
}

/* Starts once; returns how long that took. */
static uint64_t
start(void)
{
	uint64_t before_us = clock_us();

	backoff_wait(&conf, "w");
	return (clock_us() - before_us) / 1000;
}

static void
write_starts(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void
test_waits(void **state)
{
	static const uint64_t want[] = {0, 0, 20, 40, 70, 70};

	(void)state;
	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(delay_after(i, 20, 70), want[i]);
	assert_int_equal(delay_after(4000000000U, 20, 70), 70);
}

static void
test_deaths(void **state)
{
	(void)state;
	make_folder();
	for (int i = 0; i < 4; i++) {
		assert_true(start() >= delay_after((unsigned)i, 20, 70));
		assert_int_equal(counted(), i);
	}
	backoff_forget(&conf, "w");
	assert_int_equal(counted(), -1);
	start();
	assert_int_equal(counted(), 0);
}

static void
test_lived_long(void **state)
{
	char text[64];

	(void)state;
	make_folder();
	conf.supervisor.restart_reset_ms =
	    10; /* a machine that has just booted is older */
	snprintf(text, sizeof(text), "7 %llu\n", (unsigned long long)(clock_ms() - 10));
	write_starts(text);
	start();
	assert_int_equal(counted(), 1);
}

/* A start that lies ahead is of an earlier boot, or nobody's: whatever the uptime and
 * restart_reset_ms are, the deaths that stand beside it do not count. */
static void
test_start_ahead(void **state)
{
	const uint64_t ahead[] = {clock_ms() + 3600000, UINT64_MAX / 2, UINT64_MAX - 1,
	                          UINT64_MAX};
	static const uint32_t reset_ms[] = {1, 3600000, UINT32_MAX};
	char text[64];

	(void)state;
	make_folder();
	for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]) * 3; i++) {
		conf.supervisor.restart_reset_ms = reset_ms[i % 3];
		snprintf(text, sizeof(text), "7 %llu\n",
		         (unsigned long long)ahead[i / 3]);
		write_starts(text);
		start();
		assert_int_equal(counted(), 0);
	}
}

/* Of the same boot, however long the boot lasts. */
static void
test_start_behind(void **state)
{
	char text[64];

	(void)state;
	make_folder();
	snprintf(text, sizeof(text), "1 %llu\n", (unsigned long long)clock_ms());
	write_starts(text);
	start();
	assert_int_equal(counted(), 2);
	conf.supervisor.restart_reset_ms = UINT32_MAX; /* fifty days */
	write_starts("4294967295 0\n");
	start();
	assert_int_equal(counted(), 1);
}

/* Files that the daemon has not written. */
static void
test_odd_files(void **state)
{
	static const char *const odd[] = {"", "x", "7"};

	(void)state;
	make_folder();
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		write_starts(odd[i]);
		start();
		assert_int_equal(counted(), 0);
	}
}

static void
test_not_for_others(void **state)
{
	(void)state;
	start(); /* no folder */
	assert_int_equal(counted(), -1);
	make_folder();
	setenv("CONCLAVE_PARENT", "1", 1);
	start();
	assert_int_equal(counted(), -1);
	unsetenv("CONCLAVE_PARENT");
	unsetenv("NOTIFY_SOCKET");
	start();
	assert_int_equal(counted(), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_waits, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_deaths, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_lived_long, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_start_ahead, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_start_behind, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_odd_files, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_not_for_others, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
