/* When `conclave run` starts its command, asks it to stop, kills it, and lets go. Pure:
 * the shell (ctl/verb_run.c) has the clock, the lease and the processes.
 *
 * The command runs only between a start with a lease that has time left, and a kill that
 * comes `margin` before the lease's end. The hold is let go by word only when all that
 * the command started is dead (R5 of docs/LEASE.md). Times are ns of CLOCK_BOOTTIME. */
#ifndef CTL_RUN_CORE_H
#define CTL_RUN_CORE_H

#include <stdbool.h>
#include <stdint.h>

#define RUN_MARGIN_MIN_NS 2000000u
#define RUN_MARGIN_MAX_NS 50000000u
/* Of a unit of systemd, which may be started again until systemd knows that it is to be
 * stopped. */
#define RUN_MARGIN_UNIT_NS 500000000u
/* How often is killed again what is not dead yet; twice as long each time. */
#define RUN_KILL_MIN_NS 1000000u
#define RUN_KILL_MAX_NS 16000000u

struct run_config {
	/* between SIGTERM and SIGKILL where the command is asked to stop in order */
	uint64_t grace_ns;
	/* how long before the kill SIGTERM comes when the lease is not renewed; 0: never
	 */
	uint64_t warn_ns;
	/* How long before the lease's end all is killed; 0: a tenth of the lease (of
	 * the longest time that a lease of this term had left, where the server has not
	 * said how long a lease is), between RUN_MARGIN_MIN_NS and
	 * RUN_MARGIN_MAX_NS; of a unit a third, up to RUN_MARGIN_UNIT_NS. */
	uint64_t margin_ns;
	bool unit;
	/* wait for the next term when leadership was lost */
	bool again;
	/* how long to wait for a lease; 0: for ever */
	uint64_t wait_ns;
};

enum run_state {
	/* for a lease; nothing of the command lives */
	RUN_WAITING,
	RUN_RUNNING,
	/* asked to stop, in order or because the lease is not renewed */
	RUN_STOPPING,
	/* killed, and not all of it is known to be dead */
	RUN_KILLING,
	RUN_OVER
};

/* Why a term ended; what came first counts. */
enum run_reason {
	RUN_NONE,
	/* the command ended by itself */
	RUN_ENDED,
	/* the lease was not renewed, or another term began */
	RUN_LOST,
	/* the daemon wants the hold let go */
	RUN_WANTED,
	/* a signal came to the runner */
	RUN_SIGNALLED,
	/* the guard is gone, and a runner alone must not be the only guard */
	RUN_UNGUARDED
};

enum run_event_type {
	/* what may be believed now: epoch, end_ns (0: there is no lease), lease_ns; and
	 * what the guard has seen, while the runner did not look perhaps: seen_epoch (0:
	 * nothing), seen_end_ns */
	RUN_EV_LEASE,
	/* the daemon wants the hold let go */
	RUN_EV_WANTED,
	/* signal */
	RUN_EV_SIGNAL,
	/* The command could not be started in this term, and nothing of it lives. */
	RUN_EV_UNSTARTED,
	/* status: its exit status, or 128 + signal where that ended it (else 0) */
	RUN_EV_DEAD,
	/* Nothing that the command started lives. */
	RUN_EV_EMPTY,
	RUN_EV_UNGUARDED,
	RUN_EV_TIME
};

struct run_event {
	enum run_event_type type;
	uint64_t now_ns;
	uint64_t end_ns;
	/* how long a lease is that the server asks for; 0: it has not said so */
	uint64_t lease_ns;
	uint64_t seen_end_ns;
	int64_t epoch;
	int64_t seen_epoch;
	int signal;
	int status;
};

/* What the shell does, in this order. */
struct run_actions {
	/* SIGTERM to the command */
	bool terminate;
	/* SIGKILL to all that it started */
	bool kill;
	/* Say that nothing lives. Without `exit` the hold is taken again. */
	bool let_go;
	/* Start the command, in the term of core->epoch. */
	bool start;
	/* Say that leases are too short for what was asked for, once. */
	bool too_short;
	bool exit;
	int status;
};

struct run_core {
	struct run_config config;
	enum run_state state;
	enum run_reason reason;
	/* of the term in which the command runs; it was started in this one or in one
	 * of the same leader before it */
	int64_t epoch;
	/* The last end that was read of this term's lease. */
	uint64_t end_ns;
	/* how long a lease is: what the server says, or the longest that one had left */
	uint64_t span_ns;
	/* The end that was read last in the term before: nothing is started in what is
	 * left of that lease. */
	uint64_t before_ns;
	/* when it is killed if it does not stop; UINT64_MAX: not by that */
	uint64_t grace_end_ns;
	uint64_t kill_again_ns;
	uint64_t kill_step_ns;
	/* the signal that came, or 0 */
	int signal;
	/* of the command, 128 + n where signal n ended it; -1: not known */
	int status;
	/* the signal that ended the command by itself, in its term; 0: none did */
	int killed_by;
	bool said_short;
	/* until when it waits for a lease; 0: that is not known yet, or for ever */
	uint64_t wait_end_ns;
};

void run_init(struct run_core *r, const struct run_config *config);
void run_step(struct run_core *r, const struct run_event *ev, struct run_actions *out);
/* When RUN_EV_LEASE or RUN_EV_TIME is due; UINT64_MAX: never. */
uint64_t run_due_ns(const struct run_core *r);
/* How long before the lease's end all is killed. */
uint64_t run_margin_ns(const struct run_core *r);
/* The same, where a lease is `span_ns` long. */
uint64_t run_margin_of(const struct run_config *config, uint64_t span_ns);

#endif
