/* supervisor/memory: the kernel's count of kills, of both kinds of control groups. */
#include "supervisor/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/conclave-memory-XXXXXX";

static void
put(const char *path, const char *text)
{
	char command[512], full[256];
	FILE *f;

	snprintf(command, sizeof(command), "mkdir -p \"$(dirname '%s%s')\"", root, path);
	assert_int_equal(system(command), 0);
	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/conclave-memory-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int
remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void
rises(const char *file, const char *format)
{
	struct memory m;
	char text[256];

	snprintf(text, sizeof(text), format, 7);
	put(file, text);
	memory_open(&m, root);
	assert_false(memory_was_short(&m));
	snprintf(text, sizeof(text), format, 8);
	put(file, text);
	assert_true(memory_was_short(&m));
	assert_false(memory_was_short(&m));
	snprintf(text, sizeof(text), format, 10);
	put(file, text);
	assert_true(memory_was_short(&m));
	put(file, "nonsense\n");
	assert_false(memory_was_short(&m));
}

static void
second_kind(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "0::/system.slice/conclave.service\n");
	rises("/sys/fs/cgroup/system.slice/conclave.service/memory.events",
	      "low 0\nhigh 0\nmax 3\noom 3\noom_kill %d\noom_group_kill 0\n");
}

static void
first_kind(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "5:devices:/\n4:memory:/a\n0::/\n");
	rises("/sys/fs/cgroup/memory/a/memory.oom_control",
	      "oom_kill_disable 0\nunder_oom 0\noom_kill %d\n");
}

static void
none(void **state)
{
	struct memory m;

	(void)state;
	memory_open(&m, root); /* there is no /proc either */
	assert_false(memory_was_short(&m));
	put("/proc/self/cgroup", "0::/\n");
	memory_open(&m, root);
	assert_string_equal(m.path, "");
	assert_false(memory_was_short(&m));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(second_kind, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(first_kind, make_root, remove_root),
	    cmocka_unit_test_setup_teardown(none, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
