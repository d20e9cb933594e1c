/* libconclave: whether this server leads, for programs that act on it (conclave(3)).
 *
 * A program that wants to act while its server leads takes a hold. While it holds, and
 * the server leads, there is a lease: a time up to which no other server can lead.
 * conclave_leading() compares that time with the clock; it is true only while the lease
 * lasts, whatever happened to the daemons.
 *
 * All functions that can fail return 0 or more when done, and -errno else. Threads may
 * share a handle, but none may use it during conclave_close() or afterwards. A child of
 * fork() has no hold, and may call nothing but conclave_close(). */
#ifndef CONCLAVE_H
#define CONCLAVE_H

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define CONCLAVE_NAME_MAX    64 /* of a holder, without the final NUL */
#define CONCLAVE_CGROUPS_MAX 32 /* of one hold, besides that of conclave_hold() */

struct conclave;

enum conclave_role {
	/* It is not known: the daemon does not answer. */
	CONCLAVE_UNKNOWN,
	/* There is no established leader. */
	CONCLAVE_LOOKING,
	CONCLAVE_FOLLOWING,
	CONCLAVE_OBSERVING,
	/* Established. This alone is no licence to act: it was true when it was said. */
	CONCLAVE_LEADS
};

/* What the daemon said last. */
struct conclave_state {
	enum conclave_role role;
	/* False: there is no leader, and `leader` is 0. */
	bool has_leader;
	int64_t leader;
	/* of the last established leader; it never falls */
	int64_t epoch;
	/* the id of this server; 0: not known yet */
	int64_t id;
};

/* Makes a handle. run_dir: as in the configuration file; NULL: /run/conclave. The daemon
 * need not run. -ENOMEM, -EMFILE, -ENAMETOOLONG … */
int conclave_open(struct conclave **out, const char *run_dir);
/* Ends the hold, if there is one, without a word: let go first. NULL is allowed. */
void conclave_close(struct conclave *c);

/* A descriptor for poll(), of which nothing may be read: when it is readable, call
 * conclave_process(). It is the same from open to close, and belongs to the handle. */
int conclave_fd(const struct conclave *c);
/* Takes what has come, and connects again to a daemon that was restarted; never waits. 1:
 * something may have changed; 0: nothing has. */
int conclave_process(struct conclave *c);
void conclave_state(struct conclave *c, struct conclave_state *out);

/* Takes the hold, which lasts until conclave_let_go(), and is taken again by itself when
 * the daemon was restarted. name: for people, printable, at most CONCLAVE_NAME_MAX;
 * NULL: none. cgroup_kill: a descriptor of the file cgroup.kill of the cgroup in which
 * the work is done, open for writing (borrowed; a copy goes to the daemon, which kills
 * the work when time is up and it was not let go), or -1. Waits for the answer of the
 * daemon, up to 5 seconds. -EALREADY: there is a hold; -EPERM: this user may not hold;
 * -EAGAIN: not now, since leadership is being given up: ask again; -EXDEV: the daemon's
 * clock is another than ours, which no lease can bridge; -ENOENT, -ECONNREFUSED: no
 * daemon; -ETIMEDOUT. */
int conclave_hold(struct conclave *c, const char *name, int cgroup_kill);
/* For work in more cgroups, such as those of units of systemd, which are made anew at
 * each start: the daemon kills that one, too. number: 1 to CONCLAVE_CGROUPS_MAX; the
 * cgroup that had the number before is in the hold no more. The number stands for it
 * until the hold ends, also over restarts of the daemon. Waits for nothing. -ENOTCONN:
 * there is no hold; -EINVAL. A daemon that is older than this call does not kill it. */
int conclave_hold_cgroup(struct conclave *c, unsigned number, int cgroup_kill);
/* Says that all work has ended, and waits until the daemon knows it, up to 5 seconds.
 * From its beginning on conclave_leading() is false. 0, also where there is no hold; an
 * error: the hold has ended without a word, and who leads next waits for the lease. */
int conclave_let_go(struct conclave *c);

/* For a program that `conclave run` has started, in the place of a hold of its own: the
 * lease is that of the runner, as the descriptor CONCLAVE_LEASE_FD of the environment
 * tells it, over restarts of the daemon too. -ENOENT: `conclave run` has not started it;
 * -EBADF, -EINVAL: the descriptor is closed, or another; -EALREADY: there is a hold. */
int conclave_inherit(struct conclave *c);

/* Do we lead at this instant, with the lease that this program holds? Reads a page of
 * memory and the clock: no system call, no lock, no daemon. */
bool conclave_leading(const struct conclave *c);
/* The same, with the epoch (a number that only grows from leader to leader: hand it to
 * whatever can refuse smaller ones) and the lease's end in ns of CLOCK_BOOTTIME. Either
 * may be NULL. */
bool conclave_lease(const struct conclave *c, int64_t *epoch, uint64_t *end_ns);

/* How long a lease is that this server asks for, in ms, also while it does not lead; as
 * it was said when the hold was taken. 0: that is not known, since there is no hold, or
 * the daemon is older than this call. What conclave_lease() tells is less, by the drift
 * of clocks. */
uint32_t conclave_lease_ms(struct conclave *c);

/* Why the daemon wants the hold let go: "step-down", "transfer", "stopping", "lost", or
 * another word; NULL: it does not. grace (may be NULL): the lease is kept meanwhile, so
 * there is time to stop in order. The word is static. */
const char *conclave_stop_wanted(struct conclave *c, bool *grace);

/* What conclave_wait() may wait for. */
#define CONCLAVE_LEADING 1u /* conclave_leading() */
#define CONCLAVE_LOST    2u /* not conclave_leading() */
#define CONCLAVE_STOP    4u /* conclave_stop_wanted() */
#define CONCLAVE_CHANGED 8u /* the state is another than when the wait began */

/* Waits until one of `what` is true, and returns those that are; 0: the time is up.
 * timeout_ms: -1: none. The time while the machine is suspended counts. */
int conclave_wait(struct conclave *c, unsigned what, int timeout_ms);
/* Does this server lead, with or without a hold? The daemon asks a quorum where there is
 * no lease. 1, 0, or an error: nobody knows; -ETIMEDOUT. */
int conclave_confirm(struct conclave *c, int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif
