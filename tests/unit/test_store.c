/* store.c: what is written comes back, what is damaged counts as none. */
#include "base/file.h"
#include "connmgr/store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf conf;
static char folder[32];

static int
set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/store.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s/run", folder);
	snprintf(conf.data_dir, sizeof(conf.data_dir), "%s/data", folder);
	return store_open(&conf);
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
one_connmgr_for_each_folder(void **state)
{
	char path[96];
	struct stat st;

	(void)state;
	assert_int_equal(store_open(&conf), -EWOULDBLOCK);
	snprintf(path, sizeof(path), "%s/run/connmgr", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(store_take_folder(conf.data_dir), 0);
	assert_int_equal(store_take_folder(conf.data_dir), -EWOULDBLOCK);
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s/file", folder);
	assert_int_equal(file_write(conf.run_dir, "", 0, false), 0);
	assert_int_equal(store_open(&conf), -ENOTDIR);
}

static void
sockets_of_a_killed_one_are_removed(void **state)
{
	char other[64], path[128];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s", other);
	snprintf(path, sizeof(path), "%s/connmgr", other);
	assert_int_equal(file_make_dir(path), 0);
	snprintf(path, sizeof(path), "%s/connmgr/l.17.1", other);
	assert_int_equal(file_write(path, "", 0, false), 0);
	assert_int_equal(store_open(&conf), 0);
	assert_int_equal(access(path, F_OK), -1);
}

static void
records_that_cannot_be_believed(void **state)
{
	static const char *const texts[] = {
	    "",
	    "garbage",
	    "conclave record 1\n",
	    "conclave record 1\ngeneration 5\nname main\n",
	    "conclave record 1\ngeneration 0\nname main\nend\n",
	    "conclave record 1\ngeneration 18446744073709551615\nname main\nend\n",
	    "conclave record 1\ngeneration 9223372036854775808\nname main\nend\n",
	    "conclave record 1\ngeneration -5\nname main\nend\n",
	    "conclave record 1\ngeneration 5x\nname main\nend\n",
	    "conclave record 1\ngeneration 5\nname \nend\n",
	    "conclave record 1\ngeneration 5\nname a/b\nend\n",
	    "conclave record 3\ngeneration 5\nname main\nend\n",
	};
	const char *dir = conf.run_dir;
	struct record r;
	struct stat st;
	struct msg_serial serial;
	unsigned char data[BOARD_SMALL_MAX];
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/connmgr/peer", dir);
	assert_int_equal(store_read_record(dir, MSG_WHO_PEER, &r), -ENOENT);
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(file_write(path, texts[i], strlen(texts[i]), false), 0);
		assert_int_equal(store_read_record(dir, MSG_WHO_PEER, &r), -EBADMSG);
	}
	r = (struct record){.generation = 41, .now.name = "b.2", .accepted = true};
	assert_int_equal(store_write_record(dir, MSG_WHO_PEER, &r, true), 0);
	r = (struct record){0};
	assert_int_equal(store_read_record(dir, MSG_WHO_PEER, &r), 0);
	assert_int_equal(r.generation, 41);
	assert_string_equal(r.now.name, "b.2");
	/* conclaved, a process of our group, reads it */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(store_save_state(&conf, "junk", 4), 0);
	assert_int_equal(store_load_state(&conf, data, &serial), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    T(one_connmgr_for_each_folder),
	    T(sockets_of_a_killed_one_are_removed),
	    T(records_that_cannot_be_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
