/* The guard of `conclave run`: a small process beside the runner, in a session of its
 * own, that kills all that the command started when the lease nears its end or the runner
 * is gone, whatever the runner does (R11 of docs/LEASE.md). It is the parent of the
 * command, it reads the page by itself, takes no memory once it watches, stays in memory
 * and runs before others where it may. If it is stopped too, a timer of the kernel ends
 * it before the lease ends, and with it the command, which has asked for that. */
#ifndef CTL_RUN_GUARD_H
#define CTL_RUN_GUARD_H

#include "base/page.h"
#include "ctl/run_box.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What the runner lets the guard know; shared memory. */
struct guard_shared {
	/* the end that the runner has read last; it only grows while the command runs */
	_Atomic uint64_t end_ns;
	_Atomic uint64_t margin_ns;
	/* of the peer with which the runner holds; 0: do not read the page */
	_Atomic uint64_t incarnation;
	/* What the guard has read last; seen_epoch 0: nothing in this term. */
	_Atomic uint64_t seen_end_ns;
	_Atomic int64_t seen_epoch;
	/* Of a command within a pid namespace: its status as waitpid has it, plus 1,
	 * which the status of the namespace's first process cannot tell; 0: none. */
	_Atomic int first_status;
};

/* What a guard is started for. */
struct guard_task {
	char **argv;
	/* NULL: run argv; and where its cgroups are noted */
	const char *unit;
	struct box_units *units;
	int64_t id;
	int64_t epoch;
	/* the descriptor that the command gets as CONCLAVE_LEASE_FD */
	int lease_fd;
	/* of the peer, mapped */
	const struct page *page;
	struct guard_shared *shared;
};

struct guard {
	/* 0: none */
	pid_t pid;
	/* of the command, or of what stands for it */
	pid_t command;
	int sock;
	/* one byte lets the command start */
	int go;
};

enum guard_word {
	GUARD_NOTHING,
	/* status: of the command, as waitpid has it */
	GUARD_DEAD,
	/* The lease has come to its end, and it kills. */
	GUARD_KILLS,
	/* the guard has ended */
	GUARD_GONE
};

/* Starts the guard, and below it the process that waits to become the command, whose
 * pidfd is in the box. 0; -errno, and neither lives. Waits up to `due_ns`. */
int guard_start(struct guard *g, struct box *b, const struct guard_task *task,
                uint64_t due_ns);
/* The command starts. */
void guard_go(struct guard *g);
/* What the guard has said, without waiting. */
enum guard_word guard_hear(struct guard *g, int *status);
/* Ends the guard, when nothing of the command lives; kills it where it does not end. */
void guard_end(struct guard *g, struct box *b);

#endif
