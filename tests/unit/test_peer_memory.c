/* What outlives the peer: every byte of it cut and flipped, a writer killed at every
 * machine instruction, and what a start is bound to (R6). */
#include "peer/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/test_memory.XXXXXX";
static char path[64];
/* shared with children */
static unsigned char *bytes;
static struct boot boot = {.id = "fifteen letters", .ns_device = 4, .ns_number = 5};

static struct role_memory
value_of(unsigned n)
{
	struct role_memory m;

	memset(&m, 0, sizeof(m));
	m.promise.sid = -1 - (int64_t)n;
	m.promise.epoch = 100 + n;
	m.promise.end_ms = 200 + n;
	m.led.epoch = 300 + n;
	m.led.vote.leader = 400 + n;
	m.led.vote.zxid = 500 + n;
	m.led.vote.round = 600 + n;
	m.led.vote.epoch = 700 + n;
	m.led.vote.state = 800 + (int32_t)n;
	m.led.vote.version = 900 + (int32_t)n;
	m.led.vote.priority = 950 + n;
	m.published_ms = 1000 + n;
	return m;
}

/* Which value is found, or -1. */
static int
found(void)
{
	struct role_memory m, want;
	unsigned n;

	memset(&m, 0xff, sizeof(m));
	if (!peer_memory_find(bytes, &boot, &m))
		return -1;
	n = (unsigned)(m.published_ms - 1000);
	want = value_of(n);
	assert_int_equal(m.promise.sid, want.promise.sid);
	assert_int_equal(m.promise.epoch, want.promise.epoch);
	assert_int_equal(m.promise.end_ms, want.promise.end_ms);
	assert_int_equal(m.led.epoch, want.led.epoch);
	assert_int_equal(m.led.vote.leader, want.led.vote.leader);
	assert_int_equal(m.led.vote.zxid, want.led.vote.zxid);
	assert_int_equal(m.led.vote.round, want.led.vote.round);
	assert_int_equal(m.led.vote.epoch, want.led.vote.epoch);
	assert_int_equal(m.led.vote.state, want.led.vote.state);
	assert_int_equal(m.led.vote.version, want.led.vote.version);
	assert_int_equal(m.led.vote.priority, want.led.vote.priority);
	return (int)n;
}

static void
put(unsigned n)
{
	struct role_memory m = value_of(n);

	peer_memory_put(bytes, &boot, &m);
}

static void
newest_counts(void **state)
{
	(void)state;
	memset(bytes, 0, PEER_MEMORY_LEN);
	assert_int_equal(found(), -1);
	for (unsigned n = 0; n < 20; n++) {
		put(n);
		assert_int_equal(found(), n);
	}
}

/* One byte is wrong, in every way that a bit or a byte can be: the value before it
 * counts, or the byte is part of nothing. */
static void
flipped(void **state)
{
	static unsigned char whole[PEER_MEMORY_LEN];
	unsigned older = 0;

	(void)state;
	memset(bytes, 0, PEER_MEMORY_LEN);
	put(1);
	put(2);
	memcpy(whole, bytes, sizeof(whole));
	for (unsigned i = 0; i < PEER_MEMORY_LEN; i++)
		for (unsigned bit = 0; bit < 9; bit++) {
			bytes[i] ^= (unsigned char)(bit < 8 ? 1u << bit : 0xff);
			int n = found();

			assert_true(n == 1 || n == 2);
			older += n == 1;
			bytes[i] = whole[i];
		}
	/* a sum, and seventeen words */
	assert_int_equal(older, 9 * 18 * 8);
	/* alone it counts for nothing */
	memset(bytes, 0, PEER_MEMORY_LEN);
	put(1);
	memcpy(whole, bytes, sizeof(whole));
	for (unsigned i = 0; i < 18 * 8; i++)
		for (unsigned bit = 0; bit < 9; bit++) {
			bytes[i] ^= (unsigned char)(bit < 8 ? 1u << bit : 0xff);
			assert_int_equal(found(), -1);
			bytes[i] = whole[i];
		}
}

/* The first `cut` bytes of the new content over the old, and the other way round. */
static void
cut(void **state)
{
	static unsigned char old[PEER_MEMORY_LEN], fresh[PEER_MEMORY_LEN];

	(void)state;
	for (unsigned first = 0; first < 4; first++) {
		memset(bytes, 0, PEER_MEMORY_LEN);
		for (unsigned n = 0; n <= first; n++)
			put(n);
		memcpy(old, bytes, sizeof(old));
		put(first + 1);
		memcpy(fresh, bytes, sizeof(fresh));
		for (unsigned i = 0; i <= PEER_MEMORY_LEN; i++) {
			int n;

			memcpy(bytes, old, PEER_MEMORY_LEN);
			memcpy(bytes, fresh, i);
			n = found();
			assert_true(n == (int)first || n == (int)first + 1);
			memcpy(bytes, fresh, PEER_MEMORY_LEN);
			memcpy(bytes, old, i);
			n = found();
			assert_true(n == (int)first || n == (int)first + 1);
			/* zeros from there on */
			memcpy(bytes, fresh, PEER_MEMORY_LEN);
			memset(bytes + i, 0, PEER_MEMORY_LEN - i);
			n = found();
			assert_true(n == -1 || n == (int)first || n == (int)first + 1);
		}
	}
}

static void
of_another_boot(void **state)
{
	struct boot ours = boot;

	(void)state;
	for (unsigned i = 0; i < sizeof(boot); i++) {
		memset(bytes, 0, PEER_MEMORY_LEN);
		put(1);
		put(2);
		((unsigned char *)&boot)[i] ^= 1;
		assert_int_equal(found(), -1);
		/* the first value of this boot is the only one */
		put(3);
		assert_int_equal(found(), 3);
		boot = ours;
		assert_int_equal(found(), -1);
	}
	/* whose boot is not known is of no boot */
	memset(boot.id, 0, sizeof(boot.id));
	memset(bytes, 0, PEER_MEMORY_LEN);
	put(1);
	assert_int_equal(found(), -1);
	boot = ours;
}

static pid_t
start_put(unsigned n)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		raise(SIGSTOP);
		put(n);
		raise(SIGUSR1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static bool
step(pid_t pid)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return WSTOPSIG(status) != SIGUSR1;
}

/* At every instruction the file has the value before or the one after; who is killed
 * there has a successor that finds it and goes on. */
static void
killed_at_every_store(void **state)
{
	static unsigned char before[PEER_MEMORY_LEN];
	static unsigned char last[PEER_MEMORY_LEN];

	(void)state;
	for (unsigned first = 0; first < 3; first++) {
		unsigned changes = 0;
		bool turned = false;
		pid_t pid;

		memset(bytes, 0, PEER_MEMORY_LEN);
		for (unsigned n = 0; n < first; n++)
			put(n);
		memcpy(before, bytes, sizeof(before));
		memcpy(last, bytes, sizeof(last));
		pid = start_put(first);
		do {
			int n = found();

			assert_true(n == (int)first || (!turned && n == (int)first - 1));
			turned = n == (int)first;
			if (memcmp(last, bytes, PEER_MEMORY_LEN) == 0)
				continue;
			changes++;
			memcpy(last, bytes, PEER_MEMORY_LEN);
			/* killed here: the successor's value is found */
			put(first + 1);
			assert_int_equal(found(), first + 1);
			memcpy(bytes, last, PEER_MEMORY_LEN);
		} while (step(pid));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(turned && changes >= 2);
	}
}

static void
survives_its_process(void **state)
{
	struct peer_memory m;
	struct role_memory v, out;

	(void)state;
	for (unsigned n = 1; n <= 50; n++) {
		pid_t pid = fork();
		unsigned seen = 0;

		assert_true(pid >= 0);
		if (pid == 0) {
			if (peer_memory_open(&m, path, &boot) < 0)
				_exit(1);
			for (unsigned i = 1;; i++) {
				v = value_of(i);
				v.led.epoch = (int64_t)i;
				peer_memory_store(&m, &v);
			}
		}
		usleep(500);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(peer_memory_open(&m, path, &boot), 0);
		if (peer_memory_find(m.bytes, &boot, &out)) {
			seen++;
			assert_int_equal(out.published_ms, 1000 + out.led.epoch);
		}
		assert_true(seen || n == 1);
		v = value_of(7);
		v.led.epoch = 7;
		peer_memory_store(&m, &v);
		peer_memory_close(&m);
		peer_memory_close(&m);
	}
	assert_int_equal(peer_memory_open(&m, "/nowhere/memory", &boot), -ENOENT);
	unlink(path);
}

/* A file of another length is no file of ours, and free of all. */
static void
another_file(void **state)
{
	struct peer_memory m;
	struct role_memory v = value_of(3), out;

	(void)state;
	assert_int_equal(peer_memory_open(&m, path, &boot), 0);
	peer_memory_store(&m, &v);
	peer_memory_close(&m);
	assert_int_equal(truncate(path, PEER_MEMORY_LEN - 1), 0);
	assert_int_equal(peer_memory_open(&m, path, &boot), 0);
	assert_false(peer_memory_find(m.bytes, &boot, &out));
	peer_memory_close(&m);
	unlink(path);
}

static struct peer_memory_binds
bind_to(bool has_found, uint32_t bound_ms, int bound_boot, const struct boot *here)
{
	struct role_memory m = value_of(1);
	struct role_bound b = {.ms = bound_ms};
	struct peer_memory_binds out;

	if (bound_boot == 1)
		memcpy(b.boot, boot.id, sizeof(b.boot));
	if (bound_boot == 2)
		memset(b.boot, 9, sizeof(b.boot));
	memset(&out, 0xff, sizeof(out));
	peer_memory_bind(has_found ? &m : NULL, &b, here, 5000, &out);
	return out;
}

static void
binds(void **state)
{
	struct boot nowhere = {.ns_device = 1};
	struct peer_memory_binds b;

	(void)state;
	/* a memory binds as it says, whatever the bound */
	for (uint32_t ms = 0; ms < 600; ms += 300)
		for (int of = 0; of < 3; of++) {
			b = bind_to(true, ms, of, &boot);
			assert_int_equal(b.unknown_ms, 0);
			assert_int_equal(b.memory.promise.end_ms, 201);
			assert_int_equal(b.memory.led.epoch, 301);
			assert_int_equal(b.memory.published_ms, 1001);
		}
	for (int of = 0; of < 3; of++) {
		/* nothing was ever promised */
		b = bind_to(false, 0, of, &boot);
		assert_int_equal(b.unknown_ms, 0);
		/* whose boot is not known: the later of both ends */
		b = bind_to(false, 300, of, &nowhere);
		assert_int_equal(b.unknown_ms, 5301);
	}
	/* the bound's boot is not known, is this one, is another one */
	assert_int_equal(bind_to(false, 300, 0, &boot).unknown_ms, 5301);
	b = bind_to(false, 300, 1, &boot);
	assert_int_equal(b.unknown_ms, 5301);
	assert_int_equal(b.memory.promise.end_ms, 0);
	assert_int_equal(b.memory.led.epoch, 0);
	assert_int_equal(b.memory.published_ms, 0);
	assert_int_equal(bind_to(false, 300, 2, &boot).unknown_ms, 300);
	assert_int_equal(bind_to(false, UINT32_MAX, 1, &boot).unknown_ms,
	                 UINT64_C(5001) + UINT32_MAX);
}

static int
prepare(void **state)
{
	(void)state;
	bytes = mmap(NULL, PEER_MEMORY_LEN, PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED || !mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/memory", folder);
	return 0;
}

static int
clean(void **state)
{
	(void)state;
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(newest_counts), cmocka_unit_test(flipped),
	    cmocka_unit_test(cut),           cmocka_unit_test(of_another_boot),
	    cmocka_unit_test(another_file),  cmocka_unit_test(killed_at_every_store),
	    cmocka_unit_test(binds),         cmocka_unit_test(survives_its_process),
	};

	return cmocka_run_group_tests(tests, prepare, clean);
}
