/* supervisor/programs: which program belongs to a name, in memory and on the disk. */
#include "supervisor/programs.h"

#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD "conclave programs 1\n"

int fsync(int fd);

static _Atomic unsigned syncs; /* of the list, and of its folder */

int
fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

static struct programs p;
static char folder[32], path[CONF_PATH_MAX];

static int
set_up(void **state)
{
	(void)state;
	p.count = 0;
	strcpy(folder, "/tmp/programs.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int
tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void
put(const char *name, const char *program, const char *now, const char *before)
{
	struct record_program fresh = {.name = ""};

	strcpy(fresh.name, name);
	strcpy(fresh.path, program);
	programs_put(&p, &fresh, now, before);
}

static void
main_is_always_the_installed_one(void **state)
{
	(void)state;
	assert_string_equal(programs_find(&p, "main"), "");
	put("main", "/forged", "e2", "main");
	assert_string_equal(programs_find(&p, "main"), "");
	assert_null(programs_find(&p, "e2"));
}

static void
a_name_has_its_newest_program(void **state)
{
	(void)state;
	put("e2", "/opt/a", "main", "");
	put("e2", "/opt/b c", "main", "");
	assert_int_equal(p.count, 1);
	assert_string_equal(programs_find(&p, "e2"), "/opt/b c");
}

static void
the_oldest_that_is_not_needed_goes(void **state)
{
	(void)state;
	put("e2", "/2", "main", "");
	put("e3", "/3", "e2", "main");
	put("e4", "/4", "e2", "e3");
	put("e5", "/5", "e2", "e3");
	put("e6", "/6", "e2", "e3");
	assert_int_equal(p.count, PROGRAMS_MAX);
	assert_null(programs_find(&p, "e4"));
	put("e7", "/7", "e2", "e6");
	assert_null(programs_find(&p, "e3"));
	assert_string_equal(programs_find(&p, "e2"), "/2");
	assert_string_equal(programs_find(&p, "e6"), "/6");
	assert_string_equal(programs_find(&p, "e7"), "/7");
}

static bool
parses(const char *text)
{
	char copy[PROGRAMS_TEXT_MAX];

	snprintf(copy, sizeof(copy), "%s", text);
	return programs_parse(copy, &p);
}

static void
texts(void **state)
{
	static const char *const wrong[] = {
	    "",
	    "e2 /opt/a\nend\n",
	    "conclave programs 2\nend\n",
	    HEAD,
	    HEAD "e2 /opt/a\n",
	    HEAD "e2\nend\n",
	    HEAD "e2 \nend\n",
	    HEAD "e2 opt\nend\n",
	    HEAD "e/2 /opt/a\nend\n",
	    HEAD " /opt/a\nend\n",
	    HEAD "e2 /opt/\x01\nend\n",
	    HEAD "a /1\nb /2\nc /3\nd /4\ne /5\nend\n",
	};
	char text[PROGRAMS_TEXT_MAX];
	size_t len;

	(void)state;
	put("kept", "/kept", "", "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parses(wrong[i]))
			fail_msg("taken: %s", wrong[i]);
		assert_string_equal(programs_find(&p, "kept"), "/kept");
	}
	assert_true(parses(HEAD "end\n"));
	assert_int_equal(p.count, 0);
	assert_true(parses(HEAD "e2 /opt/a b\ne3 /3\nend\nbehind"));
	len = programs_print(&p, text, sizeof(text));
	assert_string_equal(text, HEAD "e2 /opt/a b\ne3 /3\nend\n");
	assert_int_equal(len, strlen(text));
	assert_int_equal(programs_print(&p, text, len + 1), len);
	for (size_t cap = 1; cap <= len; cap++)
		assert_int_equal(programs_print(&p, text, cap), 0);
}

static void
the_largest_fits(void **state)
{
	char long_path[RECORD_PATH_MAX], text[PROGRAMS_TEXT_MAX], name[PATHS_NAME_MAX];

	(void)state;
	memset(long_path, 'p', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i < PROGRAMS_MAX; i++) {
		name[0] = (char)('a' + i);
		put(name, long_path, "", "");
	}
	assert_true(programs_print(&p, text, sizeof(text)) > 0);
	assert_true(parses(text));
	assert_int_equal(p.count, PROGRAMS_MAX);
}

static void
on_written(void *user, int error)
{
	*(int *)user = error;
}

static void
written_and_loaded(void **state)
{
	struct programs_writer *w;
	sd_event *loop;
	int result = 1;

	(void)state;
	assert_int_equal(programs_load(folder, &p, path), 0); /* there is none yet */
	assert_int_equal(p.count, 0);
	put("e2", "/opt/a", "main", "");
	assert_true(sd_event_new(&loop) >= 0);
	assert_int_equal(programs_write(&w, loop, path, &p, on_written, &result), 0);
	while (result == 1)
		assert_true(sd_event_run(loop, 1000000) >= 0);
	assert_int_equal(result, 0);
	assert_int_equal(syncs, 2);
	programs_writer_close(w);
	p.count = 0;
	assert_int_equal(programs_load(folder, &p, path), 0);
	assert_string_equal(programs_find(&p, "e2"), "/opt/a");
	/* nobody asks any more */
	assert_int_equal(programs_write(&w, loop, path, &p, on_written, &result), 0);
	programs_writer_close(w);
	while (sd_event_run(loop, 100000) > 0)
		continue;
	sd_event_unref(loop);
}

static void
not_believed(void **state)
{
	char own[96];

	(void)state;
	put("e2", "/opt/a", "main", "");
	snprintf(own, sizeof(own), "%s/conclaved", folder);
	assert_int_equal(file_make_dir(own), 0);
	assert_int_equal(programs_load(folder, &p, path), 0);
	assert_int_equal(file_write(path, "x", 1, false), 0);
	assert_int_equal(programs_load(folder, &p, path), 1);
	assert_int_equal(p.count, 0);
	/* a folder where others may write */
	assert_int_equal(file_write(path, HEAD "e2 /opt/a\nend\n", 34, false), 0);
	assert_int_equal(programs_load(folder, &p, path), 0);
	assert_int_equal(chmod(own, 0770), 0);
	assert_int_equal(programs_load(folder, &p, path), -EPERM);
	assert_int_equal(p.count, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    T(main_is_always_the_installed_one),
	    T(a_name_has_its_newest_program),
	    T(the_oldest_that_is_not_needed_goes),
	    T(texts),
	    T(the_largest_fits),
	    T(written_and_loaded),
	    T(not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
