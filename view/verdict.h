/* Is this server well? A pure function from what its processes said to a verdict and its
 * reasons, each a sentence that names the process.
 *
 * failing: this server cannot serve: connmgr, elector or peer is missing, keeps dying, is
 *   stopped, hangs, does not answer or does not count; or the peer cannot lead, and
 *   follows nobody.
 * degraded: it serves, but something is wrong or soon will be.
 * Another server that is down, and an election that lasts, are no sickness of this one.
 */
#ifndef VIEW_VERDICT_H
#define VIEW_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#define VERDICT_PROCESSES_MAX 24
#define VERDICT_LISTENERS_MAX 32
#define VERDICT_QUEUES_MAX    48
#define VERDICT_REASONS_MAX   96
#define VERDICT_REASON_MAX    512
#define VERDICT_FAILURES      2 /* deaths in a row that are worth a word */

enum verdict_kind { VERDICT_HEALTHY, VERDICT_DEGRADED, VERDICT_FAILING };

struct verdict_process {
	const char *name;  /* conclaved, connmgr, elector, peer, elector-shadow */
	int64_t pid;       /* 0: none */
	const char *state; /* as the tables have it: "ready", "silent", "failing" … */
	const char *why;   /* why it is not ready; "": nobody says */
	bool idle;         /* it is ready, and was never told that it counts */
	int64_t lag_ms;    /* the worst of the last minute */
	int64_t failures;  /* deaths in a row before it, */
	int64_t uptime_ms; /* and how long this one lives */
	const char *last_death;
};

struct verdict_listener { /* one that is not open */
	const char *lane;
	const char *address;
	const char *why;
};

struct verdict_queue { /* between two of our processes */
	const char *process;
	const char *name;
	int64_t length;
	int64_t bound;
};

struct verdict_facts { /* strings are borrowed, none is NULL */
	unsigned process_count;
	struct verdict_process processes[VERDICT_PROCESSES_MAX];
	unsigned listener_count;
	struct verdict_listener listeners[VERDICT_LISTENERS_MAX];
	unsigned queue_count;
	struct verdict_queue queues[VERDICT_QUEUES_MAX];
	const char *connmgr_degraded; /* by its own word; "": it is not */
	const char *peer_reason;      /* why it cannot lead; "": it can */
	bool has_leader;
	bool orphaned;       /* conclaved has died and left its door behind */
	int64_t patience_ms; /* how long an answer was waited for */
	int64_t lag_max_ms;  /* a loop may be later than this */
	int64_t calm_ms;     /* one that has lived for so long has recovered */
};

struct verdict {
	enum verdict_kind kind;
	unsigned reason_count; /* 0 if and only if healthy; the gravest are not sorted */
	char reasons[VERDICT_REASONS_MAX][VERDICT_REASON_MAX];
};

bool verdict_is_worker(const char *name); /* one that every server needs */
void verdict_judge(const struct verdict_facts *facts, struct verdict *out);
const char *verdict_name(enum verdict_kind kind);

#endif
