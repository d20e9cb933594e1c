/* The watch over the clocks (drift.h), and what the core is told of it. */
#include "base/clock.h"
#include "base/log.h"
#include "peer/shell.h"

#include <stdlib.h>
#include <time.h>

#define INTERVAL_US (DRIFT_INTERVAL_MS * UINT64_C(1000))
#define ACCURACY_US 10000
#define PER_MILLE   1000 /* millionths in a thousandth */

static void
tell_core(struct peer *p)
{
	if (p->started)
		gate_push(&p->gate, &(struct role_event){.type = ROLE_EV_CLOCK,
		                                         .open = !p->drift.differs});
}

static void
say(const struct drift *d, uint32_t percent)
{
	int thousandths = drift_ppm(d) / PER_MILLE;

	if (!d->differs)
		log_notice("the clock keeps its rate again: leases are asked for and "
		           "promised");
	else
		log_err(
		    "CLOCK_BOOTTIME goes %d.%d %% %s than CLOCK_MONOTONIC_RAW, and "
		    "drift_percent is %u: this server neither asks for leases nor "
		    "promises any until that ends; have the time daemon slew the clock "
		    "less, or raise drift_percent on all servers",
		    abs(thousandths) / 10, abs(thousandths) % 10,
		    thousandths < 0 ? "slower" : "faster", percent);
}

static int
on_timer(sd_event_source *source, uint64_t usec, void *user)
{
	struct peer *p = user;
	uint32_t percent = p->conf->drift_percent;
	uint64_t boot_ns, raw_ns;

	(void)usec;
	clock_rates(&boot_ns, &raw_ns);
	if (drift_see(&p->drift, boot_ns, raw_ns, percent)) {
		say(&p->drift, percent);
		tell_core(p);
	}
	sd_event_source_set_time_relative(source, INTERVAL_US);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int
peer_clock_open(struct peer *p)
{
	return p->conf->zab
	           ? sd_event_add_time_relative(p->loop, &p->clock_timer, CLOCK_BOOTTIME,
	                                        INTERVAL_US, ACCURACY_US, on_timer, p)
	           : 0;
}

void
peer_clock_started(struct peer *p)
{
	if (p->drift.differs)
		tell_core(p);
}
