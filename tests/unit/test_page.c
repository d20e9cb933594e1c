/* The page that programs read. A child is stepped through the real functions, one machine
 * instruction at a time, so that all prefixes of its stores are seen, and killed there; a
 * reader is stopped at each of its instructions likewise while the page changes. */
#include "base/page.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* memory that a child and we share */
static struct page *page;
static struct {
	bool found;
	struct page_view view;
} * answer;

static struct page_view
view_of(unsigned n)
{
	struct page_view v = {.boot = {.ns_device = 100 + n, .ns_number = 200 + n},
	                      .incarnation = 300 + n,
	                      .sid = 400 + n,
	                      .epoch = 500 + n,
	                      .end_ns = 600 + n};

	memset(v.boot.id, (int)(1 + n), sizeof(v.boot.id));
	return v;
}

static bool
is_view(const struct page_view *v, unsigned n)
{
	struct page_view want = view_of(n);

	return memcmp(v, &want, sizeof(want)) == 0;
}

static void *
shared(size_t len)
{
	void *at =
	    mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	return at;
}

/* A child that stops itself, and then does one thing. */
static pid_t
start(void (*work)(unsigned), unsigned n)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		raise(SIGSTOP);
		work(n);
		raise(SIGUSR1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

/* One instruction. False: the work is done. */
static bool
step(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return WSTOPSIG(status) != SIGUSR1;
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
do_write(unsigned n)
{
	struct page_view v = view_of(n);

	page_write(page, &v);
}

static void
do_read(unsigned n)
{
	(void)n;
	answer->found = page_read(page, &answer->view);
}

static void
write_now(unsigned n)
{
	memset(page, 0, PAGE_LEN);
	do_write(n);
}

#define STATES_MAX 64
static char states[STATES_MAX][PAGE_LEN];

/* All that the page holds while `n` is stored, one state after each store. */
static unsigned
record(unsigned n)
{
	pid_t pid = start(do_write, n);
	unsigned count = 0;

	memcpy(states[count++], page, PAGE_LEN);
	do {
		if (memcmp(states[count - 1], page, PAGE_LEN) == 0)
			continue;
		assert_true(count < STATES_MAX);
		memcpy(states[count++], page, PAGE_LEN);
	} while (step(pid));
	end(pid);
	return count;
}

/* At each state the page says the value before, or the one after, or none; and the one
 * before counts until the first store, the one after from the last. */
static void
prefixes_are_whole_or_nothing(void **state)
{
	unsigned count;
	struct page_view v;

	(void)state;
	write_now(0);
	count = record(1);
	/* mark, nine words that differ but the magic, mark */
	assert_int_equal(count, 1 + 2 + 8);
	for (unsigned i = 0; i < count; i++) {
		memcpy(page, states[i], PAGE_LEN);
		memset(&v, 0, sizeof(v));
		assert_int_equal(page_read(page, &v), i == 0 || i == count - 1);
		assert_true(i > 0 || is_view(&v, 0));
		assert_true(i < count - 1 || is_view(&v, 1));
	}
}

/* The writer dies after any of its stores; its successor is seen at each of its own. */
static void
successor_shows_nothing_before_all(void **state)
{
	static char dead[STATES_MAX][PAGE_LEN];
	unsigned count, after;
	struct page_view v;

	(void)state;
	write_now(0);
	count = record(1);
	memcpy(dead, states, sizeof(dead));
	for (unsigned i = 1; i < count - 1; i++) {
		memcpy(page, dead[i], PAGE_LEN);
		after = record(2);
		for (unsigned k = 0; k < after; k++) {
			memcpy(page, states[k], PAGE_LEN);
			assert_int_equal(page_read(page, &v), k == after - 1);
		}
		assert_true(is_view(&v, 2));
		/* and once more, by who dies at the same place */
		memcpy(page, states[after / 2], PAGE_LEN);
		do_write(3);
		assert_true(page_read(page, &v) && is_view(&v, 3));
	}
}

static void
show(const char *content)
{
	memcpy(page, content, PAGE_LEN);
}

/* A reader that stands at any of its instructions while the page goes from one state to
 * another answers with a whole store that was there meanwhile, or with none. */
static void
reader_sees_no_mixture(void **state)
{
	static const unsigned from[] = {0, 1, 4, 9, 10}, to[] = {1, 5, 10, 13, 20};
	static char two[STATES_MAX][PAGE_LEN];
	unsigned count, more, instructions = 0, jump = 1;
	pid_t pid;

	(void)state;
	write_now(0);
	count = record(1);
	memcpy(two, states, sizeof(two));
	more = record(2);
	assert_true(count + more - 1 < STATES_MAX);
	memcpy(two[count], states[1], (more - 1) * PAGE_LEN);
	show(two[0]);
	for (pid = start(do_read, 0); step(pid);)
		instructions++;
	end(pid);
	assert_true(answer->found && is_view(&answer->view, 0));
	jump += instructions / 400; /* with sanitizers there are many */
	for (unsigned at = 0; at < instructions; at += jump) {
		unsigned i = at / jump % 5;

		for (unsigned k = 0; k < 5; k++) {
			if (to[k] <= from[i])
				continue;
			show(two[from[i]]);
			pid = start(do_read, 0);
			for (unsigned n = 0; n < at; n++)
				(void)step(pid);
			show(two[to[k]]);
			assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
			assert_int_equal(waitpid(pid, NULL, 0), pid);
			end(pid);
			assert_true(!answer->found || is_view(&answer->view, 0) ||
			            is_view(&answer->view, 1) ||
			            is_view(&answer->view, 2));
		}
	}
}

/* Every instruction of the reader, and a whole store there. */
static void
reader_looks_again(void **state)
{
	unsigned at = 0, jump = 1;
	bool more = true;

	(void)state;
	while (more) {
		pid_t pid;

		write_now(0);
		pid = start(do_read, 0);
		for (unsigned n = 0; n < at && more; n++)
			more = step(pid);
		do_write(1);
		if (more) {
			assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
			assert_int_equal(waitpid(pid, NULL, 0), pid);
		}
		end(pid);
		assert_true(answer->found);
		assert_true(is_view(&answer->view, 0) || is_view(&answer->view, 1));
		at += jump;
		jump += at / 300;
	}
}

static void
zeros_and_another_layout_are_none(void **state)
{
	struct page_view v;

	(void)state;
	memset(page, 0, PAGE_LEN);
	assert_false(page_read(page, &v));
	for (unsigned bit = 0; bit < 64; bit++) {
		write_now(0);
		((unsigned char *)page)[bit / 8] ^= (unsigned char)(1 << bit % 8);
		assert_false(page_read(page, &v));
	}
}

/* The mark goes round: odd stays odd, and even even. */
static void
mark_wraps(void **state)
{
	uint32_t last = UINT32_MAX - 1;
	struct page_view v;

	(void)state;
	write_now(0);
	memcpy((char *)page + 8, &last, sizeof(last));
	assert_true(page_read(page, &v));
	do_write(1);
	assert_true(page_read(page, &v) && is_view(&v, 1));
	last = UINT32_MAX;
	memcpy((char *)page + 8, &last, sizeof(last));
	assert_false(page_read(page, &v));
	do_write(2);
	assert_true(page_read(page, &v) && is_view(&v, 2));
}

#define ROUNDS 200000
static bool done;

static void *
writes(void *arg)
{
	(void)arg;
	for (unsigned i = 1; i <= ROUNDS; i++)
		do_write(i % 100);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void
threads_read_whole_stores(void **state)
{
	pthread_t thread;
	struct page_view v;

	(void)state;
	done = false;
	write_now(0);
	assert_int_equal(pthread_create(&thread, NULL, writes, NULL), 0);
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
		if (page_read(page, &v))
			assert_true(v.end_ns - 600 < 100 &&
			            is_view(&v, (unsigned)v.end_ns - 600));
	pthread_join(thread, NULL);
	assert_true(page_read(page, &v) && is_view(&v, ROUNDS % 100));
}

static int
prepare(void **state)
{
	(void)state;
	page = shared(PAGE_LEN);
	answer = shared(PAGE_LEN);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(prefixes_are_whole_or_nothing),
	    cmocka_unit_test(successor_shows_nothing_before_all),
	    cmocka_unit_test(reader_sees_no_mixture),
	    cmocka_unit_test(reader_looks_again),
	    cmocka_unit_test(zeros_and_another_layout_are_none),
	    cmocka_unit_test(mark_wraps),
	    cmocka_unit_test(threads_read_whole_stores),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}
