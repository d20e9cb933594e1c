/* The life of one child: when it is started, what counts as alive, and what is done when
 * it dies, hangs or is asked to stop. A pure core: no process, no signal, no clock.
 *
 * The policy (docs/DESIGN.md, "supervisor"):
 *  - A child that dies is started again at once the first time, then after
 * restart_min_ms, doubled up to restart_max_ms. Once it has been ready for
 * restart_reset_ms its next death counts as the first. It is started again for ever; from
 * the fifth death in a row on its state is called `failing`.
 *  - After exit status 78 it is not started again until a person says reload or restart.
 *  - READY=1 has to come within ready_ms, then WATCHDOG=1 every watchdog_ms. A child that
 *    is late hangs: it gets SIGABRT, which leaves a core file, and SIGCONT, without which
 *    a stopped process acts on no signal; abort_ms later SIGKILL, then a successor.
 *  - A child that needs another one to become ready is not held to ready_ms while that
 *    one is not ready. It only has to send WATCHDOG=1.
 *  - The watching process may have slept itself (a suspended machine, SIGSTOP). A
 * deadline that is seen late is therefore given once more before the child is blamed. */
#ifndef SUPERVISOR_CHILD_H
#define SUPERVISOR_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_FAILING 5 /* deaths in a row */
/* A deadline that is seen this much later means that the watching process slept. */
#define CHILD_LATE_MS     50
#define CHILD_ACTIONS_MAX 4

/* The keys of `supervisor` in the configuration; all in ms, > 0 except abort_ms. */
struct child_policy {
	uint64_t ready_ms;
	uint64_t watchdog_ms;
	uint64_t abort_ms;
	uint64_t stop_ms;
	/* so much longer it may take to stop, if it asks for that meanwhile */
	uint64_t hold_stop_ms;
	uint64_t restart_min_ms;
	uint64_t restart_max_ms;
	uint64_t restart_reset_ms;
};

enum child_state {
	/* No process, and none is wanted: before the start, after the stop. */
	CHILD_DOWN,
	/* READY=1 has not come yet. */
	CHILD_STARTING,
	CHILD_READY,
	/* SIGABRT was sent; the end of the process is awaited. */
	CHILD_HUNG,
	/* SIGTERM was sent, for good or for a successor. */
	CHILD_STOPPING,
	/* No process; the successor is started later. */
	CHILD_WAITING,
	/* No process; it refused the configuration. */
	CHILD_STOPPED,
};

/* What happened; child_note_text puts it in words. `code` is an errno, an exit status or
 * a signal for SPAWN_FAILED, EXITED and KILLED. */
enum child_why {
	CHILD_WHY_NONE,
	CHILD_WHY_STARTED,
	CHILD_WHY_READY,
	CHILD_WHY_SPAWN_FAILED,
	CHILD_WHY_EXITED,
	CHILD_WHY_KILLED,
	/* exit status 78 */
	CHILD_WHY_CONFIG,
	CHILD_WHY_NEVER_READY,
	CHILD_WHY_SILENT,
	/* SIGKILL was sent: neither SIGTERM nor SIGABRT ended it in time. */
	CHILD_WHY_LINGERS,
	CHILD_WHY_RESTART,
	CHILD_WHY_STOP,
	/* It ended after RESTART or STOP. */
	CHILD_WHY_ENDED,
};

/* Why there is a successor: what ended the process, or kept it from being started. */
enum child_cause {
	CHILD_CAUSE_NONE,
	CHILD_CAUSE_EXIT,
	/* a signal that conclaved did not send; by the kernel, when memory ran out */
	CHILD_CAUSE_SIGNAL,
	CHILD_CAUSE_MEMORY,
	/* aborted by conclaved */
	CHILD_CAUSE_HANG,
	CHILD_CAUSE_NEVER_READY,
	CHILD_CAUSE_ASKED,
	CHILD_CAUSE_SPAWN,
	CHILD_CAUSES,
};

struct child_note {
	enum child_why why;
	/* of an end; `dumped`: it left a core file */
	enum child_cause cause;
	bool dumped;
	int code;
	/* since the start of the process, or for how long it was silent */
	uint64_t after_ms;
	/* until the successor is started; UINT64_MAX: none is due */
	uint64_t delay_ms;
	/* deaths in a row, this one included */
	unsigned failures;
};

enum child_event_type {
	CHILD_EV_START,
	/* These two answer SPAWN before any other event: pid, or code, an errno. */
	CHILD_EV_SPAWNED,
	CHILD_EV_SPAWN_FAILED,
	/* READY=1 and WATCHDOG=1 */
	CHILD_EV_READY,
	CHILD_EV_BEAT,
	/* EXTEND_TIMEOUT_USEC=: extend_ms */
	CHILD_EV_EXTEND,
	/* by_signal, code, dumped, memory */
	CHILD_EV_EXITED,
	/* met: the child that this one needs is ready, or is not. */
	CHILD_EV_NEEDS,
	/* A person asks for a successor; it does nothing where none is wanted. */
	CHILD_EV_RESTART,
	/* The configuration was read again: a child that refused it is started. */
	CHILD_EV_CHANGED,
	/* The present process gets no successor, but may live on. */
	CHILD_EV_UNWANTED,
	/* Takes UNWANTED or STOP back; a dead child is started at once. */
	CHILD_EV_WANTED,
	/* The present process has to end, and gets no successor. */
	CHILD_EV_STOP,
	/* The deadline has come; too early is harmless. */
	CHILD_EV_DUE,
};

struct child_event {
	enum child_event_type type;
	uint64_t now_ms;
	/* from now on */
	uint64_t extend_ms;
	int pid;
	int code;
	bool by_signal;
	/* a core file was left */
	bool dumped;
	/* by SIGKILL, just when memory ran out */
	bool memory;
	bool met;
};

enum child_action_type { CHILD_ACT_SPAWN, CHILD_ACT_SIGNAL, CHILD_ACT_NOTE };

struct child_action {
	enum child_action_type type;
	/* SIGTERM, SIGABRT, SIGCONT or SIGKILL */
	int signal;
	/* one line of log; the status has changed */
	struct child_note note;
};

/* Do them in order. */
struct child_actions {
	unsigned count;
	struct child_action list[CHILD_ACTIONS_MAX];
};

/* Read it freely; only the functions below write it. */
struct child {
	struct child_policy policy;
	enum child_state state;
	/* 0: no process */
	int pid;
	/* a dead one gets a successor; `again`: at once, because a person asked for it */
	bool wanted;
	bool again;
	bool needs_met;
	/* its deadline was given once more */
	bool excused;
	unsigned failures;
	/* processes so far, and how many of them ended by each cause */
	unsigned spawns;
	unsigned causes[CHILD_CAUSES];
	uint64_t spawned_ms;
	/* 0: it has not become ready */
	uint64_t ready_ms;
	/* its last sign of life */
	uint64_t beat_ms;
	uint64_t due_ms;
	/* when it got SIGTERM */
	uint64_t asked_ms;
	/* why there is no ready process; NONE while there is one */
	struct child_note last;
	/* of the process before this one; NONE: there was none */
	struct child_note death;
};

void child_init(struct child *c, const struct child_policy *policy);
void child_step(struct child *c, const struct child_event *ev, struct child_actions *out);
uint64_t child_due_ms(const struct child *c); /* UINT64_MAX: never */

#define CHILD_TEXT_MAX 192 /* bytes of a note in words */

/* The state as in docs/DOORS.md. `failing`: it has died CHILD_FAILING times in a row and
 * is not ready. */
const char *child_state_name(const struct child *c);

const char *child_cause_name(enum child_cause cause); /* "exit" …, as keys */

/* NUL-terminated, cut to the room; "" for CHILD_WHY_NONE. */
void child_note_text(const struct child_note *n, char *out, size_t cap);

#endif
