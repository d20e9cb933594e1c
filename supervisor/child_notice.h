/* What a child says to $NOTIFY_SOCKET: one datagram of KEY=VALUE lines, as sd_notify(3)
 * has them, made into a struct. Pure. Any bytes are a notice or are refused whole. */
#ifndef SUPERVISOR_CHILD_NOTICE_H
#define SUPERVISOR_CHILD_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_NOTICE_MAX  4096 /* bytes in one datagram */
#define CHILD_STATUS_MAX  256
#define CHILD_VERSION_MAX 32
#define CHILD_KEEP_MAX    64

struct child_notice {
	bool ready;                      /* READY=1 */
	bool beat;                       /* WATCHDOG=1 */
	bool has_status;                 /* STATUS= */
	bool has_version;                /* X_CONCLAVE_VERSION= */
	bool has_generation;             /* X_CONCLAVE_GENERATION= */
	bool has_active;                 /* X_CONCLAVE_ACTIVE= */
	bool keep;                       /* FDSTORE=1: what comes with the datagram */
	bool drop;                       /* FDSTOREREMOVE=1 */
	char status[CHILD_STATUS_MAX];   /* valid UTF-8, what was not is `?`; cut to the
	                                    room */
	char version[CHILD_VERSION_MAX]; /* the same */
	char keep_name[CHILD_KEEP_MAX];  /* FDNAME=, the same */
	uint64_t generation;
	bool active;
};

/* Unknown keys are skipped: there will be more. 0; 1: refused (empty, longer than
 * CHILD_NOTICE_MAX, a line without `=`, a number that is none, a NUL inside); `out` is
 * untouched then. */
int child_notice_parse(const char *data, size_t len, struct child_notice *out);

/* Keeps the newest of each field in `said`; true if that is news. */
bool child_notice_merge(struct child_notice *said, const struct child_notice *n);

#endif
