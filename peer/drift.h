/* Do our clocks agree? A lease and the promises under it are measured on several hosts,
 * so that their CLOCK_BOOTTIMEs may differ in rate by drift_percent at most (R3 and R11
 * of docs/LEASE.md). A time daemon changes that rate; CLOCK_MONOTONIC_RAW is the same
 * oscillator without it. Where the two differ by more than drift_percent the peer neither
 * asks for a lease nor promises one.
 *
 * What is compared is the median of the last few intervals, because one interval proves
 * nothing:
 *  - a suspend is counted by CLOCK_BOOTTIME and not by CLOCK_MONOTONIC_RAW, so that the
 *    interval in which it was shows any rate. It is no drift: CLOCK_BOOTTIME is right
 *    then, and a lease has ended that ended meanwhile. It spoils one interval, however
 *    long it was;
 *  - a process that was stopped, or found no processor, only has a longer interval.
 * A slewed clock shows its rate in each interval, and is noticed in the third. That is
 * later than its first use: drift_percent must be more than what a time daemon is allowed
 * to do. This is the watch over a daemon that was allowed more.
 *
 * Pure. */
#ifndef PEER_DRIFT_H
#define PEER_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#define DRIFT_INTERVALS 5
#define DRIFT_INTERVAL_MS                                                                \
	500 /* between two calls of drift_see; a shorter one is left out */

struct drift {
	/* at the end of the last interval; raw_ns 0: there was none */
	uint64_t boot_ns;
	uint64_t raw_ns;
	/* of the last intervals: how much faster CLOCK_BOOTTIME went, in millionths */
	unsigned next;
	int32_t ppm[DRIFT_INTERVALS];
	bool differs;
};

/* `d` begins as zeros: the clocks agree until an interval says otherwise. Both clocks,
 * read at one time. True: drift_differs has changed. They differ from when the median is
 * above `percent`, faster or slower, until no interval is. */
bool drift_see(struct drift *d, uint64_t boot_ns, uint64_t raw_ns, uint32_t percent);
/* The median, in millionths. */
int32_t drift_ppm(const struct drift *d);

#endif
