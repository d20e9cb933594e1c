/* bench [RUNS [WORD]]: measures, prints a table, writes build/bench.json. RUNS is at
 * least 20; WORD runs only the parts whose name holds it. */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
wanted(const char *word, const char *part)
{
	return !word || strstr(part, word);
}

static int
elections(const struct bench *b, const char *word)
{
	int failed = 0;

	if (wanted(word, "start"))
		failed |= bench_cold_start(b, 3) | bench_cold_start(b, 5);
	if (wanted(word, "failover")) {
		failed |=
		    bench_failover(b, NULL, 3, true) | bench_failover(b, NULL, 5, true);
		failed |= bench_failover(b, "seqpacket", 3, true);
		failed |= bench_failover(b, NULL, 3, false);
	}
	if (wanted(word, "handover"))
		failed |= bench_handover(b, false) | bench_handover(b, true);
	if (wanted(word, "restart"))
		for (int leader = 0; leader < 2; leader++) {
			failed |= bench_restart(b, "elector", leader);
			failed |= bench_restart(b, "peer", leader);
			failed |= bench_restart(b, "connmgr", leader);
		}
	if (wanted(word, "join"))
		failed |= bench_join(b);
	return failed;
}

int
main(int argc, char **argv)
{
	struct bench b = {.runs = argc > 1 ? (unsigned)atoi(argv[1]) : 20};
	const char *word = argc > 2 ? argv[2] : NULL;
	int failed = 0;

	signal(SIGPIPE, SIG_IGN);
	if (b.runs == 0) {
		fprintf(stderr, "usage: bench [RUNS [WORD]]\n");
		return 64;
	}
	series_print_head(stdout);
	failed |= elections(&b, word);
	if (wanted(word, "swap"))
		failed |= bench_swap(&b, "nng") | bench_swap(&b, "seqpacket");
	if (wanted(word, "ask")) {
		failed |= bench_echo(&b);
		failed |= bench_ask(&b, "nng") | bench_ask(&b, "seqpacket");
	}
	if (wanted(word, "disk"))
		failed |= bench_disk();
	if (wanted(word, "lease"))
		failed |= bench_lease(&b);
	if (wanted(word, "weight"))
		failed |= bench_weight(&b, "nng") | bench_weight(&b, "seqpacket");
	if (series_write("build/bench.json") < 0)
		failed = 1;
	printf("written: build/bench.json\n");
	return failed;
}
