/* Swaps of an elector while a stranger asks it all the time: half of them quiet, half in
 * the middle of an election. How long is nobody answered? Was a question lost? */
#include "tests/bench/bench.h"
#include "tests/bench/series.h"

#include "base/clock.h"

#include <jansson.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_MS  20000
#define PAUSE_US 250 /* with the answer's own time some 2,000 questions a second */
#define LOST_MS  500 /* no answer so far: it never comes */
/* they are killed again and again here */
#define QUICK                                                                            \
	"supervisor = { restart_reset_ms = 1; probation_ms = 60000; };"                  \
	" timing = { tick_ms = 200; };"

struct asked {              /* shared with the one who asks */
	atomic_uint gap_us; /* the longest between two answers, since it was set to 0 */
	atomic_uint answers;
	atomic_uint lost;
	atomic_uint closed; /* connmgr was replaced */
};

static struct asked *asked;

static int
connect_until(struct lab *l, unsigned id)
{
	int fd;

	while ((fd = bench_connect(l, id, "election_port")) < 0)
		usleep(1000);
	return fd;
}

static void
ask_for_ever(struct lab *l, unsigned id)
{
	uint64_t last = clock_us();
	bool first = true;
	int fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fd = connect_until(l, id);
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		bool asks = bench_question(fd, ((int64_t)1 << 60) + 7, first);
		uint64_t now;

		first = false;
		if (asks && poll(&p, 1, LOST_MS) == 0) {
			atomic_fetch_add(&asked->lost, 1);
			continue;
		}
		if (!asks || !bench_read_answer(fd)) {
			atomic_fetch_add(&asked->closed, 1);
			close(fd);
			fd = connect_until(l, id);
			first = true;
			continue;
		}
		now = clock_us();
		if (now - last > atomic_load(&asked->gap_us))
			atomic_store(&asked->gap_us, (unsigned)(now - last));
		last = now;
		atomic_fetch_add(&asked->answers, 1);
		usleep(PAUSE_US);
	}
}

static pid_t
start_asking(struct lab *l, unsigned id)
{
	pid_t child;

	asked = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (asked == MAP_FAILED)
		return -1;
	child = fork();
	if (child == 0)
		ask_for_ever(l, id);
	return child;
}

/* Asks conclaved for the swap, and waits for its end. */
static bool
swap_once(struct lab *l, unsigned id)
{
	char request[LAB_PATH_MAX + 64];
	json_t *answer;
	bool good;

	snprintf(request, sizeof(request), "swap 0 careful %s/conclave-elector",
	         lab_program_dir(l));
	answer = lab_request(l, id, "conclaved", request, WAIT_MS);
	good = json_is_true(json_object_get(answer, "ok"));
	if (!good)
		fprintf(stderr, "bench: no swap: %s\n",
		        answer ? json_string_value(json_object_get(answer, "error"))
		               : "no answer");
	json_decref(answer);
	return good;
}

static bool
some_answers(unsigned more)
{
	unsigned until = atomic_load(&asked->answers) + more;
	uint64_t late_ms = clock_ms() + WAIT_MS;

	while (atomic_load(&asked->answers) < until) {
		if (clock_ms() > late_ms)
			return false;
		usleep(1000);
	}
	return true;
}

struct rows {
	struct series *quiet, *election, *whole, *lost, *closed, *changed;
};

/* One swap of server `id`'s elector; `strike`: the leader's peer is killed just before.
 */
static bool
measure(struct lab *l, unsigned id, bool strike, struct rows *rows)
{
	unsigned leader = lab_wait_leader(l, clock_ms() + WAIT_MS);
	int64_t epoch = leader ? bench_epoch(l, leader) : 0;
	uint64_t start;

	if (!leader || !some_answers(50))
		return false;
	atomic_store(&asked->gap_us, 0);
	if (strike && lab_kill_worker(l, leader, "peer", &start) <= 0)
		return false;
	start = clock_us();
	if (!swap_once(l, id))
		return false;
	series_add(rows->whole, (double)(clock_us() - start) / 1000);
	if (!some_answers(50))
		return false;
	series_add(strike ? rows->election : rows->quiet,
	           atomic_load(&asked->gap_us) / 1000.0);
	leader = lab_wait_leader(l, clock_ms() + WAIT_MS);
	if (!strike)
		series_add(rows->changed, leader && bench_epoch(l, leader) != epoch);
	return leader != 0;
}

int
bench_swap(const struct bench *b, const char *ipc)
{
	struct rows rows = {
	    .quiet = series_new("ms", "longest silence at a swap, quiet, %s", ipc),
	    .election =
		series_new("ms", "longest silence at a swap in an election, %s", ipc),
	    .whole = series_new("ms", "  from asking for a swap to its end, %s", ipc),
	    .lost = series_new("questions", "  lost in all swaps"),
	    .closed = series_new("times", "  connmgr was replaced in all swaps"),
	    .changed = series_new("leaders", "  changes of leader by a swap"),
	};
	struct lab *l = bench_ensemble(b, ipc, 3, QUICK);
	pid_t child = l ? start_asking(l, 1) : -1;
	bool good = child > 0;

	for (unsigned run = 0; run < b->runs && good; run++)
		good = measure(l, 1, run % 2 == 1, &rows);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		series_add(rows.lost, atomic_load(&asked->lost));
		series_add(rows.closed, atomic_load(&asked->closed));
	}
	if (l)
		lab_stop_all(l, WAIT_MS);
	lab_free(l);
	series_print(rows.quiet, stdout);
	series_print(rows.election, stdout);
	series_print(rows.whole, stdout);
	series_print(rows.lost, stdout);
	series_print(rows.closed, stdout);
	series_print(rows.changed, stdout);
	return good ? 0 : 1;
}
