/* First founding, cold start, failover, restart of workers, and a server that joins among
 * silent strangers. */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS   20000
#define STRANGERS 300
#define SETTLE_MS 300
#define QUICK     "supervisor = { restart_reset_ms = 1; };"

/* Starts all of them; how long it took (ms) until one was established in an epoch above
 * `epoch`, 0 if none was. */
static double
start_all(struct lab *l, unsigned count, int64_t epoch)
{
	uint64_t start = clock_us(), at;

	for (unsigned id = 1; id <= count; id++)
		lab_start(l, id);
	at = bench_wait_epoch(l, 0, epoch);
	return at ? (double)(at - start) / 1000 : 0;
}

int
bench_cold_start(const struct bench *b, unsigned count)
{
	struct series *founding = series_new(
	    "ms", "first founding, %u servers, to an established leader", count);
	struct series *cold =
	    series_new("ms", "cold start, %u servers, to an established leader", count);
	struct lab_options options = {.count = count,
	                              .dir = "build/bench",
	                              .ipc = b->ipc,
	                              .wake_fd = -1,
	                              .in_memory = true};
	int failed = 0;

	for (unsigned run = 0; run < b->runs && !failed; run++) {
		struct lab *l;
		double first, second = 0;
		unsigned leader = 0;
		int64_t epoch = 0;

		if (lab_new(&l, &options) < 0)
			return 1;
		first = start_all(l, count, 0);
		if (first > 0)
			leader = lab_wait_leader(l, clock_ms() + WAIT_MS);
		if (leader)
			epoch = bench_epoch(l, leader);
		if (leader && lab_stop_all(l, WAIT_MS) == 0)
			second = start_all(l, count, epoch);
		lab_stop_all(l, WAIT_MS);
		lab_free(l);
		failed = second <= 0;
		if (failed) {
			fprintf(stderr, "bench: %s without a leader\n",
			        leader ? "cold start" : "founding");
			continue;
		}
		series_add(founding, first);
		series_add(cold, second);
	}
	series_print(founding, stdout);
	series_print(cold, stdout);
	return failed;
}

int
bench_failover(const struct bench *b, const char *ipc, unsigned count, bool early)
{
	struct series *s =
	    series_new("ms", "failover, %u servers, early finalize %s%s%s", count,
	               early ? "on" : "off", ipc ? ", " : "", ipc ? ipc : "");
	struct lab *l = bench_ensemble(b, ipc, count,
	                               early ? QUICK : "early_finalize = false;\n" QUICK);
	int failed = l == NULL;

	for (unsigned run = 0; run < b->runs && !failed; run++) {
		unsigned leader = lab_wait_leader(l, clock_ms() + WAIT_MS);
		int64_t epoch = leader ? bench_epoch(l, leader) : 0;
		uint64_t start, at;

		failed = leader == 0;
		if (failed)
			break;
		failed = lab_kill(l, leader, &start) < 0;
		if (failed)
			break;
		at = bench_wait_epoch(l, leader, epoch);
		failed = at == 0;
		if (at)
			series_add(s, (double)(at - start) / 1000);
		lab_start(l, leader);
	}
	if (l)
		lab_stop_all(l, WAIT_MS);
	lab_free(l);
	series_print(s, stdout);
	return failed;
}

/* Whatever one death may bring about is said within this time. */
static void
settle(struct lab *l)
{
	uint64_t until = clock_ms() + SETTLE_MS;

	while (lab_next(l, until, NULL) != LAB_LATE)
		;
}

int
bench_restart(const struct bench *b, const char *worker, bool leader)
{
	struct series *s = series_new("ms", "restart of the %s's %s, to READY",
	                              leader ? "leader" : "follower", worker);
	struct series *changes = series_new("leaders", "  changes of leader by it");
	struct lab *l = bench_ensemble(b, NULL, 3, QUICK);
	unsigned changed = 0;
	int failed = l == NULL;

	for (unsigned run = 0; run < b->runs && !failed; run++) {
		unsigned was = lab_wait_leader(l, clock_ms() + WAIT_MS);
		unsigned id = leader ? was : was % 3 + 1;
		int64_t epoch = was ? bench_epoch(l, was) : 0;
		uint64_t start, at;
		pid_t old = was ? lab_kill_worker(l, id, worker, &start) : -1;

		if (old <= 0)
			failed = 1;
		at = failed ? 0 : bench_wait_ready(l, id, worker, old);
		if (at == 0) {
			failed = 1;
			break;
		}
		series_add(s, (double)(at - start) / 1000);
		settle(l);
		was = lab_wait_leader(l, clock_ms() + WAIT_MS);
		changed += was && bench_epoch(l, was) != epoch;
	}
	series_add(changes, changed);
	if (l)
		lab_stop_all(l, WAIT_MS);
	lab_free(l);
	series_print(s, stdout);
	series_print(changes, stdout);
	return failed;
}

/* From the start of a server to its word that it follows. */
static int
join_once(struct lab *l, unsigned id, struct series *s)
{
	uint64_t start = clock_us(), until = clock_ms() + WAIT_MS;
	unsigned who = 0;

	lab_start(l, id);
	while (clock_ms() < until) {
		if (lab_next(l, until, &who) != LAB_EVENT || who != id)
			continue;
		if (strcmp(lab_state(l, id)->state, "following") == 0) {
			series_add(s, (double)(lab_state(l, id)->at_us - start) / 1000);
			lab_stop(l, id, WAIT_MS);
			return 0;
		}
	}
	fprintf(stderr, "bench: server %u did not join\n", id);
	return 1;
}

int
bench_join(const struct bench *b)
{
	struct series *quiet = series_new("ms", "a server joins");
	struct series *loud = series_new(
	    "ms", "a server joins, %d silent connections at each port", STRANGERS);
	struct lab *l = bench_ensemble(b, NULL, 3, QUICK);
	int fds[4 * STRANGERS], count = 0, failed = l == NULL;
	unsigned leader = l ? lab_leader(l) : 0, joiner = leader % 3 + 1;

	if (l)
		lab_stop(l, joiner, WAIT_MS);
	for (unsigned run = 0; run < b->runs && !failed; run++) {
		settle(l);
		failed = join_once(l, joiner, quiet);
		for (unsigned id = 1; id <= 3 && !failed; id++)
			for (int i = 0; i < STRANGERS && id != joiner; i++) {
				fds[count++] = bench_connect(l, id, "election_port");
				fds[count++] = bench_connect(l, id, "quorum_port");
			}
		settle(l); /* the strangers sit there; their arrival is another matter */
		if (!failed)
			failed = join_once(l, joiner, loud);
		while (count > 0)
			if (fds[--count] >= 0)
				close(fds[count]);
	}
	if (l)
		lab_stop_all(l, WAIT_MS);
	lab_free(l);
	series_print(quiet, stdout);
	series_print(loud, stdout);
	return failed;
}
