/* The file of the page: writers that are killed, and whatever was there before. */
#include "base/page.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_page.XXXXXX";
static char path[64];

static struct boot
boot_of(unsigned n)
{
	struct boot boot = {.ns_device = 100 + n, .ns_number = 200 + n};

	memset(boot.id, (int)(1 + n), sizeof(boot.id));
	return boot;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Writers are killed, one after the other, while we read from a map of the file. */
static void
killed_writers(void **state)
{
	const struct page *map = NULL;
	struct boot boot = boot_of(0);
	struct page_writer w;

	(void)state;
	for (uint64_t n = 1; n <= 200; n++) {
		struct page_view v;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			if (page_open(&w, path, &boot, n, 7) < 0)
				_exit(1);
			for (uint64_t i = 1;; i++)
				page_store(&w, (int64_t)(n << 32 | i), n << 32 | i);
		}
		while (!map) {
			int fd = open(path, O_RDONLY | O_CLOEXEC);

			if (fd >= 0 && page_map(fd, NULL, &map) < 0)
				map = NULL;
			if (fd >= 0)
				close(fd);
		}
		for (unsigned seen = 0; seen < 50;) {
			if (!page_read(map, &v) || v.incarnation != n)
				continue;
			seen++;
			assert_int_equal(v.sid, 7);
			assert_int_equal(v.epoch, v.end_ns);
			assert_true(v.end_ns == 0 || v.end_ns >> 32 == n);
		}
		end(pid);
		for (unsigned i = 0; i < 3; i++)
			if (page_read(map, &v))
				assert_int_equal(v.epoch, v.end_ns);
	}
	/* who comes after the last one is seen through the same map */
	assert_int_equal(page_open(&w, path, &boot, 1000, 7), 0);
	struct page_view v;
	assert_true(page_read(map, &v));
	assert_int_equal(v.incarnation, 1000);
	assert_int_equal(v.end_ns, 0);
	page_close(&w);
	page_close(&w);
	page_unmap(map);
}

static size_t
size_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(name, &st), 0);
	return (size_t)st.st_size;
}

/* Whatever is at the place of the page, it is one of ours afterwards. */
static void
what_was_there_before(void **state)
{
	struct boot boot = boot_of(0);
	struct page_writer w;
	const struct page *map;
	struct page_view v;
	char other[80];

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	for (unsigned kind = 0; kind < 6; kind++) {
		int fd;

		unlink(path);
		unlink(other);
		fd = open(kind == 3 || kind == 5 ? other : path,
		          O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		if (kind > 0)
			assert_int_equal(
			    ftruncate(fd, kind == 1 ? PAGE_LEN - 1 : 2 * PAGE_LEN), 0);
		if (kind == 2)
			assert_int_equal(fchmod(fd, 0666), 0);
		if (kind == 3)
			assert_int_equal(symlink(other, path), 0);
		if (kind == 4)
			assert_true(unlink(path) == 0 && mkfifo(path, 0600) == 0);
		if (kind == 5)
			assert_true(ftruncate(fd, PAGE_LEN) == 0 &&
			            link(other, path) == 0);
		close(fd);
		assert_int_equal(page_open(&w, path, &boot, 5, 7), 0);
		assert_int_equal(size_of(path), PAGE_LEN);
		page_store(&w, 3, 99);
		assert_int_equal(page_map(w.fd, NULL, &map), 0);
		assert_true(page_read(map, &v));
		assert_int_equal(v.end_ns, 99);
		assert_true(write(w.fd, "x", 1) < 0);
		page_unmap(map);
		page_close(&w);
		if (kind == 3 || kind == 5) {
			fd = open(other, O_RDONLY | O_CLOEXEC);
			char first[4] = {1, 1, 1, 1};

			assert_int_equal(read(fd, first, 4), 4);
			assert_memory_equal(first, "\0\0\0\0", 4);
			close(fd);
		}
	}
	unlink(other);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(page_open(&w, path, &boot, 5, 7), -EISDIR);
	rmdir(path);
	assert_int_equal(page_open(&w, "/nowhere/page", &boot, 5, 7), -ENOENT);
}

/* A page that was full with another boot's lease has none as soon as it is open. */
static void
old_content_is_gone(void **state)
{
	struct boot before = boot_of(1);
	struct page_view v;
	struct boot boot = boot_of(2);
	struct page_writer w;

	(void)state;
	assert_int_equal(page_open(&w, path, &before, 301, 1), 0);
	page_store(&w, 50, 1000);
	page_close(&w);
	assert_int_equal(page_open(&w, path, &boot, 9, 2), 0);
	assert_true(page_read(w.page, &v));
	assert_true(boot_equal(&v.boot, &boot));
	assert_false(boot_equal(&v.boot, &before));
	assert_int_equal(v.incarnation, 9);
	assert_int_equal(v.sid, 2);
	assert_int_equal(v.epoch, 0);
	assert_int_equal(v.end_ns, 0);
	page_close(&w);
	unlink(path);
}

/* A file that is shorter than a page would end its reader. */
static void
short_file_is_not_mapped(void **state)
{
	const struct page *map;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), pipes[2];

	(void)state;
	assert_int_equal(ftruncate(fd, PAGE_LEN - 1), 0);
	assert_int_equal(page_map(fd, NULL, &map), -EINVAL);
	assert_int_equal(ftruncate(fd, PAGE_LEN), 0);
	assert_int_equal(page_map(fd, NULL, &map), 0);
	page_unmap(map);
	close(fd);
	assert_int_equal(page_map(fd, NULL, &map), -EBADF);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(page_map(pipes[0], NULL, &map), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	unlink(path);
}

static void
boots_compare(void **state)
{
	struct boot here, again, other;

	(void)state;
	boot_read(&here);
	boot_read(&again);
	assert_true(boot_equal(&here, &again));
	for (size_t i = 0; i < sizeof(other); i++) {
		other = here;
		((unsigned char *)&other)[i] ^= 1;
		assert_false(boot_equal(&here, &other));
		assert_false(boot_equal(&other, &here));
	}
	memset(here.id, 0, sizeof(here.id));
	assert_false(boot_equal(&here, &here));
}

static int
prepare(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/page", folder);
	return 0;
}

static int
clean(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(killed_writers),
	    cmocka_unit_test(what_was_there_before),
	    cmocka_unit_test(old_content_is_gone),
	    cmocka_unit_test(short_file_is_not_mapped),
	    cmocka_unit_test(boots_compare),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
