/* Decodes what a child sends to $NOTIFY_SOCKET: one datagram of KEY=VALUE lines, as in
 * sd_notify(3). Pure. Any bytes are a notice, or are refused as a whole. */
#ifndef SUPERVISOR_CHILD_NOTICE_H
#define SUPERVISOR_CHILD_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHILD_NOTICE_MAX  4096 /* bytes in one datagram */
#define CHILD_STATUS_MAX  256
#define CHILD_VERSION_MAX 32
#define CHILD_KEEP_MAX    64
#define CHILD_ERROR_MAX   512

struct child_notice {
	/* READY=1, WATCHDOG=1 */
	bool ready;
	bool beat;
	/* the members below came: STATUS=, X_CONCLAVE_VERSION=, X_CONCLAVE_GENERATION=,
	 * X_CONCLAVE_ACTIVE=, X_CONCLAVE_ERROR= */
	bool has_status;
	bool has_version;
	bool has_generation;
	bool has_active;
	bool has_error;
	/* EXTEND_TIMEOUT_USEC=; 0: it did not come */
	uint64_t extend_us;
	/* FDSTORE=1, for the descriptor that comes with the datagram; FDSTOREREMOVE=1 */
	bool keep;
	bool drop;
	/* valid UTF-8, with `?` for every byte that was not, and cut to the room */
	char status[CHILD_STATUS_MAX];
	char version[CHILD_VERSION_MAX];
	/* the line of level err that it has logged */
	char error[CHILD_ERROR_MAX];
	/* FDNAME= */
	char keep_name[CHILD_KEEP_MAX];
	uint64_t generation;
	bool active;
};

/* Unknown keys are skipped. 0; 1: refused, `out` untouched (empty, longer than
 * CHILD_NOTICE_MAX, a line without `=`, a malformed number, a NUL inside). */
int child_notice_parse(const char *data, size_t len, struct child_notice *out);

/* Copies the fields that `n` has to `said`; true if any of them differs. */
bool child_notice_merge(struct child_notice *said, const struct child_notice *n);

#endif
