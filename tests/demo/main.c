/* demo: an ensemble on this machine to play with; what `make run` shows. */
#include "base/clock.h"
#include "tests/demo/show.h"
#include "tests/lab/lab.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SERVERS_MAX 7
#define STOP_MS     5000
#define REFRESH_MS  500
#define USAGE                                                                            \
	"Usage: demo [N] [--for SECONDS] [--dir DIR]\n"                                  \
	"Runs N Conclave servers (1 to 7, default 3) in DIR (build/demo) until ^C, or "  \
	"for\n"                                                                          \
	"that many seconds. Exit status: 0 if a leader was seen, else 1.\n"

struct options {
	unsigned count;
	const char *dir;
	uint64_t for_ms; /* 0: until ^C */
};

static int
parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		char *end = argv[i];

		if (strcmp(argv[i], "--help") == 0) {
			fputs(USAGE, stdout);
			exit(0);
		}
		if (strcmp(argv[i], "--for") == 0 && i + 1 < argc) {
			double seconds = strtod(argv[++i], &end);

			if (*end || end == argv[i] || !(seconds > 0 && seconds < 1e6))
				return -EINVAL;
			o->for_ms = (uint64_t)(seconds * 1000);
		} else if (strcmp(argv[i], "--dir") == 0 && i + 1 < argc) {
			o->dir = argv[++i];
		} else {
			unsigned long n = strtoul(argv[i], &end, 10);

			if (*end || end == argv[i] || n < 1 || n > SERVERS_MAX)
				return -EINVAL;
			o->count = (unsigned)n;
		}
	}
	return 0;
}

/* ^C and the like as a descriptor: the end is to be in order. */
static int
signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* `make run | head` */
static bool
nobody_reads(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	return ferror(stdout) || (poll(&p, 1, 0) > 0 && p.revents & POLLERR);
}

/* Until a signal, the end of the time or of whoever reads. True if a leader was seen. */
static bool
play(struct lab *l, struct show *show, uint64_t until_ms)
{
	bool seen = false;

	for (;;) {
		uint64_t now = clock_ms();
		uint64_t wake_ms =
		    now + REFRESH_MS < until_ms ? now + REFRESH_MS : until_ms;
		unsigned id = 0;
		enum lab_next r = lab_next(l, wake_ms, &id);

		seen |= lab_leader(l) != 0;
		if (r == LAB_WOKEN || nobody_reads() ||
		    (r == LAB_LATE && clock_ms() >= until_ms))
			return seen;
		show_news(show, l, r, id);
	}
}

int
main(int argc, char **argv)
{
	struct options o = {.count = 3, .dir = getenv("CONCLAVE_DEMO_DIR")};
	struct lab_options lo = {0};
	struct show show;
	struct lab *l;
	bool seen;
	int r;

	if (!o.dir)
		o.dir = "build/demo";
	if (parse(argc, argv, &o)) {
		fputs(USAGE, stderr);
		return 64;
	}
	lo.count = o.count;
	lo.dir = o.dir;
	lo.wake_fd = signals();
	r = lab_new(&l, &lo);
	if (r) {
		fprintf(stderr, "demo: %s: %s\n", o.dir,
		        r == -EWOULDBLOCK
		            ? "another demo runs there: end it first, or name another "
		              "folder in CONCLAVE_DEMO_DIR"
		            : strerror(-r));
		return 1;
	}
	for (unsigned id = 1; id <= o.count && !r; id++)
		r = lab_start(l, id);
	show_open(&show, o.count);
	seen = !r && play(l, &show, o.for_ms ? clock_ms() + o.for_ms : UINT64_MAX);
	show_close(&show);
	puts("stopping");
	fflush(stdout);
	r = lab_stop_all(l, STOP_MS);
	if (r)
		fputs("demo: some processes had to be killed\n", stderr);
	lab_free(l);
	return seen && !r ? 0 : 1;
}
