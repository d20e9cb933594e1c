/* Preloaded into a server of the tests. When the file
 * $CONCLAVE_TEST_PRIVILEGES/go.PROGRAM appears, every thread of this daemon (nng's, the
 * disk's, one that is made then) tries what attempt.c has. It does so in the handler of a
 * signal that is sent to this thread alone and cannot be blocked here. The file
 * tried.PROGRAM there says how it went. */
#include "tests/privileges/attempt.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRY         (SIGRTMIN + 5)
#define PATIENCE_MS 10000

static const struct {
	const char *program, *own;
	unsigned bit;
} programs[] = {
    {"conclaved", "conclaved", CONCLAVED},
    {"conclave-connmgr", "connmgr", CONNMGR},
    {"conclave-elector", "elector-main", ELECTOR},
    {"conclave-peer", "peer", PEER},
};

static unsigned us; /* 0: none of them, or no test */
static long landlock_abi;
static char go[PATH_MAX];
static FILE *tried; /* opened before privileges are dropped */
static bool done;
static _Atomic pid_t heard; /* the thread whose results are there */
static int results[ATTEMPTS_MAX];

static bool
is_ours(const struct attempt *a)
{
	return ((a->refused | a->succeeds) & us) && a->call[ABI] <= landlock_abi;
}

static void
on_try(int signal)
{
	int error = errno;

	(void)signal;
	for (unsigned i = 0; i < attempt_count; i++)
		if (is_ours(&attempts[i]))
			results[i] = attempts[i].try(&attempts[i]);
	errno = error;
	heard = gettid();
}

static void
say(pid_t thread)
{
	for (unsigned i = 0; i < attempt_count; i++) {
		const struct attempt *a = &attempts[i];
		bool good = true;

		if (!is_ours(a)) {
			if ((a->refused | a->succeeds) & us)
				fprintf(tried, "skip %s: it takes Landlock ABI %ld\n",
				        a->name, a->call[ABI]);
			continue;
		}
		if (a->refused & us)
			good = attempt_was_refused(a, results[i]);
		else
			good = results[i] == 0;
		fprintf(tried, "%s %d %s %s %s\n", good ? "good" : "bad", (int)thread,
		        a->name, a->refused & us ? "refused" : "succeeds",
		        results[i] == 0 ? "0" : strerrorname_np(-results[i]));
	}
}

static bool
let_try(pid_t thread)
{
	heard = 0;
	if (syscall(SYS_tgkill, getpid(), thread, TRY) < 0) {
		fprintf(tried, "%s %d gone\n", errno == ESRCH ? "good" : "bad",
		        (int)thread);
		return false;
	}
	for (unsigned ms = 0; heard != thread && ms < PATIENCE_MS; ms++)
		usleep(1000);
	if (heard != thread) {
		fprintf(tried, "bad %d silent\n", (int)thread);
		return false;
	}
	say(thread);
	return true;
}

static void *
wait_for_end(void *end)
{
	while (!*(_Atomic bool *)end)
		usleep(1000);
	return NULL;
}

static void
let_all_try(void)
{
	_Atomic bool end = false;
	DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	pthread_t late;
	unsigned count = 0;

	if (pthread_create(&late, NULL, wait_for_end, &end) != 0)
		fprintf(tried, "bad no thread\n");
	while (threads && (entry = readdir(threads)))
		if (entry->d_name[0] != '.')
			count += let_try(atoi(entry->d_name));
	end = true;
	pthread_join(late, NULL);
	if (threads)
		closedir(threads);
	fprintf(tried, "end %u\n", count);
	fflush(tried);
}

/* The main thread, between two turns of its loop */
static void
look(void)
{
	if (!us || done || gettid() != getpid() || access(go, F_OK) < 0)
		return;
	done = true;
	let_all_try();
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int (*next)(int, struct epoll_event *, int, int) = dlsym(RTLD_NEXT, "epoll_wait");

	look();
	return next(fd, events, max, timeout);
}

int
epoll_pwait2(int fd, struct epoll_event *events, int max, const struct timespec *timeout,
             const sigset_t *mask)
{
	int (*next)(int, struct epoll_event *, int, const struct timespec *,
	            const sigset_t *) = dlsym(RTLD_NEXT, "epoll_pwait2");

	look();
	return next(fd, events, max, timeout, mask);
}

static int
mask(const char *name, int how, const sigset_t *set, sigset_t *old)
{
	int (*next)(int, const sigset_t *, sigset_t *) = dlsym(RTLD_NEXT, name);
	sigset_t ours;

	if (!set)
		return next(how, set, old);
	ours = *set;
	if (us && how != SIG_UNBLOCK)
		sigdelset(&ours, TRY);
	return next(how, &ours, old);
}

int
sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return mask("sigprocmask", how, set, old);
}

int
pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return mask("pthread_sigmask", how, set, old);
}

/* Outside of what a worker may reach; open until the end. */
static void
listen_abstract(void)
{
	struct sockaddr_un address;
	socklen_t len = attempt_abstract(&address);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, 4096) < 0)
		abort();
}

static void __attribute__((constructor)) prepare(void)
{
	const struct sigaction action = {.sa_handler = on_try, .sa_flags = SA_RESTART};
	const char *server = getenv("CONCLAVE_TEST_PRIVILEGES");
	char path[PATH_MAX];

	for (size_t i = 0; server && i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(program_invocation_short_name, programs[i].program) != 0)
			continue;
		attempt_prepare(server, programs[i].own);
		/* one after the other: they ask each other */
		snprintf(go, sizeof(go), "%s/go.%s", server, programs[i].program);
		snprintf(path, sizeof(path), "%s/tried.%s", server, programs[i].program);
		tried = fopen(path, "ae");
		if (!tried || sigaction(TRY, &action, NULL) < 0)
			abort();
		us = programs[i].bit;
		landlock_abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
		                       LANDLOCK_CREATE_RULESET_VERSION);
		if (us == CONCLAVED)
			listen_abstract();
	}
}
