/* What a program that holds leadership waits for, and pays: the first lease after its
 * hold, and each conclave_leading(). */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "lib/conclave.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 20000
#define CALLS   100000
/* The lease before has ended then, so that the next one is a first one. */
#define PAUSE_MS 3000

static double
ns_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Of this process's own time, which a busy machine does not lengthen. */
static void
time_calls(struct conclave *c, struct series *s)
{
	double start_ns = ns_of(CLOCK_PROCESS_CPUTIME_ID);
	unsigned leads = 0;

	for (unsigned i = 0; i < CALLS; i++)
		leads += conclave_leading(c);
	if (leads == CALLS)
		series_add(s, (ns_of(CLOCK_PROCESS_CPUTIME_ID) - start_ns) / CALLS);
}

static int
one_hold(struct conclave *c, struct series *first, struct series *call)
{
	double start_ns = ns_of(CLOCK_BOOTTIME);
	int r = conclave_hold(c, "bench", -1);

	if (r == 0 && conclave_wait(c, CONCLAVE_LEADING, WAIT_MS) == CONCLAVE_LEADING) {
		series_add(first, (ns_of(CLOCK_BOOTTIME) - start_ns) / 1e6);
		time_calls(c, call);
	}
	return r < 0 ? r : conclave_let_go(c);
}

static bool
find_run_dir(const char *config, char run_dir[256])
{
	char line[512];
	FILE *f = fopen(config, "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "run_dir = \"%255[^\"]\"", run_dir) == 1;
	if (f)
		fclose(f);
	return found;
}

int
bench_lease(const struct bench *b)
{
	struct series *first = series_new("ms", "first lease after a hold, 3 servers");
	struct series *call = series_new("ns", "conclave_leading()");
	struct lab *l = bench_ensemble(b, NULL, 3, NULL);
	unsigned leader = l ? lab_leader(l) : 0;
	char run_dir[256] = "";
	struct conclave *c;

	if (!leader)
		return 1;
	if (!find_run_dir(lab_config(l, leader), run_dir) ||
	    conclave_open(&c, run_dir) < 0) {
		lab_free(l);
		return 1;
	}
	for (unsigned i = 0; i < b->runs && one_hold(c, first, call) == 0; i++)
		(void)conclave_wait(c, CONCLAVE_STOP, PAUSE_MS);
	conclave_close(c);
	lab_free(l);
	series_print(first, stdout);
	series_print(call, stdout);
	return first->count < b->runs || call->count < b->runs;
}
