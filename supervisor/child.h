/* The life of one child: when it is started, what counts as alive, what is done when it
 * dies, hangs or is asked to stop. A pure core: no process, no signal, no clock in here.
 *
 * The policy (design.md, section 8):
 *  - a child that dies is started again at once the first time, then after
 * restart_min_ms, doubled up to restart_max_ms; being ready for restart_reset_ms makes
 * the next death the first again. It never gives up: from the fifth death in a row on it
 * is called `failing`, and tried for ever.
 *  - exit status 78 is a verdict on the configuration: not tried again before a
 *    person says reload or restart.
 *  - READY=1 has to come in ready_ms, then WATCHDOG=1 every watchdog_ms, else it hangs:
 *    SIGABRT (a core to look at) and SIGCONT (a stopped process acts on no signal
 *    without it), SIGKILL abort_ms later, then a successor.
 *  - a child that cannot become ready because the one that it needs is not ready is not
 *    held to ready_ms: it has only to show that it is alive.
 *  - whoever watches may itself have slept (a suspended machine, SIGSTOP). A deadline
 * that is seen late is therefore given once more before the child is blamed. */
#ifndef SUPERVISOR_CHILD_H
#define SUPERVISOR_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#define CHILD_FAILING     5  /* deaths in a row */
#define CHILD_LATE_MS     50 /* a deadline seen later than this: we slept ourselves */
#define CHILD_ACTIONS_MAX 4

struct child_policy { /* all in ms, > 0 except abort_ms; the keys of `supervisor` */
	uint64_t ready_ms;
	uint64_t watchdog_ms;
	uint64_t abort_ms;
	uint64_t stop_ms;
	uint64_t restart_min_ms;
	uint64_t restart_max_ms;
	uint64_t restart_reset_ms;
};

enum child_state {
	CHILD_DOWN,     /* no process and none wanted: before the start, after the stop */
	CHILD_STARTING, /* not READY yet */
	CHILD_READY,
	CHILD_HUNG,     /* aborted; its end is awaited */
	CHILD_STOPPING, /* asked to end, for good or for a successor */
	CHILD_WAITING,  /* no process; the successor comes later */
	CHILD_STOPPED,  /* no process; the configuration is wrong */
};

enum child_why { /* what happened; `code` and times as child_text.c puts them in words */
	         CHILD_WHY_NONE,
	         CHILD_WHY_STARTED,
	         CHILD_WHY_READY,
	         CHILD_WHY_SPAWN_FAILED, /* code: errno */
	         CHILD_WHY_EXITED,       /* code: exit status */
	         CHILD_WHY_KILLED,       /* code: signal */
	         CHILD_WHY_CONFIG,       /* exit status 78 */
	         CHILD_WHY_NEVER_READY,
	         CHILD_WHY_SILENT,
	         CHILD_WHY_LINGERS, /* SIGKILL: neither SIGTERM nor SIGABRT ended it in
	                               time */
	         CHILD_WHY_RESTART, /* a person asked for a successor */
	         CHILD_WHY_STOP,    /* asked to end for good */
	         CHILD_WHY_ENDED,   /* as it was asked to */
};

enum child_cause { /* of a death, or of a start that failed: why there is a successor */
	           CHILD_CAUSE_NONE,
	           CHILD_CAUSE_EXIT,   /* by itself, with a status */
	           CHILD_CAUSE_SIGNAL, /* of somebody else */
	           CHILD_CAUSE_MEMORY, /* killed by the kernel, which had none left */
	           CHILD_CAUSE_HANG,   /* aborted by us: silent */
	           CHILD_CAUSE_NEVER_READY, /* aborted by us */
	           CHILD_CAUSE_ASKED,       /* a person said restart */
	           CHILD_CAUSE_SPAWN,       /* it could not be started */
	           CHILD_CAUSES,
};

struct child_note {
	enum child_why why;
	enum child_cause cause; /* of an end */
	bool dumped;            /* of an end: a core was left */
	int code;
	uint64_t
	    after_ms; /* since the start of the process, or for how long it was silent */
	uint64_t delay_ms; /* until the successor; UINT64_MAX: none is due */
	unsigned failures; /* deaths in a row, this one included */
};

enum child_event_type {
	CHILD_EV_START,        /* first of all, once */
	CHILD_EV_SPAWNED,      /* answers SPAWN before any other event: pid */
	CHILD_EV_SPAWN_FAILED, /* the same: code is the errno */
	CHILD_EV_READY,        /* READY=1 */
	CHILD_EV_BEAT,         /* WATCHDOG=1 */
	CHILD_EV_EXITED,       /* by_signal, code, dumped, memory */
	CHILD_EV_NEEDS,    /* met: the child that this one needs is ready, or is not */
	CHILD_EV_RESTART,  /* a person asks for a successor; nothing where none is wanted
	                    */
	CHILD_EV_CHANGED,  /* the configuration was read again: who refused it tries */
	CHILD_EV_UNWANTED, /* the present process is the last, but may live on */
	CHILD_EV_WANTED,   /* takes UNWANTED or STOP back; a dead one is started at once
	                    */
	CHILD_EV_STOP,     /* the present process has to end, and is the last */
	CHILD_EV_DUE,      /* the deadline has come; too early is harmless */
};

struct child_event {
	enum child_event_type type;
	uint64_t now_ms;
	int pid;
	int code;
	bool by_signal;
	bool dumped; /* EXITED: a core was left */
	bool memory; /* EXITED: by a SIGKILL, just when memory ran out */
	bool met;
};

enum child_action_type { CHILD_ACT_SPAWN, CHILD_ACT_SIGNAL, CHILD_ACT_NOTE };
enum child_signal { CHILD_SIG_TERM, CHILD_SIG_ABRT, CHILD_SIG_CONT, CHILD_SIG_KILL };

struct child_action {
	enum child_action_type type;
	enum child_signal signal;
	struct child_note note; /* one line of log; the status has changed */
};

struct child_actions { /* do them in order */
	unsigned count;
	struct child_action list[CHILD_ACTIONS_MAX];
};

struct child { /* read it freely; only the functions below write it */
	struct child_policy policy;
	enum child_state state;
	int pid;     /* 0: no process */
	bool wanted; /* a dead one gets a successor */
	bool again;  /* the successor follows at once: a person asked for it */
	bool needs_met;
	bool excused; /* its deadline was given once more */
	unsigned failures;
	unsigned spawns;               /* processes so far */
	unsigned causes[CHILD_CAUSES]; /* how often each has ended one */
	uint64_t spawned_ms;
	uint64_t ready_ms; /* when it became ready; 0: it has not */
	uint64_t beat_ms;  /* its last sign of life */
	uint64_t due_ms;
	struct child_note
	    last; /* why there is no ready process; NONE while there is one */
	struct child_note
	    death; /* of the process before this one; NONE: there was none */
};

void child_init(struct child *c, const struct child_policy *policy);
void child_step(struct child *c, const struct child_event *ev, struct child_actions *out);
uint64_t child_due_ms(const struct child *c); /* UINT64_MAX: never */

#endif
