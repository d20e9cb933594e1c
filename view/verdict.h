/* The verdict on this server: a pure function from what its processes reported to a
 * verdict and its reasons, each a sentence that names the process.
 *
 * failing: this server cannot serve: connmgr, elector or peer is missing, keeps dying, is
 *   stopped, hangs, does not answer or is not the active one; or the peer cannot lead,
 * and has no leader. degraded: the server serves, but something is wrong or soon will be.
 * Another server that is down, or a long election, does not change the verdict. */
#ifndef VIEW_VERDICT_H
#define VIEW_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#define VERDICT_PROCESSES_MAX 24
#define VERDICT_LISTENERS_MAX 32
#define VERDICT_QUEUES_MAX    48
#define VERDICT_REASONS_MAX   96
#define VERDICT_REASON_MAX    512
#define VERDICT_FAILURES      2 /* deaths in a row that are reported */

enum verdict_kind { VERDICT_HEALTHY, VERDICT_DEGRADED, VERDICT_FAILING };

struct verdict_process {
	/* conclaved, connmgr, elector, peer, elector-shadow */
	const char *name;
	/* 0: none */
	int64_t pid;
	/* as in status: "ready", "silent", "failing" … */
	const char *state;
	/* why it is not ready; "": not known */
	const char *why;
	/* it is ready, and connmgr never made it active */
	bool idle;
	/* the worst of the last minute */
	int64_t lag_ms;
	/* deaths in a row before this process, and how long this one lives */
	int64_t failures, uptime_ms;
	const char *last_death;
};

/* A port that is not open. */
struct verdict_listener {
	const char *lane;
	const char *address;
	const char *why;
};

/* A queue between two processes of this server. */
struct verdict_queue {
	const char *process;
	const char *name;
	int64_t length;
	int64_t bound;
};

/* Strings are borrowed, none is NULL. */
struct verdict_facts {
	unsigned process_count;
	struct verdict_process processes[VERDICT_PROCESSES_MAX];
	unsigned listener_count;
	struct verdict_listener listeners[VERDICT_LISTENERS_MAX];
	unsigned queue_count;
	struct verdict_queue queues[VERDICT_QUEUES_MAX];
	/* why connmgr calls itself degraded; "": it does not */
	const char *connmgr_degraded;
	/* why the peer cannot lead; "": it can */
	const char *peer_reason;
	bool has_leader;
	/* conclaved has died: its control socket is left */
	bool orphaned;
	/* how long an answer was waited for */
	int64_t patience_ms;
	/* the loop of a process may be this late */
	int64_t lag_max_ms;
	/* a process that has lived for so long has recovered */
	int64_t calm_ms;
};

struct verdict {
	enum verdict_kind kind;
	/* 0 if and only if healthy; in no order */
	unsigned reason_count;
	char reasons[VERDICT_REASONS_MAX][VERDICT_REASON_MAX];
};

void verdict_judge(const struct verdict_facts *facts, struct verdict *out);
const char *verdict_name(enum verdict_kind kind);

#endif
