/* The leader hands over, to whomever the others elect or to a server that is named. */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdio.h>

#define WAIT_MS 20000
#define QUICK   "supervisor = { restart_reset_ms = 1; };"

/* Until the answer, which comes when the leader has released. */
static bool
ask(struct lab *l, unsigned leader, const char *request)
{
	json_t *said = lab_request(l, leader, "peer", request, WAIT_MS);
	bool ok = said && !json_object_get(said, "error");

	if (!ok)
		fprintf(stderr, "bench: server %u does not take \"%s\": %s\n", leader,
		        request,
		        said ? json_string_value(json_object_get(said, "error"))
		             : "no answer");
	json_decref(said);
	return ok;
}

/* The time from the request to the next established leader, in ms; 0: failed. `target`:
 * 0: whoever is elected. */
static double
hand_over(struct lab *l, unsigned leader, unsigned target)
{
	int64_t epoch = bench_epoch(l, leader);
	char request[32] = "step-down";
	uint64_t start, at;

	if (target > 0)
		snprintf(request, sizeof(request), "transfer %u", target);
	start = clock_us();
	if (!ask(l, leader, request))
		return 0;
	at = bench_wait_epoch(l, leader, epoch);
	return at > start ? (double)(at - start) / 1000 : 0;
}

int
bench_handover(const struct bench *b, bool targeted)
{
	struct series *s = series_new("ms", "%s, to the next established leader",
	                              targeted ? "transfer" : "step-down");
	struct lab *l = bench_ensemble(b, NULL, 3, QUICK);
	unsigned target = 0, missed = 0;
	int failed = l == NULL;

	for (unsigned run = 0; run <= b->runs && !failed; run++) {
		unsigned leader = lab_wait_leader(l, clock_ms() + WAIT_MS);
		double ms = 0;

		missed += target > 0 && leader != target;
		if (run == b->runs)
			break;
		if (targeted) /* each of the two others in turn */
			target = (leader + run / 2 % 2) % 3 + 1;
		if (leader > 0)
			ms = hand_over(l, leader, target);
		failed = ms <= 0;
		if (!failed)
			series_add(s, ms);
	}
	if (l)
		lab_stop_all(l, WAIT_MS);
	lab_free(l);
	series_print(s, stdout);
	if (missed > 0)
		fprintf(stderr, "bench: another than the target led, %u times\n", missed);
	return failed || missed > 0;
}
