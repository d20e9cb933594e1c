/* conclave_leading: no system call, threads, fork, and pages that are torn or not ours.
 */
#include "base/file_map.h"
#include "tests/unit/lib_kit.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static struct conclave *
holding(void)
{
	struct conclave *c = NULL;

	assert_int_equal(conclave_open(&c, kit.dir), 0);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	return c;
}

/* From now on any system call but exit is the end of the process. (The strict mode would
 * also take the counter from it that the clock is read from.) */
static bool
give_up_calls(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void
no_system_call(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	kit_lease(&kit, 4, LONG_MS);
	pid = fork();
	if (pid == 0) {
		struct conclave *c = NULL;
		uint64_t end_ns = 0;
		bool leads;

		if (conclave_open(&c, kit.dir) < 0 || conclave_hold(c, NULL, -1) < 0 ||
		    !give_up_calls())
			_exit(9);
		leads = conclave_leading(c);
		for (unsigned i = 0; i < 100000; i++)
			leads = leads && conclave_leading(c) &&
			        conclave_lease(c, NULL, &end_ns);
		syscall(SYS_exit, leads && end_ns > 0 ? 0 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
child_has_no_hold(void **state)
{
	struct conclave *c = holding();
	struct conclave_state s;
	int status;
	pid_t pid;

	(void)state;
	kit_lease(&kit, 4, LONG_MS);
	assert_true(conclave_leading(c));
	pid = fork();
	if (pid == 0) {
		bool ok = !conclave_leading(c) && conclave_process(c) == -ECHILD &&
		          conclave_hold(c, NULL, -1) == -ECHILD &&
		          conclave_let_go(c) == -ECHILD &&
		          conclave_wait(c, CONCLAVE_LOST, -1) == -ECHILD &&
		          conclave_confirm(c, -1) == -ECHILD &&
		          !conclave_stop_wanted(c, NULL);

		conclave_state(c, &s);
		ok = ok && s.role == CONCLAVE_UNKNOWN;
		conclave_close(c);
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(conclave_leading(c));
	assert_int_equal(conclave_let_go(c), 0);
	assert_int_equal(kit.let_gos, 1);
	conclave_close(c);
}

static unsigned
held(void)
{
	unsigned count = 0;

	pthread_mutex_lock(&kit.lock);
	for (unsigned i = 0; i < KIT_CONNS; i++)
		count += kit.conns[i].holds;
	pthread_mutex_unlock(&kit.lock);
	return count;
}

/* It has copies of all descriptors of the library, and none of the daemon's. */
static pid_t
start_child(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(kit.listener);
	for (unsigned i = 0; i < KIT_CONNS; i++)
		close(kit.conns[i].fd);
	for (;;)
		pause();
}

/* Its parent's connections end all the same, and its descriptor does not ring for ever.
 */
static void
child_that_stays(void **state)
{
	struct conclave *c = holding(), *other = holding();
	struct pollfd p = {.fd = conclave_fd(c), .events = POLLIN};
	struct conclave_state s;
	unsigned rests = 0;
	pid_t pid;

	(void)state;
	until(c, (conclave_state(c, &s), s.role == CONCLAVE_LEADS));
	pid = start_child();
	conclave_close(other);
	until(c, held() == 1);
	kit_die(&kit);
	until(c, (conclave_state(c, &s), s.role == CONCLAVE_UNKNOWN));
	for (unsigned i = 0; i < 10000 && rests == 0; i++) {
		rests += poll(&p, 1, 3) == 0;
		(void)conclave_process(c);
	}
	assert_int_equal(rests, 1);
	kit_run(&kit);
	until(c, held() == 1);
	conclave_close(c);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* No descriptor of the library goes to a program that is started. */
static void
descriptors_close_on_exec(void **state)
{
	bool before[64];
	struct conclave *c;
	unsigned ours = 0;

	(void)state;
	for (int fd = 0; fd < 64; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0;
	c = holding();
	for (int fd = 0; fd < 64; fd++) {
		int flags = before[fd] ? -1 : fcntl(fd, F_GETFD);

		assert_true(flags < 0 || (flags & FD_CLOEXEC));
		ours += flags >= 0;
	}
	assert_true(ours >= 4);
	assert_true(fcntl(conclave_fd(c), F_GETFD) & FD_CLOEXEC);
	conclave_close(c);
}

/* The first store of a writer that dies. */
static void
tear(void)
{
	_Atomic uint32_t *mark = (_Atomic uint32_t *)((char *)kit.writer.page + 8);

	atomic_store(mark, atomic_load(mark) | 1);
}

static void
torn_page(void **state)
{
	struct conclave *c = holding();
	uint64_t end_ns, read_ns;
	int64_t epoch;

	(void)state;
	/* nothing was read before */
	tear();
	assert_false(conclave_leading(c));
	end_ns = kit_lease(&kit, 4, LONG_MS);
	assert_true(conclave_leading(c));
	tear();
	kit.writer.view.epoch = 9;
	for (unsigned i = 0; i < 3; i++) {
		assert_true(conclave_lease(c, &epoch, &read_ns));
		assert_int_equal(epoch, 4);
		assert_int_equal(read_ns, end_ns);
	}
	/* another writer mends it: and this one says that there is none */
	kit_lease(&kit, 4, 0);
	assert_false(conclave_leading(c));
	/* what was read of the hold before does not count in the next one */
	kit_lease(&kit, 4, LONG_MS);
	assert_true(conclave_leading(c));
	assert_int_equal(conclave_let_go(c), 0);
	tear();
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_false(conclave_leading(c));
	conclave_close(c);
}

static void
another_boot(void **state)
{
	struct conclave *c = NULL;
	struct boot ours = kit.writer.view.boot;

	(void)state;
	assert_int_equal(conclave_open(&c, kit.dir), 0);
	for (unsigned i = 0; i < sizeof(ours); i++) {
		((unsigned char *)&kit.writer.view.boot)[i] ^= 1;
		kit_lease(&kit, 4, LONG_MS);
		assert_int_equal(conclave_hold(c, NULL, -1), -EXDEV);
		assert_false(conclave_leading(c));
		kit.writer.view.boot = ours;
		kit_lease(&kit, 4, 0);
		assert_int_equal(conclave_hold(c, NULL, -1), 0);
		((unsigned char *)&kit.writer.view.boot)[i] ^= 1;
		kit_lease(&kit, 4, LONG_MS);
		assert_false(conclave_leading(c));
		kit.writer.view.boot = ours;
		kit_lease(&kit, 4, LONG_MS);
		assert_true(conclave_leading(c));
		assert_int_equal(conclave_let_go(c), 0);
	}
	conclave_close(c);
}

static void
another_incarnation(void **state)
{
	struct conclave *c = holding();
	uint64_t end_ns, read_ns;

	(void)state;
	kit.writer.view.incarnation++;
	kit_lease(&kit, 4, LONG_MS);
	assert_false(conclave_leading(c));
	kit.writer.view.incarnation--;
	end_ns = kit_lease(&kit, 4, LONG_MS);
	assert_true(conclave_leading(c));
	kit.writer.view.incarnation++;
	kit_lease(&kit, 5, 2 * LONG_MS);
	assert_true(conclave_lease(c, NULL, &read_ns));
	assert_int_equal(read_ns, end_ns);
	conclave_close(c);
}

/* Once the hold is let go no thread finds a lease, and an epoch has the end that was
 * stored with it. Daemons come and go meanwhile. */
static struct conclave *common;
static _Atomic bool ended;
static _Atomic unsigned found;
/* odd: it may be held */
static _Atomic unsigned rounds;

static void *
reads(void *arg)
{
	(void)arg;
	while (!atomic_load(&ended)) {
		unsigned round = atomic_load(&rounds);
		int64_t epoch = 0;
		uint64_t end_ns = 0;

		if (!conclave_lease(common, &epoch, &end_ns))
			continue;
		assert_int_equal(epoch, end_ns);
		assert_true(round % 2 == 1 || atomic_load(&rounds) != round);
		atomic_fetch_add(&found, 1);
	}
	return NULL;
}

static void *
processes(void *arg)
{
	(void)arg;
	while (!atomic_load(&ended)) {
		assert_true(conclave_wait(common, CONCLAVE_CHANGED, 5) >= 0);
		(void)conclave_stop_wanted(common, NULL);
	}
	return NULL;
}

static void
threads_share(void **state)
{
	pthread_t threads[5];

	(void)state;
	assert_int_equal(conclave_open(&common, kit.dir), 0);
	atomic_store(&ended, false);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, i < 3 ? reads : processes, NULL),
		    0);
	for (unsigned i = 0; i < 60; i++) {
		unsigned had = atomic_load(&found);

		atomic_fetch_add(&rounds, 1);
		assert_int_equal(conclave_hold(common, NULL, -1), 0);
		for (unsigned k = 0; k < 500 || atomic_load(&found) == had; k++) {
			uint64_t end_ns = kit_now_ns() + (k + 1) * 1000 * KIT_MS;

			page_store(&kit.writer, (int64_t)end_ns, end_ns);
		}
		if (i % 3 == 2) {
			kit_die(&kit);
			kit_run(&kit);
			/* broken, or held again already */
			assert_true(conclave_let_go(common) <= 0);
		} else {
			assert_int_equal(conclave_let_go(common), 0);
		}
		atomic_fetch_add(&rounds, 1);
	}
	atomic_store(&ended, true);
	for (unsigned i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	conclave_close(common);
}

static void
inherits(void **state)
{
	struct page_view v = {.incarnation = 77, .sid = 1, .epoch = 9};
	struct conclave *c = NULL;
	char number[16];
	void *page;
	int64_t epoch;
	int fd;

	(void)state;
	boot_read(&v.boot);
	assert_int_equal(file_map_shared(PAGE_LEN, &fd, &page), 0);
	assert_int_equal(conclave_open(&c, kit.dir), 0);
	unsetenv("CONCLAVE_LEASE_FD");
	assert_int_equal(conclave_inherit(c), -ENOENT);
	setenv("CONCLAVE_LEASE_FD", "2x", 1);
	assert_int_equal(conclave_inherit(c), -EINVAL);
	setenv("CONCLAVE_LEASE_FD", "9999", 1);
	assert_int_equal(conclave_inherit(c), -EBADF);
	snprintf(number, sizeof(number), "%d", fd);
	setenv("CONCLAVE_LEASE_FD", number, 1);
	assert_int_equal(conclave_inherit(c), -EINVAL); /* nothing was stored */
	v.end_ns = kit_now_ns() + LONG_MS * KIT_MS;
	page_write(page, &v);
	assert_int_equal(conclave_inherit(c), 0);
	close(fd);
	assert_true(conclave_lease(c, &epoch, NULL));
	assert_int_equal(epoch, 9);
	v.epoch = 10;
	page_write(page, &v);
	assert_true(conclave_lease(c, &epoch, NULL));
	assert_int_equal(epoch, 10);
	v.incarnation = 78; /* of another runner */
	v.epoch = 11;
	page_write(page, &v);
	assert_true(conclave_lease(c, &epoch, NULL));
	assert_int_equal(epoch, 10);
	v.incarnation = 77;
	v.end_ns = 0;
	page_write(page, &v);
	assert_false(conclave_leading(c));
	v.end_ns = kit_now_ns() + 20 * KIT_MS;
	page_write(page, &v);
	assert_int_equal(conclave_inherit(c), -EBADF);
	(void)conclave_process(c);
	assert_int_equal(conclave_wait(c, CONCLAVE_LOST, -1), CONCLAVE_LOST);
	assert_int_equal(conclave_hold(c, NULL, -1), 0);
	assert_int_equal(conclave_inherit(c), -EALREADY);
	unsetenv("CONCLAVE_LEASE_FD");
	conclave_close(c);
	file_unmap(page, PAGE_LEN);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, run, stop)
	const struct CMUnitTest tests[] = {
	    T(no_system_call),
	    T(child_has_no_hold),
	    T(child_that_stays),
	    T(descriptors_close_on_exec),
	    T(torn_page),
	    T(another_boot),
	    T(another_incarnation),
	    T(threads_share),
	    T(inherits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
