/* The benchmarks: each measures one thing many times over into its series. All times are
 * taken inside the programs (event streams, conclaved's table), on CLOCK_BOOTTIME. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include "tests/lab/lab.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bench {
	unsigned runs;   /* of each, at least 20 */
	const char *ipc; /* NULL: the default */
};

/* Starts `count` servers with `extra` lines and waits for their leader; NULL if none. */
struct lab *bench_ensemble(const struct bench *b, const char *ipc, unsigned count,
                           const char *extra);
/* Waits until a server other than `not_id` leads with an epoch above `epoch`; when it
 * said so (µs), 0 if nobody did in 20 s. */
uint64_t bench_wait_epoch(struct lab *l, unsigned not_id, int64_t epoch);
/* When conclaved saw a successor of `old` ready (µs); 0 if it did not in 20 s. */
uint64_t bench_wait_ready(struct lab *l, unsigned id, const char *worker, pid_t old);
int64_t bench_epoch(struct lab *l, unsigned id);
/* A TCP connection to a port of server `id` ("election_port", "quorum_port"), or -1. */
int bench_connect(struct lab *l, unsigned id, const char *port_key);

/* A stranger's LOOKING notification over such a connection to the election port, the
 * first with its greeting; and the frame that answers it. */
bool bench_question(int fd, int64_t sid, bool greet);
bool bench_read_answer(int fd);

/* Each returns 0, or 1 after saying what did not come to pass. */
int bench_cold_start(const struct bench *b, unsigned count);
int bench_failover(const struct bench *b, const char *ipc, unsigned count, bool early);
int bench_restart(const struct bench *b, const char *worker, bool leader);
int bench_handover(const struct bench *b, bool targeted);
int bench_join(const struct bench *b);
int bench_swap(const struct bench *b, const char *ipc);
int bench_ask(const struct bench *b, const char *ipc);
int bench_echo(const struct bench *b);
int bench_weight(const struct bench *b, const char *ipc);
int bench_disk(void);
int bench_lease(const struct bench *b);

#endif
